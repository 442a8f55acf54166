//! Where the gateway's socket is, and what it means when nobody answers there.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::exit::Exit;
use crate::failure::Failure;

/// A gateway that runs accepts at once; one that is stopped (SIGSTOP) with a full queue does not.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Where a gateway that runs as a service keeps its data.
const SERVICE_FOLDER: &str = "/var/lib/homing";
/// The socket's name in the data folder.
const SOCKET: &str = "homing.sock";

/// The socket to try: as the environment says, else in the person's own data folder, else the service's.
pub(crate) fn find_socket() -> PathBuf {
    variable("HOMING_SOCKET").unwrap_or_else(|| {
        let folders = data_folders();
        let sockets: Vec<PathBuf> = folders.iter().map(|folder| folder.join(SOCKET)).collect();
        let existing = sockets.iter().find(|socket| socket.exists());
        existing.or(sockets.first()).cloned().unwrap_or_else(|| PathBuf::from(SOCKET))
    })
}

fn data_folders() -> Vec<PathBuf> {
    if let Some(folder) = variable("HOMING_DATA") {
        return vec![folder];
    }
    let home = || variable("HOME").map(|home| home.join(".local/share"));
    let own = variable("XDG_DATA_HOME").or_else(home).map(|folder| folder.join("homing"));
    let service = PathBuf::from(SERVICE_FOLDER);
    match nix::unistd::geteuid().is_root() {
        true => vec![service],
        false => own.into_iter().chain([service]).collect(),
    }
}

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Opens the socket.
///
/// # Errors
/// No gateway there, no right to it, or no answer in time.
pub(crate) async fn connect(socket: &Path) -> Result<UnixStream, Failure> {
    match timeout(CONNECT_TIMEOUT, UnixStream::connect(socket)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(unreachable(socket, &error)),
        Err(_) => Err(Failure::new(
            Exit::Unreachable,
            "gateway-silent",
            format!("the gateway at {} does not answer", socket.display()),
        )
        .hint("look whether it is stopped or overloaded: systemctl status homing")),
    }
}

fn unreachable(socket: &Path, error: &std::io::Error) -> Failure {
    let at = socket.display();
    let (message, hint) = match error.kind() {
        ErrorKind::PermissionDenied => {
            return Failure::new(Exit::NoRight, "no-right", format!("{at}: permission denied"))
                .hint("run homing as the user that the gateway runs as, or with sudo");
        }
        ErrorKind::NotFound => (
            format!("no gateway is reachable: there is no socket {at}"),
            "homing gateway   (or name another socket with --socket)",
        ),
        ErrorKind::ConnectionRefused => (
            format!("no gateway is running: nobody listens at {at}"),
            "homing gateway   (it replaces the socket it left behind)",
        ),
        _ => (format!("no gateway is reachable at {at}: {error}"), "homing gateway"),
    };
    Failure::new(Exit::Unreachable, "gateway-unreachable", message).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_socket_names_its_path_and_how_to_start_a_gateway() {
        let failure = unreachable(Path::new("/x/homing.sock"), &ErrorKind::NotFound.into());
        assert_eq!(failure.exit, Exit::Unreachable);
        assert!(failure.message.contains("/x/homing.sock"));
        assert!(failure.hint.unwrap().starts_with("homing gateway"));
    }

    #[test]
    fn a_socket_of_somebody_else_is_a_missing_right() {
        let failure = unreachable(Path::new("/x"), &ErrorKind::PermissionDenied.into());
        assert_eq!(failure.exit, Exit::NoRight);
    }
}
