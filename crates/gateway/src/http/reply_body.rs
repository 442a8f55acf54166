//! A device's reply as a body: pieces as they come, then how it ended.
//!
//! ```text
//!   <rpc-reply …  ──▶  …  ──▶  </rpc-reply>  ──▶  trailer homing-outcome: {"result":"ok"}
//!                  └── failed ──▶ the trailer says why; to a client that takes no trailers the body is broken off,
//!                                 so that half a reply never looks like a whole one
//!                  └── ?outcome=body ──▶ NUL, which is in no XML, and the same JSON
//! ```
//!
//! Source: RFC 9110 §6.5 (trailers are sent only to a client that says `te: trailers`).

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::http::{HeaderMap, HeaderValue};
use bytes::Bytes;
use homing_proto::api::{OUTCOME_TRAILER, Outcome, Problem};
use homing_proto::fault::Fault;
use hyper::body::{Body, Frame};
use thiserror::Error;

use super::form::{OtherForm, Plain, ReplyForm, not_acceptable};
use crate::control::RpcReply;

/// Longest outcome; HTTP clients take 16 KiB of trailers.
const OUTCOME_LIMIT: usize = 8 * 1024;
/// Errors that an outcome carries, and the longest text of each, in characters.
const AMPLE: (usize, usize) = (16, 400);
/// The same where that is too long: every character may become twelve bytes.
const SCANT: (usize, usize) = (3, 200);

/// How a client is told of the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tells {
    /// By the body alone: it is broken off if it is not whole.
    Breaking,
    /// In a trailer.
    Trailer,
    /// After the reply, behind a NUL: browsers see no trailers, and of a body that broke off not why.
    InBody,
}

/// The reply ended before it was whole, and the client takes no trailers.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub(super) struct NotWhole(String);

/// A reply on its way to the client.
#[derive(Debug)]
pub(super) struct ReplyBody {
    /// Pieces that were waited for before the answer began.
    first: VecDeque<Bytes>,
    reply: RpcReply,
    /// Known before the answer began.
    outcome: Option<Outcome>,
    tells: Tells,
    /// Takes the text out of the pieces.
    plain: Option<Plain>,
    end: End,
}

/// Where the end of a body stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    Ahead,
    /// What came before is being flushed; then the body breaks off.
    Breaking(NotWhole),
    Past,
}

impl ReplyBody {
    /// Waits for the first piece or the end, so that a failure without a reply is an answer of its own.
    ///
    /// # Errors
    /// The problem, if there is no reply at all.
    pub(super) async fn begin(
        reply: RpcReply,
        form: ReplyForm,
        tells: Tells,
    ) -> Result<Self, Problem> {
        match form {
            ReplyForm::Xml => Self::begin_as_sent(reply, tells).await,
            _ => Self::begin_plain(reply, form, tells).await,
        }
    }

    async fn begin_as_sent(mut reply: RpcReply, tells: Tells) -> Result<Self, Problem> {
        let first = reply.recv().await;
        let outcome = match &first {
            Some(_) => None,
            None => Some(reply.outcome().await.unwrap_or_else(lost)),
        };
        match outcome {
            Some(Outcome::Failed { problem }) => Err(problem),
            outcome => Ok(ReplyBody {
                first: first.into_iter().collect(),
                reply,
                outcome,
                tells,
                plain: None,
                end: End::Ahead,
            }),
        }
    }

    /// Waits until it is clear that the device answers in this form.
    async fn begin_plain(
        mut reply: RpcReply,
        form: ReplyForm,
        tells: Tells,
    ) -> Result<Self, Problem> {
        let mut plain = Plain::new(form);
        while let Some(piece) = reply.recv().await {
            let Ok(text) = plain.push(&piece) else {
                while reply.recv().await.is_some() {}
                let outcome = reply.outcome().await.unwrap_or_else(lost);
                return Err(in_another_form(outcome));
            };
            if plain.has_text() {
                let (first, plain) = ([text].into(), Some(plain));
                let end = End::Ahead;
                return Ok(ReplyBody { first, reply, outcome: None, tells, plain, end });
            }
        }
        match reply.outcome().await.unwrap_or_else(lost) {
            Outcome::Ok if form == ReplyForm::Text => {
                let (outcome, end) = (Some(Outcome::Ok), End::Ahead);
                let first = VecDeque::new();
                Ok(ReplyBody { first, reply, outcome, tells, plain: None, end })
            }
            outcome => Err(in_another_form(outcome)),
        }
    }

    fn poll_outcome(&mut self, context: &mut Context<'_>) -> Poll<Outcome> {
        match self.outcome.take() {
            Some(outcome) => Poll::Ready(outcome),
            None => {
                let told = ready!(self.reply.poll_outcome(context));
                Poll::Ready(told.unwrap_or_else(lost))
            }
        }
    }

    /// Breaks off on the next occasion, so that what was sent is not lost with the connection.
    fn break_off(&mut self, why: NotWhole, context: &mut Context<'_>) -> Step {
        self.end = End::Breaking(why);
        context.waker().wake_by_ref();
        Poll::Pending
    }

    fn finish(&mut self, outcome: Outcome, context: &mut Context<'_>) -> Step {
        self.end = End::Past;
        match outcome {
            outcome if self.tells == Tells::Trailer => {
                Poll::Ready(Some(Ok(Frame::trailers(trailers(outcome)))))
            }
            outcome if self.tells == Tells::InBody => {
                let told = format!("\0{}", ascii_json(&outcome));
                Poll::Ready(Some(Ok(Frame::data(Bytes::from(told)))))
            }
            Outcome::Failed { problem } => self.break_off(NotWhole(problem.title), context),
            _ => Poll::Ready(None),
        }
    }
}

/// What a poll of the body gives.
type Step = Poll<Option<Result<Frame<Bytes>, NotWhole>>>;

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = NotWhole;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Step {
        match std::mem::replace(&mut self.end, End::Past) {
            End::Ahead => self.end = End::Ahead,
            End::Breaking(why) => return Poll::Ready(Some(Err(why))),
            End::Past => return Poll::Ready(None),
        }
        if let Some(first) = self.first.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        while let Some(piece) = ready!(self.reply.poll_recv(context)) {
            let piece = match self.plain.as_mut().map(|plain| plain.push(&piece)) {
                None => piece,
                Some(Ok(text)) if text.is_empty() => continue,
                Some(Ok(text)) => text,
                Some(Err(OtherForm)) => {
                    let why = NotWhole("the device went on in another form".to_owned());
                    return self.break_off(why, context);
                }
            };
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        let outcome = ready!(self.poll_outcome(context));
        self.finish(outcome, context)
    }
}

/// What came is no text in the form that was asked for.
fn in_another_form(outcome: Outcome) -> Problem {
    match outcome {
        Outcome::Failed { problem } => problem,
        Outcome::RpcError { errors } => {
            let said = errors.first().map_or("an error", |error| error.message.as_str());
            Problem::new(422, "rpc-error", Fault::Operator, format!("the device answered: {said}"))
                .with_hint("accept: application/xml shows the whole reply")
        }
        Outcome::Ok => not_acceptable("the device answered in XML").0,
    }
}

/// The session's task ended without a word.
fn lost() -> Outcome {
    let title = "the gateway lost track of the RPC: it may have been carried out";
    Outcome::Failed { problem: Problem::new(502, "outcome-unknown", Fault::Local, title) }
}

fn trailers(mut outcome: Outcome) -> HeaderMap {
    cut(&mut outcome, AMPLE);
    let mut json = ascii_json(&outcome);
    if json.len() > OUTCOME_LIMIT {
        cut(&mut outcome, SCANT);
        json = ascii_json(&outcome);
    }
    let value = HeaderValue::from_str(&json);
    value.into_iter().map(|value| (OUTCOME_TRAILER, value)).map(header).collect()
}

fn header((name, value): (&'static str, HeaderValue)) -> (axum::http::HeaderName, HeaderValue) {
    (axum::http::HeaderName::from_static(name), value)
}

/// JSON without a byte that a header may not carry.
fn ascii_json(outcome: &Outcome) -> String {
    let json = serde_json::to_string(outcome).unwrap_or_default();
    let mut ascii = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            ' '..='~' => ascii.push(c),
            c => {
                let mut units = [0; 2];
                let escaped =
                    c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}"));
                ascii.extend(escaped);
            }
        }
    }
    ascii
}

/// Keeps the first few errors, and the beginning of each.
fn cut(outcome: &mut Outcome, (errors_kept, length): (usize, usize)) {
    let shorten = |text: &mut String| {
        if let Some((end, _)) = text.char_indices().nth(length) {
            text.truncate(end);
        }
    };
    match outcome {
        Outcome::Ok => {}
        Outcome::RpcError { errors } => {
            errors.truncate(errors_kept);
            for error in errors {
                shorten(&mut error.severity);
                shorten(&mut error.tag);
                shorten(&mut error.message);
                error.path.as_mut().map(shorten).unwrap_or_default();
            }
        }
        Outcome::Failed { problem } => {
            shorten(&mut problem.title);
            problem.hint.as_mut().map(shorten).unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use homing_proto::api::RpcErrorSummary;

    fn errors(count: usize, text: &str) -> Outcome {
        let error = RpcErrorSummary {
            severity: "error".into(),
            tag: "operation-failed".into(),
            message: text.into(),
            path: Some(text.into()),
        };
        Outcome::RpcError { errors: vec![error; count] }
    }

    #[test]
    fn an_outcome_survives_the_trailer() {
        let outcome = errors(1, "Zürich \u{7f} \u{1F600} \"x\" \n \u{202e}");
        let trailers = trailers(outcome.clone());
        let value = trailers.get(OUTCOME_TRAILER).unwrap();
        assert!(value.as_bytes().iter().all(|b| (b' '..=b'~').contains(b)));
        assert_eq!(serde_json::from_slice::<Outcome>(value.as_bytes()).unwrap(), outcome);
    }

    #[test]
    fn an_outcome_too_long_for_a_trailer_is_cut_and_still_read() {
        let trailers = trailers(errors(100, &"\u{1F600}".repeat(2000)));
        let value = trailers.get(OUTCOME_TRAILER).unwrap();
        assert!(value.len() <= 2 * OUTCOME_LIMIT, "{}", value.len());
        assert!(serde_json::from_slice::<Outcome>(value.as_bytes()).is_ok());
    }
}
