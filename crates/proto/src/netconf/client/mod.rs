//! The client's session: hellos, then one request after the other, each with its reply.
//!
//! ```text
//!            hello        request        end of reply
//!  Greeting ──────▶ Idle ────────▶ Busy ──────────────▶ Idle …
//!     │               │             │ deadline: given up, its reply is still read and dropped
//!     │               │ close       │ no end for `overdue` after that: Closed
//!     │               ▼             ▼
//!     └───────────▶ Closing ─(reply │ end of stream │ timeout)─▶ Closed
//! ```
//!
//! One request is on the wire at a time, so that when the device is lost the outcome of one request at
//! most is unknown: the others were never sent. Reply bytes pass through, a message is never held.
//!
//! Source: RFC 6241, sections 4 and 8.1; RFC 6242, section 4.1.

mod requests;
#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a virtual clock starts somewhere")]
mod tests;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::capability::Capabilities;
use super::framing::{Decoder, Encoder, Frame, Framing, FramingError};
use super::hello::{self, Hello};
use super::reply::{self, Root, Summary};
use super::session::{Closed, Reason};

use self::requests::Requests;
pub use self::requests::{GivenUp, QueueFull, RequestId, Why};

/// How a client's session behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How long the server's `<hello>` may take.
    pub hello_timeout: Duration,
    /// How long `<close-session>` may take.
    pub close_timeout: Duration,
    /// How long a reply that was given up may go without a byte before the session is lost.
    pub overdue: Duration,
    /// The most requests that wait behind the one on the wire.
    pub queue: usize,
    /// The most bytes of one reply.
    pub reply_limit: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            hello_timeout: Duration::from_secs(30),
            close_timeout: Duration::from_secs(5),
            overdue: Duration::from_secs(60),
            queue: 64,
            reply_limit: u64::MAX,
        }
    }
}

/// What came from the server.
#[derive(Debug)]
pub enum Received<'a> {
    /// Its `<hello>`: the session stands.
    Hello(Hello),
    /// A piece of the reply to this request.
    Reply(RequestId, &'a [u8]),
    /// The reply is complete.
    ReplyEnd(RequestId, Summary),
}

/// What the shell must do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// Write these bytes.
    Send(Vec<u8>),
    /// Tell the caller of this request that it won't be answered.
    GiveUp(GivenUp),
    /// Close the stream; the session is over.
    Close(Closed),
}

#[derive(Debug)]
enum State {
    Greeting { reader: Box<hello::Reader>, deadline: Instant },
    Open,
    Closing { deadline: Instant },
    Closed,
}

/// A client's session.
#[derive(Debug)]
pub struct Session {
    settings: Settings,
    state: State,
    framing: Framing,
    decoder: Decoder,
    /// The message that is coming in.
    reader: Option<Box<reply::Reader>>,
    requests: Requests,
    actions: VecDeque<Action>,
}

/// What we say of ourselves.
fn our_hello() -> Hello {
    let capabilities: Capabilities =
        ["urn:ietf:params:netconf:base:1.0", "urn:ietf:params:netconf:base:1.1"]
            .into_iter()
            .collect();
    Hello { capabilities, session_id: None }
}

impl Session {
    /// A session at its beginning; the first action sends our `<hello>`.
    pub fn new(settings: Settings, now: Instant) -> Self {
        let mut out = Vec::new();
        let deadline = now + settings.hello_timeout;
        let framing = Framing::EndOfMessage;
        let mut session = Self {
            settings,
            state: State::Greeting { reader: Box::default(), deadline },
            framing,
            decoder: Decoder::new(framing, hello::LIMIT),
            reader: None,
            requests: Requests::default(),
            actions: VecDeque::new(),
        };
        match Encoder::new(framing).message(our_hello().compose().as_bytes(), &mut out) {
            Ok(()) => session.actions.push_back(Action::Send(out)),
            Err(error) => session.close(Closed::by_us(Reason::Framing(error))),
        }
        session
    }

    /// Takes what came from the server, whatever its cuts, and says what it was.
    pub fn handle_data(
        &mut self,
        mut bytes: &[u8],
        now: Instant,
        receive: &mut dyn FnMut(Received<'_>),
    ) {
        if self.is_closed() || bytes.is_empty() {
            return;
        }
        self.requests.handle_sign_of_life(now, self.settings.overdue);
        while !self.is_closed() {
            match self.decoder.next(&mut bytes) {
                Ok(Some(Frame::Data(data))) => self.data(data, receive),
                Ok(Some(Frame::EndOfMessage)) => self.end_of_message(receive),
                Ok(None) => return,
                Err(error) => self.close(Closed::by_us(Reason::Framing(error))),
            }
        }
    }

    fn data(&mut self, mut data: &[u8], receive: &mut dyn FnMut(Received<'_>)) {
        if let State::Greeting { reader, .. } = &mut self.state {
            if let Err(error) = reader.data(data) {
                self.close(Closed::by_us(Reason::Hello(error)));
            }
            return;
        }
        let reader = self.reader.get_or_insert_default();
        while let Some(piece) = reader.next(&mut data) {
            if let Some(id) = self.requests.on_the_wire() {
                receive(Received::Reply(id, piece));
            }
        }
        if !self.requests.is_answered_by(reader.summary()) {
            self.close(Closed::by_us(Reason::OutOfStep));
        }
    }

    fn end_of_message(&mut self, receive: &mut dyn FnMut(Received<'_>)) {
        if let State::Greeting { reader, .. } = &mut self.state {
            let read = std::mem::take(&mut **reader).finish();
            let agreed = read.and_then(|hello| Ok((our_hello().framing_with(&hello)?, hello)));
            match agreed {
                Ok((framing, hello)) => {
                    self.framing = framing;
                    self.decoder = Decoder::new(framing, self.settings.reply_limit);
                    self.state = State::Open;
                    receive(Received::Hello(hello));
                    self.send_next();
                }
                Err(error) => self.close(Closed::by_us(Reason::Hello(error))),
            }
            return;
        }
        let Some(reader) = self.reader.take() else {
            return;
        };
        let summary = reader.finish();
        if summary.root == Some(Root::Notification) {
            return;
        }
        let Some(id) = self.requests.handle_answered() else {
            return;
        };
        if matches!(self.state, State::Closing { .. }) && self.requests.closing() == Some(id) {
            self.close(Closed::by_us(Reason::CloseSession));
            return;
        }
        receive(Received::ReplyEnd(id, summary));
        self.send_next();
    }

    /// Takes a request, whole as it goes inside the framing; it is sent when its turn comes.
    ///
    /// `compose` is given the message-id and gives the message.
    ///
    /// # Errors
    /// [`QueueFull`].
    pub fn handle_request(
        &mut self,
        compose: impl FnOnce(&str) -> Vec<u8>,
        deadline: Instant,
    ) -> Result<RequestId, QueueFull> {
        let limit = self.settings.queue;
        let id = self.requests.add(compose, deadline, limit)?;
        match self.state {
            State::Greeting { .. } => {}
            State::Open => self.send_next(),
            State::Closing { .. } | State::Closed => {
                let given_up = self.requests.give_up_waiting(Why::SessionClosed);
                self.actions.extend(given_up.map(Action::GiveUp));
            }
        }
        Ok(id)
    }

    /// Nobody waits for this request any more: it is not sent if it was not yet. Whether it was not.
    pub fn handle_cancelled(&mut self, id: RequestId) -> bool {
        self.requests.cancel(id)
    }

    /// Begins to close the session: what waits is given up, what is on the wire may end.
    pub fn handle_close(&mut self, now: Instant) {
        let deadline = now + self.settings.close_timeout;
        match self.state {
            State::Greeting { .. } => self.close(Closed::by_us(Reason::Stopped)),
            State::Open => {
                self.state = State::Closing { deadline };
                let given_up = self.requests.give_up_waiting(Why::SessionClosed);
                self.actions.extend(given_up.map(Action::GiveUp));
                self.requests.add_closing(deadline);
                self.send_next();
            }
            State::Closing { .. } | State::Closed => {}
        }
    }

    /// The stream has ended, or can't be read or written any more.
    pub fn handle_end_of_stream(&mut self) {
        if self.is_closed() {
            return;
        }
        let asked_for = matches!(self.state, State::Closing { .. });
        let quiet = self.decoder.is_between_messages() && self.requests.on_the_wire().is_none();
        self.close(match (asked_for, quiet && matches!(self.state, State::Open)) {
            (true, _) => Closed::by_us(Reason::CloseSession),
            (false, true) => Closed::by_peer(Reason::EndOfStream),
            (false, false) => Closed::by_peer(Reason::CutShort),
        });
    }

    /// A deadline has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        match self.state {
            State::Greeting { deadline, .. } if now >= deadline => {
                self.close(Closed::by_us(Reason::HelloTimeout));
            }
            State::Closing { deadline } if now >= deadline => {
                self.close(Closed::by_us(Reason::Stopped));
            }
            State::Closed => {}
            _ => {
                let given_up = self.requests.give_up_late(now, self.settings.overdue);
                self.actions.extend(given_up.into_iter().map(Action::GiveUp));
                if self.requests.is_overdue(now) {
                    self.close(Closed::by_us(Reason::ReplyOverdue));
                }
            }
        }
    }

    /// What the shell must do next.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let own = match self.state {
            State::Greeting { deadline, .. } | State::Closing { deadline } => Some(deadline),
            State::Open => None,
            State::Closed => return None,
        };
        own.into_iter().chain(self.requests.next_deadline()).min()
    }

    /// Whether the session is over.
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    fn send_next(&mut self) {
        let mut out = Vec::new();
        while let Some(message) = self.requests.put_next_on_the_wire() {
            match Encoder::new(self.framing).message(&message, &mut out) {
                Ok(()) => {
                    self.actions.push_back(Action::Send(out));
                    return;
                }
                Err(error) => self.unsendable(error),
            }
        }
    }

    fn unsendable(&mut self, error: FramingError) {
        if let Some(id) = self.requests.handle_answered() {
            let given_up = GivenUp { id, sent: false, why: Why::Unsendable(error) };
            self.actions.push_back(Action::GiveUp(given_up));
        }
    }

    fn close(&mut self, closed: Closed) {
        self.state = State::Closed;
        self.reader = None;
        let given_up = self.requests.give_up_all();
        self.actions.extend(given_up.into_iter().map(Action::GiveUp));
        self.actions.push_back(Action::Close(closed));
    }
}
