//! From rows to records.

use std::collections::HashMap;
use std::str::FromStr;

use homing_proto::api::{Key, KeySource, KeyState, Timestamp};
use homing_proto::host_key::{HostKey, Secret};
use homing_proto::identity::{DeviceId, DeviceName};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::error::{OpenError, UnsealError, WriteError};
use super::record::{DeviceRecord, PendingKey, PendingRecord};
use super::seal::{Place, Sealer};

/// Why a row can't be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum RowError {
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
    #[error("{0}")]
    Damaged(String),
    #[error("the {what} of device {device} can't be unsealed: {reason}")]
    Unsealable { device: String, what: &'static str, reason: UnsealError },
}

impl From<RowError> for OpenError {
    fn from(error: RowError) -> Self {
        match error {
            RowError::Sql(error) => error.into(),
            RowError::Damaged(what) => Self::Damaged(what),
            RowError::Unsealable { device, what, reason } => {
                Self::Unsealable { device, what, reason }
            }
        }
    }
}

impl From<RowError> for WriteError {
    fn from(error: RowError) -> Self {
        match error {
            RowError::Sql(error) => error.into(),
            other => Self::Database(other.to_string()),
        }
    }
}

pub(super) type Found<T> = Result<T, RowError>;

const DEVICE: &str = "SELECT id, name, device_id, user, addresses, tags, listener, blocked,
    secret_sealed, secret_issued_at, old_secret_sealed, old_secret_until, password_sealed, created_at,
    updated_at FROM device";

const KEY: &str = "SELECT device, key, state, source, first_seen, last_seen FROM host_key";
const NEWEST_FIRST: &str = "ORDER BY device, first_seen DESC, fingerprint";

const PENDING: &str = "SELECT key, device_id, device, listener, source, reason, first_seen,
    last_seen, attempts FROM pending";

/// All devices. Their keys are read in one go: a query for each device would take most of a start's time.
pub(super) fn devices(db: &Connection, sealer: &Sealer) -> Found<Vec<DeviceRecord>> {
    let mut keys = all_keys(db)?;
    let mut statement = db.prepare(DEVICE)?;
    let mut rows = statement.query([])?;
    let mut devices = Vec::new();
    while let Some(row) = rows.next()? {
        let keys = keys.remove(&row.get::<_, i64>("id")?).unwrap_or_default();
        devices.push(device_of(sealer, row, keys)?);
    }
    Ok(devices)
}

/// One device.
pub(super) fn device(
    db: &Connection,
    sealer: &Sealer,
    name: &DeviceName,
) -> Found<Option<DeviceRecord>> {
    let mut statement = db.prepare_cached(&format!("{DEVICE} WHERE name = ?1"))?;
    let mut rows = statement.query([name.as_str()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let keys = keys(db, row.get("id")?)?;
    device_of(sealer, row, keys).map(Some)
}

fn device_of(sealer: &Sealer, row: &Row<'_>, keys: Vec<Key>) -> Found<DeviceRecord> {
    let name: DeviceName = text(row, "name")?;
    let sealed = |column: &'static str, what: &'static str| -> Found<Option<Secret>> {
        let Some(bytes) = row.get::<_, Option<Vec<u8>>>(column)? else { return Ok(None) };
        let place = Place { column: what, device: name.as_str() };
        let plain = sealer.unseal(place, &bytes).map_err(|reason| RowError::Unsealable {
            device: name.to_string(),
            what,
            reason,
        })?;
        Ok(Some(Secret::new(plain.as_slice())))
    };
    Ok(DeviceRecord {
        device_id: optional(row, "device_id")?,
        user: row.get("user")?,
        addresses: json(row, "addresses")?,
        tags: json(row, "tags")?,
        listener: optional(row, "listener")?,
        blocked: row.get("blocked")?,
        secret: sealed("secret_sealed", "secret")?,
        secret_issued_at: moment_or_none(row, "secret_issued_at")?,
        old_secret: sealed("old_secret_sealed", "old-secret")?
            .zip(moment_or_none(row, "old_secret_until")?),
        password: sealed("password_sealed", "password")?,
        keys,
        created_at: moment(row, "created_at")?,
        updated_at: moment(row, "updated_at")?,
        name,
    })
}

fn keys(db: &Connection, device: i64) -> Found<Vec<Key>> {
    let mut statement = db.prepare_cached(&format!("{KEY} WHERE device = ?1 {NEWEST_FIRST}"))?;
    let mut rows = statement.query([device])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        keys.push(key_of(row)?);
    }
    Ok(keys)
}

fn all_keys(db: &Connection) -> Found<HashMap<i64, Vec<Key>>> {
    let mut statement = db.prepare(&format!("{KEY} {NEWEST_FIRST}"))?;
    let mut rows = statement.query([])?;
    let mut keys: HashMap<i64, Vec<Key>> = HashMap::new();
    while let Some(row) = rows.next()? {
        keys.entry(row.get("device")?).or_default().push(key_of(row)?);
    }
    Ok(keys)
}

fn key_of(row: &Row<'_>) -> Found<Key> {
    let key: HostKey = text(row, "key")?;
    Ok(Key {
        fingerprint: key.fingerprint(),
        key,
        state: state(&row.get::<_, String>("state")?)?,
        source: source(&row.get::<_, String>("source")?)?,
        first_seen: moment(row, "first_seen")?,
        last_seen: moment_or_none(row, "last_seen")?,
    })
}

/// All pending keys.
pub(super) fn pendings(db: &Connection) -> Found<Vec<PendingRecord>> {
    let mut statement = db.prepare(PENDING)?;
    let mut rows = statement.query([])?;
    let mut pending = Vec::new();
    while let Some(row) = rows.next()? {
        pending.push(pending_of(row)?);
    }
    Ok(pending)
}

/// One pending key.
pub(super) fn pending(db: &Connection, id: &PendingKey) -> Found<Option<PendingRecord>> {
    let sql = format!("{PENDING} WHERE fingerprint = ?1 AND device_id = ?2");
    let mut statement = db.prepare_cached(&sql)?;
    let id = params![id.fingerprint.to_string(), claimed(id.device_id.as_ref())];
    let mut rows = statement.query(id)?;
    rows.next()?.map(pending_of).transpose()
}

/// How the pending table writes a device-id that may be missing.
pub(super) fn claimed(device_id: Option<&DeviceId>) -> &str {
    device_id.map_or("", DeviceId::as_str)
}

fn pending_of(row: &Row<'_>) -> Found<PendingRecord> {
    let device_id: String = row.get("device_id")?;
    Ok(PendingRecord {
        key: text(row, "key")?,
        device_id: Some(device_id)
            .filter(|id| !id.is_empty())
            .map(|id| parse("device_id", &id))
            .transpose()?,
        device: optional(row, "device")?,
        listener: text(row, "listener")?,
        source: row.get("source")?,
        reason: row.get("reason")?,
        first_seen: moment(row, "first_seen")?,
        last_seen: moment(row, "last_seen")?,
        attempts: row.get("attempts")?,
    })
}

/// The row number of a device.
pub(super) fn device_row(db: &Connection, name: &DeviceName) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached("SELECT id FROM device WHERE name = ?1")?
        .query_row([name.as_str()], |row| row.get(0))
        .optional()
}

/// Reads a moment written as microseconds since the Unix epoch.
pub(super) fn moment(row: &Row<'_>, column: &str) -> Found<Timestamp> {
    at(column, row.get(column)?)
}

pub(super) fn moment_or_none(row: &Row<'_>, column: &str) -> Found<Option<Timestamp>> {
    row.get::<_, Option<i64>>(column)?.map(|micros| at(column, micros)).transpose()
}

fn at(column: &str, micros: i64) -> Found<Timestamp> {
    Timestamp::from_microsecond(micros)
        .map_err(|_| RowError::Damaged(format!("{column} holds {micros}, not a moment")))
}

pub(super) fn text<T: FromStr<Err: std::fmt::Display>>(row: &Row<'_>, column: &str) -> Found<T> {
    parse(column, &row.get::<_, String>(column)?)
}

pub(super) fn optional<T>(row: &Row<'_>, column: &str) -> Found<Option<T>>
where
    T: FromStr<Err: std::fmt::Display>,
{
    row.get::<_, Option<String>>(column)?.map(|text| parse(column, &text)).transpose()
}

fn parse<T: FromStr<Err: std::fmt::Display>>(column: &str, text: &str) -> Found<T> {
    text.parse().map_err(|error| RowError::Damaged(format!("{column}: {error}")))
}

pub(super) fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: &str) -> Found<T> {
    serde_json::from_str(&row.get::<_, String>(column)?)
        .map_err(|error| RowError::Damaged(format!("{column}: {error}")))
}

fn state(word: &str) -> Found<KeyState> {
    [KeyState::Pinned, KeyState::Replaced, KeyState::Rejected]
        .into_iter()
        .find(|state| state.as_str() == word)
        .ok_or_else(|| RowError::Damaged(format!("a key is {word}")))
}

fn source(word: &str) -> Found<KeySource> {
    [KeySource::Enrolled, KeySource::Hmac, KeySource::Operator, KeySource::Import]
        .into_iter()
        .find(|source| source.as_str() == word)
        .ok_or_else(|| RowError::Damaged(format!("a key came from {word}")))
}
