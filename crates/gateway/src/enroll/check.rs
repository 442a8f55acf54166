//! The single checks of a request.

use std::collections::BTreeMap;
use std::sync::Arc;

use homing_proto::api::{Enroll, Password};
use homing_proto::host_key::Secret;
use homing_proto::identity::{DeviceId, DeviceName, ListenerName};

use super::{Checked, EnrollError, Known, Terms, is_login_name, keys};
use crate::config::DialAddress;
use crate::store::DeviceRecord;

const MAX_ADDRESSES: usize = 32;
const MAX_KEYS: usize = 32;
const MAX_LABELS: usize = 64;
const MAX_LABEL_VALUE: usize = 256;
const MAX_PASSWORD: usize = 1_024;

pub(super) fn request(
    request: &Enroll,
    known: &impl Known,
    terms: &Terms,
) -> Result<Checked, EnrollError> {
    let listener = request.listener.as_deref().map(|name| listener(name, terms)).transpose()?;
    let old = known.device(&request.name);
    let bound = listener.clone().or_else(|| old.as_ref()?.listener.clone());
    let said = match (&request.device_id, &old) {
        (Some(id), _) => Some(id.clone()),
        (None, Some(old)) => old.device_id.clone(),
        (None, None) => Some(device_id_of(&request.name)?),
    };
    if let Some(id) = said.as_ref().filter(|_| request.device_id.is_some() || old.is_none()) {
        device_id(id, bound.as_ref(), &request.name, known)?;
    }
    if let Some(name) = &request.user {
        user(name)?;
    }
    labels(&request.tags)?;
    if request.host_keys.len() > MAX_KEYS {
        return Err(EnrollError::TooMany { what: "host keys", most: MAX_KEYS });
    }
    Ok(Checked {
        addresses: addresses(&request.addresses, terms.default_port())?,
        listener,
        keys: keys(&request.host_keys, &request.name, said.as_ref(), known)?,
        password: request.password.as_ref().map(password).transpose()?,
    })
}

/// A name used as device-id.
pub(super) fn device_id_of(name: &DeviceName) -> Result<DeviceId, EnrollError> {
    DeviceId::new(name.as_str()).map_err(|error| EnrollError::DeviceId(error.to_string()))
}

/// Two devices may say the same device-id only if they dial different listeners.
fn device_id(
    id: &DeviceId,
    bound: Option<&ListenerName>,
    name: &DeviceName,
    known: &impl Known,
) -> Result<(), EnrollError> {
    id.is_sendable().map_err(|error| EnrollError::DeviceId(error.to_string()))?;
    let others = known.by_device_id(id);
    let same = |other: &&Arc<DeviceRecord>| other.name != *name && other.listener.as_ref() == bound;
    match others.iter().find(same) {
        Some(other) => {
            Err(EnrollError::DeviceIdTaken { device_id: id.clone(), name: other.name.clone() })
        }
        None => Ok(()),
    }
}

/// Whether a login name can stand in a stanza.
///
/// # Errors
/// It has characters that Junos does not take.
pub fn user(name: &str) -> Result<(), EnrollError> {
    if is_login_name(name) { Ok(()) } else { Err(EnrollError::User(shown(name))) }
}

/// Reads addresses; those without a port get `default_port`.
///
/// # Errors
/// One is not an address, one stands twice, or there are too many.
pub fn addresses(texts: &[String], default_port: u16) -> Result<Vec<DialAddress>, EnrollError> {
    if texts.len() > MAX_ADDRESSES {
        return Err(EnrollError::TooMany { what: "addresses", most: MAX_ADDRESSES });
    }
    let mut addresses: Vec<DialAddress> = Vec::new();
    for text in texts {
        let address = DialAddress::parse(text, default_port);
        let address = address.map_err(|_| EnrollError::Address(shown(text)))?;
        // Junos keeps one port for each address.
        if addresses.iter().any(|other| other.host == address.host) {
            return Err(EnrollError::AddressTwice(address.host));
        }
        addresses.push(address);
    }
    Ok(addresses)
}

/// The listener of that name.
///
/// # Errors
/// The gateway has none of that name.
pub fn listener(name: &str, terms: &Terms) -> Result<ListenerName, EnrollError> {
    let found = terms.listeners.iter().find(|listener| listener.as_str() == name);
    found.cloned().ok_or_else(|| EnrollError::Listener {
        name: shown(name),
        known: terms.listeners.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    })
}

/// Whether labels are short and can be typed.
///
/// # Errors
/// One is not, or there are too many.
pub fn labels(labels: &BTreeMap<String, String>) -> Result<(), EnrollError> {
    if labels.len() > MAX_LABELS {
        return Err(EnrollError::TooMany { what: "tags", most: MAX_LABELS });
    }
    for (key, value) in labels {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/');
        let is_key = (1..=63).contains(&key.len()) && key.bytes().all(plain);
        if !is_key || value.len() > MAX_LABEL_VALUE || value.contains(char::is_control) {
            return Err(EnrollError::Label(shown(&format!("{key}={value}"))));
        }
    }
    Ok(())
}

/// Takes a password in.
///
/// # Errors
/// It is empty, too long, or holds a NUL.
pub fn password(password: &Password) -> Result<Secret, EnrollError> {
    let plain = password.expose();
    if plain.is_empty() || plain.len() > MAX_PASSWORD || plain.contains('\0') {
        return Err(EnrollError::Password);
    }
    Ok(Secret::new(plain.as_bytes()))
}

fn shown(text: &str) -> String {
    homing_proto::excerpt::Excerpt::new(text).to_string()
}
