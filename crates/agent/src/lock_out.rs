//! The watch over a commit that came over the connection that it changes: see [`homing_proto::lock_out`].
//!
//! ```text
//!   NETCONF and CLI sessions ──Speaker──▶ Guard ◀──connected, closed── client tasks
//!   store ──commit, may it be confirmed?──▶│ ◀──something was opened── SSH servers
//! ```

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use homing_proto::datastore::{Client, Timestamp};
use homing_proto::junos::Configuration;
use homing_proto::lock_out::{Action, Origin, Unproven, Watch};

tokio::task_local! {
    /// Who speaks in the session that this task serves.
    static SPEAKER: Speaker;
}

/// By which way a session came: it goes with the task that serves the session.
#[derive(Clone, Debug, Default)]
pub(crate) struct Speaker {
    /// Whether a person types, if it is known.
    pub(crate) via: Option<Client>,
    /// At the device, or over a connection.
    pub(crate) origin: Origin,
}

impl Speaker {
    /// Whose session this task serves; somebody at the device if it serves none.
    pub(crate) fn current() -> Self {
        SPEAKER.try_with(Clone::clone).unwrap_or_default()
    }

    /// Serves a session of this speaker.
    pub(crate) fn scope<F: Future>(self, session: F) -> impl Future<Output = F::Output> {
        SPEAKER.scope(self, session)
    }
}

/// The guard of one agent; clones are the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guard(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    watch: Option<Watch>,
}

impl Guard {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a session may confirm the commit that waits.
    ///
    /// # Errors
    /// The connection over which it was made has not been seen to work.
    pub(crate) fn check_confirm(&self, origin: &Origin) -> Result<(), Unproven> {
        self.lock().watch.as_ref().map_or(Ok(()), |watch| watch.check_confirm(origin))
    }

    /// Begins to watch a confirmed commit; gives the client that must be dialled anew, if one must. A commit that only
    /// waits longer leaves the watch as it is.
    pub(crate) fn watch(
        &self,
        origin: &Origin,
        before: &Configuration,
        after: &Configuration,
        until: Timestamp,
    ) -> Option<String> {
        let mut watch = Watch::new(origin, before, after, until)?;
        let redial = match watch.poll_action() {
            Some(Action::Redial(client)) => Some(client),
            _ => None,
        };
        tracing::info!(%until, ?origin, "a confirmed commit changes the connection it came over: it is watched");
        self.lock().watch = Some(watch);
        redial
    }

    /// The watch as it is, to be put back if the commit that changes it fails.
    pub(crate) fn watched(&self) -> Option<Watch> {
        self.lock().watch.clone()
    }

    /// Watches what was watched before.
    pub(crate) fn put_back(&self, watched: Option<Watch>) {
        self.lock().watch = watched;
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

    #[tokio::test]
    async fn a_task_knows_whose_session_it_serves() {
        assert_eq!(Speaker::current().origin, Origin::Local);
        let origin = Origin::Outbound("gw".to_owned());
        let speaker = Speaker { via: Some(Client::Cli), origin: origin.clone() };
        let seen = speaker.scope(async { Speaker::current() }).await;
        assert_eq!((seen.via, seen.origin), (Some(Client::Cli), origin));
    }

    #[test]
    fn a_commit_over_a_connection_is_watched_until_it_is_proven() {
        let guard = Guard::default();
        let configuration = |address: &str| {
            let text = format!(
                "system {{ services {{ outbound-ssh {{ client gw {{ device-id x; {address} port 1; }} }} }} }}"
            );
            Configuration::parse("x", &text).unwrap()
        };
        let (before, after) = (configuration("10.0.0.1"), configuration("10.0.0.2"));
        let origin = Origin::Outbound("gw".to_owned());
        let until = "2030-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(guard.watch(&origin, &before, &after, until), None);
        assert!(guard.check_confirm(&origin).is_err());
        guard.connected("gw");
        guard.logged_in("gw");
        assert_eq!(guard.check_confirm(&origin), Ok(()));
        guard.over();
        assert_eq!(guard.check_confirm(&origin), Ok(()));
    }
}
