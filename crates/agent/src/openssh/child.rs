//! One `sshd -i` and its end.
//!
//! ```text
//!   running ──exit 0──▶ the peer closed            running ──stop──▶ NETCONF ended ─3 s─▶ SIGTERM ─3 s─▶ SIGKILL
//!           ──exit 255─▶ keep-alive or error                             └─ the gateway closes ─▶ exit
//! ```
//!
//! sshd has no word of farewell: on SIGTERM it exits, and its peer sees the stream end. So the NETCONF that it serves is
//! ended first: the gateway is told so on its channel, and closes the connection itself, in order.

use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use tokio::net::TcpStream;
use tokio::process::Child;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Prepared, SshdError, plain_command};

/// How long each step of a farewell may take.
const FAREWELL: Duration = Duration::from_secs(3);

/// At most so many processes below one sshd are looked at.
const MOST_PROCESSES: usize = 1000;

/// Gives the connected socket to `sshd -i` and waits until it ends; `stop` ends it in order.
///
/// Returns why it ended, in words.
///
/// # Errors
/// sshd could not be started.
pub(crate) async fn serve(
    stream: TcpStream,
    prepared: &Prepared,
    stop: &CancellationToken,
) -> Result<String, SshdError> {
    let mut child = start(stream, prepared)
        .map_err(|error| SshdError::Run { program: prepared.program.clone(), error })?;
    let exited = tokio::select! {
        exited = child.wait() => exited,
        () = stop.cancelled() => return Ok(end(child).await),
    };
    Ok(exited.map_or_else(|error| error.to_string(), explain))
}

/// sshd takes a blocking socket; it gets a process group of its own, so that a Ctrl-C meant for the
/// agent reaches it through the agent only.
fn start(stream: TcpStream, prepared: &Prepared) -> std::io::Result<Child> {
    let stream = stream.into_std()?;
    stream.set_nonblocking(false)?;
    let socket = OwnedFd::from(stream);
    plain_command(&prepared.program)
        .arg("-i")
        .arg("-f")
        .arg(&prepared.configuration)
        .stdin(Stdio::from(socket.try_clone()?))
        .stdout(Stdio::from(socket))
        .process_group(0)
        .spawn()
}

async fn end(mut child: Child) -> String {
    let Some(group) = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw) else {
        return "stopped".to_owned();
    };
    // Here and below, an error means that it is gone already, which is what was wanted.
    let serving = serving_netconf(group);
    for process in &serving {
        let _ = kill(*process, Signal::SIGTERM);
    }
    if !serving.is_empty() && timeout(FAREWELL, child.wait()).await.is_ok() {
        return "stopped, and the gateway closed the connection".to_owned();
    }
    let _ = killpg(group, Signal::SIGTERM);
    if timeout(FAREWELL, child.wait()).await.is_err() {
        let _ = killpg(group, Signal::SIGKILL);
        let _ = child.wait().await;
    }
    "stopped".to_owned()
}

/// The processes of `Subsystem netconf` below sshd, which runs them in sessions of their own.
fn serving_netconf(sshd: Pid) -> Vec<Pid> {
    let mut found = Vec::new();
    let mut parents = vec![sshd];
    for _ in 0..MOST_PROCESSES {
        let Some(parent) = parents.pop() else { break };
        // Gone in between, or a kernel without this file: then sshd is ended as it is.
        let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
        let children = children.unwrap_or_default();
        let children = children.split_whitespace().filter_map(|id| id.parse().ok());
        for child in children.map(Pid::from_raw) {
            match std::fs::read(format!("/proc/{child}/cmdline")) {
                Ok(line) if is_netconf(&line) => found.push(child),
                _ => parents.push(child),
            }
        }
    }
    found
}

/// Whether a command line is that of [`super::configuration`]'s subsystem.
fn is_netconf(line: &[u8]) -> bool {
    let mut words = line.split(|byte| *byte == 0).skip(1);
    (words.next(), words.next()) == (Some(b"netconf"), Some(b"--socket"))
}

fn explain(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(0), _) => "the peer closed the connection".to_owned(),
        (Some(255), _) => {
            "sshd ended the connection (peer lost, login refused or keep-alive unanswered)"
                .to_owned()
        }
        (Some(code), _) => format!("sshd ended with status {code}"),
        (None, Some(signal)) => format!("sshd was ended by signal {signal}"),
        (None, None) => "sshd ended".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subsystem_is_known_by_its_command_line() {
        assert!(is_netconf(b"/usr/bin/homing-agent\0netconf\0--socket\0/x/netconf.sock\0"));
        assert!(!is_netconf(b"sh\0-c\0/usr/bin/homing-agent netconf --socket /x\0"));
        assert!(!is_netconf(b"sshd: bea@notty\0") && !is_netconf(b""));
    }

    #[test]
    fn an_end_is_told_in_words() {
        let of = |raw| explain(ExitStatus::from_raw(raw));
        assert_eq!(of(0), "the peer closed the connection");
        assert!(of(255 << 8).contains("keep-alive"));
        assert_eq!(of(1 << 8), "sshd ended with status 1");
        assert_eq!(of(9), "sshd was ended by signal 9");
    }
}
