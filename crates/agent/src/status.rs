//! How each `outbound-ssh client` stands at this moment, as `show` and NETCONF report it.
//!
//! Source: Junos, *show system services outbound-ssh*; `docs/` of the agent for what is ours.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Where the connection of one client stanza stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectionStatus {
    /// A TCP connection to `server` is being opened.
    Connecting,
    /// The connection stands and SSH is served on it.
    Connected,
    /// The last attempt failed; the next follows in `next_attempt_in`.
    Waiting,
    /// The stanza is not acted on: inactive, or incomplete (see `last_error`).
    Stopped,
}

impl ConnectionStatus {
    /// The word shown to a person and in `outbound-ssh-connection-status`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connecting => "Connecting",
            Self::Connected => "Connected",
            Self::Waiting => "Waiting",
            Self::Stopped => "Stopped",
        }
    }
}

/// A snapshot of one client stanza; ages are counted when the snapshot is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientStatus {
    /// The stanza's name.
    pub client: String,
    /// The `device-id` that the initiation sequence carries.
    pub device_id: String,
    /// The server connected to, being tried or tried last, as `host:port`; none before the first try.
    pub server: Option<String>,
    /// Where the connection stands.
    pub status: ConnectionStatus,
    /// How long the present connection has lasted.
    pub uptime: Option<Duration>,
    /// Attempts since the last connection was lost, the present one included.
    pub attempts: u64,
    /// Why the last attempt or connection ended.
    pub last_error: Option<String>,
    /// Until the next attempt begins.
    pub next_attempt_in: Option<Duration>,
    /// The proxy in use, as Junos prints it.
    pub proxy: Option<String>,
}
