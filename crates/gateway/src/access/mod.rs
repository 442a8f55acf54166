//! Who is at the door: from a key, certificate, one-time password or token to an [`Operator`].
//!
//! ```text
//!   key, certificate ──▶ transport checks the signature ──┐
//!   one-time password ──▶ a try spent, then taken, synced ─┼──▶ user in the store ──▶ Operator with its grants
//!   token ──▶ SHA-256 ─────────────────────────────────────┘    none: refused, counted by the throttle
//! ```
//!
//! An [`Operator`] is as of its login: whoever keeps one for longer than a request asks [`Access::renew`] before each
//! action, and hears of changes by [`Access::changes`].

mod certificate;
mod one_time;
mod refused;
mod revoked;
#[cfg(test)]
mod tests;
mod web;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use homing_proto::access::throttle::{self, Throttle, Throttled};
use homing_proto::access::{Operator, Token, TokenId, UserName, Via};
use homing_proto::api::Timestamp;
use homing_proto::host_key::{Fingerprint, HostKey};
use homing_proto::revocation::Revoked;
use tokio::sync::watch;

pub use certificate::Certificate;
pub use refused::{CertificateRefused, PasswordRefused, TokenRefused};
pub use revoked::{RevocationError, RevocationList};
pub use web::{FIRST_LINK_LIFETIME, LINK_LIFETIME, Link, WebSecret};

use crate::store::{AccountChange, Change, Store, TokenRecord, Used, UserRecord, WriteError};

/// Authenticates operators. Cheap to clone; reads come from memory.
#[derive(Clone, Debug)]
pub struct Access(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    user_ca: Vec<HostKey>,
    revoked: watch::Sender<Arc<Revoked>>,
    /// Of those who log in.
    throttle: Mutex<Throttle>,
    /// Of those who send tokens: a program whose token has expired must not slow the people down who share its address.
    tokens: Mutex<Throttle>,
    changes: watch::Sender<u64>,
    links: Mutex<web::Links>,
}

impl Access {
    /// Over a store; certificates are taken from the authorities of `user_ca`.
    #[must_use]
    pub fn new(store: Store, user_ca: Vec<HostKey>) -> Self {
        let throttle = || Mutex::new(Throttle::new(throttle::Settings::default()));
        Self(Arc::new(Inner {
            store,
            user_ca,
            revoked: watch::Sender::default(),
            throttle: throttle(),
            tokens: throttle(),
            changes: watch::Sender::new(0),
            links: Mutex::default(),
        }))
    }

    /// Whether a login with this key would be taken, before its signature is asked for.
    #[must_use]
    pub fn knows_key(&self, user: Option<&str>, key: &HostKey) -> bool {
        self.owner(user, key).is_some()
    }

    /// Whoever logs in with a key whose signature was checked. Without a name: the one user who has that key.
    #[must_use]
    pub fn by_key(
        &self,
        user: Option<&str>,
        key: &HostKey,
        source: Option<SocketAddr>,
    ) -> Option<Operator> {
        let Some(owner) = self.owner(user, key) else {
            self.note_failure(source, None);
            return None;
        };
        self.note_success(source, Some(owner.name.as_str()));
        let fingerprint = key.fingerprint();
        self.0.store.note_used(Used::Key(owner.name.clone(), fingerprint), Timestamp::now());
        Some(operator(&owner, Via::Ssh, source, format!("key {fingerprint}")))
    }

    /// Whoever sends a token.
    ///
    /// # Errors
    /// It is none, or not one of ours, or expired; or this source failed too often.
    pub fn by_token(
        &self,
        token: &str,
        source: Option<SocketAddr>,
    ) -> Result<Operator, TokenRefused> {
        let found = self.token(token, source);
        let Some(address) = source.map(|source| source.ip()) else { return found };
        let mut tokens = self.0.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        match &found {
            // A token that is right is never held up: nobody can guess one.
            Ok(_) => tokens.handle_success(address, None),
            Err(_) => {
                tokens.check(address, None, Instant::now())?;
                tokens.handle_failure(address, None, Instant::now());
            }
        }
        drop(tokens);
        found
    }

    fn token(&self, text: &str, source: Option<SocketAddr>) -> Result<Operator, TokenRefused> {
        let token = Token::parse(text).map_err(|_| TokenRefused::Unknown)?;
        let record = self.0.store.token(&token.id()).ok_or(TokenRefused::Unknown)?;
        if record.digest != token.digest() {
            return Err(TokenRefused::Unknown);
        }
        let now = Timestamp::now();
        let operator = self.of_token(&record, Via::Api, source, now)?;
        self.0.store.note_used(Used::Token(record.id.clone()), now);
        Ok(operator)
    }

    fn of_token(
        &self,
        record: &TokenRecord,
        via: Via,
        source: Option<SocketAddr>,
        now: Timestamp,
    ) -> Result<Operator, TokenRefused> {
        if !record.scope.is_in_force(now) {
            return Err(TokenRefused::Expired(record.id.clone()));
        }
        let credential = format!("token {}", record.id);
        let Some(name) = &record.user else {
            let name = match record.label.as_str() {
                "" => format!("token:{}", record.id),
                label => format!("token:{label}"),
            };
            return Ok(Operator::new(name, vec![record.scope.clone()], via, source, credential));
        };
        let user = self.0.store.user(name).ok_or(TokenRefused::Unknown)?;
        Ok(operator(&user, via, source, credential).within(record.scope.clone()))
    }

    /// The same operator with what it may at this moment; none if its user, key or token is gone.
    #[must_use]
    pub fn renew(&self, operator: &Operator) -> Option<Operator> {
        let (via, source) = (operator.via(), operator.source());
        if via == Via::Socket {
            return Some(operator.clone());
        }
        if let Some(renewed) = self.renew_session(operator) {
            return renewed;
        }
        let credential = operator.credential();
        if let Some(id) = credential.strip_prefix("token ") {
            let record = self.0.store.token(&TokenId::parse(id).ok()?)?;
            return self.of_token(&record, via, source, Timestamp::now()).ok();
        }
        let user = self.0.store.user(&UserName::new(operator.name()).ok()?)?;
        if let Some(key) = credential.strip_prefix("key ") {
            let key = Fingerprint::parse(key).ok()?;
            let held = user.keys.iter().find(|one| one.fingerprint == key)?;
            if self.0.revoked.borrow().revokes_key(&held.key) {
                return None;
            }
        }
        Some(self::operator(&user, via, source, credential.to_owned()))
    }

    /// Counts each change of users and tokens.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    /// Whether a login may be tried at all.
    ///
    /// # Errors
    /// How long this source, or this user, must wait.
    pub fn check(&self, source: Option<SocketAddr>, user: Option<&str>) -> Result<(), Throttled> {
        let Some(source) = source else { return Ok(()) };
        self.throttle(|throttle| throttle.check(source.ip(), user, Instant::now()))
    }

    /// Counts a login that failed by other means than this type's own.
    pub fn note_failure(&self, source: Option<SocketAddr>, user: Option<&str>) {
        let Some(source) = source else { return };
        self.throttle(|throttle| throttle.handle_failure(source.ip(), user, Instant::now()));
    }

    fn note_success(&self, source: Option<SocketAddr>, user: Option<&str>) {
        let Some(source) = source else { return };
        self.throttle(|throttle| throttle.handle_success(source.ip(), user));
    }

    fn throttle<T>(&self, ask: impl FnOnce(&mut Throttle) -> T) -> T {
        ask(&mut self.0.throttle.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn owner(&self, user: Option<&str>, key: &HostKey) -> Option<Arc<UserRecord>> {
        if self.0.revoked.borrow().revokes_key(key) {
            return None;
        }
        let mut owners = self.0.store.users_by_key(&key.fingerprint());
        if let Some(user) = user {
            owners.retain(|owner| owner.name.as_str() == user);
        }
        match owners.len() {
            1 => owners.pop(),
            _ => None,
        }
    }

    /// Makes changes durable, and tells whoever follows [`Self::changes`].
    pub(crate) async fn write(&self, changes: Vec<Change>) -> Result<(), WriteError> {
        self.0.store.write(changes).await?;
        self.0.changes.send_modify(|count| *count = count.wrapping_add(1));
        Ok(())
    }

    async fn write_one(&self, change: AccountChange) -> Result<(), WriteError> {
        self.write(vec![Change::Account(change)]).await
    }
}

fn operator(
    user: &UserRecord,
    via: Via,
    source: Option<SocketAddr>,
    credential: String,
) -> Operator {
    Operator::new(user.name.as_str(), user.granted(), via, source, credential)
}
