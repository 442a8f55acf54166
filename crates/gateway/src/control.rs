//! What operators may ask of the gateway, in one place: the HTTP API and the demo are two faces of it.

use std::time::Duration;

use bytes::Bytes;
use homing_proto::api;
use homing_proto::fault::Fault;
use homing_proto::identity::DeviceName;
use tokio::sync::{broadcast, mpsc, oneshot};

/// Why the gateway does not do what it was asked to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// No device has that name.
    #[error("no device is called {0}")]
    UnknownDevice(String),
    /// No pending key fits.
    #[error("nothing pending fits {0}")]
    NothingPending(String),
    /// The request contradicts what is.
    #[error("{message}")]
    Conflict {
        /// What collides.
        message: String,
        /// What to do instead.
        hint: Option<String>,
    },
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
    #[error("the gateway can't write its store: {0}")]
    Store(String),
    /// The gateway is stopping.
    #[error("the gateway is stopping")]
    Stopping,
}

impl ControlError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownDevice(_) => "unknown-device",
            Self::NothingPending(_) => "nothing-pending",
            Self::Conflict { .. } => "conflict",
            Self::Invalid { .. } => "invalid-request",
            Self::Offline { .. } => "device-offline",
            Self::Busy(_) => "device-busy",
            Self::NotSent(_) => "rpc-not-sent",
            Self::OutcomeUnknown { .. } => "outcome-unknown",
            Self::Failed { .. } => "rpc-failed",
            Self::Store(_) => "store-failed",
            Self::Stopping => "gateway-stopping",
        }
    }

    /// Who must act.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::UnknownDevice(_)
            | Self::NothingPending(_)
            | Self::Conflict { .. }
            | Self::Invalid { .. } => Fault::Operator,
            Self::Offline { .. } | Self::NotSent(_) | Self::OutcomeUnknown { .. } => Fault::Network,
            Self::Busy(_) | Self::Failed { .. } => Fault::Peer,
            Self::Store(_) | Self::Stopping => Fault::Local,
        }
    }

    /// The HTTP status and, where there is one, what to do next.
    #[must_use]
    pub fn problem(&self) -> api::Problem {
        let status = match self {
            Self::UnknownDevice(_) | Self::NothingPending(_) => 404,
            Self::Conflict { .. } => 409,
            Self::Invalid { .. } => 400,
            Self::Offline { .. } | Self::Stopping => 503,
            Self::Busy(_) => 429,
            Self::NotSent(_) => 504,
            Self::OutcomeUnknown { .. } | Self::Failed { .. } => 502,
            Self::Store(_) => 507,
        };
        let problem = api::Problem::new(status, self.code(), self.fault(), self.to_string());
        match self.hint() {
            Some(hint) => problem.with_hint(hint),
            None => problem,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownDevice(_) => Some("homing device ls".into()),
            Self::NothingPending(_) => Some("homing device ls --state pending".into()),
            Self::Conflict { hint, .. } | Self::Invalid { hint, .. } => hint.clone(),
            Self::Offline { name, .. } | Self::OutcomeUnknown { name, .. } => {
                Some(format!("homing device log {name}"))
            }
            Self::Store(_) => Some("look at the free space of the data folder".into()),
            _ => None,
        }
    }
}

/// Which devices to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeviceQuery {
    /// Only these states; empty: all.
    pub states: Vec<api::DeviceState>,
    /// Only devices with all of these labels.
    pub tags: Vec<(String, String)>,
}

/// Which events to list or to follow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventQuery {
    /// Only events after this one.
    pub after: Option<u64>,
    /// Only this device's: by name, or by device-id for an unknown one.
    pub device: Option<String>,
    /// Only these codes; empty: all.
    pub codes: Vec<String>,
    /// Only events at or after this moment.
    pub since: Option<api::Timestamp>,
    /// At most so many, the newest.
    pub limit: Option<u32>,
}

/// A running RPC's reply.
#[derive(Debug)]
pub struct RpcReply {
    /// The `<rpc-reply>` element, piece by piece as it comes. The channel holds little: the rest waits in a spool,
    /// so a slow reader never stalls the device.
    pub body: mpsc::Receiver<Bytes>,
    /// How it ended; arrives after the last piece.
    pub outcome: oneshot::Receiver<api::Outcome>,
}

/// The gateway as operators see it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Control(());

impl Control {
    /// The gateway and its fleet, in short.
    pub async fn status(&self) -> Result<api::Status, ControlError> {
        Err(ControlError::Stopping)
    }

    /// Devices, enrolled and pending, by name.
    pub async fn devices(&self, _query: &DeviceQuery) -> Result<Vec<api::Device>, ControlError> {
        Err(ControlError::Stopping)
    }

    /// One device, by name; a pending one by device-id or fingerprint.
    pub async fn device(&self, _name: &str) -> Result<api::Device, ControlError> {
        Err(ControlError::Stopping)
    }

    /// Enrols a device, or gives an enrolled one a new secret. `actor` is who asks, for the record.
    pub async fn enroll(
        &self,
        _request: api::Enroll,
        _actor: &str,
    ) -> Result<api::Enrolled, ControlError> {
        Err(ControlError::Stopping)
    }

    /// Changes a device.
    pub async fn change(
        &self,
        _name: &str,
        _change: api::Change,
        _actor: &str,
    ) -> Result<api::Device, ControlError> {
        Err(ControlError::Stopping)
    }

    /// Forgets a device, or a pending key.
    pub async fn forget(&self, _name: &str, _actor: &str) -> Result<(), ControlError> {
        Err(ControlError::Stopping)
    }

    /// Accepts a pending key.
    pub async fn accept(
        &self,
        _decision: api::Decision,
        _actor: &str,
    ) -> Result<api::Device, ControlError> {
        Err(ControlError::Stopping)
    }

    /// Turns a pending key down.
    pub async fn reject(
        &self,
        _decision: api::Decision,
        _actor: &str,
    ) -> Result<api::Device, ControlError> {
        Err(ControlError::Stopping)
    }

    /// Stored events, oldest first.
    pub async fn events(&self, _query: &EventQuery) -> Result<Vec<api::Event>, ControlError> {
        Err(ControlError::Stopping)
    }

    /// Events from here on. A receiver that lags is told so, and reads the gap with [`Self::events`].
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<api::Event> {
        broadcast::channel(1).1
    }

    /// Runs one RPC. `operation` is the XML inside `<rpc>`.
    pub async fn rpc(
        &self,
        _name: &str,
        _operation: Bytes,
        _timeout: Duration,
        _actor: &str,
    ) -> Result<RpcReply, ControlError> {
        Err(ControlError::Stopping)
    }
}
