//! The Unix socket of the API: ours alone, never taken from a gateway that lives.
//!
//! ```text
//!   somebody answers at the path ──▶ refuse      nobody does ──▶ replace what was left behind
//!   bind in a private folder beside it ──▶ 0600 ──▶ rename into place: never open to others, never absent
//! ```

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use homing_proto::fault::Fault;
use thiserror::Error;
use tokio::net::UnixListener;

/// Why there is no socket.
#[derive(Debug, Error)]
pub enum SocketError {
    /// Another gateway serves it.
    #[error("another gateway answers at {0}")]
    InUse(PathBuf),
    /// Something else is in its place.
    #[error("{0} is there and is no socket")]
    NotASocket(PathBuf),
    /// The operating system refuses.
    #[error("cannot make the socket {path}: {reason}")]
    Refused {
        /// The path.
        path: PathBuf,
        /// Its words.
        reason: String,
    },
}

impl SocketError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InUse(_) => "socket-in-use",
            Self::NotASocket(_) => "not-a-socket",
            Self::Refused { .. } => "socket-refused",
        }
    }

    /// Who must act.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::InUse(_) | Self::NotASocket(_) => Fault::Operator,
            Self::Refused { .. } => Fault::Local,
        }
    }
}

/// The socket, bound; its file goes with it.
#[derive(Debug)]
pub struct ApiSocket {
    path: PathBuf,
    /// Device and inode of the file made, so that a successor's is left alone.
    made: (u64, u64),
    listener: UnixListener,
}

impl ApiSocket {
    /// Binds the socket for its owner alone, in place of one left behind.
    ///
    /// # Errors
    /// Another gateway lives there, something else is in the way, or the operating system refuses.
    pub fn bind(path: &Path) -> Result<ApiSocket, SocketError> {
        check_free(path)?;
        let refused = |error: std::io::Error| SocketError::Refused {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let private = tempfile::Builder::new().prefix(".h").rand_bytes(4).tempdir_in(folder);
        let private = private.map_err(refused)?;
        let made = private.path().join("s");
        let listener = UnixListener::bind(&made).map_err(refused)?;
        fs::set_permissions(&made, fs::Permissions::from_mode(0o600)).map_err(refused)?;
        let file = fs::symlink_metadata(&made).map_err(refused)?;
        fs::rename(&made, path).map_err(refused)?;
        Ok(ApiSocket { path: path.to_owned(), made: (file.dev(), file.ino()), listener })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) async fn accept(&self) -> std::io::Result<tokio::net::UnixStream> {
        self.listener.accept().await.map(|(stream, _)| stream)
    }
}

impl Drop for ApiSocket {
    fn drop(&mut self) {
        let is_ours = fs::symlink_metadata(&self.path)
            .is_ok_and(|file| (file.dev(), file.ino()) == self.made);
        if is_ours {
            // A file that stays behind is replaced at the next start.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn check_free(path: &Path) -> Result<(), SocketError> {
    match fs::symlink_metadata(path) {
        Err(_) => Ok(()),
        Ok(file) if !file.file_type().is_socket() => Err(SocketError::NotASocket(path.to_owned())),
        Ok(_) => match UnixStream::connect(path) {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(()),
            _ => Err(SocketError::InUse(path.to_owned())),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_socket_is_for_its_owner_alone_and_goes_with_the_gateway() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("homing.sock");
        let socket = ApiSocket::bind(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        UnixStream::connect(&path).unwrap();
        drop(socket);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_living_gateway_keeps_its_socket() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("homing.sock");
        let _socket = ApiSocket::bind(&path).unwrap();
        assert!(matches!(ApiSocket::bind(&path), Err(SocketError::InUse(_))));
        UnixStream::connect(&path).unwrap();
    }

    #[tokio::test]
    async fn a_socket_left_behind_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("homing.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let _socket = ApiSocket::bind(&path).unwrap();
        UnixStream::connect(&path).unwrap();
    }

    #[tokio::test]
    async fn a_file_in_the_way_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("homing.sock");
        fs::write(&path, "precious").unwrap();
        assert!(matches!(ApiSocket::bind(&path), Err(SocketError::NotASocket(_))));
        assert_eq!(fs::read(&path).unwrap(), b"precious");
    }
}
