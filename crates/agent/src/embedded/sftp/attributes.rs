//! Between the protocol's attributes, flags and status codes and the system's.

use std::fs::{File, FileTimes, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use russh_sftp::protocol::{FileAttributes, StatusCode};
use russh_sftp::server::StatusReply;

/// Permission bits a client may set.
const PERMISSIONS: u32 = 0o7777;

/// What the protocol says of a file.
pub(super) fn attributes(about: &Metadata) -> FileAttributes {
    let seconds = |time: i64| u32::try_from(time).unwrap_or(0);
    FileAttributes {
        size: Some(about.len()),
        uid: Some(about.uid()),
        gid: Some(about.gid()),
        permissions: Some(about.mode()),
        atime: Some(seconds(about.atime())),
        mtime: Some(seconds(about.mtime())),
        ..FileAttributes::empty()
    }
}

/// Sets what is given on an open file. Times come last: the rest would change them.
pub(super) fn set_on_file(file: &File, wanted: &FileAttributes) -> io::Result<()> {
    if let Some(size) = wanted.size {
        file.set_len(size)?;
    }
    if let (Some(uid), Some(gid)) = (wanted.uid, wanted.gid) {
        std::os::unix::fs::fchown(file, Some(uid), Some(gid))?;
    }
    if let Some(mode) = wanted.permissions {
        file.set_permissions(Permissions::from_mode(mode & PERMISSIONS))?;
    }
    match times(wanted) {
        Some(times) => file.set_times(times),
        None => Ok(()),
    }
}

/// Sets what is given on a path.
pub(super) fn set_on_path(path: &Path, wanted: &FileAttributes) -> io::Result<()> {
    if let Some(size) = wanted.size {
        File::options().write(true).open(path)?.set_len(size)?;
    }
    if let (Some(uid), Some(gid)) = (wanted.uid, wanted.gid) {
        std::os::unix::fs::chown(path, Some(uid), Some(gid))?;
    }
    if let Some(mode) = wanted.permissions {
        std::fs::set_permissions(path, Permissions::from_mode(mode & PERMISSIONS))?;
    }
    match times(wanted) {
        Some(times) => File::open(path)?.set_times(times),
        None => Ok(()),
    }
}

/// Both times, or none.
fn times(wanted: &FileAttributes) -> Option<FileTimes> {
    let at = |seconds: u32| -> SystemTime { UNIX_EPOCH + Duration::from_secs(seconds.into()) };
    Some(FileTimes::new().set_accessed(at(wanted.atime?)).set_modified(at(wanted.mtime?)))
}

/// The mode of a new file or folder.
pub(super) fn mode(wanted: &FileAttributes, default: u32) -> u32 {
    wanted.permissions.unwrap_or(default) & PERMISSIONS
}

/// What the client is told of a failure.
pub(super) fn reply(error: &io::Error) -> StatusReply {
    let code = match error.kind() {
        io::ErrorKind::NotFound => StatusCode::NoSuchFile,
        io::ErrorKind::PermissionDenied => StatusCode::PermissionDenied,
        io::ErrorKind::Unsupported => StatusCode::OpUnsupported,
        _ => StatusCode::Failure,
    };
    code.with_message(error.to_string())
}
