//! The one thread that writes: what waits goes into one transaction and one sync, then everybody hears of it.
//!
//! ```text
//! queue ──take all──▶ BEGIN ─ each write in a savepoint ─ COMMIT (fsync) ──▶ directory ──▶ followers ──▶ answers
//!                        └─ disk full, read-only …: answers say so; events wait and are tried again
//! ```

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use homing_proto::api::{Event, Timestamp};
use homing_proto::audit::{Entry, Head, Sealed};
use homing_proto::fault::Fault;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use tokio::sync::{broadcast, oneshot};

use super::change::{Applier, Change, Touched};
use super::directory::Difference;
use super::error::WriteError;
use super::events::{Counts, Retention};
use super::folder::DataFolder;
use super::queue::{Batch, Item, Queue};
use super::seal::Sealer;
use super::state::State;
use super::{accounts, audit, events, pending, rows, web, webhooks};

/// How long events wait after a failed transaction.
const RETRY: Duration = Duration::from_secs(1);
/// How often old events are looked for.
const PRUNE: Duration = Duration::from_secs(60);

type Answer = (oneshot::Sender<Result<(), WriteError>>, Result<(), WriteError>);

/// What a transaction came to.
struct Committed {
    differences: Vec<Difference>,
    events: Vec<Event>,
}

/// The entries of a transaction, in the order of the chain.
#[derive(Default)]
struct Entries {
    sealed: Vec<Sealed>,
    /// Which of them nobody waits for, by their place.
    notes: Vec<usize>,
    /// One that could not be written.
    failed: Option<Box<Entry>>,
    /// The end of the chain. Not known after a write that may have been rolled back.
    end: Option<Head>,
}

impl Entries {
    /// Puts a note at the end of the chain.
    fn append(&mut self, db: &Connection, entry: Entry) -> Result<(), WriteError> {
        match audit::append_behind(&mut self.end, db, entry) {
            Ok(sealed) => {
                self.notes.push(self.sealed.len());
                self.sealed.push(sealed);
                Ok(())
            }
            Err((error, entry)) => {
                self.failed = Some(entry);
                Err(error)
            }
        }
    }

    /// Adds what a write put there.
    fn add(&mut self, sealed: Vec<Sealed>) {
        self.sealed.extend(sealed);
    }

    /// The notes, after a transaction that failed.
    fn unwritten(self) -> impl Iterator<Item = Item> {
        let Self { sealed, notes, failed, .. } = self;
        let mut notes = notes.into_iter().peekable();
        let sealed = sealed.into_iter().enumerate();
        let sealed = sealed.filter(move |(place, _)| notes.next_if_eq(place).is_some());
        sealed.map(|(_, sealed)| Box::new(sealed.entry)).chain(failed).map(Item::Audit)
    }
}

/// What the writer owns. The folder's lock is let go when it ends.
pub(super) struct Writer {
    pub(super) db: Connection,
    pub(super) sealer: Sealer,
    pub(super) queue: Arc<Queue>,
    pub(super) state: Arc<State>,
    pub(super) followers: broadcast::Sender<Event>,
    pub(super) retention: Retention,
    pub(super) max_pending: u64,
    pub(super) counts: Counts,
    pub(super) auditors: broadcast::Sender<Sealed>,
    pub(super) audit_retention: audit::AuditRetention,
    pub(super) trail: audit::Trail,
    pub(super) folder: DataFolder,
}

impl Writer {
    /// Works until the queue is closed and empty.
    pub(super) fn run(mut self) {
        let mut not_before = None;
        let mut next_prune = Instant::now();
        while let Some(batch) = self.queue.take(not_before) {
            let began = Instant::now();
            not_before = match self.write(batch) {
                Ok(()) => None,
                Err(_) => Some(began + RETRY),
            };
            self.state.note_commit(began.elapsed());
            let is_over =
                self.counts.is_over(&self.retention) || self.trail.is_over(&self.audit_retention);
            if not_before.is_none() && (began >= next_prune || is_over) {
                next_prune = began + PRUNE;
                self.prune();
            }
        }
        // While it runs, the limits may be passed a little; what is left behind keeps to them.
        self.prune();
    }

    /// Writes a batch and answers. The answers are sent in either case.
    fn write(&mut self, batch: Batch) -> Result<(), WriteError> {
        let mut kept = batch;
        let mut items = std::mem::take(&mut kept.items);
        let mut answers = Vec::new();
        let mut entries = Entries::default();
        match self.commit(&mut items, &mut kept, &mut answers, &mut entries) {
            Ok(Committed { differences, events }) => {
                self.state.apply(differences);
                self.state.note_outage(None);
                for event in events {
                    self.counts.add(&event);
                    let _ = self.followers.send(event);
                }
                for entry in entries.sealed {
                    self.tell(entry);
                }
                for (done, result) in answers {
                    let _ = done.send(result);
                }
                Ok(())
            }
            Err(error) => {
                let error = match error {
                    WriteError::Disk(_) if self.folder.is_read_only() => WriteError::ReadOnly,
                    error => error,
                };
                self.state.note_outage(Some(&error));
                for (done, result) in answers {
                    let _ = done.send(result.and(Err(error.clone())));
                }
                kept.items.extend(entries.unwritten());
                kept.items.extend(items);
                for item in std::mem::take(&mut kept.items) {
                    match item {
                        Item::Job(job) => drop(job.done.send(Err(error.clone()))),
                        note @ (Item::Event(_) | Item::Audit(_)) => kept.items.push_back(note),
                    }
                }
                self.queue.put_back(kept);
                Err(error)
            }
        }
    }

    fn commit(
        &mut self,
        items: &mut VecDeque<Item>,
        kept: &mut Batch,
        answers: &mut Vec<Answer>,
        entries: &mut Entries,
    ) -> Result<Committed, WriteError> {
        let now = Timestamp::now();
        let mut transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut touched = Touched::default();
        if kept.dropped > 0 {
            let event = dropped_event(now, kept.dropped);
            touched.events.push(events::insert(&transaction, event)?);
        }
        if kept.audit_dropped > 0 {
            let entry = audit::overflowed(now, kept.audit_dropped);
            entries.sealed.push(audit::append(&transaction, entry)?);
        }
        // First, so that a decision on a key also takes what was noted a moment before it.
        write_pending(&transaction, kept, self.max_pending, &mut touched)?;
        while let Some(item) = items.pop_front() {
            match item {
                Item::Event(event) => {
                    let stored = events::insert(&transaction, (*event).clone());
                    kept.items.push_back(Item::Event(event));
                    touched.events.push(stored?);
                }
                Item::Audit(entry) => entries.append(&transaction, *entry)?,
                Item::Job(job) => {
                    entries.end = None;
                    let result = one(&mut transaction, &self.sealer, now, job.changes);
                    let (result, outage) = match result {
                        Ok(mut these) => {
                            entries.add(std::mem::take(&mut these.audit));
                            touched.merge(these);
                            (Ok(()), None)
                        }
                        Err(error) if ends_all(&transaction, &error) => (Ok(()), Some(error)),
                        Err(error) => (Err(error), None),
                    };
                    answers.push((job.done, result));
                    outage.map_or(Ok(()), Err)?;
                }
            }
        }
        let mut differences = differences(&transaction, &self.sealer, &mut touched)?;
        write_seen(&transaction, kept, &mut differences)?;
        accounts::write_used(&transaction, &kept.used, &mut differences)?;
        transaction.commit()?;
        Ok(Committed { differences, events: touched.events })
    }

    /// Makes a durable entry known.
    fn tell(&mut self, entry: Sealed) {
        self.trail.note(&entry);
        self.state.note_head(self.trail.head());
        let _ = self.auditors.send(entry);
    }

    fn prune(&mut self) {
        self.prune_audit();
        // A failure shows at the next write; the events are still there for the next round.
        let mut counts = self.counts;
        let pruned = self.db.transaction().and_then(|transaction| {
            counts.prune(&transaction, &self.retention, Timestamp::now())?;
            transaction.commit()
        });
        if pruned.is_ok() {
            self.counts = counts;
        }
    }
}

impl Writer {
    fn prune_audit(&mut self) {
        let now = Timestamp::now();
        let keep = &self.audit_retention;
        let mut trail = self.trail;
        let pruned = self.db.transaction().map_err(WriteError::from).and_then(|transaction| {
            let checkpoint = trail.prune(&transaction, keep, now)?;
            transaction.commit()?;
            Ok(checkpoint)
        });
        if let Ok(checkpoint) = pruned {
            self.trail = trail;
            if let Some(checkpoint) = checkpoint {
                self.tell(checkpoint);
            }
        }
    }
}

/// One write: all of its changes or none.
fn one(
    transaction: &mut Transaction<'_>,
    sealer: &Sealer,
    now: Timestamp,
    changes: Vec<Change>,
) -> Result<Touched, WriteError> {
    let savepoint = transaction.savepoint()?;
    let mut touched = Touched::default();
    let applier = Applier { db: &savepoint, sealer, now };
    for change in changes {
        // A savepoint that is dropped rolls back.
        applier.apply(change, &mut touched)?;
    }
    savepoint.commit()?;
    Ok(touched)
}

/// Whether the whole transaction is lost, rather than one write of it.
fn ends_all(transaction: &Transaction<'_>, error: &WriteError) -> bool {
    let disk = matches!(error, WriteError::Full | WriteError::ReadOnly | WriteError::Disk(_));
    disk || transaction.is_autocommit()
}

fn write_pending(
    db: &Connection,
    kept: &Batch,
    limit: u64,
    touched: &mut Touched,
) -> Result<(), WriteError> {
    for (id, record) in &kept.pending {
        if pending::is_decided(db, record)? {
            continue;
        }
        pending::upsert(db, record)?;
        touched.pending.insert(id.clone());
    }
    if !kept.pending.is_empty() {
        touched.pending.extend(pending::evict(db, limit)?);
    }
    Ok(())
}

fn write_seen(
    db: &Connection,
    kept: &Batch,
    differences: &mut Vec<Difference>,
) -> Result<(), WriteError> {
    let mut statement = db.prepare_cached(
        "UPDATE host_key SET last_seen = max(coalesce(last_seen, 0), ?3)
         WHERE fingerprint = ?2 AND device = (SELECT id FROM device WHERE name = ?1)",
    )?;
    for ((name, key), at) in &kept.seen {
        statement.execute(params![name.as_str(), key.to_string(), at.as_microsecond()])?;
        differences.push(Difference::Seen(name.clone(), *key, *at));
    }
    Ok(())
}

/// Reads back what was touched, so that memory shows what the database holds.
fn differences(
    db: &Connection,
    sealer: &Sealer,
    touched: &mut Touched,
) -> Result<Vec<Difference>, WriteError> {
    let mut differences = Vec::new();
    for name in std::mem::take(&mut touched.devices) {
        let record = rows::device(db, sealer, &name)?;
        differences.push(Difference::Device(name, record));
    }
    for id in std::mem::take(&mut touched.pending) {
        let record = rows::pending(db, &id)?;
        differences.push(Difference::Pending(id, record));
    }
    let rejected = std::mem::take(&mut touched.rejected);
    differences.extend(rejected.into_iter().map(|(key, is)| Difference::Rejected(key, is)));
    let blocked = std::mem::take(&mut touched.blocked);
    differences.extend(blocked.into_iter().map(|(source, is)| Difference::Blocked(source, is)));
    for id in std::mem::take(&mut touched.webhooks) {
        differences.push(webhooks::difference(db, sealer, id)?);
    }
    differences.extend(web::differences(db, std::mem::take(&mut touched.web))?);
    differences.extend(accounts::differences(db, std::mem::take(&mut touched.accounts))?);
    Ok(differences)
}

fn dropped_event(at: Timestamp, count: u64) -> Event {
    Event {
        id: 0,
        at,
        code: "events-dropped".into(),
        fault: Some(Fault::Local),
        device: None,
        device_id: None,
        listener: None,
        source: None,
        epoch: None,
        message: format!(
            "{count} events came faster than the disk takes them, and were not stored"
        ),
        advice: Some("look at the free space and the speed of the data folder's disk".into()),
        fields: [("count".to_owned(), count.to_string())].into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_failure_the_notes_are_there_in_their_order_and_what_somebody_waited_for_is_not() {
        let entry = |action: &str| Entry::new(action, "ops", Timestamp::now());
        let seal = |action: &str| Head::START.seal(entry(action)).0;
        let mut entries = Entries { sealed: vec![seal("a")], notes: vec![0], ..Entries::default() };
        entries.add(vec![seal("waited-for")]);
        entries.notes.push(entries.sealed.len());
        entries.sealed.push(seal("b"));
        entries.failed = Some(Box::new(entry("c")));
        let kept: Vec<String> = entries
            .unwritten()
            .map(|item| match item {
                Item::Audit(entry) => entry.action,
                _ => unreachable!("only notes are kept"),
            })
            .collect();
        assert_eq!(kept, ["a", "b", "c"]);
    }
}
