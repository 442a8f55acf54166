//! What an operator may change of a device, checked before it is written.

use homing_proto::api::{self, KeySource, KeyState};
use homing_proto::host_key::Secret;

use super::ControlError;
use crate::config::{DialAddress, is_login_name};
use crate::enroll::{Known, Terms};
use crate::store::{Change, DeviceRecord, DeviceUpdate};

/// The changes for the store, or why they can't be.
pub(super) fn plan(
    record: &DeviceRecord,
    change: api::Change,
    known: &impl Known,
    terms: &Terms,
) -> Result<Vec<Change>, ControlError> {
    let name = &record.name;
    let mut changes = vec![Change::Update(name.clone(), Box::new(update(record, &change, terms)?))];
    for key in change.add_keys {
        if let Some(other) = known.by_host_key(&key).iter().find(|other| other.name != *name) {
            let message = format!("key {} is pinned to {}", key.fingerprint(), other.name);
            return Err(ControlError::Conflict { message, hint: None });
        }
        changes.push(Change::PinKey(name.clone(), key, KeySource::Operator));
    }
    for key in change.retire_keys {
        changes.push(Change::RetireKey(name.clone(), key, KeyState::Replaced));
    }
    Ok(changes)
}

fn update(
    record: &DeviceRecord,
    change: &api::Change,
    terms: &Terms,
) -> Result<DeviceUpdate, ControlError> {
    let user = change.user.clone().map(checked_user).transpose()?;
    let addresses = change.addresses.as_ref().map(|all| addresses(all, terms)).transpose()?;
    let mut tags = record.tags.clone();
    for (key, value) in &change.tags {
        match value.is_empty() {
            true => drop(tags.remove(key)),
            false => drop(tags.insert(key.clone(), value.clone())),
        }
    }
    Ok(DeviceUpdate {
        user: user.map(Some),
        addresses,
        tags: (!change.tags.is_empty()).then_some(tags),
        blocked: change.blocked,
        password: change
            .password
            .as_ref()
            .map(|plain| (!plain.expose().is_empty()).then(|| Secret::new(plain.expose()))),
        ..DeviceUpdate::default()
    })
}

fn checked_user(user: String) -> Result<String, ControlError> {
    if is_login_name(&user) {
        return Ok(user);
    }
    let message = "that is not a login name: expected letters, digits, `.`, `_` and `-`".to_owned();
    Err(ControlError::Invalid { message, hint: None })
}

fn addresses(all: &[String], terms: &Terms) -> Result<Vec<String>, ControlError> {
    let parse = |text: &String| match DialAddress::parse(text, terms.default_port()) {
        Ok(address) => Ok(address.to_string()),
        Err(error) => Err(ControlError::Invalid { message: error.to_string(), hint: None }),
    };
    all.iter().map(parse).collect()
}
