//! The state directory: who may look into what.
//!
//! ```text
//!   DIR               0711  others may pass through to netconf.sock, but not list
//!   DIR/control.sock  0600  reload, show
//!   DIR/netconf.sock  0666  NETCONF as oneself, for sshd's subsystem
//!   DIR/sshd/…        0700  a configuration per client, files 0600
//! ```

use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

/// Makes the state directory, with its parents; one that is there keeps the mode it has, for it may
/// be anyone's.
///
/// # Errors
/// Whatever the file system says.
pub(crate) fn make_state_directory(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).create(path)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o711))
}

/// Makes a directory of the agent's own that only its user may enter, or mends its mode.
///
/// # Errors
/// Whatever the file system says.
pub(crate) fn make_private_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    if path.metadata()?.permissions().mode() & 0o777 != 0o700 {
        std::fs::set_permissions(path, Permissions::from_mode(0o700))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_directory_of_our_own_has_its_mode_changed() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("a/state");
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        make_state_directory(&state).unwrap();
        assert_eq!(mode(&state), 0o711);
        std::fs::set_permissions(&state, Permissions::from_mode(0o755)).unwrap();
        make_state_directory(&state).unwrap();
        assert_eq!(mode(&state), 0o755);
        make_private_directory(&state).unwrap();
        assert_eq!(mode(&state), 0o700);
        std::fs::write(dir.path().join("file"), "").unwrap();
        assert!(make_state_directory(&dir.path().join("file")).is_err());
    }
}
