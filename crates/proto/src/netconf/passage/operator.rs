//! The operator's leg: messages taken off the stream, held until they are judged, passed on.
//!
//! ```text
//!  Greeting ─ hello ─▶ (both hellos known) ─▶ Held ─ whole │ long ─▶ Deciding ─ Allow ─▶ Streaming ─▶ (end)
//!                                              │ malformed               │ Refuse            │ malformed
//!                                              ▼                         ▼                   ▼
//!                                           Dropped ◀────────────────────┘                 Close
//! ```

use super::closed::{Closed, Reason};
use super::greeting::{self, DECLARATION};
use super::record::{Outcome, Record};
use super::request::{Malformed, Request};
use super::{Action, Passage, Verdict};
use crate::access;
use crate::netconf::framing::{Decoder, Encoder, Frame, Framing, FramingError};
use crate::netconf::hello::{self, Hello, HelloError};

/// The message that is coming in.
#[derive(Debug)]
enum Incoming {
    /// Nothing of it was passed on.
    Held(Box<Request>),
    /// The same, while it is judged.
    Deciding(Box<Request>),
    /// It may pass.
    Streaming(Box<Request>, Encoder),
    /// The rest of it is of no use.
    Dropped(Box<Dropped>),
}

/// A message that was refused before its end.
#[derive(Debug)]
pub(super) struct Dropped {
    /// What will be told of it, when it has ended.
    record: Record,
}

#[derive(Debug)]
enum State {
    Greeting(Box<hello::Reader>),
    Greeted(Hello),
}

/// The operator's leg.
#[derive(Debug)]
pub(super) struct OperatorLeg {
    state: State,
    decoder: Decoder,
    is_open: bool,
    incoming: Option<Incoming>,
    /// How many messages have begun.
    count: u64,
    /// What of a message came behind the point where it had to be judged.
    behind: Vec<u8>,
    /// What came behind that, framed.
    backlog: Vec<u8>,
    /// The stream has ended.
    has_ended: bool,
    /// The device says no more: whatever comes is dropped.
    is_deserted: bool,
}

impl Default for OperatorLeg {
    fn default() -> Self {
        Self {
            state: State::Greeting(Box::default()),
            decoder: Decoder::new(Framing::EndOfMessage, hello::LIMIT),
            is_open: false,
            incoming: None,
            count: 0,
            behind: Vec::new(),
            backlog: Vec::new(),
            has_ended: false,
            is_deserted: false,
        }
    }
}

impl OperatorLeg {
    pub(super) fn hello(&self) -> Option<&Hello> {
        match &self.state {
            State::Greeting(_) => None,
            State::Greeted(hello) => Some(hello),
        }
    }

    pub(super) fn open(&mut self, framing: Framing) {
        self.decoder = Decoder::new(framing, u64::MAX);
        self.is_open = true;
    }

    /// The device says no more.
    pub(super) fn desert(&mut self) {
        self.is_deserted = true;
        self.backlog = Vec::new();
        self.behind = Vec::new();
    }

    /// The message that was refused before its end, if there is one.
    pub(super) fn take_dropped(&mut self) -> Option<Record> {
        match self.incoming.take() {
            Some(Incoming::Dropped(dropped)) => Some(dropped.record),
            other => {
                self.incoming = other;
                None
            }
        }
    }
}

impl Passage {
    /// Whether there is any use in more bytes from the operator at this moment.
    ///
    /// Those that come nevertheless wait, as many as [`Limits::ahead`](super::Limits::ahead).
    #[must_use]
    pub fn wants_operator(&self) -> bool {
        let leg = &self.operator;
        let awaits_device = leg.hello().is_some() && !leg.is_open;
        let is_full = leg.incoming.is_none() && self.replies.len() >= self.limits.outstanding;
        let decides = matches!(leg.incoming, Some(Incoming::Deciding(_)));
        let is_over = self.is_closed || leg.is_deserted;
        !(is_over || awaits_device || is_full || decides)
    }

    /// Takes what came from the operator, whatever its cuts.
    pub fn handle_operator(&mut self, bytes: &[u8]) {
        if self.is_closed || self.operator.has_ended || self.operator.is_deserted {
            return;
        }
        if self.operator.backlog.is_empty() && self.operator.behind.is_empty() {
            let mut input = bytes;
            self.pump(&mut input);
            self.operator.backlog.extend_from_slice(input);
        } else {
            self.operator.backlog.extend_from_slice(bytes);
            self.resume_operator();
        }
        let limit = self.limits.ahead;
        if self.operator.backlog.len() > limit {
            self.close(Closed::by_operator(Reason::Ahead { limit }));
        }
    }

    /// The operator says no more.
    pub fn handle_operator_end(&mut self) {
        if !self.operator.has_ended {
            self.operator.has_ended = true;
            self.resume_operator();
        }
    }

    /// Takes what was decided about the operation that [`Action::Decide`] told of.
    pub fn handle_verdict(&mut self, verdict: Verdict) {
        let Some(Incoming::Deciding(request)) = self.operator.incoming.take() else {
            return;
        };
        let is_whole = request.operation().is_whole;
        let is_over = self.is_closed || self.operator.is_deserted;
        match verdict {
            _ if is_over => {
                self.ended(Record::of(request.operation(), request.bytes(), Outcome::NotSent));
            }
            Verdict::Allow => self.allow(request, is_whole),
            Verdict::Refuse(error) => {
                let tag = error.tag.as_str().to_owned();
                self.answer(request.attributes(), &error);
                let record = refused(&request, tag);
                match is_whole {
                    true => self.ended(record),
                    false => self.drop_rest(record),
                }
            }
        }
        self.resume_operator();
    }

    fn allow(&mut self, request: Box<Request>, is_whole: bool) {
        let Some(framing) = self.framing else {
            return;
        };
        let record = Record::of(request.operation(), request.bytes(), Outcome::Unknown);
        self.replies.add_sent(record);
        self.operator.incoming = Some(Incoming::Streaming(request, Encoder::new(framing)));
        self.stream(DECLARATION.to_vec());
        if is_whole {
            self.end_of_stream();
        }
    }

    /// Passes on what was written anew of the message, behind `head`.
    fn stream(&mut self, mut head: Vec<u8>) {
        let Some(Incoming::Streaming(request, encoder)) = &mut self.operator.incoming else {
            return;
        };
        head.extend_from_slice(&request.take_written());
        let mut out = Vec::new();
        match encoder.data(&head, &mut out) {
            Ok(()) => self.send_to_device(out),
            Err(error) => self.close(Closed::by_gateway(Reason::Framing(error))),
        }
    }

    /// The message that is passed on has ended.
    fn end_of_stream(&mut self) {
        let Some(Incoming::Streaming(mut request, mut encoder)) = self.operator.incoming.take()
        else {
            return;
        };
        if let Err(error) = request.finish() {
            return self.close_malformed(&request, error);
        }
        let mut out = Vec::new();
        match encoder.end(&mut out) {
            Ok(()) => self.send_to_device(out),
            Err(error) => self.close(Closed::by_gateway(Reason::Framing(error))),
        }
        self.replies.complete(request.operation(), request.bytes());
    }

    /// Goes on with what waits.
    pub(super) fn resume_operator(&mut self) {
        if !self.wants_operator() {
            return;
        }
        let behind = std::mem::take(&mut self.operator.behind);
        self.operator_data(&behind);
        let backlog = std::mem::take(&mut self.operator.backlog);
        let mut input = backlog.as_slice();
        self.pump(&mut input);
        self.operator.backlog = input.to_vec();
        let is_used_up = self.operator.backlog.is_empty() && self.operator.behind.is_empty();
        if self.operator.has_ended && is_used_up && self.wants_operator() {
            self.end_of_operator();
        }
    }

    fn pump(&mut self, input: &mut &[u8]) {
        while self.wants_operator() {
            match self.operator.decoder.next(input) {
                Ok(Some(Frame::Data(data))) => self.operator_data(data),
                Ok(Some(Frame::EndOfMessage)) => self.end_of_operator_message(),
                Ok(None) => return,
                Err(error) => self.close(Closed::by_operator(Reason::Framing(error))),
            }
        }
    }

    fn operator_data(&mut self, data: &[u8]) {
        if data.is_empty() {
            return;
        }
        if let State::Greeting(reader) = &mut self.operator.state {
            if let Err(error) = reader.data(data) {
                self.close(Closed::by_operator(Reason::Hello(error)));
            }
            return;
        }
        match &mut self.operator.incoming {
            None => {
                self.operator.count += 1;
                let request = Request::new(self.operator.count, self.limits.xml);
                self.operator.incoming = Some(Incoming::Held(Box::new(request)));
                self.hold(data);
            }
            Some(Incoming::Held(_)) => self.hold(data),
            Some(Incoming::Streaming(..)) => self.stream_data(data),
            Some(Incoming::Dropped(dropped)) => {
                let bytes = dropped.record.bytes_in.saturating_add(data.len() as u64);
                dropped.record.bytes_in = bytes;
                if bytes > self.limits.request {
                    self.close_too_long();
                }
            }
            Some(Incoming::Deciding(_)) => {}
        }
    }

    /// Takes a piece of a message that is passed on.
    fn stream_data(&mut self, data: &[u8]) {
        let Some(Incoming::Streaming(request, _)) = &mut self.operator.incoming else {
            return;
        };
        let room = self.limits.request.saturating_sub(request.bytes());
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        let (now, over) = data.split_at(room.min(data.len()));
        if let Err(error) = request.data(now) {
            if let Some(Incoming::Streaming(request, _)) = self.operator.incoming.take() {
                self.close_malformed(&request, error);
            }
        } else if over.is_empty() {
            self.stream(Vec::new());
        } else {
            self.close_too_long();
        }
    }

    fn close_too_long(&mut self) {
        let error = FramingError::TooLong { limit: self.limits.request };
        self.close(Closed::by_operator(Reason::Framing(error)));
    }

    /// Takes a piece of a message of which nothing was passed on.
    fn hold(&mut self, data: &[u8]) {
        let Some(Incoming::Held(request)) = &mut self.operator.incoming else {
            return;
        };
        let limit = self.limits.hold.min(self.limits.request);
        let room = usize::try_from(limit.saturating_sub(request.bytes())).unwrap_or(usize::MAX);
        let (now, behind) = data.split_at(room.min(data.len()));
        if let Err(error) = request.data(now) {
            self.refuse(&error);
            self.operator_data(behind);
        } else if !behind.is_empty() {
            if access::rpc::is_known_by_name(request.operation()) {
                self.operator.behind = behind.to_vec();
                self.decide();
            } else {
                self.refuse(&Malformed::TooBig { limit });
                self.operator_data(behind);
            }
        }
    }

    fn decide(&mut self) {
        if let Some(Incoming::Held(request)) = self.operator.incoming.take() {
            self.actions.push_back(Action::Decide(Box::new(request.operation().clone())));
            self.operator.incoming = Some(Incoming::Deciding(request));
        }
    }

    /// Answers a message that can't be passed on, and drops the rest of it.
    fn refuse(&mut self, error: &Malformed) {
        if let (Some(Incoming::Held(request)), Some(framing)) =
            (self.operator.incoming.take(), self.framing)
        {
            let answer = error.answer(framing);
            let tag = answer.tag.as_str().to_owned();
            self.answer(request.attributes(), &answer);
            self.drop_rest(refused(&request, tag));
        }
    }

    fn drop_rest(&mut self, record: Record) {
        self.operator.incoming = Some(Incoming::Dropped(Box::new(Dropped { record })));
    }

    /// The beginning of a message was passed on, but the rest can't be: the device must never see its end.
    fn close_malformed(&mut self, request: &Request, error: Malformed) {
        if let Some(framing) = self.framing {
            self.replies.withdraw(request.operation().number);
            let answer = error.answer(framing);
            let tag = answer.tag.as_str().to_owned();
            self.answer(request.attributes(), &answer);
            self.ended(refused(request, tag));
        }
        self.close(Closed::by_operator(Reason::Malformed(error)));
    }

    fn end_of_operator_message(&mut self) {
        if let State::Greeting(reader) = &mut self.operator.state {
            let read = std::mem::take(&mut **reader).finish();
            return self.end_of_operator_hello(read);
        }
        match &mut self.operator.incoming {
            Some(Incoming::Held(request)) if !request.has_begun() => self.operator.incoming = None,
            Some(Incoming::Held(request)) => match request.finish() {
                Ok(()) => self.decide(),
                Err(error) => {
                    self.refuse(&error);
                    self.end_of_dropped();
                }
            },
            Some(Incoming::Streaming(..)) => self.end_of_stream(),
            Some(Incoming::Dropped(_)) => self.end_of_dropped(),
            Some(Incoming::Deciding(_)) | None => {}
        }
    }

    fn end_of_dropped(&mut self) {
        if let Some(record) = self.operator.take_dropped() {
            self.ended(record);
        }
    }

    fn end_of_operator_hello(&mut self, read: Result<Hello, HelloError>) {
        let hello = match read.and_then(greeting::check) {
            Ok(hello) => hello,
            Err(error) => return self.close(Closed::by_operator(Reason::Hello(error))),
        };
        match greeting::compose(&hello) {
            Ok(out) => self.send_to_device(out),
            Err(error) => return self.close(Closed::by_gateway(Reason::Framing(error))),
        }
        self.operator.state = State::Greeted(hello);
        self.agree();
        self.resume_device();
    }

    /// The operator's stream has ended and all of it was dealt with.
    fn end_of_operator(&mut self) {
        match self.operator.incoming.take() {
            Some(Incoming::Streaming(..)) => {
                self.close(Closed::by_operator(Reason::CutShort));
            }
            other => {
                self.operator.incoming = other;
                self.end_of_dropped();
                self.actions.push_back(Action::EndToDevice);
            }
        }
    }
}

fn refused(request: &Request, tag: String) -> Record {
    Record::of(request.operation(), request.bytes(), Outcome::Refused { tag })
}
