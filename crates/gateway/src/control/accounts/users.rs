//! Users, their keys, grants and one-time passwords.

use std::sync::Arc;

use homing_proto::access::{Grant, OneTimePassword, Operator, UserName, one_time};
use homing_proto::api::{self, Timestamp};
use homing_proto::excerpt::Excerpt;
use homing_proto::host_key::{Fingerprint, HostKey};

use super::super::ControlError;
use super::{Accounts, administer, check_expiry, shown, user_of};
use crate::random;
use crate::store::{AccountChange, AccountError, UserRecord};

/// A blob of an RSA key with 2048 bits: name, exponent 65537, modulus.
const RSA_2048: usize = (4 + 7) + (4 + 3) + (4 + 1 + 256);

impl Accounts {
    /// All users, by name.
    ///
    /// # Errors
    /// The operator is not admin of everything; so also of the others, unless they say otherwise.
    pub async fn users(&self, operator: &Operator) -> Result<Vec<api::User>, ControlError> {
        administer(operator)?;
        let tokens = self.store.tokens();
        Ok(self.store.users().iter().map(|user| shown::user(user, &tokens)).collect())
    }

    /// One user; everybody may look at itself.
    pub async fn user(&self, name: &str, operator: &Operator) -> Result<api::User, ControlError> {
        let name = named(name)?;
        if user_of(operator).as_ref() != Some(&name) {
            administer(operator)?;
        }
        self.shown(&name)
    }

    /// Adds a user.
    pub async fn add_user(
        &self,
        request: api::AddUser,
        operator: &Operator,
    ) -> Result<api::User, ControlError> {
        self.administers(operator)?;
        check_expiry(request.expires_at)?;
        let user = request.name;
        let mut changes = vec![AccountChange::AddUser(user.clone())];
        let mut done = format!("added user {user}");
        if let Some(role) = request.role {
            let grant = Grant { role, selector: request.selector, expires_at: request.expires_at };
            done.push_str(&format!(" as {}", shown::grant(&grant)));
            changes.push(granted(&user, grant, operator));
        }
        self.write(changes, "user-added", &done, operator).await?;
        self.shown(&user)
    }

    /// Removes a user; its keys, grants and tokens go with it, and whoever is in as that user has no rights left.
    pub async fn remove_user(&self, name: &str, operator: &Operator) -> Result<(), ControlError> {
        self.administers(operator)?;
        let user = self.known(name)?.name.clone();
        let done = format!("removed user {user}");
        let changes = [AccountChange::RemoveUser(user)];
        self.write(changes, "user-removed", &done, operator).await
    }

    /// Gives a user a key more.
    pub async fn add_key(
        &self,
        name: &str,
        request: api::AddKey,
        operator: &Operator,
    ) -> Result<api::User, ControlError> {
        self.administers(operator)?;
        let user = self.known(name)?.name.clone();
        let (key, comment) = key(&request.key)?;
        let done = format!("gave user {user} the key {}", key.fingerprint());
        let changes = [AccountChange::AddKey { user: user.clone(), key, comment }];
        self.write(changes, "user-key-added", &done, operator).await?;
        self.shown(&user)
    }

    /// Takes a key of a user away.
    pub async fn remove_key(
        &self,
        name: &str,
        fingerprint: &str,
        operator: &Operator,
    ) -> Result<(), ControlError> {
        self.administers(operator)?;
        let user = self.known(name)?.name.clone();
        let key = Fingerprint::parse(fingerprint).map_err(|error| invalid(&error))?;
        let done = format!("took the key {key} from user {user}");
        let changes = [AccountChange::RemoveKey(user, key)];
        self.write(changes, "user-key-removed", &done, operator).await
    }

    /// Grants a user a role.
    pub async fn grant(
        &self,
        name: &str,
        grant: Grant,
        operator: &Operator,
    ) -> Result<api::User, ControlError> {
        self.administers(operator)?;
        check_expiry(grant.expires_at)?;
        let user = self.known(name)?.name.clone();
        let done = format!("granted user {user} {}", shown::grant(&grant));
        let changes = [granted(&user, grant, operator)];
        self.write(changes, "role-granted", &done, operator).await?;
        self.shown(&user)
    }

    /// Takes a grant back, by its number.
    pub async fn revoke(
        &self,
        name: &str,
        number: u32,
        operator: &Operator,
    ) -> Result<(), ControlError> {
        self.administers(operator)?;
        let record = self.known(name)?;
        let user = record.name.clone();
        let found = record.grants.iter().find(|one| one.number == number);
        let found = found.ok_or_else(|| AccountError::UnknownGrant(user.clone(), number))?;
        let done = format!("took back from user {user} {}", shown::grant(&found.grant));
        let changes = [AccountChange::Revoke(user, number)];
        self.write(changes, "role-revoked", &done, operator).await
    }

    /// Makes a one-time password for a user, in place of one that was not used.
    pub async fn one_time_password(
        &self,
        name: &str,
        operator: &Operator,
    ) -> Result<api::IssuedPassword, ControlError> {
        self.administers(operator)?;
        let user = self.known(name)?.name.clone();
        let password = OneTimePassword::compose(&*random::bytes()?);
        let digest = OneTimePassword::digest(password.expose(), &user);
        let end = Timestamp::now() + one_time::LIFETIME;
        let expires_at = Timestamp::from_second(end.as_second()).unwrap_or(end);
        let done = format!("gave user {user} a one-time password");
        let changes = [AccountChange::SetPassword(user.clone(), digest, expires_at)];
        self.write(changes, "one-time-password-made", &done, operator).await?;
        let password = api::Password::new(password.expose().to_owned());
        Ok(api::IssuedPassword { user, password, expires_at })
    }

    pub(super) fn known(&self, name: &str) -> Result<Arc<UserRecord>, ControlError> {
        let name = named(name)?;
        Ok(self.store.user(&name).ok_or(AccountError::UnknownUser(name))?)
    }

    fn shown(&self, name: &UserName) -> Result<api::User, ControlError> {
        let user = self.store.user(name);
        let user = user.ok_or_else(|| AccountError::UnknownUser(name.clone()))?;
        Ok(shown::user(&user, &self.store.tokens()))
    }
}

fn named(name: &str) -> Result<UserName, ControlError> {
    UserName::new(name).map_err(|error| invalid(&error))
}

fn invalid(error: &dyn std::fmt::Display) -> ControlError {
    ControlError::Invalid { message: error.to_string(), hint: None }
}

fn granted(user: &UserName, grant: Grant, operator: &Operator) -> AccountChange {
    AccountChange::Grant { user: user.clone(), grant, by: operator.name().to_owned() }
}

/// A line of a `.pub` file: a key fit to log in with, and what stands after it.
fn key(line: &str) -> Result<(HostKey, String), ControlError> {
    let mut lines = line.trim().lines();
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return Err(invalid(&"expected one line `TYPE BASE64 [COMMENT]`, as in a .pub file"));
    };
    let key = HostKey::parse(line).map_err(|error| invalid(&error))?;
    let is_weak_rsa = key.algorithm() == "ssh-rsa" && key.blob().len() < RSA_2048;
    if key.algorithm() == "ssh-dss" || is_weak_rsa {
        let message =
            "the key is too weak: expected ssh-ed25519, ECDSA, or RSA of 2048 bits or more";
        let hint = Some("ssh-keygen -t ed25519".to_owned());
        return Err(ControlError::Invalid { message: message.to_owned(), hint });
    }
    let comment = line.split_ascii_whitespace().skip(2).collect::<Vec<_>>().join(" ");
    Ok((key, Excerpt::new(comment).to_string()))
}
