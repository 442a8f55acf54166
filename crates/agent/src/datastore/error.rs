//! Why the store does not do something.

use homing_proto::datastore::{EditError, Refused};
use homing_proto::fault::Fault;
use homing_proto::lock_out::Unproven;

use super::replace::DiskError;
use crate::handle::Gone;
use crate::loaded::LoadError;

/// Why the store does not do something; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The datastore refuses.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The edit makes no sense.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The agent could not act on it.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It could not be made durable.
    #[error("the commit can't be kept: {0}")]
    Disk(#[from] DiskError),
    /// A commit that waits has not been seen to leave the device reachable.
    #[error(transparent)]
    Unproven(#[from] Unproven),
    /// There is no such earlier configuration.
    #[error("rollback {0} does not exist")]
    NoRollback(usize),
    /// No rescue configuration was saved.
    #[error("no rescue configuration is saved")]
    NoRescue,
    /// The agent is stopping.
    #[error(transparent)]
    Gone(#[from] Gone),
}

impl StoreError {
    /// A stable word for logs and replies.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(error) => error.code(),
            Self::Edit(error) => error.code(),
            Self::Load(error) => error.code(),
            Self::Disk(error) => error.code(),
            Self::Unproven(error) => error.code(),
            Self::NoRollback(_) => "no-such-rollback",
            Self::NoRescue => "no-rescue-configuration",
            Self::Gone(error) => error.code(),
        }
    }

    /// Who must act.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Refused(error) => error.fault(),
            Self::Edit(error) => error.fault(),
            Self::Load(error) => error.fault(),
            Self::Unproven(error) => error.fault(),
            Self::NoRollback(_) | Self::NoRescue => Fault::Operator,
            Self::Disk(_) | Self::Gone(_) => Fault::Local,
        }
    }
}
