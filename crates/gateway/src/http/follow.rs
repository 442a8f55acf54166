//! A stream of events: what is stored, then what happens, without a gap between the two.
//!
//! ```text
//!   subscribe ──▶ stored pages (after the last) ──▶ live ──lagged──▶ stored pages ──▶ live …
//!                                                    │ a sign of life every 15 s
//!                                                    ▼ ends: reader gone, stuck or let in no longer, gateway stopping
//! ```
//!
//! As lines of JSON, or as server-sent events for browsers. Source: HTML Living Standard, *Server-sent events*.

use bytes::Bytes;
use homing_proto::access::Operator;
use homing_proto::api::{Event, Timestamp};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::operate::Operate;
use super::refusal::{Refusal, bounded};
use super::stream::{Ended, Followers, PAGE, Pieces, Written, heartbeat};
use crate::control::EventQuery;

/// What a reader asks for.
pub(super) struct Asked {
    pub(super) query: EventQuery,
    pub(super) operator: Operator,
    /// Whether it stays for what happens.
    pub(super) follows: bool,
    pub(super) form: Form,
}

/// How events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One JSON object a line; a blank line is a sign of life.
    Lines,
    /// Server-sent events, with ids to go on after; a comment is a sign of life.
    ServerSent,
}

impl Form {
    /// What a stream begins with.
    fn greeting(self) -> Option<Bytes> {
        // A reader that lost its stream comes back after so many milliseconds.
        (self == Self::ServerSent).then(|| Bytes::from_static(b"retry: 2000\n\n"))
    }

    fn heartbeat(self) -> Bytes {
        match self {
            Self::Lines => Bytes::from_static(b"\n"),
            Self::ServerSent => Bytes::from_static(b":\n\n"),
        }
    }

    /// Some events, as the stream would write them.
    pub(super) fn page(self, events: &[Event]) -> Vec<u8> {
        let lines = events.iter().filter_map(|event| self.event(event).ok());
        lines.flat_map(|line| line.to_vec()).collect()
    }

    fn event(self, event: &Event) -> serde_json::Result<Bytes> {
        let json = serde_json::to_string(event)?;
        Ok(match self {
            Self::Lines => json + "\n",
            Self::ServerSent => format!("id: {}\ndata: {json}\n\n", event.id),
        }
        .into())
    }
}

/// Starts a stream; its first page is read before the answer begins, so that its refusal is seen.
///
/// # Errors
/// Too many readers, or the store refuses.
pub(super) async fn start<G: Operate>(
    followers: &Followers,
    gateway: G,
    asked: Asked,
) -> Result<Written, Refusal> {
    let place = followers.enter()?;
    let live = gateway.subscribe();
    let last = match asked.query.after {
        Some(after) => after,
        None => newest(&gateway, &asked.operator).await?,
    };
    let first = first_page(&gateway, &asked).await?;
    let Asked { query, operator, follows, form } = asked;
    Ok(place.write(16, |lines| async move {
        let mut stream = Stream { gateway, query, operator, last, form, lines };
        stream.run(first, live, follows).await
    }))
}

/// Where "from here on" begins.
async fn newest<G: Operate>(gateway: &G, operator: &Operator) -> Result<u64, Refusal> {
    let query = EventQuery { limit: Some(1), ..EventQuery::default() };
    let events = bounded(gateway.events(&query, operator)).await?;
    Ok(events.last().map_or(0, |event| event.id))
}

/// What comes before the live events; to follow from here on, nothing does.
async fn first_page<G: Operate>(gateway: &G, asked: &Asked) -> Result<Vec<Event>, Refusal> {
    let query = &asked.query;
    let asks_for_past = query.after.is_some() || query.limit.is_some() || query.since.is_some();
    if asked.follows && !asks_for_past {
        return Ok(Vec::new());
    }
    let limit = match query.after {
        Some(_) => Some(query.limit.unwrap_or(PAGE).min(PAGE)),
        None => query.limit,
    };
    let query = EventQuery { limit, ..query.clone() };
    bounded(gateway.events(&query, &asked.operator)).await
}

struct Stream<G> {
    gateway: G,
    query: EventQuery,
    operator: Operator,
    /// The last event that was sent, or that came before the first.
    last: u64,
    form: Form,
    lines: Pieces,
}

impl<G: Operate> Stream<G> {
    async fn run(
        &mut self,
        first: Vec<Event>,
        live: broadcast::Receiver<Event>,
        follows: bool,
    ) -> Result<(), Ended> {
        if let Some(greeting) = self.form.greeting() {
            self.lines.put(greeting).await?;
        }
        let is_paged = self.query.after.is_some();
        let sent = first.len();
        for event in first {
            self.send(&event).await?;
        }
        if is_paged {
            // Whoever stays gets all that is between the first ones and the live ones.
            let limit = self.query.limit.filter(|_| !follows);
            let left = limit.map(|limit| limit as usize - sent.min(limit as usize));
            self.rest(left).await?;
        }
        match follows {
            true => self.live(live).await,
            false => Ok(()),
        }
    }

    /// All that is stored after the last, page by page; with a limit, no more than `left`.
    async fn rest(&mut self, mut left: Option<usize>) -> Result<(), Ended> {
        loop {
            let limit = left.map_or(PAGE, |left| PAGE.min(u32::try_from(left).unwrap_or(PAGE)));
            if limit == 0 {
                return Ok(());
            }
            let query =
                EventQuery { after: Some(self.last), limit: Some(limit), ..self.query.clone() };
            let Ok(page) = self.gateway.events(&query, &self.operator).await else {
                return self.lines.break_off().await;
            };
            for event in &page {
                self.send(event).await?;
            }
            if page.len() < limit as usize {
                return Ok(());
            }
            left = left.map(|left| left.saturating_sub(page.len()));
        }
    }

    async fn live(&mut self, mut live: broadcast::Receiver<Event>) -> Result<(), Ended> {
        let mut heartbeat = heartbeat();
        loop {
            tokio::select! {
                event = live.recv() => match event {
                    Ok(event) => self.offer(&event).await?,
                    Err(RecvError::Lagged(_)) => self.rest(None).await?,
                    Err(RecvError::Closed) => return Ok(()),
                },
                _ = heartbeat.tick() => {
                    if !self.gateway.is_in(&self.operator) {
                        return Err(Ended);
                    }
                    self.lines.put(self.form.heartbeat()).await?;
                }
            }
        }
    }

    /// Sends a live event, if it is asked for and was not sent from the store.
    async fn offer(&mut self, event: &Event) -> Result<(), Ended> {
        let is_new = event.id > self.last && fits(&self.query, event);
        match is_new && self.gateway.shows(event, &self.operator) {
            true => self.send(event).await,
            false => Ok(()),
        }
    }

    async fn send(&mut self, event: &Event) -> Result<(), Ended> {
        let event_text = self.form.event(event).map_err(|_| Ended)?;
        self.last = self.last.max(event.id);
        self.lines.put(event_text).await
    }
}

/// The live half of what the store answers to the same query.
fn fits(query: &EventQuery, event: &Event) -> bool {
    let is_device = |wanted: &String| match &event.device {
        Some(name) => name.as_str() == wanted,
        None => event.device_id.as_ref().is_some_and(|id| id.as_str() == wanted),
    };
    query.device.as_ref().is_none_or(is_device)
        && (query.codes.is_empty() || query.codes.contains(&event.code))
        && query.since.is_none_or(|since| event.at >= since)
        && query.filter.takes(event, Timestamp::now())
}
