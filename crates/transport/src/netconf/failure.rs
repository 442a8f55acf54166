//! Why a session does not start, or a request has no reply.

use homing_proto::fault::Fault;
use homing_proto::netconf::client::{GivenUp, QueueFull, Why};
use homing_proto::netconf::framing::FramingError;
use homing_proto::netconf::rpc::OperationError;
use homing_proto::netconf::session::Closed;

/// Why a session did not start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{closed}")]
pub struct StartError {
    /// How it ended.
    pub closed: Closed,
}

impl StartError {
    /// The stable name of this error.
    pub fn code(&self) -> &'static str {
        self.closed.code()
    }

    /// Who must act.
    pub fn fault(&self) -> Fault {
        self.closed.fault()
    }
}

/// Why a request has no complete reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RpcFailure {
    /// The operation may not be sent.
    #[error(transparent)]
    Operation(#[from] OperationError),
    /// Too many requests wait already.
    #[error(transparent)]
    QueueFull(#[from] QueueFull),
    /// The operation can't be framed.
    #[error("operation: {0}")]
    Unsendable(FramingError),
    /// The deadline passed while other requests were served.
    #[error("the deadline passed before the request could be sent")]
    LateUnsent,
    /// The deadline passed while the reply was due; the device may carry the request out all the same.
    #[error("the deadline passed before the reply was complete; the outcome is unknown")]
    LateSent,
    /// The session was over before the request was sent.
    #[error("the request was not sent: {}", said(.0))]
    LostUnsent(Option<Closed>),
    /// The session was lost while the reply was due.
    #[error("the outcome is unknown: {}", said(.0))]
    LostSent(Option<Closed>),
}

fn said(closed: &Option<Closed>) -> String {
    closed.map_or_else(|| "the session is over".to_owned(), |closed| closed.to_string())
}

impl RpcFailure {
    pub(super) fn from_given_up(given_up: GivenUp, closed: Option<Closed>) -> Self {
        match (given_up.why, given_up.sent) {
            (Why::Unsendable(error), _) => Self::Unsendable(error),
            (Why::Deadline, false) => Self::LateUnsent,
            (Why::Deadline, true) => Self::LateSent,
            (Why::SessionClosed, false) => Self::LostUnsent(closed),
            (Why::SessionClosed, true) => Self::LostSent(closed),
        }
    }

    /// Whether the request was handed to the network, so that nobody knows what the device did.
    pub fn outcome_is_unknown(&self) -> bool {
        matches!(self, Self::LateSent | Self::LostSent(_))
    }

    /// The stable name of this failure.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Operation(error) => error.code(),
            Self::QueueFull(error) => error.code(),
            Self::Unsendable(error) => error.code(),
            Self::LateUnsent => "rpc-late-unsent",
            Self::LateSent => "rpc-late-sent",
            Self::LostUnsent(_) => "rpc-lost-unsent",
            Self::LostSent(_) => "rpc-lost-sent",
        }
    }

    /// Who must act.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Operation(error) => error.fault(),
            Self::QueueFull(error) => error.fault(),
            Self::Unsendable(error) => error.fault(),
            Self::LateUnsent | Self::LateSent => Fault::Peer,
            Self::LostUnsent(closed) | Self::LostSent(closed) => {
                closed.map_or(Fault::Network, |closed| closed.fault())
            }
        }
    }
}
