//! The requests of a session: those that wait, and the one on the wire.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::fault::Fault;
use crate::netconf::framing::FramingError;
use crate::netconf::reply::{Root, Summary};
use crate::netconf::rpc::Operation;

/// A request of one session; its message-id is this number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(u64);

impl RequestId {
    /// The message-id.
    pub fn number(self) -> u64 {
        self.0
    }
}

/// As many requests wait as may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{limit} requests are waiting for this device already")]
pub struct QueueFull {
    /// The most that may wait.
    pub limit: usize,
}

impl QueueFull {
    /// The stable name of this error.
    pub fn code(self) -> &'static str {
        "netconf-queue-full"
    }

    /// Who must act.
    pub fn fault(self) -> Fault {
        Fault::Operator
    }
}

/// A request that won't be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GivenUp {
    /// Which.
    pub id: RequestId,
    /// Whether it was on the wire: if so, nobody knows whether it was carried out.
    pub sent: bool,
    /// Why.
    pub why: Why,
}

/// Why a request is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Its deadline has passed.
    Deadline,
    /// The session is closing or closed.
    SessionClosed,
    /// It can't be framed.
    Unsendable(FramingError),
}

#[derive(Debug)]
struct Waiting {
    id: RequestId,
    message_id: String,
    message: Vec<u8>,
    deadline: Instant,
}

#[derive(Debug)]
struct OnTheWire {
    id: RequestId,
    message_id: String,
    /// Until when its caller waits; none once it was given up.
    deadline: Option<Instant>,
    /// Once given up: until when it may go without a byte.
    overdue: Option<Instant>,
}

/// All requests of a session, in their order.
#[derive(Debug, Default)]
pub(super) struct Requests {
    last_id: u64,
    waiting: VecDeque<Waiting>,
    on_the_wire: Option<OnTheWire>,
    closing: Option<RequestId>,
}

impl Requests {
    pub(super) fn add(
        &mut self,
        compose: impl FnOnce(&str) -> Vec<u8>,
        deadline: Instant,
        limit: usize,
    ) -> Result<RequestId, QueueFull> {
        if self.waiting.len() >= limit {
            return Err(QueueFull { limit });
        }
        self.last_id += 1;
        let id = RequestId(self.last_id);
        let message_id = self.last_id.to_string();
        let message = compose(&message_id);
        self.waiting.push_back(Waiting { id, message_id, message, deadline });
        Ok(id)
    }

    /// Adds `<close-session>` behind what is on the wire.
    pub(super) fn add_closing(&mut self, deadline: Instant) {
        if let Ok(operation) = Operation::new(b"<close-session/>") {
            let compose = |message_id: &str| operation.compose(message_id);
            self.closing = self.add(compose, deadline, usize::MAX).ok();
        }
    }

    pub(super) fn closing(&self) -> Option<RequestId> {
        self.closing
    }

    pub(super) fn on_the_wire(&self) -> Option<RequestId> {
        self.on_the_wire.as_ref().map(|request| request.id)
    }

    /// The next message, if none is on the wire.
    pub(super) fn put_next_on_the_wire(&mut self) -> Option<Vec<u8>> {
        if self.on_the_wire.is_some() {
            return None;
        }
        let Waiting { id, message_id, message, deadline } = self.waiting.pop_front()?;
        self.on_the_wire =
            Some(OnTheWire { id, message_id, deadline: Some(deadline), overdue: None });
        if self.waiting.is_empty() {
            self.waiting = VecDeque::new();
        }
        Some(message)
    }

    /// Whether a message, as far as it is known, may be the reply to what is on the wire.
    ///
    /// A reply without message-id is taken for it: devices answer so when they can't read a request.
    pub(super) fn is_answered_by(&self, summary: &Summary) -> bool {
        match (summary.root, &summary.message_id, &self.on_the_wire) {
            (Some(Root::Reply), Some(message_id), Some(request)) => {
                *message_id == request.message_id
            }
            (Some(Root::Other), _, _) => false,
            _ => true,
        }
    }

    /// The reply has ended.
    pub(super) fn handle_answered(&mut self) -> Option<RequestId> {
        self.on_the_wire.take().map(|request| request.id)
    }

    /// Bytes came: a reply that was given up is on its way all the same.
    pub(super) fn handle_sign_of_life(&mut self, now: Instant, overdue: Duration) {
        if let Some(OnTheWire { overdue: Some(until), .. }) = &mut self.on_the_wire {
            *until = now + overdue;
        }
    }

    /// Gives up what is past its deadline; the one on the wire stays there, to be read and dropped.
    pub(super) fn give_up_late(&mut self, now: Instant, overdue: Duration) -> Vec<GivenUp> {
        let mut given_up = Vec::new();
        if let Some(request) = &mut self.on_the_wire
            && request.deadline.is_some_and(|deadline| now >= deadline)
        {
            request.deadline = None;
            request.overdue = Some(now + overdue);
            given_up.push(GivenUp { id: request.id, sent: true, why: Why::Deadline });
        }
        self.waiting.retain(|request| {
            let late = now >= request.deadline;
            if late {
                given_up.push(GivenUp { id: request.id, sent: false, why: Why::Deadline });
            }
            !late
        });
        given_up
    }

    /// Forgets a request that was not sent; false if it was.
    pub(super) fn cancel(&mut self, id: RequestId) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|request| request.id != id);
        self.waiting.len() < before
    }

    /// Gives up what was not sent.
    pub(super) fn give_up_waiting(&mut self, why: Why) -> impl Iterator<Item = GivenUp> {
        let waiting = std::mem::take(&mut self.waiting);
        let closing = self.closing;
        waiting
            .into_iter()
            .filter(move |request| Some(request.id) != closing)
            .map(move |request| GivenUp { id: request.id, sent: false, why })
    }

    /// Gives up everything that a caller still waits for.
    pub(super) fn give_up_all(&mut self) -> Vec<GivenUp> {
        let why = Why::SessionClosed;
        let sent = self.on_the_wire.take().filter(|request| request.deadline.is_some());
        let sent = sent.filter(|request| Some(request.id) != self.closing);
        let sent = sent.map(|request| GivenUp { id: request.id, sent: true, why });
        sent.into_iter().chain(self.give_up_waiting(why)).collect()
    }

    pub(super) fn is_overdue(&self, now: Instant) -> bool {
        let until = self.on_the_wire.as_ref().and_then(|request| request.overdue);
        until.is_some_and(|until| now >= until)
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let on_the_wire = self.on_the_wire.iter().flat_map(|r| r.deadline.or(r.overdue));
        on_the_wire.chain(self.waiting.iter().map(|request| request.deadline)).min()
    }
}
