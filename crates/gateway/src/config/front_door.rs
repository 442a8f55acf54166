//! The SSH front door: where operators log in, whom it trusts, and what may be open and waiting.

use std::fmt;
use std::net::{Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use homing_proto::host_key::HostKey;

/// Where operators log in unless told otherwise.
const DEFAULT_PORT: u16 = 2022;

/// The SSH front door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrontDoor {
    /// Where operators log in; none: nowhere.
    pub listen: Vec<SocketAddr>,
    /// Whose user certificates are taken.
    pub user_ca: Vec<Authority>,
    /// Keys and certificates that are not let in, and files of such, as [`RevocationList`](crate::access::RevocationList) reads them.
    pub revoked: Vec<String>,
    /// Whether key exchanges are refused that a quantum computer would break.
    pub post_quantum_only: bool,
    /// Operators' connections at once.
    pub max_connections: usize,
    /// Connections of one source address at once.
    pub max_per_source: usize,
    /// Of these, connections of one operator at once.
    pub operator_connections: usize,
    /// How long a login may take.
    pub login_grace: Duration,
    /// Channels of one operator at once, whatever the device.
    pub operator_channels: usize,
    /// Channels of all operators on one device at once; the device has a limit of its own.
    pub device_channels: usize,
    /// Bytes that may wait for the reader of one channel.
    pub channel_spool: u64,
    /// Bytes that may wait for one operator.
    pub operator_spool: u64,
    /// Bytes of one device that may wait.
    pub device_spool: u64,
    /// Bytes that may wait for everybody.
    pub total_spool: u64,
    /// How long what waits is kept for an operator who reads nothing once the device has ended the channel.
    pub patience: Duration,
    /// The same for a channel that was cut because too much waited: others need the room.
    pub cut_patience: Duration,
}

impl FrontDoor {
    pub(super) fn defaults() -> Self {
        Self {
            listen: vec![SocketAddr::from((Ipv6Addr::UNSPECIFIED, DEFAULT_PORT))],
            user_ca: Vec::new(),
            revoked: Vec::new(),
            post_quantum_only: false,
            max_connections: 1_024,
            max_per_source: 256,
            operator_connections: 128,
            login_grace: Duration::from_secs(60),
            operator_channels: 256,
            device_channels: 64,
            channel_spool: 1 << 30,
            operator_spool: 4 << 30,
            device_spool: 4 << 30,
            total_spool: 8 << 30,
            patience: Duration::from_secs(3_600),
            cut_patience: Duration::from_secs(60),
        }
    }
}

/// Who signs user certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authority {
    /// The holder of this key.
    Key(HostKey),
    /// The holders of the keys in this file, one a line, as in `TrustedUserCAKeys` of sshd.
    File(PathBuf),
}

impl Authority {
    /// Reads a public key in OpenSSH's form, or the absolute path of a file of such.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.starts_with('/') {
            true => Some(Self::File(PathBuf::from(text))),
            false => HostKey::parse(text).ok().map(Self::Key),
        }
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => f.write_str(&key.text()),
            Self::File(path) => path.display().fmt(f),
        }
    }
}
