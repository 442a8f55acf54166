//! Pending keys: as admission finds them, as the store keeps them, as the API shows them.

use homing_proto::admission;
use homing_proto::api::{self, Timestamp};
use homing_proto::identity::DeviceName;

use crate::store::{DeviceRecord, PendingRecord, Store};

/// One attempt with a key that nobody has approved.
pub(crate) fn record(pending: &admission::Pending) -> PendingRecord {
    let now = Timestamp::now();
    PendingRecord {
        key: pending.key.key().clone(),
        device_id: pending.device_id.clone(),
        device: pending.device.clone(),
        listener: pending.listener.clone(),
        source: pending.source.to_string(),
        reason: pending.reason.code().to_owned(),
        first_seen: now,
        last_seen: now,
        attempts: 1,
    }
}

/// The device for which an operator put this key in force while it was on its way.
pub(crate) fn decided_before(pending: &admission::Pending, store: &Store) -> Option<DeviceName> {
    let is_its = |record: &DeviceRecord| match &pending.device {
        Some(name) => record.name == *name,
        None => {
            let may_dial_here = record.listener.as_ref().is_none_or(|l| *l == pending.listener);
            record.device_id == pending.device_id && may_dial_here
        }
    };
    let owners = store.by_host_key(pending.key.key());
    owners.iter().find(|record| is_its(record)).map(|record| record.name.clone())
}

/// As the API shows it.
pub(crate) fn shown(record: &PendingRecord) -> api::Pending {
    api::Pending {
        fingerprint: record.key.fingerprint(),
        key: record.key.clone(),
        reason: record.reason.clone(),
        source: record.source.clone(),
        listener: record.listener.to_string(),
        first_seen: record.first_seen,
        last_seen: record.last_seen,
        attempts: record.attempts,
    }
}
