//! One operator from the first byte to the end.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use homing_proto::excerpt::Excerpt;
use russh::server::{self, RunningSession};
use russh::{Disconnect, SshId};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::handler::{Handler, LoginState, methods};
use super::{Door, DoorSettings};
use crate::algorithms;
use crate::closed::{Closed, ClosedBy, Reason};
use crate::watched::{Pulse, Watched};

/// Bytes an operator may send on a channel before we answer.
const WINDOW: u32 = 2 * 1024 * 1024;
/// The largest packet we take.
const PACKET: u32 = 32 * 1024;
/// Packets kept for a channel.
const CHANNEL_BUFFER: usize = 32;
/// How long a parting word may take.
const FAREWELL: Duration = Duration::from_secs(2);
/// How much later than the SSH library's own keep-alive we look whether it is stuck.
const STUCK: Duration = Duration::from_secs(5);

/// Serves one operator to the end. When `shutdown` resolves they are told its text, and the connection is closed.
///
/// Dropping the future ends the connection, too.
pub async fn serve<S, D>(
    stream: S,
    settings: Arc<DoorSettings>,
    door: Arc<D>,
    shutdown: impl Future<Output = String>,
) -> Closed
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    D: Door,
{
    let login = Arc::new(LoginState::default());
    let pulse = Pulse::new();
    let _cut = CutOnDrop(pulse.clone());
    let handler = Handler::new(settings.clone(), door, login.clone(), pulse.clone());
    let grace = Instant::now() + settings.login_grace;
    let config = Arc::new(config(&settings));
    let stream = Watched::new(stream, pulse.clone());
    let mut shutdown = pin!(shutdown);
    let mut running = tokio::select! {
        started = Box::pin(server::run_stream(config, stream, handler)) => match started {
            Ok(running) => running,
            Err(error) => return Closed::from_error(&error),
        },
        () = tokio::time::sleep_until(grace) => return grace_over(),
        reason = &mut shutdown => return Closed::by_us(reason),
    };
    let closed = tokio::select! {
        ended = &mut running => return end_of(&ended, &login, &settings),
        () = not_logged_in_by(grace, &login) => grace_over(),
        () = stuck(&pulse, &settings) => Closed { by: ClosedBy::Us, reason: Reason::Silent },
        reason = &mut shutdown => Closed::by_us(reason),
    };
    part(running, &closed).await;
    closed
}

/// Says why, and gives the operator a moment to hear it.
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
async fn stuck(pulse: &Pulse, settings: &DoorSettings) {
    let (interval, most) = settings.keep_alive;
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
fn end_of(ended: &Result<(), russh::Error>, login: &LoginState, settings: &DoorSettings) -> Closed {
    match ended {
        Err(error) => Closed::from_error(error),
        Ok(())
            if !login.done.load(Ordering::Acquire)
                && login.failures.load(Ordering::Acquire) >= settings.max_tries =>
        {
            Closed { by: ClosedBy::Us, reason: Reason::TooManyTries }
        }
        Ok(()) => {
            let reason = Reason::Disconnected { code: 11, text: Excerpt::new("") };
            Closed { by: ClosedBy::Peer, reason }
        }
    }
}

/// For the SSH library.
fn config(settings: &DoorSettings) -> server::Config {
    let (interval, most) = settings.keep_alive;
    server::Config {
        server_id: SshId::Standard(concat!("SSH-2.0-Homing_", env!("CARGO_PKG_VERSION")).into()),
        methods: methods(),
        auth_rejection_time: Duration::ZERO, // passwords are slowed down where they are checked
        auth_rejection_time_initial: Some(Duration::ZERO),
        keys: vec![(*settings.host_key.inner()).clone()],
        window_size: WINDOW,
        maximum_packet_size: PACKET,
        channel_buffer_size: CHANNEL_BUFFER,
        preferred: algorithms::strict(settings.post_quantum_only),
        max_auth_attempts: settings.max_tries + 1, // the library counts the first, empty one too
        inactivity_timeout: None,
        keepalive_interval: Some(interval),
        keepalive_max: most as usize,
        ..server::Config::default()
    }
}

/// Ends the library's task, which else would wait for the operator for ever.
struct CutOnDrop(Arc<Pulse>);

impl Drop for CutOnDrop {
    fn drop(&mut self) {
        self.0.cut();
    }
}
