//! Why a proven key waits for an operator.

use super::advice::{Advice, accept, shell_word};
use super::step::list;
use crate::fault::Fault;
use crate::host_key::{Fingerprint, HostKey};
use crate::identity::{DeviceId, DeviceName};

/// Why a proven key waits for an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PendingReason {
    /// Nobody enrolled a device with this device-id, or for call home with this key.
    Unknown {
        /// The device-id that was sent; none for call home.
        device_id: Option<DeviceId>,
        /// The key.
        key: HostKey,
        /// Whether an HMAC came, which nothing here can check.
        with_mac: bool,
    },
    /// The device is enrolled without a secret, and no key of it is known yet.
    FirstKey {
        /// The device.
        device: DeviceName,
        /// The key.
        key: HostKey,
    },
    /// The device is enrolled without a secret, and this is none of its pinned keys.
    KeyChanged {
        /// The device.
        device: DeviceName,
        /// The key.
        key: HostKey,
        /// The keys in force.
        pinned: Vec<Fingerprint>,
    },
}

impl PendingReason {
    /// A stable word for the timeline, logs, metrics and the API.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "unknown-device",
            Self::FirstKey { .. } => "first-key",
            Self::KeyChanged { .. } => "key-changed",
        }
    }

    /// Who must act.
    pub fn fault(&self) -> Fault {
        Fault::Operator
    }

    /// What happened, as a sentence.
    pub fn message(&self) -> String {
        match self {
            Self::Unknown { device_id: Some(id), key, with_mac } => {
                let mac =
                    if *with_mac { "; it sent an HMAC, but no secret is known for it" } else { "" };
                format!(
                    "no device is enrolled with device-id {id}; its host key is {}{mac}",
                    key.fingerprint()
                )
            }
            Self::Unknown { device_id: None, key, .. } => {
                format!("no device is enrolled with the host key {}", key.fingerprint())
            }
            Self::FirstKey { device, key } => format!(
                "{device} has neither a secret nor a pinned host key yet; it presents {}",
                key.fingerprint()
            ),
            Self::KeyChanged { device, key, pinned } => format!(
                "the host key of {device} changed: pinned {}, presented {}; nothing vouches for the new one",
                list(pinned),
                key.fingerprint()
            ),
        }
    }

    /// The key that waits.
    pub fn key(&self) -> &HostKey {
        match self {
            Self::Unknown { key, .. }
            | Self::FirstKey { key, .. }
            | Self::KeyChanged { key, .. } => key,
        }
    }

    /// The fingerprints in it.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = vec![("key", self.key().fingerprint().to_string())];
        if let Self::KeyChanged { pinned, .. } = self {
            fields.push(("pinned", list(pinned)));
        }
        fields
    }

    /// How to decide.
    pub fn advice(&self) -> Advice {
        let key = self.key();
        let accept = match self {
            Self::Unknown { device_id, .. } => accept(key.fingerprint(), device_id.as_ref()),
            _ => format!("homing device accept {}", key.fingerprint()),
        };
        let compare = format!("ssh-keygen -lf /etc/ssh/ssh_host_{}_key.pub", file_kind(key));
        let advice = Advice::new()
            .device(compare)
            .gateway(accept)
            .gateway(format!("homing device reject {}", key.fingerprint()));
        match self {
            Self::Unknown { device_id: Some(id), with_mac: true, .. } => advice
                .gateway(format!("homing enroll <name> --device-id {}", shell_word(id.as_str()))),
            _ => advice,
        }
    }
}

/// The word in the name of the file where an SSH server keeps such a key.
fn file_kind(key: &HostKey) -> &'static str {
    match key.algorithm() {
        "ssh-rsa" => "rsa",
        "ssh-dss" => "dsa",
        "ssh-ed25519" => "ed25519",
        name if name.starts_with("ecdsa-") => "ecdsa",
        _ => "*",
    }
}
