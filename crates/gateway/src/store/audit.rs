//! The audit trail on disk: a chain that only grows at its end, and is pruned only from its beginning.
//!
//! ```text
//!   pruned ◀── first … … … last = head ◀── append
//!      └── its last hash is kept by an entry audit-pruned, written in the transaction that prunes
//! ```

use std::time::Duration;

use homing_proto::api::Timestamp;
use homing_proto::audit::{ChainHash, Entry, Head, Pruned, Report, Sealed, Verifier};
use homing_proto::filter::RowFilter;
use rusqlite::{Connection, OptionalExtension as _, Row, ToSql, params};

use super::error::WriteError;
use super::rows::RowError;

/// The most entries that one query gives.
pub const MAX_ENTRIES: u32 = 10_000;

/// Entries that one round of pruning deletes at most.
const PRUNE_STEP: u64 = 20_000;
/// What is kept beyond the age, so that pruning is worth an entry that tells of it.
const GRACE: Duration = Duration::from_secs(24 * 60 * 60);

/// Which entries to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Only entries after this one. The answer then begins with the oldest of them.
    pub after: Option<u64>,
    /// Only entries before this one: the cursor for going back.
    pub before: Option<u64>,
    /// Only at or after this moment.
    pub since: Option<Timestamp>,
    /// Only before this moment.
    pub until: Option<Timestamp>,
    /// Only by this operator.
    pub operator: Option<String>,
    /// Only on this device.
    pub device: Option<String>,
    /// Only these actions; empty: all.
    pub actions: Vec<String>,
    /// Only with this result; `refused` stands for every refusal.
    pub result: Option<String>,
    /// Only with this text somewhere, whatever its case.
    pub text: Option<String>,
    /// Only those that fit.
    pub filter: RowFilter,
    /// At most so many (and never more than [`MAX_ENTRIES`]): the newest, or with `after` the oldest.
    pub limit: Option<u32>,
}

/// A link as it is exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The entry's id.
    pub id: u64,
    /// The text that was hashed.
    pub canonical: String,
    /// Its hash.
    pub hash: ChainHash,
    /// The hash before it.
    pub previous: ChainHash,
}

/// Puts an entry at the end of the chain.
pub(super) fn append(db: &Connection, entry: Entry) -> Result<Sealed, WriteError> {
    append_behind(&mut None, db, entry).map_err(|(error, _)| error)
}

/// The same where `end` is the end of the chain, if it is known; it is kept up.
///
/// # Errors
/// Gives the entry back.
pub(super) fn append_behind(
    end: &mut Option<Head>,
    db: &Connection,
    mut entry: Entry,
) -> Result<Sealed, (WriteError, Box<Entry>)> {
    entry.fit();
    let found = end.take().map_or_else(|| head(db), Ok);
    let found = match found {
        Ok(found) => found,
        Err(error) => return Err((error.into(), Box::new(entry))),
    };
    let (sealed, canonical) = found.seal(entry);
    match insert(db, &sealed, &canonical) {
        Ok(()) => {
            *end = Some(Head { id: sealed.entry.id, hash: sealed.hash });
            Ok(sealed)
        }
        Err(error) => Err((error.into(), Box::new(sealed.entry))),
    }
}

fn insert(db: &Connection, sealed: &Sealed, canonical: &str) -> rusqlite::Result<()> {
    let sql = "INSERT INTO audit (id, entry, hash) VALUES (?1, ?2, ?3)";
    db.prepare_cached(sql)?.execute(params![sealed.entry.id, canonical, sealed.hash.as_bytes()])?;
    Ok(())
}

/// The entry that counts those that found no room.
pub(super) fn overflowed(at: Timestamp, count: u64) -> Entry {
    let message =
        format!("{count} entries came faster than the disk takes them, and are not in the trail");
    Entry { result: Entry::ERROR.into(), ..Entry::by_gateway(Entry::OVERFLOWED, at) }
        .with("count", count)
        .saying(message)
}

/// Read from the database, so that it is right also after a savepoint was rolled back.
fn head(db: &Connection) -> Result<Head, RowError> {
    let mut statement = db.prepare_cached("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1")?;
    let mut rows = statement.query([])?;
    rows.next()?.map_or(Ok(Head::START), |row| Ok(Head { id: row.get("id")?, hash: hash(row)? }))
}

fn hash(row: &Row<'_>) -> Result<ChainHash, RowError> {
    let bytes: Vec<u8> = row.get("hash")?;
    let bytes = <[u8; 32]>::try_from(bytes);
    bytes.map(ChainHash::from_bytes).map_err(|_| RowError::Damaged("a hash of the audit".into()))
}

/// Answers a query, oldest first.
pub(super) fn query(db: &Connection, query: &AuditQuery) -> Result<Vec<Sealed>, RowError> {
    let (sql, values) = select(query);
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(values))?;
    let (now, limit) = (Timestamp::now(), query.limit.unwrap_or(MAX_ENTRIES).min(MAX_ENTRIES));
    let mut entries = Vec::new();
    while entries.len() < limit as usize
        && let Some(row) = rows.next()?
    {
        let entry: Entry = super::rows::json(row, "entry")?;
        if query.filter.takes(&entry, now) {
            entries.push(Sealed { entry, hash: hash(row)? });
        }
    }
    if query.after.is_none() {
        entries.reverse();
    }
    Ok(entries)
}

fn select(query: &AuditQuery) -> (String, Vec<Box<dyn ToSql>>) {
    let mut sql = String::from("SELECT id, entry, hash FROM audit WHERE true");
    let mut values: Vec<Box<dyn ToSql>> = Vec::new();
    let mut filter = |condition: &str, value: Option<Box<dyn ToSql>>| {
        if let Some(value) = value {
            sql.push_str(" AND ");
            sql.push_str(condition);
            values.push(value);
        }
    };
    let number = |id: u64| Box::new(i64::try_from(id).unwrap_or(i64::MAX)) as Box<dyn ToSql>;
    let moment = |at: Timestamp| Box::new(format!("{at:.6}")) as Box<dyn ToSql>;
    let text = |text: &String| Box::new(text.clone()) as Box<dyn ToSql>;
    filter("id > ?", query.after.map(number));
    filter("id < ?", query.before.map(number));
    filter("at >= ?", query.since.map(moment));
    filter("at < ?", query.until.map(moment));
    filter("operator = ?", query.operator.as_ref().map(text));
    filter("device = ?", query.device.as_ref().map(text));
    let actions = serde_json::json!(query.actions).to_string();
    let actions = (!query.actions.is_empty()).then(|| text(&actions));
    filter("action IN (SELECT value FROM json_each(?))", actions);
    let result = query.result.as_ref().map(text);
    filter(
        "?1 IN (entry ->> '$.result', substr(entry ->> '$.result', 1, 7))"
            .replace("?1", "?")
            .as_str(),
        result,
    );
    // In the text of the entry a quotation mark, for one, is escaped.
    let wanted = query.text.as_ref().map(|text| serde_json::json!(text).to_string());
    let wanted = wanted.map(|json| text(&json.trim_matches('"').to_owned()));
    filter("instr(lower(entry), lower(?)) > 0", wanted);
    sql.push_str(if query.after.is_some() { " ORDER BY id" } else { " ORDER BY id DESC" });
    sql.push_str(" LIMIT ?");
    let limit = i64::from(query.limit.unwrap_or(MAX_ENTRIES).min(MAX_ENTRIES));
    // What is left out by the filter does not count.
    values.push(Box::new(if query.filter.is_every() { limit } else { -1 }));
    (sql, values)
}

/// The next links after `after`.
pub(super) fn export(db: &Connection, after: u64, limit: u32) -> Result<Vec<Exported>, RowError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let mut statement =
        db.prepare_cached("SELECT id, entry, hash FROM audit WHERE id > ?1 ORDER BY id LIMIT ?2")?;
    let mut rows = statement.query(params![after, limit.min(MAX_ENTRIES)])?;
    let mut links: Vec<Exported> = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, hash) = (row.get("id")?, hash(row)?);
        let previous = match links.last() {
            Some(link) => link.hash,
            None => before(db, id)?,
        };
        links.push(Exported { id, canonical: row.get("entry")?, hash, previous });
    }
    Ok(links)
}

/// The hash before an entry: of its neighbour, or as the pruning kept it.
fn before(db: &Connection, id: u64) -> Result<ChainHash, RowError> {
    let Some(last) = id.checked_sub(1).filter(|id| *id > 0) else { return Ok(ChainHash::START) };
    let mut statement = db.prepare_cached("SELECT hash FROM audit WHERE id = ?1")?;
    let mut rows = statement.query([last])?;
    if let Some(row) = rows.next()? {
        return hash(row);
    }
    let sql = "SELECT entry FROM audit WHERE action = ?1 AND id > ?2 ORDER BY id DESC LIMIT 100";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![Entry::PRUNED, last])?;
    while let Some(row) = rows.next()? {
        let entry: Entry = super::rows::json(row, "entry")?;
        if let Some(pruned) = entry.as_pruned().filter(|pruned| pruned.last == last) {
            return Ok(pruned.hash);
        }
    }
    Ok(ChainHash::START)
}

/// Reads the whole chain as it is at this moment.
pub(super) fn verify(db: &Connection, noted: Option<Head>) -> Result<Report, RowError> {
    let mut verifier = Verifier::new();
    if let Some(noted) = noted {
        verifier = verifier.expecting(noted);
    }
    let mut statement = db.prepare("SELECT id, entry, hash FROM audit ORDER BY id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        // A hash that is none fits nothing.
        let hash = hash(row).unwrap_or(ChainHash::START);
        let entry = row.get_ref("entry")?.as_bytes().unwrap_or_default();
        verifier.handle_link(&String::from_utf8_lossy(entry), hash);
    }
    Ok(verifier.handle_end())
}

/// How many entries are kept, and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditRetention {
    /// Entries.
    pub keep: u64,
    /// No entry is kept much longer.
    pub age: Duration,
}

impl Default for AuditRetention {
    fn default() -> Self {
        Self { keep: 10_000_000, age: Duration::from_secs(400 * 24 * 60 * 60) }
    }
}

impl AuditRetention {
    /// How many more may lie before pruning is worth an entry that tells of it.
    fn slack(&self) -> u64 {
        (self.keep / 100).clamp(1, 1_000)
    }
}

/// The ends of the chain, so that nothing need be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trail {
    first: u64,
    head: Head,
}

impl Trail {
    pub(super) fn of(db: &Connection) -> Result<Self, RowError> {
        let sql = "SELECT id FROM audit ORDER BY id LIMIT 1";
        let first: Option<u64> = db.query_row(sql, [], |row| row.get(0)).optional()?;
        Ok(Self { first: first.unwrap_or(1), head: head(db)? })
    }

    pub(super) fn head(&self) -> Head {
        self.head
    }

    pub(super) fn note(&mut self, sealed: &Sealed) {
        self.head = Head { id: sealed.entry.id, hash: sealed.hash };
    }

    fn surplus(&self, keep: &AuditRetention) -> u64 {
        (self.head.id + 1).saturating_sub(self.first).saturating_sub(keep.keep)
    }

    /// Whether so many are over the limit that pruning is worth it.
    pub(super) fn is_over(&self, keep: &AuditRetention) -> bool {
        self.surplus(keep) >= keep.slack()
    }

    /// Takes a bounded number of the oldest entries away; gives the entry that tells of it.
    pub(super) fn prune(
        &mut self,
        db: &Connection,
        keep: &AuditRetention,
        now: Timestamp,
    ) -> Result<Option<Sealed>, WriteError> {
        let by_number = self.is_over(keep).then(|| self.first + self.surplus(keep) - 1);
        let last = by_number.max(self.too_old(db, keep, now)?);
        // The newest stays: new links begin at it.
        let last = last.map(|last| last.min(self.first + PRUNE_STEP - 1).min(self.head.id - 1));
        let Some(last) = last.filter(|last| *last >= self.first) else { return Ok(None) };
        let sql = "SELECT id, hash FROM audit WHERE id = ?1";
        let hash = db.prepare_cached(sql)?.query_row([last], |row| Ok(hash(row)));
        let pruned = Pruned { last, hash: hash?? };
        db.prepare_cached("DELETE FROM audit WHERE id <= ?1")?.execute([last])?;
        self.first = last + 1;
        append(db, Entry::pruned(&pruned, now)).map(Some)
    }

    /// The last of the oldest entries that are past their age, if the first is long past it.
    fn too_old(
        &self,
        db: &Connection,
        keep: &AuditRetention,
        now: Timestamp,
    ) -> Result<Option<u64>, WriteError> {
        let (Ok(cutoff), Ok(patience)) =
            (now.checked_sub(keep.age), now.checked_sub(keep.age + GRACE))
        else {
            return Ok(None);
        };
        let sql = "SELECT at < ?1 FROM audit WHERE id = ?2";
        let mut statement = db.prepare_cached(sql)?;
        let is_due: Option<Option<bool>> = statement
            .query_row(params![format!("{patience:.6}"), self.first], |row| row.get(0))
            .optional()?;
        if is_due.flatten() != Some(true) {
            return Ok(None);
        }
        let sql =
            "SELECT max(id) FROM (SELECT id, at FROM audit ORDER BY id LIMIT ?2) WHERE at < ?1";
        let mut statement = db.prepare_cached(sql)?;
        Ok(statement.query_row(params![format!("{cutoff:.6}"), PRUNE_STEP], |row| row.get(0))?)
    }
}

#[cfg(test)]
mod tests;
