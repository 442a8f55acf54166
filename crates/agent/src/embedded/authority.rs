//! Who may log in: the users of the `login` statements, with their keys and passwords.

use std::sync::Arc;

use homing_proto::host_key::{HostKey, Secret};
use homing_proto::junos::User;
use homing_transport::device_server::Authority;
use tokio::sync::Semaphore;

use super::password;
use crate::netconf::Class;
use crate::shared::Shared;

/// Passwords checked at once by one connection: each costs milliseconds of processor time.
const CHECKS: usize = 1;

/// A user who has proven who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LoggedIn {
    pub(super) name: String,
    /// Whether its class lets it run commands.
    pub(super) may_run: bool,
}

/// The users of the configuration in force.
#[derive(Debug)]
pub(super) struct Users {
    shared: Arc<Shared>,
    checks: Semaphore,
}

impl Users {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, checks: Semaphore::new(CHECKS) }
    }

    fn user(&self, name: &str) -> Option<User> {
        let configuration = self.shared.configuration.borrow().clone();
        configuration.login().ok()?.user(name).cloned()
    }

    fn logged_in(&self, name: &str) -> LoggedIn {
        let configuration = self.shared.configuration.borrow().clone();
        let may_run = Class::of(name, &configuration) == Class::SuperUser;
        LoggedIn { name: name.to_owned(), may_run }
    }
}

impl Authority for Users {
    type User = LoggedIn;

    async fn check_key(&self, name: &str, key: &HostKey) -> Option<LoggedIn> {
        let authentication = self.user(name)?.authentication;
        if authentication.no_public_keys {
            return None;
        }
        for refused in &authentication.refused {
            tracing::debug!(user = name, keyword = refused.keyword, "{}", refused.reason);
        }
        // A key with `from` is good from some addresses only, which an outbound connection can't tell.
        let fits = |own: &homing_proto::junos::AuthorizedKey| own.key == *key && own.from.is_none();
        authentication.keys.iter().any(fits).then(|| self.logged_in(name))
    }

    async fn check_password(&self, name: &str, given: &Secret) -> Option<LoggedIn> {
        let stored = self.user(name).and_then(|user| user.authentication.password);
        let stored = stored.map(|password| password.expose().to_owned());
        let given = given.clone();
        let _permit = self.checks.acquire().await.ok()?;
        let check = move || password::is_right(stored.as_deref(), given.expose());
        let right = tokio::task::spawn_blocking(check).await.unwrap_or(false);
        right.then(|| self.logged_in(name))
    }
}
