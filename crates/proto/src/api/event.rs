//! Events: one line of a device's timeline.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Timestamp;
use crate::fault::Fault;
use crate::identity::{DeviceId, DeviceName};

/// Something that happened to a device, or to the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Event {
    /// Rises with every event; what `after=` takes.
    pub id: u64,
    /// When.
    pub at: Timestamp,
    /// What, as a stable kebab-case code.
    pub code: String,
    /// Who must act, if somebody must.
    pub fault: Option<Fault>,
    /// The device, if the gateway knows it.
    pub device: Option<DeviceName>,
    /// The DEVICE-ID that was sent: a claim, until a key is proven.
    pub device_id: Option<DeviceId>,
    /// The listener.
    pub listener: Option<String>,
    /// Where the connection came from, `ip:port`.
    pub source: Option<String>,
    /// Ties the events of one connection together.
    pub epoch: Option<u64>,
    /// What happened, as a sentence.
    pub message: String,
    /// What to do or to type.
    pub advice: Option<String>,
    /// More, by code: fingerprints, counters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
}
