//! What is kept about the commits, beside their texts.
//!
//! ```text
//! {"version":1,"commits":[{"number":12,"at":"…","author":{…},"digest":"…"},…],"confirming":null}
//! ```

use homing_proto::datastore::{CommitRecord, ConfirmingRecord, ScheduledRecord};
use homing_proto::hex::hex;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The version of this form.
const VERSION: u32 = 1;

/// The commits, the newest first, and what waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Journal {
    version: u32,
    pub(super) commits: Vec<Entry>,
    pub(super) confirming: Option<ConfirmingRecord>,
    /// Its text is `scheduled.conf`.
    #[serde(default)]
    pub(super) scheduled: Option<ScheduledRecord>,
}

/// One commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    #[serde(flatten)]
    pub(super) record: CommitRecord,
    /// SHA-256 of its text, in hexadecimal digits.
    pub(super) digest: String,
}

impl Default for Journal {
    fn default() -> Self {
        Self { version: VERSION, commits: Vec::new(), confirming: None, scheduled: None }
    }
}

impl Journal {
    /// Reads what [`Journal::text`] made; `None` if it is something else.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok().filter(|journal: &Self| journal.version == VERSION)
    }

    pub(super) fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The digest of the newest commit's text.
    pub(super) fn newest(&self) -> Option<&str> {
        self.commits.first().map(|entry| entry.digest.as_str())
    }

    /// Whether a commit that is kept made the text of this digest.
    pub(super) fn has(&self, digest: &str) -> bool {
        self.commits.iter().any(|entry| entry.digest == digest)
    }
}

/// SHA-256 in hexadecimal digits.
pub(super) fn digest(text: &[u8]) -> String {
    hex(&Sha256::digest(text))
}
