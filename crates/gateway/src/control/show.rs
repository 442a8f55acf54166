//! The gateway's state as the API shows it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use homing_proto::access::{Operator, Right};
use homing_proto::api::{Arriving, Attention, Device, DeviceState, Listener, Status, Timestamp};
use homing_proto::attention::Watch;

use super::allow;
use super::survey::{self, Glance, KeptGlance};
use crate::enroll::Terms;
use crate::http::CertificateEnd;
use crate::pending;
use crate::session::Session;
use crate::shared::Shared;
use crate::standing::Standing;
use crate::store::{DeviceRecord, PendingRecord};

/// Why a device's first key waits: nothing was ever trusted of it.
pub(super) const FIRST_KEY: &str = "first-key";

/// One enrolled device.
pub(super) fn device(shared: &Shared, record: &DeviceRecord) -> Device {
    let sessions = newest_first(shared.fleet.sessions_of(&record.name));
    let waiting = shared.store.pending();
    let waiting = waiting.iter().find(|pending| pending.device.as_ref() == Some(&record.name));
    let standing = shared.standings.of(&record.name);
    compose(record, &sessions, standing.as_ref(), waiting.map(|p| &**p))
}

/// A device that nobody enrolled.
pub(super) fn stranger(record: &PendingRecord) -> Device {
    let fingerprint = record.key.fingerprint().to_string();
    Device {
        name: record.device_id.as_ref().map_or(fingerprint, ToString::to_string),
        state: DeviceState::Pending,
        since: Some(record.first_seen),
        enrolled: false,
        device_id: record.device_id.clone(),
        user: None,
        addresses: Vec::new(),
        tags: BTreeMap::new(),
        listener: None,
        has_secret: false,
        secret_issued_at: None,
        old_secret_until: None,
        has_password: false,
        keys: Vec::new(),
        session: None,
        other_sessions: Vec::new(),
        pending: Some(pending::shown(record)),
        last_event: None,
        created_at: None,
    }
}

fn newest_first(mut sessions: Vec<Arc<Session>>) -> Vec<Arc<Session>> {
    sessions.sort_unstable_by_key(|session| std::cmp::Reverse(session.epoch));
    sessions
}

/// Where an enrolled device stands, and since when.
pub(super) fn stands(
    record: &DeviceRecord,
    session: Option<&Session>,
    standing: Option<&Standing>,
    waiting: Option<&PendingRecord>,
) -> (DeviceState, Option<Timestamp>) {
    let ended = standing.and_then(|standing| standing.ended.as_ref());
    match session {
        Some(session) => (DeviceState::Up, Some(session.since)),
        None if record.blocked => (DeviceState::Blocked, Some(record.updated_at)),
        None if waiting.is_some_and(|pending| pending.reason == FIRST_KEY) => {
            (DeviceState::Pending, waiting.map(|pending| pending.first_seen))
        }
        None => match ended {
            Some(ended) => (ended.state, Some(ended.at)),
            None if record.last_seen().is_some() => (DeviceState::Down, record.last_seen()),
            None => (DeviceState::New, Some(record.created_at)),
        },
    }
}

/// `sessions` begin with the newest.
pub(super) fn compose(
    record: &DeviceRecord,
    sessions: &[Arc<Session>],
    standing: Option<&Standing>,
    waiting: Option<&PendingRecord>,
) -> Device {
    let mut sessions = sessions.iter();
    let session = sessions.next().map(|session| &**session);
    let (state, since) = stands(record, session, standing, waiting);
    Device {
        name: record.name.to_string(),
        state,
        since,
        enrolled: true,
        device_id: record.device_id.clone(),
        user: record.user.clone(),
        addresses: record.addresses.clone(),
        tags: record.tags.clone(),
        listener: record.listener.as_ref().map(ToString::to_string),
        has_secret: record.secret.is_some(),
        secret_issued_at: record.secret_issued_at,
        old_secret_until: record
            .old_secret
            .as_ref()
            .map(|(_, until)| *until)
            .filter(|until| *until > Timestamp::now()),
        has_password: record.password.is_some(),
        keys: record.keys.clone(),
        session: session.map(Session::shown),
        other_sessions: sessions.map(|session| session.shown()).collect(),
        pending: waiting.map(pending::shown),
        last_event: standing.and_then(Standing::last),
        created_at: Some(record.created_at),
    }
}

/// The gateway and its fleet, in short.
///
/// `kept` is where the last glance of somebody who sees everything is, if `operator` is such a one.
pub(super) fn status(
    shared: &Shared,
    terms: &Terms,
    operator: &Operator,
    kept: Option<KeptGlance>,
) -> Status {
    let Glance { counts, watch } = survey::glance(shared, operator, kept);
    let handshaking = shared.counters.handshaking.load(Ordering::Relaxed);
    let held = shared.counters.held.load(Ordering::Relaxed);
    Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: shared.started_at,
        listeners: shared
            .listeners
            .iter()
            .map(|(name, address)| Listener {
                name: name.to_string(),
                address: address.to_string(),
            })
            .collect(),
        addresses: terms.addresses.iter().map(ToString::to_string).collect(),
        gateway_key: shared.key_text.clone(),
        http: shared.http.get().cloned().unwrap_or_default(),
        front_door: shared.front_door.get().cloned().unwrap_or_default(),
        devices: counts,
        arriving: Arriving {
            handshaking,
            waiting: shared.arriving().saturating_sub(handshaking + held),
            held,
        },
        attention: attention(shared, watch, operator),
    }
}

/// What somebody should look at: of the devices as `watch` has it, of the gateway as it is now.
fn attention(shared: &Shared, mut watch: Watch, operator: &Operator) -> Vec<Attention> {
    let health = shared.store.health();
    let folder = shared.store.folder().display().to_string();
    if let Some((error, since)) = &health.outage {
        watch.handle_outage(error.code(), &error.to_string(), *since, &folder);
    } else if health.is_nearly_full {
        watch.handle_nearly_full(&folder);
    }
    if let Some(limit) = shared.descriptors.shortage() {
        watch.handle_descriptors(limit);
    }
    if let Some(ends) = shared.certificate.get().and_then(CertificateEnd::at) {
        watch.handle_certificate(ends);
    }
    for one in &shared.settings.old_algorithms {
        let record = shared.store.device(&one.device);
        if record.is_some_and(|record| allow::on(operator, &record, Right::View).is_ok()) {
            watch.handle_old_algorithms(one.device.as_str(), one.until);
        }
    }
    watch.finish()
}
