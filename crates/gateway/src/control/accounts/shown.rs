//! Users and tokens as the API shows them, and grants in words.

use std::sync::Arc;

use homing_proto::access::Grant;
use homing_proto::api::{self, Timestamp};

use crate::store::{TokenRecord, UserGrant, UserKey, UserRecord};

/// A user; `tokens` are everybody's.
pub(super) fn user(record: &UserRecord, tokens: &[Arc<TokenRecord>]) -> api::User {
    let now = Timestamp::now();
    let own = tokens.iter().filter(|token| token.user.as_ref() == Some(&record.name));
    let waiting = record.password.as_ref().filter(|password| password.expires_at > now);
    let waiting = waiting.filter(|password| password.tries_left > 0);
    api::User {
        name: record.name.clone(),
        keys: record.keys.iter().map(user_key).collect(),
        grants: record.grants.iter().map(|grant| user_grant(grant, now)).collect(),
        one_time_password_until: waiting.map(|password| password.expires_at),
        tokens: u64::try_from(own.count()).unwrap_or(u64::MAX),
        created_at: record.created_at,
    }
}

fn user_key(record: &UserKey) -> api::UserKey {
    api::UserKey {
        fingerprint: record.fingerprint,
        key: record.key.clone(),
        comment: record.comment.clone(),
        added_at: record.added_at,
        last_used: record.last_used,
    }
}

fn user_grant(record: &UserGrant, now: Timestamp) -> api::UserGrant {
    api::UserGrant {
        number: record.number,
        role: record.grant.role,
        selector: record.grant.selector.clone(),
        expires_at: record.grant.expires_at,
        in_force: record.grant.is_in_force(now),
        granted_by: record.by.clone(),
        granted_at: record.at,
    }
}

/// A token, without what makes it one.
pub(super) fn token(record: &TokenRecord) -> api::Token {
    api::Token {
        id: record.id.clone(),
        user: record.user.clone(),
        name: record.label.clone(),
        role: record.scope.role,
        selector: record.scope.selector.clone(),
        expires_at: record.scope.expires_at,
        in_force: record.scope.is_in_force(Timestamp::now()),
        created_by: record.created_by.clone(),
        created_at: record.created_at,
        last_used: record.last_used,
    }
}

/// `viewer on site=fra until 2026-12-24T00:00:00Z`
pub(super) fn grant(grant: &Grant) -> String {
    let until = grant.expires_at.map(|end| format!(" until {end}")).unwrap_or_default();
    format!("{} on {}{until}", grant.role, grant.selector)
}
