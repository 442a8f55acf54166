//! Request targets: path segments and queries, percent-encoded.
//!
//! Source: RFC 3986 §2.3: unreserved characters stand for themselves.

use std::fmt::Write as _;

use crate::failure::Failure;

/// A path of the API with its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target(String);

impl Target {
    /// `/api/v1` and the segments, each encoded.
    pub(crate) fn new(segments: &[&str]) -> Target {
        let mut target = String::from("/api/v1");
        for segment in segments {
            target.push('/');
            encode(segment, &mut target);
        }
        Target(target)
    }

    /// A path as somebody typed it, query and all; one without `/api/` or another place of its own is under `/api/v1`.
    ///
    /// # Errors
    /// It has characters that no request line has.
    pub(crate) fn raw(path: &str) -> Result<Target, Failure> {
        if !path.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Failure::usage(format!("{path:?} is no path: encode blanks as %20")));
        }
        let elsewhere = ["/api/", "/healthz", "/readyz", "/metrics"];
        let path = match elsewhere.iter().any(|place| path.starts_with(place)) {
            true => path.to_owned(),
            false => {
                let path = path.trim_start_matches('/');
                format!("/api/v1/{}", path.strip_prefix("v1/").unwrap_or(path))
            }
        };
        Ok(Target(path))
    }

    /// Adds `key=value`.
    pub(crate) fn query(mut self, key: &str, value: &str) -> Target {
        self.0.push(if self.0.contains('?') { '&' } else { '?' });
        encode(key, &mut self.0);
        self.0.push('=');
        encode(value, &mut self.0);
        self
    }

    /// Adds `key=value`, if there is a value.
    pub(crate) fn optional(self, key: &str, value: Option<&str>) -> Target {
        match value {
            Some(value) => self.query(key, value),
            None => self,
        }
    }

    /// The text of the request line.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            // Writing to a String cannot fail.
            _ => drop(write!(out, "%{byte:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_cannot_leave_its_place() {
        let target = Target::new(&["devices", "../a b/é?x", "log"]).query("since", "1+1&x");
        assert_eq!(target.as_str(), "/api/v1/devices/..%2Fa%20b%2F%C3%A9%3Fx/log?since=1%2B1%26x");
    }

    #[test]
    fn a_typed_path_gets_its_beginning() {
        for (typed, path) in [
            ("/api/v1/devices?state=up", "/api/v1/devices?state=up"),
            ("/v1/devices", "/api/v1/devices"),
            ("devices/mx1", "/api/v1/devices/mx1"),
            ("/healthz", "/healthz"),
        ] {
            assert_eq!(Target::raw(typed).unwrap().as_str(), path);
        }
        assert!(Target::raw("/a b").is_err() && Target::raw("/a\r\nx: y").is_err());
    }

    #[test]
    fn an_absent_value_adds_nothing() {
        let target = Target::new(&["events"]).optional("device", None).optional("after", Some("7"));
        assert_eq!(target.as_str(), "/api/v1/events?after=7");
    }
}
