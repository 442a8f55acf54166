//! An operator's decision on a key that waits, or on one that was turned down before.
//!
//! ```text
//!   pinned       accepted     what is retired
//!   A (ed25519)  B (ed25519)  A: the device made itself a new key
//!   A (ed25519)  R (rsa)      nothing: the device has one of each type
//!   A, B         C            an operator says which (`replaces`), or that all stay (`keep`): two routing engines
//! ```

use std::sync::Arc;

use homing_proto::access::{Operator, Right};
use homing_proto::api::{self, KeySource, KeyState};
use homing_proto::host_key::{Fingerprint, HostKey};
use homing_proto::identity::{DeviceId, DeviceName};

use super::{Control, ControlError, blocks, show};
use crate::shared::Decided;
use crate::store::{
    Change, DeviceRecord, DeviceUpdate, NewDevice, PendingKey, PendingRecord, RejectedKey, Store,
};
use crate::{audit, enroll};

/// The one pending key that is meant, of those that are seen: by fingerprint, by device-id, or by the name of its device.
pub(super) fn find(
    store: &Store,
    subject: &str,
    is_seen: impl Fn(&PendingRecord) -> bool,
) -> Result<Arc<PendingRecord>, ControlError> {
    let fits = |pending: &Arc<PendingRecord>| {
        pending.key.fingerprint().to_string() == subject
            || pending.device_id.as_ref().is_some_and(|id| id.as_str() == subject)
            || pending.device.as_ref().is_some_and(|name| name.as_str() == subject)
    };
    let found = store.pending().into_iter().filter(fits);
    let mut found: Vec<_> = found.filter(|pending| is_seen(pending)).collect();
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

/// The key that may be accepted: one that waits, or one that was rejected.
struct Candidate {
    key: HostKey,
    device_id: Option<DeviceId>,
    device: Option<DeviceName>,
    waits: Option<PendingKey>,
}

impl Candidate {
    fn find(control: &Control, subject: &str, operator: &Operator) -> Result<Self, ControlError> {
        match control.waiting(subject, operator, Right::Administer) {
            Ok(pending) => Ok(Self {
                key: pending.key.clone(),
                device_id: pending.device_id.clone(),
                device: pending.device.clone(),
                waits: Some(pending.id()),
            }),
            Err(error @ ControlError::NothingPending(_)) => {
                Self::rejected(&control.shared.store, subject).ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Turned down once: the only way back is its fingerprint, which nobody types by mistake.
    fn rejected(store: &Store, subject: &str) -> Option<Self> {
        let rejected = store.rejected(&subject.parse().ok()?)?;
        let owners = rejected.device_id.as_ref().map(|id| store.by_device_id(id));
        let owner = owners.filter(|owners| owners.len() == 1).and_then(|mut owners| owners.pop());
        Some(Self {
            key: rejected.key.clone(),
            device_id: rejected.device_id.clone(),
            device: owner.map(|device| device.name.clone()),
            waits: None,
        })
    }
}

/// Puts the key in force, for the device that it was pending for, or for a new one.
pub(super) async fn accept(
    control: &Control,
    decision: api::Decision,
    operator: &Operator,
) -> Result<api::Device, ControlError> {
    let candidate = Candidate::find(control, &decision.subject, operator)?;
    let name = name_for(&candidate, decision.name.as_ref())?;
    control.may_decide(operator, &name)?;
    decision.user.as_deref().map(enroll::user).transpose()?;
    let password = decision.password.as_ref().map(enroll::password).transpose()?;
    let key = candidate.key.fingerprint();
    let mut done = format!("accepted the host key {key}");
    let mut changes = match control.shared.store.device(&name) {
        Some(record) => {
            let retired = replaced(&record, &candidate.key, &decision)?;
            let update = DeviceUpdate {
                user: decision.user.map(Some),
                password: password.map(Some),
                ..DeviceUpdate::default()
            };
            let retire =
                |key: &Fingerprint| Change::RetireKey(name.clone(), *key, KeyState::Replaced);
            let mut changes: Vec<_> = retired.iter().map(retire).collect();
            done.push_str(&instead(&record, &retired));
            changes.push(Change::Update(name.clone(), Box::new(update)));
            changes.push(Change::PinKey(name.clone(), candidate.key, KeySource::Operator));
            changes
        }
        None => vec![Change::Insert(Box::new(NewDevice {
            device_id: candidate.device_id,
            user: decision.user,
            password,
            keys: vec![(candidate.key, KeySource::Operator)],
            ..NewDevice::named(name.clone())
        }))],
    };
    changes.extend(candidate.waits.map(Change::TakePending));
    control.write(changes, &name, "key-accepted", &done, operator).await?;
    control.end_unfit_sessions(&name);
    // Before the device goes on: its latest event is the answer.
    let device = control.device(name.as_str(), operator).await;
    // Nobody may be waiting for it just now.
    let _ = control.shared.decisions.send(Decided { key, device: Some(name) });
    device
}

/// The pinned keys that go when `key` comes.
fn replaced(
    record: &DeviceRecord,
    key: &HostKey,
    decision: &api::Decision,
) -> Result<Vec<Fingerprint>, ControlError> {
    let pinned = |wanted: &&Fingerprint| record.pinned().any(|key| key.fingerprint == **wanted);
    if let Some(unknown) = decision.replaces.iter().find(|wanted| !pinned(wanted)) {
        return Err(ControlError::Invalid {
            message: format!("{} has no key {unknown} in force", record.name),
            hint: Some(format!("homing device show {}", record.name)),
        });
    }
    if decision.keep || !decision.replaces.is_empty() {
        return Ok(decision.replaces.clone());
    }
    let same = record.pinned().filter(|old| old.key.algorithm() == key.algorithm());
    let same: Vec<_> =
        same.map(|old| old.fingerprint).filter(|old| *old != key.fingerprint()).collect();
    match same.len() {
        0 | 1 => Ok(same),
        several => Err(ControlError::Conflict {
            message: format!(
                "{} has {several} {} keys in force: {}",
                record.name,
                key.algorithm(),
                list(&same)
            ),
            hint: Some(format!(
                "homing device accept {} --replaces FINGERPRINT, or --keep to have all of them",
                key.fingerprint()
            )),
        }),
    }
}

/// What the record says of the keys that were there before.
fn instead(record: &DeviceRecord, retired: &[Fingerprint]) -> String {
    let kept: Vec<_> = record.pinned().map(|key| key.fingerprint).collect();
    let kept: Vec<_> = kept.into_iter().filter(|key| !retired.contains(key)).collect();
    let clause = |word: &str, keys: &[Fingerprint]| match keys.is_empty() {
        true => String::new(),
        false => format!(" {word} {}", list(keys)),
    };
    clause("in place of", retired) + &clause("beside", &kept)
}

fn list(keys: &[Fingerprint]) -> String {
    keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn name_for(pending: &Candidate, wanted: Option<&DeviceName>) -> Result<DeviceName, ControlError> {
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

/// Turns the key down: until it is accepted or unblocked, whoever proves it is refused. With `block`, its stranger's address is
/// blocked too, or the enrolled device that it was for.
pub(super) async fn reject(
    control: &Control,
    decision: &api::Decision,
    operator: &Operator,
) -> Result<api::Device, ControlError> {
    let pending = control.waiting(&decision.subject, operator, Right::Administer)?;
    let from =
        blocks::address(&pending.source).filter(|_| decision.block && pending.device.is_none());
    if from.is_some() {
        control.may_block(operator)?;
    }
    let key = pending.key.fingerprint();
    let done = format!("rejected the host key {key}");
    let event =
        crate::timeline::by_operator(pending.device.as_ref(), "key-rejected", &done, operator);
    let event = api::Event { device_id: pending.device_id.clone(), ..event };
    let mut entry = audit::by(operator, "key-rejected").saying(&event.message);
    entry.device = pending.device.clone();
    let rejected = RejectedKey {
        key: pending.key.clone(),
        device_id: pending.device_id.clone(),
        operator: Some(operator.name().to_owned()),
        at: api::Timestamp::now(),
    };
    let mut changes = vec![
        audit::change(entry),
        Change::RejectKey(Box::new(rejected)),
        Change::TakePending(pending.id()),
        Change::Record(Box::new(event.clone())),
    ];
    let mut others = from.map(|from| control.strangers_of(from)).unwrap_or_default();
    others.retain(|one| one.id() != pending.id());
    if let Some(from) = from {
        let id = pending.device_id.clone();
        changes.extend(blocks::blocking(from, id, &others, operator));
    }
    control.shared.store.write(changes).await?;
    control.turn_away(&others);
    crate::timeline::log(&event);
    let _ = control.shared.decisions.send(Decided { key, device: None });
    if let Some(name) = pending.device.as_ref().filter(|_| decision.block) {
        let change = api::Change { blocked: Some(true), ..api::Change::default() };
        return control.change(name.as_str(), change, operator).await;
    }
    let known = pending.device.as_ref().and_then(|name| control.shared.store.device(name));
    Ok(match known {
        Some(record) => show::device(&control.shared, &record),
        None => api::Device { state: api::DeviceState::Blocked, ..show::stranger(&pending) },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use homing_proto::api::{Decision, Key, Timestamp};

    use super::*;

    fn key(parts: &[&[u8]]) -> HostKey {
        let framed =
            |part: &&[u8]| [&u32::try_from(part.len()).unwrap().to_be_bytes(), *part].concat();
        let blob: Vec<u8> = parts.iter().flat_map(framed).collect();
        HostKey::from_blob(&blob).unwrap()
    }

    fn with(keys: &[HostKey]) -> DeviceRecord {
        let pinned = |key: &HostKey| Key {
            fingerprint: key.fingerprint(),
            key: key.clone(),
            state: KeyState::Pinned,
            source: KeySource::Hmac,
            first_seen: Timestamp::UNIX_EPOCH,
            last_seen: None,
        };
        DeviceRecord {
            name: DeviceName::new("mx1").unwrap(),
            device_id: None,
            user: None,
            addresses: Vec::new(),
            tags: BTreeMap::new(),
            listener: None,
            blocked: false,
            secret: None,
            secret_issued_at: None,
            old_secret: None,
            password: None,
            keys: keys.iter().map(pinned).collect(),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn decision() -> Decision {
        serde_json::from_value(serde_json::json!({ "subject": "mx1" })).unwrap()
    }

    fn ed25519(number: u8) -> HostKey {
        key(&[b"ssh-ed25519", &[number; 32]])
    }

    #[test]
    fn a_new_key_of_a_type_replaces_the_old_one_of_that_type_alone() {
        let other = key(&[b"ecdsa-sha2-nistp256", b"nistp256", &[4; 65]]);
        let record = with(&[ed25519(1), other.clone()]);
        let retired = replaced(&record, &ed25519(2), &decision()).unwrap();
        assert_eq!(retired, [ed25519(1).fingerprint()]);
        assert_eq!(
            instead(&record, &retired),
            format!(" in place of {} beside {}", ed25519(1).fingerprint(), other.fingerprint())
        );
        assert_eq!(replaced(&with(&[other]), &ed25519(2), &decision()), Ok(vec![]));
        assert_eq!(replaced(&with(&[ed25519(2)]), &ed25519(2), &decision()), Ok(vec![]));
    }

    #[test]
    fn of_two_routing_engines_an_operator_says_which_key_goes() {
        let record = with(&[ed25519(1), ed25519(2)]);
        let unsaid = replaced(&record, &ed25519(3), &decision()).unwrap_err();
        assert_eq!(unsaid.code(), "conflict");
        let problem = unsaid.problem();
        assert!(problem.hint.unwrap().contains("--replaces FINGERPRINT, or --keep"));
        let said = Decision { replaces: vec![ed25519(2).fingerprint()], ..decision() };
        let retired = replaced(&record, &ed25519(3), &said).unwrap();
        assert_eq!(retired, [ed25519(2).fingerprint()]);
        let keep = Decision { keep: true, ..decision() };
        assert_eq!(replaced(&record, &ed25519(3), &keep), Ok(vec![]));
    }

    #[test]
    fn only_a_key_in_force_can_be_replaced() {
        let said = Decision { replaces: vec![ed25519(9).fingerprint()], ..decision() };
        let error = replaced(&with(&[ed25519(1)]), &ed25519(3), &said).unwrap_err();
        assert_eq!(error.code(), "invalid-request");
    }
}
