//! A request that is refused leaves its connection in good order.
//!
//! ```text
//!   head, short body ──▶ read whole ──▶ answer ──▶ the connection's next request
//!   head, long body ───▶ answer ── refused ──▶ connection: close
//! ```
//!
//! Whoever refuses by the head alone leaves the body unread, and then the connection would end without a word, in the
//! middle of the client's next request.
//!
//! Source: RFC 9112, section 9.3 and 9.6.

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::header::{CONNECTION, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::extract::read;

/// The longest body that is read before anything is answered.
pub(super) const SHORT: usize = 64 * 1024;

/// Reads short bodies before the request is looked at; says so when the connection ends with a refusal.
pub(super) async fn whole(request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let is_short = body.size_hint().exact().is_some_and(|length| length <= SHORT as u64);
    if !is_short {
        let answer = next.run(Request::from_parts(head, body)).await;
        let is_refusal = answer.status().is_client_error() || answer.status().is_server_error();
        return if is_refusal { last(answer) } else { answer };
    }
    match read(body, SHORT).await {
        Ok(bytes) => next.run(Request::from_parts(head, Body::from(bytes))).await,
        Err(refusal) => last(refusal.into_response()),
    }
}

/// The same, as the last on its connection.
fn last(mut answer: Response) -> Response {
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}
