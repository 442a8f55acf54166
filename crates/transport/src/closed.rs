//! How a connection ended: who closed it, and why.

use std::fmt;
use std::io;
use std::pin::pin;
use std::sync::OnceLock;

use homing_proto::excerpt::Excerpt;
use homing_proto::fault::Fault;
use tokio::sync::Notify;

/// Who ended a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClosedBy {
    /// This end.
    Us,
    /// The other end.
    Peer,
    /// Neither: the network or silence.
    Network,
}

impl ClosedBy {
    /// One word, as for logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Us => "us",
            Self::Peer => "peer",
            Self::Network => "network",
        }
    }
}

/// The end of a connection; not an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// Who.
    pub by: ClosedBy,
    /// Why.
    pub reason: Reason,
}

/// Why a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// We wanted it, for this reason, which the peer was told.
    Asked(String),
    /// The peer sent a disconnect message.
    Disconnected {
        /// RFC 4253 section 11.1.
        code: u32,
        /// What it said.
        text: Excerpt,
    },
    /// The device ended the NETCONF session and kept the connection, which is of no use without it.
    NetconfEnded(Excerpt),
    /// The stream ended without a word.
    HungUp,
    /// Nothing came for too long, keep-alives were not answered.
    Silent,
    /// Nobody logged in in time.
    LoginGrace,
    /// Too many failed attempts to log in.
    TooManyTries,
    /// The peer broke the SSH protocol, or nothing both ends can do was found.
    Protocol(Excerpt),
    /// The stream failed.
    Stream(io::ErrorKind),
}

impl Reason {
    /// Stable name for logs, metrics and the API.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Asked(_) => "closed-by-us",
            Self::Disconnected { .. } => "disconnected-by-peer",
            Self::NetconfEnded(_) => "netconf-ended",
            Self::HungUp => "hung-up",
            Self::Silent => "keep-alive-timeout",
            Self::LoginGrace => "login-grace-over",
            Self::TooManyTries => "too-many-login-tries",
            Self::Protocol(_) => "ssh-protocol-error",
            Self::Stream(_) => "stream-failed",
        }
    }

    /// Who must act, if anybody.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Asked(_) => Fault::Local,
            Self::HungUp | Self::Silent | Self::Stream(_) => Fault::Network,
            Self::TooManyTries => Fault::Operator,
            Self::Disconnected { .. }
            | Self::NetconfEnded(_)
            | Self::LoginGrace
            | Self::Protocol(_) => Fault::Peer,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked(reason) => f.write_str(reason),
            Self::Disconnected { text, .. } if text.as_str().is_empty() => {
                f.write_str("the peer disconnected")
            }
            Self::Disconnected { code, text } => {
                write!(f, "the peer disconnected: {text} (code {code})")
            }
            Self::NetconfEnded(what) => write!(f, "the device ended NETCONF: {what}"),
            Self::HungUp => f.write_str("the connection ended without a word"),
            Self::Silent => {
                f.write_str("nothing was heard for too long and keep-alives were not answered")
            }
            Self::LoginGrace => f.write_str("nobody logged in in time"),
            Self::TooManyTries => f.write_str("too many failed attempts to log in"),
            Self::Protocol(what) => write!(f, "the peer broke the SSH protocol: {what}"),
            Self::Stream(kind) => write!(f, "the connection failed: {kind}"),
        }
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (closed by {})", self.reason, self.by.as_str())
    }
}

impl Closed {
    /// We wanted it.
    pub fn by_us(reason: impl Into<String>) -> Self {
        Self { by: ClosedBy::Us, reason: Reason::Asked(reason.into()) }
    }

    /// What the SSH library's error means.
    pub(crate) fn from_error(error: &russh::Error) -> Self {
        use russh::Error as E;
        let (by, reason) = match error {
            E::KeepaliveTimeout | E::InactivityTimeout | E::Elapsed(_) => {
                (ClosedBy::Us, Reason::Silent)
            }
            E::IO(error) => match error.kind() {
                io::ErrorKind::UnexpectedEof => (ClosedBy::Peer, Reason::HungUp),
                kind => (ClosedBy::Network, Reason::Stream(kind)),
            },
            E::Disconnect | E::HUP | E::SendError | E::RecvError => {
                (ClosedBy::Peer, Reason::HungUp)
            }
            other => (ClosedBy::Us, Reason::Protocol(Excerpt::new(other.to_string()))),
        };
        Self { by, reason }
    }
}

/// The one end of a connection: set once, awaited by many.
#[derive(Debug, Default)]
pub(crate) struct Ending {
    /// How it ended.
    closed: OnceLock<Closed>,
    /// Wakes those who wait for it.
    notify: Notify,
}

impl Ending {
    /// The first to say so decides.
    pub(crate) fn set(&self, closed: Closed) {
        if self.closed.set(closed).is_ok() {
            self.notify.notify_waiters();
        }
    }

    /// How it ended, if it has.
    pub(crate) fn get(&self) -> Option<Closed> {
        self.closed.get().cloned()
    }

    /// Waits for the end.
    pub(crate) async fn wait(&self) -> Closed {
        loop {
            let mut notified = pin!(self.notify.notified());
            notified.as_mut().enable();
            if let Some(closed) = self.get() {
                return closed;
            }
            notified.await;
        }
    }
}
