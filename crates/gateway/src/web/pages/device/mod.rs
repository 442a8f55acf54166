//! `/devices/{name}`: one device: its state and keys, every attempt to come in, who is on it; and, on tabs, work on it.
//!
//! ```text
//!   GET  /devices/NAME                    state, keys, attempts, channels
//!   POST /devices/NAME                    disconnect, close a channel, block, let in again, forget
//!   GET  /devices/NAME/run                RPCs and commands, by the API
//!   GET  /devices/NAME/terminal[/socket]  a shell, by the front door's way
//!   GET  /devices/NAME/configuration      its configuration, by the API
//! ```

mod actions;
mod attempts;
mod head;
mod socket;
mod tabs;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use homing_proto::api::{DeviceChannel, Event, Key, KeyState, Pending, Timestamp};

use crate::control::EventQuery;
use crate::web::shell::{Place, Shell, render};
use crate::web::when::When;
use crate::web::{Console, Page, Visitor};

pub(in crate::web::pages) use actions::device as page_of;
pub(super) use attempts::Advice;
use attempts::{Attempt, attempts};
use head::{Head, Tab};

/// So many events are looked at.
const EVENTS: u32 = 400;
/// So many attempts are shown.
const ATTEMPTS: usize = 40;

/// The pages of one device.
pub(super) fn routes(router: Router<Console>) -> Router<Console> {
    router
        .route("/devices/{name}", get(show).post(actions::act))
        .route("/devices/{name}/run", get(tabs::run))
        .route("/devices/{name}/terminal", get(tabs::terminal))
        .route("/devices/{name}/terminal/socket", get(socket::open))
        .route("/devices/{name}/configuration", get(tabs::configuration))
}

/// A key and its history.
struct KeyRow {
    key: Key,
    first_seen: When,
    last_seen: Option<When>,
}

/// A channel that somebody has open.
struct ChannelRow {
    channel: DeviceChannel,
    since: When,
    may_close: bool,
}

/// A key that waits, beside those in force.
struct Waiting {
    pending: Pending,
    algorithm: String,
    first_seen: When,
    last_seen: When,
    /// The keys in force of its type: one of them it replaces.
    same: Vec<Key>,
    advice: Vec<Advice>,
}

#[derive(Template)]
#[template(path = "device/show.html")]
struct Show {
    shell: Shell,
    head: Head,
    keys: Vec<KeyRow>,
    waiting: Option<Waiting>,
    channels: Vec<ChannelRow>,
    attempts: Vec<Attempt>,
    /// More than are shown.
    has_more: bool,
}

/// The first tab.
pub(in crate::web) async fn show(
    State(console): State<Console>,
    visitor: Visitor,
    Path(name): Path<String>,
) -> Page {
    let now = Timestamp::now();
    let device = console.control.device(&name, &visitor.operator).await?;
    let head = Head::new(device, &visitor.operator, Tab::Device);
    let subject = match head.device.enrolled {
        true => head.device.name.clone(),
        false => head.device.device_id.as_ref().map_or_else(|| name.clone(), ToString::to_string),
    };
    let query = EventQuery { device: Some(subject), limit: Some(EVENTS), ..EventQuery::default() };
    let events = console.control.events(&query, &visitor.operator).await?;
    let waiting = waiting(&head, &events, now);
    let mut attempts = attempts(events, now);
    let has_more = attempts.len() > ATTEMPTS;
    attempts.truncate(ATTEMPTS);
    let channels = match head.device.enrolled {
        true => console.control.channels(&head.device.name, &visitor.operator)?,
        false => Vec::new(),
    };
    let channels = channels.into_iter().map(|channel| ChannelRow {
        since: When::new(channel.since, now),
        may_close: head.may_configure || channel.operator == visitor.operator.name(),
        channel,
    });
    let keys = head.device.keys.iter().map(|key| KeyRow {
        first_seen: When::new(key.first_seen, now),
        last_seen: key.last_seen.map(|at| When::new(at, now)),
        key: key.clone(),
    });
    render(&Show {
        shell: Shell::new(&visitor, Place::Devices, &head.device.name),
        keys: keys.collect(),
        waiting,
        channels: channels.collect(),
        attempts,
        has_more,
        head,
    })
}

fn waiting(head: &Head, events: &[Event], now: Timestamp) -> Option<Waiting> {
    let pending = head.device.pending.clone()?;
    let told = events.iter().rev().find(|event| event.code == pending.reason);
    let in_force = head.device.keys.iter().filter(|key| key.state == KeyState::Pinned);
    let algorithm = pending.key.algorithm().to_string();
    let same = in_force.filter(|key| key.key.algorithm() == pending.key.algorithm());
    Some(Waiting {
        same: same.cloned().collect(),
        algorithm,
        first_seen: When::new(pending.first_seen, now),
        last_seen: When::new(pending.last_seen, now),
        advice: told.map(Advice::of).unwrap_or_default(),
        pending,
    })
}
