//! What may be changed of users and tokens, and how it is written.

use std::collections::{BTreeSet, HashMap};

use homing_proto::access::{CredentialDigest, Grant, TokenId, UserName, one_time};
use homing_proto::api::Timestamp;
use homing_proto::host_key::{Fingerprint, HostKey};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::super::directory;
use super::super::error::{AccountError, WriteError};
use super::view::Difference;
use super::{TokenRecord, Used};

/// The most users.
const MAX_USERS: u64 = 10_000;
/// The most keys of a user.
const MAX_KEYS: u64 = 64;
/// The most grants of a user, expired ones too.
const MAX_GRANTS: u64 = 64;
/// The most tokens.
const MAX_TOKENS: u64 = 10_000;

/// One change of users or tokens.
#[derive(Debug, Clone)]
pub enum AccountChange {
    /// Adds a user without keys and grants.
    AddUser(UserName),
    /// Removes a user with keys, grants, one-time password and tokens.
    RemoveUser(UserName),
    /// Gives a user a key more; one that it has gets the new comment.
    AddKey {
        /// The user.
        user: UserName,
        /// The key.
        key: HostKey,
        /// What people call it.
        comment: String,
    },
    /// Takes a key away.
    RemoveKey(UserName, Fingerprint),
    /// Grants a role; `by` is who does.
    Grant {
        /// The user.
        user: UserName,
        /// The role, where, and how long.
        grant: Grant,
        /// Who grants it.
        by: String,
    },
    /// Takes a grant away, by its number.
    Revoke(UserName, u32),
    /// Gives a user a one-time password in place of one that was not used.
    SetPassword(UserName, CredentialDigest, Timestamp),
    /// Takes one try away from a user's one-time password; refused if there is none that may be tried.
    SpendTry(UserName),
    /// Uses a one-time password up; refused if it is not that one any more.
    TakePassword(UserName, CredentialDigest),
    /// Adds a token.
    AddToken(Box<TokenRecord>),
    /// Removes a token.
    RemoveToken(TokenId),
}

/// What changes touched.
#[derive(Debug, Default)]
pub(in crate::store) struct Touched {
    pub(in crate::store) users: BTreeSet<UserName>,
    pub(in crate::store) tokens: BTreeSet<TokenId>,
}

impl Touched {
    pub(in crate::store) fn merge(&mut self, other: Self) {
        self.users.extend(other.users);
        self.tokens.extend(other.tokens);
    }
}

type Done = Result<(), WriteError>;

/// Carries a change out inside a transaction.
pub(in crate::store) fn apply(
    db: &Connection,
    now: Timestamp,
    change: AccountChange,
    touched: &mut Touched,
) -> Done {
    let writer = Writer { db, now: now.as_microsecond() };
    match change {
        AccountChange::AddUser(user) => writer.add_user(user, touched),
        AccountChange::RemoveUser(user) => writer.remove_user(user, touched),
        AccountChange::AddKey { user, key, comment } => {
            writer.add_key(&user, &key, &comment)?;
            touched.users.insert(user);
            Ok(())
        }
        AccountChange::RemoveKey(user, key) => {
            writer.remove_key(&user, key)?;
            touched.users.insert(user);
            Ok(())
        }
        AccountChange::Grant { user, grant, by } => {
            writer.grant(&user, &grant, &by)?;
            touched.users.insert(user);
            Ok(())
        }
        AccountChange::Revoke(user, number) => {
            writer.revoke(&user, number)?;
            touched.users.insert(user);
            Ok(())
        }
        AccountChange::SetPassword(user, digest, expires_at) => {
            writer.set_password(&user, digest, expires_at)?;
            touched.users.insert(user);
            Ok(())
        }
        AccountChange::SpendTry(user) => {
            writer.spend_try(&user)?;
            touched.users.insert(user);
            Ok(())
        }
        AccountChange::TakePassword(user, digest) => {
            writer.take_password(&user, digest)?;
            touched.users.insert(user);
            Ok(())
        }
        AccountChange::AddToken(token) => writer.add_token(&token, touched),
        AccountChange::RemoveToken(id) => writer.remove_token(id, touched),
    }
}

struct Writer<'a> {
    db: &'a Connection,
    now: i64,
}

impl Writer<'_> {
    fn add_user(&self, user: UserName, touched: &mut Touched) -> Done {
        self.check_room("SELECT count(*) FROM user", None, "users", MAX_USERS)?;
        let added = self
            .db
            .prepare_cached(
                "INSERT INTO user (name, created_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            )?
            .execute(params![user.as_str(), self.now])?;
        if added == 0 {
            return Err(AccountError::UserTaken(user).into());
        }
        touched.users.insert(user);
        Ok(())
    }

    fn remove_user(&self, user: UserName, touched: &mut Touched) -> Done {
        let row = self.row(&user)?;
        let mut statement = self.db.prepare_cached("SELECT id FROM token WHERE user = ?1")?;
        let ids = statement.query_map([row], |row| row.get::<_, String>(0))?;
        for id in ids {
            let id = TokenId::parse(&id?);
            touched.tokens.insert(id.map_err(|error| WriteError::Database(error.to_string()))?);
        }
        self.db.prepare_cached("DELETE FROM user WHERE id = ?1")?.execute([row])?;
        touched.users.insert(user);
        Ok(())
    }

    fn add_key(&self, user: &UserName, key: &HostKey, comment: &str) -> Done {
        let row = self.row(user)?;
        let count = "SELECT count(*) FROM user_key WHERE user = ?1";
        self.check_room(count, Some(row), "keys", MAX_KEYS)?;
        self.db
            .prepare_cached(
                "INSERT INTO user_key (user, fingerprint, key, comment, added_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO UPDATE SET comment = excluded.comment",
            )?
            .execute(params![row, key.fingerprint().to_string(), key.text(), comment, self.now])?;
        Ok(())
    }

    fn remove_key(&self, user: &UserName, key: Fingerprint) -> Done {
        let row = self.row(user)?;
        let removed = self
            .db
            .prepare_cached("DELETE FROM user_key WHERE user = ?1 AND fingerprint = ?2")?
            .execute(params![row, key.to_string()])?;
        match removed {
            0 => Err(AccountError::UnknownKey(user.clone(), key).into()),
            _ => Ok(()),
        }
    }

    fn grant(&self, user: &UserName, grant: &Grant, by: &str) -> Done {
        let row = self.row(user)?;
        let count = "SELECT count(*) FROM user_grant WHERE user = ?1";
        self.check_room(count, Some(row), "grants", MAX_GRANTS)?;
        let number: i64 = self
            .db
            .prepare_cached(
                "UPDATE user SET last_grant = last_grant + 1 WHERE id = ?1 RETURNING last_grant",
            )?
            .query_row([row], |row| row.get(0))?;
        self.db
            .prepare_cached(
                "INSERT INTO user_grant (user, number, role, selector, expires_at, granted_by,
                     granted_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                row,
                number,
                grant.role.as_str(),
                grant.selector.to_string(),
                grant.expires_at.map(Timestamp::as_microsecond),
                by,
                self.now
            ])?;
        Ok(())
    }

    fn revoke(&self, user: &UserName, number: u32) -> Done {
        let row = self.row(user)?;
        let removed = self
            .db
            .prepare_cached("DELETE FROM user_grant WHERE user = ?1 AND number = ?2")?
            .execute(params![row, number])?;
        match removed {
            0 => Err(AccountError::UnknownGrant(user.clone(), number).into()),
            _ => Ok(()),
        }
    }

    fn set_password(
        &self,
        user: &UserName,
        digest: CredentialDigest,
        expires_at: Timestamp,
    ) -> Done {
        let row = self.row(user)?;
        self.db
            .prepare_cached(
                "INSERT INTO one_time_password (user, digest, expires_at, tries_left)
                 VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET digest = excluded.digest,
                     expires_at = excluded.expires_at, tries_left = excluded.tries_left",
            )?
            .execute(params![
                row,
                digest.as_bytes(),
                expires_at.as_microsecond(),
                one_time::TRIES
            ])?;
        Ok(())
    }

    fn spend_try(&self, user: &UserName) -> Done {
        let row = self.row(user)?;
        let spent = self
            .db
            .prepare_cached(
                "UPDATE one_time_password SET tries_left = tries_left - 1
                 WHERE user = ?1 AND tries_left > 0 AND expires_at > ?2",
            )?
            .execute(params![row, self.now])?;
        self.passed(spent, user)
    }

    fn take_password(&self, user: &UserName, digest: CredentialDigest) -> Done {
        let row = self.row(user)?;
        let taken = self
            .db
            .prepare_cached("DELETE FROM one_time_password WHERE user = ?1 AND digest = ?2")?
            .execute(params![row, digest.as_bytes()])?;
        self.passed(taken, user)
    }

    fn passed(&self, changed: usize, user: &UserName) -> Done {
        match changed {
            0 => Err(AccountError::NoPassword(user.clone()).into()),
            _ => Ok(()),
        }
    }

    fn add_token(&self, token: &TokenRecord, touched: &mut Touched) -> Done {
        self.check_room("SELECT count(*) FROM token", None, "tokens", MAX_TOKENS)?;
        let user = token.user.as_ref().map(|user| self.row(user)).transpose()?;
        let added = self
            .db
            .prepare_cached(
                "INSERT INTO token (id, user, label, role, selector, expires_at, digest,
                     created_by, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
            )?
            .execute(params![
                token.id.as_str(),
                user,
                token.label,
                token.scope.role.as_str(),
                token.scope.selector.to_string(),
                token.scope.expires_at.map(Timestamp::as_microsecond),
                token.digest.as_bytes(),
                token.created_by,
                self.now
            ])?;
        if added == 0 {
            return Err(AccountError::TokenTaken(token.id.clone()).into());
        }
        touched.tokens.insert(token.id.clone());
        Ok(())
    }

    fn remove_token(&self, id: TokenId, touched: &mut Touched) -> Done {
        let removed =
            self.db.prepare_cached("DELETE FROM token WHERE id = ?1")?.execute([id.as_str()])?;
        if removed == 0 {
            return Err(AccountError::UnknownToken(id).into());
        }
        touched.tokens.insert(id);
        Ok(())
    }

    fn row(&self, user: &UserName) -> Result<i64, WriteError> {
        let row = self
            .db
            .prepare_cached("SELECT id FROM user WHERE name = ?1")?
            .query_row([user.as_str()], |row| row.get(0))
            .optional()?;
        row.ok_or_else(|| AccountError::UnknownUser(user.clone()).into())
    }

    fn check_room(&self, sql: &str, of: Option<i64>, what: &'static str, most: u64) -> Done {
        let mut statement = self.db.prepare_cached(sql)?;
        let count: u64 = statement.query_row(rusqlite::params_from_iter(of), |row| row.get(0))?;
        match count < most {
            true => Ok(()),
            false => Err(AccountError::TooMany { what, most }.into()),
        }
    }
}

/// Writes when keys and tokens were last used.
pub(in crate::store) fn write_used(
    db: &Connection,
    used: &HashMap<Used, Timestamp>,
    differences: &mut Vec<directory::Difference>,
) -> Done {
    let mut key = db.prepare_cached(
        "UPDATE user_key SET last_used = max(coalesce(last_used, 0), ?3)
         WHERE fingerprint = ?2 AND user = (SELECT id FROM user WHERE name = ?1)",
    )?;
    let mut token = db.prepare_cached(
        "UPDATE token SET last_used = max(coalesce(last_used, 0), ?2) WHERE id = ?1",
    )?;
    for (what, at) in used {
        match what {
            Used::Key(user, fingerprint) => {
                let at = at.as_microsecond();
                key.execute(params![user.as_str(), fingerprint.to_string(), at])?;
            }
            Used::Token(id) => drop(token.execute(params![id.as_str(), at.as_microsecond()])?),
        }
        let difference = Difference::Used(what.clone(), *at);
        differences.push(directory::Difference::Account(difference));
    }
    Ok(())
}
