//! Private keys: made, read, written, kept in a file that only its owner can read.
//!
//! ```text
//!   -----BEGIN OPENSSH PRIVATE KEY-----      the file, mode 0600, as `ssh-keygen` writes it
//!   ssh-ed25519 AAAA… comment                the public half, for devices and people
//! ```
//!
//! Source: OpenSSH, *PROTOCOL.key*.

mod file;

use std::fmt;
use std::sync::Arc;

use homing_proto::fault::Fault;
use homing_proto::host_key::{HostKey, HostKeyError};
use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::{Ed25519Keypair, RsaKeypair};
use russh::keys::{Algorithm, EcdsaCurve, PublicKey};
use zeroize::Zeroizing;

pub use file::KeyFileError;

/// What kind of key to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// `ssh-ed25519`
    Ed25519,
    /// `ecdsa-sha2-nistp256`
    EcdsaP256,
    /// `ssh-rsa` of 3072 bits; takes seconds to make
    Rsa3072,
}

impl KeyKind {
    /// All kinds, the one to prefer first.
    pub const ALL: [Self; 3] = [Self::Ed25519, Self::EcdsaP256, Self::Rsa3072];

    /// The customary end of the file's name, as in `id_ed25519` or `ssh_host_rsa_key`.
    pub fn short_name(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::EcdsaP256 => "ecdsa",
            Self::Rsa3072 => "rsa",
        }
    }
}

/// Why a private key can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a private key as `ssh-keygen` writes it.
    #[error(
        "expected an unencrypted OpenSSH private key, beginning with BEGIN OPENSSH PRIVATE KEY"
    )]
    NotOpenssh,
    /// It needs a passphrase that nobody is there to type.
    #[error("the private key is protected by a passphrase; store it without one (ssh-keygen -p)")]
    Encrypted,
    /// A kind of key that is not used here, such as DSA.
    #[error("keys of type {0} are not supported; use ssh-ed25519, ecdsa-sha2-nistp256 or ssh-rsa")]
    Unsupported(String),
    /// The system could not make one.
    #[error("the key could not be made")]
    NotMade,
}

impl KeyError {
    /// Stable name for logs, metrics and the API.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotOpenssh => "private-key-unreadable",
            Self::Encrypted => "private-key-encrypted",
            Self::Unsupported(_) => "private-key-unsupported",
            Self::NotMade => "private-key-not-made",
        }
    }

    /// Who must act.
    pub fn fault(&self) -> Fault {
        match self {
            Self::NotMade => Fault::Local,
            _ => Fault::Operator,
        }
    }
}

/// A private key; clones share it. Never printed: `Debug` shows the public fingerprint.
#[derive(Clone)]
pub struct PrivateKey {
    /// The key, wiped when the last clone goes.
    inner: Arc<russh::keys::PrivateKey>,
    /// Its public half.
    host_key: HostKey,
}

impl PrivateKey {
    /// Makes a new key. RSA takes seconds: not on a thread that serves others.
    ///
    /// # Errors
    /// [`KeyError::NotMade`].
    pub fn generate(kind: KeyKind) -> Result<Self, KeyError> {
        let mut rng = rand::rng();
        let made = match kind {
            KeyKind::Ed25519 => russh::keys::PrivateKey::random(&mut rng, Algorithm::Ed25519),
            KeyKind::EcdsaP256 => {
                let curve = EcdsaCurve::NistP256;
                russh::keys::PrivateKey::random(&mut rng, Algorithm::Ecdsa { curve })
            }
            KeyKind::Rsa3072 => RsaKeypair::random(&mut rng, 3072).map(Into::into),
        };
        Self::from_inner(made.map_err(|_| KeyError::NotMade)?)
    }

    /// The `ssh-ed25519` key that comes of 32 bytes; whoever knows them knows the key.
    ///
    /// # Errors
    /// None that could be met: the kind is one we can use.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, KeyError> {
        Self::from_inner(Ed25519Keypair::from_seed(seed).into())
    }

    /// Reads the text of an unencrypted OpenSSH private key.
    ///
    /// # Errors
    /// Everything of [`KeyError`] but `NotMade`.
    pub fn parse(pem: &str) -> Result<Self, KeyError> {
        let inner = russh::keys::PrivateKey::from_openssh(pem).map_err(|_| KeyError::NotOpenssh)?;
        if inner.is_encrypted() {
            return Err(KeyError::Encrypted);
        }
        Self::from_inner(inner)
    }

    /// Checks that the kind is one we can use.
    fn from_inner(inner: russh::keys::PrivateKey) -> Result<Self, KeyError> {
        let algorithm = inner.algorithm();
        match algorithm {
            Algorithm::Ed25519 | Algorithm::Ecdsa { .. } | Algorithm::Rsa { .. } => {}
            other => return Err(KeyError::Unsupported(other.as_str().to_owned())),
        }
        let host_key = host_key_of(inner.public_key())
            .map_err(|_| KeyError::Unsupported(algorithm.as_str().to_owned()))?;
        Ok(Self { inner: Arc::new(inner), host_key })
    }

    /// The text that [`parse`](Self::parse) reads, wiped when dropped.
    pub fn to_pem(&self) -> Zeroizing<String> {
        // Encoding writes into memory only; it can't fail for a key that was decoded or made.
        self.inner.to_openssh(LineEnding::LF).unwrap_or_default()
    }

    /// The public half.
    pub fn host_key(&self) -> &HostKey {
        &self.host_key
    }

    /// The line for a device's `authentication` or an `authorized_keys` file.
    pub fn public_text(&self, comment: &str) -> String {
        let comment: String = comment.chars().filter(|c| !c.is_control()).collect();
        format!("{} {comment}", self.host_key.text()).trim_end().to_owned()
    }

    /// For the SSH library.
    pub(crate) fn inner(&self) -> Arc<russh::keys::PrivateKey> {
        self.inner.clone()
    }

    /// Whether signing needs a hash to be agreed on.
    pub(crate) fn is_rsa(&self) -> bool {
        self.inner.algorithm().is_rsa()
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "PrivateKey({} {}, <secret>)",
            self.host_key.algorithm(),
            self.host_key.fingerprint()
        )
    }
}

/// The library's public key as ours.
pub(crate) fn host_key_of(key: &PublicKey) -> Result<HostKey, HostKeyError> {
    let blob = key.to_bytes().map_err(|_| HostKeyError::NotAKey)?;
    HostKey::from_blob(&blob)
}

#[cfg(test)]
mod tests;
