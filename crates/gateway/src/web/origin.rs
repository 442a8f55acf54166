//! Whether a request that changes something comes from one of our own pages.
//!
//! ```text
//!   Sec-Fetch-Site   same-origin          the browser says so itself
//!   Origin           https://HOST[:PORT]  the Host that was asked; the only sign in plain HTTP beyond loopback
//! ```
//!
//! What has neither comes from no browser that we know, and is refused. Sources: Fetch Metadata Request Headers;
//! RFC 6454.

use axum::http::{HeaderMap, header};

/// Whether the request comes from a page of ours.
pub(super) fn is_ours(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let site = text("sec-fetch-site");
    if site.is_some_and(|site| site != "same-origin") {
        return false;
    }
    let host = text(header::HOST.as_str());
    match (text(header::ORIGIN.as_str()), host) {
        (Some(origin), Some(host)) => origin
            .split_once("://")
            .is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host)),
        (Some(_), None) => false,
        (None, _) => site.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn asked(pairs: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        is_ours(&headers)
    }

    #[test]
    fn only_our_own_pages_may_ask() {
        let host = ("host", "gw:8443");
        assert!(asked(&[host, ("origin", "https://gw:8443")]));
        assert!(asked(&[host, ("origin", "https://gw:8443"), ("sec-fetch-site", "same-origin")]));
        assert!(asked(&[host, ("sec-fetch-site", "same-origin")]));
        for other in ["https://gw", "https://evil", "null", "https://gw:8443.evil", "gw:8443"] {
            assert!(!asked(&[host, ("origin", other)]), "{other}");
            assert!(
                !asked(&[host, ("origin", other), ("sec-fetch-site", "same-origin")]),
                "{other}"
            );
        }
        for site in ["cross-site", "same-site", "none", ""] {
            assert!(!asked(&[host, ("origin", "https://gw:8443"), ("sec-fetch-site", site)]));
        }
        assert!(!asked(&[host]));
    }
}
