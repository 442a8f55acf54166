//! The watch over a commit that came over the connection that it changes: see [`homing_proto::lock_out`].
//!
//! ```text
//!   NETCONF and CLI sessions ──origin──▶ Guard ◀──connected, closed── client tasks
//!   store ──commit, may it be confirmed?──▶│ ◀──something was opened── SSH servers
//! ```

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use homing_proto::datastore::{SessionId, Timestamp};
use homing_proto::junos::Configuration;
use homing_proto::lock_out::{Action, Origin, Unproven, Watch, touched, warning};

/// The guard of one agent; clones are the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guard(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    origins: BTreeMap<SessionId, Origin>,
    watch: Option<Watch>,
}

impl Guard {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes by which way a session came; one over a connection is a login there.
    #[allow(dead_code, reason = "sessions are told of with their operations")]
    pub(crate) fn enter(&self, session: SessionId, origin: Origin) {
        if let Origin::Outbound(client) = &origin {
            self.logged_in(client);
        }
        self.lock().origins.insert(session, origin);
    }

    /// The session is over.
    #[allow(dead_code, reason = "sessions are told of with their operations")]
    pub(crate) fn leave(&self, session: SessionId) {
        self.lock().origins.remove(&session);
    }

    fn origin(&self, session: SessionId) -> Origin {
        self.lock().origins.get(&session).cloned().unwrap_or_default()
    }

    /// Whether a session may confirm the commit that waits.
    ///
    /// # Errors
    /// The connection over which it was made has not been seen to work.
    pub(crate) fn check_confirm(&self, session: SessionId) -> Result<(), Unproven> {
        let origin = self.origin(session);
        self.lock().watch.as_ref().map_or(Ok(()), |watch| watch.check_confirm(&origin))
    }

    /// What to tell somebody who commits without `confirmed`.
    pub(crate) fn warning(
        &self,
        session: SessionId,
        before: &Configuration,
        after: &Configuration,
    ) -> Option<String> {
        match self.origin(session) {
            Origin::Local => None,
            origin => warning(&origin, &touched(before, after)),
        }
    }

    /// Begins to watch a confirmed commit; gives the client that must be dialled anew, if one must. A commit that only
    /// waits longer leaves the watch as it is.
    pub(crate) fn watch(
        &self,
        session: SessionId,
        before: &Configuration,
        after: &Configuration,
        until: Timestamp,
    ) -> Option<String> {
        let origin = self.origin(session);
        let mut watch = Watch::new(&origin, before, after, until)?;
        let redial = match watch.poll_action() {
            Some(Action::Redial(client)) => Some(client),
            _ => None,
        };
        tracing::info!(%until, ?origin, "a confirmed commit changes the connection it came over: it is watched");
        self.lock().watch = Some(watch);
        redial
    }

    /// No commit waits any more.
    pub(crate) fn over(&self) {
        self.lock().watch = None;
    }

    /// A client reached a gateway.
    pub(crate) fn connected(&self, client: &str) {
        if let Some(watch) = &mut self.lock().watch {
            watch.handle_connected(client);
        }
    }

    /// A client's connection ended.
    pub(crate) fn closed(&self, client: &str) {
        if let Some(watch) = &mut self.lock().watch {
            watch.handle_closed(client);
        }
    }

    /// Somebody who is logged in opened something on the connection of a client.
    pub(crate) fn logged_in(&self, client: &str) {
        let mut state = self.lock();
        let Some(watch) = &mut state.watch else { return };
        watch.handle_login(client);
        if let Some(Action::Proven(client)) = watch.poll_action() {
            tracing::info!(
                client,
                "the commit that waits works: somebody logged in; it may be confirmed"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_known_until_it_ends() {
        let guard = Guard::default();
        let configuration = |address: &str| {
            let text = format!(
                "system {{ services {{ outbound-ssh {{ client gw {{ device-id x; {address} port 1; }} }} }} }}"
            );
            Configuration::parse("x", &text).unwrap()
        };
        let (before, after) = (configuration("10.0.0.1"), configuration("10.0.0.2"));
        guard.enter(SessionId(1), Origin::Outbound("gw".to_owned()));
        assert!(guard.warning(SessionId(1), &before, &after).is_some());
        assert!(guard.warning(SessionId(2), &before, &after).is_none());
        let until = "2030-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(guard.watch(SessionId(1), &before, &after, until), None);
        assert!(guard.check_confirm(SessionId(1)).is_err());
        guard.connected("gw");
        guard.logged_in("gw");
        assert_eq!(guard.check_confirm(SessionId(1)), Ok(()));
        guard.leave(SessionId(1));
        assert!(guard.warning(SessionId(1), &before, &after).is_none());
    }
}
