//! Writing a file so that it is there wholly or not at all, whenever the machine stops.
//!
//! ```text
//! write .NAME.new ──▶ to the disk ──▶ rename to NAME ──▶ the folder to the disk
//! ```

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// A file that can't be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {error}", path.display())]
pub struct DiskError {
    /// The file.
    pub path: PathBuf,
    /// What the system says.
    pub error: io::Error,
}

impl DiskError {
    /// A stable word for logs.
    pub fn code(&self) -> &'static str {
        match self.error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "disk-full",
            _ => "commit-not-durable",
        }
    }
}

/// Gives an error its file.
pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> DiskError {
    |error| DiskError { path: path.to_owned(), error }
}

/// The name under which the next text of `file` waits.
pub(super) fn next_of(file: &Path) -> PathBuf {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    file.with_file_name(format!(".{name}.homing-new"))
}

/// Whether another file can take this one's name. If not, commits would be lost at the next start.
pub(super) fn check_replaceable(file: &Path) -> io::Result<()> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    if is_mount_point(&mounts, file) {
        let message = "this file is a mount point and can't be replaced; mount its folder instead";
        return Err(io::Error::other(message));
    }
    match OpenOptions::new().write(true).open(file) {
        // Of the owner and root this is an immutable file (`chattr +i`).
        Err(error) if error.raw_os_error() == Some(nix::libc::EPERM) => {
            let message = "this file is immutable and can't be replaced; run `chattr -i` on it";
            Err(io::Error::other(message))
        }
        Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => Err(error),
        _ => Ok(()),
    }
}

/// Whether the table of mounts (`proc_pid_mountinfo(5)`) has one at `path`.
fn is_mount_point(mounts: &str, path: &Path) -> bool {
    let escapes = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")];
    mounts.lines().filter_map(|line| line.split(' ').nth(4)).any(|mount| {
        let mount = escapes.iter().fold(mount.to_owned(), |all, (from, to)| all.replace(from, to));
        Path::new(&mount) == path
    })
}

/// Writes a file that was not there, down to the disk.
pub(super) fn write(path: &Path, text: &[u8], mode: u32) -> Result<(), DiskError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(path)(error)),
        _ => {}
    }
    let open = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let mut file = open.map_err(at(path))?;
    file.write_all(text).map_err(at(path))?;
    file.sync_all().map_err(at(path))
}

/// Gives `next` the owner of `file`, where that is allowed.
pub(super) fn keep_owner(file: &Path, next: &Path) {
    if let Ok(meta) = fs::metadata(file) {
        // An agent that is not root can't, and is the owner itself most likely.
        let _ = std::os::unix::fs::chown(next, Some(meta.uid()), Some(meta.gid()));
    }
}

/// Makes the names in the folder of `path` durable.
pub(super) fn sync_directory(path: &Path) -> Result<(), DiskError> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
    let dir = dir.unwrap_or(Path::new("."));
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(at(dir))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_point_is_seen_and_is_no_place_for_commits() {
        let mounts = "36 35 98:0 /x /etc/agent\\040one.conf rw,noatime - ext4 /dev/root rw\n";
        assert!(is_mount_point(mounts, Path::new("/etc/agent one.conf")));
        assert!(!is_mount_point(mounts, Path::new("/etc")));
        assert!(check_replaceable(Path::new("/proc")).is_err());
        let file = tempfile::NamedTempFile::new().unwrap();
        check_replaceable(file.path()).unwrap();
        check_replaceable(Path::new("/nowhere/agent.conf")).unwrap();
    }
}
