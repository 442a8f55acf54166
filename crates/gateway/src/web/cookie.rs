//! The console's cookies.
//!
//! ```text
//!   Set-Cookie: __Host-homing_session=…; Path=/; HttpOnly; SameSite=Strict; Secure    under TLS
//!   Set-Cookie: homing_session=…; Path=/; HttpOnly; SameSite=Strict                   in plain, on loopback
//! ```

use axum::http::{HeaderMap, HeaderValue, header};

use super::shell::Theme;

const SESSION: &str = "homing_session";
const SECURE_SESSION: &str = "__Host-homing_session";
const THEME: &str = "homing_theme";
/// Seven days: the server ends a session no later.
const SESSION_AGE: u32 = 7 * 24 * 3600;
const THEME_AGE: u32 = 365 * 24 * 3600;

/// The secret of the session.
pub(super) fn session(headers: &HeaderMap, is_tls: bool) -> Option<&str> {
    value(headers, if is_tls { SECURE_SESSION } else { SESSION }).filter(|text| !text.is_empty())
}

/// The look that somebody chose.
pub(super) fn theme(headers: &HeaderMap) -> Theme {
    value(headers, THEME).map_or(Theme::Auto, Theme::of)
}

fn value<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
}

/// Gives the browser its session, or with an empty secret takes it away.
pub(super) fn set_session(secret: &str, is_tls: bool) -> Option<HeaderValue> {
    let (name, secure) = if is_tls { (SECURE_SESSION, "; Secure") } else { (SESSION, "") };
    let age = if secret.is_empty() { 0 } else { SESSION_AGE };
    let text = format!("{name}={secret}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{secure}");
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Remembers the look.
pub(super) fn set_theme(theme: Theme) -> Option<HeaderValue> {
    let word = theme.as_str();
    let text = format!("{THEME}={word}; Path=/; Max-Age={THEME_AGE}; HttpOnly; SameSite=Strict");
    HeaderValue::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others_and_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("xhoming_session=1; a=b"));
        headers.append(header::COOKIE, HeaderValue::from_static("homing_session=2"));
        assert_eq!(session(&headers, false), Some("2"));
        assert_eq!(session(&headers, true), None);
    }

    #[test]
    fn under_tls_a_cookie_is_bound_to_it() {
        let text = |is_tls| set_session("s", is_tls).unwrap().to_str().unwrap().to_owned();
        assert!(text(true).starts_with("__Host-homing_session=s; Path=/;"), "{}", text(true));
        assert!(text(true).ends_with("; HttpOnly; SameSite=Strict; Secure"), "{}", text(true));
        assert!(text(false).ends_with("; HttpOnly; SameSite=Strict"), "{}", text(false));
    }
}
