//! `/api/v1/audit`, `/api/v1/audit/verify`, `/api/v1/audit/export`: the trail, its proof, and a copy to keep elsewhere.
//!
//! ```text
//!   GET audit?operator=&device=&action=&result=&text=&since=&until=&after=&before=&limit=&follow=   ndjson
//!   GET audit/verify?head=ID:HASH                                                                    Report
//!   GET audit/export?format=jsonl|syslog&after=                                                      lines
//! ```

use axum::body::Body;
use axum::extract::State;
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use homing_proto::access::Operator;
use homing_proto::audit::{ExportLine, Head, Origin, Report, Sealed, syslog};
use tokio::sync::broadcast;

use super::Shared;
use super::answer::Answer;
use super::cursor;
use super::extract::{Asker, Parameters};
use super::operate::Operate;
use super::oversee::Oversee;
use super::refusal::{Refusal, bounded};
use super::stream::{Ended, PAGE, Pieces, heartbeat};
use crate::host;
use crate::store::{AuditQuery, Exported};

/// Entries when no number is asked for.
const LIMIT: u32 = 1_000;

const KNOWN: &[&str] = &[
    "q", "operator", "device", "action", "result", "text", "since", "until", "after", "before",
    "limit", "follow",
];

/// What entries are looked for by.
const KEYS: &[&str] = &[
    "id",
    "at",
    "action",
    "operator",
    "via",
    "source",
    "device",
    "result",
    "operation",
    "message",
    "message_id",
    "datastore",
    "session",
    "bytes_in",
    "bytes_out",
    "duration_ms",
    "right",
    "credential",
    "command",
    "recording",
];

/// Entries as lines of JSON, for as long as asked.
#[utoipa::path(
    get,
    path = "/api/v1/audit",
    tag = "audit",
    params(
        ("q" = Option<String>, Query, description = "A query: `action:rpc,channel-opened -operator:ci at:<7d`; words, `-` for not"),
        ("operator" = Option<String>, Query, description = "Only what this operator did"),
        ("device" = Option<String>, Query, description = "Only what was done on this device"),
        ("action" = Option<String>, Query, description = "Only these actions, with commas between them"),
        ("result" = Option<String>, Query, description = "Only what ended so"),
        ("text" = Option<String>, Query, description = "Only entries with this text in them"),
        ("since" = Option<Timestamp>, Query, description = "Only entries at or after this moment"),
        ("until" = Option<Timestamp>, Query, description = "Only entries before this moment"),
        ("after" = Option<u64>, Query, description = "Only entries after the one with this id"),
        ("before" = Option<u64>, Query, description = "Only entries before the one with this id"),
        ("limit" = Option<u32>, Query, description = "At most so many [default: 1000]; the header `link` leads to the next ones: onwards with `after`, else to the older"),
        ("follow" = Option<bool>, Query, description = "Go on with what happens"),
    ),
    responses((status = 200, description = "One entry a line", content((Sealed = "application/x-ndjson"))))
)]
pub(super) async fn stream<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    parameters: Parameters,
    uri: Uri,
) -> Result<Response, Refusal> {
    parameters.only(KNOWN)?;
    let query = query(&parameters)?;
    let limit = query.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    let onwards = query.after.is_some();
    let follows = parameters.read("follow", "true or false")?.unwrap_or(false);
    if !follows {
        let entries = bounded(shared.gateway.audit(query, &operator)).await?;
        let lines: Vec<u8> = entries.iter().flat_map(line).collect();
        let mut response = (ndjson(), Body::from(lines)).into_response();
        if entries.len() >= limit {
            // With `after` on towards the newest, else back towards the oldest.
            let next = match onwards {
                true => ("after", entries.last()),
                false => ("before", entries.first()),
            };
            if let (key, Some(one)) = next {
                cursor::link_by(&mut response, &uri, key, &one.entry.id.to_string());
            }
        }
        return Ok(response);
    }
    let place = shared.followers.enter()?;
    let live = shared.gateway.follow_audit(&operator)?;
    let head = shared.gateway.audit_head(&operator)?;
    let asks_for_past =
        query.after.is_some() || query.since.is_some() || parameters.last("limit").is_some();
    let first = match asks_for_past {
        true => bounded(shared.gateway.audit(query.clone(), &operator)).await?,
        false => Vec::new(),
    };
    let last = query.after.unwrap_or(0).max(if asks_for_past { 0 } else { head.id });
    let lines = place.write(16, |lines| async move {
        let mut follower = Follower { gateway: shared.gateway, operator, query, last, lines };
        follower.run(first, live).await
    });
    Ok((ndjson(), Body::new(lines)).into_response())
}

fn query(parameters: &Parameters) -> Result<AuditQuery, Refusal> {
    const TIME: &str = "a time such as 2026-11-23T14:57:58Z";
    let text = |key| parameters.last(key).map(str::to_owned);
    Ok(AuditQuery {
        after: parameters.read("after", "the id of an entry")?,
        before: parameters.read("before", "the id of an entry")?,
        since: parameters.read("since", TIME)?,
        until: parameters.read("until", TIME)?,
        operator: text("operator"),
        device: text("device"),
        actions: parameters.list("action").map(str::to_owned).collect(),
        result: text("result"),
        text: text("text"),
        filter: cursor::filter(parameters, KEYS)?,
        limit: Some(parameters.read("limit", "a number")?.unwrap_or(LIMIT)),
    })
}

/// Whether the trail is what it was.
#[utoipa::path(
    get,
    path = "/api/v1/audit/verify",
    tag = "audit",
    params(
        ("head" = Option<String>, Query, description = "A head that was noted earlier, `ID:HASH`"),
    ),
    responses((status = 200, body = Report))
)]
pub(super) async fn verify<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    parameters: Parameters,
) -> Answer<Report> {
    parameters.only(&["head"])?;
    let noted: Option<Head> = parameters.read("head", "the head of a trail, ID:HASH")?;
    // A trail of millions takes longer than other answers may.
    Ok(axum::Json(shared.gateway.verify_audit(noted, &operator).await?))
}

/// The trail from `after` to its end, to be kept and verified elsewhere.
#[utoipa::path(
    get,
    path = "/api/v1/audit/export",
    tag = "audit",
    params(
        ("format" = Option<String>, Query, description = "`jsonl` or `syslog` (RFC 5424)"),
        ("after" = Option<u64>, Query, description = "Only entries after the one with this id"),
    ),
    responses((status = 200, description = "One entry a line", content((String = "application/x-ndjson"), (String = "text/plain"))))
)]
pub(super) async fn export<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    parameters: Parameters,
) -> Result<Response, Refusal> {
    parameters.only(&["format", "after"])?;
    let after = parameters.read("after", "the id of an entry")?.unwrap_or(0);
    let (form, kind) = match parameters.last("format").unwrap_or("jsonl") {
        "jsonl" => (Form::Jsonl, "application/x-ndjson"),
        "syslog" => (
            Form::Syslog(host::name().unwrap_or_else(|| "-".to_owned())),
            "text/plain; charset=utf-8",
        ),
        other => {
            let title = format!("format={other:?}: expected jsonl or syslog");
            return Err(Refusal::invalid(title));
        }
    };
    let gateway = shared.gateway;
    let place = shared.followers.enter()?;
    let first = bounded(gateway.export_audit(after, PAGE, true, &operator)).await?;
    let lines = place
        .write(4, |lines| async move { pages(&gateway, &operator, first, &form, &lines).await });
    Ok(([(header::CONTENT_TYPE, kind)], Body::new(lines)).into_response())
}

enum Form {
    Jsonl,
    Syslog(String),
}

impl Form {
    fn line(&self, link: &Exported) -> Option<String> {
        let Exported { canonical, hash, previous, .. } = link;
        match self {
            Self::Jsonl => {
                let line = ExportLine { canonical, hash: *hash, previous: *previous };
                Some(format!("{line}\n"))
            }
            Self::Syslog(host) => {
                let entry = serde_json::from_str(canonical).ok()?;
                let origin = Origin { host, process: std::process::id() };
                Some(syslog(&Sealed { entry, hash: *hash }, origin) + "\n")
            }
        }
    }
}

async fn pages<G: Oversee>(
    gateway: &G,
    operator: &Operator,
    first: Vec<Exported>,
    form: &Form,
    to: &Pieces,
) -> Result<(), Ended> {
    let mut page = first;
    while let Some(last) = page.last().map(|link| link.id) {
        // An entry that can't be read stays a line of JSON, and is left out of syslog: verifying names it.
        let lines: String = page.iter().filter_map(|link| form.line(link)).collect();
        to.put(lines).await?;
        page = match gateway.export_audit(last, PAGE, false, operator).await {
            Ok(page) => page,
            Err(_) => return to.break_off().await,
        };
    }
    Ok(())
}

struct Follower<G> {
    gateway: G,
    operator: Operator,
    query: AuditQuery,
    /// The last entry that was looked at.
    last: u64,
    lines: Pieces,
}

impl<G: Oversee> Follower<G> {
    async fn run(
        &mut self,
        first: Vec<Sealed>,
        mut live: broadcast::Receiver<Sealed>,
    ) -> Result<(), Ended> {
        let had_past = !first.is_empty();
        self.send(first).await?;
        if had_past || self.query.after.is_some() {
            self.rest().await?;
        }
        let mut heartbeat = heartbeat();
        loop {
            tokio::select! {
                entry = live.recv() => match entry {
                    Ok(entry) if entry.entry.id <= self.last => {}
                    // The store knows how to find; so that both halves of the stream are of one mind.
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => self.rest().await?,
                    Err(broadcast::error::RecvError::Closed) => return Ok(()),
                },
                _ = heartbeat.tick() => {
                    // Whoever may read the trail no longer is not kept.
                    self.gateway.audit_head(&self.operator).map_err(|_| Ended)?;
                    self.lines.put("\n").await?;
                }
            }
        }
    }

    /// All that is stored after the last.
    async fn rest(&mut self) -> Result<(), Ended> {
        loop {
            let Ok(head) = self.gateway.audit_head(&self.operator) else { return Err(Ended) };
            let query = AuditQuery {
                after: Some(self.last),
                before: None,
                limit: Some(PAGE),
                ..self.query.clone()
            };
            let Ok(page) = self.gateway.audit(query, &self.operator).await else {
                return self.lines.break_off().await;
            };
            let is_whole = page.len() < PAGE as usize;
            self.send(page).await?;
            if is_whole {
                self.last = self.last.max(head.id);
                return Ok(());
            }
        }
    }

    async fn send(&mut self, entries: Vec<Sealed>) -> Result<(), Ended> {
        for entry in entries {
            self.last = self.last.max(entry.entry.id);
            self.lines.put(line(&entry)).await?;
        }
        Ok(())
    }
}

fn line(entry: &Sealed) -> Vec<u8> {
    let mut line = serde_json::to_vec(entry).unwrap_or_default();
    line.push(b'\n');
    line
}

fn ndjson() -> [(header::HeaderName, &'static str); 1] {
    [(header::CONTENT_TYPE, "application/x-ndjson")]
}
