//! One `outbound-ssh client` stanza, checked and ready to be acted on.

use std::time::Duration;

use homing_proto::dialer::{ReconnectStrategy, Server, keep_alive};
use homing_proto::host_key::Secret;
use homing_proto::identity::{ClientId, DeviceId};

/// How long the kernel waits for acknowledgements where no keep-alive is configured.
const USER_TIMEOUT: Duration = Duration::from_secs(120);

/// What a client stanza asks for. Two that are equal need no reconnect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stanza {
    pub(crate) client: ClientId,
    pub(crate) device_id: DeviceId,
    pub(crate) secret: Option<Secret>,
    pub(crate) keep_alive: Option<keep_alive::Settings>,
    pub(crate) strategy: ReconnectStrategy,
    /// `services netconf`.
    pub(crate) netconf: bool,
    pub(crate) servers: Vec<Server>,
    /// From the level of `outbound-ssh`, since Junos has it there.
    pub(crate) routing_instance: Option<String>,
}

impl Stanza {
    /// How long sent data may stay unacknowledged: as long as keep-alive would be patient.
    pub(crate) fn user_timeout(&self) -> Duration {
        self.keep_alive.and_then(|settings| settings.patience()).unwrap_or(USER_TIMEOUT)
    }
}

/// A client stanza that is not started, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The stanza's name as it stands.
    pub(crate) client: String,
    /// What is missing or not supported, and what is expected.
    pub(crate) reason: String,
}
