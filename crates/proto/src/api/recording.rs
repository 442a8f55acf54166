//! Recordings of terminal sessions.

use serde::{Deserialize, Serialize};

use super::Timestamp;
use crate::identity::DeviceName;

/// A recorded terminal session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Recording {
    /// Its name: what `homing audit replay` takes.
    pub id: String,
    /// Who was at the terminal.
    pub operator: String,
    /// The device.
    pub device: DeviceName,
    /// When it began.
    pub at: Timestamp,
    /// The front door's channel.
    #[serde(default)]
    pub session: Option<u64>,
    /// The terminal's width at the beginning.
    pub columns: u32,
    /// Its height.
    pub rows: u32,
    /// How long it lasted; of a running one: how long it has.
    #[serde(default)]
    pub duration_ms: u64,
    /// The size of its file.
    #[serde(default)]
    pub bytes: u64,
    /// Bytes of output that are missing, because the disk was too slow.
    #[serde(default)]
    pub missing: u64,
    /// Whether it ends before its session did: a limit was reached, or the gateway died.
    #[serde(default)]
    pub cut: bool,
    /// Whether the session is over.
    #[serde(default)]
    pub finished: bool,
}
