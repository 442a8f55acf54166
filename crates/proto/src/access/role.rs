//! Roles, and the rights that they give.
//!
//! ```text
//!                 view   operate   configure   administer
//!   viewer         ✓
//!   operator       ✓       ✓
//!   configurator   ✓       ✓          ✓
//!   admin          ✓       ✓          ✓            ✓
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::excerpt::Excerpt;
use crate::fault::Fault;

/// What somebody is trusted with; the greater includes the lesser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Looks: state, configuration, `show` commands.
    Viewer,
    /// Also does what is harmless: ping, traceroute, clearing counters.
    Operator,
    /// Also changes devices: editing, committing, files, shells.
    Configurator,
    /// Also changes the gateway: devices, keys, users, tokens.
    Admin,
}

/// What an action needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Right {
    /// To look.
    View,
    /// To do what changes nothing that lasts.
    Operate,
    /// To change a device.
    Configure,
    /// To change what the gateway holds: devices, keys, users, tokens.
    Administer,
}

impl Role {
    /// All roles, the least first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Configurator, Self::Admin];

    /// The greatest right that it gives.
    #[must_use]
    pub fn right(self) -> Right {
        match self {
            Self::Viewer => Right::View,
            Self::Operator => Right::Operate,
            Self::Configurator => Right::Configure,
            Self::Admin => Right::Administer,
        }
    }

    /// Whether it gives `right`.
    #[must_use]
    pub fn allows(self, right: Right) -> bool {
        right <= self.right()
    }

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Configurator => "configurator",
            Self::Admin => "admin",
        }
    }

    /// What it may, in one line.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Viewer => "looks: state, configuration, show commands",
            Self::Operator => "and does what is harmless: ping, traceroute, clearing counters",
            Self::Configurator => "and changes devices: edit, commit, files, shells, forwarding",
            Self::Admin => "and changes the gateway: devices, keys, users, tokens",
        }
    }
}

impl Right {
    /// All rights, the least first.
    pub const ALL: [Self; 4] = [Self::View, Self::Operate, Self::Configure, Self::Administer];

    /// The least role that gives it.
    #[must_use]
    pub fn role(self) -> Role {
        match self {
            Self::View => Role::Viewer,
            Self::Operate => Role::Operator,
            Self::Configure => Role::Configurator,
            Self::Administer => Role::Admin,
        }
    }

    /// The word: a verb.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Operate => "operate",
            Self::Configure => "configure",
            Self::Administer => "administer",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that is no role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no role is called `{0}`; expected viewer, operator, configurator or admin")]
pub struct InvalidRole(Excerpt);

impl InvalidRole {
    /// A stable word for logs, metrics and the API.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "invalid-role"
    }

    /// Who must act.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::Operator
    }
}

impl FromStr for Role {
    type Err = InvalidRole;

    fn from_str(text: &str) -> Result<Self, InvalidRole> {
        let role = Self::ALL.into_iter().find(|role| role.as_str() == text);
        role.ok_or_else(|| InvalidRole(Excerpt::new(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_gives_its_own_right_and_all_lesser_ones() {
        for role in Role::ALL {
            for right in Right::ALL {
                assert_eq!(role.allows(right), right.role() <= role, "{role} {right}");
            }
            assert_eq!(role.right().role(), role);
        }
    }

    #[test]
    fn roles_are_words() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
            let json = serde_json::to_string(&role).unwrap();
            assert_eq!(json, format!("\"{role}\""));
        }
        let error = "root".parse::<Role>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "no role is called `root`; expected viewer, operator, configurator or admin"
        );
        assert_eq!((error.code(), error.fault()), ("invalid-role", Fault::Operator));
    }
}
