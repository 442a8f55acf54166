//! Users, their keys, grants and one-time passwords; API tokens.
//!
//! ```text
//!   user ──┬── key …             several, each with its last use
//!          ├── grant …           role, selector, expiry; numbered within the user, never renumbered
//!          ├── one-time password at most one: its digest, its end, how often it may still be tried
//!          └── token …           its digest and scope; also without a user: a program's
//! ```
//!
//! What was acknowledged survives `kill -9`, as everything in the store; only the last use of a key or a token is
//! written at the next occasion. No credential stands here in plain.

mod change;
mod record;
mod rows;
#[cfg(test)]
mod tests;
mod view;

use std::sync::Arc;

use homing_proto::access::{TokenId, UserName};
use homing_proto::api::Timestamp;
use homing_proto::host_key::Fingerprint;

pub use change::AccountChange;
pub use record::{PendingPassword, TokenRecord, UserGrant, UserKey, UserRecord};

pub(super) use change::{Touched, apply, write_used};
pub(super) use rows::{differences, load};
pub(super) use view::{Accounts, Difference};

use super::{Store, directory};

/// What was used to log in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Used {
    /// A user's key.
    Key(UserName, Fingerprint),
    /// A token.
    Token(TokenId),
}

/// Reads: from memory, without waiting.
impl Store {
    /// All users, by name.
    #[must_use]
    pub fn users(&self) -> Vec<Arc<UserRecord>> {
        self.shared.state.directory().accounts.users().cloned().collect()
    }

    /// A user.
    #[must_use]
    pub fn user(&self, name: &UserName) -> Option<Arc<UserRecord>> {
        self.shared.state.directory().accounts.user(name).cloned()
    }

    /// The users that have a key: more than one may share it.
    #[must_use]
    pub fn users_by_key(&self, key: &Fingerprint) -> Vec<Arc<UserRecord>> {
        self.shared.state.directory().accounts.by_key(key)
    }

    /// All tokens, by id.
    #[must_use]
    pub fn tokens(&self) -> Vec<Arc<TokenRecord>> {
        self.shared.state.directory().accounts.tokens().cloned().collect()
    }

    /// A token.
    #[must_use]
    pub fn token(&self, id: &TokenId) -> Option<Arc<TokenRecord>> {
        self.shared.state.directory().accounts.token(id).cloned()
    }
}

impl Store {
    /// Notes that a key or token was used. It shows at once, to the second, and is written at the next occasion, within
    /// half a minute: all that a crash may take back.
    pub fn note_used(&self, used: Used, at: Timestamp) {
        let latest = self.shared.state.directory().accounts.last_used(&used);
        if latest.is_some_and(|latest| latest.as_second() >= at.as_second()) {
            return;
        }
        let difference = Difference::Used(used.clone(), at);
        self.shared.state.apply(vec![directory::Difference::Account(difference)]);
        self.shared.queue.push_used(used, at);
    }
}
