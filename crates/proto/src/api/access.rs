//! Users, their keys and grants, tokens and roles as the API shows them, and what may be asked of them.

use serde::{Deserialize, Serialize};

use super::{Password, Timestamp};
use crate::access::{Grant, Operator, Right, Role, Selector, TokenId, UserName, Via};
use crate::host_key::{Fingerprint, HostKey};

/// One user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct User {
    /// The name.
    pub name: UserName,
    /// The keys to log in with, newest first.
    pub keys: Vec<UserKey>,
    /// What was granted, in the order in which it was.
    pub grants: Vec<UserGrant>,
    /// Until when a one-time password waits to be used.
    pub one_time_password_until: Option<Timestamp>,
    /// How many tokens it has.
    pub tokens: u64,
    /// When it was added.
    pub created_at: Timestamp,
}

/// A key of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserKey {
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// `TYPE BASE64`.
    pub key: HostKey,
    /// What stood after it.
    pub comment: String,
    /// When it was added.
    pub added_at: Timestamp,
    /// When it was last used to log in.
    pub last_used: Option<Timestamp>,
}

/// A grant of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserGrant {
    /// Its number among the user's grants.
    pub number: u32,
    /// The role.
    pub role: Role,
    /// On which devices.
    pub selector: Selector,
    /// Until when; none: for good.
    pub expires_at: Option<Timestamp>,
    /// Whether it gives anything now.
    pub in_force: bool,
    /// Who granted it.
    pub granted_by: String,
    /// When.
    pub granted_at: Timestamp,
}

/// Adds a user, with a first grant if a role is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AddUser {
    /// The name.
    pub name: UserName,
    /// The role to grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// On which devices; default: every one.
    #[serde(default)]
    pub selector: Selector,
    /// Until when; default: for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// Gives a user a key more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AddKey {
    /// `TYPE BASE64 [COMMENT]`, as in a `.pub` file.
    pub key: String,
}

/// A one-time password, shown this once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IssuedPassword {
    /// Whose it is.
    pub user: UserName,
    /// The password.
    pub password: Password,
    /// From this moment on it is void.
    pub expires_at: Timestamp,
}

/// One API token, without what makes it one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Token {
    /// Its first characters.
    pub id: TokenId,
    /// Whose it is; none: it stands for itself, a program.
    pub user: Option<UserName>,
    /// What people call it.
    pub name: String,
    /// The most that it gives.
    pub role: Role,
    /// On which devices.
    pub selector: Selector,
    /// Until when; none: for good.
    pub expires_at: Option<Timestamp>,
    /// Whether it is taken now.
    pub in_force: bool,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used: Option<Timestamp>,
}

/// Makes a token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateToken {
    /// What people call it.
    #[serde(default)]
    pub name: String,
    /// The most that it gives. Default: all that its user may; of a program's token, `viewer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// On which devices; default: every one.
    #[serde(default)]
    pub selector: Selector,
    /// Until when; default: for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Whose it is; default: of the user who asks, and a program's if that is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserName>,
}

/// A token, shown this once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IssuedToken {
    /// `hmt_…`
    pub token: Password,
    /// What is known of it from here on.
    pub details: Token,
}

/// A role, explained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoleDescription {
    /// The role.
    pub role: Role,
    /// What it gives.
    pub rights: Vec<Right>,
    /// The same in words.
    pub description: String,
}

/// Who asks, as the gateway knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Whoami {
    /// The name.
    pub name: String,
    /// By which door it came.
    pub via: Via,
    /// From where, `ip:port`.
    pub source: Option<String>,
    /// By what it was authenticated.
    pub credential: String,
    /// What it may, as of now.
    pub grants: Vec<Grant>,
    /// What its credential is limited to.
    pub scope: Option<Grant>,
}

impl Whoami {
    /// What is known of an operator.
    #[must_use]
    pub fn of(operator: &Operator) -> Self {
        Self {
            name: operator.name().to_owned(),
            via: operator.via(),
            source: operator.source().map(|source| source.to_string()),
            credential: operator.credential().to_owned(),
            grants: operator.grants().to_vec(),
            scope: operator.scope().cloned(),
        }
    }
}

impl RoleDescription {
    /// All roles, the least first.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let describe = |role: Role| Self {
            role,
            rights: Right::ALL.into_iter().filter(|right| role.allows(*right)).collect(),
            description: role.description().to_owned(),
        };
        Role::ALL.map(describe).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_nothing_special() {
        let user: AddUser = serde_json::from_str(r#"{"name":"ops"}"#).unwrap();
        assert_eq!((user.role, user.selector, user.expires_at), (None, Selector::every(), None));
        let token: CreateToken = serde_json::from_str("{}").unwrap();
        assert_eq!(token, CreateToken::default());
        assert!(serde_json::from_str::<AddUser>(r#"{"name":"ops","rol":"x"}"#).is_err());
    }

    #[test]
    fn debug_shows_no_secret() {
        let issued = IssuedPassword {
            user: UserName::new("ops").unwrap(),
            password: Password::new("k3v9-x2ab".into()),
            expires_at: Timestamp::UNIX_EPOCH,
        };
        assert!(!format!("{issued:?}").contains("k3v9"));
    }
}
