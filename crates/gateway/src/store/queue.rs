//! What waits for the writer.
//!
//! Writes that somebody waits for come in through a semaphore, so their number is bounded. Events, pending keys and
//! sightings never wait: events beyond the limit are counted and dropped, and the other two are folded together by key.
//! Audit entries have a limit of their own, so that a storm of events takes no room from them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use homing_proto::api::{Event, Timestamp};
use homing_proto::audit::Entry;
use homing_proto::host_key::Fingerprint;
use homing_proto::identity::DeviceName;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::accounts::Used;
use super::change::Change;
use super::error::WriteError;
use super::record::{PendingKey, PendingRecord};

/// How long events and pending keys may lie, so that one sync serves many.
const LINGER: Duration = Duration::from_millis(10);
/// How long audit entries that nobody waits for may lie.
const AUDIT_LINGER: Duration = Duration::from_millis(50);
/// How long sightings alone may lie.
const SIGHTINGS: Duration = Duration::from_secs(30);
/// Most distinct pending keys between two commits.
const MAX_PENDING: usize = 4_096;

/// A write that somebody waits for.
pub(super) struct Job {
    pub(super) changes: Vec<Change>,
    pub(super) done: oneshot::Sender<Result<(), WriteError>>,
    pub(super) _permit: OwnedSemaphorePermit,
}

/// In the order in which they came.
pub(super) enum Item {
    Job(Job),
    Event(Box<Event>),
    Audit(Box<Entry>),
}

/// Everything that goes into one transaction.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) items: VecDeque<Item>,
    pub(super) pending: HashMap<PendingKey, PendingRecord>,
    pub(super) seen: HashMap<(DeviceName, Fingerprint), Timestamp>,
    /// Of existing users and tokens, so bounded as they are.
    pub(super) used: HashMap<Used, Timestamp>,
    /// Events and pending keys that found no room.
    pub(super) dropped: u64,
    /// Audit entries that found no room.
    pub(super) audit_dropped: u64,
}

#[derive(Default)]
struct Waiting {
    batch: Batch,
    events: usize,
    audit: usize,
    oldest_audit: Option<Instant>,
    oldest: Option<Instant>,
    oldest_seen: Option<Instant>,
    jobs: usize,
    closed: bool,
}

/// The queue between everybody and the writer.
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    max_events: usize,
    max_audit: usize,
}

impl Queue {
    pub(super) fn new(max_events: usize, max_audit: usize) -> Self {
        Self { waiting: Mutex::default(), changed: Condvar::new(), max_events, max_audit }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something was added that nobody waits for. Only the first wakes the writer, which then knows until when to wait.
    fn begin_linger(&self, waiting: &mut Waiting) {
        if waiting.oldest.is_none() {
            waiting.oldest = Some(Instant::now());
            self.changed.notify_one();
        }
    }

    /// Gives the job back if the queue is closed.
    pub(super) fn push_job(&self, job: Job) -> Result<(), Box<Job>> {
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(Box::new(job));
        }
        waiting.jobs += 1;
        waiting.oldest.get_or_insert_with(Instant::now);
        waiting.batch.items.push_back(Item::Job(job));
        self.changed.notify_one();
        Ok(())
    }

    pub(super) fn push_event(&self, event: Event) {
        let mut waiting = self.lock();
        if waiting.events >= self.max_events {
            waiting.batch.dropped += 1;
            return;
        }
        waiting.events += 1;
        waiting.batch.items.push_back(Item::Event(Box::new(event)));
        self.begin_linger(&mut waiting);
    }

    /// False if the queue is closed, and the entry lost.
    pub(super) fn push_audit(&self, entry: Entry) -> bool {
        let mut waiting = self.lock();
        if waiting.closed {
            return false;
        }
        if waiting.audit >= self.max_audit {
            waiting.batch.audit_dropped += 1;
            return true;
        }
        waiting.audit += 1;
        waiting.batch.items.push_back(Item::Audit(Box::new(entry)));
        if waiting.oldest_audit.is_none() {
            waiting.oldest_audit = Some(Instant::now());
            self.changed.notify_one();
        }
        true
    }

    pub(super) fn push_pending(&self, record: PendingRecord) {
        let mut waiting = self.lock();
        let full = waiting.batch.pending.len() >= MAX_PENDING;
        let id = record.id();
        match waiting.batch.pending.get_mut(&id) {
            Some(known) => fold(known, record),
            None if full => {
                waiting.batch.dropped += 1;
                return;
            }
            None => {
                waiting.batch.pending.insert(id, record);
            }
        }
        self.begin_linger(&mut waiting);
    }

    pub(super) fn push_seen(&self, name: DeviceName, key: Fingerprint, at: Timestamp) {
        let mut waiting = self.lock();
        let seen = waiting.batch.seen.entry((name, key)).or_insert(at);
        *seen = at.max(*seen);
        if waiting.oldest_seen.is_none() {
            waiting.oldest_seen = Some(Instant::now());
            self.changed.notify_one();
        }
    }

    pub(super) fn push_used(&self, used: Used, at: Timestamp) {
        let mut waiting = self.lock();
        let latest = waiting.batch.used.entry(used).or_insert(at);
        *latest = at.max(*latest);
        if waiting.oldest_seen.is_none() {
            waiting.oldest_seen = Some(Instant::now());
            self.changed.notify_one();
        }
    }

    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_one();
    }

    /// How long the oldest of what waits has waited, and how much waits.
    pub(super) fn lag(&self) -> (Duration, usize) {
        let waiting = self.lock();
        let oldest = waiting.oldest.into_iter().chain(waiting.oldest_audit).min();
        let lag = oldest.map(|at| at.elapsed()).unwrap_or_default();
        (lag, waiting.batch.items.len() + waiting.batch.pending.len())
    }

    /// How long the oldest audit entry has waited.
    pub(super) fn audit_lag(&self) -> Duration {
        self.lock().oldest_audit.map(|at| at.elapsed()).unwrap_or_default()
    }

    /// Waits for work; none once the queue is closed and empty. What nobody waits for is not given before `not_before`.
    pub(super) fn take(&self, not_before: Option<Instant>) -> Option<Batch> {
        let mut waiting = self.lock();
        loop {
            let wake = waiting.ready_at(not_before);
            if waiting.closed || wake.is_some_and(|at| at <= Instant::now()) {
                let is_early = not_before.is_some_and(|at| at > Instant::now());
                return match is_early && !waiting.closed {
                    true => waiting.take_jobs(),
                    false => waiting.take(),
                };
            }
            waiting = match wake {
                None => self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner),
                Some(at) => {
                    let left = at.saturating_duration_since(Instant::now());
                    let woken = self.changed.wait_timeout(waiting, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Puts back what nobody waits for, after a transaction that failed.
    pub(super) fn put_back(&self, batch: Batch) {
        let mut waiting = self.lock();
        if waiting.closed {
            return;
        }
        waiting.batch.dropped += batch.dropped;
        waiting.batch.audit_dropped += batch.audit_dropped;
        for item in batch.items.into_iter().rev() {
            waiting.put_back(item, self.max_events, self.max_audit);
        }
        for (id, mut older) in batch.pending {
            if let Some(newer) = waiting.batch.pending.remove(&id) {
                fold(&mut older, newer);
            }
            waiting.batch.pending.insert(id, older);
        }
        for (key, at) in batch.seen {
            waiting.batch.seen.entry(key).or_insert(at);
        }
        for (used, at) in batch.used {
            waiting.batch.used.entry(used).or_insert(at);
        }
        waiting.oldest.get_or_insert_with(Instant::now);
    }
}

impl Waiting {
    fn put_back(&mut self, item: Item, max_events: usize, max_audit: usize) {
        match item {
            Item::Job(_) => {}
            Item::Event(_) if self.events >= max_events => self.batch.dropped += 1,
            Item::Audit(_) if self.audit >= max_audit => self.batch.audit_dropped += 1,
            Item::Event(_) => {
                self.events += 1;
                self.batch.items.push_front(item);
            }
            Item::Audit(_) => {
                self.audit += 1;
                self.oldest_audit.get_or_insert_with(Instant::now);
                self.batch.items.push_front(item);
            }
        }
    }

    fn ready_at(&self, not_before: Option<Instant>) -> Option<Instant> {
        if self.jobs > 0 {
            return self.oldest;
        }
        let waits = [
            self.oldest.map(|at| at + LINGER),
            self.oldest_audit.map(|at| at + AUDIT_LINGER),
            self.oldest_seen.map(|at| at + SIGHTINGS),
        ];
        let first = waits.into_iter().flatten().min();
        first.map(|at| not_before.map_or(at, |not_before| at.max(not_before)))
    }

    /// After a failure: what nobody waits for may be what found no room, so it stays behind.
    fn take_jobs(&mut self) -> Option<Batch> {
        let items = std::mem::take(&mut self.batch.items);
        let (jobs, notes) = items.into_iter().partition(|item| matches!(item, Item::Job(_)));
        self.batch.items = notes;
        self.jobs = 0;
        Some(Batch { items: jobs, ..Batch::default() })
    }

    fn take(&mut self) -> Option<Batch> {
        let is_empty = self.batch.items.is_empty()
            && self.batch.pending.is_empty()
            && self.batch.seen.is_empty()
            && self.batch.used.is_empty()
            && self.batch.dropped == 0
            && self.batch.audit_dropped == 0;
        if is_empty && self.closed {
            return None;
        }
        self.events = 0;
        self.audit = 0;
        self.oldest_audit = None;
        self.jobs = 0;
        self.oldest = None;
        self.oldest_seen = None;
        Some(std::mem::take(&mut self.batch))
    }
}

fn fold(known: &mut PendingRecord, newer: PendingRecord) {
    let first_seen = known.first_seen.min(newer.first_seen);
    let attempts = known.attempts.saturating_add(newer.attempts);
    *known = PendingRecord { first_seen, attempts, ..newer };
}
