//! Devices as the API shows them, and what may be asked of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Event, Password, Timestamp};
use crate::host_key::{Fingerprint, HostKey};
use crate::identity::{DeviceId, DeviceName};

/// Where a device stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DeviceState {
    /// In session.
    Up,
    /// Seen before, not in session.
    Down,
    /// Enrolled, never in session yet.
    New,
    /// The last attempt was refused.
    Refused,
    /// Unknown, waiting for an operator's decision.
    Pending,
    /// Shut out by an operator.
    Blocked,
}

impl DeviceState {
    /// The word that tables and filters use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::New => "new",
            Self::Refused => "refused",
            Self::Pending => "pending",
            Self::Blocked => "blocked",
        }
    }
}

/// One device: enrolled, or pending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Device {
    /// The name to type. Of a pending device: its device-id, or its key's fingerprint.
    pub name: String,
    /// Where it stands.
    pub state: DeviceState,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Whether the gateway knows it; false for a pending one.
    pub enrolled: bool,
    /// What it sends as DEVICE-ID; none for NETCONF call home.
    pub device_id: Option<DeviceId>,
    /// The login user on the device.
    pub user: Option<String>,
    /// The gateway addresses in its stanza, `host:port`; empty: the gateway's own.
    pub addresses: Vec<String>,
    /// Free labels.
    pub tags: BTreeMap<String, String>,
    /// The one listener it may use, if it is bound to one.
    pub listener: Option<String>,
    /// Whether a secret was issued.
    pub has_secret: bool,
    /// When the secret was issued.
    pub secret_issued_at: Option<Timestamp>,
    /// Until when the secret before it counts as well; until the device comes with the new one, if that is earlier.
    #[serde(default)]
    pub old_secret_until: Option<Timestamp>,
    /// Whether the gateway logs in with a password instead of its key.
    pub has_password: bool,
    /// Its host keys, newest first.
    pub keys: Vec<Key>,
    /// Its newest session, while it is up: the one that requests go to.
    pub session: Option<Session>,
    /// Its sessions by other listeners, newest first.
    #[serde(default)]
    pub other_sessions: Vec<Session>,
    /// A key that waits for a decision.
    pub pending: Option<Pending>,
    /// The latest line of its timeline.
    pub last_event: Option<Event>,
    /// When it was enrolled.
    pub created_at: Option<Timestamp>,
}

/// A host key and its history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Key {
    /// The key as text, `ssh-ed25519 AAAA…`.
    pub key: HostKey,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// Whether it is in force.
    pub state: KeyState,
    /// How the gateway came to trust it.
    pub source: KeySource,
    /// When it was first seen or given.
    pub first_seen: Timestamp,
    /// When a session last proved it.
    pub last_seen: Option<Timestamp>,
}

/// Whether a key is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum KeyState {
    /// The device may prove itself with it.
    Pinned,
    /// Superseded by a newer one.
    Replaced,
    /// Turned down by an operator.
    Rejected,
}

impl KeyState {
    /// The word that tables and the store use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pinned => "pinned",
            Self::Replaced => "replaced",
            Self::Rejected => "rejected",
        }
    }
}

/// How the gateway came to trust a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum KeySource {
    /// Given when the device was enrolled.
    Enrolled,
    /// Vouched for by the HMAC of the device's secret.
    Hmac,
    /// Accepted by an operator.
    Operator,
    /// Read from a `known_hosts` file.
    Import,
}

impl KeySource {
    /// The word that tables and the store use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enrolled => "enrolled",
            Self::Hmac => "hmac",
            Self::Operator => "operator",
            Self::Import => "import",
        }
    }
}

/// A device's session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// The listener it came in by.
    pub listener: String,
    /// Where it dialled from, `ip:port`.
    pub source: String,
    /// Since when.
    pub since: Timestamp,
    /// Which of a device's sessions is newer.
    pub epoch: u64,
    /// The fingerprint of the key that it proved.
    pub fingerprint: Fingerprint,
    /// The NETCONF session-id that the device gave.
    pub netconf_session: Option<u64>,
    /// The NETCONF capabilities of the device.
    pub capabilities: Vec<String>,
    /// Bytes from the device.
    pub bytes_in: u64,
    /// Bytes to the device.
    pub bytes_out: u64,
    /// The last measured round trip, in microseconds.
    pub round_trip_us: Option<u64>,
    /// RPCs waiting or running.
    pub rpcs: u64,
}

/// A proven key that waits for an operator's decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pending {
    /// The key, as text.
    pub key: HostKey,
    /// Its fingerprint: what `homing device accept` takes.
    pub fingerprint: Fingerprint,
    /// Why it waits: the admission outcome's code.
    pub reason: String,
    /// Where it dialled from last, `ip:port`.
    pub source: String,
    /// The listener it came in by last.
    pub listener: String,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When it was last seen.
    pub last_seen: Timestamp,
    /// How often it came.
    pub attempts: u64,
}

/// The forms in which a stanza can be printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum StanzaForm {
    /// `set` commands.
    #[default]
    Set,
    /// Curly braces.
    Curly,
    /// XML.
    Xml,
    /// JSON.
    Json,
}

/// Asks for a device to be enrolled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Enroll {
    /// The gateway's name for it.
    pub name: DeviceName,
    /// What it will send as DEVICE-ID; default: the name.
    #[serde(default)]
    pub device_id: Option<DeviceId>,
    /// The login user on the device; default: the gateway's setting.
    #[serde(default)]
    pub user: Option<String>,
    /// The gateway addresses for its stanza, `host` or `host:port`; default: the gateway's own.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// Free labels.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Whether a secret is made; without one, keys are carried by hand.
    #[serde(default = "yes")]
    pub secret: bool,
    /// Makes a new secret for a device that is enrolled already.
    #[serde(default)]
    pub rotate_secret: bool,
    /// The old secret counts no more, not even until the device has come with the new one: somebody else knows it.
    #[serde(default)]
    pub at_once: bool,
    /// Host keys carried by hand.
    #[serde(default)]
    pub host_keys: Vec<HostKey>,
    /// Where those keys are from.
    #[serde(default)]
    pub key_source: Option<KeySource>,
    /// A password for the login, where the gateway's key can't be installed.
    #[serde(default)]
    pub password: Option<Password>,
    /// The one listener it may use.
    #[serde(default)]
    pub listener: Option<String>,
    /// The form of the stanza in the answer.
    #[serde(default)]
    pub format: StanzaForm,
}

fn yes() -> bool {
    true
}

/// The answer to [`Enroll`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Enrolled {
    /// The device as it stands.
    pub device: Device,
    /// The stanza to paste. It holds the secret in plain, and is shown this once.
    pub stanza: String,
    /// Its form.
    pub format: StanzaForm,
}

impl std::fmt::Debug for Enrolled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Enrolled")
            .field("device", &self.device)
            .field("stanza", &"<secret>")
            .finish()
    }
}

/// Changes a device. What is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The login user on the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The gateway addresses for its stanza.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addresses: Option<Vec<String>>,
    /// Labels to set; an empty value takes the label away.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Host keys to pin beside those that are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add_keys: Vec<HostKey>,
    /// Pinned keys to retire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retire_keys: Vec<Fingerprint>,
    /// The one listener it may use; empty: any. Sessions by others end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listener: Option<String>,
    /// A password for the login; empty: back to the gateway's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Password>,
    /// Shuts it out, or lets it in again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<bool>,
}

/// An operator's decision on a pending key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// The pending key's fingerprint, or a name that only one pending key has; a rejected key's fingerprint.
    pub subject: String,
    /// Keys in force that it replaces; default: the one of its own type.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaces: Vec<Fingerprint>,
    /// Leaves all keys in force that are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keep: bool,
    /// Of a key that is rejected: also blocks the address of a stranger, or the enrolled device.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub block: bool,
    /// The name under which an unknown device is enrolled; default: its device-id.
    #[serde(default)]
    pub name: Option<DeviceName>,
    /// The login user on it.
    #[serde(default)]
    pub user: Option<String>,
    /// A password for the login.
    #[serde(default)]
    pub password: Option<Password>,
}
