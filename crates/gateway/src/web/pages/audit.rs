//! `/audit`: who did what, whether the trail is whole, and recordings of terminals to be watched again.

use askama::Template;
use axum::extract::{Path, Query, State};
use homing_proto::access::Right;
use homing_proto::api::{Recording, Timestamp};
use homing_proto::audit::{Entry, Head, Report, Sealed};
use serde::Deserialize;

use crate::control::ControlError;
use crate::store::AuditQuery;
use crate::web::shell::{Place, Shell, may, render};
use crate::web::when::When;
use crate::web::{Console, Page, Visitor};

/// Entries of one page.
const PAGE: u32 = 100;
/// So many recordings are listed.
const RECORDINGS: usize = 50;

/// The parameters of the address.
#[derive(Debug, Clone, Default, Deserialize)]
pub(in crate::web) struct Asked {
    #[serde(default)]
    operator: String,
    #[serde(default)]
    device: String,
    #[serde(default)]
    action: String,
    #[serde(default)]
    result: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    since: String,
    #[serde(default)]
    before: String,
    #[serde(default)]
    verify: String,
}

impl Asked {
    fn query(&self, now: Timestamp) -> AuditQuery {
        let said = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let since = match self.since.as_str() {
            "1h" => now.checked_sub(std::time::Duration::from_secs(3_600)).ok(),
            "1d" => now.checked_sub(std::time::Duration::from_secs(86_400)).ok(),
            "7d" => now.checked_sub(std::time::Duration::from_secs(7 * 86_400)).ok(),
            _ => None,
        };
        AuditQuery {
            before: self.before.parse().ok(),
            since,
            operator: said(&self.operator),
            device: said(&self.device),
            actions: self.action.split([',', ' ']).filter_map(said).collect(),
            result: said(&self.result),
            text: said(&self.text),
            limit: Some(PAGE),
            ..AuditQuery::default()
        }
    }

    /// The same search, further back.
    fn older(&self, before: u64) -> String {
        let pairs = [
            ("operator", self.operator.clone()),
            ("device", self.device.clone()),
            ("action", self.action.clone()),
            ("result", self.result.clone()),
            ("text", self.text.clone()),
            ("since", self.since.clone()),
            ("before", before.to_string()),
        ];
        let pairs = pairs.into_iter().filter(|(_, value)| !value.is_empty());
        let pairs: Vec<_> = pairs.collect();
        format!("/audit?{}", serde_urlencoded::to_string(pairs).unwrap_or_default())
    }
}

/// An entry.
struct Row {
    at: When,
    entry: Entry,
    hash: String,
}

impl Row {
    fn of(sealed: Sealed, now: Timestamp) -> Self {
        let hash: String = sealed.hash.to_string().chars().take(12).collect();
        Self { at: When::new(sealed.entry.at, now), entry: sealed.entry, hash }
    }

    /// `good`, `bad`, `odd` or `calm`.
    fn tone(&self) -> &'static str {
        match self.entry.result.as_str() {
            Entry::OK => "good",
            Entry::BEGUN => "calm",
            Entry::UNKNOWN => "odd",
            _ => "bad",
        }
    }

    fn recording(&self) -> Option<&String> {
        self.entry.fields.get("recording")
    }

    /// What an RPC or a channel was for.
    fn what(&self) -> String {
        let operation = self.entry.operation.clone().unwrap_or_default();
        match self.entry.fields.get("command") {
            Some(command) => format!("{operation} {command}"),
            None => operation,
        }
    }
}

/// A recording.
struct Film {
    recording: Recording,
    at: When,
    seconds: u64,
}

#[derive(Template)]
#[template(path = "audit/list.html")]
struct List {
    shell: Shell,
    asked: Asked,
    rows: Vec<Row>,
    older: Option<String>,
    head: Head,
    head_hash: String,
    report: Option<Report>,
    films: Vec<Film>,
    may_watch: bool,
}

/// The page.
pub(in crate::web) async fn show(
    State(console): State<Console>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Page {
    let now = Timestamp::now();
    let (control, operator) = (&console.control, &visitor.operator);
    let sealed = control.audit(asked.query(now), operator).await?;
    let head = control.audit_head(operator)?;
    let report = match asked.verify.is_empty() {
        true => None,
        false => Some(control.verify_audit(None, operator).await?),
    };
    let is_full = sealed.len() >= PAGE as usize;
    let oldest = sealed.first().map(|sealed| sealed.entry.id).filter(|_| is_full);
    let may_watch = may(operator, Right::Administer);
    let films =
        if may_watch { films(control.recordings(operator)?, &asked, now) } else { Vec::new() };
    render(&List {
        shell: Shell::new(&visitor, Place::Audit, "Audit"),
        older: oldest.map(|id| asked.older(id)),
        rows: sealed.into_iter().rev().map(|one| Row::of(one, now)).collect(),
        head_hash: head.hash.to_string().chars().take(16).collect(),
        head,
        report,
        films,
        may_watch,
        asked,
    })
}

fn films(recordings: Vec<Recording>, asked: &Asked, now: Timestamp) -> Vec<Film> {
    let of_device =
        |one: &Recording| asked.device.is_empty() || one.device.as_str() == asked.device;
    let of_operator = |one: &Recording| asked.operator.is_empty() || one.operator == asked.operator;
    let chosen = recordings.into_iter().rev().filter(|one| of_device(one) && of_operator(one));
    let film = |recording: Recording| Film {
        at: When::new(recording.at, now),
        seconds: recording.duration_ms / 1000,
        recording,
    };
    chosen.take(RECORDINGS).map(film).collect()
}

#[derive(Template)]
#[template(path = "audit/replay.html")]
struct Replay {
    shell: Shell,
    recording: Recording,
    at: When,
}

/// A recording, to be watched.
pub(in crate::web) async fn replay(
    State(console): State<Console>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Page {
    let recordings = console.control.recordings(&visitor.operator)?;
    let found = recordings.into_iter().find(|one| one.id == id);
    let recording = found.ok_or(ControlError::UnknownRecording(id))?;
    let at = When::new(recording.at, Timestamp::now());
    let shell = Shell::new(&visitor, Place::Audit, "Recording");
    render(&Replay { shell, recording, at })
}
