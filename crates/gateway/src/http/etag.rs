//! Entity tags: what a reader has already, and what a writer has seen.
//!
//! ```text
//!   If-None-Match: "3f2a…"   the same still ──▶ 304, no body
//!   If-Match: "3f2a…"        another by now ──▶ 412 changed-meanwhile
//! ```
//!
//! A tag is two digests of JSON: of what operators change, and of all. A reader is told of every difference; a writer is
//! refused only when somebody else changed what operators change, not because the device sent a byte. The same object
//! has the same tag on every gateway. Source: RFC 9110 §8.8.3, §13.1.

use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use homing_proto::fault::Fault;
use homing_proto::hex::hex;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::refusal::Refusal;

/// The tag of what is sent.
pub(super) fn of(body: &[u8]) -> String {
    format!("\"{}\"", digest(body))
}

fn digest(body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    hex(digest.get(..12).unwrap_or_default())
}

/// The digest of what operators change.
fn lasting<T: Serialize>(object: &T) -> String {
    digest(&serde_json::to_vec(object).unwrap_or_default())
}

/// Whether the reader has it already.
pub(super) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    named(headers, &header::IF_NONE_MATCH)
        .is_some_and(|mut named| named.any(|named| named == "*" || named == tag))
}

/// Refuses a change of what is another by now than what the writer has seen. `current` is the part that operators change.
///
/// # Errors
/// `If-Match` names other tags.
pub(super) fn expect<T: Serialize>(headers: &HeaderMap, current: &T) -> Result<(), Refusal> {
    let Some(mut named) = named(headers, &header::IF_MATCH) else { return Ok(()) };
    let current = lasting(current);
    let seen = |named: &str| named.trim_matches('"').split('-').next() == Some(current.as_str());
    match named.any(|named| named == "*" || seen(named)) {
        true => Ok(()),
        false => Err(Refusal::new(
            StatusCode::PRECONDITION_FAILED,
            "changed-meanwhile",
            Fault::Operator,
            "it is not what it was when it was read",
        )
        .with_hint("read it again, and look whether the change still makes sense")),
    }
}

/// The tags of a condition; none without it.
fn named<'h>(
    headers: &'h HeaderMap,
    condition: &HeaderName,
) -> Option<impl Iterator<Item = &'h str>> {
    let values = headers.get_all(condition).into_iter();
    let mut values = values.map(|value| value.to_str().unwrap_or_default()).peekable();
    values.peek()?;
    let tags = values.flat_map(|value| value.split(','));
    Some(tags.map(|tag| tag.trim().trim_start_matches("W/")))
}

/// JSON with its tag; nothing but the tag to a reader who has it. `changed` is the part that operators change.
pub(super) fn tagged<T: Serialize, C: Serialize>(
    headers: &HeaderMap,
    object: &T,
    changed: &C,
) -> Response {
    let Ok(body) = serde_json::to_vec(object) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let tag = format!("\"{}-{}\"", lasting(changed), digest(&body));
    let is_known = is_known(headers, &tag);
    let head = [(header::ETAG, tag)];
    match is_known {
        true => (StatusCode::NOT_MODIFIED, head).into_response(),
        false => (head, [(header::CONTENT_TYPE, "application/json")], body).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        [(name, value.parse().unwrap())].into_iter().collect()
    }

    fn tag(object: &str, changed: u8) -> String {
        let response = tagged(&HeaderMap::new(), &object, &changed);
        response.headers()[header::ETAG].to_str().unwrap().to_owned()
    }

    #[test]
    fn a_reader_who_has_it_gets_no_body() {
        let tag = tag("a", 1);
        let asks = |value: &str| tagged(&headers(header::IF_NONE_MATCH, value), &"a", &1).status();
        assert_eq!(asks(&tag), StatusCode::NOT_MODIFIED);
        assert_eq!(asks(&format!("\"x\", W/{tag}")), StatusCode::NOT_MODIFIED);
        assert_eq!(asks("\"x\""), StatusCode::OK);
        assert_eq!(
            tagged(&headers(header::IF_NONE_MATCH, &tag), &"b", &1).status(),
            StatusCode::OK
        );
    }

    #[test]
    fn a_writer_is_refused_only_when_what_operators_change_was_changed() {
        let tag = tag("a", 1);
        assert_eq!(expect(&HeaderMap::new(), &1), Ok(()));
        assert_eq!(expect(&headers(header::IF_MATCH, &tag), &1), Ok(()));
        assert_eq!(expect(&headers(header::IF_MATCH, "*"), &1), Ok(()));
        let refusal = expect(&headers(header::IF_MATCH, &tag), &2).unwrap_err();
        assert_eq!((refusal.0.status, refusal.0.code.as_str()), (412, "changed-meanwhile"));
        assert!(expect(&headers(header::IF_MATCH, "nonsense"), &1).is_err());
    }
}
