//! A private key in a file: written whole or not at all, readable by its owner alone.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use homing_proto::fault::Fault;
use zeroize::Zeroizing;

use super::{KeyError, KeyKind, PrivateKey};

/// The largest file taken for a private key.
const LARGEST: u64 = 64 * 1024;

/// Why a key file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// Reading or writing failed.
    #[error("{path}: {error}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The file's text is no key we can use.
    #[error("{path}: {error}", path = path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: KeyError,
    },
    /// Others may read it.
    #[error("{path}: others may read this private key (mode {mode:04o}); chmod 600 it", path = path.display())]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
}

impl KeyFileError {
    /// Stable name for logs, metrics and the API.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "key-file-io",
            Self::Key { error, .. } => error.code(),
            Self::TooOpen { .. } => "key-file-too-open",
        }
    }

    /// Who must act.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Io { .. } => Fault::Local,
            Self::Key { error, .. } => error.fault(),
            Self::TooOpen { .. } => Fault::Operator,
        }
    }
}

impl PrivateKey {
    /// Reads the key in `path`.
    ///
    /// # Errors
    /// The file can't be read, is no key, or may be read by others.
    pub fn load(path: &Path) -> Result<Self, KeyFileError> {
        let io = |error| KeyFileError::Io { path: path.to_owned(), error };
        let file = File::open(path).map_err(io)?;
        let about = file.metadata().map_err(io)?;
        let mode = about.mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(KeyFileError::TooOpen { path: path.to_owned(), mode });
        }
        let mut text = Zeroizing::new(String::new());
        io::Read::read_to_string(&mut io::Read::take(file, LARGEST), &mut text).map_err(io)?;
        Self::parse(&text).map_err(|error| KeyFileError::Key { path: path.to_owned(), error })
    }

    /// Reads the key in `path`; makes it, and the file with mode 0600, if there is none.
    ///
    /// Of several who do this at once one makes the file and all get the same key. Blocks: files, and seconds for RSA.
    ///
    /// # Errors
    /// As [`load`](Self::load); the folder can't be written.
    pub fn load_or_create(path: &Path, kind: KeyKind) -> Result<Self, KeyFileError> {
        match Self::load(path) {
            Err(KeyFileError::Io { error, .. }) if error.kind() == io::ErrorKind::NotFound => {}
            loaded => return loaded,
        }
        let key = Self::generate(kind)
            .map_err(|error| KeyFileError::Key { path: path.to_owned(), error })?;
        match key.create(path) {
            Ok(()) => Ok(key),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::load(path),
            Err(error) => Err(KeyFileError::Io { path: path.to_owned(), error }),
        }
    }

    /// Writes the key to a new file that appears complete; fails if `path` exists.
    fn create(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new().prefix(".key-").tempfile_in(folder)?;
        file.write_all(self.to_pem().as_bytes())?;
        file.as_file().sync_all()?;
        file.persist_noclobber(path).map_err(|error| error.error)?;
        fs::File::open(folder)?.sync_all()
    }
}
