//! `/healthz`: the process answers. `/readyz`: it can do its work.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use homing_proto::api::Problem;

use super::Shared;
use super::operate::Operate;
use super::refusal::Refusal;

/// The process answers.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "gateway",
    responses((status = 200, body = String, content_type = "text/plain"))
)]
pub(super) async fn alive() -> Response {
    said("alive\n")
}

/// The store can be written, and the gateway is not stopping.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "gateway",
    responses(
        (status = 200, body = String, content_type = "text/plain"),
        (status = 503, description = "It is stopping", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "The disk", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn ready<G: Operate>(
    State(shared): State<Shared<G>>,
) -> Result<Response, Refusal> {
    shared.gateway.ready()?;
    Ok(said("ready\n"))
}

fn said(word: &'static str) -> Response {
    let kind = (header::CONTENT_TYPE, "text/plain; charset=utf-8");
    ([kind, (header::CACHE_CONTROL, "no-store")], word).into_response()
}
