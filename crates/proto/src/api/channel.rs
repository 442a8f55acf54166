//! What operators have open on a device.

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// One channel that an operator has open on a device by the front door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceChannel {
    /// Its number, which no other has while the gateway runs.
    pub channel: u64,
    /// Whose it is.
    pub operator: String,
    /// By which door.
    pub via: String,
    /// Where the operator is, `ip:port`.
    pub source: Option<String>,
    /// What it is for: `shell`, `exec show version`, `subsystem netconf`, `tcp 10.0.0.1:22`; `session` before that is said.
    pub purpose: String,
    /// Whether it has a terminal.
    pub terminal: bool,
    /// When it was opened.
    pub since: Timestamp,
    /// Bytes from the operator to the device.
    pub bytes_in: u64,
    /// Bytes from the device.
    pub bytes_out: u64,
    /// Of these, bytes that wait for the operator.
    pub waiting: u64,
}
