//! The sessions that are, behind the roster that says which of them counts.
//!
//! The [`Roster`] decides; this holds the live sessions beside its entries, so that a name leads to a session.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use homing_proto::admission::ProvenDevice;
use homing_proto::identity::{DeviceName, SessionId};
use homing_proto::roster::{Claimed, Roster, Settings};

use crate::session::Session;

/// All sessions of this gateway.
#[derive(Debug)]
pub(crate) struct Fleet {
    next: AtomicU64,
    /// Counts arrivals and departures.
    version: AtomicU64,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    roster: Roster,
    sessions: HashMap<SessionId, Arc<Session>>,
}

/// What became of a session that wanted in.
#[derive(Debug)]
pub(crate) struct Entered {
    /// What the roster said.
    pub(crate) claimed: Claimed,
    /// The session that lost its place, to be closed.
    pub(crate) displaced: Option<Arc<Session>>,
}

impl Entered {
    /// Whether the session has its place.
    pub(crate) fn is_in(&self) -> bool {
        matches!(self.claimed, Claimed::Entered | Claimed::TookOver { .. })
    }
}

impl Fleet {
    /// No sessions.
    pub(crate) fn new() -> Self {
        let inner = Inner { roster: Roster::new(Settings::default()), sessions: HashMap::new() };
        Self { next: AtomicU64::new(1), version: AtomicU64::new(0), inner: Mutex::new(inner) }
    }

    /// A number for the next session.
    pub(crate) fn number(&self) -> SessionId {
        SessionId(self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Claims the device's place for `session`.
    pub(crate) fn enter(&self, device: &ProvenDevice, session: &Arc<Session>) -> Entered {
        let mut inner = self.lock();
        let claimed = inner.roster.claim(device, session.id, Instant::now());
        let displaced = match &claimed {
            Claimed::Stale { .. } | Claimed::Contested { .. } => {
                return Entered { claimed, displaced: None };
            }
            Claimed::TookOver { displaced } => inner.sessions.remove(&displaced.session),
            Claimed::Entered => None,
        };
        inner.sessions.insert(session.id, Arc::clone(session));
        self.version.fetch_add(1, Ordering::Relaxed);
        Entered { claimed, displaced }
    }

    /// Frees the session's place; false if a newer one has it already.
    pub(crate) fn leave(&self, session: SessionId) -> bool {
        let mut inner = self.lock();
        inner.sessions.remove(&session);
        self.version.fetch_add(1, Ordering::Relaxed);
        inner.roster.release(session, Instant::now()).is_some()
    }

    /// The device's sessions, one for each listener that it dialled.
    pub(crate) fn sessions_of(&self, device: &DeviceName) -> Vec<Arc<Session>> {
        let inner = self.lock();
        let entries = inner.roster.sessions_of(device);
        entries.filter_map(|(_, entry)| inner.sessions.get(&entry.session).cloned()).collect()
    }

    /// The newest session of the device.
    pub(crate) fn session(&self, device: &DeviceName) -> Option<Arc<Session>> {
        let inner = self.lock();
        let entries = inner.roster.sessions_of(device);
        let sessions = entries.filter_map(|(_, entry)| inner.sessions.get(&entry.session));
        sessions.max_by_key(|session| session.epoch).cloned()
    }

    /// Every session.
    pub(crate) fn all(&self) -> Vec<Arc<Session>> {
        self.lock().sessions.values().cloned().collect()
    }

    /// How many sessions there are.
    pub(crate) fn len(&self) -> usize {
        self.lock().sessions.len()
    }

    /// Another number after each arrival and departure.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Relaxed)
    }

    /// Forgets what the roster no longer needs.
    pub(crate) fn tidy(&self) {
        self.lock().roster.tidy(Instant::now());
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
