//! The life of one device: it dials, says who it is, serves SSH and NETCONF, and dials again.
//!
//! ```text
//!   Redial ──Dial──▶ connect ──▶ initiation ──▶ small_server ──▶ gateway's hello: in session ──▶ lost
//!      ▲                │              └ half-open: silence           │ not in time: hang up       │
//!      └────────────────┴─────────────────────────────────────────────┴────────────────────────────┘
//! ```

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use homing_proto::initiation::{Initiation, Nul, compose};
use homing_transport::small_server::{SmallSettings, serve};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::time::{sleep_until, timeout};

use super::identity::Member;
use super::netconf::{Observer, Replies, Session};
use super::redial::{Dial, Redial};
use super::road::{Distance, Road};
use super::tally::{Happened, What};
use crate::random::Random;

/// How long the gateway's end of half a connection finds nobody, before the device's end is closed after all.
const HALF_OPEN: Duration = Duration::from_secs(75);
/// What a slow device needs for every answer.
const SLOW: Duration = Duration::from_secs(1);

/// What all devices share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) servers: Vec<SocketAddr>,
    /// Local addresses, used in turn; none: the system's choice.
    pub(super) sources: Vec<IpAddr>,
    pub(super) patience: Duration,
    pub(super) distance: Distance,
    pub(super) keep_alive: Option<(Duration, u32)>,
    pub(super) post_quantum: bool,
    pub(super) replies: Arc<Replies>,
    /// TCP connections in the making.
    pub(super) dials: Semaphore,
    pub(super) rpcs: AtomicU64,
    pub(super) reply_bytes: AtomicU64,
}

/// What a device tells.
#[derive(Debug)]
pub(super) struct News {
    pub(super) happened: Happened,
    /// Why a connection ended.
    pub(super) reason: Option<String>,
}

/// One device.
pub(super) struct Device {
    pub(super) number: u32,
    pub(super) member: Member,
    pub(super) shared: Arc<Shared>,
    pub(super) news: mpsc::Sender<News>,
    pub(super) stop: watch::Receiver<bool>,
}

impl Device {
    /// Lives until it is told to stop.
    pub(super) async fn live(mut self, mut redial: Redial) {
        let mut stop = self.stop.clone();
        loop {
            let Some(due) = redial.poll_timeout() else { return };
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = sleep_until(due.into()) => {}
            }
            redial.handle_timeout(Instant::now());
            while let Some(dial) = redial.poll_action() {
                if *stop.borrow() {
                    return;
                }
                self.attempt(dial, &mut redial).await;
            }
        }
    }

    async fn attempt(&mut self, dial: Dial, redial: &mut Redial) {
        self.tell(What::Dialled, None).await;
        match self.connect(dial.server).await {
            Err(error) => {
                self.tell(What::Refused, Some(error.to_string())).await;
                redial.handle_refused(Instant::now());
            }
            Ok(socket) => {
                redial.handle_connected(Instant::now());
                self.tell(What::Connected, None).await;
                let (what, reason) = if dial.is_half_open {
                    self.fall_silent(socket).await
                } else {
                    self.serve(socket, redial.is_slow()).await
                };
                self.tell(what, Some(reason)).await;
                redial.handle_over(Instant::now());
            }
        }
    }

    async fn connect(&self, server: usize) -> io::Result<TcpStream> {
        let shared = &self.shared;
        let server = *shared.servers.get(server).ok_or(io::ErrorKind::AddrNotAvailable)?;
        // It is never closed.
        let _permit = shared.dials.acquire().await;
        let socket = if server.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        let turn = self.number as usize % shared.sources.len().max(1);
        if let Some(source) = shared.sources.get(turn) {
            socket.bind(SocketAddr::new(*source, 0))?;
        }
        let connected = timeout(shared.patience, socket.connect(server)).await;
        let mut socket = connected.unwrap_or(Err(io::ErrorKind::TimedOut.into()))?;
        socket.set_nodelay(true)?;
        if let Some(initiation) = self.initiation() {
            // What can't be sent is seen when the answer does not come.
            let _ = socket.write_all(&initiation).await;
        }
        Ok(socket)
    }

    fn initiation(&self) -> Option<Vec<u8>> {
        let initiation = Initiation::new(self.member.device_id.clone()?);
        let initiation = match &self.member.secret {
            Some(secret) => initiation.with_claim(self.member.key.host_key().clone(), secret),
            None => initiation,
        };
        Some(compose(&initiation, Nul::Omit))
    }

    /// The device is gone, and the gateway is not told.
    async fn fall_silent(&mut self, socket: TcpStream) -> (What, String) {
        tokio::spawn(async move {
            tokio::time::sleep(HALF_OPEN).await;
            drop(socket);
        });
        tokio::select! {
            _ = self.stop.wait_for(|stop| *stop) => {}
            () = tokio::time::sleep(self.shared.patience) => {}
        }
        (What::GaveUp, "half-open".to_owned())
    }

    async fn serve(&mut self, socket: TcpStream, is_slow: bool) -> (What, String) {
        let shared = Arc::clone(&self.shared);
        let give_up = Instant::now() + shared.patience;
        let mut distance = shared.distance;
        if is_slow {
            distance.delay += SLOW;
        }
        let seed = u64::from(self.number) ^ shared.rpcs.load(Relaxed).rotate_left(32);
        let road = Road::new(socket, distance, Random::new(seed));
        let (greeted, mut is_greeted) = oneshot::channel();
        let mut greeted = Some(greeted);
        let talk = {
            let shared = Arc::clone(&shared);
            move || {
                let ear = Ear { shared: Arc::clone(&shared), greeted: greeted.take() };
                Session::new(Arc::clone(&shared.replies), ear)
            }
        };
        let settings = SmallSettings {
            host_key: self.member.key.clone(),
            keep_alive: shared.keep_alive,
            post_quantum: shared.post_quantum,
        };
        let mut stop = self.stop.clone();
        let stopped = async move {
            let _ = stop.wait_for(|stop| *stop).await;
            "the simulation ends".to_owned()
        };
        let mut served = std::pin::pin!(serve(road, &settings, talk, stopped));
        let came_in = tokio::select! {
            closed = &mut served => Err((What::TurnedAway, closed.reason.to_string())),
            Ok(()) = &mut is_greeted => Ok(()),
            () = sleep_until(give_up.into()) => Err((What::GaveUp, "no session in time".to_owned())),
        };
        match came_in {
            Err(end) => end,
            Ok(()) => {
                self.tell(What::InSession, None).await;
                (What::Lost, served.await.reason.to_string())
            }
        }
    }

    async fn tell(&self, what: What, reason: Option<String>) {
        let happened = Happened { device: self.number, what, at: Instant::now() };
        // At the end nobody listens any more.
        let _ = self.news.send(News { happened, reason }).await;
    }
}

/// Hears what a session does.
struct Ear {
    shared: Arc<Shared>,
    greeted: Option<oneshot::Sender<()>>,
}

impl Observer for Ear {
    fn greeted(&mut self) {
        if let Some(greeted) = self.greeted.take() {
            let _ = greeted.send(()); // the device may have given up
        }
    }

    fn answered(&mut self, bytes: usize) {
        self.shared.rpcs.fetch_add(1, Relaxed);
        self.shared.reply_bytes.fetch_add(bytes as u64, Relaxed);
    }
}
