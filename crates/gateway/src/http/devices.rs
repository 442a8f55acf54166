//! `/api/v1/status`, `/api/v1/devices`, `/api/v1/accept`, `/api/v1/reject`.

use axum::extract::State;
use axum::http::{HeaderMap, Uri, header};
use axum::response::Response;
use homing_proto::access::Operator;
use homing_proto::api::{Change, Decision, Device, DeviceState, Enroll, Enrolled, Status};
use homing_proto::filter::Filter;

use super::Shared;
use super::answer::{Answer, Done, Made, done, made};
use super::cursor::{self, Paging};
use super::etag;
use super::extract::{Asker, Json, Name, NoParameters, Parameters};
use super::operate::Operate;
use super::refusal::{Refusal, bounded};
use crate::control::{DeviceQuery, DeviceSearch, Place};

/// How the gateway and its fleet stand.
#[utoipa::path(
    get, path = "/api/v1/status", tag = "gateway", responses((status = 200, body = Status))
)]
pub(super) async fn status<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    _: NoParameters,
) -> Answer<Status> {
    bounded(shared.gateway.status(&operator)).await.map(axum::Json)
}

/// Devices, enrolled and pending, by name.
#[utoipa::path(
    get,
    path = "/api/v1/devices",
    tag = "devices",
    params(
        ("state" = Option<String>, Query, description = "Only these states, with commas between them: `up`, `down`, `new`, `refused`, `pending`, `blocked`"),
        ("q" = Option<String>, Query, description = "A query: `state:down site:fra seen:>1h`; words, labels, `-` for not"),
        ("limit" = Option<u32>, Query, description = "At most so many; the header `link` leads to the next ones", minimum = 1, maximum = 10000),
        ("cursor" = Option<String>, Query, description = "Where the page begins: as the link says"),
        ("tag" = Option<Vec<String>>, Query, description = "Only devices with this label, `key=value`; given again, with all of them"),
    ),
    responses((status = 200, body = Vec<Device>), (status = 304, description = "As in `If-None-Match`"))
)]
pub(super) async fn list<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    parameters: Parameters,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    parameters.only(&["state", "tag", "q", "limit", "cursor"])?;
    let paging = Paging::read(&parameters)?;
    let filter = filter(&parameters)?;
    let query = DeviceQuery { states: states(&parameters)?, tags: tags(&parameters)?, filter };
    let after = paging.after.as_deref().map(place).transpose()?;
    let limit = paging.limit.unwrap_or(usize::MAX);
    let search = DeviceSearch { query, after, limit, ..DeviceSearch::default() };
    let page = bounded(shared.gateway.search(&search, &operator)).await?;
    let next = page.next.and(page.devices.last()).map(text);
    let mut response = etag::tagged(&headers, &page.devices, &());
    cursor::link(&mut response, &uri, next.as_deref());
    Ok(response)
}

/// Where a device stands: enrolled ones first, then by name; strangers of one name by their keys.
fn text(device: &Device) -> String {
    let key = device.pending.as_ref().filter(|_| !device.enrolled);
    let key = key.map(|pending| pending.fingerprint.to_string()).unwrap_or_default();
    format!("{} {} {key}", u8::from(!device.enrolled), device.name)
}

/// The same, read.
fn place(text: &str) -> Result<Place<'static>, Refusal> {
    let parts =
        text.split_once(' ').and_then(|(first, rest)| Some((first, rest.rsplit_once(' ')?)));
    let Some((is_stranger @ ("0" | "1"), (name, key))) = parts else {
        return Err(Refusal::invalid("cursor: expected what the link to the next page says"));
    };
    Ok(Place::by_name(is_stranger == "1", name.to_owned(), key.to_owned()))
}

fn filter(parameters: &Parameters) -> Result<Filter, Refusal> {
    let text = parameters.all("q").collect::<Vec<_>>().join(" ");
    Filter::parse(&text).map_err(|error| {
        Refusal::invalid(format!("q: {error}"))
            .with_hint("state:down site:fra seen:>1h name:edge-* -role:lab, or words")
    })
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

/// One device.
#[utoipa::path(
    get,
    path = "/api/v1/devices/{name}",
    tag = "devices",
    params(("name" = String, Path, description = "The device's name; a pending one's device-id or fingerprint")),
    responses((status = 200, body = Device), (status = 304, description = "As in `If-None-Match`"))
)]
pub(super) async fn show<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    Name(name): Name,
    _: NoParameters,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let device = bounded(shared.gateway.device(&name, &operator)).await?;
    Ok(etag::tagged(&headers, &device, &lasting(&device)))
}

/// What operators change of a device.
fn lasting(device: &Device) -> Device {
    let mut device = device.clone();
    if device.state != DeviceState::Blocked {
        device.state = DeviceState::New;
    }
    device.keys.iter_mut().for_each(|key| key.last_seen = None);
    Device {
        since: None,
        session: None,
        other_sessions: Vec::new(),
        pending: None,
        last_event: None,
        ..device
    }
}

/// Refuses a change of a device that is another by now than the one that was read.
async fn expect_unchanged<G: Operate>(
    gateway: &G,
    name: &str,
    operator: &Operator,
    headers: &HeaderMap,
) -> Result<(), Refusal> {
    match headers.contains_key(header::IF_MATCH) {
        true => {
            let device = bounded(gateway.device(name, operator)).await?;
            etag::expect(headers, &lasting(&device))
        }
        false => Ok(()),
    }
}

/// Enrols a device, or gives an enrolled one a new secret. The stanza in the answer holds the secret in plain, this once.
#[utoipa::path(
    post,
    path = "/api/v1/devices",
    tag = "devices",
    request_body = Enroll,
    responses((status = 201, body = Enrolled))
)]
pub(super) async fn enroll<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    _: NoParameters,
    Json(request): Json<Enroll>,
) -> Made<Enrolled> {
    let enrolled = shared.gateway.enroll(request, &operator).await?;
    made(enrolled)
}

/// Changes a device: what is absent stays.
#[utoipa::path(
    patch,
    path = "/api/v1/devices/{name}",
    tag = "devices",
    params(("name" = String, Path, description = "The device's name; a pending one's device-id or fingerprint"), ("If-Match" = Option<String>, Header, description = "The `ETag` of the device that is meant: refused when somebody else changed it")),
    request_body = Change,
    responses((status = 200, body = Device))
)]
pub(super) async fn change<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    Name(name): Name,
    _: NoParameters,
    headers: HeaderMap,
    Json(change): Json<Change>,
) -> Answer<Device> {
    expect_unchanged(&shared.gateway, &name, &operator, &headers).await?;
    Ok(axum::Json(shared.gateway.change(&name, change, &operator).await?))
}

/// Forgets a device: keys and secret go, its session ends.
#[utoipa::path(
    delete,
    path = "/api/v1/devices/{name}",
    tag = "devices",
    params(("name" = String, Path, description = "The device's name; a pending one's device-id or fingerprint"), ("If-Match" = Option<String>, Header, description = "The `ETag` of the device that is meant: refused when somebody else changed it")),
    responses((status = 204, description = "Forgotten"))
)]
pub(super) async fn forget<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    Name(name): Name,
    _: NoParameters,
    headers: HeaderMap,
) -> Done {
    expect_unchanged(&shared.gateway, &name, &operator, &headers).await?;
    shared.gateway.forget(&name, &operator).await?;
    done()
}

/// Lets a pending key in.
#[utoipa::path(
    post,
    path = "/api/v1/accept",
    tag = "devices",
    request_body = Decision,
    responses((status = 200, body = Device))
)]
pub(super) async fn accept<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    _: NoParameters,
    Json(decision): Json<Decision>,
) -> Answer<Device> {
    Ok(axum::Json(shared.gateway.accept(decision, &operator).await?))
}

/// Turns a pending key down.
#[utoipa::path(
    post,
    path = "/api/v1/reject",
    tag = "devices",
    request_body = Decision,
    responses((status = 200, body = Device))
)]
pub(super) async fn reject<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    _: NoParameters,
    Json(decision): Json<Decision>,
) -> Answer<Device> {
    Ok(axum::Json(shared.gateway.reject(decision, &operator).await?))
}
