//! `/metrics` and `/metrics/devices?selector=`: OpenMetrics for Prometheus.
//!
//! Over TCP it takes a token with the right to look at every device: `authorization` of the scrape configuration.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use homing_proto::access::Selector;

use super::Shared;
use super::extract::{Asker, Parameters};
use super::operate::Operate;
use super::refusal::{Refusal, bounded};

/// The gateway; no label names a device.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "gateway",
    responses((status = 200, body = String, content_type = "application/openmetrics-text"))
)]
pub(super) async fn gateway<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    parameters: Parameters,
) -> Result<Response, Refusal> {
    parameters.only(&[])?;
    bounded(shared.gateway.metrics(&operator)).await.map(text)
}

/// The devices that are asked for, one by one.
#[utoipa::path(
    get,
    path = "/metrics/devices",
    tag = "gateway",
    params(
        ("selector" = String, Query, description = "Which devices: `site=fra,role=edge`; `*` is every one"),
    ),
    responses((status = 200, body = String, content_type = "application/openmetrics-text"))
)]
pub(super) async fn devices<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    parameters: Parameters,
) -> Result<Response, Refusal> {
    parameters.only(&["selector"])?;
    let selector = parameters.last("selector").map(Selector::parse).transpose();
    let selector = selector.map_err(|error| Refusal::invalid(format!("selector: {error}")))?;
    let Some(selector) = selector else {
        let refusal = Refusal::invalid("expected selector=, which says which devices are meant");
        return Err(refusal.with_hint("selector=site=fra,role=edge; selector=* means every device"));
    };
    bounded(shared.gateway.device_metrics(&selector, &operator)).await.map(text)
}

fn text(metrics: String) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], metrics).into_response()
}
