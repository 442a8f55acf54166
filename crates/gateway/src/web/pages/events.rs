//! `/events`: what happened and what happens, newest first.

use askama::Template;
use axum::extract::{Query, State};
use homing_proto::api::{Event, Timestamp};
use serde::Deserialize;

use super::link;
use crate::control::EventQuery;
use crate::web::shell::{Place, Shell, render};
use crate::web::when::When;
use crate::web::{Console, Page, Visitor};

/// Events of a page, and of a longer one.
const LIMIT: u32 = 100;
const MORE: u32 = 1000;

/// The parameters of the address.
#[derive(Debug, Default, Deserialize)]
pub(in crate::web) struct Asked {
    #[serde(default)]
    device: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    more: bool,
}

#[derive(Template)]
#[template(path = "events.html")]
struct Events {
    shell: Shell,
    device: String,
    code: String,
    rows: Vec<Row>,
    /// Where a longer list is.
    more: Option<String>,
    line: String,
}

struct Row {
    event: Event,
    when: When,
    /// The device, and where its page is; a stranger has none.
    subject: Option<(String, Option<String>)>,
}

/// The page.
pub(in crate::web) async fn show(
    State(console): State<Console>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Page {
    let (device, code) = (asked.device.trim().to_owned(), asked.code.trim().to_owned());
    let limit = if asked.more { MORE } else { LIMIT };
    let query = EventQuery {
        device: Some(device.clone()).filter(|device| !device.is_empty()),
        codes: code.split([',', ' ']).filter(|code| !code.is_empty()).map(str::to_owned).collect(),
        limit: Some(limit),
        ..EventQuery::default()
    };
    let events = console.control.events(&query, &visitor.operator).await?;
    let now = Timestamp::now();
    let is_full = events.len() >= limit as usize;
    let pairs = [("device", device.as_str()), ("code", &code), ("more", "true")];
    let said: Vec<_> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let more = serde_urlencoded::to_string(said).map(|query| format!("/events?{query}")).ok();
    render(&Events {
        shell: Shell::new(&visitor, Place::Events, "Events"),
        line: line(&device, &query.codes),
        rows: events.into_iter().rev().map(|event| Row::new(event, now)).collect(),
        more: more.filter(|_| is_full && !asked.more),
        device,
        code,
    })
}

impl Row {
    fn new(event: Event, now: Timestamp) -> Self {
        let known = event.device.as_ref().map(|name| (name.to_string(), Some(link(name.as_str()))));
        let stranger = || event.device_id.as_ref().map(|id| (id.as_str().to_owned(), None));
        Self { when: When::new(event.at, now), subject: known.or_else(stranger), event }
    }

    fn tone(&self) -> &'static str {
        match (self.event.fault, self.event.code.as_str()) {
            (Some(_), _) => "refused",
            (None, "in-session") => "up",
            (None, "session-closed") => "down",
            _ => "",
        }
    }
}

/// The command that shows the same.
fn line(device: &str, codes: &[String]) -> String {
    let is_plain =
        |text: &&str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-:".contains(&b));
    let codes = Some(codes.join(",")).filter(|codes| !codes.is_empty());
    let codes = codes.map(|codes| format!(" --kind {}", codes.replace(char::is_whitespace, "")));
    match Some(device).filter(|device| !device.is_empty()).filter(is_plain) {
        Some(device) => format!("homing device log {device} -w"),
        None => format!("homing events -w{}", codes.unwrap_or_default()),
    }
}
