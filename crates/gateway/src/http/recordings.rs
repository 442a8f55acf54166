//! `/api/v1/recordings` and `/api/v1/recordings/{id}`: what was on the terminals.

use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use homing_proto::api::Recording;
use homing_proto::fault::Fault;
use tokio_util::io::ReaderStream;

use super::Shared;
use super::cursor;
use super::extract::{Asker, Name, Parameters};
use super::operate::Operate;
use super::refusal::Refusal;

/// What recordings are looked for by.
const KEYS: &[&str] = &["id", "operator", "device", "at", "session", "cut", "finished"];

/// All recordings, oldest first.
#[utoipa::path(
    get,
    path = "/api/v1/recordings",
    tag = "audit",
    params(
        ("device" = Option<String>, Query, description = "Only of this device"),
        ("operator" = Option<String>, Query, description = "Only of this operator"),
        ("q" = Option<String>, Query, description = "A query: `device:edge-* operator:jane at:<7d`; words, `-` for not"),
        ("limit" = Option<u32>, Query, description = "At most so many; the header `link` leads to the next ones", minimum = 1, maximum = 10000),
        ("cursor" = Option<String>, Query, description = "Where the page begins: as the link says"),
    ),
    responses((status = 200, body = Vec<Recording>))
)]
pub(super) async fn list<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    parameters: Parameters,
    uri: Uri,
) -> Result<Response, Refusal> {
    parameters.only(&["device", "operator", "q", "limit", "cursor"])?;
    let (device, by) = (parameters.last("device"), parameters.last("operator"));
    let mut recordings = shared.gateway.recordings(&operator)?;
    recordings.retain(|one| {
        device.is_none_or(|name| one.device.as_str() == name)
            && by.is_none_or(|name| one.operator == name)
    });
    cursor::listed(&parameters, &uri, KEYS, recordings, |one| format!("{} {}", one.at, one.id))
}

/// A recording as asciicast; of a session that runs: up to now.
#[utoipa::path(
    get,
    path = "/api/v1/recordings/{id}",
    tag = "audit",
    params(
        ("id" = String, Path, description = "The recording's id, as the list shows it"),
    ),
    responses((status = 200, description = "asciicast v2", body = String, content_type = "application/x-asciicast"))
)]
pub(super) async fn read<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    Name(id): Name,
) -> Result<Response, Refusal> {
    let (recording, path) = shared.gateway.recording(&id, &operator)?;
    let file = tokio::fs::File::open(path).await.map_err(|error| {
        let title = format!("the file of {id} can't be read: {error}");
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "recording-unreadable", Fault::Local, title)
    })?;
    let kind = (header::CONTENT_TYPE, "application/x-asciicast".to_owned());
    let name = format!("attachment; filename=\"{}.cast\"", recording.id);
    let headers = [kind, (header::CONTENT_DISPOSITION, name)];
    Ok((headers, Body::from_stream(ReaderStream::new(file))).into_response())
}
