//! What an operator may change of a device, checked before it is written.

use homing_proto::access::Tags;
use homing_proto::api::{self, KeySource, KeyState};

use super::ControlError;
use crate::enroll::{self, Known, Terms};
use crate::store::{Change, DeviceRecord, DeviceUpdate};

/// The changes for the store, or why they can't be.
pub(super) fn plan(
    record: &DeviceRecord,
    change: &api::Change,
    known: &impl Known,
    terms: &Terms,
) -> Result<Vec<Change>, ControlError> {
    let name = &record.name;
    let mut changes = vec![Change::Update(name.clone(), Box::new(update(record, change, terms)?))];
    for key in enroll::keys(&change.add_keys, name, record.device_id.as_ref(), known)? {
        changes.push(Change::PinKey(name.clone(), key, KeySource::Operator));
    }
    for key in &change.retire_keys {
        changes.push(Change::RetireKey(name.clone(), *key, KeyState::Replaced));
    }
    Ok(changes)
}

/// The labels that the device has after the change.
pub(super) fn tags(record: &DeviceRecord, change: &api::Change) -> Tags {
    let mut tags = record.tags.clone();
    for (key, value) in &change.tags {
        match value.is_empty() {
            true => drop(tags.remove(key)),
            false => drop(tags.insert(key.clone(), value.clone())),
        }
    }
    tags
}

fn update(
    record: &DeviceRecord,
    change: &api::Change,
    terms: &Terms,
) -> Result<DeviceUpdate, ControlError> {
    change.user.as_deref().map(enroll::user).transpose()?;
    let addresses = change.addresses.as_deref().map(|all| addresses(all, terms)).transpose()?;
    let listener = match change.listener.as_deref() {
        Some("") => Some(None),
        Some(name) => Some(Some(enroll::listener(name, terms)?)),
        None => None,
    };
    let tags = tags(record, change);
    enroll::labels(&tags)?;
    let password = match &change.password {
        Some(plain) if plain.expose().is_empty() => Some(None),
        Some(plain) => Some(Some(enroll::password(plain)?)),
        None => None,
    };
    Ok(DeviceUpdate {
        expected: Some(record.updated_at),
        user: change.user.clone().map(Some),
        addresses,
        tags: (!change.tags.is_empty()).then_some(tags),
        blocked: change.blocked,
        password,
        listener,
        ..DeviceUpdate::default()
    })
}

fn addresses(all: &[String], terms: &Terms) -> Result<Vec<String>, ControlError> {
    let checked = enroll::addresses(all, terms.default_port())?;
    Ok(checked.iter().map(ToString::to_string).collect())
}
