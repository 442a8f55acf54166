//! Pending keys: what strangers may make the store keep, and no more.
//!
//! The table holds at most [`Limits`](super::Limits)`::pending` rows. When it is full, the oldest rows of the source
//! address that has the most go first, so a flood from one place pushes out itself before anybody else.

use homing_proto::identity::{DeviceId, DeviceName};
use rusqlite::{Connection, params};

use super::record::{PendingKey, PendingRecord};
use super::rows::{RowError, claimed, optional, text};

/// Whether there is nothing to decide any more: the key is in force for the device that it waits for, or would be.
pub(super) fn is_decided(db: &Connection, record: &PendingRecord) -> rusqlite::Result<bool> {
    db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM host_key JOIN device ON device.id = host_key.device
         WHERE fingerprint = ?1 AND state = 'pinned' AND CASE WHEN ?2 IS NULL
             THEN device.device_id IS ?3 AND (device.listener IS NULL OR device.listener = ?4)
             ELSE device.name = ?2 END)",
    )?
    .query_row(
        params![
            record.key.fingerprint().to_string(),
            record.device.as_ref().map(DeviceName::as_str),
            record.device_id.as_ref().map(DeviceId::as_str),
            record.listener.as_str(),
        ],
        |row| row.get(0),
    )
}

/// Adds a pending key, or counts one more attempt of it.
pub(super) fn upsert(db: &Connection, record: &PendingRecord) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO pending (fingerprint, device_id, key, device, listener, source, source_ip,
             reason, first_seen, last_seen, attempts)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT DO UPDATE SET device = excluded.device, listener = excluded.listener,
             source = excluded.source, source_ip = excluded.source_ip, reason = excluded.reason,
             last_seen = max(last_seen, excluded.last_seen), attempts = attempts + excluded.attempts",
    )?
    .execute(params![
        record.key.fingerprint().to_string(),
        claimed(record.device_id.as_ref()),
        record.key.text(),
        record.device.as_ref().map(DeviceName::as_str),
        record.listener.as_str(),
        record.source,
        without_port(&record.source),
        record.reason,
        record.first_seen.as_microsecond(),
        record.last_seen.as_microsecond(),
        record.attempts,
    ])?;
    Ok(())
}

fn without_port(source: &str) -> &str {
    source.rsplit_once(':').map_or(source, |(address, _)| address)
}

/// Takes one away; false if it was not there.
pub(super) fn remove(db: &Connection, id: &PendingKey) -> rusqlite::Result<bool> {
    let removed = db
        .prepare_cached("DELETE FROM pending WHERE fingerprint = ?1 AND device_id = ?2")?
        .execute(params![id.fingerprint.to_string(), claimed(id.device_id.as_ref())])?;
    Ok(removed > 0)
}

/// Takes away what waits for a device that is forgotten.
pub(super) fn forget_device(
    db: &Connection,
    name: &DeviceName,
) -> Result<Vec<PendingKey>, RowError> {
    delete(db, "device = ?1", params![name.as_str()])
}

/// Brings the table under its limit, with a little room so that it isn't done for every row.
pub(super) fn evict(db: &Connection, limit: u64) -> Result<Vec<PendingKey>, RowError> {
    let mut evicted = Vec::new();
    let count: u64 =
        db.prepare_cached("SELECT count(*) FROM pending")?.query_row([], |r| r.get(0))?;
    if count <= limit {
        return Ok(evicted);
    }
    let mut surplus = count - limit + limit / 20;
    while surplus > 0 {
        let gone = evict_from_heaviest(db, surplus)?;
        if gone.is_empty() {
            break;
        }
        surplus = surplus.saturating_sub(gone.len() as u64);
        evicted.extend(gone);
    }
    Ok(evicted)
}

/// Evicts from the source with the most rows, down to what the second has, and one at least.
fn evict_from_heaviest(db: &Connection, most: u64) -> Result<Vec<PendingKey>, RowError> {
    let mut statement = db.prepare_cached(
        "SELECT source_ip, count(*) FROM pending GROUP BY source_ip ORDER BY 2 DESC LIMIT 2",
    )?;
    let mut rows = statement.query([])?;
    let Some(row) = rows.next()? else { return Ok(Vec::new()) };
    let (source, count): (String, u64) = (row.get(0)?, row.get(1)?);
    let second = rows.next()?.map_or(Ok(0), |row| row.get::<_, u64>(1))?;
    let few = (count - second).clamp(1, most);
    let which = "(fingerprint, device_id) IN (SELECT fingerprint, device_id FROM pending
        WHERE source_ip = ?1 ORDER BY last_seen LIMIT ?2)";
    delete(db, which, params![source, few])
}

fn delete(
    db: &Connection,
    which: &str,
    params: &[&dyn rusqlite::ToSql],
) -> Result<Vec<PendingKey>, RowError> {
    let sql = format!(
        "DELETE FROM pending WHERE {which} RETURNING fingerprint, nullif(device_id, '') AS id"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params)?;
    let mut gone = Vec::new();
    while let Some(row) = rows.next()? {
        gone.push(PendingKey {
            fingerprint: text(row, "fingerprint")?,
            device_id: optional(row, "id")?,
        });
    }
    Ok(gone)
}
