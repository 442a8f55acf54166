//! What the shell must do, and the proofs that it is handed.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::{LookUp, PendingReason, Step};
use crate::host_key::{Fingerprint, HostKey, ProvenKey};
use crate::identity::{DeviceId, DeviceName, Epoch, ListenerName};

/// What the shell must do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Write one line to the timeline.
    Record(Box<Step>),
    /// Ask the store; answer with `handle_record`.
    LookUp(LookUp),
    /// Start the SSH client on the connection: `rest` is to be read before the socket. Answer the
    /// engine's question about the host key by `handle_host_key`.
    StartSsh {
        /// The host-key algorithms to offer.
        offer: Offer,
        /// Bytes of SSH that were read with the opening.
        rest: Vec<u8>,
    },
    /// Let the key exchange go on; `handle_exchanged` when it is complete.
    AcceptKey,
    /// Break the key exchange off.
    RejectKey,
    /// The key exchange is done with a key that nobody has approved: show it as pending, send the
    /// device nothing, and answer `handle_approved` or `handle_rejected` if an operator decides
    /// before `until`.
    AwaitApproval {
        /// What to show.
        pending: Box<Pending>,
        /// When the connection will be closed.
        until: Instant,
    },
    /// Make the key the device's only one in force and keep the others as its history. It must
    /// be safe in the store before the next action is carried out.
    PinKey {
        /// The device.
        device: DeviceName,
        /// Its key.
        key: ProvenKey,
        /// The keys that were in force.
        replaces: Vec<Fingerprint>,
    },
    /// Log in and open NETCONF; `handle_logged_in`, `handle_hello` or `handle_failed`.
    LogIn(ProvenDevice),
    /// Enter it into the roster; `handle_claimed` with what the roster said.
    Admit(ProvenDevice),
    /// Refused: keep the connection so long without reading it. The machine says `Close` itself.
    Hold(Duration),
    /// Close the connection; the machine is finished.
    Close,
}

/// The host-key algorithms to offer in the key exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offer {
    /// Those of these keys and no others: another key would be refused anyway.
    Keys(Vec<HostKey>),
    /// Those of these keys, then all others: another key would be shown to an operator.
    KeysFirst(Vec<HostKey>),
    /// All.
    Any,
}

impl Offer {
    /// Every plain host-key algorithm of a usual SSH server, the best first.
    pub const ALL: [&'static str; 7] = [
        "ssh-ed25519",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "rsa-sha2-512",
        "rsa-sha2-256",
        "ssh-rsa",
    ];

    /// The algorithms, in the order in which to offer them.
    pub fn algorithms(&self) -> Vec<&'static str> {
        let (keys, others): (&[HostKey], &[&'static str]) = match self {
            Self::Keys(keys) => (keys, &[]),
            Self::KeysFirst(keys) => (keys, &Self::ALL),
            Self::Any => (&[], &Self::ALL),
        };
        let mut algorithms = Vec::new();
        for algorithm in keys.iter().flat_map(HostKey::signature_algorithms).chain(others) {
            if !algorithms.contains(algorithm) {
                algorithms.push(*algorithm);
            }
        }
        algorithms
    }
}

/// An enrolled device whose key is in force and was proven on this connection.
///
/// Only admission makes one: whoever holds it need not ask again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenDevice {
    pub(crate) name: DeviceName,
    pub(crate) device_id: Option<DeviceId>,
    pub(crate) key: ProvenKey,
    pub(crate) listener: ListenerName,
    pub(crate) source: SocketAddr,
    pub(crate) epoch: Epoch,
}

impl ProvenDevice {
    /// The gateway's name for it.
    pub fn name(&self) -> &DeviceName {
        &self.name
    }

    /// The device-id that it sent; none for call home.
    pub fn device_id(&self) -> Option<&DeviceId> {
        self.device_id.as_ref()
    }

    /// The key that it proved.
    pub fn key(&self) -> &ProvenKey {
        &self.key
    }

    /// The listener that it dialled.
    pub fn listener(&self) -> &ListenerName {
        &self.listener
    }

    /// Where it dialled from, as far as a PROXY header tells.
    pub fn source(&self) -> SocketAddr {
        self.source
    }

    /// When its connection was accepted.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }
}

/// A proven key that waits for an operator's decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Why it waits.
    pub reason: PendingReason,
    /// The key.
    pub key: ProvenKey,
    /// The enrolled device that the device claims to be.
    pub device: Option<DeviceName>,
    /// The device-id that it sent; none for call home.
    pub device_id: Option<DeviceId>,
    /// Where it dialled from, as far as a PROXY header tells.
    pub source: SocketAddr,
    /// The listener that it dialled.
    pub listener: ListenerName,
}

/// Whose timeline a step belongs to, as far as is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The enrolled device, claimed or proven.
    pub device: Option<DeviceName>,
    /// The device-id that was sent.
    pub device_id: Option<DeviceId>,
    /// The key that was presented.
    pub key: Option<Fingerprint>,
    /// Where the connection came from, as far as a PROXY header tells.
    pub source: SocketAddr,
}
