//! A refusal as an answer: status, and the problem as `application/problem+json`.
//!
//! Source: RFC 9457, *Problem Details for HTTP APIs*.

use std::future::Future;
use std::time::Duration;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use homing_proto::api::Problem;
use homing_proto::fault::Fault;

use crate::control::ControlError;

/// How long the gateway may take to answer what is not streamed.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(25);

/// Why a request is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal(pub(crate) Problem);

impl Refusal {
    /// A refusal of the HTTP layer itself.
    pub(crate) fn new(
        status: StatusCode,
        code: &str,
        fault: Fault,
        title: impl Into<String>,
    ) -> Refusal {
        Refusal(Problem::new(status.as_u16(), code, fault, title))
    }

    /// A request that says something it may not.
    pub(super) fn invalid(title: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, "invalid-request", Fault::Operator, title)
    }

    /// Adds what to do.
    pub(crate) fn with_hint(self, hint: &str) -> Refusal {
        Refusal(self.0.with_hint(hint))
    }
}

impl From<ControlError> for Refusal {
    fn from(error: ControlError) -> Refusal {
        Refusal(error.problem())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self.0).unwrap_or_default();
        (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response()
    }
}

/// Waits for what the gateway tells, but not for ever. What changes something goes on instead: [`super::outlive()`].
pub(super) async fn bounded<T>(
    answer: impl Future<Output = Result<T, ControlError>>,
) -> Result<T, Refusal> {
    match tokio::time::timeout(ANSWER_TIMEOUT, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(Refusal::new(
            StatusCode::GATEWAY_TIMEOUT,
            "gateway-slow",
            Fault::Local,
            format!("the gateway did not answer within {} seconds", ANSWER_TIMEOUT.as_secs()),
        )
        .with_hint("look at its load and at the disk of its data folder")),
    }
}
