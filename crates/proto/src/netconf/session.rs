//! What both ends of a session have in common: how it ends.
//!
//! Source: RFC 6241, sections 7.8 and 8.1; RFC 6242, section 4.

use std::fmt;

use super::framing::FramingError;
use super::hello::HelloError;
use crate::fault::Fault;

/// Which end brought a session to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosedBy {
    /// This end.
    Us,
    /// The other end.
    Peer,
}

/// The end of a session; not an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed {
    /// Who ended it.
    pub by: ClosedBy,
    /// Why.
    pub reason: Reason,
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// `<close-session>`.
    CloseSession,
    /// `<kill-session>` from another session.
    Killed,
    /// This end asked for it, without waiting for the peer.
    Stopped,
    /// The stream ended between two messages.
    EndOfStream,
    /// The stream ended inside a message, or while an answer was due.
    CutShort,
    /// No `<hello>` in time.
    HelloTimeout,
    /// A request did not come to its end in time.
    RequestTimeout,
    /// A `<hello>` that can't begin a session.
    Hello(HelloError),
    /// The stream can't be cut into messages.
    Framing(FramingError),
    /// A reply came that answers another request than the one outstanding.
    OutOfStep,
    /// A reply that nobody waits for any more didn't come to its end in time.
    ReplyOverdue,
}

impl Closed {
    /// Ended by this end.
    pub fn by_us(reason: Reason) -> Self {
        Self { by: ClosedBy::Us, reason }
    }

    /// Ended by the other end.
    pub fn by_peer(reason: Reason) -> Self {
        Self { by: ClosedBy::Peer, reason }
    }

    /// The stable name of this end.
    pub fn code(&self) -> &'static str {
        match self.reason {
            Reason::CloseSession => "netconf-close-session",
            Reason::Killed => "netconf-killed",
            Reason::Stopped => "netconf-stopped",
            Reason::EndOfStream => "netconf-end-of-stream",
            Reason::CutShort => "netconf-cut-short",
            Reason::HelloTimeout => "netconf-hello-timeout",
            Reason::RequestTimeout => "netconf-request-timeout",
            Reason::Hello(error) => error.code(),
            Reason::Framing(error) => error.code(),
            Reason::OutOfStep => "netconf-out-of-step",
            Reason::ReplyOverdue => "netconf-reply-overdue",
        }
    }

    /// Who must act, if anybody.
    pub fn fault(&self) -> Fault {
        match self.reason {
            Reason::CloseSession | Reason::Killed => Fault::Operator,
            Reason::Stopped => Fault::Local,
            Reason::EndOfStream | Reason::CutShort => Fault::Network,
            Reason::Framing(error) => error.fault(),
            Reason::Hello(_)
            | Reason::HelloTimeout
            | Reason::RequestTimeout
            | Reason::OutOfStep
            | Reason::ReplyOverdue => Fault::Peer,
        }
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            Reason::CloseSession => f.write_str("the session was closed with close-session"),
            Reason::Killed => f.write_str("the session was killed by another one"),
            Reason::Stopped => f.write_str("the session was stopped here"),
            Reason::EndOfStream => f.write_str("the other end closed the stream"),
            Reason::CutShort => f.write_str("the stream ended in the middle of an exchange"),
            Reason::HelloTimeout => f.write_str("no hello came in time"),
            Reason::RequestTimeout => f.write_str("a request did not come to its end in time"),
            Reason::Hello(error) => error.fmt(f),
            Reason::Framing(error) => error.fmt(f),
            Reason::OutOfStep => f.write_str("a reply came that answers another request"),
            Reason::ReplyOverdue => f.write_str("a reply did not come to its end in time"),
        }
    }
}
