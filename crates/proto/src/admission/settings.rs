//! What a connection is judged by.

use std::net::SocketAddr;
use std::time::Duration;

use crate::identity::{Epoch, ListenerName};

/// The gateway's limits for a connection that is not yet a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// From accept to the end of the initiation sequence.
    pub opening_timeout: Duration,
    /// From accept to the NETCONF hello; the time held for approval does not count.
    pub setup_timeout: Duration,
    /// How long a refused connection is kept, so that the device does not hammer.
    pub refuse_hold: Duration,
    /// How long a device with a proven but unapproved key is kept, so that an operator who accepts
    /// it in that time sees it come in at once. Must be shorter than the device's login grace
    /// time (OpenSSH: two minutes).
    pub pending_hold: Duration,
    /// The gateway's own public key, `ssh-ed25519 AAAA…`: what to install on a device that refuses
    /// the login.
    pub gateway_key: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            opening_timeout: Duration::from_secs(10),
            setup_timeout: Duration::from_secs(30),
            refuse_hold: Duration::from_secs(10),
            pending_hold: Duration::from_secs(20),
            gateway_key: None,
        }
    }
}

/// What is known of a connection when it is accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// When, as the number that orders the sessions of one device.
    pub epoch: Epoch,
    /// By which listener.
    pub listener: ListenerName,
    /// From where.
    pub source: SocketAddr,
    /// Whether this source may send a PROXY protocol header.
    pub proxy_trusted: bool,
}
