//! Who looks at a page, and what a form has to prove.
//!
//! ```text
//!   cookie ──▶ session in the store ──▶ Visitor { operator, csrf }
//!   form   ──▶ our own origin? ──▶ csrf = SHA-256 of the cookie's secret? ──▶ Posted { visitor, form }
//! ```

use std::net::SocketAddr;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Method};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use homing_proto::access::{Operator, Via};
use homing_proto::fault::Fault;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::problem::Trouble;
use super::shell::Theme;
use super::{Console, cookie, origin};
use crate::http::{Encrypted, Peer, Refusal, read};

/// The longest form of somebody with a session.
const FORM_LIMIT: usize = 4 * 1024 * 1024;
/// The longest form of a stranger: nobody was asked who they are before it is read.
const KNOCK_LIMIT: usize = 16 * 1024;
/// The header in which scripts send what forms send as a field.
const CSRF_HEADER: &str = "x-csrf-token";

/// Somebody with a session.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    /// Who it is, with the rights of this moment.
    pub(super) operator: Operator,
    /// What the session's forms must send.
    pub(super) csrf: String,
    /// The session's id.
    pub(super) session: String,
    /// The look that was chosen.
    pub(super) theme: Theme,
}

/// Where a request came from; none by the Unix socket.
pub(super) fn source(extensions: &Extensions) -> Option<SocketAddr> {
    match extensions.get::<Peer>() {
        Some(Peer::Remote(source)) => Some(*source),
        _ => None,
    }
}

/// Whether it came over TLS.
pub(super) fn is_tls(extensions: &Extensions) -> bool {
    extensions.get::<Encrypted>().is_some()
}

/// What the forms of a session must send: of its secret, and telling nothing of it.
pub(super) fn csrf(secret: &str) -> String {
    let digest = Sha256::new().chain_update(b"csrf\0").chain_update(secret).finalize();
    URL_SAFE_NO_PAD.encode(digest)
}

fn is_csrf(secret: &str, sent: Option<&str>) -> bool {
    use subtle::ConstantTimeEq as _;
    sent.is_some_and(|sent| csrf(secret).as_bytes().ct_eq(sent.as_bytes()).into())
}

fn visitor(console: &Console, headers: &HeaderMap, extensions: &Extensions) -> Option<Visitor> {
    let secret = cookie::session(headers, is_tls(extensions))?;
    let access = console.control.access();
    let (operator, session) = access.by_web_session(secret, source(extensions))?;
    Some(Visitor { operator, csrf: csrf(secret), session, theme: cookie::theme(headers) })
}

impl FromRequestParts<Console> for Visitor {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Trouble> {
        let found = visitor(console, &parts.headers, &parts.extensions);
        found.ok_or_else(|| match parts.method {
            Method::GET | Method::HEAD => Trouble::to_login(&parts.uri),
            _ => Trouble::LoggedOut,
        })
    }
}

/// Whoever asks the API with a session's cookie; none without one. What changes something must prove its origin.
pub(crate) fn asker(console: &Console, request: &Request) -> Option<Result<Operator, Refusal>> {
    let headers = request.headers();
    let visitor = visitor(console, headers, request.extensions())?;
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return Some(Ok(visitor.operator));
    }
    let secret = cookie::session(headers, is_tls(request.extensions()))?;
    let sent = headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok());
    if origin::is_ours(headers) && is_csrf(secret, sent) {
        return Some(Ok(visitor.operator));
    }
    let path = request.uri().path().to_owned();
    console.control.note_forged(&visitor.operator, &path);
    let title = "the request does not come from a page of this gateway";
    let status = axum::http::StatusCode::FORBIDDEN;
    Some(Err(Refusal::new(status, "forged-request", Fault::Operator, title).with_hint(
        "a script sends the header x-csrf-token; a program sends a token instead of a cookie",
    )))
}

/// A form that was sent from one of our pages, by somebody with a session.
pub(super) struct Posted<T> {
    /// Who sent it.
    pub(super) visitor: Visitor,
    /// What it says.
    pub(super) form: T,
}

#[derive(Deserialize)]
struct Csrf {
    csrf: Option<String>,
}

impl<T: DeserializeOwned> FromRequest<Console> for Posted<T> {
    type Rejection = Trouble;

    async fn from_request(request: Request, console: &Console) -> Result<Self, Trouble> {
        let (mut parts, body) = request.into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, console).await?;
        let body = read(body, FORM_LIMIT).await.map_err(Trouble::from)?;
        let sent: Csrf = form(&body)?;
        let secret = cookie::session(&parts.headers, is_tls(&parts.extensions));
        let is_ours = origin::is_ours(&parts.headers)
            && secret.is_some_and(|secret| is_csrf(secret, sent.csrf.as_deref()));
        if !is_ours {
            console.control.note_forged(&visitor.operator, parts.uri.path());
            return Err(Trouble::Forged);
        }
        Ok(Self { visitor, form: form(&body)? })
    }
}

/// A form of somebody without a session: it need only come from one of our pages.
pub(super) struct Knock<T> {
    /// What it says.
    pub(super) form: T,
    /// Where it comes from.
    pub(super) source: Option<SocketAddr>,
    /// Whether it came over TLS.
    pub(super) is_tls: bool,
    /// What the browser calls itself.
    pub(super) browser: String,
    /// The look that was chosen.
    pub(super) theme: Theme,
}

impl<T: DeserializeOwned> FromRequest<Console> for Knock<T> {
    type Rejection = Trouble;

    async fn from_request(request: Request, console: &Console) -> Result<Self, Trouble> {
        let (parts, body) = request.into_parts();
        let source = source(&parts.extensions);
        if !origin::is_ours(&parts.headers) {
            console.control.note_login_refused("unknown", Via::Web, source, "forged-request");
            return Err(Trouble::Forged);
        }
        let body = read(body, KNOCK_LIMIT).await.map_err(Trouble::from)?;
        let browser = parts.headers.get(axum::http::header::USER_AGENT);
        Ok(Self {
            form: form(&body)?,
            source,
            is_tls: is_tls(&parts.extensions),
            browser: browser.and_then(|text| text.to_str().ok()).unwrap_or_default().to_owned(),
            theme: cookie::theme(&parts.headers),
        })
    }
}

fn form<T: DeserializeOwned>(body: &Bytes) -> Result<T, Trouble> {
    serde_urlencoded::from_bytes(body)
        .map_err(|error| Trouble::Invalid(format!("the form: {error}")))
}
