//! Accepting connections and serving each until it ends or the gateway stops.
//!
//! ```text
//!   socket ──▶ room for all? else wait in the backlog ──────────────────────▶ HTTP/1.1
//!   TCP    ──▶ descriptors, room in all and for this source? else closed ──TLS, 10 s──▶      │
//!                                                    head: 10 s, 32 KiB ◀───────┘
//! ```

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use homing_proto::gate::Gate;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use super::door::{Doors, TcpDoor, Tls};
use super::operate::Operate;
use super::peer::{self, Encrypted, Peer};
use super::router;
use super::socket::ApiSocket;
use super::tls::Certificate;
use crate::descriptors::{self, ACCEPT_PAUSE, Descriptors, Whose};
use crate::listener::accepted;

/// How many connections of the socket are served at once; more wait in its backlog.
const MAX_LOCAL: usize = 512;
/// How long a request's head may take to arrive.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest head of a request.
const HEAD_LIMIT: usize = 32 * 1024;
/// How long TLS may take to begin.
const TLS_TIMEOUT: Duration = Duration::from_secs(10);
/// How often the files of the certificate are looked at, and turned away connections are told of.
const MINUTE: Duration = Duration::from_secs(60);

/// Serves the API until `stop` ends, then lets running requests finish for at most `grace`.
pub async fn serve<G: Operate>(
    doors: impl Into<Doors>,
    gateway: G,
    stop: impl Future<Output = ()> + Send,
    grace: Duration,
) {
    let doors = doors.into();
    let stopping = CancellationToken::new();
    let serving = Arc::new(Serving {
        router: router(gateway, stopping.clone(), doors.rate),
        gate: Mutex::new(Gate::new(doors.limits)),
        turned_away: AtomicU64::new(0),
        descriptors: Descriptors::of_process(),
        connections: TaskTracker::new(),
        stopping,
        cut: CancellationToken::new(),
    });
    let mut accepting = JoinSet::new();
    accepting.spawn(local(doors.socket, Arc::clone(&serving)));
    for door in doors.tcp {
        accepting.spawn(remote(door, Arc::clone(&serving)));
    }
    accepting.spawn(look_after(doors.certificate, Arc::clone(&serving)));
    tokio::select! {
        () = stop => {}
        // A loop that ends by itself has a fault: whoever serves without it is to know.
        _ = accepting.join_next() => {}
    }
    // The socket's file goes with its loop.
    accepting.shutdown().await;
    serving.finish(grace).await;
}

/// What every connection shares.
#[derive(Debug)]
struct Serving {
    router: Router,
    gate: Mutex<Gate>,
    turned_away: AtomicU64,
    descriptors: Descriptors,
    connections: TaskTracker,
    /// No more requests.
    stopping: CancellationToken,
    /// Not even those that run.
    cut: CancellationToken,
}

impl Serving {
    async fn finish(&self, grace: Duration) {
        self.stopping.cancel();
        self.connections.close();
        if timeout(grace, self.connections.wait()).await.is_err() {
            warn!(connections = self.connections.len(), "API requests are cut off at the end");
            self.cut.cancel();
            self.connections.wait().await;
        }
    }

    /// Counts a connection in, until the pass is dropped.
    fn enter(self: &Arc<Self>, source: SocketAddr) -> Option<Pass> {
        let mut gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        match gate.enter(source.ip()) {
            Ok(()) => Some(Pass { serving: Arc::clone(self), source }),
            Err(crowded) => {
                // One line a connection would be what an attacker wants: it is counted.
                self.turned_away.fetch_add(1, Ordering::Relaxed);
                debug!(code = crowded.code(), %source, "{crowded}");
                None
            }
        }
    }

    fn spawn(self: &Arc<Self>, connection: impl Future<Output = ()> + Send + 'static) {
        let cut = self.cut.clone();
        self.connections.spawn(async move {
            let _ = cut.run_until_cancelled(connection).await;
        });
    }
}

/// A connection that was counted in.
#[derive(Debug)]
struct Pass {
    serving: Arc<Serving>,
    source: SocketAddr,
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut gate = self.serving.gate.lock().unwrap_or_else(PoisonError::into_inner);
        gate.leave(self.source.ip());
    }
}

async fn local(socket: ApiSocket, serving: Arc<Serving>) {
    let room = Arc::new(Semaphore::new(MAX_LOCAL));
    loop {
        let permit = Arc::clone(&room).acquire_owned().await.ok();
        match socket.accept().await {
            Ok(stream) => {
                let shared = Arc::clone(&serving);
                serving.spawn(async move {
                    let peer = Peer::Local(peer::of_socket(&stream).await);
                    connection(stream, peer, None, &shared).await;
                    drop(permit);
                });
            }
            Err(error) if descriptors::is_want_of(&error) => {
                // Told by whoever takes devices in.
                debug!(%error, "the API's socket does not accept");
                sleep(ACCEPT_PAUSE).await;
            }
            Err(error) => {
                warn!(%error, "the API's socket does not accept");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn remote(door: TcpDoor, serving: Arc<Serving>) {
    loop {
        let (stream, source) = match accepted(&door.listener).await {
            Ok(accepted) => accepted,
            Err(error) => {
                debug!(%error, address = %door.address, "no connection can be accepted");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        if !serving.descriptors.has_room(&stream, Whose::Operators) {
            serving.turned_away.fetch_add(1, Ordering::Relaxed);
            continue;
        }
        let Some(pass) = serving.enter(source) else { continue };
        let (shared, tls) = (Arc::clone(&serving), door.tls.clone());
        serving.spawn(async move {
            secured(stream, source, tls, &shared).await;
            drop(pass);
        });
    }
}

async fn secured(stream: TcpStream, source: SocketAddr, tls: Option<Tls>, serving: &Serving) {
    let peer = Peer::Remote(source);
    let Some(Tls(acceptor)) = tls else {
        return connection(stream, peer, None, serving).await;
    };
    let handshake = timeout(TLS_TIMEOUT, acceptor.accept(stream));
    match serving.stopping.run_until_cancelled(handshake).await {
        Some(Ok(Ok(stream))) => connection(stream, peer, Some(Encrypted), serving).await,
        Some(Ok(Err(error))) => debug!(%error, %source, "TLS did not begin"),
        Some(Err(_)) => debug!(%source, "TLS did not begin in time"),
        None => {}
    }
}

/// One connection, whose requests all come from the same peer.
async fn connection<S>(stream: S, peer: Peer, encrypted: Option<Encrypted>, serving: &Serving)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service =
        Known { peer, encrypted, router: TowerToHyperService::new(serving.router.clone()) };
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_header_size(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut served = pin!(served);
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = serving.stopping.cancelled() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        debug!(%error, "an API connection ended early");
    }
}

/// The router, told with each request whose connection it came by.
struct Known {
    peer: Peer,
    encrypted: Option<Encrypted>,
    router: TowerToHyperService<Router>,
}

impl Service<hyper::Request<Incoming>> for Known {
    type Response = axum::response::Response;
    type Error = std::convert::Infallible;
    type Future = <TowerToHyperService<Router> as Service<hyper::Request<Incoming>>>::Future;

    fn call(&self, mut request: hyper::Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.peer.clone());
        if let Some(encrypted) = self.encrypted {
            request.extensions_mut().insert(encrypted);
        }
        self.router.call(request)
    }
}

/// Takes a renewed certificate, and tells of connections that found no room.
async fn look_after(certificate: Option<Arc<Certificate>>, serving: Arc<Serving>) {
    loop {
        sleep(MINUTE).await;
        let turned_away = serving.turned_away.swap(0, Ordering::Relaxed);
        if turned_away > 0 {
            warn!(
                connections = turned_away,
                "turned away from the HTTP API in the last minute: too many, in all or from one source"
            );
        }
        let Some(certificate) = certificate.clone() else { continue };
        let refreshed = tokio::task::spawn_blocking(move || {
            certificate.refresh().map(|is_new| is_new.then(|| certificate.fingerprint()))
        });
        match refreshed.await {
            Ok(Ok(Some(fingerprint))) => {
                tracing::info!(%fingerprint, "a new certificate is in force")
            }
            Ok(Err(error)) => {
                warn!(code = error.code(), %error, "the old certificate stays in force")
            }
            _ => {}
        }
    }
}
