//! Who asks, before any route: the peer of the socket, or the owner of a token; and how often.
//!
//! ```text
//!   socket ───────────────────────────────────────────────▶ Operator ──▶ route
//!   TCP ──▶ Bearer hmt_…, or a cookie of the console ──right──▶ rate of the token ──────▶ Operator ──▶ route
//!              │ wrong, none                 └──▶ 429 Retry-After
//!              ▼
//!           rate of the source ──▶ open route, or 401
//! ```
//!
//! Sources: RFC 6750, *Bearer Token Usage*; RFC 6585 §4.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use homing_proto::access::Operator;
use homing_proto::fault::Fault;
use homing_proto::gate::block;
use homing_proto::rate::{Rate, Rates};

use super::operate::Operate;
use super::peer::Peer;
use super::refusal::Refusal;
use crate::web::asker;

/// Tokens and sources whose rate is kept.
const MOST: usize = 16_384;
/// What the whole world may read: nothing of the fleet.
pub(super) const OPEN: &[&str] = &["/healthz", "/readyz", "/api/docs", "/api/v1/openapi.json"];

/// The doorkeeper.
#[derive(Clone, Debug)]
pub(super) struct Guard<G> {
    gateway: G,
    sources: Arc<Mutex<Rates<IpAddr>>>,
    tokens: Arc<Mutex<Rates<String>>>,
}

impl<G: Operate> Guard<G> {
    pub(super) fn new(gateway: G, rate: Rate) -> Self {
        let sources = Arc::new(Mutex::new(Rates::new(rate, MOST)));
        let tokens = Arc::new(Mutex::new(Rates::new(rate, MOST)));
        Self { gateway, sources, tokens }
    }

    fn judge(&self, source: SocketAddr, request: &Request) -> Result<Option<Operator>, Refused> {
        let is_open = OPEN.contains(&request.uri().path());
        let bearer = bearer(request.headers()).filter(|_| !is_open);
        let browser = || self.gateway.console().and_then(|console| asker(&console, request));
        let asked = match (bearer, is_open) {
            (Some(token), _) => self.gateway.by_token(token, source).map(Some).map_err(Refusal),
            (None, true) => Ok(None),
            (None, false) => browser().map(|asker| asker.map(Some)).unwrap_or_else(|| {
                Err(Refusal::new(
                    StatusCode::UNAUTHORIZED,
                    "not-logged-in",
                    Fault::Operator,
                    "expected a token: Authorization: Bearer hmt_…",
                )
                .with_hint("homing token create, on the gateway's machine"))
            }),
        };
        match asked {
            Ok(Some(operator)) => {
                let token = format!("{} {}", operator.name(), operator.credential());
                take(&self.tokens, token)?;
                Ok(Some(operator))
            }
            Ok(None) => take(&self.sources, block(source.ip())).map(|()| None),
            Err(refusal) => {
                take(&self.sources, block(source.ip()))?;
                Err(Refused::Unknown(refusal))
            }
        }
    }
}

/// Why a request goes no further.
enum Refused {
    Unknown(Refusal),
    TooOften(Duration),
}

fn take<K: std::hash::Hash + Eq>(rates: &Mutex<Rates<K>>, key: K) -> Result<(), Refused> {
    let mut rates = rates.lock().unwrap_or_else(PoisonError::into_inner);
    rates.take(key, Instant::now()).map_err(Refused::TooOften)
}

/// The token of the header `authorization`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Finds out who asks, and lets nobody else further.
pub(super) async fn authenticate<G: Operate>(
    State(guard): State<Guard<G>>,
    mut request: Request,
    next: Next,
) -> Response {
    let operator = match request.extensions().get::<Peer>() {
        Some(Peer::Local(operator)) => Ok(Some(operator.clone())),
        Some(Peer::Remote(source)) => guard.judge(*source, &request),
        None => Ok(None),
    };
    match operator {
        Ok(operator) => {
            if let Some(operator) = operator {
                request.extensions_mut().insert(operator);
            }
            next.run(request).await
        }
        Err(refused) => refused.into_response(),
    }
}

impl Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Unknown(refusal) => {
                let is_unauthorized = refusal.0.status == StatusCode::UNAUTHORIZED.as_u16();
                let mut response = refusal.into_response();
                if is_unauthorized {
                    let challenge = HeaderValue::from_static("Bearer realm=\"homing\"");
                    response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
                }
                response
            }
            Self::TooOften(wait) => {
                let seconds = wait.as_secs() + 1;
                let refusal = Refusal::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "too-many-requests",
                    Fault::Operator,
                    format!("more requests than http.rate allows: try again in {seconds} s"),
                );
                let mut response = refusal.into_response();
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
                response
            }
        }
    }
}
