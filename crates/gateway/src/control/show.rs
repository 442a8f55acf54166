//! The gateway's state as the API shows it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use homing_proto::access::{Operator, Right};
use homing_proto::api::{
    Arriving, Attention, Counts, Device, DeviceState, Listener, Status, Timestamp,
};
use homing_proto::identity::DeviceName;

use super::allow;
use crate::enroll::Terms;
use crate::pending;
use crate::session::Session;
use crate::shared::Shared;
use crate::standing::Standing;
use crate::store::{DeviceRecord, PendingRecord};

/// At most so many devices are named one by one among what wants attention.
const MOST_NAMED: usize = 10;

/// Everything that `operator` sees, enrolled devices first, each part by name.
pub(super) fn devices(shared: &Shared, operator: &Operator) -> Vec<Device> {
    let view = View::new(shared);
    let mut records = shared.store.devices();
    records.retain(|record| allow::on(operator, record, Right::View).is_ok());
    let enrolled = records.iter().map(|record| view.device(record));
    let is_seen = |pending: &&Arc<PendingRecord>| {
        allow::stranger(operator, pending.device_id.as_ref(), Right::View).is_ok()
    };
    let strangers = view.strangers.iter().filter(is_seen);
    enrolled.chain(strangers.map(|pending| stranger(pending))).collect()
}

/// One enrolled device.
pub(super) fn device(shared: &Shared, record: &DeviceRecord) -> Device {
    let sessions = newest_first(shared.fleet.sessions_of(&record.name));
    let waiting = shared.store.pending();
    let waiting = waiting.iter().find(|pending| pending.device.as_ref() == Some(&record.name));
    compose(record, &sessions, shared.standings.of(&record.name), waiting.map(|p| &**p))
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
        has_password: false,
        keys: Vec::new(),
        session: None,
        other_sessions: Vec::new(),
        pending: Some(pending::shown(record)),
        last_event: None,
        created_at: None,
    }
}

/// What lists need, fetched once.
struct View<'a> {
    shared: &'a Shared,
    /// Those of each device, newest first.
    sessions: HashMap<DeviceName, Vec<Arc<Session>>>,
    waiting: HashMap<DeviceName, Arc<PendingRecord>>,
    strangers: Vec<Arc<PendingRecord>>,
}

impl<'a> View<'a> {
    fn new(shared: &'a Shared) -> Self {
        let mut sessions: HashMap<DeviceName, Vec<Arc<Session>>> = HashMap::new();
        for session in newest_first(shared.fleet.all()) {
            sessions.entry(session.device.clone()).or_default().push(session);
        }
        let mut waiting = HashMap::new();
        let mut strangers = Vec::new();
        for pending in shared.store.pending() {
            match &pending.device {
                Some(device) => drop(waiting.insert(device.clone(), pending)),
                None => strangers.push(pending),
            }
        }
        Self { shared, sessions, waiting, strangers }
    }

    fn device(&self, record: &DeviceRecord) -> Device {
        let sessions = self.sessions.get(&record.name).map_or(&[][..], Vec::as_slice);
        let waiting = self.waiting.get(&record.name).map(|pending| &**pending);
        compose(record, sessions, self.shared.standings.of(&record.name), waiting)
    }
}

fn newest_first(mut sessions: Vec<Arc<Session>>) -> Vec<Arc<Session>> {
    sessions.sort_unstable_by_key(|session| std::cmp::Reverse(session.epoch));
    sessions
}

/// `sessions` begin with the newest.
fn compose(
    record: &DeviceRecord,
    sessions: &[Arc<Session>],
    standing: Option<Standing>,
    waiting: Option<&PendingRecord>,
) -> Device {
    let mut sessions = sessions.iter();
    let session = sessions.next();
    let ended = standing.as_ref().and_then(|standing| standing.ended.as_ref());
    let (state, since) = match session {
        Some(session) => (DeviceState::Up, Some(session.since)),
        None if record.blocked => (DeviceState::Blocked, Some(record.updated_at)),
        None if waiting.is_some_and(|pending| pending.reason == "first-key") => {
            (DeviceState::Pending, waiting.map(|pending| pending.first_seen))
        }
        None => match standing.as_ref().and_then(Standing::state) {
            Some(state) => (state, ended.map(|event| event.at)),
            None if record.last_seen().is_some() => (DeviceState::Down, record.last_seen()),
            None => (DeviceState::New, Some(record.created_at)),
        },
    };
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
        has_password: record.password.is_some(),
        keys: record.keys.clone(),
        session: session.map(|session| session.shown()),
        other_sessions: sessions.map(|session| session.shown()).collect(),
        pending: waiting.map(pending::shown),
        last_event: standing.map(|standing| standing.last),
        created_at: Some(record.created_at),
    }
}

/// The gateway and its fleet, in short.
pub(super) fn status(shared: &Shared, terms: &Terms, operator: &Operator) -> Status {
    let devices = devices(shared, operator);
    let mut counts = Counts::default();
    for device in &devices {
        let count = match device.state {
            DeviceState::Up => &mut counts.up,
            DeviceState::Down => &mut counts.down,
            DeviceState::New => &mut counts.new,
            DeviceState::Refused => &mut counts.refused,
            DeviceState::Pending => &mut counts.pending,
            DeviceState::Blocked => &mut counts.blocked,
        };
        *count += 1;
    }
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
        attention: attention(shared, &devices),
    }
}

/// What somebody should look at, most urgent first.
fn attention(shared: &Shared, devices: &[Device]) -> Vec<Attention> {
    let mut all = of_store(shared);
    all.extend(of_old_algorithms(shared, devices));
    let refused = devices.iter().filter(|device| device.state == DeviceState::Refused);
    let mut unnamed = 0;
    for (number, device) in refused.enumerate() {
        if number >= MOST_NAMED {
            unnamed += 1;
            continue;
        }
        let event = device.last_event.as_ref();
        all.push(Attention {
            code: event.map_or("refused", |event| &event.code).to_owned(),
            message: format!(
                "{}: {}",
                device.name,
                event.map_or("refused", |event| &event.message)
            ),
            advice: Some(format!("homing device log {}", device.name)),
        });
    }
    if unnamed > 0 {
        all.push(Attention {
            code: "more-refused".to_owned(),
            message: counted(unnamed, "more device is refused", "more devices are refused"),
            advice: Some("homing device ls --state refused".to_owned()),
        });
    }
    let pending = devices.iter().filter(|device| device.pending.is_some()).count();
    if pending > 0 {
        all.push(Attention {
            code: "pending".to_owned(),
            message: counted(
                pending,
                "host key waits for a decision",
                "host keys wait for a decision",
            ),
            advice: Some("homing device ls --state pending".to_owned()),
        });
    }
    all
}

fn counted(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

/// Devices that are still allowed what should be gone, and those whose time is over.
fn of_old_algorithms<'a>(
    shared: &'a Shared,
    devices: &'a [Device],
) -> impl Iterator<Item = Attention> + 'a {
    let now = Timestamp::now();
    let shown = |name: &str| devices.iter().any(|device| device.name == name);
    let allowed = shared.settings.old_algorithms.iter();
    let allowed = allowed.filter(move |one| shown(one.device.as_str())).take(MOST_NAMED);
    allowed.map(move |one| {
        let (code, says) = match one.until > now {
            true => ("old-algorithms", "old SSH algorithms are taken from it until"),
            false => ("old-algorithms-over", "old SSH algorithms are refused since"),
        };
        Attention {
            code: code.to_owned(),
            message: format!("{}: {says} {}", one.device, one.until),
            advice: Some("update the device, then take it out of old_algorithms".to_owned()),
        }
    })
}

fn of_store(shared: &Shared) -> Vec<Attention> {
    let health = shared.store.health();
    let mut all = Vec::new();
    if let Some((error, since)) = &health.outage {
        all.push(Attention {
            code: error.code().to_owned(),
            message: format!("nothing can be stored for {} s: {error}", since.as_secs()),
            advice: Some(format!("df -h {}", shared.store.folder().display())),
        });
    } else if health.is_nearly_full {
        all.push(Attention {
            code: "disk-nearly-full".to_owned(),
            message: "the disk of the data folder is nearly full".to_owned(),
            advice: Some(format!("df -h {}", shared.store.folder().display())),
        });
    }
    all
}
