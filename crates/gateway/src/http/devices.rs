//! `/api/v1/status`, `/api/v1/devices`, `/api/v1/accept`, `/api/v1/reject`.

use axum::extract::State;
use axum::http::StatusCode;
use homing_proto::api::{Change, Decision, Device, DeviceState, Enroll, Enrolled, Status};

use super::Shared;
use super::extract::{Asker, Json, Name, Parameters};
use super::operate::Operate;
use super::refusal::{Refusal, bounded};
use crate::control::DeviceQuery;

/// A JSON answer.
type Answer<T> = Result<axum::Json<T>, Refusal>;

pub(super) async fn status<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    parameters: Parameters,
) -> Answer<Status> {
    parameters.only(&[])?;
    bounded(shared.gateway.status(&operator)).await.map(axum::Json)
}

pub(super) async fn list<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    parameters: Parameters,
) -> Answer<Vec<Device>> {
    parameters.only(&["state", "tag"])?;
    let query = DeviceQuery { states: states(&parameters)?, tags: tags(&parameters)? };
    bounded(shared.gateway.devices(&query, &operator)).await.map(axum::Json)
}

fn states(parameters: &Parameters) -> Result<Vec<DeviceState>, Refusal> {
    let read = |word: &str| {
        serde_json::from_value(word.into()).map_err(|_| {
            Refusal::invalid(format!(
                "state={word:?}: expected up, down, new, refused, pending or blocked"
            ))
        })
    };
    parameters.list("state").map(read).collect()
}

fn tags(parameters: &Parameters) -> Result<Vec<(String, String)>, Refusal> {
    let read = |tag: &str| match tag.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(Refusal::invalid(format!("tag={tag:?}: expected key=value"))),
    };
    parameters.all("tag").map(read).collect()
}

pub(super) async fn show<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    Name(name): Name,
) -> Answer<Device> {
    bounded(shared.gateway.device(&name, &operator)).await.map(axum::Json)
}

pub(super) async fn enroll<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    Json(request): Json<Enroll>,
) -> Result<(StatusCode, axum::Json<Enrolled>), Refusal> {
    let enrolled = bounded(shared.gateway.enroll(request, &operator)).await?;
    Ok((StatusCode::CREATED, axum::Json(enrolled)))
}

pub(super) async fn change<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    Name(name): Name,
    Json(change): Json<Change>,
) -> Answer<Device> {
    bounded(shared.gateway.change(&name, change, &operator)).await.map(axum::Json)
}

pub(super) async fn forget<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    Name(name): Name,
) -> Result<StatusCode, Refusal> {
    bounded(shared.gateway.forget(&name, &operator)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn accept<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    Json(decision): Json<Decision>,
) -> Answer<Device> {
    bounded(shared.gateway.accept(decision, &operator)).await.map(axum::Json)
}

pub(super) async fn reject<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    Json(decision): Json<Decision>,
) -> Answer<Device> {
    bounded(shared.gateway.reject(decision, &operator)).await.map(axum::Json)
}
