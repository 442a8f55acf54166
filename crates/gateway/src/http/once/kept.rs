//! The answers that are kept, and what a request with a key is answered by them.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use homing_proto::api::Timestamp;
use homing_proto::fault::Fault;

use crate::http::refusal::Refusal;
use crate::store::{KeptAnswer, OnceAnswer};

/// How long an answer is kept.
const KEPT: Duration = Duration::from_secs(3600);
/// How many answers are kept, and how many bytes of them.
const MOST: usize = 4096;
const MOST_BYTES: usize = 32 << 20;
const REPLAYED: &str = "idempotency-replayed";

/// Whose key for what.
pub(super) type Name = [u8; 32];

#[derive(Debug, Default)]
pub(super) struct Kept {
    answers: HashMap<Name, Entry>,
    /// In the order in which they came. A key that was used again has more than one place; the number says which is its own.
    order: VecDeque<(Instant, u64, Name)>,
    bytes: usize,
    /// Keys that ever came.
    count: u64,
}

#[derive(Debug)]
struct Entry {
    request: Name,
    state: State,
    number: u64,
}

#[derive(Debug)]
enum State {
    Running,
    Answered(Answer),
    /// Carried out, at least in part; how it would have been answered is not known any more.
    Lost,
}

#[derive(Clone)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) kind: Option<HeaderValue>,
    pub(super) body: Bytes,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The body may hold a secret.
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

impl Answer {
    fn of(kept: OnceAnswer) -> Option<Self> {
        let kind = kept.kind.and_then(|kind| HeaderValue::try_from(kind).ok());
        let status = StatusCode::from_u16(kept.status).ok()?;
        Some(Self { status, kind, body: kept.body.into() })
    }

    pub(super) fn kept(&self) -> OnceAnswer {
        let kind = self.kind.as_ref().and_then(|kind| kind.to_str().ok());
        let kind = kind.map(str::to_owned);
        OnceAnswer { status: self.status.as_u16(), kind, body: self.body.to_vec() }
    }

    pub(super) fn repeated(self) -> Response {
        let mut response = (self.status, self.body).into_response();
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_TYPE);
        headers.extend(self.kind.map(|kind| (header::CONTENT_TYPE, kind)));
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
        response
    }
}

/// What to do with a request.
#[derive(Debug)]
pub(super) enum Turn {
    CarryOut,
    Repeat(Answer),
    Refuse(Refusal),
}

impl Kept {
    /// What was kept before the gateway ended.
    pub(super) fn of(kept: Vec<KeptAnswer>) -> Self {
        let (now, wall) = (Instant::now(), Timestamp::now());
        let mut all = Self::default();
        for KeptAnswer { once, at, answer } in kept {
            let age = wall.duration_since(at).unsigned_abs();
            let answer = answer.and_then(Answer::of);
            all.bytes += answer.as_ref().map_or(0, |answer| answer.body.len());
            let state = answer.map_or(State::Lost, State::Answered);
            all.add(once.name, once.request, state, now.checked_sub(age).unwrap_or(now));
        }
        all
    }

    pub(super) fn begin(&mut self, name: Name, request: Name, now: Instant) -> Turn {
        self.expire(now);
        match self.answers.get(&name) {
            None => {
                self.add(name, request, State::Running, now);
                Turn::CarryOut
            }
            Some(entry) if entry.request != request => Turn::Refuse(
                refused(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "key-reused",
                    "this Idempotency-Key was used for another request",
                )
                .with_hint("make a new key for each request that is not a repetition"),
            ),
            Some(Entry { state: State::Lost, .. }) => Turn::Refuse(
                refused(
                    StatusCode::CONFLICT,
                    "answer-lost",
                    "the request with this Idempotency-Key was carried out; its answer was lost",
                )
                .with_hint("look at what it made before you repeat it with another key"),
            ),
            Some(Entry { state: State::Running, .. }) => Turn::Refuse(refused(
                StatusCode::CONFLICT,
                "in-progress",
                "the request with this Idempotency-Key is being carried out",
            )),
            Some(Entry { state: State::Answered(answer), .. }) => Turn::Repeat(answer.clone()),
        }
    }

    fn add(&mut self, name: Name, request: Name, state: State, at: Instant) {
        self.count += 1;
        self.answers.insert(name, Entry { request, state, number: self.count });
        self.order.push_back((at, self.count, name));
    }

    pub(super) fn end(&mut self, name: &Name, answer: Option<Answer>) {
        match (answer, self.answers.get_mut(name)) {
            (Some(answer), Some(entry)) => {
                self.bytes += answer.body.len();
                entry.state = State::Answered(answer);
            }
            // It was not carried out: the key may be used again.
            (None, _) => self.remove(name),
            (Some(_), None) => {}
        }
    }

    pub(super) fn lose(&mut self, name: &Name) {
        if let Some(entry) = self.answers.get_mut(name) {
            entry.state = State::Lost;
        }
    }

    fn expire(&mut self, now: Instant) {
        for _ in 0..self.order.len() {
            let Some((at, number, name)) = self.order.front().copied() else { return };
            let is_old = now.saturating_duration_since(at) >= KEPT;
            if !is_old && self.order.len() < MOST && self.bytes <= MOST_BYTES {
                return;
            }
            self.order.pop_front();
            match self.answers.get(&name).filter(|entry| entry.number == number) {
                // What is being carried out stays, however many come meanwhile.
                Some(Entry { state: State::Running, .. }) => {
                    self.order.push_back((at, number, name));
                }
                Some(_) => self.remove(&name),
                None => {}
            }
        }
    }

    fn remove(&mut self, name: &Name) {
        if let Some(Entry { state: State::Answered(answer), .. }) = self.answers.remove(name) {
            self.bytes -= answer.body.len();
        }
    }
}

pub(super) fn refused(status: StatusCode, code: &str, title: &str) -> Refusal {
    Refusal::new(status, code, Fault::Operator, title)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(bytes: usize) -> Option<Answer> {
        let body = Bytes::from(vec![0; bytes]);
        Some(Answer { status: StatusCode::OK, kind: None, body })
    }

    fn name(number: usize) -> Name {
        let mut name = [0; 32];
        name[..8].copy_from_slice(&number.to_be_bytes());
        name
    }

    #[test]
    fn a_key_stands_for_one_request_until_its_hour_is_over() {
        let mut kept = Kept::default();
        let start = Instant::now();
        assert!(matches!(kept.begin(name(1), name(7), start), Turn::CarryOut));
        let Turn::Refuse(refusal) = kept.begin(name(1), name(7), start) else { panic!() };
        assert_eq!(refusal.0.code, "in-progress");
        kept.end(&name(1), answer(10));
        assert!(matches!(kept.begin(name(1), name(7), start), Turn::Repeat(_)));
        let Turn::Refuse(refusal) = kept.begin(name(1), name(8), start) else { panic!() };
        assert_eq!((refusal.0.status, refusal.0.code.as_str()), (422, "key-reused"));
        assert!(matches!(kept.begin(name(1), name(8), start + KEPT), Turn::CarryOut));
        assert_eq!(kept.bytes, 0);
    }

    #[test]
    fn what_was_not_carried_out_may_be_tried_again() {
        let mut kept = Kept::default();
        let now = Instant::now();
        kept.begin(name(1), name(7), now);
        kept.end(&name(1), None);
        assert!(matches!(kept.begin(name(1), name(8), now), Turn::CarryOut));
    }

    #[test]
    fn a_key_that_is_used_again_has_an_hour_of_its_own() {
        let mut kept = Kept::default();
        let start = Instant::now();
        kept.begin(name(1), name(7), start);
        kept.end(&name(1), None);
        let again = start + KEPT / 2;
        assert!(matches!(kept.begin(name(1), name(7), again), Turn::CarryOut));
        kept.end(&name(1), answer(10));
        assert!(matches!(kept.begin(name(1), name(7), start + KEPT), Turn::Repeat(_)));
        assert!(matches!(kept.begin(name(1), name(7), again + KEPT), Turn::CarryOut));
        assert_eq!(kept.bytes, 0);
    }

    #[test]
    fn what_is_being_carried_out_is_known_however_many_come_meanwhile() {
        let mut kept = Kept::default();
        let now = Instant::now();
        kept.begin(name(0), name(7), now);
        for number in 1..=2 * MOST {
            kept.begin(name(number), name(7), now);
            kept.end(&name(number), answer(1));
        }
        assert!(kept.answers.len() <= MOST);
        let Turn::Refuse(refusal) = kept.begin(name(0), name(7), now) else { panic!() };
        assert_eq!(refusal.0.code, "in-progress");
    }

    #[test]
    fn no_more_is_kept_than_allowed() {
        let mut kept = Kept::default();
        let now = Instant::now();
        for number in 0..2 * MOST {
            kept.begin(name(number), name(0), now);
            kept.end(&name(number), answer(1 << 16));
            assert!(kept.answers.len() <= MOST && kept.bytes <= MOST_BYTES + (1 << 16));
        }
    }
}
