//! What the store holds about devices and pending keys.

use std::collections::BTreeMap;
use std::net::IpAddr;

use homing_proto::api::{Key, KeySource, KeyState, Timestamp};
use homing_proto::host_key::{Fingerprint, HostKey, Secret};
use homing_proto::identity::{DeviceId, DeviceName, ListenerName};

/// One enrolled device, as it was after the latest committed change.
#[derive(Debug, Clone)]
pub struct DeviceRecord {
    /// The gateway's name for it.
    pub name: DeviceName,
    /// What it sends as DEVICE-ID; none for NETCONF call home.
    pub device_id: Option<DeviceId>,
    /// The login user on the device; none: the gateway's setting.
    pub user: Option<String>,
    /// The gateway addresses in its stanza; empty: the gateway's own.
    pub addresses: Vec<String>,
    /// Free labels.
    pub tags: BTreeMap<String, String>,
    /// The one listener it may use, if it is bound to one.
    pub listener: Option<ListenerName>,
    /// Shut out by an operator.
    pub blocked: bool,
    /// The secret of its stanza.
    pub secret: Option<Secret>,
    /// When that secret was issued.
    pub secret_issued_at: Option<Timestamp>,
    /// The secret before that one, and until when it counts as well.
    pub old_secret: Option<(Secret, Timestamp)>,
    /// The password to log in with, instead of the gateway's key.
    pub password: Option<Secret>,
    /// All keys it ever had, newest first.
    pub keys: Vec<Key>,
    /// When it was enrolled.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

impl DeviceRecord {
    /// The keys in force.
    pub fn pinned(&self) -> impl Iterator<Item = &Key> {
        self.keys.iter().filter(|key| key.state == KeyState::Pinned)
    }

    /// The secret before the present one, if it counts at this moment.
    #[must_use]
    pub fn old_secret_at(&self, now: Timestamp) -> Option<&Secret> {
        self.old_secret.as_ref().filter(|(_, until)| *until > now).map(|(secret, _)| secret)
    }

    /// When a session last proved one of its keys; none: it was never in.
    #[must_use]
    pub fn last_seen(&self) -> Option<Timestamp> {
        self.keys.iter().filter_map(|key| key.last_seen).max()
    }
}

/// A device to be enrolled.
#[derive(Debug, Clone)]
pub struct NewDevice {
    /// The gateway's name for it.
    pub name: DeviceName,
    /// What it will send as DEVICE-ID; none for NETCONF call home.
    pub device_id: Option<DeviceId>,
    /// The login user on the device; none: the gateway's setting.
    pub user: Option<String>,
    /// The gateway addresses in its stanza; empty: the gateway's own.
    pub addresses: Vec<String>,
    /// Free labels.
    pub tags: BTreeMap<String, String>,
    /// The one listener it may use, if it is bound to one.
    pub listener: Option<ListenerName>,
    /// The secret of its stanza.
    pub secret: Option<Secret>,
    /// The password to log in with, instead of the gateway's key.
    pub password: Option<Secret>,
    /// Keys pinned from the start.
    pub keys: Vec<(HostKey, KeySource)>,
}

impl NewDevice {
    /// A device of which nothing but the name is known.
    #[must_use]
    pub fn named(name: DeviceName) -> Self {
        Self {
            name,
            device_id: None,
            user: None,
            addresses: Vec::new(),
            tags: BTreeMap::new(),
            listener: None,
            secret: None,
            password: None,
            keys: Vec::new(),
        }
    }
}

/// What to change of a device. What is none stays; the inner none takes the value away.
#[derive(Debug, Clone, Default)]
pub struct DeviceUpdate {
    /// When the record was changed last that this change was made out of; refused if it was changed since.
    pub expected: Option<Timestamp>,
    /// What it sends as DEVICE-ID.
    pub device_id: Option<Option<DeviceId>>,
    /// The login user on the device.
    pub user: Option<Option<String>>,
    /// The gateway addresses in its stanza.
    pub addresses: Option<Vec<String>>,
    /// All its labels.
    pub tags: Option<BTreeMap<String, String>>,
    /// The one listener it may use.
    pub listener: Option<Option<ListenerName>>,
    /// Whether it is shut out.
    pub blocked: Option<bool>,
    /// The secret of its stanza; a new one counts as issued at the moment of the write.
    pub secret: Option<Option<Secret>>,
    /// The secret before it, and until when it counts as well.
    pub old_secret: Option<Option<(Secret, Timestamp)>>,
    /// The password to log in with.
    pub password: Option<Option<Secret>>,
}

/// What tells one pending key from another: the proven key and the claimed device-id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PendingKey {
    /// The fingerprint of the key that was proven.
    pub fingerprint: Fingerprint,
    /// The device-id that was claimed; none for NETCONF call home.
    pub device_id: Option<DeviceId>,
}

/// A stranger's key that an operator turned down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedKey {
    /// The key.
    pub key: HostKey,
    /// The device-id that came with it; none for NETCONF call home.
    pub device_id: Option<DeviceId>,
    /// Who did it; none: it was before that was kept.
    pub operator: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// An address from which only enrolled devices are taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockedSource {
    /// The address.
    pub source: IpAddr,
    /// The device-id that came from there when it was blocked.
    pub device_id: Option<DeviceId>,
    /// Who did it.
    pub operator: String,
    /// When.
    pub at: Timestamp,
}

/// A proven key that waits for an operator's decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingRecord {
    /// The key.
    pub key: HostKey,
    /// The device-id that was claimed; none for NETCONF call home.
    pub device_id: Option<DeviceId>,
    /// The enrolled device of that device-id, if there is one: it came with another key.
    pub device: Option<DeviceName>,
    /// The listener it came in by last.
    pub listener: ListenerName,
    /// Where it dialled from last, `ip:port`.
    pub source: String,
    /// Why it waits: the admission outcome's code.
    pub reason: String,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When it was last seen.
    pub last_seen: Timestamp,
    /// How often it came.
    pub attempts: u64,
}

impl PendingRecord {
    /// What tells it from other pending keys.
    #[must_use]
    pub fn id(&self) -> PendingKey {
        PendingKey { fingerprint: self.key.fingerprint(), device_id: self.device_id.clone() }
    }
}
