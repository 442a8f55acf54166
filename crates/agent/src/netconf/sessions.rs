//! The NETCONF sessions of one agent: their numbers, and how to end another one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

/// All sessions that are open; clones are the same table.
#[derive(Debug, Clone, Default)]
pub struct Sessions(Arc<Mutex<Table>>);

#[derive(Debug, Default)]
struct Table {
    last: u32,
    open: BTreeMap<u32, CancellationToken>,
}

/// One session's place in the table; gives it back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) id: u32,
    /// Cancelled when another session kills this one.
    pub(super) killed: CancellationToken,
    sessions: Sessions,
}

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next free number.
    pub(super) fn enter(&self) -> Place {
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
        table.open.insert(id, killed.clone());
        Place { id, killed, sessions: self.clone() }
    }

    /// Ends a session; false if there is none of this number.
    pub(super) fn kill(&self, id: u32) -> bool {
        let table = self.lock();
        table.open.get(&id).inspect(|killed| killed.cancel()).is_some()
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
        let (first, second) = (sessions.enter(), sessions.enter());
        assert_eq!((first.id, second.id), (1, 2));
        assert!(sessions.kill(1) && first.killed.is_cancelled() && !second.killed.is_cancelled());
        drop(first);
        assert!(!sessions.kill(1));
        assert_eq!(sessions.enter().id, 3);
        sessions.lock().last = u32::MAX;
        assert_eq!(sessions.enter().id, 1);
    }
}
