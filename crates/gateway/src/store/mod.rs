//! The gateway's memory that outlives it: devices, their keys and secrets, pending keys, users and tokens, events.
//!
//! ```text
//!  write().await ──▶ queue ──▶ writer thread ──▶ homing.db   one transaction, one fsync for all that waited
//!  record() ───────▶             │
//!                                ├──▶ directory in memory ◀── device(), by_device_id(), by_host_key(), pending()
//!                                └──▶ subscribe()
//!  events().await ◀── second connection, read only
//! ```
//!
//! A write that was answered with `Ok` survives `kill -9` and a power cut (SQLite in WAL mode, `synchronous=FULL`).
//! While the disk is full or read-only, writes are refused and reads go on, so sessions are not hurt.
//! Source: SQLite, *Write-Ahead Logging*; *Atomic Commit in SQLite*.

mod accounts;
mod answers;
mod audit;
mod blocks;
mod change;
mod directory;
mod error;
mod events;
mod folder;
mod known;
mod open;
mod pending;
mod queue;
mod reading;
mod record;
mod rows;
mod schema;
mod seal;
mod state;
#[cfg(test)]
mod tests;
mod web;
mod webhooks;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use homing_proto::api::{Event, KeySource, KeyState, Timestamp};
use homing_proto::audit::{Entry, Head, Sealed};
use homing_proto::host_key::{Fingerprint, HostKey};
use homing_proto::identity::{DeviceId, DeviceName};
use prometheus_client::metrics::histogram::Histogram;
use rusqlite::Connection;
use tokio::sync::{Semaphore, broadcast, oneshot};

pub use accounts::{
    AccountChange, PendingPassword, TokenRecord, Used, UserGrant, UserKey, UserRecord,
};
pub use answers::{KeptAnswer, OnceAnswer, OnceChange, OnceRequest, once};
pub use audit::{AuditQuery, AuditRetention, Exported, MAX_ENTRIES};
pub use change::Change;
pub use error::{AccountError, OpenError, ReadError, UnsealError, WriteError};
pub use events::{EventQuery, MAX_EVENTS, Retention, Traffic};
pub use folder::DataFolder;
pub use open::Limits;
pub use record::{
    BlockedSource, DeviceRecord, DeviceUpdate, NewDevice, PendingKey, PendingRecord, RejectedKey,
};
pub use state::Health;
pub use web::{WebChange, WebSession};
pub use webhooks::{WebhookChange, WebhookProgress, WebhookRecord};

use queue::{Job, Queue};
use state::State;

/// A handle on the store. Cheap to clone; the store closes when the last handle is gone.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    folder: PathBuf,
    gateway_id: String,
    queue: Arc<Queue>,
    state: Arc<State>,
    room: Arc<Semaphore>,
    reader: Reader,
    /// For the audit trail, whose searches may take long.
    archive: Reader,
    /// Reading the whole trail keeps a core and the disk busy: one at a time.
    verifying: Arc<Semaphore>,
    followers: broadcast::Sender<Event>,
    auditors: broadcast::Sender<Sealed>,
    writer: Mutex<Option<JoinHandle<()>>>,
    /// As they were when the store was opened, for whoever gives them again.
    answers: Mutex<Vec<KeptAnswer>>,
}

/// A connection that reads. Whoever waits for it holds no thread, and a read goes on when its caller has left.
type Reader = Arc<tokio::sync::Mutex<Connection>>;

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("folder", &self.shared.folder).finish_non_exhaustive()
    }
}

/// Reads: from memory, without waiting.
impl Store {
    /// All devices, by name.
    #[must_use]
    pub fn devices(&self) -> Vec<Arc<DeviceRecord>> {
        self.shared.state.directory().devices().cloned().collect()
    }

    /// Another number after each change of what is read from memory.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.shared.state.version()
    }

    /// The answers that were kept before the store was opened; once.
    #[must_use]
    pub fn take_kept_answers(&self) -> Vec<KeptAnswer> {
        let mut answers = self.shared.answers.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *answers)
    }

    /// How many devices are enrolled.
    #[must_use]
    pub fn device_count(&self) -> usize {
        self.shared.state.directory().devices().len()
    }

    /// A device by the gateway's name for it.
    #[must_use]
    pub fn device(&self, name: &DeviceName) -> Option<Arc<DeviceRecord>> {
        self.shared.state.directory().device(name).cloned()
    }

    /// The devices that send this DEVICE-ID: more than one if each has a listener of its own.
    #[must_use]
    pub fn by_device_id(&self, id: &DeviceId) -> Vec<Arc<DeviceRecord>> {
        self.shared.state.directory().by_device_id(id)
    }

    /// The devices that have `key` pinned: more than one if it was cloned.
    #[must_use]
    pub fn by_host_key(&self, key: &HostKey) -> Vec<Arc<DeviceRecord>> {
        self.shared.state.directory().by_key(&key.fingerprint())
    }

    /// All pending keys, by fingerprint.
    #[must_use]
    pub fn pending(&self) -> Vec<Arc<PendingRecord>> {
        self.shared.state.directory().pending().cloned().collect()
    }

    /// All webhooks.
    #[must_use]
    pub fn webhooks(&self) -> Vec<Arc<WebhookRecord>> {
        self.shared.state.directory().webhooks().cloned().collect()
    }

    /// A webhook.
    #[must_use]
    pub fn webhook(&self, id: &str) -> Option<Arc<WebhookRecord>> {
        self.shared.state.directory().webhook(id).cloned()
    }

    /// Events from here on, after they are stored. A receiver that lags is told so, and reads the gap with
    /// [`Self::events`].
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.shared.followers.subscribe()
    }

    /// How the store fares.
    #[must_use]
    pub fn health(&self) -> Health {
        let free = open::free_bytes(&self.shared.folder);
        let queue = &self.shared.queue;
        self.shared.state.health(queue.lag(), queue.audit_lag(), free)
    }

    /// How long transactions took, their sync included.
    pub(crate) fn commit_seconds(&self) -> Histogram {
        self.shared.state.commit_seconds()
    }

    /// The data folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.shared.folder
    }

    /// A random name for this gateway, made with the database.
    #[must_use]
    pub fn gateway_id(&self) -> &str {
        &self.shared.gateway_id
    }
}

/// The audit trail.
impl Store {
    /// Entries from here on, after they are stored. A receiver that lags is told so, and reads the gap with
    /// [`Self::audit`].
    #[must_use]
    pub fn subscribe_audit(&self) -> broadcast::Receiver<Sealed> {
        self.shared.auditors.subscribe()
    }

    /// The newest entry that is durable.
    #[must_use]
    pub fn audit_head(&self) -> Head {
        self.shared.state.head()
    }
}

/// Writes that are answered when they are durable.
impl Store {
    /// Makes all of `changes` durable together, or none of them.
    ///
    /// Waits for room in the queue. If the caller gives up waiting, the write may still happen.
    ///
    /// # Errors
    /// A change contradicts what is, or the store can't be written.
    pub async fn write(&self, mut changes: Vec<Change>) -> Result<(), WriteError> {
        let changes_something = !changes.is_empty();
        answers::note(&mut changes);
        let room = Arc::clone(&self.shared.room).acquire_owned().await;
        let permit = room.map_err(|_| WriteError::Closed)?;
        let (done, answer) = oneshot::channel();
        let job = Job { changes, done, _permit: permit };
        self.shared.queue.push_job(job).map_err(|_| WriteError::Closed)?;
        answer.await.unwrap_or(Err(WriteError::Closed))?;
        if changes_something {
            answers::noted();
        }
        Ok(())
    }

    /// Waits until everything that was recorded before is durable.
    ///
    /// # Errors
    /// The store can't be written.
    pub async fn flush(&self) -> Result<(), WriteError> {
        self.write(Vec::new()).await
    }

    /// Enrols a device.
    ///
    /// # Errors
    /// The name or the device-id is taken, or the store can't be written.
    pub async fn insert(&self, device: NewDevice) -> Result<(), WriteError> {
        self.write(vec![Change::Insert(Box::new(device))]).await
    }

    /// Changes a device.
    ///
    /// # Errors
    /// There is no such device, the device-id is taken, or the store can't be written.
    pub async fn update(&self, name: DeviceName, update: DeviceUpdate) -> Result<(), WriteError> {
        self.write(vec![Change::Update(name, Box::new(update))]).await
    }

    /// Forgets a device and its keys; its events stay.
    ///
    /// # Errors
    /// There is no such device, or the store can't be written.
    pub async fn forget(&self, name: DeviceName) -> Result<(), WriteError> {
        self.write(vec![Change::Forget(name)]).await
    }

    /// Puts a key in force and takes others out of it, which stay in the history.
    ///
    /// # Errors
    /// There is no such device or key, or the store can't be written.
    pub async fn pin_key(
        &self,
        name: DeviceName,
        key: HostKey,
        source: KeySource,
        replaces: Vec<Fingerprint>,
    ) -> Result<(), WriteError> {
        let retire = |old| Change::RetireKey(name.clone(), old, KeyState::Replaced);
        let mut changes: Vec<_> = replaces.into_iter().map(retire).collect();
        changes.push(Change::PinKey(name, key, source));
        self.write(changes).await
    }

    /// Closes the store after everything that waits is written. Later writes are refused.
    pub async fn close(&self) {
        let shared = Arc::clone(&self.shared);
        let _ = tokio::task::spawn_blocking(move || shared.stop()).await;
    }
}

/// Notes that nobody waits for: they never block, and are durable a moment later.
impl Store {
    /// Records an event; its id is given by the store. Beyond what the queue holds, events are counted, dropped, and
    /// the count is recorded.
    pub fn record(&self, event: Event) {
        self.shared.queue.push_event(event);
    }

    /// Adds an entry to the audit trail; its id is given by the store. Beyond what the queue holds, entries are counted,
    /// and the count is an entry. False if the store is closed and the entry lost.
    pub fn note_audit(&self, entry: Entry) -> bool {
        self.shared.queue.push_audit(entry)
    }

    /// Shows a proven key as pending, or counts its attempts.
    pub fn note_pending(&self, record: PendingRecord) {
        self.shared.queue.push_pending(record);
    }

    /// Notes that a session proved a key. Written at the next occasion, within half a minute.
    pub fn note_seen(&self, name: DeviceName, key: Fingerprint, at: Timestamp) {
        self.shared.queue.push_seen(name, key, at);
    }
}

impl Shared {
    fn stop(&self) {
        self.queue.close();
        self.room.close();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // A writer that panicked has lost nothing that was answered.
            let _ = writer.join();
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.stop();
    }
}
