//! The revocation list in force: what the configuration says and the files that it names, read again when they change.
//!
//! ```text
//!   front_door.revoked ──▶ entries ─────────────┐
//!        └── /path ──every 5 s: changed?──read──┴──▶ Revoked ──▶ logins; changes() ──▶ open channels are looked at again
//!                                  └─ unreadable ──▶ the old list stays in force, WARN
//! ```

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use homing_proto::fault::Fault;
use homing_proto::revocation::{InvalidRevocation, Presented, Revoked};

use super::{Access, Certificate};

/// The longest file.
const MOST_BYTES: u64 = 64 << 20;

/// Why a revocation list is not read.
#[derive(Debug, thiserror::Error)]
pub enum RevocationError {
    /// The file.
    #[error("{path}: {error}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// What is in it.
    #[error("{path}: {error}", path = path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: InvalidRevocation,
    },
    /// What the configuration says itself.
    #[error("front_door.revoked: {0}")]
    Configured(InvalidRevocation),
}

impl RevocationError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "file-unreadable",
            Self::Content { error, .. } | Self::Configured(error) => error.code(),
        }
    }

    /// Who must act.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::Operator
    }
}

/// By what a change of a file is told.
type Mark = Option<(SystemTime, u64)>;

/// Where revocations come from.
#[derive(Debug, Clone, Default)]
pub struct RevocationList {
    entries: Vec<String>,
    files: Vec<(PathBuf, Mark)>,
}

impl RevocationList {
    /// Of the configuration: entries, and absolute paths of files.
    #[must_use]
    pub fn new(configured: &[String]) -> Self {
        let (files, entries): (Vec<_>, Vec<_>) =
            configured.iter().cloned().partition(|one| one.starts_with('/'));
        let files = files.into_iter().map(|path| (PathBuf::from(path), None)).collect();
        Self { entries, files }
    }

    /// Reads everything, if a file has changed since the last time.
    ///
    /// # Errors
    /// Something can't be read; it is tried again at the next call.
    pub fn refresh(&mut self) -> Result<Option<Revoked>, RevocationError> {
        let marks: Vec<Mark> = self.files.iter().map(|(path, _)| mark(path)).collect();
        let is_same = self.files.iter().zip(&marks).all(|((_, known), mark)| known == mark);
        if is_same && marks.iter().all(Option::is_some) {
            return Ok(None);
        }
        let revoked = self.read()?;
        self.files.iter_mut().zip(marks).for_each(|((_, known), mark)| *known = mark);
        Ok(Some(revoked))
    }

    /// Whether it can change at all.
    #[must_use]
    pub fn has_files(&self) -> bool {
        !self.files.is_empty()
    }

    /// Reads everything.
    ///
    /// # Errors
    /// Something can't be read.
    pub fn read(&self) -> Result<Revoked, RevocationError> {
        let mut revoked = Revoked::default();
        for entry in &self.entries {
            revoked.add(entry).map_err(RevocationError::Configured)?;
        }
        for (path, _) in &self.files {
            let bytes = bytes_of(path)
                .map_err(|error| RevocationError::File { path: path.clone(), error })?;
            revoked
                .add_file(&bytes)
                .map_err(|error| RevocationError::Content { path: path.clone(), error })?;
        }
        Ok(revoked)
    }
}

fn mark(path: &Path) -> Mark {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

fn bytes_of(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let length = std::fs::File::open(path)?.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    match length as u64 > MOST_BYTES {
        true => Err(std::io::Error::other(format!("longer than {MOST_BYTES} bytes"))),
        false => Ok(bytes),
    }
}

impl Access {
    /// Puts a revocation list in force, and has everybody who is in looked at again.
    pub(crate) fn revoke(&self, revoked: Revoked) {
        let was = self.0.revoked.send_replace(std::sync::Arc::new(revoked));
        if *was != **self.0.revoked.borrow() {
            self.0.changes.send_modify(|count| *count = count.wrapping_add(1));
        }
    }

    /// Whether a certificate is revoked at this moment.
    #[must_use]
    pub fn is_revoked(&self, certificate: &Certificate) -> bool {
        let Certificate { ca, key, serial, key_id, .. } = certificate;
        let presented = Presented { authority: ca, key, serial: *serial, id: key_id };
        self.0.revoked.borrow().revokes(presented)
    }
}
