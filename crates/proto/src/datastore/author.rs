//! Who changes a configuration, and by which way.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A session of NETCONF or the CLI; both take their numbers from one sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub u32);

impl fmt::Display for SessionId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// The way on which a change came, as `show system commit` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Client {
    /// The command line.
    Cli,
    /// NETCONF.
    Netconf,
    /// A person who edited the file, then `reload`.
    Reload,
    /// The file as it was found at start.
    Start,
    /// The agent itself, as at an automatic rollback.
    Other,
}

impl Client {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cli => "cli",
            Self::Netconf => "netconf",
            Self::Reload => "reload",
            Self::Start => "start",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// Who changes something.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Author {
    /// Login name.
    pub user: String,
    /// The way it came.
    pub via: Client,
}

impl Author {
    /// Someone.
    pub fn new(user: impl Into<String>, via: Client) -> Self {
        Self { user: user.into(), via }
    }
}

impl fmt::Display for Author {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} via {}", self.user, self.via)
    }
}
