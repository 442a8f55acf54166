//! Opening: folder, key, schema, directory, writer.

use std::path::Path;
use std::sync::{Arc, Mutex};

use homing_proto::api::Timestamp;
use homing_proto::hex::hex;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use tokio::sync::{Semaphore, broadcast};

use super::audit::{AuditRetention, Trail};
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
use super::{Shared, Store, accounts, answers, blocks, web, webhooks};
use crate::random;

const DATABASE: &str = "homing.db";

/// What the store keeps and how much may wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How many events are kept, and how long.
    pub events: Retention,
    /// How many audit entries are kept, and how long.
    pub audit: AuditRetention,
    /// How many pending keys are kept.
    pub pending: u64,
    /// How many writes may wait in the queue; more wait outside.
    pub waiting_writes: usize,
    /// How many events may wait; more are dropped and counted.
    pub waiting_events: usize,
    /// How many audit entries that nobody waits for may wait; more are counted, and the count is recorded.
    pub waiting_audit: usize,
    /// How many events a follower may lag behind.
    pub follower_lag: usize,
    /// The size of the database in bytes beyond which writes are refused; none: the disk's.
    pub size: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            events: Retention::default(),
            audit: AuditRetention::default(),
            pending: 10_000,
            waiting_writes: 1_024,
            waiting_events: 8_192,
            waiting_audit: 65_536,
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
        let trail = Trail::of(&db)?;
        let state = Arc::new(State::new(load(&db, &sealer)?, trail.head()));
        let kept = answers::all(&db, &sealer, Timestamp::now())?;
        let queue = Arc::new(Queue::new(limits.waiting_events, limits.waiting_audit));
        let (followers, _) = broadcast::channel(limits.follower_lag);
        let (auditors, _) = broadcast::channel(limits.follower_lag);
        let reader = Connection::open_with_flags(&path, flags(OpenFlags::SQLITE_OPEN_READ_ONLY))?;
        let archive = Connection::open_with_flags(&path, flags(OpenFlags::SQLITE_OPEN_READ_ONLY))?;
        let folder_path = folder.path().to_owned();
        let writer = Writer {
            counts: Counts::of(&db)?,
            db,
            sealer,
            queue: Arc::clone(&queue),
            state: Arc::clone(&state),
            followers: followers.clone(),
            auditors: auditors.clone(),
            audit_retention: limits.audit,
            trail,
            retention: limits.events.clone(),
            max_pending: limits.pending,
            folder,
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
            reader: Arc::new(tokio::sync::Mutex::new(reader)),
            archive: Arc::new(tokio::sync::Mutex::new(archive)),
            verifying: Arc::new(Semaphore::new(1)),
            followers,
            auditors,
            writer: Mutex::new(Some(writer)),
            answers: Mutex::new(kept),
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
    // In pages: those that every transaction writes are copied back less often.
    db.pragma_update_and_check(None, "wal_autocheckpoint", 4_000, |_| Ok(()))?;
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
    let bytes = random::bytes::<16>().map_err(|error| OpenError::Database(error.to_string()))?;
    let id = hex(&*bytes);
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
    for record in blocks::rejected(db)? {
        directory.apply(Difference::Rejected(record.key.fingerprint(), Some(record)));
    }
    for record in blocks::sources(db)? {
        directory.apply(Difference::Blocked(record.source, Some(record)));
    }
    for difference in webhooks::load(db, sealer)? {
        directory.apply(difference);
    }
    for difference in web::load(db)? {
        directory.apply(difference);
    }
    for difference in accounts::load(db)? {
        directory.apply(difference);
    }
    Ok(directory)
}

/// A connection of its own, for what reads long.
pub(super) fn reader(folder: &Path) -> rusqlite::Result<Connection> {
    let access = flags(OpenFlags::SQLITE_OPEN_READ_ONLY);
    Connection::open_with_flags(folder.join(DATABASE), access)
}

/// Bytes that the file system has left for us; none if it does not say.
pub(super) fn free_bytes(folder: &Path) -> Option<u64> {
    let stat = nix::sys::statvfs::statvfs(folder).ok()?;
    stat.blocks_available().checked_mul(stat.fragment_size())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use homing_proto::host_key::Secret;
    use homing_proto::identity::DeviceName;

    use super::*;
    use crate::store::{NewDevice, UnsealError};

    /// A closed data folder with one device that has a secret.
    async fn used() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), &Limits::default()).unwrap();
        let name = DeviceName::new("mx1").unwrap();
        let secret = Some(Secret::new("s3cret"));
        store.insert(NewDevice { secret, ..NewDevice::named(name) }).await.unwrap();
        folder
    }

    fn refusal(folder: &tempfile::TempDir) -> OpenError {
        Store::open(folder.path(), &Limits::default()).unwrap_err()
    }

    #[tokio::test]
    async fn without_its_key_a_database_is_not_opened_and_no_new_key_is_made() {
        let folder = used().await;
        let key = folder.path().join("secret.key");
        fs::remove_file(&key).unwrap();
        assert_eq!(refusal(&folder), OpenError::KeyMissing { path: key.clone() });
        assert!(!key.exists());
    }

    #[tokio::test]
    async fn another_key_is_told_from_an_altered_secret() {
        let folder = used().await;
        let key = folder.path().join("secret.key");
        fs::write(&key, [1; 32]).unwrap();
        let unsealable =
            |reason| OpenError::Unsealable { device: "mx1".into(), what: "secret", reason };
        assert_eq!(refusal(&folder), unsealable(UnsealError::AnotherKey));
        fs::write(&key, [1; 33]).unwrap();
        assert_eq!(refusal(&folder).code(), "store-key-malformed");

        let folder = used().await;
        let db = Connection::open(folder.path().join(DATABASE)).unwrap();
        let sql = "UPDATE device SET secret_sealed = CAST(substr(secret_sealed, 1, 20) AS BLOB)";
        db.execute(sql, []).unwrap();
        drop(db);
        assert_eq!(refusal(&folder), unsealable(UnsealError::Altered));
    }

    #[tokio::test]
    async fn a_secret_can_not_be_moved_to_another_device() {
        let folder = used().await;
        let db = Connection::open(folder.path().join(DATABASE)).unwrap();
        db.execute("UPDATE device SET name = 'mx2'", []).unwrap();
        drop(db);
        assert_eq!(refusal(&folder).code(), "store-unsealable");
    }

    #[tokio::test]
    async fn a_newer_schema_and_what_is_no_database_are_refused() {
        let folder = used().await;
        let path = folder.path().join(DATABASE);
        let db = Connection::open(&path).unwrap();
        db.pragma_update(None, "user_version", 99).unwrap();
        drop(db);
        assert_eq!(refusal(&folder).code(), "store-newer");
        fs::write(&path, "not a database, but long enough to be taken for one".repeat(100))
            .unwrap();
        assert_eq!(refusal(&folder).code(), "store-unusable");
    }

    #[tokio::test]
    async fn acknowledged_means_synced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(DATABASE);
        let db = Connection::open(path).unwrap();
        prepare(&db, &Limits::default()).unwrap();
        let pragma = |name| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(pragma("synchronous"), 2);
        assert_eq!(pragma("foreign_keys"), 1);
    }

    #[tokio::test]
    async fn a_database_at_its_size_limit_refuses_writes_and_serves_reads() {
        let folder = tempfile::tempdir().unwrap();
        let limits = Limits { size: Some(256 << 10), ..Limits::default() };
        let store = Store::open(folder.path(), &limits).unwrap();
        let device = |number: usize| {
            let tags = [("note".to_owned(), "x".repeat(200))].into();
            let name = DeviceName::new(format!("d{number}")).unwrap();
            NewDevice { tags, ..NewDevice::named(name) }
        };
        let mut count = 0;
        let error = loop {
            match store.insert(device(count)).await {
                Ok(()) => count += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(error.code(), "store-full");
        assert_eq!(store.device_count(), count);
        assert!(store.health().outage.is_some());
        store.forget(DeviceName::new("d0").unwrap()).await.unwrap();
        assert!(store.health().outage.is_none());
    }
}
