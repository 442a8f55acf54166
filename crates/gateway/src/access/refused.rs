//! Why somebody is not let in.

use homing_proto::access::throttle::Throttled;
use homing_proto::access::{TokenId, UserName};
use homing_proto::api::Problem;
use homing_proto::excerpt::Excerpt;
use homing_proto::fault::Fault;

/// Why a token is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefused {
    /// It is not a token, or not one of this gateway, or it was revoked.
    #[error("this gateway does not know the token")]
    Unknown,
    /// Its time is over.
    #[error("the token {0} has expired")]
    Expired(TokenId),
    /// This source failed too often.
    #[error(transparent)]
    Throttled(#[from] Throttled),
}

impl TokenRefused {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown-token",
            Self::Expired(_) => "token-expired",
            Self::Throttled(throttled) => throttled.code(),
        }
    }

    /// Who must act.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::Operator
    }

    /// As the HTTP API says it.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let status = match self {
            Self::Unknown | Self::Expired(_) => 401,
            Self::Throttled(_) => 429,
        };
        let problem = Problem::new(status, self.code(), self.fault(), self.to_string());
        match self {
            Self::Throttled(_) => problem,
            _ => problem.with_hint("homing token create"),
        }
    }
}

/// Why a one-time password is not taken. Whoever tries is told none of this but that it must wait.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRefused {
    /// The user is none of ours, or has no one-time password that may be tried.
    #[error("{0} has no one-time password that may be used")]
    None(Excerpt),
    /// It is another one.
    #[error("wrong one-time password for {user}: {tries_left} tries are left")]
    Wrong {
        /// The user.
        user: UserName,
        /// How often it may still be tried.
        tries_left: u32,
    },
    /// This source or user failed too often.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// That it was used can't be written, so it must not be.
    #[error("the gateway can't write its store: {0}")]
    Store(String),
}

impl PasswordRefused {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::None(_) => "no-one-time-password",
            Self::Wrong { .. } => "wrong-one-time-password",
            Self::Throttled(throttled) => throttled.code(),
            Self::Store(_) => "store-failed",
        }
    }

    /// Who must act.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Store(_) => Fault::Local,
            _ => Fault::Operator,
        }
    }
}

/// Why a certificate, though valid, is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateRefused {
    /// Another authority signed it.
    #[error("certificate {key_id} is of an authority that front_door.user_ca does not name")]
    UnknownAuthority {
        /// What the certificate calls itself.
        key_id: Excerpt,
    },
    /// It stands in `front_door.revoked`.
    #[error("certificate {key_id} serial {serial} is revoked")]
    Revoked {
        /// What the certificate calls itself.
        key_id: Excerpt,
        /// Its number.
        serial: u64,
    },
    /// It names no one, or someone else than who logs in.
    #[error("certificate {key_id} is not for {user}")]
    OtherPrincipal {
        /// What the certificate calls itself.
        key_id: Excerpt,
        /// Who wanted to log in.
        user: Excerpt,
    },
    /// It names nobody that is a user, or, where no name was given, more than one.
    #[error("certificate {key_id} names no one user of this gateway")]
    UnknownUser {
        /// What the certificate calls itself.
        key_id: Excerpt,
    },
}

impl CertificateRefused {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownAuthority { .. } => "certificate-unknown-authority",
            Self::Revoked { .. } => "certificate-revoked",
            Self::OtherPrincipal { .. } => "certificate-other-principal",
            Self::UnknownUser { .. } => "certificate-unknown-user",
        }
    }

    /// Who must act.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::Operator
    }
}
