//! `/api/v1/events` and `/api/v1/devices/{name}/log`.

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use homing_proto::api::{Event, Timestamp};

use super::extract::{Asker, Name, Parameters};
use super::operate::Operate;
use super::refusal::{Refusal, bounded};
use super::{Shared, follow};
use crate::control::EventQuery;

/// Lines of a log when none are asked for.
const LOG_LIMIT: u32 = 1000;

/// The timeline of one device, newest last.
#[utoipa::path(
    get,
    path = "/api/v1/devices/{name}/log",
    tag = "devices",
    params(
        ("name" = String, Path, description = "The device's name; a pending one's device-id or fingerprint"),
        ("limit" = Option<u32>, Query, description = "At most so many, the newest"),
        ("since" = Option<Timestamp>, Query, description = "Only events at or after this moment"),
    ),
    responses((status = 200, body = Vec<Event>))
)]
pub(super) async fn log<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    Name(name): Name,
    parameters: Parameters,
) -> Result<axum::Json<Vec<Event>>, Refusal> {
    parameters.only(&["limit", "since"])?;
    let limit = limit(&parameters)?;
    let since = since(&parameters)?;
    // A name that nothing is known of is refused, not answered with an empty log.
    let known = bounded(shared.gateway.device(&name, &operator)).await;
    let query = EventQuery {
        device: Some(name),
        since,
        limit: Some(limit.unwrap_or(LOG_LIMIT)),
        ..EventQuery::default()
    };
    let events = bounded(shared.gateway.events(&query, &operator)).await?;
    match known {
        Err(refusal) if events.is_empty() => Err(refusal),
        _ => Ok(axum::Json(events)),
    }
}

/// Events, oldest first, for as long as asked.
#[utoipa::path(
    get,
    path = "/api/v1/events",
    tag = "events",
    params(
        ("after" = Option<u64>, Query, description = "Only events after the one with this id"),
        ("device" = Option<String>, Query, description = "Only this device's; a stranger's by its device-id"),
        ("code" = Option<String>, Query, description = "Only these codes, with commas between them"),
        ("since" = Option<Timestamp>, Query, description = "Only events at or after this moment"),
        ("limit" = Option<u32>, Query, description = "At most so many: the newest, or with `after` the oldest after it"),
        ("follow" = Option<bool>, Query, description = "Go on with what happens"),
    ),
    responses((status = 200, description = "One event a line", content((Event = "application/x-ndjson"))))
)]
pub(super) async fn stream<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    parameters: Parameters,
) -> Result<Response, Refusal> {
    parameters.only(&["after", "device", "code", "limit", "since", "follow"])?;
    let query = EventQuery {
        after: parameters.read("after", "the id of an event")?,
        device: parameters.last("device").map(str::to_owned),
        codes: parameters.list("code").map(str::to_owned).collect(),
        since: since(&parameters)?,
        limit: limit(&parameters)?,
    };
    let follows = parameters.read("follow", "true or false")?.unwrap_or(false);
    let asked = follow::Asked { query, operator, follows };
    let lines = follow::start(&shared.followers, shared.gateway, asked).await?;
    let kind = [(header::CONTENT_TYPE, "application/x-ndjson")];
    Ok((kind, Body::new(lines)).into_response())
}

fn limit(parameters: &Parameters) -> Result<Option<u32>, Refusal> {
    parameters.read("limit", "a number")
}

fn since(parameters: &Parameters) -> Result<Option<Timestamp>, Refusal> {
    parameters.read("since", "a time such as 2026-11-23T14:57:58Z")
}
