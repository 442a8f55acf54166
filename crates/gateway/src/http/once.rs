//! `Idempotency-Key`: a POST that is sent again because its answer was lost is carried out once.
//!
//! ```text
//!   key not known ──▶ carried out ──▶ answer kept for an hour
//!   known, the same request ────────▶ the kept answer, `Idempotency-Replayed: true`
//!   known, another request ─────────▶ 422 key-reused
//!   known, still being carried out ─▶ 409 in-progress
//!   known, carried out, but the gateway died before it answered, or failed after it ─▶ 409 answer-lost
//! ```
//!
//! Keys are each operator's own. What changed something is kept in the store, with what it changed, and its answer before it is sent:
//! a restart forgets nothing. Answers may hold secrets that are shown once: there they are sealed. Source: IETF draft *The Idempotency-Key HTTP Header Field*.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::extract::{self, Request};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use homing_proto::access::Operator;
use homing_proto::api::Timestamp;
use homing_proto::fault::Fault;
use sha2::{Digest as _, Sha256};

use super::extract::{JSON_LIMIT, read};
use super::operate::Operate;
use super::refusal::Refusal;
use crate::store::{self, KeptAnswer, OnceAnswer, OnceChange, OnceRequest};

/// How long an answer is kept.
const KEPT: Duration = Duration::from_secs(3600);
/// How many answers are kept, and how many bytes of them.
const MOST: usize = 4096;
const MOST_BYTES: usize = 32 << 20;
/// Longest key.
const LONGEST: usize = 255;
/// Longest answer: none of a POST that is no RPC is longer.
const ANSWER_LIMIT: usize = 4 << 20;

const KEY: &str = "idempotency-key";
const REPLAYED: &str = "idempotency-replayed";

/// The answers that are kept.
#[derive(Clone, Debug, Default)]
pub(super) struct Answers(Arc<Mutex<Kept>>);

/// Whose key for what.
type Name = [u8; 32];

#[derive(Debug, Default)]
struct Kept {
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
struct Answer {
    status: StatusCode,
    kind: Option<HeaderValue>,
    body: Bytes,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The body may hold a secret.
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// What to do with a request.
#[derive(Debug)]
enum Turn {
    CarryOut,
    Repeat(Answer),
    Refuse(Refusal),
}

impl Kept {
    fn begin(&mut self, name: Name, request: Name, now: Instant) -> Turn {
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

    fn end(&mut self, name: &Name, answer: Option<Answer>) {
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

    fn lose(&mut self, name: &Name) {
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

/// What was begun and never came to an end counts as carried out: nobody knows how far it got.
struct Begun<'a> {
    answers: &'a Answers,
    name: Name,
    is_over: bool,
}

impl Begun<'_> {
    fn end(mut self, answer: Option<Answer>) {
        self.is_over = true;
        self.answers.lock().end(&self.name, answer);
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.answers.lock().lose(&self.name);
        }
    }
}

impl Answers {
    /// With what was kept before the gateway ended.
    pub(super) fn new(kept: Vec<KeptAnswer>) -> Self {
        let (now, wall) = (Instant::now(), Timestamp::now());
        let mut all = Kept::default();
        for KeptAnswer { once, at, answer } in kept {
            let age = wall.duration_since(at).unsigned_abs();
            let answer = answer.and_then(Answer::of);
            all.bytes += answer.as_ref().map_or(0, |answer| answer.body.len());
            let state = answer.map_or(State::Lost, State::Answered);
            all.add(once.name, once.request, state, now.checked_sub(age).unwrap_or(now));
        }
        Self(Arc::new(Mutex::new(all)))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Carries out a POST with a key once.
pub(super) async fn once<G: Operate>(
    state: extract::State<(Answers, G)>,
    request: Request,
    next: Next,
) -> Response {
    let extract::State((answers, gateway)) = state;
    let key = match key(request.method(), request.headers(), request.uri().path()) {
        Ok(Some(key)) => key.to_owned(),
        Ok(None) => return next.run(request).await,
        Err(refusal) => return refusal.into_response(),
    };
    let Some(operator) = request.extensions().get::<Operator>().cloned() else {
        return next.run(request).await;
    };
    let (parts, body) = request.into_parts();
    let body = match read(body, JSON_LIMIT).await {
        Ok(body) => body,
        Err(refusal) => return refusal.into_response(),
    };
    let target = parts.uri.to_string();
    let name =
        digest(&[operator.name().as_bytes(), operator.credential().as_bytes(), key.as_bytes()]);
    let asked = digest(&[target.as_bytes(), &body]);
    let turn = answers.lock().begin(name, asked, Instant::now());
    match turn {
        Turn::CarryOut => {}
        Turn::Repeat(answer) => return answer.repeated(),
        Turn::Refuse(refusal) => return refusal.into_response(),
    }
    let begun = Begun { answers: &answers, name, is_over: false };
    let request = OnceRequest { name, request: asked };
    let work = next.run(Request::from_parts(parts, Body::from(body)));
    let (response, is_durable) = store::once(request, work).await;
    let (parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, ANSWER_LIMIT).await else {
        return refused(StatusCode::BAD_GATEWAY, "answer-lost", "the answer broke off")
            .into_response();
    };
    let kind = parts.headers.get(header::CONTENT_TYPE).cloned();
    let answer = Answer { status: parts.status, kind, body: body.clone() };
    let answer = is_final(parts.status).then_some(answer);
    match &answer {
        Some(answer) if is_durable => {
            let kept = gateway.keep_answer(OnceChange::Ended(request, answer.kept())).await;
            if let Err(error) = kept {
                // What was asked for is done and durable; only a repetition after a restart would not be answered the same.
                tracing::warn!(code = error.code(), %error, "an answer is kept in memory only");
            }
        }
        // It changed something and then failed: once more would be twice.
        None if is_durable => {
            drop(begun);
            return Response::from_parts(parts, Body::from(body));
        }
        Some(_) | None => {}
    }
    begun.end(answer);
    Response::from_parts(parts, Body::from(body))
}

/// Whether the same request would be answered the same: not if the gateway was merely too busy.
fn is_final(status: StatusCode) -> bool {
    !status.is_server_error()
        && status != StatusCode::TOO_MANY_REQUESTS
        && status != StatusCode::REQUEST_TIMEOUT
}

impl Answer {
    fn of(kept: OnceAnswer) -> Option<Self> {
        let kind = kept.kind.and_then(|kind| HeaderValue::try_from(kind).ok());
        let status = StatusCode::from_u16(kept.status).ok()?;
        Some(Self { status, kind, body: kept.body.into() })
    }

    fn kept(&self) -> OnceAnswer {
        let kind = self.kind.as_ref().and_then(|kind| kind.to_str().ok());
        let kind = kind.map(str::to_owned);
        OnceAnswer { status: self.status.as_u16(), kind, body: self.body.to_vec() }
    }

    fn repeated(self) -> Response {
        let mut response = (self.status, self.body).into_response();
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_TYPE);
        headers.extend(self.kind.map(|kind| (header::CONTENT_TYPE, kind)));
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
        response
    }
}

fn key<'h>(
    method: &Method,
    headers: &'h HeaderMap,
    path: &str,
) -> Result<Option<&'h str>, Refusal> {
    let Some(value) = headers.get(KEY).filter(|_| method == Method::POST) else { return Ok(None) };
    if path.ends_with("/rpc") {
        let title =
            "an RPC takes no Idempotency-Key: what a device did can't be taken back or kept";
        return Err(
            Refusal::invalid(title).with_hint("after outcome-unknown, look before repeating")
        );
    }
    let text = value.to_str().unwrap_or_default().trim_matches('"');
    let fits =
        (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    match fits {
        true => Ok(Some(text)),
        false => Err(Refusal::invalid(format!(
            "idempotency-key: expected 1 to {LONGEST} visible ASCII characters"
        ))),
    }
}

/// Each part with its length, so that no two lists are alike.
fn digest(parts: &[&[u8]]) -> Name {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

fn refused(status: StatusCode, code: &str, title: &str) -> Refusal {
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
        digest(&[&number.to_be_bytes()])
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
    fn what_broke_off_is_not_carried_out_again() {
        let answers = Answers::default();
        let now = Instant::now();
        answers.lock().begin(name(1), name(7), now);
        drop(Begun { answers: &answers, name: name(1), is_over: false });
        let Turn::Refuse(refusal) = answers.lock().begin(name(1), name(7), now) else { panic!() };
        assert_eq!(refusal.0.code, "answer-lost");
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
