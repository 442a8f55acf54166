//! Reading requests: bodies with a limit and a deadline, parameters by name, each refusal saying what was expected.

use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use homing_proto::access::Operator;
use homing_proto::fault::Fault;
use serde::de::DeserializeOwned;

use super::refusal::Refusal;

/// Largest JSON request.
pub(super) const JSON_LIMIT: usize = 1024 * 1024;
/// How long a body may take to arrive.
pub(super) const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// A JSON body; an unknown field is refused by name.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        expect_type(request.headers(), &["application/json"])?;
        let bytes = read(request.into_body(), JSON_LIMIT).await?;
        let read = serde_json::from_slice(&bytes);
        read.map(Json)
            .map_err(|error| Refusal::invalid(format!("the JSON of the request: {error}")))
    }
}

/// Reads a body whole.
///
/// # Errors
/// It is too long, takes too long, or breaks off.
pub(crate) async fn read(body: Body, limit: usize) -> Result<Bytes, Refusal> {
    let refused = |status, code, title: String| Refusal::new(status, code, Fault::Operator, title);
    match tokio::time::timeout(BODY_TIMEOUT, axum::body::to_bytes(body, limit)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_limit(&error) => Err(refused(
            StatusCode::PAYLOAD_TOO_LARGE,
            "request-too-large",
            format!("the request is longer than {limit} bytes"),
        )),
        Ok(Err(error)) => Err(Refusal::invalid(format!("the request broke off: {error}"))),
        Err(_) => Err(refused(
            StatusCode::REQUEST_TIMEOUT,
            "request-timeout",
            format!("the request was not whole within {} seconds", BODY_TIMEOUT.as_secs()),
        )),
    }
}

/// `to_bytes` tells its limit only by the words of the cause.
fn is_limit(error: &axum::Error) -> bool {
    let cause = std::error::Error::source(error);
    cause.is_some_and(|cause| cause.to_string().contains("length limit"))
}

/// Refuses a body of another kind than one of `kinds`; a body without a kind is taken as meant.
///
/// # Errors
/// The header `content-type` names something else.
pub(super) fn expect_type(headers: &HeaderMap, kinds: &[&str]) -> Result<(), Refusal> {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let kind = kind.to_str().unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    match kinds.iter().any(|known| essence.eq_ignore_ascii_case(known)) {
        true => Ok(()),
        false => Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "wrong-content-type",
            Fault::Operator,
            format!("expected content-type {}", kinds.join(" or ")),
        )),
    }
}

/// The `{name}` of a path.
pub(super) struct Name(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let name: Result<Path<String>, PathRejection> =
            Path::from_request_parts(parts, state).await;
        match name {
            Ok(Path(name)) => Ok(Name(name)),
            Err(error) => Err(Refusal::invalid(format!("the name in the path: {error}"))),
        }
    }
}

/// The two names of a path.
pub(super) struct Names(pub(super) String, pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Names {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let names: Result<Path<(String, String)>, PathRejection> =
            Path::from_request_parts(parts, state).await;
        match names {
            Ok(Path((one, other))) => Ok(Names(one, other)),
            Err(error) => Err(Refusal::invalid(format!("the names in the path: {error}"))),
        }
    }
}

/// Who asks, as the listener found out.
pub(super) struct Asker(pub(super) Operator);

impl<S: Send + Sync> FromRequestParts<S> for Asker {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        parts.extensions.get().cloned().map(Asker).ok_or_else(|| {
            Refusal::new(
                StatusCode::FORBIDDEN,
                "no-operator",
                Fault::Local,
                "who asks is not known",
            )
        })
    }
}

/// The query, as pairs in the order sent.
pub(super) struct Parameters(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(pairs)) => Ok(Parameters(pairs)),
            Err(error) => Err(Refusal::invalid(format!("the query: {error}"))),
        }
    }
}

/// A query that must be empty.
pub(super) struct NoParameters;

impl<S: Send + Sync> FromRequestParts<S> for NoParameters {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        Parameters::from_request_parts(parts, state).await?.only(&[]).map(|()| NoParameters)
    }
}

impl Parameters {
    /// Refuses what is none of `known`.
    ///
    /// # Errors
    /// Names the first unknown parameter.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Refusal> {
        match self.0.iter().find(|(key, _)| !known.contains(&key.as_str())) {
            Some((key, _)) if known.is_empty() => {
                Err(Refusal::invalid(format!("unknown parameter {key:?}: expected none")))
            }
            Some((key, _)) => Err(Refusal::invalid(format!(
                "unknown parameter {key:?}: expected {}",
                known.join(", ")
            ))),
            None => Ok(()),
        }
    }

    /// All values of a parameter.
    pub(super) fn all<'p>(&'p self, key: &'p str) -> impl Iterator<Item = &'p str> {
        self.0.iter().filter(move |(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// The last value of a parameter.
    pub(super) fn last<'p>(&'p self, key: &'p str) -> Option<&'p str> {
        self.all(key).last()
    }

    /// The values of a parameter, those between commas too.
    pub(super) fn list<'p>(&'p self, key: &'p str) -> impl Iterator<Item = &'p str> {
        self.all(key).flat_map(|values| values.split(',')).filter(|value| !value.is_empty())
    }

    /// The last value of a parameter, read as a `T`.
    ///
    /// # Errors
    /// Names the parameter and what was expected.
    pub(super) fn read<T: std::str::FromStr>(
        &self,
        key: &str,
        expected: &str,
    ) -> Result<Option<T>, Refusal> {
        let Some(value) = self.last(key) else { return Ok(None) };
        match value.parse() {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(Refusal::invalid(format!("{key}={value:?}: expected {expected}"))),
        }
    }
}
