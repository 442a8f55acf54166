//! All users and tokens in memory, changed by the writer after each commit.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use homing_proto::access::{TokenId, UserName};
use homing_proto::api::Timestamp;
use homing_proto::host_key::Fingerprint;

use super::{TokenRecord, Used, UserRecord};

/// Users by name and key; tokens by id.
#[derive(Debug, Default)]
pub(in crate::store) struct Accounts {
    users: BTreeMap<UserName, Arc<UserRecord>>,
    by_key: HashMap<Fingerprint, BTreeSet<UserName>>,
    tokens: BTreeMap<TokenId, Arc<TokenRecord>>,
}

/// One committed difference.
#[derive(Debug)]
pub(in crate::store) enum Difference {
    /// A user as it is; none: it is gone.
    User(UserName, Option<UserRecord>),
    /// A token as it is; none: it is gone.
    Token(TokenId, Option<TokenRecord>),
    /// A key or token was used.
    Used(Used, Timestamp),
}

impl Accounts {
    pub(super) fn users(&self) -> impl ExactSizeIterator<Item = &Arc<UserRecord>> {
        self.users.values()
    }

    pub(super) fn user(&self, name: &UserName) -> Option<&Arc<UserRecord>> {
        self.users.get(name)
    }

    pub(super) fn by_key(&self, key: &Fingerprint) -> Vec<Arc<UserRecord>> {
        let names = self.by_key.get(key).into_iter().flatten();
        names.filter_map(|name| self.users.get(name).cloned()).collect()
    }

    pub(super) fn tokens(&self) -> impl ExactSizeIterator<Item = &Arc<TokenRecord>> {
        self.tokens.values()
    }

    pub(super) fn token(&self, id: &TokenId) -> Option<&Arc<TokenRecord>> {
        self.tokens.get(id)
    }

    pub(in crate::store) fn apply(&mut self, difference: Difference) {
        match difference {
            Difference::User(name, record) => {
                self.remove(&name);
                if let Some(record) = record {
                    self.put(record);
                }
            }
            Difference::Token(id, Some(record)) => {
                self.tokens.insert(id, Arc::new(record));
            }
            Difference::Token(id, None) => {
                self.tokens.remove(&id);
            }
            Difference::Used(used, at) => self.note_used(&used, at),
        }
    }

    fn put(&mut self, record: UserRecord) {
        for key in &record.keys {
            self.by_key.entry(key.fingerprint).or_default().insert(record.name.clone());
        }
        self.users.insert(record.name.clone(), Arc::new(record));
    }

    fn remove(&mut self, name: &UserName) {
        let Some(old) = self.users.remove(name) else { return };
        for key in &old.keys {
            if let Some(names) = self.by_key.get_mut(&key.fingerprint) {
                names.remove(name);
                if names.is_empty() {
                    self.by_key.remove(&key.fingerprint);
                }
            }
        }
    }

    pub(super) fn last_used(&self, used: &Used) -> Option<Timestamp> {
        match used {
            Used::Key(name, fingerprint) => {
                let keys = &self.users.get(name)?.keys;
                keys.iter().find(|key| key.fingerprint == *fingerprint)?.last_used
            }
            Used::Token(id) => self.tokens.get(id)?.last_used,
        }
    }

    fn note_used(&mut self, used: &Used, at: Timestamp) {
        match used {
            Used::Key(name, fingerprint) => {
                let Some(user) = self.users.get_mut(name) else { return };
                let keys = &mut Arc::make_mut(user).keys;
                for key in keys.iter_mut().filter(|key| key.fingerprint == *fingerprint) {
                    key.last_used = key.last_used.max(Some(at));
                }
            }
            Used::Token(id) => {
                let Some(token) = self.tokens.get_mut(id) else { return };
                let token = Arc::make_mut(token);
                token.last_used = token.last_used.max(Some(at));
            }
        }
    }
}
