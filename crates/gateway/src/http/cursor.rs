//! Long lists in pages: where the next one begins, as a link.
//!
//! ```text
//!   GET /api/v1/devices?limit=100 ──▶ the first 100, Link: </api/v1/devices?limit=100&cursor=…>; rel="next"
//! ```
//!
//! A cursor is the place of the last one shown, so what comes and goes meanwhile moves nothing. Sources: RFC 8288.

use axum::http::{HeaderValue, Uri, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::extract::Parameters;
use super::refusal::Refusal;

/// The longest page that may be asked for.
const MOST: usize = 10_000;

/// The part of a list that is asked for.
#[derive(Debug)]
pub(super) struct Paging {
    pub(super) limit: Option<usize>,
    pub(super) after: Option<String>,
}

impl Paging {
    /// Reads `limit` and `cursor`.
    ///
    /// # Errors
    /// They say something that they may not.
    pub(super) fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        let limit: Option<usize> = parameters.read("limit", "a number")?;
        if limit.is_some_and(|limit| limit == 0 || limit > MOST) {
            return Err(Refusal::invalid(format!("limit: expected 1 to {MOST}")));
        }
        let after = parameters.last("cursor").map(|text| {
            let place = URL_SAFE_NO_PAD.decode(text).ok();
            place.and_then(|place| String::from_utf8(place).ok()).ok_or_else(|| {
                Refusal::invalid("cursor: expected what the link to the next page says")
            })
        });
        Ok(Self { limit, after: after.transpose()? })
    }
}

/// Adds the link to the next page.
pub(super) fn link(response: &mut Response, uri: &Uri, next: Option<&str>) {
    let Some(next) = next else { return };
    let query = uri.query().unwrap_or_default().split('&');
    let others = query.filter(|pair| !pair.is_empty() && !pair.starts_with("cursor="));
    let cursor = format!("cursor={}", URL_SAFE_NO_PAD.encode(next));
    let query: Vec<&str> = others.chain([cursor.as_str()]).collect();
    let link = format!("<{}?{}>; rel=\"next\"", uri.path(), query.join("&"));
    if let Ok(link) = HeaderValue::try_from(link) {
        response.headers_mut().insert(header::LINK, link);
    }
}
