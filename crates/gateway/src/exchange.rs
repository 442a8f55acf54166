//! The SSH key exchange with a device, its host key shown to whoever decides.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use homing_proto::admission::{Failure, Offer};
use homing_proto::api::Timestamp;
use homing_proto::excerpt::Excerpt;
use homing_proto::host_key::HostKey;
use homing_proto::identity::DeviceName;
use homing_transport::closed::{Closed, Reason};
use homing_transport::device_link::{
    self, HostKeyAlgorithms, LinkError, LinkSettings, Unauthenticated,
};
use homing_transport::prefixed::Prefixed;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::shared::Shared;

/// The machine's own deadline comes first; this is for the engine if the machine is gone.
const MARGIN: Duration = Duration::from_secs(5);

/// Exchanges keys; the device's key goes to `asking`, with the way back for the answer.
pub(crate) fn exchange(
    shared: Arc<Shared>,
    stream: TcpStream,
    rest: Vec<u8>,
    offer: Offer,
    asking: oneshot::Sender<(HostKey, oneshot::Sender<bool>)>,
    claimed: Option<DeviceName>,
) -> impl Future<Output = Result<Unauthenticated, Failure>> + Send {
    let check = move |key| async move {
        let (verdict, answer) = oneshot::channel();
        asking.send((key, verdict)).is_ok() && answer.await.unwrap_or(false)
    };
    let old_algorithms = match &claimed {
        Some(name) => takes_old(&shared, name),
        // Who calls home is known by its key alone, after the algorithms are agreed on: judged then.
        None => may_call_home_with_old(&shared),
    };
    let is_claimed = claimed.is_some();
    async move {
        let offer = match offer {
            Offer::Any => HostKeyAlgorithms::Any,
            other => HostKeyAlgorithms::Only(other.algorithms()),
        };
        let stream = Prefixed::new(rest, stream);
        let deadline = Instant::now() + shared.settings.setup_timeout + MARGIN;
        let settings = LinkSettings { old_algorithms, ..shared.link };
        let link = device_link::connect(stream, &settings, &offer, deadline, check).await;
        let link = link.map_err(failure)?;
        match link.old_algorithms() {
            Some(old) if !is_claimed && !key_takes_old(&shared, link.host_key()) => {
                Err(Failure::NoCommonAlgorithm {
                    purpose: "up-to-date",
                    theirs: vec![Excerpt::new(old)],
                })
            }
            _ => Ok(link),
        }
    }
}

/// Whether a device that may come without saying who it is, because it has no secret, may come with old algorithms.
fn may_call_home_with_old(shared: &Shared) -> bool {
    let now = Timestamp::now();
    let is_by_key =
        |name: &DeviceName| shared.store.device(name).is_some_and(|device| device.secret.is_none());
    let mut allowed = shared.settings.old_algorithms.iter().filter(|one| one.until > now);
    allowed.any(|one| is_by_key(&one.device))
}

/// Whether the device that proved this key may come with old algorithms.
fn key_takes_old(shared: &Shared, key: &HostKey) -> bool {
    shared.store.by_host_key(key).iter().any(|device| takes_old(shared, &device.name))
}

/// Whether old algorithms are taken from a device for the time being.
fn takes_old(shared: &Shared, name: &DeviceName) -> bool {
    let now = Timestamp::now();
    let allowed = shared.settings.old_algorithms.iter().find(|one| one.device == *name);
    let Some(allowed) = allowed.filter(|one| one.until > now) else { return false };
    tracing::warn!(device = %name, until = %allowed.until, "old algorithms are taken from this device");
    true
}

fn failure(error: LinkError) -> Failure {
    match error {
        LinkError::Deadline => Failure::Lost,
        LinkError::NoCommonAlgorithm { kind, theirs } => {
            Failure::NoCommonAlgorithm { purpose: kind, theirs: vec![theirs] }
        }
        LinkError::Closed(closed) => closed_early(&closed),
        other => Failure::Ssh(Excerpt::new(other.to_string())),
    }
}

/// A connection that ended before it was a session.
pub(crate) fn closed_early(closed: &Closed) -> Failure {
    match &closed.reason {
        Reason::HungUp | Reason::Stream(_) | Reason::Silent => Failure::Lost,
        other => Failure::Ssh(Excerpt::new(other.to_string())),
    }
}
