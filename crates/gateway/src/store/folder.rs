//! The data folder: ours alone, and used by one gateway at a time.
//!
//! ```text
//! DIR/               0700   made at first start
//!   homing.lock      0600   locked while a gateway runs; holds its process number
//!   homing.db        0600   and -wal, -shm while a gateway runs
//!   secret.key       0600   seals secrets and passwords in homing.db
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read as _, Seek as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::error::OpenError;

/// A file that is made for a moment, to see whether it can be.
const PROBE: &str = ".probe";

/// A data folder that this process has locked. The lock ends with the value, or with the process.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Makes the folder if it is not there, checks who may read it, and locks it.
    ///
    /// # Errors
    /// It belongs to another user, others may read it, or another gateway uses it.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        make(path)?;
        check(path)?;
        let lock = lock(path)?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of a file in it.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Whether its file system takes no writes at all: SQLite calls that an I/O error, as it does a disk that fails.
    pub(super) fn is_read_only(&self) -> bool {
        let path = self.file(PROBE);
        let made = private_file().create(true).write(true).truncate(true).open(&path);
        let written = made.and_then(|mut file| file.write_all(b"?"));
        // Where it could not be made there is nothing to remove.
        let _ = fs::remove_file(&path);
        written.is_err_and(|error| error.kind() == ErrorKind::ReadOnlyFilesystem)
    }

    /// Makes new names in the folder survive a power cut.
    pub(super) fn sync(&self) -> Result<(), OpenError> {
        sync_folder(&self.path)
    }

    /// Makes an empty file for the owner alone if it is not there.
    pub(super) fn touch(&self, name: &str) -> Result<PathBuf, OpenError> {
        let path = self.file(name);
        private_file()
            .create(true)
            .append(true)
            .open(&path)
            .and_then(|file| file.sync_all())
            .map_err(|e| OpenError::files("make", &path, &e))?;
        self.sync()?;
        Ok(path)
    }
}

/// Options for a file that only its owner may read.
pub(super) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

pub(super) fn sync_folder(path: &Path) -> Result<(), OpenError> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(|e| OpenError::files("sync", path, &e))
}

/// Refuses a file that others may read.
pub(super) fn check_private(path: &Path) -> Result<(), OpenError> {
    let meta = fs::metadata(path).map_err(|e| OpenError::files("read", path, &e))?;
    let mode = meta.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(OpenError::OpenToOthers { path: path.to_owned(), mode, folder: meta.is_dir() });
    }
    Ok(())
}

fn make(path: &Path) -> Result<(), OpenError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|e| OpenError::files("make", path, &e))
}

fn check(path: &Path) -> Result<(), OpenError> {
    let meta = fs::metadata(path).map_err(|e| OpenError::files("read", path, &e))?;
    let us = our_user();
    if meta.uid() != us {
        return Err(OpenError::NotOurs { path: path.to_owned(), owner: meta.uid(), us });
    }
    if meta.mode() & 0o077 != 0 && is_empty(path)? {
        // A folder made for us by a service manager is 0755 and empty: closing it hurts nobody.
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))
            .map_err(|e| OpenError::files("close to others", path, &e))?;
    }
    check_private(path)
}

fn our_user() -> u32 {
    nix::unistd::geteuid().as_raw()
}

fn is_empty(path: &Path) -> Result<bool, OpenError> {
    let mut entries = fs::read_dir(path).map_err(|e| OpenError::files("read", path, &e))?;
    Ok(entries.next().is_none())
}

fn lock(folder: &Path) -> Result<File, OpenError> {
    let path = folder.join("homing.lock");
    let mut file = private_file()
        .create(true)
        .read(true)
        .write(true)
        .truncate(false)
        .open(&path)
        .map_err(|e| OpenError::files("open", &path, &e))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(OpenError::InUse { path: folder.to_owned(), pid: holder(&mut file) });
        }
        Err(TryLockError::Error(e)) => return Err(OpenError::files("lock", &path, &e)),
    }
    // The number is for the message of the next one only; a full disk must not keep us out.
    let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
    Ok(file)
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn a_new_folder_is_closed_to_others() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        let _folder = DataFolder::open(&path).unwrap();
        assert_eq!(mode(&path), 0o700);
        assert_eq!(mode(&path.join("homing.lock")), 0o600);
    }

    #[test]
    fn an_empty_folder_that_is_open_to_others_is_closed() {
        let parent = tempfile::tempdir().unwrap();
        fs::set_permissions(parent.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let _folder = DataFolder::open(parent.path()).unwrap();
        assert_eq!(mode(parent.path()), 0o700);
    }

    #[test]
    fn a_folder_with_files_that_is_open_to_others_is_refused_and_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        fs::write(parent.path().join("x"), "").unwrap();
        fs::set_permissions(parent.path(), fs::Permissions::from_mode(0o750)).unwrap();
        let error = DataFolder::open(parent.path()).unwrap_err();
        assert_eq!(error.code(), "data-folder-open-to-others");
        assert!(error.to_string().contains("chmod 700"), "{error}");
        assert_eq!(mode(parent.path()), 0o750);
    }

    #[test]
    fn a_second_gateway_is_refused_by_name_of_the_first() {
        let parent = tempfile::tempdir().unwrap();
        let first = DataFolder::open(parent.path()).unwrap();
        let error = DataFolder::open(parent.path()).unwrap_err();
        let pid = Some(std::process::id());
        assert_eq!(error, OpenError::InUse { path: parent.path().to_owned(), pid });
        drop(first);
        DataFolder::open(parent.path()).unwrap();
    }
}
