//! The ways in which a connection ends before it is a session.

use std::net::IpAddr;

use super::advice::{Advice, Stanza};
use super::failure::Stage;
use crate::excerpt::Excerpt;
use crate::fault::Fault;
use crate::host_key::Fingerprint;
use crate::identity::{DeviceId, DeviceName, ListenerName};
use crate::opening::OpeningError;

/// How a connection ended before it was a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The first bytes led nowhere.
    Opening(OpeningError),
    /// Call home over TLS.
    Tls,
    /// Nothing came in time.
    Silent,
    /// The connection was closed before anything came, as by a port scan or a health check.
    ClosedSilently,
    /// A stage took too long.
    TimedOut(Stage),
    /// The device or the network closed the connection.
    Lost(Stage),

    /// An operator shut the device out.
    Blocked {
        /// The device.
        device: DeviceName,
    },
    /// An operator rejected the key.
    Rejected {
        /// The key.
        key: Fingerprint,
    },
    /// An operator blocked the address: only enrolled devices are taken in from there.
    SourceBlocked {
        /// The address.
        source: IpAddr,
    },
    /// The device is bound to another listener.
    WrongListener {
        /// The device.
        device: DeviceName,
        /// Where it must dial.
        expected: ListenerName,
    },
    /// Several devices are enrolled with one device-id on this listener.
    AmbiguousDeviceId {
        /// The device-id.
        device_id: DeviceId,
        /// The devices.
        devices: Vec<DeviceName>,
    },
    /// A device with a secret sent no HMAC.
    MissingMac(Stanza),
    /// The HMAC was made with another secret, or over another key.
    WrongMac(Stanza),
    /// The key exchange brought another key than the vouched one.
    KeyMismatch {
        /// What HOST-KEY claimed.
        claimed: Fingerprint,
        /// What the SSH server presented.
        presented: Fingerprint,
    },
    /// A key that is pinned for one device came under the device-id of another.
    ClonedKey {
        /// The key.
        key: Fingerprint,
        /// The device-id that came with it.
        device_id: Option<DeviceId>,
        /// The devices for which it is pinned.
        owners: Vec<DeviceName>,
    },
    /// A device calls home with a key that is pinned for several devices.
    AmbiguousKey {
        /// The key.
        key: Fingerprint,
        /// The devices.
        owners: Vec<DeviceName>,
    },

    /// The two ends have no algorithm in common.
    NoCommonAlgorithm {
        /// For what.
        purpose: &'static str,
        /// What the device has.
        theirs: Vec<Excerpt>,
    },
    /// The SSH protocol broke down.
    Ssh(Excerpt),
    /// The device refused the gateway's login.
    LogInRefused {
        /// The device.
        device: DeviceName,
        /// As whom.
        user: Excerpt,
        /// Whether a password was tried.
        with_password: bool,
        /// What the device would have taken.
        methods: Vec<Excerpt>,
        /// The gateway's public key.
        gateway_key: Option<String>,
    },
    /// The device refused to open a channel.
    ChannelRefused(Excerpt),
    /// The device refused the NETCONF subsystem.
    NoNetconf(Stanza),
    /// No NETCONF hello, but something else.
    BadHello(Excerpt),

    /// A newer connection of the device is in session.
    Stale,
    /// Two boxes take over from each other.
    DuplicateDevice {
        /// The device that both are.
        device: DeviceName,
        /// The key that both proved.
        key: Fingerprint,
    },
    /// The store could not be read or written.
    StoreFailed,
    /// The gateway had no room.
    Overloaded,
    /// The device dialled again while this connection waited for its turn.
    Replaced,
    /// The gateway is stopping.
    Stopping,
}

impl Outcome {
    /// A stable word for the timeline, logs, metrics and the API.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Opening(error) => error.code(),
            Self::Tls => "tls-unsupported",
            Self::Silent => "silent",
            Self::ClosedSilently => "closed-silently",
            Self::TimedOut(Stage::Opening) => "initiation-timeout",
            Self::TimedOut(_) => "setup-timeout",
            Self::Lost(_) => "connection-lost",
            Self::Blocked { .. } => "blocked",
            Self::Rejected { .. } => "rejected",
            Self::SourceBlocked { .. } => "source-blocked",
            Self::WrongListener { .. } => "wrong-listener",
            Self::AmbiguousDeviceId { .. } => "ambiguous-device-id",
            Self::MissingMac(_) => "missing-hmac",
            Self::WrongMac(_) => "wrong-hmac",
            Self::KeyMismatch { .. } => "key-mismatch",
            Self::ClonedKey { .. } => "cloned-key",
            Self::AmbiguousKey { .. } => "ambiguous-key",
            Self::NoCommonAlgorithm { .. } => "no-common-algorithm",
            Self::Ssh(_) => "ssh-failed",
            Self::LogInRefused { .. } => "login-refused",
            Self::ChannelRefused(_) => "channel-refused",
            Self::NoNetconf(_) => "no-netconf",
            Self::BadHello(_) => "bad-hello",
            Self::Stale => "stale",
            Self::DuplicateDevice { .. } => "duplicate-device",
            Self::StoreFailed => "store-failed",
            Self::Overloaded => "overloaded",
            Self::Replaced => "replaced",
            Self::Stopping => "gateway-stopping",
        }
    }

    /// Who must act.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Opening(error) => error.fault(),
            Self::Silent | Self::ClosedSilently | Self::Lost(_) | Self::Stale | Self::Replaced => {
                Fault::Network
            }
            Self::TimedOut(Stage::LookUp | Stage::Roster) => Fault::Local,
            Self::TimedOut(_) => Fault::Network,
            Self::StoreFailed | Self::Overloaded | Self::Stopping => Fault::Local,
            Self::Tls | Self::Ssh(_) | Self::ChannelRefused(_) | Self::BadHello(_) => Fault::Peer,
            Self::NoCommonAlgorithm { .. } | Self::KeyMismatch { .. } => Fault::Peer,
            Self::Blocked { .. }
            | Self::Rejected { .. }
            | Self::SourceBlocked { .. }
            | Self::WrongListener { .. }
            | Self::AmbiguousDeviceId { .. }
            | Self::MissingMac(_)
            | Self::WrongMac(_)
            | Self::ClonedKey { .. }
            | Self::AmbiguousKey { .. }
            | Self::LogInRefused { .. }
            | Self::NoNetconf(_)
            | Self::DuplicateDevice { .. } => Fault::Operator,
        }
    }

    /// Whether the connection is kept a little, so that the device does not hammer. One that is
    /// gone, has waited already, or is no device is not.
    pub fn is_held(&self) -> bool {
        !matches!(
            self,
            Self::Opening(OpeningError::Unknown(_) | OpeningError::UntrustedProxy)
                | Self::Silent
                | Self::ClosedSilently
                | Self::TimedOut(_)
                | Self::Lost(_)
                | Self::Stale
                | Self::Overloaded
                | Self::Replaced
                | Self::Stopping
        )
    }

    /// What happened, as a sentence.
    pub fn message(&self) -> String {
        match self {
            Self::Opening(error) => error.to_string(),
            Self::Tls => "calls home over TLS, which this gateway does not take".to_owned(),
            Self::Silent => "connected and sent nothing".to_owned(),
            Self::ClosedSilently => "connected and went away without a word".to_owned(),
            Self::TimedOut(stage) => format!("the {stage} was not complete in time"),
            Self::Lost(stage) => format!("the connection was lost during the {stage}"),
            Self::Blocked { device } => format!("{device} is blocked"),
            Self::Rejected { key } => format!("an operator rejected the host key {key}"),
            Self::SourceBlocked { source } => {
                format!(
                    "an operator blocked {source}: only enrolled devices are taken in from there"
                )
            }
            Self::WrongListener { device, expected } => {
                format!("{device} may only dial the listener {expected}")
            }
            Self::AmbiguousDeviceId { device_id, devices } => {
                format!("several devices have the device-id {device_id}: {}", names(devices))
            }
            Self::MissingMac(stanza) => {
                format!("{} has a secret, but sent no HMAC", stanza.device)
            }
            Self::WrongMac(stanza) => {
                format!("the secret on {} is not the one that was issued", stanza.device)
            }
            Self::KeyMismatch { claimed, presented } => format!(
                "the key exchange brought the host key {presented}, but HOST-KEY said {claimed}; \
                 the device may own several host keys"
            ),
            Self::ClonedKey { key, device_id, owners } => {
                let other = device_id.as_ref().map_or_else(
                    || "another device".to_owned(),
                    |id| format!("a device that says that it is {id}"),
                );
                format!("the host key {key} of {} came from {other}", names(owners))
            }
            Self::AmbiguousKey { key, owners } => {
                format!("the host key {key} is pinned for several devices: {}", names(owners))
            }
            Self::NoCommonAlgorithm { purpose, theirs } if theirs.is_empty() => {
                format!("the device has no {purpose} algorithm in common with the gateway")
            }
            Self::NoCommonAlgorithm { purpose, theirs } => {
                let theirs = texts(theirs);
                format!("no {purpose} algorithm in common; the device has {theirs}")
            }
            Self::Ssh(reason) => format!("SSH failed: {reason}"),
            Self::LogInRefused { user, with_password, methods, .. } => {
                let with = if *with_password { "password" } else { "the gateway's key" };
                let takes = match methods.as_slice() {
                    [] => String::new(),
                    methods => format!("; it takes {}", texts(methods)),
                };
                format!("the device refused the login as {user} with {with}{takes}")
            }
            Self::ChannelRefused(reason) => format!("the device opened no channel: {reason}"),
            Self::NoNetconf(stanza) => {
                format!("{} refused the NETCONF subsystem", stanza.device)
            }
            Self::BadHello(reason) => format!("expected a NETCONF hello: {reason}"),
            Self::Stale => "a newer connection of the device is in session".to_owned(),
            Self::DuplicateDevice { device, key } => {
                format!("two boxes with the host key {key} take over from each other as {device}")
            }
            Self::StoreFailed => "the gateway's store failed".to_owned(),
            Self::Overloaded => {
                "the gateway has too many connections to take this one in soon".to_owned()
            }
            Self::Replaced => "the device dialled again before it was its turn".to_owned(),
            Self::Stopping => "the gateway is stopping".to_owned(),
        }
    }

    /// What a program would want to read without parsing the sentence: fingerprints and names.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::TimedOut(stage) | Self::Lost(stage) => vec![("stage", stage.to_string())],
            Self::Rejected { key } | Self::DuplicateDevice { key, .. } => {
                vec![("key", key.to_string())]
            }
            Self::SourceBlocked { source } => vec![("blocked", source.to_string())],
            Self::WrongListener { expected, .. } => vec![("expected", expected.to_string())],
            Self::AmbiguousDeviceId { devices, .. } => vec![("devices", names(devices))],
            Self::KeyMismatch { claimed, presented } => {
                vec![("claimed", claimed.to_string()), ("key", presented.to_string())]
            }
            Self::ClonedKey { key, owners, .. } | Self::AmbiguousKey { key, owners } => {
                vec![("key", key.to_string()), ("devices", names(owners))]
            }
            Self::NoCommonAlgorithm { purpose, theirs } => {
                vec![("purpose", (*purpose).to_owned()), ("theirs", texts(theirs))]
            }
            Self::LogInRefused { user, methods, .. } => {
                vec![("user", user.to_string()), ("methods", texts(methods))]
            }
            _ => Vec::new(),
        }
    }

    /// What to type, and where; `None` if there is nothing to mend.
    pub fn advice(&self) -> Option<Advice> {
        super::remedy::remedy(self)
    }
}

fn names(devices: &[DeviceName]) -> String {
    let names: Vec<&str> = devices.iter().map(DeviceName::as_str).collect();
    names.join(", ")
}

fn texts(excerpts: &[Excerpt]) -> String {
    let texts: Vec<&str> = excerpts.iter().map(Excerpt::as_str).collect();
    texts.join(", ")
}
