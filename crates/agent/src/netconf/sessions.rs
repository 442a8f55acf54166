//! The NETCONF sessions of one agent: their numbers, who they are, and how to end another one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use homing_proto::datastore::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::events::Events;

/// Large requests at once, of all sessions together.
pub(super) const LARGE_REQUESTS: usize = 4;

/// All sessions that are open; clones are the same table.
#[derive(Debug, Clone)]
pub struct Sessions {
    table: Arc<Mutex<Table>>,
    started: Timestamp,
    events: Events,
    /// Large requests that may be in memory.
    large: Arc<Semaphore>,
}

impl Default for Sessions {
    fn default() -> Self {
        let large = Arc::new(Semaphore::new(LARGE_REQUESTS));
        Self { table: Arc::default(), started: Timestamp::now(), events: Events::default(), large }
    }
}

#[derive(Debug, Default)]
struct Table {
    last: u32,
    /// The session that committed last.
    committer: u32,
    open: BTreeMap<u32, (SessionInformation, CancellationToken)>,
}

/// One session that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionInformation {
    /// Its number.
    pub id: u32,
    /// Whose it is.
    pub user: String,
    /// Since when.
    pub since: Timestamp,
}

/// One session's place in the table; gives it back when dropped.
#[derive(Debug)]
pub struct Place {
    /// Its number; no other session of NETCONF or the CLI has it meanwhile.
    pub id: u32,
    /// Cancelled when another session kills this one.
    pub killed: CancellationToken,
    sessions: Sessions,
}

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until one more large request may be in memory.
    pub(super) async fn large_request(&self) -> Option<OwnedSemaphorePermit> {
        self.large.clone().acquire_owned().await.ok()
    }

    /// Takes the next free number for a session of `user`.
    pub fn enter(&self, user: &str) -> Place {
        let mut table = self.lock();
        let mut id = table.last;
        loop {
            id = id.checked_add(1).unwrap_or(1);
            if !table.open.contains_key(&id) {
                break;
            }
        }
        table.last = id;
        let killed = CancellationToken::new();
        let information = SessionInformation { id, user: user.to_owned(), since: Timestamp::now() };
        table.open.insert(id, (information, killed.clone()));
        Place { id, killed, sessions: self.clone() }
    }

    /// Ends a session; false if there is none of this number, or it is ending by this already.
    pub fn kill(&self, id: u32) -> bool {
        let table = self.lock();
        let open = table.open.get(&id).filter(|(_, killed)| !killed.is_cancelled());
        open.inspect(|(_, killed)| killed.cancel()).is_some()
    }

    /// Every session that is open.
    pub fn list(&self) -> Vec<SessionInformation> {
        self.lock().open.values().map(|(information, _)| information.clone()).collect()
    }

    /// What is told of sessions and commits.
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// A session is about to commit.
    pub(super) fn commits(&self, id: u32) {
        self.lock().committer = id;
    }

    /// The session that committed last.
    pub(super) fn committer(&self) -> u32 {
        self.lock().committer
    }

    /// Since when there can be sessions.
    pub(super) fn started(&self) -> Timestamp {
        self.started
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.sessions.lock().open.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_not_used_again_at_once_and_places_are_given_back() {
        let sessions = Sessions::default();
        let (first, second) = (sessions.enter("a"), sessions.enter("b"));
        assert_eq!((first.id, second.id), (1, 2));
        let users: Vec<_> = sessions.list().into_iter().map(|own| own.user).collect();
        assert_eq!(users, ["a", "b"]);
        assert!(sessions.kill(1) && first.killed.is_cancelled() && !second.killed.is_cancelled());
        drop(first);
        assert!(!sessions.kill(1));
        assert_eq!(sessions.enter("c").id, 3);
        sessions.lock().last = u32::MAX;
        assert_eq!(sessions.enter("d").id, 1);
    }
}
