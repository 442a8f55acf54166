//! Who is let in: the users of the configuration's `login` and `root-authentication`.

use std::net::IpAddr;
use std::sync::Arc;

use homing_proto::host_key::{HostKey, Secret};
use homing_proto::junos::{AuthorizedKey, Login, User};
use homing_transport::device_server::Authority;

use super::access::has_shell;
use super::from;
use super::password::Verifier;

/// Who may log in on one connection.
pub(super) struct Users {
    /// The configuration's users, as they stand.
    pub(super) login: Arc<dyn Fn() -> Login + Send + Sync>,
    /// Checks passwords.
    pub(super) verifier: Verifier,
    /// Where the connection goes.
    pub(super) peer: Option<IpAddr>,
}

/// A user who is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LoggedIn {
    /// The name in the configuration, and of the account.
    pub(super) name: String,
    /// Whether the class allows a shell.
    pub(super) has_shell: bool,
}

impl Users {
    /// What the services must know of `user`.
    fn logged_in(login: &Login, user: &User) -> LoggedIn {
        LoggedIn { name: user.name.clone(), has_shell: has_shell(&user.class, login) }
    }

    /// Whether the key counts on this connection.
    fn counts(&self, key: &AuthorizedKey) -> bool {
        key.from.as_deref().is_none_or(|patterns| from::allows(patterns, self.peer))
    }
}

impl Authority for Users {
    type User = LoggedIn;

    async fn check_key(&self, name: &str, key: &HostKey) -> Option<LoggedIn> {
        let login = (self.login)();
        let user = login.user(name)?;
        let authentication = &user.authentication;
        let known = authentication.keys.iter().filter(|_| !authentication.no_public_keys);
        let fits = known.filter(|known| self.counts(known)).any(|known| known.key == *key);
        fits.then(|| Self::logged_in(&login, user))
    }

    async fn check_password(&self, name: &str, password: &Secret) -> Option<LoggedIn> {
        let login = (self.login)();
        let user = login.user(name);
        let known = user.and_then(|user| user.authentication.password.as_ref());
        let fits = self.verifier.check(password, known).await;
        user.filter(|_| fits).map(|user| Self::logged_in(&login, user))
    }
}

#[cfg(test)]
mod tests {
    use homing_proto::junos::Configuration;
    use homing_transport::keys::{KeyKind, PrivateKey};

    use super::*;

    fn users(text: &str) -> Users {
        let text = format!("system {{ login {{ {text} }} }}");
        let login = Configuration::parse("x", &text).unwrap().login().unwrap();
        Users { login: Arc::new(move || login.clone()), verifier: Verifier::default(), peer: None }
    }

    #[tokio::test]
    async fn a_key_counts_for_its_user_alone() {
        let key = PrivateKey::generate(KeyKind::Ed25519).unwrap().host_key().clone();
        let other = PrivateKey::generate(KeyKind::Ed25519).unwrap().host_key().clone();
        let users = users(&format!(
            "user a {{ class super-user; authentication {{ ssh-ed25519 \"{key}\"; }} }}
             user b {{ class read-only; authentication {{ ssh-ed25519 \"{other}\"; }} }}
             user c {{ class read-only; authentication {{ no-public-keys; ssh-ed25519 \"{key}\"; }} }}"
        ));
        let a = users.check_key("a", &key).await.unwrap();
        assert_eq!(a, LoggedIn { name: "a".into(), has_shell: true });
        assert_eq!(users.check_key("a", &other).await, None);
        assert!(!users.check_key("b", &other).await.unwrap().has_shell);
        assert_eq!(users.check_key("c", &key).await, None, "no-public-keys");
        assert_eq!(users.check_key("nobody", &key).await, None);
    }

    #[tokio::test]
    async fn a_key_with_from_counts_only_towards_those_addresses() {
        let key = PrivateKey::generate(KeyKind::Ed25519).unwrap().host_key().clone();
        let mut users = users(&format!(
            "user a {{ class super-user; authentication {{ \
             ssh-ed25519 \"{key}\" {{ from 192.0.2.0/24; }} }} }}"
        ));
        assert_eq!(users.check_key("a", &key).await, None);
        users.peer = Some("192.0.2.7".parse().unwrap());
        assert!(users.check_key("a", &key).await.is_some());
    }

    #[tokio::test]
    async fn a_user_without_password_can_not_log_in_with_one() {
        let users = users("user a { class super-user; }");
        assert_eq!(users.check_password("a", &Secret::new("")).await, None);
        assert_eq!(users.check_password("nobody", &Secret::new("")).await, None);
    }
}
