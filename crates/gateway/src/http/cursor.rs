//! Long lists in pages: where the next one begins, as a link.
//!
//! ```text
//!   GET /api/v1/devices?limit=100 ──▶ the first 100, Link: </api/v1/devices?limit=100&cursor=…>; rel="next"
//! ```
//!
//! A cursor is the place of the last one shown, so what comes and goes meanwhile moves nothing. Sources: RFC 8288.

use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use homing_proto::api::Timestamp;
use homing_proto::filter::RowFilter;
use serde::Serialize;

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

    /// Cuts a list to the page, in the order of its places; where there is more, the place of the last one shown.
    fn cut<T>(&self, list: &mut Vec<T>, place: impl Fn(&T) -> String) -> Option<String> {
        if self.limit.is_none() && self.after.is_none() {
            return None;
        }
        list.sort_by_cached_key(&place);
        if let Some(after) = &self.after {
            list.retain(|one| place(one) > *after);
        }
        let limit = self.limit.filter(|limit| *limit < list.len())?;
        list.truncate(limit);
        list.last().map(place)
    }
}

/// What a list takes.
pub(super) const PARAMETERS: &[&str] = &["q", "limit", "cursor"];

/// A list as it is asked for: what fits the query, a page of it, and the link to the next one.
///
/// # Errors
/// `q`, `limit` or `cursor` say something that they may not.
pub(super) fn listed<T: Serialize>(
    parameters: &Parameters,
    uri: &Uri,
    keys: &[&str],
    mut rows: Vec<T>,
    place: impl Fn(&T) -> String,
) -> Result<Response, Refusal> {
    let filter = filter(parameters, keys)?;
    let paging = Paging::read(parameters)?;
    let now = Timestamp::now();
    rows.retain(|row| filter.takes(row, now));
    let next = paging.cut(&mut rows, place);
    let mut response = axum::Json(rows).into_response();
    link(&mut response, uri, next.as_deref());
    Ok(response)
}

/// Reads `q`, a query over rows with these keys.
///
/// # Errors
/// What was expected, and where.
pub(super) fn filter(parameters: &Parameters, keys: &[&str]) -> Result<RowFilter, Refusal> {
    let text = parameters.all("q").collect::<Vec<_>>().join(" ");
    RowFilter::parse(&text, keys)
        .map_err(|error| Refusal::invalid(format!("q: {error}")).with_hint("name:edge-* -old"))
}

/// Adds the link to the next page.
pub(super) fn link(response: &mut Response, uri: &Uri, next: Option<&str>) {
    let Some(next) = next else { return };
    link_by(response, uri, "cursor", &URL_SAFE_NO_PAD.encode(next));
}

/// Adds the link to the next page, which begins where the parameter `key` says.
pub(super) fn link_by(response: &mut Response, uri: &Uri, key: &str, value: &str) {
    let begins = format!("{key}=");
    let query = uri.query().unwrap_or_default().split('&');
    let others = query.filter(|pair| !pair.is_empty() && !pair.starts_with(&begins));
    let next = format!("{begins}{value}");
    let query: Vec<&str> = others.chain([next.as_str()]).collect();
    let link = format!("<{}?{}>; rel=\"next\"", uri.path(), query.join("&"));
    if let Ok(link) = HeaderValue::try_from(link) {
        response.headers_mut().insert(header::LINK, link);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(limit: Option<usize>, after: Option<&str>) -> (Vec<u32>, Option<String>) {
        let paging = Paging { limit, after: after.map(str::to_owned) };
        let mut list = vec![3, 1, 2, 5, 4];
        let next = paging.cut(&mut list, ToString::to_string);
        (list, next)
    }

    #[test]
    fn pages_follow_each_other_without_a_gap_or_a_repeat() {
        assert_eq!(page(None, None), (vec![3, 1, 2, 5, 4], None));
        assert_eq!(page(Some(2), None), (vec![1, 2], Some("2".into())));
        assert_eq!(page(Some(2), Some("2")), (vec![3, 4], Some("4".into())));
        assert_eq!(page(Some(2), Some("4")), (vec![5], None));
        assert_eq!(page(Some(5), None), (vec![1, 2, 3, 4, 5], None));
    }
}
