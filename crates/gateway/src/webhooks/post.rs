//! One delivery: a POST with deadlines, whose answer is not read.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::Body;
use homing_proto::api::{Event, Timestamp};
use homing_proto::webhook::{SIGNATURE, signature};
use hyper::client::conn::http1;
use hyper::{Request, StatusCode, Uri, header};
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// How long a delivery may take, from the name's look-up to the answer's head.
const PATIENCE: Duration = Duration::from_secs(15);
/// Longest URL.
const LONGEST: usize = 2048;

/// Why a delivery failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Undelivered {
    #[error("no answer within {} seconds", PATIENCE.as_secs())]
    Late,
    #[error("status {0}")]
    Refused(StatusCode),
    #[error("{0}")]
    Unreachable(String),
}

impl Undelivered {
    fn of(error: &impl std::fmt::Display) -> Self {
        Self::Unreachable(error.to_string())
    }
}

/// Reads the URL of a webhook.
///
/// # Errors
/// What was expected.
pub(crate) fn check(url: &str) -> Result<Uri, &'static str> {
    const EXPECTED: &str =
        "expected https://HOST/PATH or http://HOST/PATH, without user and fragment";
    if url.len() > LONGEST || url.contains(['#', '@']) {
        return Err(EXPECTED);
    }
    let uri: Uri = url.parse().map_err(|_| EXPECTED)?;
    let is_web = matches!(uri.scheme_str(), Some("https" | "http"));
    match is_web && uri.host().is_some_and(|host| !host.is_empty()) {
        true => Ok(uri),
        false => Err(EXPECTED),
    }
}

/// Whom a URL names, and no more: with some services whoever knows the whole URL may post.
pub(crate) fn origin(url: &str) -> String {
    match check(url) {
        Ok(uri) => format!(
            "{}://{}",
            uri.scheme_str().unwrap_or_default(),
            uri.authority().map_or("", |authority| authority.as_str())
        ),
        Err(_) => "nowhere".to_owned(),
    }
}

/// Posts an event; only a status of 2xx counts as taken.
///
/// # Errors
/// Why it was not taken.
pub(crate) async fn post(
    url: &str,
    id: &str,
    secret: &[u8],
    now: Timestamp,
    event: &Event,
) -> Result<(), Undelivered> {
    let uri = check(url).map_err(|error| Undelivered::of(&error))?;
    let body = serde_json::to_vec(event).map_err(|error| Undelivered::of(&error))?;
    let request = Request::post(uri.path_and_query().map_or("/", |path| path.as_str()))
        .header(header::HOST, uri.authority().map_or("", |authority| authority.as_str()))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONTENT_LENGTH, body.len())
        .header(header::USER_AGENT, concat!("homing/", env!("CARGO_PKG_VERSION")))
        .header("homing-webhook", id)
        .header("homing-event", event.id)
        .header(SIGNATURE, signature(secret, now, &body))
        .body(Body::from(body))
        .map_err(|error| Undelivered::of(&error))?;
    match timeout(PATIENCE, exchange(&uri, request)).await {
        Ok(Ok(status)) if status.is_success() => Ok(()),
        Ok(Ok(status)) => Err(Undelivered::Refused(status)),
        Ok(Err(reason)) => Err(reason),
        Err(_) => Err(Undelivered::Late),
    }
}

async fn exchange(uri: &Uri, request: Request<Body>) -> Result<StatusCode, Undelivered> {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let is_secure = uri.scheme_str() == Some("https");
    let port = uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
    let stream = TcpStream::connect((host.as_str(), port)).await;
    let stream = stream.map_err(|error| Undelivered::of(&error))?;
    if !is_secure {
        return send(stream, request).await;
    }
    let settings = settings().map_err(|error| Undelivered::of(&error))?;
    let name = ServerName::try_from(host).map_err(|error| Undelivered::of(&error))?;
    let stream = TlsConnector::from(settings).connect(name, stream).await;
    send(stream.map_err(|error| Undelivered::of(&error))?, request).await
}

async fn send<S>(stream: S, request: Request<Body>) -> Result<StatusCode, Undelivered>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let connected = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = connected.map_err(|error| Undelivered::of(&error))?;
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(request).await;
    connection.abort();
    Ok(answer.map_err(|error| Undelivered::of(&error))?.status())
}

/// TLS with the authorities of the system, read once.
fn settings() -> Result<Arc<ClientConfig>, rustls::Error> {
    static SETTINGS: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(settings) = SETTINGS.get() {
        return Ok(Arc::clone(settings));
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let settings = Arc::new(builder.with_root_certificates(roots).with_no_client_auth());
    Ok(Arc::clone(SETTINGS.get_or_init(|| settings)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_url_only_the_host_is_told() {
        assert_eq!(
            origin("https://hooks.example:8443/T0/B0/secret?x"),
            "https://hooks.example:8443"
        );
    }

    #[test]
    fn a_url_says_where_and_nothing_else() {
        for url in ["https://a.example/x?y", "http://127.0.0.1:8080", "http://[::1]:1/"] {
            assert!(check(url).is_ok(), "{url}");
        }
        for url in ["", "a.example", "/x", "ftp://a/", "https://u:p@a/", "https://a/#x", "https://"]
        {
            assert!(check(url).is_err(), "{url}");
        }
    }
}
