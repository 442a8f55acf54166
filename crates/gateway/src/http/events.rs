//! `/api/v1/events` and `/api/v1/devices/{name}/log`.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse, Response};
use homing_proto::api::{Event, Timestamp};
use homing_proto::filter::RowFilter;

use super::extract::{Asker, Name, Parameters};
use super::follow::Form;
use super::operate::Operate;
use super::refusal::{Refusal, bounded};
use super::{Shared, cursor, follow};
use crate::control::EventQuery;
use crate::store::MAX_EVENTS;

/// Lines of a log when none are asked for.
const LOG_LIMIT: u32 = 1000;

/// What events are looked for by.
const KEYS: &[&str] = &[
    "id",
    "at",
    "code",
    "fault",
    "device",
    "device_id",
    "listener",
    "source",
    "epoch",
    "message",
    "advice",
    "reason",
    "by",
    "key",
    "actor",
    "via",
    "superseded",
];

/// The timeline of one device, newest last.
#[utoipa::path(
    get,
    path = "/api/v1/devices/{name}/log",
    tag = "devices",
    params(
        ("name" = String, Path, description = "The device's name; a pending one's device-id or fingerprint"),
        ("q" = Option<String>, Query, description = "A query: `code:wrong-hmac,missing-hmac source:198.51.100.*`; words, `-` for not"),
        ("limit" = Option<u32>, Query, description = "At most so many, the newest [default: 1000]; the header `link` leads to the older ones"),
        ("before" = Option<u64>, Query, description = "Only events before the one with this id"),
        ("since" = Option<Timestamp>, Query, description = "Only events at or after this moment"),
    ),
    responses((status = 200, body = Vec<Event>))
)]
pub(super) async fn log<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    Name(name): Name,
    parameters: Parameters,
    uri: Uri,
) -> Result<Response, Refusal> {
    parameters.only(&["q", "limit", "before", "since"])?;
    let limit = limit(&parameters)?.unwrap_or(LOG_LIMIT);
    let since = since(&parameters)?;
    // A name that nothing is known of is refused, not answered with an empty log.
    let known = bounded(shared.gateway.device(&name, &operator)).await;
    let query = EventQuery {
        device: Some(name),
        since,
        before: before(&parameters)?,
        filter: filter(&parameters)?,
        limit: Some(limit),
        ..EventQuery::default()
    };
    let events = bounded(shared.gateway.events(&query, &operator)).await?;
    match known {
        Err(refusal) if events.is_empty() => Err(refusal),
        _ => {
            let older = older(&events, limit);
            let mut response = axum::Json(events).into_response();
            link(&mut response, &uri, older);
            Ok(response)
        }
    }
}

/// Events, oldest first, for as long as asked.
#[utoipa::path(
    get,
    path = "/api/v1/events",
    tag = "events",
    params(
        ("after" = Option<u64>, Query, description = "Only events after the one with this id"),
        ("before" = Option<u64>, Query, description = "Only events before the one with this id"),
        ("q" = Option<String>, Query, description = "A query: `code:wrong-hmac,missing-hmac source:198.51.100.*`; words, `-` for not"),
        ("device" = Option<String>, Query, description = "Only this device's; a stranger's by its device-id"),
        ("code" = Option<String>, Query, description = "Only these codes, with commas between them"),
        ("since" = Option<Timestamp>, Query, description = "Only events at or after this moment"),
        ("limit" = Option<u32>, Query, description = "At most so many: the newest, or with `after` the oldest after it; when it follows, all after it are sent; when not, the header `link` leads to the next ones: onwards with `after`, else to the older"),
        ("follow" = Option<bool>, Query, description = "Go on with what happens [default: only as server-sent events]"),
        ("Last-Event-ID" = Option<u64>, Header, description = "The same as `after`, as browsers send it when they come back"),
    ),
    responses((
        status = 200,
        description = "One event a line; or as server-sent events, which follow and go on after `Last-Event-ID`",
        content((Event = "application/x-ndjson"), (String = "text/event-stream"))
    ))
)]
pub(super) async fn stream<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    parameters: Parameters,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refusal> {
    parameters.only(&["after", "before", "q", "device", "code", "limit", "since", "follow"])?;
    let form = form(&headers);
    let query = EventQuery {
        after: last_event_id(&headers)?.or(parameters.read("after", "the id of an event")?),
        device: parameters.last("device").map(str::to_owned),
        codes: parameters.list("code").map(str::to_owned).collect(),
        since: since(&parameters)?,
        before: before(&parameters)?,
        filter: filter(&parameters)?,
        limit: limit(&parameters)?,
    };
    let follows = parameters.read("follow", "true or false")?.unwrap_or(form == Form::ServerSent);
    let page = query.limit.filter(|limit| !follows && *limit <= MAX_EVENTS);
    if let Some(limit) = page {
        let events = bounded(shared.gateway.events(&query, &operator)).await?;
        let next = match query.after {
            Some(_) => newer(&events, limit),
            None => older(&events, limit),
        };
        let mut response = (head(form), form.page(&events)).into_response();
        link(&mut response, &uri, next);
        return Ok(response);
    }
    if follows && query.before.is_some() {
        return Err(Refusal::invalid("before: what is followed has no end"));
    }
    let asked = follow::Asked { query, operator, follows, form };
    let lines = follow::start(&shared.followers, shared.gateway, asked).await?;
    Ok((head(form), Body::new(lines)).into_response())
}

fn head(form: Form) -> [(header::HeaderName, &'static str); 2] {
    let kind = match form {
        Form::Lines => "application/x-ndjson",
        Form::ServerSent => "text/event-stream",
    };
    [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")]
}

/// Where a link leads: a parameter, and the id of an event.
type Next = Option<(&'static str, u64)>;

fn older(events: &[Event], limit: u32) -> Next {
    let is_full = limit > 0 && events.len() >= limit as usize;
    events.first().filter(|_| is_full).map(|event| ("before", event.id))
}

fn newer(events: &[Event], limit: u32) -> Next {
    let is_full = limit > 0 && events.len() >= limit as usize;
    events.last().filter(|_| is_full).map(|event| ("after", event.id))
}

fn link(response: &mut Response, uri: &Uri, next: Next) {
    if let Some((key, id)) = next {
        cursor::link_by(response, uri, key, &id.to_string());
    }
}

fn filter(parameters: &Parameters) -> Result<RowFilter, Refusal> {
    cursor::filter(parameters, KEYS)
}

fn before(parameters: &Parameters) -> Result<Option<u64>, Refusal> {
    parameters.read("before", "the id of an event")
}

/// As the header `accept` asks for it.
fn form(headers: &HeaderMap) -> Form {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut kinds =
        values.flat_map(|value| value.split(',')).filter_map(|kind| kind.split(';').next());
    match kinds.any(|kind| kind.trim().eq_ignore_ascii_case("text/event-stream")) {
        true => Form::ServerSent,
        false => Form::Lines,
    }
}

/// Where a reader that comes back was; it knows better than the URL that it began with.
fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, Refusal> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let id = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    let wrong = || Refusal::invalid("last-event-id: expected the id of an event");
    id.map(Some).ok_or_else(wrong)
}

fn limit(parameters: &Parameters) -> Result<Option<u32>, Refusal> {
    parameters.read("limit", "a number")
}

fn since(parameters: &Parameters) -> Result<Option<Timestamp>, Refusal> {
    parameters.read("since", "a time such as 2026-11-23T14:57:58Z")
}
