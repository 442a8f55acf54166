//! What the gateway runs with.

use std::net::{Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use homing_proto::access::Policy;

use super::address::{DialAddress, Network};
use super::audit::{Audit, RecordingSettings};
use super::front_door::FrontDoor;
use super::http::Http;
use super::old_algorithms::OldAlgorithms;

/// All settings, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where devices are taken in.
    pub listen: Vec<SocketAddr>,
    /// What devices dial: the servers of enrolment stanzas.
    pub addresses: Vec<DialAddress>,
    /// The data folder.
    pub data: PathBuf,
    /// The Unix socket of the local API.
    pub socket: PathBuf,
    /// Where PROXY headers may come from.
    pub proxy_from: Vec<Network>,
    /// The login user on devices that have none of their own.
    pub user: String,
    /// How silence of a device is noticed.
    pub keep_alive: KeepAlive,
    /// What is logged.
    pub log: LogLevel,
    /// Key exchanges and logins under way at once, however little the event loop lags.
    pub max_handshakes: usize,
    /// Connections that wait for their handshake.
    pub max_waiting: usize,
    /// Connections of one source address before their session.
    pub max_per_source: usize,
    /// Pending keys that are kept.
    pub max_pending: u64,
    /// How long a device may take to say who it is.
    pub opening_timeout: Duration,
    /// How long it may take from its connection to its session.
    pub setup_timeout: Duration,
    /// How long a refused connection is held, so that the device doesn't hammer.
    pub refuse_hold: Duration,
    /// How long an unknown device is held while somebody may accept it.
    pub pending_hold: Duration,
    /// How long an RPC may take if the caller doesn't say.
    pub rpc_timeout: Duration,
    /// How long running RPCs are waited for when the gateway stops.
    pub stop_timeout: Duration,
    /// How replies wait for slow readers.
    pub spool: Spool,
    /// The HTTP API over TCP.
    pub http: Http,
    /// The SSH front door.
    pub front_door: FrontDoor,
    /// What is judged by which right RPCs and commands need.
    pub policy: Policy,
    /// From which devices old SSH algorithms are taken, and until when.
    pub old_algorithms: Vec<OldAlgorithms>,
    /// How many events are kept, and how long.
    pub events: Events,
    /// How much of the audit trail is kept.
    pub audit: Audit,
    /// Which terminal sessions are recorded.
    pub recordings: RecordingSettings,
}

/// The keep-alive of device sessions; Junos's statement of that name, also put into stanzas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepAlive {
    /// Unanswered probes before the session is given up.
    pub retry: u32,
    /// Silence before each probe.
    pub timeout: Duration,
}

/// How much of a reply may wait for a slow reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spool {
    /// Bytes of one reply in memory; the rest goes to an unnamed file.
    pub memory: u64,
    /// Bytes of one reply in all.
    pub reply: u64,
    /// Bytes of all replies.
    pub total: u64,
}

/// How many events are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Events {
    /// Of enrolled devices.
    pub keep: u64,
    /// Of strangers and of the gateway itself.
    pub keep_unknown: u64,
    /// No event is kept longer.
    pub age: Duration,
}

/// What is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// What stops the gateway.
    Error,
    /// What somebody should look at.
    Warn,
    /// What happens.
    Info,
    /// How it happens.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    pub(super) const WORDS: &str = "error, warn, info, debug or trace";

    /// The word in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace]
            .into_iter()
            .find(|level| level.as_str() == word)
    }
}

/// What the defaults depend on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Whether the gateway runs as root.
    pub is_root: bool,
    /// `$XDG_DATA_HOME`, or `~/.local/share`.
    pub data_home: Option<PathBuf>,
    /// The host's name, if it has one.
    pub host: Option<String>,
    /// Processor cores.
    pub cores: usize,
}

/// Where the gateway listens unless told otherwise.
pub const DEFAULT_PORTS: [u16; 2] = [4334, 2200];

/// The file of the socket, in the data folder unless told otherwise.
const SOCKET: &str = "homing.sock";

impl Settings {
    pub(super) fn defaults(surroundings: &Surroundings) -> Self {
        let listen = |port| SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
        Self {
            listen: DEFAULT_PORTS.map(listen).to_vec(),
            addresses: Vec::new(),
            data: default_data(surroundings),
            socket: PathBuf::new(),
            proxy_from: Vec::new(),
            user: "homing".into(),
            keep_alive: KeepAlive { retry: 3, timeout: Duration::from_secs(15) },
            log: LogLevel::Info,
            max_handshakes: 2_048 * surroundings.cores.max(1),
            max_waiting: 50_000,
            max_per_source: 512,
            max_pending: 10_000,
            opening_timeout: Duration::from_secs(10),
            setup_timeout: Duration::from_secs(30),
            refuse_hold: Duration::from_secs(10),
            pending_hold: Duration::from_secs(20),
            rpc_timeout: Duration::from_secs(60),
            stop_timeout: Duration::from_secs(20),
            spool: Spool { memory: 256 << 10, reply: 1 << 30, total: 8 << 30 },
            http: Http::defaults(),
            front_door: FrontDoor::defaults(),
            policy: Policy::default(),
            old_algorithms: Vec::new(),
            events: Events {
                keep: 1_000_000,
                keep_unknown: 100_000,
                age: Duration::from_secs(90 * 86_400),
            },
            audit: Audit::default(),
            recordings: RecordingSettings::default(),
        }
    }

    /// Fills in what follows from other settings.
    pub(super) fn finish(&mut self, surroundings: &Surroundings) {
        if self.socket.as_os_str().is_empty() {
            self.socket = self.data.join(SOCKET);
        }
        let port = self.listen.iter().map(SocketAddr::port).find(|port| *port != 0);
        let port = port.unwrap_or(DEFAULT_PORTS[0]);
        for address in self.addresses.iter_mut().filter(|address| address.port == 0) {
            address.port = port;
        }
        if self.addresses.is_empty() {
            self.addresses.extend(self.reachable_at(surroundings, port));
        }
    }
}

impl Settings {
    /// Where devices reach the gateway, as far as it can tell by itself: by its host's name if it listens on every address, else at
    /// an address on which it listens.
    fn reachable_at(&self, surroundings: &Surroundings, port: u16) -> Option<DialAddress> {
        if self.listen.iter().any(|address| address.ip().is_unspecified()) {
            return DialAddress::parse(surroundings.host.as_deref()?, port).ok();
        }
        let beyond = self.listen.iter().find(|address| !address.ip().is_loopback());
        let address = beyond.or(self.listen.first())?;
        let port = if address.port() == 0 { port } else { address.port() };
        Some(DialAddress { host: address.ip().to_string(), port })
    }

    /// Whether stanzas name nothing but addresses that only this machine reaches.
    pub(super) fn is_for_this_machine_alone(&self) -> bool {
        let is_own = |address: &DialAddress| {
            address.host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
        };
        !self.addresses.is_empty() && self.addresses.iter().all(is_own)
    }
}

fn default_data(surroundings: &Surroundings) -> PathBuf {
    match &surroundings.data_home {
        Some(home) if !surroundings.is_root => home.join("homing"),
        _ => PathBuf::from("/var/lib/homing"),
    }
}
