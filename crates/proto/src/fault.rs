//! Who must act when something fails.
//!
//! Every error of this crate answers `code()`, a stable kebab-case word for logs, metrics and the
//! API, and `fault()`, one of these four. Retry policy and wording read the fault, never the text.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Who must act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Fault {
    /// This program or the machine that it runs on.
    Local,
    /// What lies between the two ends; trying again may help.
    Network,
    /// The person who runs the gateway or configures the device.
    Operator,
    /// The program at the other end.
    Peer,
}

impl Fault {
    /// The word that the API and the logs use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Network => "network",
            Self::Operator => "operator",
            Self::Peer => "peer",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
