//! Why the gateway does not do what it was asked to.

use homing_proto::access::Denied;
use homing_proto::api;
use homing_proto::fault::Fault;
use homing_proto::identity::DeviceName;

use crate::random::NoRandom;
use crate::store::{AccountError, ReadError, WriteError};

/// Why the gateway does not do what it was asked to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// The operator has no right to it.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Of users and tokens.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// No webhook has that name.
    #[error("no webhook is called {0}")]
    UnknownWebhook(String),
    /// Nothing of that name is blocked.
    #[error("{0} is not blocked")]
    UnknownBlock(String),
    /// No device has that name.
    #[error("no device is called {0}")]
    UnknownDevice(String),
    /// Nobody has that channel open on the device.
    #[error("no channel {channel} is open on {name}")]
    UnknownChannel {
        /// The device.
        name: DeviceName,
        /// The number.
        channel: u64,
    },
    /// No pending key fits.
    #[error("nothing pending fits {0}")]
    NothingPending(String),
    /// No recording has that name.
    #[error("no recording is called {0}")]
    UnknownRecording(String),
    /// No browser's session has that name.
    #[error("no session of the console is called {0}")]
    UnknownSession(String),
    /// The request contradicts what is.
    #[error("{message}")]
    Conflict {
        /// What collides.
        message: String,
        /// What to do instead.
        hint: Option<String>,
    },
    /// Others change the device at the same time, again and again.
    #[error("{0} is being changed by somebody else")]
    ChangedMeanwhile(DeviceName),
    /// The request is malformed.
    #[error("{message}")]
    Invalid {
        /// What was expected.
        message: String,
        /// What to do instead.
        hint: Option<String>,
    },
    /// The device has no session.
    #[error("{name} is not connected: {reason}")]
    Offline {
        /// The device.
        name: DeviceName,
        /// When and why it left, or that it never came.
        reason: String,
    },
    /// The device's queue of RPCs is full.
    #[error("{0} has too many RPCs waiting")]
    Busy(DeviceName),
    /// The deadline passed before the RPC was sent.
    #[error("the RPC for {0} was not sent in time")]
    NotSent(DeviceName),
    /// The device was lost after the RPC was sent.
    #[error("{name} was lost after the RPC was sent: {reason}")]
    OutcomeUnknown {
        /// The device.
        name: DeviceName,
        /// What happened.
        reason: String,
    },
    /// The device answered against the protocol, or the reply passed a limit.
    #[error("{name}: {reason}")]
    Failed {
        /// The device.
        name: DeviceName,
        /// What happened.
        reason: String,
    },
    /// The store refused.
    #[error("the gateway can't write its store: {reason}")]
    Store {
        /// The store's own code.
        code: &'static str,
        /// Why.
        reason: String,
    },
    /// The gateway is stopping.
    #[error("the gateway is stopping")]
    Stopping,
}

impl ControlError {
    /// Something of the gateway's own failed, and nothing more can be said about it.
    pub(crate) fn failed(reason: impl Into<String>) -> Self {
        Self::Store { code: "store-failed", reason: reason.into() }
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Denied(denied) => denied.code(),
            Self::Account(error) => error.code(),
            Self::UnknownDevice(_) => "unknown-device",
            Self::UnknownWebhook(_) => "unknown-webhook",
            Self::UnknownBlock(_) => "unknown-block",
            Self::UnknownChannel { .. } => "unknown-channel",
            Self::NothingPending(_) => "nothing-pending",
            Self::UnknownRecording(_) => "unknown-recording",
            Self::UnknownSession(_) => "unknown-session",
            Self::Conflict { .. } | Self::ChangedMeanwhile(_) => "conflict",
            Self::Invalid { .. } => "invalid-request",
            Self::Offline { .. } => "device-offline",
            Self::Busy(_) => "device-busy",
            Self::NotSent(_) => "rpc-not-sent",
            Self::OutcomeUnknown { .. } => "outcome-unknown",
            Self::Failed { .. } => "rpc-failed",
            Self::Store { code, .. } => code,
            Self::Stopping => "gateway-stopping",
        }
    }

    /// Who must act.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Denied(_)
            | Self::Account(_)
            | Self::UnknownDevice(_)
            | Self::UnknownWebhook(_)
            | Self::UnknownBlock(_)
            | Self::UnknownChannel { .. }
            | Self::NothingPending(_)
            | Self::UnknownRecording(_)
            | Self::UnknownSession(_)
            | Self::Conflict { .. }
            | Self::ChangedMeanwhile(_)
            | Self::Invalid { .. } => Fault::Operator,
            Self::Offline { .. } | Self::NotSent(_) | Self::OutcomeUnknown { .. } => Fault::Network,
            Self::Busy(_) | Self::Failed { .. } => Fault::Peer,
            Self::Store { .. } | Self::Stopping => Fault::Local,
        }
    }

    /// The HTTP status and, where there is one, what to do next.
    #[must_use]
    pub fn problem(&self) -> api::Problem {
        let status = match self {
            Self::Denied(_) => 403,
            Self::Account(error) if error.is_unknown() => 404,
            Self::Account(_) => 409,
            Self::UnknownDevice(_)
            | Self::UnknownWebhook(_)
            | Self::UnknownBlock(_)
            | Self::UnknownChannel { .. }
            | Self::NothingPending(_)
            | Self::UnknownRecording(_)
            | Self::UnknownSession(_) => 404,
            Self::Conflict { .. } | Self::ChangedMeanwhile(_) => 409,
            Self::Invalid { .. } => 400,
            Self::Offline { .. } | Self::Stopping => 503,
            Self::Busy(_) => 429,
            Self::NotSent(_) => 504,
            Self::OutcomeUnknown { .. } | Self::Failed { .. } => 502,
            Self::Store { .. } => 507,
        };
        let problem = api::Problem::new(status, self.code(), self.fault(), self.to_string());
        match self.hint() {
            Some(hint) => problem.with_hint(hint),
            None => problem,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Denied(denied) => Some(denied_hint(denied)),
            Self::Account(error) => error.hint(),
            Self::UnknownDevice(_) => Some("homing device ls".into()),
            Self::UnknownWebhook(_) => Some("homing webhook ls".into()),
            Self::UnknownBlock(_) => Some("homing device blocks".into()),
            Self::UnknownRecording(_) => {
                Some("homing audit replay, without an id, lists them".into())
            }
            Self::UnknownSession(_) => Some("homing web sessions".into()),
            Self::UnknownChannel { name, .. } => Some(format!("homing device sessions {name}")),
            Self::NothingPending(_) => Some("homing device ls --state pending".into()),
            Self::ChangedMeanwhile(_) => Some("look at it, and try again".into()),
            Self::Conflict { hint, .. } | Self::Invalid { hint, .. } => hint.clone(),
            Self::Offline { name, .. } | Self::OutcomeUnknown { name, .. } => {
                Some(format!("homing device log {name}"))
            }
            Self::Store { code, .. } => Some(store_hint(code).into()),
            _ => None,
        }
    }
}

/// What somebody at the gateway's machine does about a store that can't be written.
fn store_hint(code: &str) -> &'static str {
    match code {
        "store-full" => "make room on the disk of the data folder: it goes on by itself",
        "store-read-only" => "mount the data folder writable: it goes on by itself",
        _ => "look at the gateway's log, and at its disk: homing status, dmesg",
    }
}

/// What an admin types to grant what is missing.
fn denied_hint(denied: &Denied) -> String {
    let grant = format!("homing user grant NAME {}", denied.needs());
    match denied.device() {
        Some(device) => format!("homing whoami; an admin may: {grant} --on name={device}"),
        None => format!("homing whoami; an admin may: {grant}"),
    }
}

impl From<WriteError> for ControlError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::UnknownDevice(name) => Self::UnknownDevice(name.to_string()),
            WriteError::Account(error) => Self::Account(error),
            WriteError::ChangedMeanwhile(name) => Self::ChangedMeanwhile(name),
            WriteError::Closed => Self::Stopping,
            error if error.is_outage() => {
                Self::Store { code: error.code(), reason: error.to_string() }
            }
            error => Self::Conflict { message: error.to_string(), hint: None },
        }
    }
}

impl From<NoRandom> for ControlError {
    fn from(error: NoRandom) -> Self {
        Self::failed(error.to_string())
    }
}

impl From<ReadError> for ControlError {
    fn from(error: ReadError) -> Self {
        Self::failed(error.to_string())
    }
}
