//! Pending keys: as admission finds them, as the store keeps them, as the API shows them.

use homing_proto::admission;
use homing_proto::api::{self, Timestamp};

use crate::store::PendingRecord;

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
