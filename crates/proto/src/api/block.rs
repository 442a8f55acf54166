//! Blocks: keys that were turned down, and addresses from which only enrolled devices are taken in.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::Timestamp;
use crate::identity::DeviceId;

/// What is shut out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum BlockKind {
    /// A host key: whoever proves it is refused.
    Key,
    /// An address: strangers from there are refused before any key exchange. Enrolled devices come in.
    Source,
}

impl BlockKind {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Source => "source",
        }
    }
}

/// Something that an operator shut out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Block {
    /// The key's fingerprint, or the address.
    pub subject: String,
    /// Which of the two.
    pub kind: BlockKind,
    /// The device-id that came with the key, or from the address, when it was blocked.
    pub device_id: Option<DeviceId>,
    /// Who did it; none: an earlier version of the gateway did not keep that.
    pub by: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Asks for an address to be blocked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AddBlock {
    /// The address.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub source: IpAddr,
}
