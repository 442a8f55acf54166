//! The door's addresses and key, and the connections that come in by it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use homing_proto::api;
use homing_proto::fault::Fault;
use homing_proto::gate::{Crowded, Gate, Limits};
use homing_proto::host_key::{HostKey, HostKeyError};
use homing_proto::lobby;
use homing_transport::front_door::{DoorSettings, serve};
use homing_transport::keys::{KeyFileError, KeyKind, PrivateKey};
use homing_transport::spool::SpoolLimits;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::lobby::{Lobby, Place};
use super::visit::Visit;
use crate::access::RevocationError;
use crate::config::{Authority, Settings};
use crate::descriptors::{self, Whose};
use crate::listener::{ListenError, accepted, bound};
use crate::own_key;
use crate::shared::Shared;

/// The file of the door's own key, in the data folder.
const KEY_FILE: &str = "door_ed25519";
/// Its public half, for people to copy.
const PUBLIC_KEY_FILE: &str = "door_ed25519.pub";
/// Those who are not logged in, in all and of one source: a newcomer beyond takes the place of whoever has been there longest.
const LOGINS: u32 = 256;
const LOGINS_OF_SOURCE: u32 = 32;
/// How often connections that were turned away are told of.
const MINUTE: Duration = Duration::from_secs(60);
/// How long operators' programs may take to leave by themselves once their channels have ended. OpenSSH that is disconnected in the
/// same moment shows no more of what a channel said last.
const LEAVING: Duration = Duration::from_secs(1);
/// How long connections may take to say goodbye.
const FAREWELL: Duration = Duration::from_secs(3);
/// An operator's keep-alive: they may sit behind a NAT as well as a device.
const KEEP_ALIVE: (Duration, u32) = (Duration::from_secs(30), 4);
/// Failed attempts of one connection; an agent may hold many keys.
const TRIES: usize = 12;
/// Channels of one connection: each is limited again by operator and device.
const CHANNELS: usize = 256;
/// What may wait for a device that does not read, on one channel.
pub(super) const INPUT: SpoolLimits = SpoolLimits { memory: 256 << 10, disk: 64 << 20 };
/// How long a device may then take nothing at all.
pub(super) const STALL: Duration = Duration::from_secs(30);

/// Why the front door does not open.
#[derive(Debug, thiserror::Error)]
pub enum FrontDoorError {
    /// An address.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The door's own key.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// A file beside it, or of authorities, can't be used.
    #[error("{path}: {error}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The revocation list.
    #[error(transparent)]
    Revocation(#[from] RevocationError),
    /// A file of authorities has a line that is no key.
    #[error("{path}, line {line}: {error}", path = path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// What is wrong.
        error: HostKeyError,
    },
}

impl FrontDoorError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Listen(_) => "cannot-listen",
            Self::Key(error) => error.code(),
            Self::File { .. } => "file-unreadable",
            Self::Authority { .. } => "invalid-authority",
            Self::Revocation(error) => error.code(),
        }
    }

    /// Who must act.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Key(error) => error.fault(),
            _ => Fault::Operator,
        }
    }
}

/// A door that is bound and not served yet.
#[derive(Debug)]
pub struct FrontDoor {
    key: PrivateKey,
    key_text: String,
    sockets: Vec<(SocketAddr, TcpListener)>,
}

impl FrontDoor {
    /// Makes the key if there is none, and binds the addresses.
    ///
    /// # Errors
    /// The key or an address can't be used.
    pub fn open(settings: &Settings) -> Result<Self, FrontDoorError> {
        let key = PrivateKey::load_or_create(&settings.data.join(KEY_FILE), KeyKind::Ed25519)?;
        let key_text = key.public_text("homing front door");
        let path = settings.data.join(PUBLIC_KEY_FILE);
        own_key::publish(&path, &key_text).map_err(|error| FrontDoorError::File { path, error })?;
        let sockets = settings.front_door.listen.iter().map(|address| bind(*address));
        Ok(Self { key, key_text, sockets: sockets.collect::<Result<_, _>>()? })
    }

    /// As the status shows it.
    pub(crate) fn shown(&self) -> api::FrontDoor {
        api::FrontDoor {
            addresses: self.sockets.iter().map(|(address, _)| address.to_string()).collect(),
            host_key: self.key.host_key().text(),
            fingerprint: self.key.host_key().fingerprint().to_string(),
        }
    }

    /// Lets operators in until it is dropped.
    pub(crate) fn serve(self, shared: &Arc<Shared>) -> Serving {
        let stop = CancellationToken::new();
        let hall = Arc::new(Hall::new(self.key, shared, stop.clone()));
        let mut accepting = JoinSet::new();
        for (address, socket) in self.sockets {
            tracing::debug!(%address, key = %self.key_text, "the front door is open");
            accepting.spawn(accept(Arc::clone(&hall), socket));
        }
        accepting.spawn(tell_of_turned_away(Arc::clone(&hall)));
        Serving { accepting, hall, stop }
    }
}

/// The authorities that a configuration names.
///
/// # Errors
/// A file can't be read, or has a line that is no key.
pub(crate) fn authorities(named: &[Authority]) -> Result<Vec<HostKey>, FrontDoorError> {
    let mut keys = Vec::new();
    for authority in named {
        let path = match authority {
            Authority::Key(key) => {
                keys.push(key.clone());
                continue;
            }
            Authority::File(path) => path,
        };
        let text = std::fs::read_to_string(path)
            .map_err(|error| FrontDoorError::File { path: path.clone(), error })?;
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong =
                |error| FrontDoorError::Authority { path: path.clone(), line: number + 1, error };
            keys.push(HostKey::parse(line).map_err(wrong)?);
        }
    }
    Ok(keys)
}

fn bind(address: SocketAddr) -> Result<(SocketAddr, TcpListener), ListenError> {
    let socket =
        bound(address).map_err(|error| ListenError::new(address, "front_door.listen", &error))?;
    Ok((socket.local_addr().unwrap_or(address), socket))
}

/// A door that lets operators in.
#[derive(Debug)]
pub(crate) struct Serving {
    accepting: JoinSet<()>,
    hall: Arc<Hall>,
    stop: CancellationToken,
}

impl Serving {
    /// Runs one more task that the door needs.
    #[cfg(test)]
    pub(crate) fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.accepting.spawn(task);
    }

    /// Resolves when a task that the door needs has ended though nobody asked it to.
    pub(crate) async fn broken(&mut self) {
        if self.accepting.join_next().await.is_none() {
            std::future::pending().await
        }
    }

    /// Lets nobody in any more.
    pub(crate) async fn close(&mut self) {
        self.accepting.shutdown().await;
    }

    /// Waits a moment for those who have no more channels.
    pub(crate) async fn let_leave(&mut self) {
        self.close().await;
        self.hall.visits.close();
        let _ = timeout(LEAVING, self.hall.visits.wait()).await;
    }

    /// Ends every connection.
    pub(crate) async fn stop(mut self) {
        self.close().await;
        self.stop.cancel();
        self.hall.visits.close();
        let _ = timeout(FAREWELL, self.hall.visits.wait()).await;
    }
}

/// What every connection shares.
#[derive(Debug)]
struct Hall {
    shared: Arc<Shared>,
    settings: Arc<DoorSettings>,
    /// All connections.
    gate: Mutex<Gate>,
    /// Those that are not logged in.
    lobby: Arc<Lobby>,
    turned_away: Arc<AtomicU64>,
    visits: TaskTracker,
    stop: CancellationToken,
}

impl Hall {
    fn new(key: PrivateKey, shared: &Arc<Shared>, stop: CancellationToken) -> Self {
        let settings = &shared.settings.front_door;
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let (total, per_source) = (count(settings.max_connections), count(settings.max_per_source));
        let door = DoorSettings {
            host_key: key,
            post_quantum_only: settings.post_quantum_only,
            login_grace: settings.login_grace,
            max_tries: TRIES,
            max_channels: CHANNELS,
            keep_alive: KEEP_ALIVE,
            input: INPUT,
            stall: STALL,
            patience: super::patience(settings),
        };
        let lobby = lobby::Limits {
            // The rest is for those who are logged in.
            total: LOGINS.min(total.div_ceil(2)),
            per_source: per_source.min(LOGINS_OF_SOURCE),
        };
        Self {
            shared: Arc::clone(shared),
            settings: Arc::new(door),
            gate: Mutex::new(Gate::new(Limits { total, per_source })),
            lobby: Lobby::new(lobby),
            turned_away: Arc::default(),
            visits: TaskTracker::new(),
            stop,
        }
    }

    /// Counts a connection in, until the pass is dropped.
    fn enter(self: &Arc<Self>, source: SocketAddr) -> Result<(Pass, Place), Crowded> {
        // First, so that a crowd of those who do not log in makes room by itself.
        let place = self.lobby.enter(source.ip())?;
        self.gate.lock().unwrap_or_else(PoisonError::into_inner).enter(source.ip())?;
        Ok((Pass { hall: Arc::clone(self), source }, place))
    }
}

/// A connection that was counted in.
struct Pass {
    hall: Arc<Hall>,
    source: SocketAddr,
}

impl Drop for Pass {
    fn drop(&mut self) {
        let gate = &self.hall.gate;
        gate.lock().unwrap_or_else(PoisonError::into_inner).leave(self.source.ip());
    }
}

async fn accept(hall: Arc<Hall>, socket: TcpListener) {
    loop {
        let (stream, source) = match accepted(&socket).await {
            Ok(accepted) => accepted,
            Err(error) => {
                descriptors::accept_failed(&hall.shared, &error, "front door").await;
                continue;
            }
        };
        if !hall.shared.descriptors.has_room(&stream, Whose::Operators) {
            hall.turned_away.fetch_add(1, Ordering::Relaxed);
            descriptors::ran_short(&hall.shared);
            continue;
        }
        match hall.enter(source) {
            Ok((pass, place)) => {
                drop(hall.visits.spawn(receive(Arc::clone(&hall), stream, source, pass, place)));
            }
            Err(crowded) => {
                // One line a connection would be what an attacker wants: it is counted.
                hall.turned_away.fetch_add(1, Ordering::Relaxed);
                tracing::debug!(code = crowded.code(), %source, "front door: {crowded}");
            }
        }
    }
}

/// Serves one operator to the end.
async fn receive(hall: Arc<Hall>, stream: TcpStream, source: SocketAddr, pass: Pass, place: Place) {
    let (stop, shown_out) = (hall.stop.clone(), place.shown_out());
    let (shared, turned_away) = (Arc::clone(&hall.shared), Arc::clone(&hall.turned_away));
    let visit = Arc::new(Visit::new(shared, source, place, turned_away));
    let guest = Arc::clone(&visit);
    let shutdown = async move {
        tokio::select! {
            () = stop.cancelled() => "the gateway is stopping".to_owned(),
            () = shown_out.cancelled() => "too many are not logged in, and others wait".to_owned(),
            gone = guest.expelled() => {
                sleep(LEAVING).await; // each channel says so first
                gone
            }
        }
    };
    let closed = serve(stream, Arc::clone(&hall.settings), Arc::clone(&visit), shutdown).await;
    if visit.failed() {
        hall.shared.access.note_failure(Some(source), None);
    }
    visit.left(&closed.to_string());
    tracing::debug!(%source, code = closed.reason.code(), "front door: {closed}");
    drop(pass);
}

/// One line a minute, if anybody was turned away.
async fn tell_of_turned_away(hall: Arc<Hall>) {
    let mut told = 0;
    loop {
        sleep(MINUTE).await;
        let now = hall.turned_away.load(Ordering::Relaxed);
        if now > told {
            tracing::warn!(
                connections = now - told,
                "front door: turned away in the last minute: too many in all or from one source, or failed logins"
            );
        }
        told = now;
    }
}
