//! What is looked up when Prometheus asks.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use homing_proto::api;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::{One, one, process};
use crate::shared::Shared;

/// The most devices that one answer tells of.
pub(crate) const MOST_DEVICES: usize = 10_000;

/// The gateway, as OpenMetrics text.
pub(crate) fn gateway(shared: &Shared, status: &api::Status) -> String {
    let mut looked_up = Registry::default();
    fleet(looked_up.sub_registry_with_prefix("homing"), shared, status);
    store(looked_up.sub_registry_with_prefix("homing"), shared);
    process::register(&mut looked_up, status.started_at.as_microsecond() as f64 / 1e6);
    let mut text = String::new();
    // Writing into a text can't fail.
    let _ = encode_registry(&mut text, &shared.metrics.registry);
    let _ = encode_registry(&mut text, &looked_up);
    let _ = encode_eof(&mut text);
    text
}

fn fleet(to: &mut Registry, shared: &Shared, status: &api::Status) {
    let counts = &status.devices;
    let devices = Family::<One, Gauge>::default();
    for (state, count) in [
        ("up", counts.up),
        ("down", counts.down),
        ("new", counts.new),
        ("refused", counts.refused),
        ("pending", counts.pending),
        ("blocked", counts.blocked),
    ] {
        devices.get_or_create(&one("state", state)).set(whole(count));
    }
    to.register("devices", "Devices, by where they stand", devices);
    let mut listeners: BTreeMap<String, u64> =
        status.listeners.iter().map(|listener| (listener.name.clone(), 0)).collect();
    for session in shared.fleet.all() {
        *listeners.entry(session.listener.to_string()).or_default() += 1;
    }
    let sessions = Family::<[(&'static str, String); 2], Gauge>::default();
    for (listener, count) in listeners {
        let labels = [("state", "up".to_owned()), ("listener", listener)];
        sessions.get_or_create(&labels).set(whole(count));
    }
    to.register("sessions", "Sessions of devices, by listener", sessions);
    let arriving = &status.arriving;
    let permits = shared.turns.permits();
    let turned_away = shared.counters.turned_away.load(Ordering::Relaxed);
    gauge(
        to,
        "accept_queue_length",
        "Connections that wait for their turn",
        whole(shared.turns.waiting() as u64),
    );
    gauge(to, "handshakes", "Key exchanges and logins under way", whole(arriving.handshaking));
    gauge(to, "held", "Refused connections, held before they are closed", whole(arriving.held));
    gauge(to, "admission_permits", "Handshakes that may run at once", permits.into());
    counter(to, "turned_away", "Connections closed at once: too many on their way in", turned_away);
    let attention = i64::try_from(status.attention.len()).unwrap_or(i64::MAX);
    gauge(to, "attention", "Things that somebody should look at", attention);
    let version = [("version", env!("CARGO_PKG_VERSION"))];
    to.register("build", "The version that runs", Info::new(version));
}

fn store(to: &mut Registry, shared: &Shared) {
    let health = shared.store.health();
    let seconds = |name: &str, help: &str, value: f64, to: &mut Registry| {
        let lag = Gauge::<f64, AtomicU64>::default();
        lag.set(value);
        to.register(name, help, lag);
    };
    gauge(to, "store_up", "1 while the store can be written", i64::from(health.outage.is_none()));
    gauge(
        to,
        "store_waiting",
        "Writes and notes that wait for the disk",
        whole(health.waiting as u64),
    );
    let help = "How long the oldest write or note has waited";
    seconds("store_lag_seconds", help, health.lag.as_secs_f64(), to);
    let help = "How long the oldest audit entry that nobody waits for has waited";
    seconds("audit_lag_seconds", help, health.audit_lag.as_secs_f64(), to);
    if let Some(free) = health.free_bytes {
        gauge(to, "store_free_bytes", "What the data folder's file system has left", whole(free));
    }
    counter(
        to,
        "audit_entries",
        "Entries of the audit trail since it began",
        shared.store.audit_head().id,
    );
    let spool = Family::<One, Gauge>::default();
    let (memory, disk) = shared.channels.waiting();
    let (memory, disk) = (memory + shared.budget.memory_used(), disk + shared.budget.disk_used());
    spool.get_or_create(&one("place", "memory")).set(whole(memory));
    spool.get_or_create(&one("place", "disk")).set(whole(disk));
    to.register("spool_bytes", "Output that waits for slow readers", spool);
    gauge(
        to,
        "recordings_bytes",
        "Recordings of terminal sessions",
        whole(shared.recordings.bytes()),
    );
}

/// Devices, one by one, as OpenMetrics text.
pub(crate) fn devices(devices: &[api::Device]) -> String {
    let mut registry = Registry::default();
    let to = registry.sub_registry_with_prefix("homing_device");
    let up = Family::<One, Gauge>::default();
    let since = Family::<One, Gauge<f64, AtomicU64>>::default();
    let round_trip = Family::<One, Gauge<f64, AtomicU64>>::default();
    let rpcs = Family::<One, Gauge>::default();
    let bytes = Family::<[(&'static str, String); 2], Counter>::default();
    for device in devices {
        let label = one("device", &device.name);
        up.get_or_create(&label).set(i64::from(device.session.is_some()));
        let Some(session) = &device.session else { continue };
        since.get_or_create(&label).set(session.since.as_microsecond() as f64 / 1e6);
        rpcs.get_or_create(&label).set(whole(session.rpcs));
        if let Some(micros) = session.round_trip_us {
            round_trip.get_or_create(&label).set(micros as f64 / 1e6);
        }
        for (direction, count) in [("in", session.bytes_in), ("out", session.bytes_out)] {
            let labels = [("device", device.name.clone()), ("direction", direction.to_owned())];
            bytes.get_or_create(&labels).inc_by(count);
        }
    }
    to.register("up", "1 while the device is in session", up);
    to.register("session_start_seconds", "When the session began", since);
    to.register("round_trip_seconds", "The last measured round trip", round_trip);
    to.register("rpcs", "RPCs that wait or run", rpcs);
    to.register("bytes", "Bytes of the session", bytes);
    let mut text = String::new();
    let _ = encode_registry(&mut text, &registry);
    let _ = encode_eof(&mut text);
    text
}

fn gauge(to: &mut Registry, name: &str, help: &str, value: i64) {
    let gauge = Gauge::<i64>::default();
    gauge.set(value);
    to.register(name, help, gauge);
}

fn counter(to: &mut Registry, name: &str, help: &str, value: u64) {
    let counter = Counter::<u64>::default();
    counter.inc_by(value);
    to.register(name, help, counter);
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
