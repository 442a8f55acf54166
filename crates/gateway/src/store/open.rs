//! Opening: folder, key, schema, directory, writer.

use std::path::Path;
use std::sync::{Arc, Mutex};

use aws_lc_rs::rand;
use homing_proto::api::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use tokio::sync::{Semaphore, broadcast};

use super::directory::{Difference, Directory};
use super::error::OpenError;
use super::events::{Counts, Retention};
use super::folder::DataFolder;
use super::queue::Queue;
use super::rows::{self, RowError};
use super::schema;
use super::seal::Sealer;
use super::state::State;
use super::writer::Writer;
use super::{Shared, Store};

const DATABASE: &str = "homing.db";

/// What the store keeps and how much may wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How many events are kept, and how long.
    pub events: Retention,
    /// How many pending keys are kept.
    pub pending: u64,
    /// How many writes may wait in the queue; more wait outside.
    pub waiting_writes: usize,
    /// How many events may wait; more are dropped and counted.
    pub waiting_events: usize,
    /// How many events a follower may lag behind.
    pub follower_lag: usize,
    /// The size of the database in bytes beyond which writes are refused; none: the disk's.
    pub size: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            events: Retention::default(),
            pending: 10_000,
            waiting_writes: 1_024,
            waiting_events: 8_192,
            follower_lag: 4_096,
            size: None,
        }
    }
}

impl Store {
    /// Opens the data folder, made if it is not there. Blocks: it reads all devices.
    ///
    /// # Errors
    /// The folder is in use, open to others or not ours; the key is missing; a newer Homing wrote the database.
    pub fn open(folder: &Path, limits: &Limits) -> Result<Self, OpenError> {
        let folder = DataFolder::open(folder)?;
        let sealer = Sealer::load_or_create(&folder)?;
        let path = folder.touch(DATABASE)?;
        let mut db = Connection::open_with_flags(&path, flags(OpenFlags::SQLITE_OPEN_READ_WRITE))?;
        prepare(&db, limits)?;
        schema::migrate(&mut db)?;
        let gateway_id = gateway_id(&db)?;
        let state = Arc::new(State::new(load(&db, &sealer)?));
        let queue = Arc::new(Queue::new(limits.waiting_events));
        let (followers, _) = broadcast::channel(limits.follower_lag);
        let reader = Connection::open_with_flags(&path, flags(OpenFlags::SQLITE_OPEN_READ_ONLY))?;
        let folder_path = folder.path().to_owned();
        let writer = Writer {
            counts: Counts::of(&db)?,
            db,
            sealer,
            queue: Arc::clone(&queue),
            state: Arc::clone(&state),
            followers: followers.clone(),
            retention: limits.events.clone(),
            max_pending: limits.pending,
            _folder: folder,
        };
        let writer =
            std::thread::Builder::new()
                .name("store".into())
                .spawn(move || writer.run())
                .map_err(|error| OpenError::files("start the writer for", &folder_path, &error))?;
        let shared = Shared {
            folder: folder_path,
            gateway_id,
            queue,
            state,
            room: Arc::new(Semaphore::new(limits.waiting_writes)),
            reader: Arc::new(Mutex::new(reader)),
            followers,
            writer: Mutex::new(Some(writer)),
        };
        Ok(Self { shared: Arc::new(shared) })
    }
}

fn flags(access: OpenFlags) -> OpenFlags {
    access | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

fn prepare(db: &Connection, limits: &Limits) -> Result<(), OpenError> {
    db.set_prepared_statement_cache_capacity(64);
    let mode: String = db.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        return Err(OpenError::Database(format!(
            "journal mode {mode} instead of wal: the file system lacks shared memory"
        )));
    }
    db.pragma_update(None, "synchronous", "full")?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "secure_delete", true)?;
    db.pragma_update_and_check(None, "journal_size_limit", 64 << 20, |_| Ok(()))?;
    if let Some(size) = limits.size {
        let page: u64 = db.pragma_query_value(None, "page_size", |row| row.get(0))?;
        db.pragma_update_and_check(None, "max_page_count", size / page.max(1), |_| Ok(()))?;
    }
    Ok(())
}

fn gateway_id(db: &Connection) -> Result<String, OpenError> {
    let sql = "SELECT value FROM meta WHERE name = 'gateway-id'";
    if let Some(id) = db.query_row(sql, [], |row| row.get(0)).optional()? {
        return Ok(id);
    }
    let mut bytes = [0u8; 16];
    rand::fill(&mut bytes)
        .map_err(|_| OpenError::Database("the system gives no random bytes".into()))?;
    let id: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    db.execute(
        "INSERT INTO meta (name, value) VALUES ('gateway-id', ?1), ('created', ?2)",
        [&id, &Timestamp::now().to_string()],
    )?;
    Ok(id)
}

fn load(db: &Connection, sealer: &Sealer) -> Result<Directory, RowError> {
    let mut directory = Directory::default();
    for record in rows::devices(db, sealer)? {
        directory.apply(Difference::Device(record.name.clone(), Some(record)));
    }
    for record in rows::pendings(db)? {
        directory.apply(Difference::Pending(record.id(), Some(record)));
    }
    for fingerprint in rows::rejected(db)? {
        directory.apply(Difference::Rejected(fingerprint, true));
    }
    Ok(directory)
}

/// Bytes that the file system has left for us; none if it does not say.
pub(super) fn free_bytes(folder: &Path) -> Option<u64> {
    let stat = nix::sys::statvfs::statvfs(folder).ok()?;
    stat.blocks_available().checked_mul(stat.fragment_size())
}
