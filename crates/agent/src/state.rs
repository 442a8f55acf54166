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

/// Makes the state directory, with its parents, or mends its mode.
///
/// # Errors
/// Whatever the file system says.
pub(crate) fn make_state_directory(path: &Path) -> io::Result<()> {
    make_directory(path, 0o711)
}

/// Makes a directory that only this user may enter.
///
/// # Errors
/// Whatever the file system says.
pub(crate) fn make_private_directory(path: &Path) -> io::Result<()> {
    make_directory(path, 0o700)
}

fn make_directory(path: &Path, mode: u32) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(mode).create(path)?;
    if path.metadata()?.permissions().mode() & 0o777 != mode {
        std::fs::set_permissions(path, Permissions::from_mode(mode))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_gets_its_mode_whether_new_or_old() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("a/state");
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        make_state_directory(&state).unwrap();
        assert_eq!(mode(&state), 0o711);
        make_private_directory(&state).unwrap();
        assert_eq!(mode(&state), 0o700);
        std::fs::write(dir.path().join("file"), "").unwrap();
        assert!(make_private_directory(&dir.path().join("file")).is_err());
    }
}
