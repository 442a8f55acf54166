//! Why the store can't be opened, and why a write was refused.

use std::path::PathBuf;

use homing_proto::access::{TokenId, UserName};
use homing_proto::fault::Fault;
use homing_proto::host_key::Fingerprint;
use homing_proto::identity::{DeviceId, DeviceName};

/// Why a data folder can't be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The file system refused.
    #[error("can't {action} {}: {reason}", path.display())]
    Files {
        /// What was tried: `make`, `read`, `lock` ….
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The folder belongs to somebody else.
    #[error("{} belongs to user {owner}, and the gateway runs as user {us}: run it as that user", path.display())]
    NotOurs {
        /// The folder.
        path: PathBuf,
        /// The user number of its owner.
        owner: u32,
        /// The user number of this process.
        us: u32,
    },
    /// Others may read the folder or the key.
    #[error(
        "{} is open to other users (mode {mode:04o}): chmod {} {}",
        path.display(),
        if *folder { "700" } else { "600" },
        path.display()
    )]
    OpenToOthers {
        /// The folder or file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// Whether it is a folder.
        folder: bool,
    },
    /// Another gateway uses the folder.
    #[error("{} is in use by another gateway{}: stop that one, or choose another --data", path.display(), process(*pid))]
    InUse {
        /// The folder.
        path: PathBuf,
        /// The process that holds it, if it left its number.
        pid: Option<u32>,
    },
    /// The key file is gone although the database is there.
    #[error("{} is missing, and without it the secrets in homing.db can't be read: restore it from the backup", path.display())]
    KeyMissing {
        /// Where the key should be.
        path: PathBuf,
    },
    /// The key file is not a list of 32-byte keys.
    #[error("{} should hold one or more keys of 32 bytes, and holds {len} bytes", path.display())]
    KeyMalformed {
        /// The key file.
        path: PathBuf,
        /// Its length.
        len: usize,
    },
    /// A stored secret can't be unsealed.
    #[error("the {what} of device {device} can't be unsealed with secret.key: {reason}")]
    Unsealable {
        /// The device.
        device: String,
        /// `secret` or `password`.
        what: &'static str,
        /// Whether the key is another one, or the bytes were altered.
        reason: UnsealError,
    },
    /// A newer Homing wrote the database.
    #[error(
        "homing.db has schema {found}, and this version knows {known} at most: run the newer Homing, or restore the backup made before the upgrade"
    )]
    Newer {
        /// The schema found.
        found: i64,
        /// The newest known schema.
        known: i64,
    },
    /// A row holds what no Homing writes.
    #[error("homing.db is damaged: {0}")]
    Damaged(String),
    /// SQLite refused.
    #[error("homing.db can't be used: {0}")]
    Database(String),
}

fn process(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
}

impl OpenError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Files { .. } => "data-folder-unusable",
            Self::NotOurs { .. } => "data-folder-not-ours",
            Self::OpenToOthers { .. } => "data-folder-open-to-others",
            Self::InUse { .. } => "data-folder-in-use",
            Self::KeyMissing { .. } => "store-key-missing",
            Self::KeyMalformed { .. } => "store-key-malformed",
            Self::Unsealable { .. } => "store-unsealable",
            Self::Newer { .. } => "store-newer",
            Self::Damaged(_) => "store-damaged",
            Self::Database(_) => "store-unusable",
        }
    }

    /// Who must act.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Damaged(_) | Self::Database(_) => Fault::Local,
            _ => Fault::Operator,
        }
    }

    pub(super) fn files(
        action: &'static str,
        path: &std::path::Path,
        error: &std::io::Error,
    ) -> Self {
        Self::Files { action, path: path.to_owned(), reason: error.to_string() }
    }
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.to_string())
    }
}

/// Why sealed bytes can't be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnsealError {
    /// No key of the file has the number that the bytes name.
    #[error("it was sealed with another key")]
    AnotherKey,
    /// The bytes, the device's name or the column were altered.
    #[error("the sealed bytes were altered")]
    Altered,
}

/// Why a write was refused. Nothing of it is in the store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The name is in use.
    #[error("a device called {0} is enrolled already")]
    NameTaken(DeviceName),
    /// The device-id is another device's.
    #[error("device-id {device_id} belongs to {name}")]
    DeviceIdTaken {
        /// The device-id.
        device_id: DeviceId,
        /// Whose it is.
        name: DeviceName,
    },
    /// No such device.
    #[error("no device is called {0}")]
    UnknownDevice(DeviceName),
    /// Somebody else changed the device first.
    #[error("{0} was changed by somebody else at the same moment")]
    ChangedMeanwhile(DeviceName),
    /// The device has no such key.
    #[error("{name} has no key {fingerprint}")]
    UnknownKey {
        /// The device.
        name: DeviceName,
        /// The key.
        fingerprint: Fingerprint,
    },
    /// No pending key has that fingerprint.
    #[error("no pending key is {0}")]
    NothingPending(Fingerprint),
    /// Of users or tokens.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The disk, or the size limit of the database, is reached.
    #[error("the disk of the data folder is full")]
    Full,
    /// The file system can't be written.
    #[error("the data folder is read-only")]
    ReadOnly,
    /// The disk failed.
    #[error("the disk of the data folder failed: {0}")]
    Disk(String),
    /// SQLite refused for another reason.
    #[error("the database refused: {0}")]
    Database(String),
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
}

impl WriteError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NameTaken(_) => "name-taken",
            Self::DeviceIdTaken { .. } => "device-id-taken",
            Self::UnknownDevice(_) => "unknown-device",
            Self::ChangedMeanwhile(_) => "changed-meanwhile",
            Self::UnknownKey { .. } => "unknown-key",
            Self::NothingPending(_) => "nothing-pending",
            Self::Account(error) => error.code(),
            Self::Full => "store-full",
            Self::ReadOnly => "store-read-only",
            Self::Disk(_) => "store-disk-failed",
            Self::Database(_) => "store-failed",
            Self::Closed => "store-closed",
        }
    }

    /// Who must act.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::NameTaken(_)
            | Self::DeviceIdTaken { .. }
            | Self::UnknownDevice(_)
            | Self::ChangedMeanwhile(_)
            | Self::UnknownKey { .. }
            | Self::NothingPending(_)
            | Self::Account(_) => Fault::Operator,
            Self::Full | Self::ReadOnly | Self::Disk(_) | Self::Database(_) | Self::Closed => {
                Fault::Local
            }
        }
    }

    /// Whether the store as a whole can't be written, rather than this one change.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        self.fault() == Fault::Local
    }
}

impl From<rusqlite::Error> for WriteError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::ReadOnly) => Self::ReadOnly,
            Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => {
                Self::Disk(error.to_string())
            }
            _ => Self::Database(error.to_string()),
        }
    }
}

/// Why a change of users or tokens was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// The name is in use.
    #[error("a user called {0} is there already")]
    UserTaken(UserName),
    /// No such user.
    #[error("no user is called {0}")]
    UnknownUser(UserName),
    /// The user has no such key.
    #[error("{0} has no key {1}")]
    UnknownKey(UserName, Fingerprint),
    /// The user has no such grant.
    #[error("{0} has no grant {1}")]
    UnknownGrant(UserName, u32),
    /// The user has no one-time password that may be tried.
    #[error("{0} has no one-time password that may be used")]
    NoPassword(UserName),
    /// Another token has the same first characters.
    #[error("a token {0} is there already: make another")]
    TokenTaken(TokenId),
    /// No such token.
    #[error("no token is {0}")]
    UnknownToken(TokenId),
    /// There is no room for more.
    #[error("there are {most} {what} already")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        most: u64,
    },
}

impl AccountError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UserTaken(_) => "user-taken",
            Self::UnknownUser(_) => "unknown-user",
            Self::UnknownKey(..) => "unknown-key",
            Self::UnknownGrant(..) => "unknown-grant",
            Self::NoPassword(_) => "no-one-time-password",
            Self::TokenTaken(_) => "token-taken",
            Self::UnknownToken(_) => "unknown-token",
            Self::TooMany { .. } => "too-many",
        }
    }

    /// Whether what was named is not there.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(
            self,
            Self::UnknownUser(_)
                | Self::UnknownKey(..)
                | Self::UnknownGrant(..)
                | Self::UnknownToken(_)
        )
    }

    /// What to type next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UserTaken(user) | Self::UnknownKey(user, _) | Self::UnknownGrant(user, _) => {
                Some(format!("homing user show {user}"))
            }
            Self::UnknownUser(_) => Some("homing user ls".to_owned()),
            Self::NoPassword(user) => Some(format!("homing user password {user}")),
            Self::UnknownToken(_) => Some("homing token ls".to_owned()),
            Self::TokenTaken(_) | Self::TooMany { .. } => None,
        }
    }

    /// Who must act.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::Operator
    }
}

/// Why events can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("stored events can't be read: {0}")]
pub struct ReadError(pub(super) String);

impl ReadError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "store-unreadable"
    }

    /// Who must act.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::Local
    }
}

impl From<rusqlite::Error> for ReadError {
    fn from(error: rusqlite::Error) -> Self {
        Self(error.to_string())
    }
}
