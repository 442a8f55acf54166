//! The server's session: hellos, then requests, each answered before the next is handed out.
//!
//! ```text
//!            hello          rpc                  answer
//!  Greeting ──────▶ Open ─────────▶ (shell) ─────────────▶ Open …
//!     │ timeout       │ close-session answered, end of stream, kill
//!     └───────────────┴──▶ Closed
//! ```
//!
//! A message that is no proper `<rpc>` is answered here; the shell gets only what can be carried out.
//!
//! Source: RFC 6241, sections 4, 7.8 and 8.1; RFC 6242, section 4.1.

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a virtual clock starts somewhere")]
mod tests;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::capability::Capabilities;
use super::element::Builder;
use super::error::{ErrorTag, ErrorType, RpcError};
use super::framing::{Decoder, Encoder, Frame, Framing, FramingError};
use super::hello::{self, Hello, HelloError};
use super::rpc::{REPLY_END, Rpc, reply_start};
use super::scan::{Limits, XmlError};
use super::session::{Closed, Reason};

/// How a server's session behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What the server says of itself.
    pub hello: Hello,
    /// How long the client's `<hello>` may take.
    pub hello_timeout: Duration,
    /// How long a request may take to come, from its first byte to its last.
    pub request_timeout: Duration,
    /// The most bytes of one request.
    pub request_limit: u64,
    /// The most elements of one request.
    pub element_limit: usize,
}

impl Settings {
    /// The usual limits.
    pub fn new(capabilities: Capabilities, session_id: u32) -> Self {
        Self {
            hello: Hello { capabilities, session_id: Some(session_id) },
            hello_timeout: Duration::from_secs(60),
            request_timeout: Duration::from_secs(600),
            request_limit: 4 * 1024 * 1024,
            element_limit: 50_000,
        }
    }
}

/// What the shell must do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// Write these bytes.
    Send(Vec<u8>),
    /// Close the stream, when all is written; the session is over.
    Close(Closed),
}

#[derive(Debug)]
enum State {
    Greeting { reader: Box<hello::Reader>, deadline: Instant },
    Open,
    Closed,
}

/// The request that is coming in.
#[derive(Debug)]
enum Incoming {
    Building(Box<Builder>),
    Malformed(XmlError),
}

/// A server's session.
#[derive(Debug)]
pub struct Session {
    settings: Settings,
    state: State,
    framing: Framing,
    decoder: Decoder,
    incoming: Option<Incoming>,
    /// When what is coming in must be there.
    deadline: Option<Instant>,
    actions: VecDeque<Action>,
}

impl Session {
    /// A session at its beginning; the first action sends our `<hello>`.
    pub fn new(settings: Settings, now: Instant) -> Self {
        let framing = Framing::EndOfMessage;
        let deadline = now + settings.hello_timeout;
        let greeting = settings.hello.compose();
        let mut session = Self {
            settings,
            state: State::Greeting { reader: Box::default(), deadline },
            framing,
            decoder: Decoder::new(framing, hello::LIMIT),
            incoming: None,
            deadline: None,
            actions: VecDeque::new(),
        };
        session.send(greeting.as_bytes());
        session
    }

    /// Takes bytes off the front of `input` until a request is complete; `None` when all are used up.
    pub fn handle_data(&mut self, input: &mut &[u8], now: Instant) -> Option<Rpc> {
        let rpc = self.read(input);
        if rpc.is_some() || !self.is_in_request() {
            self.deadline = None;
        } else if matches!(self.state, State::Open) && self.deadline.is_none() {
            self.deadline = Some(now + self.settings.request_timeout);
        }
        rpc
    }

    fn read(&mut self, input: &mut &[u8]) -> Option<Rpc> {
        while !self.is_closed() {
            match self.decoder.next(input) {
                Ok(Some(Frame::Data(data))) => self.data(data),
                Ok(Some(Frame::EndOfMessage)) => {
                    if let Some(rpc) = self.end_of_message() {
                        return Some(rpc);
                    }
                }
                Ok(None) => return None,
                Err(error) => self.refuse_frame(error),
            }
        }
        *input = &[];
        None
    }

    fn data(&mut self, data: &[u8]) {
        if let State::Greeting { reader, .. } = &mut self.state {
            if let Err(error) = reader.data(data) {
                self.close(Closed::by_us(Reason::Hello(error)));
            }
            return;
        }
        let most = self.settings.element_limit;
        let incoming = self.incoming.get_or_insert_with(|| {
            Incoming::Building(Box::new(Builder::new(Limits::default(), most)))
        });
        if let Incoming::Building(builder) = incoming
            && let Err(error) = builder.data(data)
        {
            *incoming = Incoming::Malformed(error);
        }
    }

    fn end_of_message(&mut self) -> Option<Rpc> {
        self.deadline = None;
        if let State::Greeting { reader, .. } = &mut self.state {
            let read = std::mem::take(&mut **reader).finish();
            match read.and_then(|hello| self.settings.agree(&hello)) {
                Ok(framing) => {
                    self.framing = framing;
                    self.decoder = Decoder::new(framing, self.settings.request_limit);
                    self.state = State::Open;
                }
                Err(error) => self.close(Closed::by_us(Reason::Hello(error))),
            }
            return None;
        }
        let root = match self.incoming.take()? {
            Incoming::Building(builder) if !builder.has_begun() => return None,
            Incoming::Building(builder) => builder.finish(),
            Incoming::Malformed(error) => Err(error),
        };
        match root.map(Rpc::from_element) {
            Ok(Ok(rpc)) => return Some(rpc),
            Ok(Err(refused)) => self.answer_error(&refused.attributes, &refused.error),
            Err(error) => {
                let error = self.malformed(error);
                self.answer_error(&[], &error);
            }
        }
        None
    }

    /// What to say of a message that can't be read; `malformed-message` is unknown to base:1.0.
    fn malformed(&self, error: XmlError) -> RpcError {
        let tag = match (error, self.framing) {
            (XmlError::Elements { .. }, _) => ErrorTag::TooBig,
            (_, Framing::Chunked) => ErrorTag::MalformedMessage,
            (_, Framing::EndOfMessage) => ErrorTag::OperationFailed,
        };
        RpcError::new(ErrorType::Rpc, tag, error.to_string())
    }

    fn refuse_frame(&mut self, error: FramingError) {
        if matches!((&self.state, error), (State::Open, FramingError::TooLong { .. })) {
            let error = RpcError::new(ErrorType::Rpc, ErrorTag::TooBig, error.to_string());
            self.answer_error(&[], &error);
        }
        self.close(Closed::by_us(Reason::Framing(error)));
    }

    /// Answers a request with what goes inside `<rpc-reply>`.
    pub fn answer(&mut self, attributes: &[(String, String)], body: &str) {
        if self.is_closed() {
            return;
        }
        let reply = [&reply_start(attributes), body, REPLY_END].concat();
        self.send(reply.as_bytes());
    }

    /// Answers a request with an `<rpc-error>`.
    pub fn answer_error(&mut self, attributes: &[(String, String)], error: &RpcError) {
        let mut body = String::new();
        error.write(&mut body);
        self.answer(attributes, &body);
    }

    /// Sends a message that answers nothing: a `<notification>`.
    pub fn notify(&mut self, message: &str) {
        if matches!(self.state, State::Open) {
            self.send(message.as_bytes());
        }
    }

    fn send(&mut self, message: &[u8]) {
        let mut out = Vec::new();
        match Encoder::new(self.framing).message(message, &mut out) {
            Ok(()) => self.actions.push_back(Action::Send(out)),
            Err(error) => self.close(Closed::by_us(Reason::Framing(error))),
        }
    }

    /// The client's `<close-session>` was answered.
    pub fn handle_close_session(&mut self) {
        self.close(Closed::by_peer(Reason::CloseSession));
    }

    /// The session must end here, for this reason.
    pub fn handle_stop(&mut self, reason: Reason) {
        self.close(Closed::by_us(reason));
    }

    /// The stream has ended, or can't be read or written any more.
    pub fn handle_end_of_stream(&mut self) {
        let quiet = matches!(self.state, State::Open) && self.decoder.is_between_messages();
        let reason = if quiet { Reason::EndOfStream } else { Reason::CutShort };
        self.close(Closed::by_peer(reason));
    }

    /// A deadline has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_some_and(|deadline| now >= deadline) {
            let is_open = matches!(self.state, State::Open);
            let reason = if is_open { Reason::RequestTimeout } else { Reason::HelloTimeout };
            self.close(Closed::by_us(reason));
        }
    }

    /// What the shell must do next.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Greeting { deadline, .. } => Some(deadline),
            State::Open => self.deadline,
            State::Closed => None,
        }
    }

    /// Whether a request has begun and not ended.
    pub fn is_in_request(&self) -> bool {
        self.incoming.is_some() || !self.decoder.is_between_messages()
    }

    /// Whether the session is over.
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    fn close(&mut self, closed: Closed) {
        if !self.is_closed() {
            self.state = State::Closed;
            self.incoming = None;
            self.actions.push_back(Action::Close(closed));
        }
    }
}

impl Settings {
    fn agree(&self, client: &Hello) -> Result<Framing, HelloError> {
        match client.session_id {
            Some(_) => Err(HelloError::SessionIdOfClient),
            None => self.hello.framing_with(client),
        }
    }
}
