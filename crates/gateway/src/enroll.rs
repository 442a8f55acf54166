//! What enrolling a device would change, or why it can't be.
//!
//! ```text
//! api::Enroll ──▶ plan ──▶ Plan { changes for the store, what the stanza says }
//!                   └────▶ EnrollError: what collides or is malformed, and what to type instead
//! ```
//!
//! Pure: the directory is asked through [`Known`], the fresh secret comes in.

use std::collections::BTreeSet;
use std::sync::Arc;

use homing_proto::api::{Enroll, KeySource, Timestamp};
use homing_proto::host_key::{HostKey, Secret};
use homing_proto::identity::{DeviceId, DeviceName, ListenerName};
use jiff::SignedDuration;

use crate::config::{DialAddress, KeepAlive, is_login_name};
use crate::stanza::Stanza;
use crate::store::{Change, DeviceRecord, DeviceUpdate, NewDevice, Store};

mod check;
mod error;
#[cfg(test)]
mod tests;

pub use error::EnrollError;

/// The devices that are enrolled.
pub trait Known {
    /// A device by name.
    fn device(&self, name: &DeviceName) -> Option<Arc<DeviceRecord>>;
    /// The devices with a device-id: at most one for each listener, and one for any.
    fn by_device_id(&self, id: &DeviceId) -> Vec<Arc<DeviceRecord>>;
    /// The devices that have a key pinned.
    fn by_host_key(&self, key: &HostKey) -> Vec<Arc<DeviceRecord>>;
}

impl Known for Store {
    fn device(&self, name: &DeviceName) -> Option<Arc<DeviceRecord>> {
        Self::device(self, name)
    }

    fn by_device_id(&self, id: &DeviceId) -> Vec<Arc<DeviceRecord>> {
        Self::by_device_id(self, id)
    }

    fn by_host_key(&self, key: &HostKey) -> Vec<Arc<DeviceRecord>> {
        Self::by_host_key(self, key)
    }
}

/// What the gateway adds to a request.
#[derive(Debug, Clone)]
pub struct Terms {
    /// What devices dial unless the request says otherwise.
    pub addresses: Vec<DialAddress>,
    /// The login user unless the request says otherwise.
    pub user: String,
    /// The keep-alive of stanzas.
    pub keep_alive: KeepAlive,
    /// The gateway's public key.
    pub gateway_key: String,
    /// The gateway's listeners.
    pub listeners: Vec<ListenerName>,
}

impl Terms {
    pub(crate) fn default_port(&self) -> u16 {
        self.addresses.first().map_or(crate::config::DEFAULT_PORTS[0], |address| address.port)
    }
}

/// What to write, and the stanza to show.
#[derive(Debug, Clone)]
pub struct Plan {
    /// To be made durable together.
    pub changes: Vec<Change>,
    /// To be printed once they are.
    pub stanza: Stanza,
    /// Whether the device was enrolled before.
    pub is_rotation: bool,
}

/// How long the secret before a new one counts as well, unless the device comes with the new one before.
pub const OLD_SECRET_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Checks a request against what is, and says what it comes to. `fresh` is used if the request asks for a secret.
///
/// # Errors
/// The first thing that is wrong.
pub fn plan(
    request: &Enroll,
    known: &impl Known,
    terms: &Terms,
    fresh: Secret,
    now: Timestamp,
) -> Result<Plan, EnrollError> {
    let old = known.device(&request.name);
    match &old {
        Some(_) if !request.rotate_secret => {
            return Err(EnrollError::NameTaken(request.name.clone()));
        }
        None if request.rotate_secret => {
            return Err(EnrollError::UnknownDevice(request.name.clone()));
        }
        _ => {}
    }
    let checked = check::request(request, known, terms)?;
    Ok(match old {
        None => first_time(request, checked, terms, fresh)?,
        Some(old) => again(request, &old, checked, terms, (fresh, now))?,
    })
}

/// The parts of a request that were checked.
struct Checked {
    addresses: Vec<DialAddress>,
    listener: Option<ListenerName>,
    keys: Vec<HostKey>,
    password: Option<Secret>,
}

fn first_time(
    request: &Enroll,
    checked: Checked,
    terms: &Terms,
    fresh: Secret,
) -> Result<Plan, EnrollError> {
    let device_id = match &request.device_id {
        Some(id) => id.clone(),
        None => check::device_id_of(&request.name)?,
    };
    let secret = request.secret.then_some(fresh);
    let source = request.key_source.unwrap_or(KeySource::Enrolled);
    let device = NewDevice {
        name: request.name.clone(),
        device_id: Some(device_id.clone()),
        user: request.user.clone(),
        addresses: checked.addresses.iter().map(ToString::to_string).collect(),
        tags: request.tags.clone(),
        listener: checked.listener,
        secret: secret.clone(),
        password: checked.password.clone(),
        keys: checked.keys.into_iter().map(|key| (key, source)).collect(),
    };
    let login = Login { user: request.user.clone(), has_password: checked.password.is_some() };
    Ok(Plan {
        stanza: stanza(device_id, checked.addresses, secret, login, terms)?,
        changes: vec![Change::Insert(Box::new(device))],
        is_rotation: false,
    })
}

fn again(
    request: &Enroll,
    old: &DeviceRecord,
    checked: Checked,
    terms: &Terms,
    (fresh, now): (Secret, Timestamp),
) -> Result<Plan, EnrollError> {
    let device_id = request.device_id.clone().or_else(|| old.device_id.clone());
    let device_id = match device_id {
        Some(id) => id,
        None => check::device_id_of(&request.name)?,
    };
    let secret = request.secret.then_some(fresh);
    let mut tags = old.tags.clone();
    tags.extend(request.tags.clone());
    let new_addresses = checked.addresses.iter().map(ToString::to_string).collect::<Vec<_>>();
    let has_password = checked.password.is_some() || old.password.is_some();
    let update = DeviceUpdate {
        expected: Some(old.updated_at),
        device_id: Some(Some(device_id.clone())),
        user: request.user.clone().map(Some),
        addresses: (!new_addresses.is_empty()).then_some(new_addresses),
        tags: Some(tags),
        listener: checked.listener.map(Some),
        old_secret: Some(old_secret(request, old, secret.is_some(), now)),
        secret: Some(secret.clone()),
        password: checked.password.map(Some),
        blocked: None,
    };
    let source = request.key_source.unwrap_or(KeySource::Enrolled);
    let mut changes = vec![Change::Update(request.name.clone(), Box::new(update))];
    let pin = |key| Change::PinKey(request.name.clone(), key, source);
    changes.extend(checked.keys.into_iter().map(pin));
    let addresses = if checked.addresses.is_empty() {
        check::addresses(&old.addresses, terms.default_port())?
    } else {
        checked.addresses
    };
    let user = request.user.clone().or_else(|| old.user.clone());
    let login = Login { user, has_password };
    let stanza = stanza(device_id, addresses, secret, login, terms)?;
    Ok(Plan { changes, stanza, is_rotation: true })
}

/// The secret that counts beside the new one. Where a new one was made and never used, it is the one before that.
fn old_secret(
    request: &Enroll,
    old: &DeviceRecord,
    has_new: bool,
    now: Timestamp,
) -> Option<(Secret, Timestamp)> {
    if request.at_once || !has_new {
        return None;
    }
    let until = now.checked_add(OLD_SECRET_KEPT).ok()?;
    let present = old.secret.clone().map(|secret| (secret, until));
    old.old_secret.clone().filter(|(_, until)| *until > now).or(present)
}

struct Login {
    user: Option<String>,
    has_password: bool,
}

fn stanza(
    device_id: DeviceId,
    addresses: Vec<DialAddress>,
    secret: Option<Secret>,
    login: Login,
    terms: &Terms,
) -> Result<Stanza, EnrollError> {
    let addresses = if addresses.is_empty() { terms.addresses.clone() } else { addresses };
    if addresses.is_empty() {
        return Err(EnrollError::NoAddress);
    }
    Ok(Stanza {
        device_id,
        addresses,
        secret,
        keep_alive: terms.keep_alive,
        user: login.user.unwrap_or_else(|| terms.user.clone()),
        gateway_key: (!login.has_password).then(|| terms.gateway_key.clone()),
    })
}

pub use check::{addresses, labels, listener, password, user};

/// Whether all of `keys` may be pinned to `name`, which says `device_id`.
///
/// # Errors
/// One of them is pinned to another device, with another device-id: with the same it may be the same box.
pub fn keys(
    keys: &[HostKey],
    name: &DeviceName,
    device_id: Option<&DeviceId>,
    known: &impl Known,
) -> Result<Vec<HostKey>, EnrollError> {
    let mut seen = BTreeSet::new();
    let mut unique = Vec::new();
    for key in keys {
        let is_other = |device: &Arc<DeviceRecord>| {
            device.name != *name && (device_id.is_none() || device.device_id.as_ref() != device_id)
        };
        let other = known.by_host_key(key).into_iter().find(is_other);
        if let Some(other) = other {
            let fingerprint = key.fingerprint();
            return Err(EnrollError::KeyPinned { fingerprint, name: other.name.clone() });
        }
        if seen.insert(key.fingerprint()) {
            unique.push(key.clone());
        }
    }
    Ok(unique)
}
