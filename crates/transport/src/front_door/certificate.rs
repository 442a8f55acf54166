//! An OpenSSH user certificate, as far as the door judges by it.
//!
//! Its validity, the authority's signature on it and the holder's signature are checked before; here is what is left: it must be a
//! user's, signed without SHA-1, and every critical option in it must be one that is kept.
//!
//! Source: OpenSSH, *PROTOCOL.certkeys*.

use homing_proto::host_key::HostKey;
use russh::keys::ssh_key::certificate::{CertType, Certificate as Inner};
use russh::keys::{Algorithm, PublicKey};

use crate::keys::host_key_of;

/// A certificate whose holder is proven. Whether its authority is trusted is for the door to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The key that signed it.
    pub authority: HostKey,
    /// The user's key.
    pub key: HostKey,
    /// What the authority calls it.
    pub key_id: String,
    /// Its number.
    pub serial: u64,
    /// The names it is for. One without is for nobody.
    pub principals: Vec<String>,
    /// `source-address`: the networks from which alone it may be used, with commas between.
    pub source_address: Option<String>,
    /// `force-command`: the only command it may be used for.
    pub force_command: Option<String>,
    /// `permit-pty`: terminals are allowed.
    pub permits_terminal: bool,
    /// `permit-port-forwarding`: forwarding is allowed.
    pub permits_forwarding: bool,
}

impl Certificate {
    /// What the library has verified; none if it can't be judged or asks for what can't be kept.
    pub(super) fn judge(inner: &Inner) -> Option<Self> {
        if inner.cert_type() != CertType::User || is_sha1(&inner.signature().algorithm()) {
            return None;
        }
        let mut certificate = Self {
            authority: host_key_of(&PublicKey::from(inner.signature_key().clone())).ok()?,
            key: host_key_of(&PublicKey::from(inner.public_key().clone())).ok()?,
            key_id: inner.key_id().to_owned(),
            serial: inner.serial(),
            principals: inner.valid_principals().to_vec(),
            source_address: None,
            force_command: None,
            permits_terminal: inner.extensions().contains_key("permit-pty"),
            permits_forwarding: inner.extensions().contains_key("permit-port-forwarding"),
        };
        for (name, value) in inner.critical_options().iter() {
            match name.as_str() {
                "source-address" => certificate.source_address = Some(value.clone()),
                "force-command" => certificate.force_command = Some(value.clone()),
                _ => return None,
            }
        }
        Some(certificate)
    }
}

/// Whether a signature is made with SHA-1.
fn is_sha1(algorithm: &Algorithm) -> bool {
    matches!(algorithm, Algorithm::Rsa { hash: None } | Algorithm::Dsa)
}
