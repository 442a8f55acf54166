//! Why a device can't be enrolled as asked.

use homing_proto::fault::Fault;
use homing_proto::host_key::Fingerprint;
use homing_proto::identity::{DeviceId, DeviceName};

use crate::control::ControlError;

/// What is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnrollError {
    /// The name is in use.
    #[error("a device called {0} is enrolled already")]
    NameTaken(DeviceName),
    /// A new secret for a device that isn't there.
    #[error("no device is called {0}")]
    UnknownDevice(DeviceName),
    /// The device-id is another device's.
    #[error("device-id {device_id} belongs to {name}")]
    DeviceIdTaken {
        /// The device-id.
        device_id: DeviceId,
        /// Whose it is.
        name: DeviceName,
    },
    /// The device-id can't be sent.
    #[error("{0}")]
    DeviceId(String),
    /// The key is another device's.
    #[error("key {fingerprint} is pinned to {name}")]
    KeyPinned {
        /// The key.
        fingerprint: Fingerprint,
        /// Whose it is.
        name: DeviceName,
    },
    /// Not an address.
    #[error("`{0}` is not an address: expected a host name or IP address, with or without `:port`")]
    Address(String),
    /// The same host with two ports.
    #[error("{0} is named twice: a stanza has one port for each address")]
    AddressTwice(String),
    /// Nobody said what devices dial.
    #[error("the gateway does not know under which address devices reach it")]
    NoAddress,
    /// Not a login name.
    #[error("`{0}` is not a login name: expected letters, digits, `.`, `_` and `-`")]
    User(String),
    /// No such listener.
    #[error("there is no listener `{name}`: expected one of {known}")]
    Listener {
        /// The name asked for.
        name: String,
        /// Those there are.
        known: String,
    },
    /// Not a label.
    #[error(
        "`{0}` is not a tag: expected a key of letters, digits, `.`, `_`, `-` and `/`, and a short value"
    )]
    Label(String),
    /// Not a password.
    #[error("the password is empty, longer than 1024 bytes, or holds a NUL")]
    Password,
    /// More than any device needs.
    #[error("too many {what}: at most {most}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        most: usize,
    },
}

impl EnrollError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NameTaken(_) => "name-taken",
            Self::UnknownDevice(_) => "unknown-device",
            Self::DeviceIdTaken { .. } => "device-id-taken",
            Self::DeviceId(_) => "unsendable-device-id",
            Self::KeyPinned { .. } => "key-pinned-elsewhere",
            Self::Address(_) | Self::AddressTwice(_) => "invalid-address",
            Self::NoAddress => "no-address",
            Self::User(_) => "invalid-user",
            Self::Listener { .. } => "unknown-listener",
            Self::Label(_) => "invalid-tag",
            Self::Password => "invalid-password",
            Self::TooMany { .. } => "too-many",
        }
    }

    /// Who must act.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::Operator
    }

    /// What to type instead.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NameTaken(name) => format!(
                "homing enroll {name} --rotate-secret (a new secret), or homing device forget {name}"
            ),
            Self::UnknownDevice(name) => format!("homing enroll {name}"),
            Self::DeviceIdTaken { name, .. } => {
                format!(
                    "homing device show {name}; choose another --device-id, give the device a listener of its own \
                     (--listener), or homing device forget {name}"
                )
            }
            Self::DeviceId(_) => "choose another --device-id".into(),
            Self::KeyPinned { name, .. } => format!(
                "homing device show {name}; two devices with one key are clones: give one of them a new key"
            ),
            Self::NoAddress => "--address gw.example.net, or `addresses` in gateway.toml".into(),
            _ => return None,
        })
    }
}

impl From<EnrollError> for ControlError {
    fn from(error: EnrollError) -> Self {
        let (message, hint) = (error.to_string(), error.hint());
        match error {
            EnrollError::UnknownDevice(name) => Self::UnknownDevice(name.to_string()),
            EnrollError::NameTaken(_)
            | EnrollError::DeviceIdTaken { .. }
            | EnrollError::KeyPinned { .. } => Self::Conflict { message, hint },
            _ => Self::Invalid { message, hint },
        }
    }
}
