//! From a proven device to a session: user authentication, the NETCONF subsystem, both hellos.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use homing_proto::admission::{Failure, ProvenDevice};
use homing_proto::api::Timestamp;
use homing_proto::excerpt::Excerpt;
use homing_proto::netconf::client;
use homing_proto::netconf::hello::Hello;
use homing_proto::netconf::session::Reason;
use homing_transport::device_link::{
    Credential, DeviceLink, Kind, LogInError, OpenError, Unauthenticated,
};
use homing_transport::netconf::{NetconfClient, StartError};
use tokio::time::Instant;

use crate::exchange::closed_early;
use crate::session::{Ask, Session};
use crate::shared::Shared;

/// Requests that wait behind the one that a device is busy with.
const QUEUE: usize = 64;

/// How long a request that was given up may keep its device silent before the session is lost.
const OVERDUE: Duration = Duration::from_secs(300);

/// A device that let the gateway in.
pub(crate) struct LoggedIn {
    pub(crate) user: String,
    pub(crate) link: DeviceLink,
}

/// A device that said hello.
#[derive(Debug)]
pub(crate) struct Greeted {
    link: DeviceLink,
    netconf: NetconfClient,
    hello: Hello,
}

/// Logs in with the device's password if it has one, else with the gateway's key.
pub(crate) async fn log_in(
    shared: Arc<Shared>,
    link: Unauthenticated,
    device: ProvenDevice,
) -> Result<LoggedIn, Failure> {
    let record = shared.store.device(device.name());
    let user = record.as_ref().and_then(|record| record.user.clone());
    let user = user.unwrap_or_else(|| shared.settings.user.clone());
    let credential = match record.as_ref().and_then(|record| record.password.clone()) {
        Some(password) => Credential::Password(password),
        None => Credential::Key(shared.key.clone()),
    };
    match link.log_in(&user, std::slice::from_ref(&credential), deadline(&shared)).await {
        Ok(link) => Ok(LoggedIn { user, link }),
        Err(error) => Err(log_in_failure(error, &user, &credential)),
    }
}

/// The machine has its own deadline, which is earlier.
fn deadline(shared: &Shared) -> Instant {
    Instant::now() + shared.settings.setup_timeout
}

fn log_in_failure(error: LogInError, user: &str, credential: &Credential) -> Failure {
    let refused = |methods: Vec<&'static str>| Failure::LogInRefused {
        user: Excerpt::new(user),
        with_password: matches!(credential, Credential::Password(_)),
        methods: methods.into_iter().map(Excerpt::new).collect(),
    };
    match error {
        LogInError::Refused { offered, .. } => refused(offered),
        LogInError::MoreWanted { then, .. } => refused(then),
        LogInError::Deadline => Failure::Lost,
        LogInError::Closed(closed) => closed_early(&closed),
    }
}

/// Opens NETCONF and exchanges hellos.
pub(crate) async fn greet(shared: Arc<Shared>, link: DeviceLink) -> Result<Greeted, Failure> {
    let deadline = deadline(&shared);
    let channel = link.open(Kind::Subsystem("netconf".to_owned()), deadline).await;
    let channel = channel.map_err(open_failure)?;
    let settings = client::Settings { queue: QUEUE, overdue: OVERDUE, ..Default::default() };
    let started = NetconfClient::start(channel.into_stream(), settings, deadline).await;
    match started {
        Ok((netconf, hello)) => Ok(Greeted { link, netconf, hello }),
        Err(error) => Err(hello_failure(&link, error).await),
    }
}

fn open_failure(error: OpenError) -> Failure {
    match error {
        OpenError::Refused { .. } => Failure::NoNetconf,
        OpenError::Deadline => Failure::Lost,
        OpenError::Closed(closed) => closed_early(&closed),
        other => Failure::ChannelRefused(Excerpt::new(other.to_string())),
    }
}

/// A channel that ends without a hello is the subsystem's fault, unless the whole connection is gone.
async fn hello_failure(link: &DeviceLink, error: StartError) -> Failure {
    let ended = matches!(error.closed.reason, Reason::EndOfStream);
    let closed = tokio::time::timeout(Duration::from_millis(200), link.closed()).await;
    match closed {
        Ok(closed) => closed_early(&closed),
        Err(_) if ended => {
            Failure::BadHello(Excerpt::new("the device closed the channel before its hello"))
        }
        Err(_) => Failure::BadHello(Excerpt::new(error.to_string())),
    }
}

impl Greeted {
    /// The session that this becomes if the roster has a place for it.
    pub(crate) fn into_session(self, shared: &Shared, device: &ProvenDevice) -> Arc<Session> {
        let capabilities = self.hello.capabilities.iter().map(Box::from).collect();
        Arc::new(Session {
            id: shared.fleet.number(),
            device: device.name().clone(),
            device_id: device.device_id().cloned(),
            listener: device.listener().clone(),
            source: device.source(),
            epoch: device.epoch(),
            since: Timestamp::now(),
            fingerprint: device.key().fingerprint(),
            capabilities: shared.intern(capabilities),
            netconf_session: self.hello.session_id,
            netconf: self.netconf,
            link: self.link,
            rpcs: AtomicU64::new(0),
            round_trip_us: AtomicU64::new(0),
            ask: Ask::default(),
        })
    }
}

/// Sleeps until `wake`; for ever without one.
pub(crate) async fn at(wake: Option<std::time::Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(Instant::from_std(wake)).await,
        None => std::future::pending().await,
    }
}
