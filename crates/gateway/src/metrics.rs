//! What Prometheus sees of the gateway: counted where it happens, or looked up when it asks.
//!
//! ```text
//!   arrival, session, RPC, channel ──▶ Metrics (counters, histograms) ──┐
//!   fleet, store, spools, /proc/self ──looked at by the scrape──────────┴──▶ GET /metrics
//! ```
//!
//! No label names a device: a fleet would be as many series. `GET /metrics/devices?selector=` is for those who ask.
//! Source: OpenMetrics 1.0.

mod process;
mod scrape;

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

pub(crate) use scrape::{MOST_DEVICES, devices, gateway};

/// One label.
type One = [(&'static str, String); 1];
/// Two of them.
type Two = [(&'static str, String); 2];
type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// What is counted since the start.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    handshakes: Histograms<One>,
    accept_wait: Histogram,
    disconnects: Family<One, Counter>,
    takeovers: Family<One, Counter>,
    rpc_seconds: Histograms<Two>,
    rpcs: Family<One, Counter>,
    logins: Family<Two, Counter>,
    channels: Family<One, Gauge>,
}

/// How an RPC ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RpcResult {
    /// The device did it.
    Ok,
    /// The device answered with an error.
    Error,
    /// The policy refused it; the device never saw it.
    Refused,
    /// The device is not in session.
    Offline,
    /// Its time was over before it was sent.
    Timeout,
    /// It was sent, and whether it was done is not known.
    Unknown,
}

impl RpcResult {
    const ALL: [Self; 6] =
        [Self::Ok, Self::Error, Self::Refused, Self::Offline, Self::Timeout, Self::Unknown];

    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Refused => "refused",
            Self::Offline => "offline",
            Self::Timeout => "timeout",
            Self::Unknown => "indeterminate",
        }
    }
}

/// Kinds of channels, as their label says them.
pub(crate) const CHANNELS: [&str; 6] = ["shell", "exec", "netconf", "sftp", "subsystem", "forward"];

impl Metrics {
    /// Nothing counted yet. `commits` is the store's own.
    pub(crate) fn new(commits: Histogram) -> Self {
        let metrics = Self {
            registry: Registry::with_prefix("homing"),
            handshakes: Family::new_with_constructor(seconds),
            accept_wait: seconds(),
            disconnects: Family::default(),
            takeovers: Family::default(),
            rpc_seconds: Family::new_with_constructor(seconds),
            rpcs: Family::default(),
            logins: Family::default(),
            channels: Family::default(),
        };
        // So that what never happened reads as 0, and not as nothing.
        for result in RpcResult::ALL {
            drop(metrics.rpcs.get_or_create(&one("result", result.as_str())));
        }
        for kind in CHANNELS {
            drop(metrics.channels.get_or_create(&one("kind", kind)));
        }
        for result in ["took-over", "stale", "duplicate-device"] {
            drop(metrics.takeovers.get_or_create(&one("result", result)));
        }
        let logins = [("via", "ssh".to_owned()), ("result", "ok".to_owned())];
        drop(metrics.logins.get_or_create(&logins));
        drop(metrics.handshakes.get_or_create(&one("result", "in-session")));
        metrics.registered(commits)
    }

    fn registered(mut self, commits: Histogram) -> Self {
        let all = &mut self.registry;
        let seconds = || Unit::Seconds;
        let help = "From accept to the session, or to the refusal";
        all.register_with_unit("handshake", help, seconds(), self.handshakes.clone());
        let help = "How long an arriving connection waited for its turn";
        all.register_with_unit("accept_wait", help, seconds(), self.accept_wait.clone());
        let help = "Sessions of devices that ended, by reason";
        all.register("disconnects", help, self.disconnects.clone());
        let help = "Claims to a place that another session of the device has";
        all.register("takeovers", help, self.takeovers.clone());
        let help = "From sending an RPC to the end of its reply";
        all.register_with_unit("rpc", help, seconds(), self.rpc_seconds.clone());
        all.register("rpc", "RPCs, by how they ended", self.rpcs.clone());
        all.register("logins", "Logins of operators", self.logins.clone());
        all.register("channels_open", "Channels of operators on devices", self.channels.clone());
        let help = "Transactions of the store, their sync included";
        all.register_with_unit("journal_fsync", help, seconds(), commits);
        self
    }

    /// A connection is in session, or refused; `result` is its outcome's code.
    pub(crate) fn handshake(&self, result: &str, took: Duration) {
        self.handshakes.get_or_create(&one("result", result)).observe(took.as_secs_f64());
    }

    /// A connection had its turn.
    pub(crate) fn waited(&self, took: Duration) {
        self.accept_wait.observe(took.as_secs_f64());
    }

    /// A session ended.
    pub(crate) fn disconnected(&self, reason: &str) {
        self.disconnects.get_or_create(&one("reason", reason)).inc();
    }

    /// A session claimed a place that was taken.
    pub(crate) fn claimed(&self, result: &str) {
        self.takeovers.get_or_create(&one("result", result)).inc();
    }

    /// An RPC ended. `kind` is the right that it needed.
    pub(crate) fn rpc(&self, kind: &str, result: RpcResult, took: Option<Duration>) {
        self.rpcs.get_or_create(&one("result", result.as_str())).inc();
        if let Some(took) = took {
            let labels = [("kind", kind.to_owned()), ("route", "local".to_owned())];
            self.rpc_seconds.get_or_create(&labels).observe(took.as_secs_f64());
        }
    }

    /// Somebody logged in, or tried to: `result` is `ok` or the refusal's code.
    pub(crate) fn login(&self, via: &str, result: &str) {
        let labels = [("via", via.to_owned()), ("result", result.to_owned())];
        self.logins.get_or_create(&labels).inc();
    }

    /// A channel is open for as long as the value lives. `kind` is one of [`CHANNELS`].
    pub(crate) fn channel(&self, kind: &'static str) -> OpenChannel {
        let gauge = self.channels.get_or_create_owned(&one("kind", kind));
        gauge.inc();
        OpenChannel(gauge)
    }
}

/// Counts a channel as open.
#[derive(Debug)]
pub(crate) struct OpenChannel(Gauge);

impl Drop for OpenChannel {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn one(label: &'static str, value: &str) -> One {
    [(label, value.to_owned())]
}

/// From a millisecond to a minute and a half.
pub(crate) fn seconds() -> Histogram {
    Histogram::new([
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 90.0,
    ])
}

/// From 100 µs on: for what a disk does.
pub(crate) fn disk_seconds() -> Histogram {
    Histogram::new([
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
    ])
}
