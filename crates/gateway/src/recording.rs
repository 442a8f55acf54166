//! Recordings of terminal sessions: files in `DATA/recordings`, for those whose role asks for it.
//!
//! ```text
//!   recordings/                     0700
//!     20261123-145758-9f3ac2d1.cast       0600   finished; its SHA-256 is in the audit trail
//!     20261123-150102-02bc41aa.cast.part  0600   running; after a crash it is cut at its last whole line and kept
//! ```
//!
//! The oldest finished ones are deleted when all of them together are too large, or a single one is too old.

mod archive;
mod cast;
mod recorder;
#[cfg(test)]
mod tests;

use homing_proto::access::{Operator, Tags};
use homing_proto::api::Timestamp;
use homing_proto::fault::Fault;
use homing_proto::identity::DeviceName;

pub(crate) use archive::Recordings;
pub(crate) use recorder::Recorder;

pub(crate) use crate::config::RecordingSettings;

impl RecordingSettings {
    /// Whether a terminal session of `operator` on a device is recorded: its role there asks for it.
    pub(crate) fn wants(&self, operator: &Operator, device: &DeviceName, tags: &Tags) -> bool {
        let role = operator.role_on(device, tags, Timestamp::now());
        role.is_some_and(|role| self.roles.contains(&role))
    }
}

/// What is to be recorded.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    pub(crate) operator: String,
    pub(crate) device: DeviceName,
    pub(crate) session: Option<u64>,
    pub(crate) columns: u32,
    pub(crate) rows: u32,
}

/// Why a session that must be recorded can't be: it must not begin then.
#[derive(Debug, thiserror::Error)]
#[error("this session must be recorded, and its file can't be made: {0}")]
pub(crate) struct CannotRecord(#[from] std::io::Error);

impl CannotRecord {
    pub(crate) fn code(&self) -> &'static str {
        "cannot-record"
    }

    pub(crate) fn fault(&self) -> Fault {
        Fault::Local
    }
}
