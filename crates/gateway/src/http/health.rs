//! `/healthz`: the process answers. `/readyz`: it can do its work.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::Shared;
use super::operate::Operate;
use super::refusal::Refusal;

/// The process answers.
pub(super) async fn alive() -> Response {
    said("alive\n")
}

/// The store can be written, and the gateway is not stopping.
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
