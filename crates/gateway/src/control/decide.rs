//! An operator's decision on a pending key.

use std::sync::Arc;

use homing_proto::api::{self, KeySource, KeyState};
use homing_proto::identity::DeviceName;

use super::{Control, ControlError, show};
use crate::enroll;
use crate::shared::Decided;
use crate::store::{Change, DeviceUpdate, NewDevice, PendingRecord, Store};

/// The one pending key that is meant: by fingerprint, by device-id, or by the name of its device.
pub(super) fn find(store: &Store, subject: &str) -> Result<Arc<PendingRecord>, ControlError> {
    let fits = |pending: &Arc<PendingRecord>| {
        pending.key.fingerprint().to_string() == subject
            || pending.device_id.as_ref().is_some_and(|id| id.as_str() == subject)
            || pending.device.as_ref().is_some_and(|name| name.as_str() == subject)
    };
    let mut found: Vec<_> = store.pending().into_iter().filter(fits).collect();
    match (found.pop(), found.len()) {
        (Some(one), 0) => Ok(one),
        (Some(last), _) => {
            found.push(last);
            let keys: Vec<_> = found.iter().map(|one| one.key.fingerprint().to_string()).collect();
            Err(ControlError::Conflict {
                message: format!("{} keys wait for {subject}: {}", keys.len(), keys.join(", ")),
                hint: Some("name one by its fingerprint".to_owned()),
            })
        }
        (None, _) => Err(ControlError::NothingPending(subject.to_owned())),
    }
}

/// Puts the key in force, for the device that it was pending for, or for a new one.
pub(super) async fn accept(
    control: &Control,
    decision: api::Decision,
    actor: &str,
) -> Result<api::Device, ControlError> {
    let pending = find(&control.shared.store, &decision.subject)?;
    let name = name_for(&pending, decision.name.as_ref())?;
    decision.user.as_deref().map(enroll::user).transpose()?;
    let password = decision.password.as_ref().map(enroll::password).transpose()?;
    let mut changes = match control.shared.store.device(&name) {
        Some(record) => {
            let update = DeviceUpdate {
                user: decision.user.map(Some),
                password: password.map(Some),
                ..DeviceUpdate::default()
            };
            let retire = |key: &api::Key| {
                Change::RetireKey(name.clone(), key.fingerprint, KeyState::Replaced)
            };
            let mut changes: Vec<_> = record.pinned().map(retire).collect();
            changes.push(Change::Update(name.clone(), Box::new(update)));
            changes.push(Change::PinKey(name.clone(), pending.key.clone(), KeySource::Operator));
            changes
        }
        None => vec![Change::Insert(Box::new(NewDevice {
            device_id: pending.device_id.clone(),
            user: decision.user,
            password,
            keys: vec![(pending.key.clone(), KeySource::Operator)],
            ..NewDevice::named(name.clone())
        }))],
    };
    changes.push(Change::TakePending(pending.id()));
    let key = pending.key.fingerprint();
    let message = format!("an operator accepted the host key {key}");
    control.write(changes, &name, "key-accepted", message, actor).await?;
    // Nobody may be waiting for it just now.
    let _ = control.shared.decisions.send(Decided { key, device: Some(name.clone()) });
    control.device(name.as_str()).await
}

fn name_for(
    pending: &PendingRecord,
    wanted: Option<&DeviceName>,
) -> Result<DeviceName, ControlError> {
    match (&pending.device, wanted) {
        (Some(device), Some(other)) if device != other => Err(ControlError::Conflict {
            message: format!("that key waits for {device}, not for {other}"),
            hint: Some(format!("leave --name away to accept it for {device}")),
        }),
        (Some(device), _) => Ok(device.clone()),
        (None, Some(name)) => Ok(name.clone()),
        (None, None) => {
            let id = pending.device_id.as_ref().map(|id| DeviceName::new(id.as_str()));
            match id {
                Some(Ok(name)) => Ok(name),
                _ => Err(ControlError::Invalid {
                    message: "the device says no device-id that could be its name".to_owned(),
                    hint: Some(format!(
                        "homing device accept {} --name NAME",
                        pending.key.fingerprint()
                    )),
                }),
            }
        }
    }
}

/// Turns the key down: until it is accepted, whoever proves it is refused.
pub(super) async fn reject(
    control: &Control,
    decision: &api::Decision,
    actor: &str,
) -> Result<api::Device, ControlError> {
    let pending = find(&control.shared.store, &decision.subject)?;
    let key = pending.key.fingerprint();
    let message = format!("an operator rejected the host key {key}");
    let event =
        crate::timeline::by_operator(pending.device.as_ref(), "key-rejected", message, actor);
    let event = api::Event { device_id: pending.device_id.clone(), ..event };
    crate::timeline::log(&event);
    let changes = vec![
        Change::RejectKey(pending.key.clone(), pending.device_id.clone()),
        Change::TakePending(pending.id()),
        Change::Record(Box::new(event)),
    ];
    control.shared.store.write(changes).await?;
    let _ = control.shared.decisions.send(Decided { key, device: None });
    let known = pending.device.as_ref().and_then(|name| control.shared.store.device(name));
    Ok(match known {
        Some(record) => show::device(&control.shared, &record),
        None => api::Device { state: api::DeviceState::Blocked, ..show::stranger(&pending) },
    })
}
