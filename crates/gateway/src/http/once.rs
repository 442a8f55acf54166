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

mod kept;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::body::{Body, to_bytes};
use axum::extract::{self, Request};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use homing_proto::access::Operator;
use sha2::{Digest as _, Sha256};

use super::extract::{JSON_LIMIT, read};
use super::operate::Operate;
use super::refusal::Refusal;
use crate::store::{self, KeptAnswer, OnceChange, OnceRequest};
use kept::{Answer, Kept, Name, Turn, refused};

/// Longest key.
const LONGEST: usize = 255;
/// Longest answer: none of a POST that is no RPC is longer.
const ANSWER_LIMIT: usize = 4 << 20;

const KEY: &str = "idempotency-key";

/// The answers that are kept.
#[derive(Clone, Debug, Default)]
pub(super) struct Answers(Arc<Mutex<Kept>>);

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
        Self(Arc::new(Mutex::new(Kept::of(kept))))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_broke_off_is_not_carried_out_again() {
        let answers = Answers::default();
        let now = Instant::now();
        answers.lock().begin([1; 32], [7; 32], now);
        drop(Begun { answers: &answers, name: [1; 32], is_over: false });
        let Turn::Refuse(refusal) = answers.lock().begin([1; 32], [7; 32], now) else { panic!() };
        assert_eq!(refusal.0.code, "answer-lost");
    }
}
