//! The device's leg: replies, as they come, and their order.
//!
//! ```text
//!   outstanding   sent 7 │ sent 8 │ answer to 9 │ sent 10
//!                   └ the reply that is coming in     └ the answer goes out when 8 is answered
//! ```
//!
//! Source: RFC 6241, section 4.5 (replies come in the order of requests); RFC 5277 (notifications don't).

use std::collections::VecDeque;

use super::closed::{Closed, Reason};
use super::operation::Operation;
use super::record::{Outcome, Record};
use super::{Action, Passage};
use crate::netconf::framing::{Decoder, Encoder, Frame, Framing};
use crate::netconf::hello::{self, Hello, HelloError};
use crate::netconf::reply::{self, Root, Summary};

#[derive(Debug)]
enum Slot {
    /// It went to the device.
    Sent(Box<Record>),
    /// The gateway's own answer, framed.
    Answer(Vec<u8>),
}

/// What has not been answered yet, in the order of the requests.
#[derive(Debug, Default)]
pub(super) struct Replies(VecDeque<Slot>);

impl Replies {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn add_sent(&mut self, record: Record) {
        self.0.push_back(Slot::Sent(Box::new(record)));
    }

    pub(super) fn add_answer(&mut self, answer: Vec<u8>) {
        self.0.push_back(Slot::Answer(answer));
    }

    /// The answer whose turn it is.
    pub(super) fn next_answer(&mut self) -> Option<Vec<u8>> {
        match self.0.pop_front()? {
            Slot::Answer(answer) => Some(answer),
            sent @ Slot::Sent(_) => {
                self.0.push_front(sent);
                None
            }
        }
    }

    /// All of a request is known that was sent while it came in.
    pub(super) fn complete(&mut self, operation: &Operation, bytes_in: u64) {
        let sent = self.0.iter_mut().rev().find_map(|slot| match slot {
            Slot::Sent(record) if record.number == operation.number => Some(record),
            _ => None,
        });
        if let Some(record) = sent {
            **record = Record::of(operation, bytes_in, Outcome::Unknown);
        }
    }

    /// A request was not sent to its end.
    pub(super) fn withdraw(&mut self, number: u64) {
        self.0.retain(|slot| !matches!(slot, Slot::Sent(record) if record.number == number));
    }

    /// What a reply answers: the request with its message-id, or else the oldest.
    fn answered_by(&mut self, summary: &Summary) -> Option<Record> {
        let is_it = |slot: &Slot| {
            matches!(slot, Slot::Sent(record)
                if record.message_id.is_some() && record.message_id == summary.message_id)
        };
        let is_sent = |slot: &Slot| matches!(slot, Slot::Sent(_));
        let place = self.0.iter().position(is_it).or_else(|| self.0.iter().position(is_sent))?;
        match self.0.remove(place)? {
            Slot::Sent(record) => Some(*record),
            Slot::Answer(_) => None,
        }
    }

    /// What was sent and not answered; the rest is forgotten.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = Record> + use<> {
        std::mem::take(&mut self.0).into_iter().filter_map(|slot| match slot {
            Slot::Sent(record) => Some(*record),
            Slot::Answer(_) => None,
        })
    }
}

#[derive(Debug)]
enum State {
    Greeting(Box<hello::Reader>),
    Greeted(Hello),
}

/// The device's leg.
#[derive(Debug)]
pub(super) struct DeviceLeg {
    state: State,
    decoder: Decoder,
    is_open: bool,
    /// Frames the message that is coming in, for the operator.
    encoder: Option<Encoder>,
    /// Observes it; none in a `<hello>`.
    reader: Option<Box<reply::Reader>>,
    bytes: u64,
    framing: Framing,
    /// What came before the operator's `<hello>`.
    backlog: Vec<u8>,
    has_ended: bool,
}

impl Default for DeviceLeg {
    fn default() -> Self {
        let framing = Framing::EndOfMessage;
        Self {
            state: State::Greeting(Box::default()),
            decoder: Decoder::new(framing, hello::LIMIT),
            is_open: false,
            encoder: None,
            reader: None,
            bytes: 0,
            framing,
            backlog: Vec::new(),
            has_ended: false,
        }
    }
}

impl DeviceLeg {
    pub(super) fn hello(&self) -> Option<&Hello> {
        match &self.state {
            State::Greeting(_) => None,
            State::Greeted(hello) => Some(hello),
        }
    }

    pub(super) fn open(&mut self, framing: Framing) {
        self.framing = framing;
        self.decoder = Decoder::new(framing, u64::MAX);
        self.is_open = true;
    }

    /// Whether the operator has got a message of the device in part.
    pub(super) fn is_in_message(&self) -> bool {
        self.encoder.is_some()
    }
}

impl Passage {
    /// Takes what came from the device, whatever its cuts.
    pub fn handle_device(&mut self, bytes: &[u8]) {
        if self.is_closed || self.device.has_ended {
            return;
        }
        let mut input = bytes;
        if self.device.backlog.is_empty() {
            self.read_device(&mut input);
        }
        self.device.backlog.extend_from_slice(input);
        let limit = self.limits.ahead;
        if self.device.backlog.len() > limit {
            self.close(Closed::by_device(Reason::Ahead { limit }));
        }
    }

    /// The device says no more: what is outstanding won't be answered.
    pub fn handle_device_end(&mut self) {
        if self.is_closed || self.device.has_ended {
            return;
        }
        self.device.has_ended = true;
        self.operator.desert();
        self.give_up();
        self.actions.push_back(Action::EndToOperator);
    }

    /// Goes on with what waited for the operator's `<hello>`.
    pub(super) fn resume_device(&mut self) {
        let backlog = std::mem::take(&mut self.device.backlog);
        let mut input = backlog.as_slice();
        self.read_device(&mut input);
    }

    fn read_device(&mut self, input: &mut &[u8]) {
        while !self.is_closed && (self.device.is_open || self.device.hello().is_none()) {
            match self.device.decoder.next(input) {
                Ok(Some(Frame::Data(data))) => self.device_data(data),
                Ok(Some(Frame::EndOfMessage)) => self.end_of_device_message(),
                Ok(None) => return,
                Err(error) => self.close(Closed::by_device(Reason::Framing(error))),
            }
        }
    }

    fn device_data(&mut self, data: &[u8]) {
        let leg = &mut self.device;
        let framing = leg.framing;
        let mut out = Vec::new();
        let encoder = leg.encoder.get_or_insert_with(|| Encoder::new(framing));
        let framed = encoder.data(data, &mut out);
        leg.bytes = leg.bytes.saturating_add(data.len() as u64);
        let read = match &mut leg.state {
            State::Greeting(reader) => reader.data(data),
            State::Greeted(_) => {
                let reader = leg.reader.get_or_insert_default();
                let mut input = data;
                while reader.next(&mut input).is_some() {}
                Ok(())
            }
        };
        match (framed, read) {
            (Err(error), _) => self.close(Closed::by_device(Reason::Framing(error))),
            (_, Err(error)) => self.close(Closed::by_device(Reason::Hello(error))),
            (Ok(()), Ok(())) => self.send_to_operator(out),
        }
    }

    fn end_of_device_message(&mut self) {
        let bytes = std::mem::take(&mut self.device.bytes);
        let mut out = Vec::new();
        if let Some(mut encoder) = self.device.encoder.take()
            && let Err(error) = encoder.end(&mut out)
        {
            return self.close(Closed::by_device(Reason::Framing(error)));
        }
        self.send_to_operator(out);
        if let State::Greeting(reader) = &mut self.device.state {
            let read = std::mem::take(&mut **reader).finish();
            return self.end_of_device_hello(read);
        }
        if let Some(reader) = self.device.reader.take() {
            self.end_of_reply(&reader.finish(), bytes);
        }
        self.send_answers();
        self.resume_operator();
    }

    fn end_of_device_hello(&mut self, read: Result<Hello, HelloError>) {
        match read {
            Ok(hello) => {
                self.device.state = State::Greeted(hello);
                self.agree();
                self.resume_operator();
            }
            Err(error) => self.close(Closed::by_device(Reason::Hello(error))),
        }
    }

    fn end_of_reply(&mut self, summary: &Summary, bytes: u64) {
        if summary.root == Some(Root::Notification) {
            return;
        }
        if let Some(record) = self.replies.answered_by(summary) {
            let outcome = Outcome::of_reply(summary);
            self.ended(Record { bytes_out: bytes, outcome, ..record });
        }
    }
}
