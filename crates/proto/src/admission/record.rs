//! What the store knows, and how it is asked.

use crate::host_key::{Fingerprint, HostKey, Secret};
use crate::identity::{ClientId, DeviceId, DeviceName, ListenerName};

/// A question to the store; with it goes the source of [`Subject`](super::Subject).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookUp {
    /// Which devices are enrolled with this device-id?
    DeviceId(DeviceId),
    /// For which devices is this key pinned, and did an operator turn it down?
    Key(HostKey),
}

/// The store's answer to a [`LookUp`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The devices that fit. One device-id may be enrolled once for each listener.
    pub devices: Vec<KnownDevice>,
    /// Whether an operator rejected the key asked for.
    pub rejected: bool,
    /// Whether an operator blocked the source: nobody who is not enrolled is taken in from there.
    pub source_blocked: bool,
}

impl Record {
    /// Nothing is known.
    pub fn unknown() -> Self {
        Self::default()
    }
}

impl From<KnownDevice> for Record {
    fn from(device: KnownDevice) -> Self {
        Self { devices: vec![device], ..Self::default() }
    }
}

/// An enrolled device, as far as admission needs to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownDevice {
    /// The gateway's name for it.
    pub name: DeviceName,
    /// What it sends as DEVICE-ID; none: it is known by its key alone, as with call home.
    pub device_id: Option<DeviceId>,
    /// The secret that it was issued.
    pub secret: Option<Secret>,
    /// The secret before it, which it may still have.
    pub old_secret: Option<Secret>,
    /// The host keys in force: several for two routing engines, or while an algorithm changes.
    pub keys: Vec<HostKey>,
    /// The one listener that it may use.
    pub listener: Option<ListenerName>,
    /// Shut out by an operator.
    pub blocked: bool,
    /// The name of the stanza that was made for it, for advice.
    pub client_id: Option<ClientId>,
}

impl KnownDevice {
    /// A device of which nothing but the name is known.
    pub fn new(name: DeviceName) -> Self {
        Self {
            name,
            device_id: None,
            secret: None,
            old_secret: None,
            keys: Vec::new(),
            listener: None,
            blocked: false,
            client_id: None,
        }
    }

    /// Whether `key` is in force.
    pub fn has_key(&self, key: &HostKey) -> bool {
        self.keys.contains(key)
    }

    /// The fingerprints of the keys in force.
    pub fn fingerprints(&self) -> Vec<Fingerprint> {
        self.keys.iter().map(HostKey::fingerprint).collect()
    }
}

/// Which of the devices that fit a look-up is meant on a listener.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Chosen {
    None,
    One(Box<KnownDevice>),
    /// They may all dial here.
    Several(Vec<DeviceName>),
    /// None of them may dial here.
    Elsewhere(Box<KnownDevice>),
}

/// A device bound to `listener` comes before one that is bound to none.
pub(super) fn choose(devices: Vec<KnownDevice>, listener: &ListenerName) -> Chosen {
    let (mut bound, rest): (Vec<_>, Vec<_>) =
        devices.into_iter().partition(|device| device.listener.as_ref() == Some(listener));
    let (mut free, mut elsewhere): (Vec<_>, Vec<_>) =
        rest.into_iter().partition(|device| device.listener.is_none());
    let candidates = if bound.is_empty() { &mut free } else { &mut bound };
    match (candidates.pop(), elsewhere.pop()) {
        (Some(device), _) if candidates.is_empty() => Chosen::One(Box::new(device)),
        (Some(device), _) => {
            candidates.push(device);
            Chosen::Several(candidates.drain(..).map(|device| device.name).collect())
        }
        (None, Some(device)) => Chosen::Elsewhere(Box::new(device)),
        (None, None) => Chosen::None,
    }
}
