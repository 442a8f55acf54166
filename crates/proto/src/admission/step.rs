//! The lines of a device's timeline.
//!
//! ```text
//!   outbound-ssh ─▶ hmac-right ─▶ key-proven ─▶ [key-replaced] ─▶ logged-in ─▶ in-session
//!   call-home    ──────────────▶ key-proven ──────▲                    [took-over]
//!                                    └─▶ a pending reason ─▶ approved
//!   anywhere ─▶ an outcome
//! ```

use super::{Advice, Outcome, PendingReason};
use crate::excerpt::Excerpt;
use crate::fault::Fault;
use crate::host_key::Fingerprint;
use crate::identity::{DeviceId, SessionId};

/// One line of the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A device said who it is.
    OutboundSsh {
        /// Its device-id.
        device_id: DeviceId,
        /// Whether it sent a host key with an HMAC.
        with_mac: bool,
    },
    /// A device opened SSH at once: its key will say who it is.
    CallHome,
    /// The HMAC was made with the device's secret.
    MacRight,
    /// The HMAC was made with the secret before the present one, while that counts, too.
    MacOld,
    /// An HMAC came from a device without a secret: its pinned keys decide.
    MacUnchecked,
    /// The key exchange is complete.
    KeyProven {
        /// The key.
        key: Fingerprint,
    },
    /// A device-id that nobody knows, but the key of a device that is known by its key alone.
    KnownByKey,
    /// The first key of a device, vouched for by its HMAC, is in force.
    KeyPinned {
        /// The key.
        key: Fingerprint,
    },
    /// Another key of a device, vouched for by its HMAC, is in force.
    KeyReplaced {
        /// The key.
        key: Fingerprint,
        /// What was in force.
        replaces: Vec<Fingerprint>,
    },
    /// The connection is held until an operator decides about its key.
    Pending(PendingReason),
    /// An operator accepted the key while the connection was held.
    Approved,
    /// The device let the gateway in.
    LoggedIn {
        /// As this user.
        user: Excerpt,
    },
    /// The device is in session.
    InSession,
    /// The device is in session, and its older session is to be closed.
    TookOver {
        /// The older session.
        displaced: SessionId,
    },
    /// It ends here.
    Ended(Outcome),
}

impl Step {
    /// A stable word for the timeline, logs, metrics and the API.
    pub fn code(&self) -> &'static str {
        match self {
            Self::OutboundSsh { .. } => "outbound-ssh",
            Self::CallHome => "call-home",
            Self::MacRight => "hmac-right",
            Self::MacOld => "hmac-old-secret",
            Self::MacUnchecked => "hmac-unchecked",
            Self::KeyProven { .. } => "key-proven",
            Self::KnownByKey => "known-by-key",
            Self::KeyPinned { .. } => "key-pinned",
            Self::KeyReplaced { .. } => "key-replaced",
            Self::Pending(reason) => reason.code(),
            Self::Approved => "approved",
            Self::LoggedIn { .. } => "logged-in",
            Self::InSession => "in-session",
            Self::TookOver { .. } => "took-over",
            Self::Ended(outcome) => outcome.code(),
        }
    }

    /// Who must act, if somebody must.
    pub fn fault(&self) -> Option<Fault> {
        match self {
            Self::Pending(reason) => Some(reason.fault()),
            Self::Ended(outcome) => Some(outcome.fault()),
            _ => None,
        }
    }

    /// What happened, as a sentence.
    pub fn message(&self) -> String {
        match self {
            Self::OutboundSsh { device_id, with_mac: true } => {
                format!("says that it is {device_id}, with a host key and an HMAC")
            }
            Self::OutboundSsh { device_id, with_mac: false } => {
                format!("says that it is {device_id}, without an HMAC")
            }
            Self::CallHome => "calls home; its host key will say who it is".to_owned(),
            Self::MacRight => "the HMAC was made with the device's secret".to_owned(),
            Self::MacOld => {
                "the HMAC was made with the secret before the present one: the new stanza is not in force there"
                    .to_owned()
            }
            Self::MacUnchecked => {
                "sent an HMAC, but no secret was issued to it; its pinned host keys decide"
                    .to_owned()
            }
            Self::KeyProven { key } => format!("proved the host key {key}"),
            Self::KnownByKey => "is not known by this device-id, but by its host key".to_owned(),
            Self::KeyPinned { key } => {
                format!("the host key {key}, vouched for by the HMAC, is pinned")
            }
            Self::KeyReplaced { key, replaces } => {
                format!("the host key {key}, vouched for by the HMAC, replaces {}", list(replaces))
            }
            Self::Pending(reason) => reason.message(),
            Self::Approved => "an operator accepted the host key".to_owned(),
            Self::LoggedIn { user } => format!("the gateway is logged in as {user}"),
            Self::InSession => "in session".to_owned(),
            Self::TookOver { displaced } => {
                format!("in session; its older session {displaced} is closed")
            }
            Self::Ended(outcome) => outcome.message(),
        }
    }

    /// What a program would want to read without parsing the sentence: fingerprints and names.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::OutboundSsh { device_id, with_mac } => {
                vec![("device-id", device_id.to_string()), ("hmac", with_mac.to_string())]
            }
            Self::KeyProven { key } | Self::KeyPinned { key } => vec![("key", key.to_string())],
            Self::KeyReplaced { key, replaces } => {
                vec![("key", key.to_string()), ("replaces", list(replaces))]
            }
            Self::Pending(reason) => reason.fields(),
            Self::LoggedIn { user } => vec![("user", user.to_string())],
            Self::TookOver { displaced } => vec![("displaced", displaced.to_string())],
            Self::Ended(outcome) => outcome.fields(),
            Self::CallHome
            | Self::MacRight
            | Self::MacOld
            | Self::MacUnchecked
            | Self::KnownByKey
            | Self::Approved
            | Self::InSession => Vec::new(),
        }
    }

    /// What to type, and where; `None` if there is nothing to mend.
    pub fn advice(&self) -> Option<Advice> {
        match self {
            Self::Pending(reason) => Some(reason.advice()),
            Self::Ended(outcome) => outcome.advice(),
            _ => None,
        }
    }
}

pub(super) fn list(fingerprints: &[Fingerprint]) -> String {
    let texts: Vec<String> = fingerprints.iter().map(Fingerprint::to_string).collect();
    texts.join(", ")
}
