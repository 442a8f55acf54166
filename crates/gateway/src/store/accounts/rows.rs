//! From rows to users and tokens.

use homing_proto::access::{CredentialDigest, Grant, TokenId, UserName};
use homing_proto::host_key::HostKey;
use rusqlite::{Connection, Row};

use super::super::directory;
use super::super::rows::{Found, RowError, moment, moment_or_none, optional, text};
use super::change::Touched;
use super::view::Difference;
use super::{PendingPassword, TokenRecord, UserGrant, UserKey, UserRecord};

const USER: &str = "SELECT id, name, created_at FROM user";
const TOKEN: &str = "SELECT token.id, user.name AS user, label, role, selector, expires_at, digest,
    created_by, token.created_at, last_used FROM token LEFT JOIN user ON user.id = token.user";

/// Everything, when the store opens.
pub(in crate::store) fn load(db: &Connection) -> Found<Vec<directory::Difference>> {
    let mut touched = Touched::default();
    let mut names = db.prepare("SELECT name FROM user")?;
    let mut rows = names.query([])?;
    while let Some(row) = rows.next()? {
        touched.users.insert(text(row, "name")?);
    }
    let mut ids = db.prepare("SELECT id FROM token")?;
    let mut rows = ids.query([])?;
    while let Some(row) = rows.next()? {
        touched.tokens.insert(text(row, "id")?);
    }
    differences(db, touched)
}

/// Reads back what was touched, so that memory shows what the database holds.
pub(in crate::store) fn differences(
    db: &Connection,
    touched: Touched,
) -> Found<Vec<directory::Difference>> {
    let mut differences = Vec::new();
    for name in touched.users {
        let record = user(db, &name)?;
        differences.push(Difference::User(name, record));
    }
    for id in touched.tokens {
        let record = token(db, &id)?;
        differences.push(Difference::Token(id, record));
    }
    Ok(differences.into_iter().map(directory::Difference::Account).collect())
}

fn user(db: &Connection, name: &UserName) -> Found<Option<UserRecord>> {
    let mut statement = db.prepare_cached(&format!("{USER} WHERE name = ?1"))?;
    let mut rows = statement.query([name.as_str()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let id: i64 = row.get("id")?;
    Ok(Some(UserRecord {
        name: text(row, "name")?,
        keys: of_user(db, id, KEYS, key_of)?,
        grants: of_user(db, id, GRANTS, user_grant_of)?,
        password: of_user(db, id, PASSWORD, password_of)?.pop(),
        created_at: moment(row, "created_at")?,
    }))
}

const KEYS: &str = "SELECT key, comment, added_at, last_used FROM user_key WHERE user = ?1
    ORDER BY added_at DESC, fingerprint";
const GRANTS: &str = "SELECT number, role, selector, expires_at, granted_by, granted_at
    FROM user_grant WHERE user = ?1 ORDER BY number";
const PASSWORD: &str = "SELECT digest, expires_at, tries_left FROM one_time_password
    WHERE user = ?1";

fn of_user<T>(
    db: &Connection,
    user: i64,
    sql: &str,
    read: impl Fn(&Row<'_>) -> Found<T>,
) -> Found<Vec<T>> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([user])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

fn key_of(row: &Row<'_>) -> Found<UserKey> {
    let key: HostKey = text(row, "key")?;
    Ok(UserKey {
        fingerprint: key.fingerprint(),
        key,
        comment: row.get("comment")?,
        added_at: moment(row, "added_at")?,
        last_used: moment_or_none(row, "last_used")?,
    })
}

fn user_grant_of(row: &Row<'_>) -> Found<UserGrant> {
    Ok(UserGrant {
        number: row.get("number")?,
        grant: grant_of(row)?,
        by: row.get("granted_by")?,
        at: moment(row, "granted_at")?,
    })
}

fn grant_of(row: &Row<'_>) -> Found<Grant> {
    Ok(Grant {
        role: text(row, "role")?,
        selector: text(row, "selector")?,
        expires_at: moment_or_none(row, "expires_at")?,
    })
}

fn password_of(row: &Row<'_>) -> Found<PendingPassword> {
    Ok(PendingPassword {
        digest: digest_of(row)?,
        expires_at: moment(row, "expires_at")?,
        tries_left: row.get("tries_left")?,
    })
}

fn token(db: &Connection, id: &TokenId) -> Found<Option<TokenRecord>> {
    let mut statement = db.prepare_cached(&format!("{TOKEN} WHERE token.id = ?1"))?;
    let mut rows = statement.query([id.as_str()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(TokenRecord {
        id: text(row, "id")?,
        user: optional(row, "user")?,
        label: row.get("label")?,
        scope: grant_of(row)?,
        digest: digest_of(row)?,
        created_by: row.get("created_by")?,
        created_at: moment(row, "created_at")?,
        last_used: moment_or_none(row, "last_used")?,
    }))
}

fn digest_of(row: &Row<'_>) -> Found<CredentialDigest> {
    let bytes: Vec<u8> = row.get("digest")?;
    let bytes = bytes.try_into();
    bytes
        .map(CredentialDigest::from_bytes)
        .map_err(|_| RowError::Damaged("digest: expected 32 bytes".to_owned()))
}
