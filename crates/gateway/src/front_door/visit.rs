//! One operator's connection: who they are, which device they mean, and whether they may.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use homing_proto::access::{LoginName, Operator, Right, Target, Via};
use homing_proto::api::Timestamp;
use homing_proto::audit::Entry;
use homing_proto::excerpt::Excerpt;
use homing_proto::host_key::{HostKey, Secret};
use homing_proto::identity::DeviceName;
use homing_transport::device_link::{OpenError, Opening};
use homing_transport::front_door::{Certificate, Door, Opened, Refusal};
use homing_transport::spool::SpoolLimits;
use tokio::time::Instant;

use super::keeper::Warden;
use super::lobby::Place;
use super::register::{Entered, Login};
use crate::access;
use crate::audit;
use crate::config::Network;
use crate::session::Session;
use crate::shared::Shared;
use crate::store::DeviceRecord;

/// How long a device may take to open a channel.
const OPEN_TIMEOUT: Duration = Duration::from_secs(15);
/// How often it is looked whether an operator may still have a channel: grants expire.
const REVIEW: Duration = Duration::from_secs(30);

/// How long each key that is not known takes from a source that failed too often. Whoever has the right one among others still
/// gets in.
const HELD_UP: Duration = Duration::from_secs(1);

/// One operator's connection.
pub(super) struct Visit {
    shared: Arc<Shared>,
    source: SocketAddr,
    /// Held until somebody is logged in.
    waiting: Mutex<Option<Place>>,
    has_tried: AtomicBool,
    /// Logins that were not looked at one by one.
    turned_away: Arc<AtomicU64>,
    /// Whether the last try came from a source that failed too often before: such tries are counted, not told one by one.
    is_hushed: AtomicBool,
    /// Who is logged in, and since when.
    inside: OnceLock<(Arc<Guest>, Instant)>,
}

/// Who has logged in, and where they want to go.
#[derive(Debug)]
pub(super) struct Guest {
    operator: Operator,
    /// What names no device is told on the first channel: before, nobody is there to hear it.
    target: Result<Target, String>,
    terms: Terms,
    /// Counted, unless the operator has as many logins as may be.
    _login: Option<Login>,
}

/// What a certificate allows; a key allows everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) permits_terminal: bool,
    pub(super) permits_forwarding: bool,
    pub(super) force_command: Option<String>,
    /// What the operator logged in with, if it can be revoked by itself.
    pub(super) certificate: Option<access::Certificate>,
}

impl Terms {
    pub(super) const ALL: Self = Self {
        permits_terminal: true,
        permits_forwarding: true,
        force_command: None,
        certificate: None,
    };
}

/// A login name taken apart; one that is wrong says so later.
fn read(login: &str) -> (Option<String>, Result<Target, String>) {
    match LoginName::parse(login) {
        Ok(LoginName { operator, target }) => (operator.map(String::from), Ok(target)),
        Err(error) => {
            // `ops:` names somebody, if no device.
            let operator = login.split_once([':', '%']).map(|(operator, _)| operator.to_owned());
            (operator, Err(error.to_string()))
        }
    }
}

impl Visit {
    pub(super) fn new(
        shared: Arc<Shared>,
        source: SocketAddr,
        waiting: Place,
        turned_away: Arc<AtomicU64>,
    ) -> Self {
        let waiting = Mutex::new(Some(waiting));
        let (has_tried, is_hushed) = (AtomicBool::new(false), AtomicBool::new(false));
        let inside = OnceLock::new();
        Self { shared, source, waiting, has_tried, turned_away, is_hushed, inside }
    }

    /// Notes, before a try, whether its source failed too often.
    fn hush(&self) -> bool {
        let is_throttled = self.shared.access.check(Some(self.source), None).is_err();
        self.is_hushed.store(is_throttled, Ordering::Relaxed);
        is_throttled
    }

    /// Whether somebody tried to log in and did not.
    pub(super) fn failed(&self) -> bool {
        let waits = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        waits && self.has_tried.load(Ordering::Relaxed)
    }

    /// Resolves when whoever is logged in has lost the key, certificate or user that let them in.
    pub(super) async fn expelled(&self) -> String {
        let mut changes = self.shared.access.changes();
        loop {
            if changes.changed().await.is_err() {
                return std::future::pending().await;
            }
            let Some((guest, _)) = self.inside.get() else { continue };
            let certificate = guest.terms.certificate.as_ref();
            if let Err(gone) = renewed(&self.shared, &guest.operator, certificate) {
                return gone.to_owned();
            }
        }
    }

    /// The connection is gone: whoever was logged in no longer is.
    pub(super) fn left(&self, how: &str) {
        let Some((guest, since)) = self.inside.get() else { return };
        let operator = &guest.operator;
        let mut entry = audit::by(operator, "logout").saying(format!("{operator} left: {how}"));
        entry.duration_ms = u64::try_from(since.elapsed().as_millis()).ok();
        entry.fields.insert("credential".to_owned(), operator.credential().to_owned());
        audit::note(&self.shared, entry);
    }

    /// Whoever is proven to be `operator`. One login too many is told on the first channel, like every other reason.
    fn guest(&self, operator: Operator, target: Result<Target, String>, terms: Terms) -> Guest {
        match self.shared.channels.log_in(operator.name()) {
            Ok(login) => Guest { operator, target, terms, _login: Some(login) },
            Err(full) => {
                full.tell(&self.shared.channels, operator.name());
                let target = Err(full.to_string());
                Guest { operator, target, terms, _login: None }
            }
        }
    }

    /// Whether a certificate may be used from here.
    fn is_from(&self, networks: Option<&str>) -> bool {
        let Some(networks) = networks else { return true };
        let networks: Result<Vec<Network>, _> = networks.split(',').map(str::parse).collect();
        networks.is_ok_and(|all| all.iter().any(|one| one.contains(self.source.ip())))
    }

    /// The device that is meant.
    fn device(&self, guest: &Guest, operator: &Operator) -> Result<Arc<DeviceRecord>, String> {
        let target = guest.target.as_ref().map_err(Clone::clone)?;
        let now = Timestamp::now();
        let candidates = match target {
            Target::Device(name) => self.shared.store.device(name).into_iter().collect(),
            Target::Selector(_) => self.shared.store.devices(),
        };
        let seen = |record: &&Arc<DeviceRecord>| operator.sees(&record.name, &record.tags, now);
        let seen = candidates.iter().filter(seen).map(|record| (&record.name, &record.tags));
        let name = target.resolve(seen).map_err(|error| error.to_string())?;
        let record = candidates.into_iter().find(|record| record.name == name);
        record.ok_or_else(|| format!("{name} was forgotten just now"))
    }
}

impl Door for Visit {
    type Guest = Guest;

    async fn knows_key(&self, login: &str, key: &HostKey) -> bool {
        let (operator, _) = read(login);
        let is_known = self.shared.access.knows_key(operator.as_deref(), key);
        if !is_known {
            self.has_tried.store(true, Ordering::Relaxed);
            if self.hush() {
                tokio::time::sleep(HELD_UP).await;
            }
        }
        is_known
    }

    async fn check_key(&self, login: &str, key: &HostKey) -> Option<Guest> {
        let (operator, target) = read(login);
        self.hush();
        let operator = self.shared.access.by_key(operator.as_deref(), key, Some(self.source))?;
        Some(self.guest(operator, target, Terms::ALL))
    }

    async fn check_certificate(&self, login: &str, certificate: &Certificate) -> Option<Guest> {
        let (operator, target) = read(login);
        self.hush();
        if !self.is_from(certificate.source_address.as_deref()) {
            tracing::info!(source = %self.source, "front door: a certificate is not for this source");
            return None;
        }
        let shown = access::Certificate {
            ca: certificate.authority.clone(),
            key: certificate.key.clone(),
            principals: certificate.principals.clone(),
            key_id: certificate.key_id.clone(),
            serial: certificate.serial,
        };
        let found =
            self.shared.access.by_certificate(operator.as_deref(), &shown, Some(self.source));
        let operator = match found {
            Ok(operator) => operator,
            Err(refused) => {
                tracing::info!(code = refused.code(), source = %self.source, "front door: {refused}");
                return None;
            }
        };
        let terms = Terms {
            permits_terminal: certificate.permits_terminal,
            permits_forwarding: certificate.permits_forwarding,
            force_command: certificate.force_command.clone(),
            certificate: Some(shown),
        };
        Some(self.guest(operator, target, terms))
    }

    async fn check_password(&self, login: &str, password: &Secret) -> Option<Guest> {
        let (Some(operator), target) = read(login) else { return None };
        self.hush();
        let access = &self.shared.access;
        match access.by_one_time_password(&operator, password, Some(self.source)).await {
            Ok(operator) => Some(self.guest(operator, target, Terms::ALL)),
            Err(refused) => {
                tracing::info!(code = refused.code(), source = %self.source, "front door: {refused}");
                None
            }
        }
    }

    fn takes_certificates(&self) -> bool {
        !self.shared.settings.front_door.user_ca.is_empty()
    }

    fn refused(&self, login: &str, method: &'static str) {
        self.has_tried.store(true, Ordering::Relaxed);
        let (operator, _) = read(login);
        let name = operator.unwrap_or_else(|| login.to_owned());
        let name = Excerpt::new(name).to_string();
        self.shared.metrics.login("ssh", method);
        if self.is_hushed.load(Ordering::Relaxed) {
            self.turned_away.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let mut entry = audit::stranger(&name, Via::Ssh, Some(self.source), "login-refused");
        entry.result = format!("refused:{method}");
        entry.message = format!("a login as {} by {method} was refused", Excerpt::new(login));
        audit::note(&self.shared, entry);
    }

    fn entered(&self, guest: &Arc<Guest>) {
        drop(self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take());
        let _ = self.inside.set((Arc::clone(guest), Instant::now())); // a connection logs in once
        self.shared.metrics.login("ssh", "ok");
        let mut entry = audit::by(&guest.operator, "login");
        entry.message = match &guest.target {
            Ok(target) => format!("{} logged in for {target}", guest.operator),
            Err(_) => format!("{} logged in", guest.operator),
        };
        entry.fields.insert("credential".to_owned(), guest.operator.credential().to_owned());
        audit::note(&self.shared, entry);
    }

    async fn open(&self, guest: &Arc<Guest>, opening: Opening) -> Result<Opened, Refusal> {
        let operator = renewed(&self.shared, &guest.operator, guest.terms.certificate.as_ref())
            .map_err(|gone| Refusal::Unreachable(gone.to_owned()))?;
        let record = self.device(guest, &operator).map_err(Refusal::Unreachable)?;
        lead(&self.shared, operator, &record, opening, guest.terms.clone()).await
    }
}

/// Leads an operator on to a device: their right, the device's session, a place among the channels, the device's side.
pub(super) async fn lead(
    shared: &Arc<Shared>,
    operator: Operator,
    record: &DeviceRecord,
    opening: Opening,
    terms: Terms,
) -> Result<Opened, Refusal> {
    let (purpose, right) = match &opening {
        Opening::Session => ("session".to_owned(), Right::View),
        Opening::Tcp { host, port, .. } => (format!("tcp {host}:{port}"), Right::Configure),
        Opening::Unix { path } => (format!("unix {path}"), Right::Configure),
    };
    let may = operator.on(&record.name, &record.tags, right, Timestamp::now());
    may.map_err(|denied| {
        denied_entry(shared, &operator, &record.name, &purpose, denied.code());
        Refusal::Prohibited(denied.to_string())
    })?;
    if opening != Opening::Session && !terms.permits_forwarding {
        let why = "your certificate does not allow forwarding (permit-port-forwarding)";
        return Err(Refusal::Prohibited(why.to_owned()));
    }
    let session = session(shared, &record.name).map_err(Refusal::Unreachable)?;
    let entered =
        shared.channels.enter(&operator, &record.name, purpose, right).map_err(|full| {
            full.tell(&shared.channels, operator.name());
            Refusal::Full(full.to_string())
        })?;
    open_on(shared, &session, opening, entered, operator, terms).await
}

/// The device's session, or why there is none.
fn session(shared: &Shared, name: &DeviceName) -> Result<Arc<Session>, String> {
    if *shared.stopping.borrow() {
        return Err("the gateway is stopping".to_owned());
    }
    shared.fleet.session(name).ok_or_else(|| {
        let when = match shared.standings.away(name) {
            Some(away) => format!("offline {away}"),
            None => "offline: it was never in session".to_owned(),
        };
        format!("{name}: {when}; see: homing device log {name}")
    })
}

/// Opens the device's side; the operator has every right that it needs.
async fn open_on(
    shared: &Arc<Shared>,
    session: &Session,
    opening: Opening,
    entered: Entered,
    operator: Operator,
    terms: Terms,
) -> Result<Opened, Refusal> {
    let (name, place) = (&session.device, Arc::clone(&entered.place));
    let is_session = opening == Opening::Session;
    let opened = session.link.open_bare(opening, Instant::now() + OPEN_TIMEOUT).await;
    let channel = opened.map_err(|error| refusal(name, &error, is_session))?;
    let certificate = terms.certificate.clone();
    let mut warden = Warden::new(Arc::clone(shared), operator, entered, terms);
    if !is_session {
        let begun = warden.begin(&place.purpose(), place.right(), None).await;
        begun.map_err(|why| Refusal::Unreachable(format!("{name}: {why}")))?;
        warden.forwards();
    }
    let front_door = &shared.settings.front_door;
    let memory = shared.settings.spool.memory.min(front_door.channel_spool);
    Ok(Opened {
        device: name.to_string(),
        channel,
        output: SpoolLimits {
            memory: usize::try_from(memory).unwrap_or(usize::MAX),
            disk: front_door.channel_spool.saturating_sub(memory),
        },
        budget: place.budget(),
        traffic: Arc::clone(&place.traffic),
        killed: Box::pin(withdrawn(Arc::clone(shared), place, certificate)),
        keeper: Box::new(warden),
    })
}

/// Notes that somebody may not.
pub(super) fn denied_entry(
    shared: &Shared,
    operator: &Operator,
    device: &DeviceName,
    purpose: &str,
    code: &str,
) {
    let mut entry: Entry = audit::on(operator, device, "channel-opened");
    entry.result = format!("refused:{code}");
    entry.operation = Some(purpose.to_owned());
    audit::note(shared, entry);
}

/// What the device's refusal means for the operator.
fn refusal(name: &DeviceName, error: &OpenError, is_session: bool) -> Refusal {
    let hint = format!("see who is on it: homing device sessions {name}");
    match error {
        OpenError::TooMany => Refusal::Full(format!("{name}: {error}; {hint}")),
        OpenError::Prohibited if is_session => Refusal::Full(format!("{name}: {error}; {hint}")),
        OpenError::Prohibited => {
            Refusal::Prohibited(format!("{name}: the device does not allow forwarding"))
        }
        error => Refusal::Unreachable(format!("{name}: {error}")),
    }
}

/// The operator as of this moment, or what is gone.
fn renewed(
    shared: &Shared,
    operator: &Operator,
    certificate: Option<&access::Certificate>,
) -> Result<Operator, &'static str> {
    if certificate.is_some_and(|certificate| shared.access.is_revoked(certificate)) {
        return Err("your certificate is revoked");
    }
    shared.access.renew(operator).ok_or("your key or user was removed from the gateway")
}

/// Resolves when the channel must end: somebody killed it, or its operator may have it no longer.
async fn withdrawn(
    shared: Arc<Shared>,
    place: Arc<super::register::Place>,
    certificate: Option<access::Certificate>,
) -> String {
    let killed = place.killed();
    tokio::pin!(killed);
    let mut changes = shared.access.changes();
    loop {
        tokio::select! {
            reason = &mut killed => return reason,
            changed = changes.changed() => if changed.is_err() {
                return killed.await;
            },
            () = tokio::time::sleep(REVIEW) => {}
        }
        let operator = match renewed(&shared, &place.operator, certificate.as_ref()) {
            Ok(operator) => operator,
            Err(gone) => return gone.to_owned(),
        };
        let Some(record) = shared.store.device(&place.device) else {
            continue; // its session ends for that reason
        };
        let may = operator.on(&record.name, &record.tags, place.right(), Timestamp::now());
        if let Err(denied) = may {
            return denied.to_string();
        }
    }
}
