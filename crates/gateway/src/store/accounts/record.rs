//! What the store holds about users and tokens.

use homing_proto::access::{CredentialDigest, Grant, TokenId, UserName};
use homing_proto::api::Timestamp;
use homing_proto::host_key::{Fingerprint, HostKey};

/// A user, as it was after the latest committed change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRecord {
    /// The name.
    pub name: UserName,
    /// The keys to log in with, newest first.
    pub keys: Vec<UserKey>,
    /// What was granted, in the order in which it was; expired grants too.
    pub grants: Vec<UserGrant>,
    /// The one-time password, if one waits to be used; an expired one too.
    pub password: Option<PendingPassword>,
    /// When it was added.
    pub created_at: Timestamp,
}

impl UserRecord {
    /// The grants alone.
    #[must_use]
    pub fn granted(&self) -> Vec<Grant> {
        self.grants.iter().map(|one| one.grant.clone()).collect()
    }
}

/// A key of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserKey {
    /// The key.
    pub key: HostKey,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// What stood after it, mostly who and where.
    pub comment: String,
    /// When it was added.
    pub added_at: Timestamp,
    /// When it was last used to log in.
    pub last_used: Option<Timestamp>,
}

/// A grant of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserGrant {
    /// Its number among the user's grants.
    pub number: u32,
    /// What it gives.
    pub grant: Grant,
    /// Who granted it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A one-time password that was not used yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingPassword {
    /// What is known of it.
    pub digest: CredentialDigest,
    /// From this moment on it is void.
    pub expires_at: Timestamp,
    /// How often it may still be tried.
    pub tries_left: u32,
}

/// An API token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRecord {
    /// The part of it that may be shown.
    pub id: TokenId,
    /// Whose it is; none: it stands for itself, a program.
    pub user: Option<UserName>,
    /// What people call it.
    pub label: String,
    /// The most that it gives; its expiry is the token's.
    pub scope: Grant,
    /// What is known of it.
    pub digest: CredentialDigest,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used: Option<Timestamp>,
}
