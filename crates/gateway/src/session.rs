//! A device in session: kept alive, its end noticed, told and recorded.
//!
//! ```text
//!   link ── silent for a while ──▶ ping … ping ── no answer ──▶ closed
//!    │ └── closed by the device or the network ──────────────▶ closed
//!    └──── asked to end: taken over, forgotten, blocked, gateway stopping ─▶ closed
//! ```
//!
//! NETCONF's own end (the device closed the channel but keeps the connection) ends the session too: a device without
//! NETCONF is of no use to anybody, and its next call brings it back.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use homing_proto::api::{self, Timestamp};
use homing_proto::dialer::keep_alive::{self, KeepAlive};
use homing_proto::excerpt::Excerpt;
use homing_proto::host_key::Fingerprint;
use homing_proto::identity::{DeviceId, DeviceName, Epoch, ListenerName, SessionId};
use homing_transport::closed::{Closed, ClosedBy, Reason};
use homing_transport::device_link::DeviceLink;
use homing_transport::netconf::NetconfClient;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use crate::shared::Shared;
use crate::store::DeviceRecord;
use crate::{greeting, timeline};

/// How long a device may take to answer `close-session`.
const FAREWELL: Duration = Duration::from_secs(2);

/// How often a session is looked at, at least.
const LOOK: Duration = Duration::from_secs(30);

/// Why the gateway ends a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// A newer session of the device has its place.
    TakenOver,
    /// An operator forgot or blocked the device.
    Withdrawn,
    /// An operator bound the device to another listener.
    Elsewhere,
    /// The host key that it proved is no longer in force.
    KeyRetired,
    /// An operator ended it; the device may dial again.
    Disconnected,
    /// The gateway stops.
    Stopping,
}

impl End {
    fn reason(self) -> &'static str {
        match self {
            Self::TakenOver => "a newer session of the device took over",
            Self::Withdrawn => "an operator forgot or blocked the device",
            Self::Elsewhere => "an operator bound the device to another listener",
            Self::KeyRetired => "the host key that it proved is no longer in force",
            Self::Disconnected => "an operator ended the connection",
            Self::Stopping => "the gateway is stopping",
        }
    }
}

/// Why a session is asked to end, once it is.
#[derive(Debug, Default)]
pub(crate) struct Ask {
    why: OnceLock<End>,
    notify: Notify,
}

impl Ask {
    /// Waits until it is asked.
    async fn asked(&self) -> End {
        loop {
            let mut notified = pin!(self.notify.notified());
            notified.as_mut().enable();
            if let Some(why) = self.why.get() {
                return *why;
            }
            notified.await;
        }
    }
}

/// One device's session.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) device: DeviceName,
    pub(crate) device_id: Option<DeviceId>,
    pub(crate) listener: ListenerName,
    pub(crate) source: SocketAddr,
    pub(crate) epoch: Epoch,
    pub(crate) since: Timestamp,
    pub(crate) fingerprint: Fingerprint,
    /// The capabilities of the device; shared between all devices that say the same.
    pub(crate) capabilities: Arc<[Box<str>]>,
    /// The NETCONF session-id that the device gave.
    pub(crate) netconf_session: Option<u32>,
    pub(crate) netconf: NetconfClient,
    pub(crate) link: DeviceLink,
    /// RPCs waiting or running.
    pub(crate) rpcs: AtomicU64,
    pub(crate) round_trip_us: AtomicU64,
    pub(crate) ask: Ask,
}

impl Session {
    /// Asks the session to end; the first to ask gives the reason.
    pub(crate) fn end(&self, why: End) {
        if self.ask.why.set(why).is_ok() {
            self.ask.notify.notify_waiters();
        }
    }

    /// Why the session may not be, as its device is enrolled at this moment; none: it may.
    pub(crate) fn unfit(&self, record: Option<&DeviceRecord>) -> Option<End> {
        let Some(record) = record.filter(|record| !record.blocked) else {
            return Some(End::Withdrawn);
        };
        if record.listener.as_ref().is_some_and(|bound| *bound != self.listener) {
            return Some(End::Elsewhere);
        }
        let is_pinned = record.pinned().any(|key| key.fingerprint == self.fingerprint);
        (!is_pinned).then_some(End::KeyRetired)
    }

    /// As the API shows it.
    pub(crate) fn shown(&self) -> api::Session {
        let (bytes_in, bytes_out) = self.link.counters();
        let round_trip = self.round_trip_us.load(Ordering::Relaxed);
        api::Session {
            listener: self.listener.to_string(),
            source: self.source.to_string(),
            since: self.since,
            epoch: self.epoch.0,
            fingerprint: self.fingerprint,
            netconf_session: self.netconf_session.map(u64::from),
            capabilities: self.capabilities.iter().map(|uri| uri.to_string()).collect(),
            bytes_in,
            bytes_out,
            round_trip_us: (round_trip > 0).then_some(round_trip),
            rpcs: self.rpcs.load(Ordering::Relaxed),
        }
    }
}

/// Watches over the session until it ends, then gives its place free and records the end.
pub(crate) async fn watch_over(shared: Arc<Shared>, session: Arc<Session>) {
    let closed = until_closed(&shared, &session).await;
    let held_place = shared.fleet.leave(session.id);
    timeline::session_closed(&shared, &session, &closed, held_place);
}

/// What ends a session.
enum Over {
    Link(Closed),
    Asked(End),
    Netconf(String),
    Silent,
}

/// A session rests in [`until_over`] for days: what comes after is kept off its future.
async fn until_closed(shared: &Shared, session: &Arc<Session>) -> Closed {
    let over = until_over(shared, session).await;
    Box::pin(part(session, over)).await
}

async fn until_over(shared: &Shared, session: &Arc<Session>) -> Over {
    let mut watch = Watch::new(shared.keep_alive());
    let link_closed = session.link.closed();
    let netconf_closed = session.netconf.closed();
    let asked = session.ask.asked();
    tokio::pin!(link_closed, netconf_closed, asked);
    loop {
        let wake = Some(watch.wake());
        tokio::select! {
            biased;
            closed = &mut link_closed => {
                watch.tell_of_refused(shared, session);
                return Over::Link(closed);
            }
            why = &mut asked => return Over::Asked(why),
            closed = &mut netconf_closed => return Over::Netconf(closed.to_string()),
            () = greeting::at(wake) => {
                watch.tell_of_refused(shared, session);
                if watch.look(session) == Look::Silent {
                    return Over::Silent;
                }
            }
        }
    }
}

async fn part(session: &Session, over: Over) -> Closed {
    match over {
        Over::Link(closed) => closed,
        Over::Asked(why) => say_goodbye(session, why).await,
        Over::Netconf(what) => without_netconf(session, &what).await,
        Over::Silent => {
            session.link.close("keep-alive: no answer").await;
            Closed { by: ClosedBy::Network, reason: Reason::Silent }
        }
    }
}

/// What a look at a session found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Well,
    Silent,
}

/// The keep-alive of one session. What the device sends is not told to the machine byte by byte, but when it wakes.
struct Watch {
    machine: KeepAlive,
    heard: Instant,
    patience: Duration,
    looked: std::time::Instant,
    told_of_refused: bool,
}

impl Watch {
    fn new(settings: keep_alive::Settings) -> Self {
        let now = Instant::now();
        let patience = settings.patience().unwrap_or_default();
        let machine = KeepAlive::new(settings, now.into_std());
        Self { machine, heard: now, patience, looked: now.into_std(), told_of_refused: false }
    }

    /// When to look next.
    fn wake(&self) -> std::time::Instant {
        let look = self.looked + LOOK;
        self.machine.poll_timeout().map_or(look, |at| at.min(look))
    }

    /// Renews the keys if it is time, probes a silent device.
    fn look(&mut self, session: &Arc<Session>) -> Look {
        self.looked = Instant::now().into_std();
        session.link.renew_keys();
        let heard = session.link.last_heard();
        if heard > self.heard {
            self.heard = heard;
            self.machine.handle_data(heard.into_std());
        }
        self.machine.handle_timeout(Instant::now().into_std());
        match self.machine.poll_action() {
            None => Look::Well,
            Some(keep_alive::Action::Probe) => {
                tokio::spawn(probe(Arc::clone(session), Instant::now() + self.patience));
                Look::Well
            }
            Some(keep_alive::Action::HangUp) => Look::Silent,
        }
    }
}

impl Watch {
    /// A device that opens channels towards the gateway is told of once in a session, however often it tries.
    fn tell_of_refused(&mut self, shared: &Shared, session: &Session) {
        let refused = session.link.refused_channels();
        if refused > 0 && !self.told_of_refused {
            self.told_of_refused = true;
            timeline::channels_refused(shared, session, refused);
        }
    }
}

async fn probe(session: Arc<Session>, deadline: Instant) {
    if let Some(round_trip) = session.link.ping(deadline).await {
        let micros = u64::try_from(round_trip.as_micros()).unwrap_or(u64::MAX);
        session.round_trip_us.store(micros.max(1), Ordering::Relaxed);
    }
}

async fn say_goodbye(session: &Session, why: End) -> Closed {
    if why != End::TakenOver {
        // A device that was taken over is half-open most of the time: it would not answer.
        let _ = timeout(FAREWELL, session.netconf.close()).await;
    }
    session.link.close(why.reason()).await;
    Closed::by_us(why.reason())
}

/// The link's own end tells more, if it comes at once.
async fn without_netconf(session: &Session, what: &str) -> Closed {
    match timeout(Duration::from_millis(200), session.link.closed()).await {
        Ok(closed) => closed,
        Err(_) => {
            let reason = Reason::NetconfEnded(Excerpt::new(what));
            session.link.close(&reason.to_string()).await;
            Closed { by: ClosedBy::Peer, reason }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The size of the future that a function of two arguments makes.
    fn size_of_future<A, B, F: Future>(_: fn(A, B) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn the_task_that_watches_over_a_session_is_small() {
        let size = size_of_future(watch_over);
        assert!(size < 1024, "{size} bytes for each of ten thousand sessions");
    }
}
