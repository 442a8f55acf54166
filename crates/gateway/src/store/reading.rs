//! What is read from disk: stored events and the audit trail, on threads that may wait.

use std::sync::Arc;
use std::time::Duration;

use homing_proto::api::{Event, Timestamp};
use homing_proto::audit::{Head, Report, Sealed};
use rusqlite::Connection;

use super::{AuditQuery, EventQuery, Exported, ReadError, Reader, Store, Traffic};
use super::{audit, events, open, rows};

/// Stored events.
impl Store {
    /// Stored events, oldest first.
    ///
    /// # Errors
    /// The disk or the database refuses.
    pub async fn events(&self, query: EventQuery) -> Result<Vec<Event>, ReadError> {
        self.read(move |reader| events::query(reader, &query)).await
    }

    /// Arrivals and departures in `count` spans from `since` on, of everything or of the devices named.
    ///
    /// # Errors
    /// The disk or the database refuses.
    pub async fn traffic(
        &self,
        since: Timestamp,
        span: Duration,
        count: usize,
        of: Option<Vec<String>>,
    ) -> Result<Vec<Traffic>, ReadError> {
        let span = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        let since = since.as_microsecond();
        self.read(move |db| events::traffic(db, since, span, count, of.as_deref())).await
    }

    /// The latest event of each device, and of each the latest that somebody had to act on or that ended a session.
    ///
    /// # Errors
    /// The disk or the database refuses.
    pub async fn latest_of_devices(&self) -> Result<Vec<Event>, ReadError> {
        self.read(events::latest_of_devices).await
    }
}

/// The audit trail.
impl Store {
    /// Stored entries, oldest first.
    ///
    /// # Errors
    /// The disk or the database refuses.
    pub async fn audit(&self, query: AuditQuery) -> Result<Vec<Sealed>, ReadError> {
        let archive = Arc::clone(&self.shared.archive);
        Self::read_on(archive, move |db| audit::query(db, &query)).await
    }

    /// The next links after `after`, as they are stored and hashed.
    ///
    /// # Errors
    /// The disk or the database refuses.
    pub async fn export_audit(&self, after: u64, limit: u32) -> Result<Vec<Exported>, ReadError> {
        let archive = Arc::clone(&self.shared.archive);
        Self::read_on(archive, move |db| audit::export(db, after, limit)).await
    }

    /// Whether somebody verifies it, or left while it is being done.
    #[must_use]
    pub fn is_verifying(&self) -> bool {
        self.shared.verifying.available_permits() == 0
    }

    /// Verifies the whole chain, and that it holds `noted`. Reads every entry: millions take seconds. One at a time.
    ///
    /// # Errors
    /// The disk or the database refuses.
    pub async fn verify_audit(&self, noted: Option<Head>) -> Result<Report, ReadError> {
        let folder = self.shared.folder.clone();
        let turn = Arc::clone(&self.shared.verifying).acquire_owned().await;
        let verify = move || {
            let _turn = turn;
            let db = open::reader(&folder).map_err(|error| ReadError(error.to_string()))?;
            audit::verify(&db, noted).map_err(|error| ReadError(error.to_string()))
        };
        let done = tokio::task::spawn_blocking(verify).await;
        done.unwrap_or_else(|error| Err(ReadError(error.to_string())))
    }
}

impl Store {
    async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, rows::RowError> + Send + 'static,
    ) -> Result<T, ReadError> {
        Self::read_on(Arc::clone(&self.shared.reader), query).await
    }

    async fn read_on<T: Send + 'static>(
        reader: Reader,
        query: impl FnOnce(&Connection) -> Result<T, rows::RowError> + Send + 'static,
    ) -> Result<T, ReadError> {
        let reader = reader.lock_owned().await;
        let read = move || query(&reader).map_err(|error| ReadError(error.to_string()));
        let done = tokio::task::spawn_blocking(read).await;
        done.unwrap_or_else(|error| Err(ReadError(error.to_string())))
    }
}
