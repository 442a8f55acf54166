//! Entries of the audit trail: made from who acts, logged, stored.
//!
//! ```text
//!   changes something   change(entry) ──▶ Store::write, in the transaction of what it tells of
//!   may change a device begin(entry).await (durable) ──▶ it is done ──▶ note(entry)
//!   changes nothing     note(entry): durable a moment later
//! ```
//!
//! An RPC that needs more than looking is told twice: as begun before it is sent, as ended after. So the trail knows of
//! it even if the gateway dies in between.

use std::net::SocketAddr;

use homing_proto::access::{Operator, Via};
use homing_proto::api::Timestamp;
use homing_proto::audit::{Entry, blank, blank_sentence};
use homing_proto::identity::DeviceName;

use crate::shared::Shared;
use crate::store::{Change, Store, WriteError};

/// What `operator` does on the gateway itself.
pub(crate) fn by(operator: &Operator, action: &str) -> Entry {
    Entry {
        via: Some(operator.via()),
        source: operator.source().map(|source| source.to_string()),
        ..Entry::new(action, operator.name(), Timestamp::now())
    }
}

/// What `operator` does on a device.
pub(crate) fn on(operator: &Operator, device: &DeviceName, action: &str) -> Entry {
    Entry { device: Some(device.clone()), ..by(operator, action) }
}

/// What somebody does who is not authenticated; `name` is what they say they are.
pub(crate) fn stranger(name: &str, via: Via, source: Option<SocketAddr>, action: &str) -> Entry {
    Entry {
        via: Some(via),
        source: source.map(|source| source.to_string()),
        ..Entry::new(action, name, Timestamp::now())
    }
}

/// The change that puts an entry into the transaction of what it tells of.
pub(crate) fn change(entry: Entry) -> Change {
    let entry = blanked(entry);
    log(&entry);
    Change::Audit(Box::new(entry))
}

/// Stores an entry; answers when it is durable.
pub(crate) async fn begin(store: &Store, entry: Entry) -> Result<(), WriteError> {
    store.write(vec![change(entry)]).await
}

/// Stores an entry that nobody waits for.
pub(crate) fn note(shared: &Shared, entry: Entry) {
    note_in(&shared.store, entry);
}

/// The same for who has no more than the store.
pub(crate) fn note_in(store: &Store, entry: Entry) {
    let entry = blanked(entry);
    log(&entry);
    if !store.note_audit(entry) {
        tracing::warn!("the audit trail is closed: the last entry is only in this log");
    }
}

/// No secret is stored, whoever made the entry.
fn blanked(mut entry: Entry) -> Entry {
    entry.operation = entry.operation.map(|text| blank(&text));
    entry.message = blank_sentence(&entry.message);
    entry
}

fn log(entry: &Entry) {
    let action = entry.action.as_str();
    let operator = entry.operator.as_str();
    let device = entry.device.as_ref().map(DeviceName::as_str);
    let source = entry.source.as_deref();
    let result = entry.result.as_str();
    let operation = entry.operation.as_deref();
    tracing::info!(target: "homing_gateway::audit", action, operator, device, source, operation, result, "{}", entry.message);
}
