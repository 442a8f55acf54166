//! Stored events: the timelines of devices, of strangers and of the gateway itself.
//!
//! They are kept by number and by age. Events that belong to no enrolled device have a limit of their own, so that
//! strangers can't push out the timelines of the fleet.

use std::time::Duration;

use homing_proto::api::{Event, Timestamp};
use homing_proto::fault::Fault;
use homing_proto::filter::RowFilter;
use homing_proto::identity::{DeviceId, DeviceName};
use rusqlite::{Connection, Row, ToSql, params};

use super::rows::{RowError, moment, optional};

/// The most events that one query gives.
pub const MAX_EVENTS: u32 = 10_000;

/// Rows that one round of pruning deletes at most, so that writes never wait long for it.
const PRUNE_STEP: u64 = 5_000;

/// Which events to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventQuery {
    /// Only events after this one. The answer then begins with the oldest of them.
    pub after: Option<u64>,
    /// Only events before this one: the cursor for going back.
    pub before: Option<u64>,
    /// Only this device's: by name, or by device-id for an unknown one.
    pub device: Option<String>,
    /// Only of enrolled devices of these names; none: all events, those of strangers too.
    pub of: Option<Vec<String>>,
    /// Only these codes; empty: all.
    pub codes: Vec<String>,
    /// Only events at or after this moment.
    pub since: Option<Timestamp>,
    /// Only those that fit.
    pub filter: RowFilter,
    /// At most so many (and never more than [`MAX_EVENTS`]): the newest, or with `after` the oldest.
    pub limit: Option<u32>,
}

/// Writes an event, and gives it back as it is stored: with its id, and its moment in microseconds.
pub(super) fn insert(db: &Connection, mut event: Event) -> rusqlite::Result<Event> {
    let fields = (!event.fields.is_empty()).then(|| serde_json::json!(event.fields).to_string());
    db.prepare_cached(
        "INSERT INTO event (at, code, fault, device, device_id, listener, source, epoch, message,
             advice, fields) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .execute(params![
        event.at.as_microsecond(),
        event.code,
        event.fault.map(Fault::as_str),
        event.device.as_ref().map(DeviceName::as_str),
        event.device_id.as_ref().map(DeviceId::as_str),
        event.listener,
        event.source,
        event.epoch.map(|epoch| i64::try_from(epoch).unwrap_or(i64::MAX)),
        event.message,
        event.advice,
        fields,
    ])?;
    event.at = Timestamp::from_microsecond(event.at.as_microsecond()).unwrap_or(event.at);
    event.id = u64::try_from(db.last_insert_rowid()).unwrap_or(0);
    Ok(event)
}

/// Answers a query, oldest first.
pub(super) fn query(db: &Connection, query: &EventQuery) -> Result<Vec<Event>, RowError> {
    let (sql, values) = select(query);
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(values))?;
    let (now, limit) = (Timestamp::now(), query.limit.unwrap_or(MAX_EVENTS).min(MAX_EVENTS));
    let mut events = Vec::new();
    while events.len() < limit as usize
        && let Some(row) = rows.next()?
    {
        let event = event_of(row)?;
        if query.filter.takes(&event, now) {
            events.push(event);
        }
    }
    if query.after.is_none() {
        events.reverse();
    }
    Ok(events)
}

/// The latest event of each device, and of each the latest with a fault or the end of a session; oldest first.
pub(super) fn latest_of_devices(db: &Connection) -> Result<Vec<Event>, RowError> {
    let mut statement = db.prepare(
        "SELECT * FROM event WHERE id IN (
             SELECT max(id) FROM event WHERE device IS NOT NULL GROUP BY device
             UNION SELECT max(id) FROM event
                 WHERE device IS NOT NULL AND (fault IS NOT NULL OR code = 'session-closed')
                 GROUP BY device)
         ORDER BY id",
    )?;
    let mut rows = statement.query([])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        events.push(event_of(row)?);
    }
    Ok(events)
}

/// How many sessions began and ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Devices that came in.
    pub arrivals: u64,
    /// Sessions that ended.
    pub departures: u64,
}

/// Arrivals and departures in `count` spans of `span` microseconds each from `since` on, of everything or of some.
pub(super) fn traffic(
    db: &Connection,
    since: i64,
    span: i64,
    count: usize,
    of: Option<&[String]>,
) -> Result<Vec<Traffic>, RowError> {
    let names = of.map(|names| serde_json::json!(names).to_string());
    let only = match names {
        Some(_) => "AND device IN (SELECT value FROM json_each(?3))",
        None => "AND ?3 IS NULL",
    };
    let mut statement = db.prepare_cached(&format!(
        "SELECT (at - ?1) / ?2, code = 'in-session', count(*) FROM event
         WHERE code IN ('in-session', 'session-closed') AND at >= ?1 {only} GROUP BY 1, 2"
    ))?;
    let mut spans = vec![Traffic::default(); count];
    let mut rows = statement.query(params![since, span.max(1), names])?;
    while let Some(row) = rows.next()? {
        let (number, is_arrival, found): (usize, bool, u64) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        let Some(traffic) = spans.get_mut(number) else { continue };
        match is_arrival {
            true => traffic.arrivals = found,
            false => traffic.departures = found,
        }
    }
    Ok(spans)
}

fn select(query: &EventQuery) -> (String, Vec<Box<dyn ToSql>>) {
    let mut sql = String::from("SELECT * FROM event WHERE true");
    let mut values: Vec<Box<dyn ToSql>> = Vec::new();
    let mut filter = |condition: &str, value: Box<dyn ToSql>| {
        sql.push_str(" AND ");
        sql.push_str(condition);
        values.push(value);
    };
    if let Some(after) = query.after {
        filter("id > ?", Box::new(i64::try_from(after).unwrap_or(i64::MAX)));
    }
    if let Some(before) = query.before {
        filter("id < ?", Box::new(i64::try_from(before).unwrap_or(i64::MAX)));
    }
    if let Some(device) = &query.device {
        // The second half finds what a device did before it was enrolled.
        filter("(device = ?", Box::new(device.clone()));
        sql.push_str(" OR (device IS NULL AND device_id = ?))");
        values.push(Box::new(device.clone()));
    }
    if let Some(names) = &query.of {
        sql.push_str(" AND device IN (SELECT value FROM json_each(?))");
        values.push(Box::new(serde_json::json!(names).to_string()));
    }
    if !query.codes.is_empty() {
        sql.push_str(" AND code IN (SELECT value FROM json_each(?))");
        values.push(Box::new(serde_json::json!(query.codes).to_string()));
    }
    if let Some(since) = query.since {
        sql.push_str(" AND at >= ?");
        values.push(Box::new(since.as_microsecond()));
    }
    let limit = i64::from(query.limit.unwrap_or(MAX_EVENTS).min(MAX_EVENTS));
    // What is left out by the filter does not count.
    let limit = if query.filter.is_every() { limit } else { -1 };
    sql.push_str(if query.after.is_some() { " ORDER BY id" } else { " ORDER BY id DESC" });
    sql.push_str(" LIMIT ?");
    values.push(Box::new(limit));
    (sql, values)
}

fn event_of(row: &Row<'_>) -> Result<Event, RowError> {
    let epoch: Option<i64> = row.get("epoch")?;
    let fields: Option<String> = row.get("fields")?;
    Ok(Event {
        id: row.get("id")?,
        at: moment(row, "at")?,
        code: row.get("code")?,
        fault: row.get::<_, Option<String>>("fault")?.and_then(|word| fault(&word)),
        device: optional(row, "device")?,
        device_id: optional(row, "device_id")?,
        listener: row.get("listener")?,
        source: row.get("source")?,
        epoch: epoch.and_then(|epoch| u64::try_from(epoch).ok()),
        message: row.get("message")?,
        advice: row.get("advice")?,
        fields: fields
            .map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|error| RowError::Damaged(format!("fields: {error}")))?
            .unwrap_or_default(),
    })
}

fn fault(word: &str) -> Option<Fault> {
    [Fault::Local, Fault::Network, Fault::Operator, Fault::Peer]
        .into_iter()
        .find(|fault| fault.as_str() == word)
}

/// How many events are kept, and how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// Events of enrolled devices.
    pub devices: u64,
    /// Events of strangers and of the gateway itself.
    pub others: u64,
    /// No event is kept longer.
    pub age: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self { devices: 1_000_000, others: 100_000, age: Duration::from_secs(90 * 24 * 60 * 60) }
    }
}

/// How many events there are of either sort, so that pruning need not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    devices: u64,
    others: u64,
}

impl Counts {
    pub(super) fn of(db: &Connection) -> rusqlite::Result<Self> {
        let all: u64 = db.query_row("SELECT count(*) FROM event", [], |row| row.get(0))?;
        let sql = "SELECT count(*) FROM event WHERE device IS NULL";
        let others: u64 = db.query_row(sql, [], |row| row.get(0))?;
        Ok(Self { devices: all.saturating_sub(others), others })
    }

    pub(super) fn add(&mut self, event: &Event) {
        match event.device {
            Some(_) => self.devices += 1,
            None => self.others += 1,
        }
    }

    /// Whether so many are over the limit that pruning is worth a transaction.
    pub(super) fn is_over(&self, keep: &Retention) -> bool {
        self.devices > keep.devices.saturating_add(PRUNE_STEP / 5)
            || self.others > keep.others.saturating_add(PRUNE_STEP / 5)
    }

    /// Deletes a bounded number of the oldest events beyond the limits; true if more are left to delete.
    pub(super) fn prune(
        &mut self,
        db: &Connection,
        keep: &Retention,
        now: Timestamp,
    ) -> rusqlite::Result<bool> {
        let age = i64::try_from(keep.age.as_micros()).unwrap_or(i64::MAX);
        let cutoff = now.as_microsecond().saturating_sub(age);
        let (devices, others) = delete_old(db, cutoff)?;
        self.devices = self.devices.saturating_sub(devices);
        self.others = self.others.saturating_sub(others);
        let surplus = self.devices.saturating_sub(keep.devices);
        let devices = delete_oldest(db, "device IS NOT NULL", surplus)?;
        self.devices = self.devices.saturating_sub(devices);
        let surplus = self.others.saturating_sub(keep.others);
        let others = delete_oldest(db, "device IS NULL", surplus)?;
        self.others = self.others.saturating_sub(others);
        Ok(self.devices > keep.devices || self.others > keep.others)
    }
}

/// Deletes from the oldest on while they are too old; how many of either sort.
fn delete_old(db: &Connection, cutoff: i64) -> rusqlite::Result<(u64, u64)> {
    let mut statement = db.prepare_cached(
        "DELETE FROM event WHERE id IN (
             SELECT id FROM (SELECT id, at FROM event ORDER BY id LIMIT ?2) WHERE at < ?1)
         RETURNING device IS NULL",
    )?;
    let mut rows = statement.query(params![cutoff, PRUNE_STEP])?;
    let (mut devices, mut others) = (0, 0);
    while let Some(row) = rows.next()? {
        if row.get(0)? { others += 1 } else { devices += 1 }
    }
    Ok((devices, others))
}

fn delete_oldest(db: &Connection, which: &str, surplus: u64) -> rusqlite::Result<u64> {
    if surplus == 0 {
        return Ok(0);
    }
    let sql = format!(
        "DELETE FROM event WHERE id IN (SELECT id FROM event WHERE {which} ORDER BY id LIMIT ?1)"
    );
    let deleted = db.prepare_cached(&sql)?.execute([surplus.min(PRUNE_STEP)])?;
    Ok(deleted as u64)
}
