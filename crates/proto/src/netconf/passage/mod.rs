//! What stands between an operator's NETCONF channel and the device's: every `<rpc>` is judged before
//! the device sees it, and every one is told of when it is over.
//!
//! ```text
//!             operator's leg                                        device's leg
//!   bytes ─▶ framing ─▶ Held ── whole, or known by its name ─▶ Decide ─ Allow ─▶ written anew ─▶ framing ─▶
//!                        │ malformed, too big                    │ Refuse
//!                        ▼                                       ▼
//!   ◀─ framing ◀── rpc-error, in its place in the order of replies          replies, as they come ◀─ framing
//! ```
//!
//! Both legs are framed by themselves, and what the device gets is composed here: its `<hello>` out of
//! the capabilities that the operator sent, each `<rpc>` out of the tokens that were judged. Whatever
//! the operator's bytes are, the device can read no other message in them than the one that was judged.
//!
//! An `<rpc>` is held until all of it is there or, if it is longer than [`Limits::hold`], until so much is;
//! then it streams. Replies are never held.
//!
//! Source: RFC 6241, sections 4, 7 and 8.1; RFC 6242, section 4.

mod canon;
mod closed;
mod device;
mod greeting;
mod operation;
mod operator;
mod record;
mod request;
#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a virtual clock starts somewhere")]
mod tests;

use std::collections::VecDeque;

use self::device::{DeviceLeg, Replies};
use self::operator::OperatorLeg;
use super::error::RpcError;
use super::framing::{Encoder, Framing};
use super::rpc::{REPLY_END, reply_start};
use super::scan;
use crate::access::Denied;

pub use self::closed::{By, Closed, Reason};
pub use self::operation::{Datastore, Operation};
pub use self::record::{Outcome, Record};
pub use self::request::{Malformed, read_operation};

/// What a passage accepts at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of an `<rpc>` that are held until it is judged.
    pub hold: u64,
    /// Bytes of one `<rpc>`.
    pub request: u64,
    /// RPCs whose reply has not ended; beyond them the operator is not read.
    pub outstanding: usize,
    /// Bytes of either end that wait for the other end's `<hello>`, a verdict or a reply.
    pub ahead: usize,
    /// What the XML of an `<rpc>` may be.
    pub xml: scan::Limits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            hold: 64 * 1024,
            request: 256 * 1024 * 1024,
            outstanding: 64,
            ahead: 1024 * 1024,
            xml: scan::Limits::default(),
        }
    }
}

/// How a passage behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settings {
    /// What it accepts at most.
    pub limits: Limits,
}

/// What was decided about an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may pass.
    Allow,
    /// It may not; the operator gets this answer.
    Refuse(RpcError),
}

impl From<Result<(), Denied>> for Verdict {
    fn from(asked: Result<(), Denied>) -> Self {
        match asked {
            Ok(()) => Self::Allow,
            Err(denied) => Self::Refuse(RpcError::access_denied(denied.to_string())),
        }
    }
}

/// What the shell must do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// Write these bytes to the device.
    ToDevice(Vec<u8>),
    /// Write these bytes to the operator.
    ToOperator(Vec<u8>),
    /// Decide about this operation; [`Passage::handle_verdict`] takes the answer. Nothing of the operator
    /// passes until then.
    Decide(Box<Operation>),
    /// One RPC is over.
    Ended(Box<Record>),
    /// The operator says no more: pass it on.
    EndToDevice,
    /// The device says no more: pass it on.
    EndToOperator,
    /// Close both channels, when all is written.
    Close(Closed),
}

/// One NETCONF channel from an operator to a device.
#[derive(Debug)]
pub struct Passage {
    limits: Limits,
    operator: OperatorLeg,
    device: DeviceLeg,
    /// How messages are framed on both legs, once both hellos are known.
    framing: Option<Framing>,
    replies: Replies,
    actions: VecDeque<Action>,
    is_closed: bool,
}

impl Passage {
    /// A passage before the hellos.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            limits: settings.limits,
            operator: OperatorLeg::default(),
            device: DeviceLeg::default(),
            framing: None,
            replies: Replies::default(),
            actions: VecDeque::new(),
            is_closed: false,
        }
    }

    /// What the shell must do next.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Whether it is over: whatever comes is dropped.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Both hellos may be known: agrees on the framing.
    fn agree(&mut self) {
        let (Some(operator), Some(device)) = (self.operator.hello(), self.device.hello()) else {
            return;
        };
        match operator.framing_with(device) {
            Ok(framing) => {
                self.framing = Some(framing);
                self.operator.open(framing);
                self.device.open(framing);
            }
            Err(error) => self.close(Closed::by_operator(Reason::Hello(error))),
        }
    }

    /// Puts the gateway's own answer in its place in the order of replies.
    fn answer(&mut self, attributes: &[(String, String)], error: &RpcError) {
        let Some(framing) = self.framing else {
            return;
        };
        let mut body = String::new();
        error.write(&mut body);
        let reply = [&reply_start(attributes), body.as_str(), REPLY_END].concat();
        let mut out = Vec::new();
        match Encoder::new(framing).message(reply.as_bytes(), &mut out) {
            Ok(()) => self.replies.add_answer(out),
            Err(error) => return self.close(Closed::by_gateway(Reason::Framing(error))),
        }
        self.send_answers();
    }

    /// Sends the answers whose turn it is.
    fn send_answers(&mut self) {
        if self.device.is_in_message() {
            return;
        }
        while let Some(answer) = self.replies.next_answer() {
            self.send_to_operator(answer);
        }
    }

    fn send_to_device(&mut self, bytes: Vec<u8>) {
        match self.actions.back_mut() {
            _ if bytes.is_empty() => {}
            Some(Action::ToDevice(last)) => last.extend_from_slice(&bytes),
            _ => self.actions.push_back(Action::ToDevice(bytes)),
        }
    }

    fn send_to_operator(&mut self, bytes: Vec<u8>) {
        match self.actions.back_mut() {
            _ if bytes.is_empty() => {}
            Some(Action::ToOperator(last)) => last.extend_from_slice(&bytes),
            _ => self.actions.push_back(Action::ToOperator(bytes)),
        }
    }

    fn ended(&mut self, record: Record) {
        self.actions.push_back(Action::Ended(Box::new(record)));
    }

    /// What is outstanding won't be answered any more.
    fn give_up(&mut self) {
        if let Some(record) = self.operator.take_dropped() {
            self.ended(record);
        }
        for record in self.replies.take_all() {
            self.ended(record);
        }
    }

    fn close(&mut self, closed: Closed) {
        if !self.is_closed {
            self.is_closed = true;
            self.give_up();
            self.actions.push_back(Action::Close(closed));
        }
    }
}
