//! The decisions: what a claim is worth, and what a proven key leads to.
//!
//! ```text
//!   device-id │ secret │ HMAC  │ keys in force │ expects        then a proven key is …
//!   ──────────┼────────┼───────┼───────────────┼─────────────────────────────────────────────
//!   known     │ yes    │ right │               │ Vouched        that very one: let in, pinned if new
//!   known     │ yes    │ wrong │               │ —              wrong-hmac
//!   known     │ yes    │ none  │               │ —              missing-hmac
//!   known     │ no     │ any   │ some          │ Pinned         one of them: let in; else key-changed
//!   known     │ no     │ any   │ none          │ FirstKey       pending
//!   unknown   │        │ any   │               │ Unknown        pending; or known by the key alone
//!   call home │        │       │               │ CallHome       in force for one device: let in
//! ```
//!
//! A key about to be shown or pinned is first looked up: in force for another device, it is cloned. Devices with one
//! device-id are told apart by their listeners, and may be one box with a stanza for each: they may share a key.
//!
//! From a blocked source strangers are refused: by an unknown device-id before the key exchange, in call home once the key is
//! found to be nobody's.
//!
//! Source: Junos, *Configuring Outbound SSH Service*; RFC 8071 section 5.

use std::net::IpAddr;

use super::action::Offer;
use super::advice::Stanza;
use super::outcome::Outcome;
use super::pending::PendingReason;
use super::record::{Chosen, KnownDevice, Record, choose};
use crate::host_key::{HostKey, ProvenKey, Secret, VouchedHostKey};
use crate::identity::{DeviceId, DeviceName, ListenerName};
use crate::initiation::Claim;

/// Whom the key exchange is to prove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// The device, by exactly this key.
    Vouched { device: Box<KnownDevice>, key: VouchedHostKey, is_old_secret: bool },
    /// The device, by one of its keys in force.
    Pinned { device: Box<KnownDevice> },
    /// The device, by a key that nobody has seen.
    FirstKey { device: Box<KnownDevice>, claimed: Option<HostKey> },
    /// Whoever it is.
    Unknown { claimed: Option<HostKey> },
    /// Whoever has the key.
    CallHome,
}

/// What a proven key leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The key is in force for the device.
    LetIn(Box<KnownDevice>),
    /// The key is in force for a device that has no device-id of its own.
    KnownByKey(Box<KnownDevice>),
    /// The HMAC vouches for it: it is to be put in force first.
    PinThenLetIn(Box<KnownDevice>),
    /// An operator must decide.
    Wait(PendingReason, Option<DeviceName>),
}

/// What a claim is worth, now that the store has told what it knows of the device-id.
pub(super) fn weigh(
    device_id: &DeviceId,
    claim: Option<Claim>,
    record: Record,
    listener: &ListenerName,
    source: IpAddr,
) -> Result<Expected, Outcome> {
    let source_blocked = record.source_blocked;
    let device = match choose(record.devices, listener) {
        Chosen::One(device) => device,
        Chosen::None if source_blocked => return Err(Outcome::SourceBlocked { source }),
        Chosen::None => {
            return Ok(Expected::Unknown { claimed: claim.map(|claim| claim.host_key) });
        }
        other => return Err(not_chosen(other, |devices| ambiguous_id(device_id, devices))),
    };
    if device.blocked {
        return Err(Outcome::Blocked { device: device.name });
    }
    match (device.secret.clone(), claim) {
        (Some(_), None) => Err(Outcome::MissingMac(stanza(&device))),
        (Some(secret), Some(claim)) => {
            let old = device.old_secret.clone();
            let vouch = |secret: &Secret| claim.host_key.clone().vouch(&claim.mac, secret).ok();
            match (vouch(&secret), old.as_ref().and_then(vouch)) {
                (Some(key), _) => Ok(Expected::Vouched { device, key, is_old_secret: false }),
                (None, Some(key)) => Ok(Expected::Vouched { device, key, is_old_secret: true }),
                (None, None) => Err(Outcome::WrongMac(stanza(&device))),
            }
        }
        (None, claim) if device.keys.is_empty() => {
            Ok(Expected::FirstKey { device, claimed: claim.map(|claim| claim.host_key) })
        }
        (None, _) => Ok(Expected::Pinned { device }),
    }
}

impl Expected {
    /// The device that it claims to be, if that is enrolled.
    pub(super) fn device(&self) -> Option<&KnownDevice> {
        match self {
            Self::Vouched { device, .. }
            | Self::Pinned { device }
            | Self::FirstKey { device, .. } => Some(device),
            Self::Unknown { .. } | Self::CallHome => None,
        }
    }

    /// What to offer so that the right one of a server's host keys is presented.
    pub(super) fn offer(&self) -> Offer {
        match self {
            Self::Vouched { key, .. } => Offer::Keys(vec![key.key().clone()]),
            Self::Pinned { device } => Offer::KeysFirst(device.keys.clone()),
            Self::FirstKey { claimed: Some(key), .. } | Self::Unknown { claimed: Some(key) } => {
                Offer::Keys(vec![key.clone()])
            }
            Self::FirstKey { claimed: None, .. }
            | Self::Unknown { claimed: None }
            | Self::CallHome => Offer::Any,
        }
    }

    /// Whether the key exchange may go on with the key that was presented. Only a device that
    /// contradicts itself is stopped here: any other key is worth proving, to be shown.
    pub(super) fn check(&self, presented: &HostKey) -> Result<(), Outcome> {
        let claimed = match self {
            Self::Vouched { key, .. } => key.key(),
            Self::FirstKey { claimed: Some(key), .. } | Self::Unknown { claimed: Some(key) } => key,
            _ => return Ok(()),
        };
        if claimed == presented {
            return Ok(());
        }
        let (claimed, presented) = (claimed.fingerprint(), presented.fingerprint());
        Err(Outcome::KeyMismatch { claimed, presented })
    }

    /// The device, if nothing more need be known to let it in with the key that it proved.
    pub(super) fn settled_by(&self, key: &ProvenKey) -> Option<&KnownDevice> {
        match self {
            Self::Vouched { device, .. } | Self::Pinned { device } => {
                Some(device.as_ref()).filter(|device| device.has_key(key.key()))
            }
            _ => None,
        }
    }

    /// What a proven key leads to, now that the store has told for whom it is in force.
    pub(super) fn judge(
        self,
        key: &ProvenKey,
        device_id: Option<&DeviceId>,
        record: Record,
        listener: &ListenerName,
        source: IpAddr,
    ) -> Result<Verdict, Outcome> {
        if record.rejected {
            return Err(Outcome::Rejected { key: key.fingerprint() });
        }
        match self {
            Self::CallHome => judge_call_home(key, record, listener, source),
            Self::Unknown { claimed } => {
                judge_unknown(key, device_id, claimed.is_some(), record, (listener, source))
            }
            Self::Vouched { device, .. } => {
                not_cloned(key, &device, device_id, &record)?;
                Ok(Verdict::PinThenLetIn(device))
            }
            Self::Pinned { device } => {
                not_cloned(key, &device, device_id, &record)?;
                let name = device.name.clone();
                let (key, pinned) = (key.key().clone(), device.fingerprints());
                let reason = PendingReason::KeyChanged { device: name.clone(), key, pinned };
                Ok(Verdict::Wait(reason, Some(name)))
            }
            Self::FirstKey { device, .. } => {
                not_cloned(key, &device, device_id, &record)?;
                let (name, key) = (device.name.clone(), key.key().clone());
                let reason = PendingReason::FirstKey { device: name.clone(), key };
                Ok(Verdict::Wait(reason, Some(name)))
            }
        }
    }
}

fn judge_call_home(
    key: &ProvenKey,
    record: Record,
    listener: &ListenerName,
    source: IpAddr,
) -> Result<Verdict, Outcome> {
    let source_blocked = record.source_blocked;
    match choose(record.devices, listener) {
        Chosen::None if source_blocked => Err(Outcome::SourceBlocked { source }),
        Chosen::None => Ok(wait_unknown(key, None, false)),
        Chosen::One(device) if device.blocked => Err(Outcome::Blocked { device: device.name }),
        Chosen::One(device) => Ok(Verdict::LetIn(device)),
        other => Err(not_chosen(other, |owners| Outcome::AmbiguousKey {
            key: key.fingerprint(),
            owners,
        })),
    }
}

fn judge_unknown(
    key: &ProvenKey,
    device_id: Option<&DeviceId>,
    with_mac: bool,
    record: Record,
    (listener, source): (&ListenerName, IpAddr),
) -> Result<Verdict, Outcome> {
    let by_key_alone = |device: &KnownDevice| device.device_id.is_none() && device.secret.is_none();
    if !record.devices.iter().all(by_key_alone) {
        return Err(cloned(key, device_id, owners(&record)));
    }
    match judge_call_home(key, record, listener, source)? {
        Verdict::LetIn(device) => Ok(Verdict::KnownByKey(device)),
        _ => Ok(wait_unknown(key, device_id, with_mac)),
    }
}

fn wait_unknown(key: &ProvenKey, device_id: Option<&DeviceId>, with_mac: bool) -> Verdict {
    let (device_id, key) = (device_id.cloned(), key.key().clone());
    Verdict::Wait(PendingReason::Unknown { device_id, key, with_mac }, None)
}

/// Refuses a key that is in force for other devices and not for this one.
fn not_cloned(
    key: &ProvenKey,
    device: &KnownDevice,
    device_id: Option<&DeviceId>,
    record: &Record,
) -> Result<(), Outcome> {
    let is_same_box = |owner: &KnownDevice| {
        owner.name == device.name
            || (owner.device_id.is_some() && owner.device_id == device.device_id)
    };
    let others = record.devices.iter().filter(|owner| !is_same_box(owner));
    let others: Vec<_> = others.map(|owner| owner.name.clone()).collect();
    if others.is_empty() { Ok(()) } else { Err(cloned(key, device_id, others)) }
}

fn owners(record: &Record) -> Vec<DeviceName> {
    record.devices.iter().map(|device| device.name.clone()).collect()
}

fn cloned(key: &ProvenKey, device_id: Option<&DeviceId>, owners: Vec<DeviceName>) -> Outcome {
    Outcome::ClonedKey { key: key.fingerprint(), device_id: device_id.cloned(), owners }
}

fn ambiguous_id(device_id: &DeviceId, devices: Vec<DeviceName>) -> Outcome {
    Outcome::AmbiguousDeviceId { device_id: device_id.clone(), devices }
}

/// Why none of the devices that fit a look-up is the one.
fn not_chosen(chosen: Chosen, several: impl FnOnce(Vec<DeviceName>) -> Outcome) -> Outcome {
    match chosen {
        Chosen::Elsewhere(device) => match device.listener {
            Some(expected) => Outcome::WrongListener { device: device.name, expected },
            None => several(vec![device.name]),
        },
        Chosen::Several(devices) => several(devices),
        Chosen::One(device) => several(vec![device.name]),
        Chosen::None => several(Vec::new()),
    }
}

pub(super) fn stanza(device: &KnownDevice) -> Stanza {
    Stanza { device: device.name.clone(), client_id: device.client_id.clone() }
}
