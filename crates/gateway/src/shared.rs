//! What every connection of a gateway needs.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use homing_proto::admission;
use homing_proto::api::{self, Timestamp};
use homing_proto::dialer::keep_alive;
use homing_proto::gate::{Crowded, Gate};
use homing_proto::host_key::Fingerprint;
use homing_proto::identity::{DeviceName, Epoch, ListenerName};
use homing_transport::device_link::LinkSettings;
use homing_transport::keys::PrivateKey;
use homing_transport::spool::Budget;
use tokio::sync::{broadcast, watch};

use crate::access::Access;
use crate::config::Settings;
use crate::control::Kept;
use crate::control::Logins;
use crate::descriptors::Descriptors;
use crate::fleet::Fleet;
use crate::front_door::Register;
use crate::http::CertificateEnd;
use crate::metrics::Metrics;
use crate::recording::Recordings;
use crate::standing::Standings;
use crate::store::Store;
use crate::turns::Queue;

/// What an operator decided about a pending key.
#[derive(Debug, Clone)]
pub(crate) struct Decided {
    pub(crate) key: Fingerprint,
    /// The device that may have the key; none: the key was turned down.
    pub(crate) device: Option<DeviceName>,
}

/// Shared by all tasks of a gateway.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) store: Store,
    pub(crate) access: Access,
    pub(crate) recordings: Recordings,
    pub(crate) fleet: Fleet,
    pub(crate) standings: Standings,
    /// The gateway's own key for logging in to devices.
    pub(crate) key: PrivateKey,
    pub(crate) key_text: String,
    pub(crate) link: LinkSettings,
    pub(crate) budget: Budget,
    pub(crate) gate: Mutex<Gate>,
    /// Who waits for the key exchange, and who has it under way.
    pub(crate) turns: Arc<Queue>,
    pub(crate) decisions: broadcast::Sender<Decided>,
    pub(crate) stopping: watch::Sender<bool>,
    pub(crate) counters: Counters,
    pub(crate) descriptors: Descriptors,
    /// Who is in by a token.
    pub(crate) logins: Logins,
    pub(crate) metrics: Metrics,
    pub(crate) started_at: Timestamp,
    pub(crate) listeners: Vec<(ListenerName, SocketAddr)>,
    /// The HTTP API over TCP, once it is served.
    pub(crate) http: OnceLock<api::Http>,
    /// When the certificate of the HTTP API ends.
    pub(crate) certificate: OnceLock<CertificateEnd>,
    /// What was seen of the fleet, until something changes.
    pub(crate) glance: Arc<tokio::sync::Mutex<Option<Kept>>>,
    /// The SSH front door, once it is served.
    pub(crate) front_door: OnceLock<api::FrontDoor>,
    /// What operators have open by it.
    pub(crate) channels: Arc<Register>,
    pub(crate) capabilities: Mutex<HashSet<Arc<[Box<str>]>>>,
    pub(crate) last_epoch: AtomicU64,
}

/// Counted since the start.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Key exchanges and logins under way.
    pub(crate) handshaking: AtomicU64,
    /// Refused, held before they are closed.
    pub(crate) held: AtomicU64,
    /// Closed at once, because too many were on their way in.
    pub(crate) turned_away: AtomicU64,
}

impl Shared {
    /// What admission judges by.
    pub(crate) fn admission(&self) -> admission::Settings {
        admission::Settings {
            opening_timeout: self.settings.opening_timeout,
            setup_timeout: self.settings.setup_timeout,
            refuse_hold: self.settings.refuse_hold,
            pending_hold: self.settings.pending_hold,
            gateway_key: Some(self.key_text.clone()),
        }
    }

    /// The keep-alive of device sessions.
    pub(crate) fn keep_alive(&self) -> keep_alive::Settings {
        let configured = self.settings.keep_alive;
        keep_alive::Settings { retry: configured.retry, timeout: configured.timeout }
    }

    /// Whether a source may send a PROXY header.
    pub(crate) fn trusts_proxy(&self, source: IpAddr) -> bool {
        self.settings.proxy_from.iter().any(|network| network.contains(source))
    }

    /// A number that is higher than any before it, whatever the clock does.
    pub(crate) fn next_epoch(&self) -> Epoch {
        let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or(Duration::ZERO);
        let now = u64::try_from(since.as_micros()).unwrap_or(u64::MAX);
        let next = |last: u64| Some(now.max(last.saturating_add(1)));
        let last = self.last_epoch.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        Epoch(last.map_or(now, |last| now.max(last.saturating_add(1))))
    }

    /// The same list once for all devices that say it: most of a fleet does.
    pub(crate) fn intern(&self, capabilities: Vec<Box<str>>) -> Arc<[Box<str>]> {
        /// Beyond so many different lists, somebody makes them up.
        const MOST: usize = 1024;
        let mut known = self.capabilities.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(same) = known.get(capabilities.as_slice()) {
            return Arc::clone(same);
        }
        let list: Arc<[Box<str>]> = capabilities.into();
        if known.len() >= MOST {
            known.retain(|list| Arc::strong_count(list) > 1);
        }
        if known.len() < MOST {
            known.insert(Arc::clone(&list));
        }
        list
    }

    /// Counts a connection in, until the pass is dropped.
    pub(crate) fn enter(self: &Arc<Self>, source: SocketAddr) -> Result<Pass, Crowded> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner).enter(source.ip())?;
        Ok(Pass { shared: Arc::clone(self), source: source.ip() })
    }

    /// How many connections are on their way in.
    pub(crate) fn arriving(&self) -> u64 {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner).total().into()
    }
}

/// A connection that was counted in.
#[derive(Debug)]
pub(crate) struct Pass {
    shared: Arc<Shared>,
    source: IpAddr,
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.shared.gate.lock().unwrap_or_else(PoisonError::into_inner).leave(self.source);
    }
}

/// Counts something for as long as it lives.
#[derive(Debug)]
pub(crate) struct Counted {
    shared: Arc<Shared>,
    counter: fn(&Counters) -> &AtomicU64,
}

impl Counted {
    pub(crate) fn new(shared: &Arc<Shared>, counter: fn(&Counters) -> &AtomicU64) -> Self {
        counter(&shared.counters).fetch_add(1, Ordering::Relaxed);
        Self { shared: Arc::clone(shared), counter }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.counter)(&self.shared.counters).fetch_sub(1, Ordering::Relaxed);
    }
}
