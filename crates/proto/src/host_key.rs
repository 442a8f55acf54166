//! Host keys, from claimed over vouched to proven.
//!
//! ```text
//!   HostKey ──HMAC right──▶ VouchedHostKey ──key exchange done with it──▶ ProvenKey
//!   claimed                 the secret's owner                           the device holds
//!                           stands for it                                the private key
//! ```
//!
//! Each arrow is one function, and the only way to build what it leads to.
//!
//! Source: Junos, *Configuring Outbound SSH Service* (HMAC over the HOST-KEY text); RFC 4253
//! section 6.6 and OpenSSH's `PROTOCOL` files (key formats).

mod kind;
mod mac;
mod secret;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::excerpt::Excerpt;
use crate::fault::Fault;
use kind::Kind;

pub use mac::{InvalidMac, Mac};
pub use secret::Secret;

/// An SSH public host key, as claimed: nothing is known yet about who holds the private one.
///
/// Two keys are equal if their blobs are; a comment is not part of the key.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostKey {
    kind: Kind,
    blob: Arc<[u8]>,
}

/// Why text or bytes are no host key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostKeyError {
    /// The text is not `TYPE BASE64 [COMMENT]`.
    #[error("expected `TYPE BASE64`, as in `ssh-ed25519 AAAA…`")]
    NotAKey,
    /// The second word is not canonical base64.
    #[error("the key is not valid base64; it may have been cut when it was copied")]
    Base64,
    /// The type is none that OpenSSH names.
    #[error(
        "unknown key type `{0}`; expected ssh-ed25519, ecdsa-sha2-nistp256, ssh-rsa or another that OpenSSH knows"
    )]
    UnknownType(Excerpt),
    /// A certificate stands where a plain key must.
    #[error("a certificate ({0}) cannot be used; give the plain host key")]
    Certificate(Excerpt),
    /// The type named before the base64 is not the one named inside.
    #[error("the key says that it is of type {inner}, but {outer} stands before it")]
    TypeMismatch {
        /// The first word of the text.
        outer: &'static str,
        /// The name inside the blob.
        inner: Excerpt,
    },
    /// The parts of the key do not fill the blob exactly.
    #[error("the key is damaged: its {0} parts do not fit its length")]
    Malformed(&'static str),
    /// Longer than any key in use.
    #[error("the key is longer than {} bytes", HostKey::MAX_BLOB)]
    TooLong,
}

impl HostKeyError {
    /// A stable word for logs, metrics and the API.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAKey => "host-key-syntax",
            Self::Base64 => "host-key-base64",
            Self::UnknownType(_) => "host-key-unknown-type",
            Self::Certificate(_) => "host-key-certificate",
            Self::TypeMismatch { .. } => "host-key-type-mismatch",
            Self::Malformed(_) => "host-key-malformed",
            Self::TooLong => "host-key-too-long",
        }
    }

    /// Who must act.
    pub fn fault(&self) -> Fault {
        Fault::Peer
    }
}

impl HostKey {
    /// The longest blob taken: an RSA key of 16,384 bits has 2 KiB.
    pub const MAX_BLOB: usize = 4096;

    /// Reads `TYPE BASE64`, as in a `.pub` file; a comment after it is dropped.
    ///
    /// # Errors
    /// Text that is not exactly one plain public key of a type that OpenSSH names.
    pub fn parse(text: &str) -> Result<Self, HostKeyError> {
        let mut words = text.split_ascii_whitespace();
        let (Some(outer), Some(base64)) = (words.next(), words.next()) else {
            return Err(HostKeyError::NotAKey);
        };
        let outer = Kind::named(outer.as_bytes())?;
        if base64.len() > Self::MAX_BLOB * 4 / 3 + 4 {
            return Err(HostKeyError::TooLong);
        }
        let blob = STANDARD.decode(base64).map_err(|_| HostKeyError::Base64)?;
        let inner = kind::name_inside(&blob).ok_or(HostKeyError::Malformed(outer.name()))?;
        if inner != outer.name().as_bytes() {
            let inner = Excerpt::new(inner);
            return Err(HostKeyError::TypeMismatch { outer: outer.name(), inner });
        }
        Self::from_blob(&blob)
    }

    /// Reads the binary form of RFC 4253 section 6.6, as the SSH key exchange carries it.
    ///
    /// # Errors
    /// Bytes that are not exactly one plain public key of a type that OpenSSH names.
    pub fn from_blob(blob: &[u8]) -> Result<Self, HostKeyError> {
        if blob.len() > Self::MAX_BLOB {
            return Err(HostKeyError::TooLong);
        }
        let name = kind::name_inside(blob).ok_or(HostKeyError::NotAKey)?;
        let kind = Kind::named(name)?;
        kind.check(blob)?;
        Ok(Self { kind, blob: blob.into() })
    }

    /// The key type's name, as in `ssh-rsa`.
    pub fn algorithm(&self) -> &'static str {
        self.kind.name()
    }

    /// The binary form.
    pub fn blob(&self) -> &[u8] {
        &self.blob
    }

    /// `TYPE BASE64` without comment: what an HMAC is made over, and what a `.pub` file holds.
    pub fn text(&self) -> String {
        format!("{} {}", self.algorithm(), STANDARD.encode(&self.blob))
    }

    /// The SHA-256 fingerprint, as `ssh-keygen -l` shows it.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(Sha256::digest(&self.blob).into())
    }

    /// The signature algorithms to offer so that an SSH server with several host keys presents
    /// this one, the best first.
    pub fn signature_algorithms(&self) -> &'static [&'static str] {
        self.kind.signature_algorithms()
    }

    /// Turns the claim into a [`VouchedHostKey`] if `mac` was made with `secret`.
    ///
    /// The MAC is the same on every connection, so anyone who saw one can send it again. Only the
    /// SSH key exchange that follows proves that the device holds the private key.
    ///
    /// # Errors
    /// `mac` was made with another secret or over another key.
    pub fn vouch(self, mac: &Mac, secret: &Secret) -> Result<VouchedHostKey, NotVouched> {
        if *mac == Mac::compute(secret, &self) { Ok(VouchedHostKey(self)) } else { Err(NotVouched) }
    }
}

impl fmt::Display for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl fmt::Debug for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HostKey({} {})", self.algorithm(), self.fingerprint())
    }
}

impl FromStr for HostKey {
    type Err = HostKeyError;

    fn from_str(text: &str) -> Result<Self, HostKeyError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for HostKey {
    type Error = HostKeyError;

    fn try_from(text: String) -> Result<Self, HostKeyError> {
        Self::parse(&text)
    }
}

impl From<HostKey> for String {
    fn from(key: HostKey) -> Self {
        key.text()
    }
}

/// The HMAC that came with a host key was not made over it with the device's secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the HMAC was not made over this host key with the device's secret")]
pub struct NotVouched;

impl NotVouched {
    /// A stable word for logs, metrics and the API.
    pub fn code(&self) -> &'static str {
        "wrong-hmac"
    }

    /// Who must act.
    pub fn fault(&self) -> Fault {
        Fault::Operator
    }
}

/// A host key for which the owner of the device's secret stands; only [`HostKey::vouch`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VouchedHostKey(HostKey);

impl VouchedHostKey {
    /// The key.
    pub fn key(&self) -> &HostKey {
        &self.0
    }
}

/// A host key with which an SSH key exchange was completed on the connection at hand.
///
/// Only [admission](crate::admission) makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenKey(HostKey);

impl ProvenKey {
    /// Says that a key exchange with `key` is complete and its signature checked.
    pub(crate) fn exchanged(key: HostKey) -> Self {
        Self(key)
    }

    /// The key.
    pub fn key(&self) -> &HostKey {
        &self.0
    }

    /// The key's fingerprint.
    pub fn fingerprint(&self) -> Fingerprint {
        self.0.fingerprint()
    }
}

/// The SHA-256 fingerprint of a host key: `SHA256:` and 43 digits of base64.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint([u8; 32]);

/// Text that is no SHA-256 fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a fingerprint like SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU")]
pub struct InvalidFingerprint;

impl InvalidFingerprint {
    /// A stable word for logs, metrics and the API.
    pub fn code(&self) -> &'static str {
        "invalid-fingerprint"
    }

    /// Who must act.
    pub fn fault(&self) -> Fault {
        Fault::Operator
    }
}

impl Fingerprint {
    /// Reads `SHA256:…`; trailing `=` are allowed.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidFingerprint> {
        let digits = text.strip_prefix("SHA256:").ok_or(InvalidFingerprint)?;
        let bytes = STANDARD_NO_PAD.decode(digits.trim_end_matches('='));
        let bytes = bytes.map_err(|_| InvalidFingerprint)?;
        bytes.try_into().map(Self).map_err(|_| InvalidFingerprint)
    }

    /// The digest itself.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("SHA256:{}", STANDARD_NO_PAD.encode(self.0)))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Fingerprint {
    type Err = InvalidFingerprint;

    fn from_str(text: &str) -> Result<Self, InvalidFingerprint> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = InvalidFingerprint;

    fn try_from(text: String) -> Result<Self, InvalidFingerprint> {
        Self::parse(&text)
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.to_string()
    }
}

#[cfg(test)]
mod tests;
