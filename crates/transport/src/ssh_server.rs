//! What every connection goes through on which we are the SSH server, from its first byte to its end.
//!
//! ```text
//!   key exchange ──▶ login ──────▶ channels ──▶ end of the peer │ silence │ shutdown, with a last word
//!        └── no login by `grace` ──▶ closed
//! ```
//!
//! Source: RFC 4252 to 4254.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use homing_proto::excerpt::Excerpt;
use homing_proto::host_key::HostKey;
use russh::keys::{Algorithm, PublicKey};
use russh::server::{self, RunningSession};
use russh::{Disconnect, Limits, MethodKind, MethodSet, Preferred, SshId};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use crate::closed::{Closed, ClosedBy, Reason};
use crate::keys::{PrivateKey, host_key_of};
use crate::watched::{Pulse, Watched};

/// The largest packet we take.
const PACKET: u32 = 32 * 1024;
/// Bytes from a peer after which new keys are asked for: as many as OpenSSH takes before it asks itself. What is under way on many
/// channels when we ask is more than the library takes, which would end the connection.
const READ: usize = 64 << 30;
/// Packets kept for a channel.
const CHANNEL_BUFFER: usize = 32;
/// How long a parting word may take.
const FAREWELL: Duration = Duration::from_secs(2);
/// How much later than the SSH library's own keep-alive we look whether it is stuck.
const STUCK: Duration = Duration::from_secs(5);
/// How long a refused password takes at least, so that timing tells nothing.
pub(crate) const REFUSAL: Duration = Duration::from_millis(500);

/// What a connection is held to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    /// Time to log in.
    pub(crate) login_grace: Duration,
    /// Failed attempts to log in.
    pub(crate) max_tries: usize,
    /// Ask for a sign of life after this long without data, and hang up when so many in a row were not answered.
    pub(crate) keep_alive: Option<(Duration, u32)>,
    /// Bytes a peer may send on a channel before we answer.
    pub(crate) window: u32,
}

impl Terms {
    /// For the SSH library.
    pub(crate) fn config(&self, keys: &[PrivateKey], preferred: Preferred) -> server::Config {
        let version = concat!("SSH-2.0-Homing_", env!("CARGO_PKG_VERSION"));
        server::Config {
            server_id: SshId::Standard(version.into()),
            methods: methods(),
            auth_rejection_time: Duration::ZERO, // passwords are slowed down where they are checked
            auth_rejection_time_initial: Some(Duration::ZERO),
            keys: keys.iter().map(|key| (*key.inner()).clone()).collect(),
            window_size: self.window,
            maximum_packet_size: PACKET,
            channel_buffer_size: CHANNEL_BUFFER,
            preferred,
            limits: Limits { rekey_read_limit: READ, ..Limits::default() },
            max_auth_attempts: self.max_tries + 1, // the library counts the first, empty one too
            inactivity_timeout: None,
            keepalive_interval: self.keep_alive.map(|(interval, _)| interval),
            keepalive_max: self.keep_alive.map_or(0, |(_, most)| most as usize),
            ..server::Config::default()
        }
    }
}

/// What may be tried to log in.
pub(crate) fn methods() -> MethodSet {
    MethodSet::from(&[MethodKind::PublicKey, MethodKind::Password][..])
}

/// The key, unless it is used with SHA-1.
pub(crate) fn usable(algorithm: &Algorithm, key: &PublicKey) -> Option<HostKey> {
    if matches!(algorithm, Algorithm::Rsa { hash: None } | Algorithm::Dsa) {
        return None;
    }
    host_key_of(key).ok()
}

/// Short, and nothing that a terminal, an environment or a log could be tricked with.
pub(crate) fn is_plain(text: &str, longest: usize) -> bool {
    text.len() <= longest && !text.chars().any(char::is_control)
}

/// What the connection's owner can see of the login.
#[derive(Debug, Default)]
pub(crate) struct LoginState {
    /// Somebody is logged in.
    pub(crate) done: AtomicBool,
    /// Failed attempts.
    pub(crate) failures: AtomicUsize,
}

/// The channels that may be open at once.
#[derive(Debug)]
pub(crate) struct Slots {
    /// How many are.
    open: Arc<AtomicUsize>,
    /// How many may be.
    most: usize,
}

impl Slots {
    /// None open.
    pub(crate) fn new(most: usize) -> Self {
        Self { open: Arc::default(), most }
    }

    /// A slot for one more channel, if there is one.
    pub(crate) fn take(&self) -> Option<Slot> {
        let more = |open| (open < self.most).then_some(open + 1);
        let taken = self.open.fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
        taken.ok().map(|_| Slot(self.open.clone()))
    }
}

/// One of the channels that may be open at once.
pub(crate) struct Slot(Arc<AtomicUsize>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Serves one connection to its end. When `shutdown` resolves the peer is told its text, and the connection is closed.
///
/// Dropping the future ends the connection, too.
pub(crate) async fn serve<S, H>(
    stream: S,
    config: server::Config,
    terms: Terms,
    (handler, login, pulse): (H, Arc<LoginState>, Arc<Pulse>),
    shutdown: impl Future<Output = String>,
) -> Closed
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: server::Handler<Error = russh::Error> + Send + 'static,
{
    let _cut = CutOnDrop(pulse.clone());
    let grace = Instant::now() + terms.login_grace;
    let stream = Watched::new(stream, pulse.clone());
    let mut shutdown = pin!(shutdown);
    let mut running = tokio::select! {
        started = Box::pin(server::run_stream(Arc::new(config), stream, handler)) => match started {
            Ok(running) => running,
            Err(error) => return Closed::from_error(&error),
        },
        () = tokio::time::sleep_until(grace) => return grace_over(),
        reason = &mut shutdown => return Closed::by_us(reason),
    };
    let closed = tokio::select! {
        ended = &mut running => return end_of(&ended, &login, terms.max_tries),
        () = not_logged_in_by(grace, &login) => grace_over(),
        () = stuck(&pulse, terms.keep_alive) => Closed { by: ClosedBy::Us, reason: Reason::Silent },
        reason = &mut shutdown => Closed::by_us(reason),
    };
    part(running, &closed).await;
    closed
}

/// Says why, and gives the peer a moment to hear it.
async fn part<H: server::Handler>(running: RunningSession<H>, closed: &Closed) {
    let handle = running.handle();
    let text = closed.reason.to_string();
    let goodbye = async {
        let _ = handle.disconnect(Disconnect::ByApplication, text, String::new()).await;
        let _ = running.await;
    };
    let _ = tokio::time::timeout(FAREWELL, goodbye).await;
}

/// Nobody logged in in time.
fn grace_over() -> Closed {
    Closed { by: ClosedBy::Us, reason: Reason::LoginGrace }
}

/// Resolves at `grace` if nobody is logged in then.
async fn not_logged_in_by(grace: Instant, login: &LoginState) {
    tokio::time::sleep_until(grace).await;
    if login.done.load(Ordering::Acquire) {
        std::future::pending::<()>().await;
    }
}

/// Resolves when the keep-alive should long have ended a silent connection: the library waits to write and sees no clock.
async fn stuck(pulse: &Pulse, keep_alive: Option<(Duration, u32)>) {
    let Some((interval, most)) = keep_alive else { return std::future::pending().await };
    let patience = interval * (most + 1) + STUCK;
    loop {
        let end = pulse.last_heard() + patience;
        if Instant::now() >= end {
            return;
        }
        tokio::time::sleep_until(end).await;
    }
}

/// What the library's last word means.
fn end_of(ended: &Result<(), russh::Error>, login: &LoginState, max_tries: usize) -> Closed {
    match ended {
        Err(error) => Closed::from_error(error),
        Ok(())
            if !login.done.load(Ordering::Acquire)
                && login.failures.load(Ordering::Acquire) >= max_tries =>
        {
            Closed { by: ClosedBy::Us, reason: Reason::TooManyTries }
        }
        Ok(()) => {
            let reason = Reason::Disconnected { code: 11, text: Excerpt::new("") };
            Closed { by: ClosedBy::Peer, reason }
        }
    }
}

/// Ends the library's task, which else would wait for the peer for ever.
struct CutOnDrop(Arc<Pulse>);

impl Drop for CutOnDrop {
    fn drop(&mut self) {
        self.0.cut();
    }
}
