//! Why a passage was closed before either end closed it.

use std::fmt;

use super::request::Malformed;
use crate::fault::Fault;
use crate::netconf::framing::FramingError;
use crate::netconf::hello::HelloError;

/// Whose bytes closed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The operator.
    Operator,
    /// The device.
    Device,
    /// The gateway.
    Gateway,
}

/// The end of a passage, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// Whose bytes closed it.
    pub by: By,
    /// Why.
    pub reason: Reason,
}

/// Why a passage was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// A `<hello>` that can't begin a session.
    Hello(HelloError),
    /// The stream can't be cut into messages, or a message can't be framed.
    Framing(FramingError),
    /// A message whose beginning was passed on must not be.
    Malformed(Malformed),
    /// The stream ended in a message whose beginning was passed on.
    CutShort,
    /// More came than waits for the other end.
    Ahead {
        /// The most bytes.
        limit: usize,
    },
}

impl Closed {
    pub(super) fn by_operator(reason: Reason) -> Self {
        Self { by: By::Operator, reason }
    }

    pub(super) fn by_device(reason: Reason) -> Self {
        Self { by: By::Device, reason }
    }

    pub(super) fn by_gateway(reason: Reason) -> Self {
        Self { by: By::Gateway, reason }
    }

    /// The stable name of this end.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match &self.reason {
            Reason::Hello(error) => error.code(),
            Reason::Framing(error) => error.code(),
            Reason::Malformed(error) => error.code(),
            Reason::CutShort => "netconf-cut-short",
            Reason::Ahead { .. } => "netconf-too-far-ahead",
        }
    }

    /// Who must act.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self.by {
            By::Operator => Fault::Operator,
            By::Device => Fault::Peer,
            By::Gateway => Fault::Local,
        }
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = match self.by {
            By::Operator => "the operator's NETCONF channel",
            By::Device => "the device's NETCONF channel",
            By::Gateway => "the gateway",
        };
        write!(f, "{who}: ")?;
        match &self.reason {
            Reason::Hello(error) => error.fmt(f),
            Reason::Framing(error) => error.fmt(f),
            Reason::Malformed(error) => error.fmt(f),
            Reason::CutShort => f.write_str("the stream ended in the middle of a message"),
            Reason::Ahead { limit } => write!(f, "more than {limit} bytes wait for the other end"),
        }
    }
}
