//! The settings of the audit trail and of recordings.

use std::time::Duration;

use homing_proto::access::Role;

const DAY: Duration = Duration::from_secs(86_400);

/// How much of the audit trail is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Audit {
    /// Entries.
    pub keep: u64,
    /// No entry is kept much longer.
    pub age: Duration,
}

impl Default for Audit {
    fn default() -> Self {
        Self { keep: 10_000_000, age: 400 * DAY }
    }
}

/// Which terminal sessions are recorded, and how much of them is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingSettings {
    /// The roles whose terminal sessions are recorded.
    pub roles: Vec<Role>,
    /// Bytes of one recording.
    pub size: u64,
    /// Bytes of all recordings.
    pub total: u64,
    /// No recording is kept longer.
    pub age: Duration,
}

impl Default for RecordingSettings {
    fn default() -> Self {
        Self { roles: Vec::new(), size: 64 << 20, total: 10 << 30, age: 90 * DAY }
    }
}
