//! What readers see without the disk: the directory, and how the writer fares.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use homing_proto::audit::Head;
use prometheus_client::metrics::histogram::Histogram;

use super::directory::{Difference, Directory};
use super::error::WriteError;
use crate::metrics::disk_seconds;

/// Shared by the writer and all handles.
#[derive(Debug)]
pub(super) struct State {
    directory: RwLock<Directory>,
    /// Counts changes of the directory.
    version: AtomicU64,
    outage: Mutex<Option<(WriteError, Instant)>>,
    commits: AtomicU64,
    last_commit_us: AtomicU64,
    slowest_commit_us: AtomicU64,
    head: Mutex<Head>,
    commit_seconds: Histogram,
}

/// How the store fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Why nothing can be written, and for how long; none: it can.
    pub outage: Option<(WriteError, Duration)>,
    /// How long the oldest waiting write or event has waited.
    pub lag: Duration,
    /// How long the oldest audit entry that nobody waits for has waited.
    pub audit_lag: Duration,
    /// How many writes, events and pending keys wait.
    pub waiting: usize,
    /// Transactions since the start.
    pub commits: u64,
    /// How long the latest took, its sync included.
    pub last_commit: Duration,
    /// How long the slowest took.
    pub slowest_commit: Duration,
    /// Bytes that the file system of the data folder has left, if it says.
    pub free_bytes: Option<u64>,
    /// Less is left than the store wants to have in reserve.
    pub is_nearly_full: bool,
}

impl State {
    pub(super) fn new(directory: Directory, head: Head) -> Self {
        Self {
            directory: RwLock::new(directory),
            version: AtomicU64::default(),
            outage: Mutex::default(),
            commits: AtomicU64::default(),
            last_commit_us: AtomicU64::default(),
            slowest_commit_us: AtomicU64::default(),
            head: Mutex::new(head),
            commit_seconds: disk_seconds(),
        }
    }

    pub(super) fn directory(&self) -> RwLockReadGuard<'_, Directory> {
        self.directory.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another number after each change of the directory.
    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::Relaxed)
    }

    pub(super) fn apply(&self, differences: Vec<Difference>) {
        if differences.is_empty() {
            return;
        }
        let mut directory = self.directory.write().unwrap_or_else(PoisonError::into_inner);
        for difference in differences {
            directory.apply(difference);
        }
        self.version.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn note_commit(&self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.commit_seconds.observe(Duration::from_micros(took).as_secs_f64());
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.last_commit_us.store(took, Ordering::Relaxed);
        self.slowest_commit_us.fetch_max(took, Ordering::Relaxed);
    }

    pub(super) fn commit_seconds(&self) -> Histogram {
        self.commit_seconds.clone()
    }

    pub(super) fn head(&self) -> Head {
        *self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note_head(&self, head: Head) {
        *self.head.lock().unwrap_or_else(PoisonError::into_inner) = head;
    }

    pub(super) fn note_outage(&self, error: Option<&WriteError>) {
        let mut outage = self.outage.lock().unwrap_or_else(PoisonError::into_inner);
        *outage = error.map(|error| {
            let since = outage.as_ref().map_or_else(Instant::now, |(_, since)| *since);
            (error.clone(), since)
        });
    }

    pub(super) fn health(
        &self,
        (lag, waiting): (Duration, usize),
        audit_lag: Duration,
        free: Option<u64>,
    ) -> Health {
        const RESERVE: u64 = 256 * 1024 * 1024;
        let outage = self.outage.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Health {
            outage: outage.map(|(error, since)| (error, since.elapsed())),
            lag,
            audit_lag,
            waiting,
            commits: self.commits.load(Ordering::Relaxed),
            last_commit: Duration::from_micros(self.last_commit_us.load(Ordering::Relaxed)),
            slowest_commit: Duration::from_micros(self.slowest_commit_us.load(Ordering::Relaxed)),
            free_bytes: free,
            is_nearly_full: free.is_some_and(|free| free < RESERVE),
        }
    }
}
