//! A running gateway: made of its settings, ended in good order.
//!
//! ```text
//! start:  store, key, sockets ──▶ accept loops ──▶ arrivals ──▶ sessions
//! stop:   no more arrivals ──▶ running RPCs finish (bounded) ──▶ sessions say goodbye ──▶ store closed
//! ```

use std::collections::HashSet;
use std::net::SocketAddr;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use homing_proto::api::{self, Timestamp};
use homing_proto::audit::Entry;
use homing_proto::gate::{Gate, Limits};
use homing_proto::host_key::HostKey;
use homing_proto::identity::ListenerName;
use homing_proto::turns;
use homing_transport::device_link::LinkSettings;
use homing_transport::keys::{KeyFileError, KeyKind, PrivateKey};
use homing_transport::spool::{Budget, BudgetLimits};
use tokio::sync::{broadcast, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::access::{Access, RevocationList};
use crate::config::Settings;
use crate::control::{Control, Logins, tell_of_quiet};
use crate::descriptors::{self, Descriptors, Whose};
use crate::enroll::Terms;
use crate::fleet::Fleet;
use crate::front_door::{FrontDoor, FrontDoorError, Register, Serving, authorities, keep_revoking};
use crate::http::CertificateEnd;
use crate::listener::{ListenError, Listener};
use crate::metrics::Metrics;
use crate::recording::Recordings;
use crate::session::End;
use crate::shared::{Counters, Shared};
use crate::standing::Standings;
use crate::store::{self, AuditRetention, OpenError, ReadError, Retention, Store};
use crate::turns::Queue;
use crate::{arrival, audit, host, own_key, temporary, webhooks};

/// The file of the gateway's own SSH key, in the data folder.
const KEY_FILE: &str = "id_ed25519";
/// Its public half, for people to copy.
const PUBLIC_KEY_FILE: &str = "id_ed25519.pub";
/// The folder of recordings, in the data folder.
const RECORDINGS: &str = "recordings";
/// How often the roster is tidied.
const TIDY: Duration = Duration::from_secs(60);
/// How long sessions may take to say goodbye.
const FAREWELL: Duration = Duration::from_secs(5);
/// How many decisions a held connection may miss before it is held in vain.
const DECISIONS: usize = 256;

/// Why a gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The stored events.
    #[error(transparent)]
    Events(#[from] ReadError),
    /// The gateway's own key.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The file of its public half.
    #[error("can't write {path}: {error}", path = path.display())]
    PublicKey {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The folder of recordings.
    #[error("can't use {path}: {error}", path = path.display())]
    Recordings {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// An address.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The SSH front door.
    #[error(transparent)]
    FrontDoor(#[from] FrontDoorError),
}

/// A running gateway.
#[derive(Debug)]
pub struct Gateway {
    shared: Arc<Shared>,
    control: Control,
    accepting: JoinSet<()>,
    front_door: Option<Serving>,
}

impl Gateway {
    /// Opens the data folder, binds the addresses and begins to take devices in.
    ///
    /// # Errors
    /// The data folder, the key or an address can't be used; nothing runs then.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        temporary::warn_of_memory(&std::env::temp_dir());
        let store = open_store(&settings).await?;
        let key = PrivateKey::load_or_create(&settings.data.join(KEY_FILE), KeyKind::Ed25519)?;
        let key_text =
            key.public_text(&format!("homing@{}", host::name().as_deref().unwrap_or("gateway")));
        let path = settings.data.join(PUBLIC_KEY_FILE);
        own_key::publish(&path, &key_text)
            .map_err(|error| StartError::PublicKey { path, error })?;
        let listeners = bind(&settings.listen)?;
        let recordings = open_recordings(&settings, &store).await?;
        let standings = Standings::default();
        for event in store.latest_of_devices().await? {
            standings.note(&event);
        }
        let names = listeners.iter().map(|one| (one.name.clone(), one.address)).collect();
        let user_ca = authorities(&settings.front_door.user_ca)?;
        let mut revocations = RevocationList::new(&settings.front_door.revoked);
        let revoked = revocations.refresh().map_err(FrontDoorError::from)?;
        let (kept, own) = ((store, recordings), (key, key_text));
        let shared = Arc::new(share(settings, kept, standings, own, names, user_ca));
        shared.access.revoke(revoked.unwrap_or_default());
        audit::note(&shared, Entry::by_gateway("gateway-started", shared.started_at));
        let control = Control::new(Arc::clone(&shared), terms(&shared));
        let mut accepting = JoinSet::new();
        for listener in listeners {
            accepting.spawn(accept(Arc::clone(&shared), listener));
        }
        accepting.spawn(tidy(Arc::clone(&shared)));
        if revocations.has_files() {
            accepting.spawn(keep_revoking(Arc::clone(&shared), revocations));
        }
        accepting.spawn(Arc::clone(&shared.turns).keep_beat());
        accepting.spawn(webhooks::serve(Arc::clone(&shared)));
        Ok(Self { shared, control, accepting, front_door: None })
    }

    /// What operators may ask of it.
    #[must_use]
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Who operators are.
    #[must_use]
    pub fn access(&self) -> Access {
        self.shared.access.clone()
    }

    /// Where devices may dial.
    #[must_use]
    pub fn listeners(&self) -> &[(ListenerName, SocketAddr)] {
        &self.shared.listeners
    }

    /// Where the HTTP API is served over TCP.
    #[must_use]
    pub fn http(&self) -> Option<&api::Http> {
        self.shared.http.get()
    }

    /// Notes where the HTTP API is served; the status shows it.
    pub(crate) fn note_http(&self, http: api::Http) {
        // Doors are opened once.
        let _ = self.shared.http.set(http);
    }

    /// Notes the certificate of the HTTP API; the status tells when it ends.
    pub(crate) fn note_certificate(&self, certificate: CertificateEnd) {
        let _ = self.shared.certificate.set(certificate);
    }

    /// Lets operators in by the front door.
    pub fn serve_front_door(&mut self, door: FrontDoor) {
        // A door is opened once.
        let _ = self.shared.front_door.set(door.shown());
        self.front_door = Some(door.serve(&self.shared));
    }

    /// Where operators log in by SSH.
    #[must_use]
    pub fn front_door(&self) -> Option<&api::FrontDoor> {
        self.shared.front_door.get()
    }

    /// How many devices are in session.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.shared.fleet.len()
    }

    /// Resolves when a task that the gateway needs has ended though nobody asked it to, by a fault of the program.
    pub async fn broken(&mut self) {
        let door = async {
            match &mut self.front_door {
                Some(door) => door.broken().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.accepting.join_next() => {}
            () = door => {}
        }
    }

    /// Takes no more devices in and begins no more RPCs.
    pub async fn refuse_arrivals(&mut self) {
        self.shared.stopping.send_replace(true);
        self.accepting.shutdown().await;
        if let Some(door) = &mut self.front_door {
            door.close().await;
        }
    }

    /// Ends in good order: running RPCs may finish, devices are told, the store is closed.
    pub async fn stop(mut self) {
        self.refuse_arrivals().await;
        self.finish_rpcs().await;
        self.close_front_door().await;
        for session in self.shared.fleet.all() {
            session.end(End::Stopping);
        }
        let deadline = Instant::now() + FAREWELL;
        while self.shared.fleet.len() > 0 && Instant::now() < deadline {
            sleep(Duration::from_millis(10)).await;
        }
        audit::note(&self.shared, Entry::by_gateway("gateway-stopped", Timestamp::now()));
        self.shared.store.close().await;
    }

    /// Operators are told on each of their channels, then their connections end.
    async fn close_front_door(&mut self) {
        let open = self.shared.channels.all();
        for place in &open {
            place.kill("the gateway is stopping");
        }
        let deadline = Instant::now() + FAREWELL;
        while self.shared.channels.len() > 0 && Instant::now() < deadline {
            sleep(Duration::from_millis(10)).await;
        }
        let Some(mut door) = self.front_door.take() else { return };
        if !open.is_empty() {
            door.let_leave().await;
        }
        door.stop().await;
    }

    async fn finish_rpcs(&self) {
        let deadline = Instant::now() + self.shared.settings.stop_timeout;
        let running = || {
            let sessions = self.shared.fleet.all();
            sessions.iter().any(|session| session.rpcs.load(Ordering::Relaxed) > 0)
        };
        while running() && Instant::now() < deadline {
            sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn open_store(settings: &Settings) -> Result<Store, OpenError> {
    let limits = store::Limits {
        events: Retention {
            devices: settings.events.keep,
            others: settings.events.keep_unknown,
            age: settings.events.age,
        },
        audit: AuditRetention { keep: settings.audit.keep, age: settings.audit.age },
        pending: settings.max_pending,
        ..store::Limits::default()
    };
    let folder = settings.data.clone();
    let opened = tokio::task::spawn_blocking(move || Store::open(&folder, &limits)).await;
    opened.unwrap_or_else(|panic| Err(OpenError::Database(panic.to_string())))
}

async fn open_recordings(settings: &Settings, store: &Store) -> Result<Recordings, StartError> {
    let path = settings.data.join(RECORDINGS);
    let (folder, wanted, store) = (path.clone(), settings.recordings.clone(), store.clone());
    let note = move |entry| {
        store.note_audit(entry);
    };
    let open = move || Recordings::open(folder, wanted, note);
    let opened = tokio::task::spawn_blocking(open).await;
    opened
        .unwrap_or_else(|panic| Err(std::io::Error::other(panic)))
        .map_err(|error| StartError::Recordings { path, error })
}

/// Names are ports, unless two addresses have the same.
fn bind(addresses: &[SocketAddr]) -> Result<Vec<Listener>, ListenError> {
    let ports: HashSet<u16> = addresses.iter().map(SocketAddr::port).collect();
    let shared_ports = ports.len() < addresses.len() && !ports.contains(&0);
    addresses.iter().map(|address| Listener::bind(*address, shared_ports)).collect()
}

fn share(
    settings: Settings,
    (store, recordings): (Store, Recordings),
    standings: Standings,
    (key, key_text): (PrivateKey, String),
    listeners: Vec<(ListenerName, SocketAddr)>,
    user_ca: Vec<HostKey>,
) -> Shared {
    let total = settings.spool.total;
    let budget = Budget::new(BudgetLimits { memory: total.min(256 << 20), disk: total });
    let gate = Gate::new(Limits {
        total: whole(settings.max_waiting.saturating_add(settings.max_handshakes)),
        per_source: whole(settings.max_per_source),
    });
    Shared {
        metrics: Metrics::new(store.commit_seconds()),
        access: Access::new(store.clone(), user_ca),
        key_text,
        key,
        store,
        recordings,
        fleet: Fleet::new(),
        standings,
        link: LinkSettings { post_quantum: false, old_algorithms: false },
        budget,
        gate: Mutex::new(gate),
        turns: Arc::new(queue(&settings)),
        decisions: broadcast::Sender::new(DECISIONS),
        stopping: watch::Sender::new(false),
        counters: Counters::default(),
        descriptors: Descriptors::of_process(),
        logins: Logins::new(),
        started_at: Timestamp::now(),
        listeners,
        http: OnceLock::new(),
        certificate: OnceLock::new(),
        glance: Arc::default(),
        front_door: OnceLock::new(),
        channels: Arc::new(Register::new(&settings.front_door)),
        capabilities: Mutex::default(),
        last_epoch: AtomicU64::new(0),
        settings,
    }
}

/// The queue for the handshakes, as wide as this machine is.
fn queue(settings: &Settings) -> Queue {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let limits = turns::Settings {
        max_under_way: whole(settings.max_handshakes),
        max_waiting: settings.max_waiting,
        ..turns::Settings::new(whole(cores))
    };
    Queue::new(limits, rand::random())
}

fn whole(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn terms(shared: &Shared) -> Terms {
    Terms {
        addresses: shared.settings.addresses.clone(),
        user: shared.settings.user.clone(),
        keep_alive: shared.settings.keep_alive,
        gateway_key: shared.key_text.clone(),
        listeners: shared.listeners.iter().map(|(name, _)| name.clone()).collect(),
    }
}

async fn accept(shared: Arc<Shared>, listener: Listener) {
    loop {
        let (stream, source) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                descriptors::accept_failed(&shared, &error, listener.name.as_str()).await;
                continue;
            }
        };
        if !shared.descriptors.has_room(&stream, Whose::Devices) {
            shared.counters.turned_away.fetch_add(1, Ordering::Relaxed);
            descriptors::ran_short(&shared);
            continue;
        }
        match shared.enter(source) {
            Ok(pass) => {
                let shared = Arc::clone(&shared);
                tokio::spawn(arrival::take_in(shared, stream, source, listener.name.clone(), pass));
            }
            Err(crowded) => {
                // One line a connection would be what an attacker wants: it is counted.
                shared.counters.turned_away.fetch_add(1, Ordering::Relaxed);
                tracing::debug!(code = crowded.code(), %source, "{crowded}");
            }
        }
    }
}

async fn tidy(shared: Arc<Shared>) {
    let mut turned_away = 0;
    loop {
        sleep(TIDY).await;
        shared.fleet.tidy();
        tell_of_quiet(&shared);
        let recordings = shared.recordings.clone();
        let _ = tokio::task::spawn_blocking(move || recordings.prune()).await;
        let now = shared.counters.turned_away.load(Ordering::Relaxed);
        if now > turned_away {
            tracing::warn!(
                connections = now - turned_away,
                "turned away in the last minute: too many on their way in, in all or from one source"
            );
        }
        turned_away = now;
    }
}

#[cfg(test)]
mod tests;
