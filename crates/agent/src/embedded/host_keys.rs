//! The host keys of the embedded server: one of each type that gateways ask for.
//!
//! Ed25519 and ECDSA keys are made at once. An RSA key takes seconds of processor time, so that one is made beside
//! the first connections and is offered from the next on.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use homing_transport::keys::{KeyFileError, KeyKind, PrivateKey};

/// The files, named as OpenSSH names its own.
const ED25519: &str = "ssh_host_ed25519_key";
const ECDSA: &str = "ssh_host_ecdsa_key";
const RSA: &str = "ssh_host_rsa_key";

/// All host keys there are.
#[derive(Debug)]
pub(super) struct HostKeys {
    ed25519: PrivateKey,
    ecdsa: PrivateKey,
    rsa: Arc<OnceLock<PrivateKey>>,
}

impl HostKeys {
    /// Reads the keys in `folder`, and makes those that are missing.
    ///
    /// # Errors
    /// The folder can't be written, or a file in it is no key.
    pub(super) fn open(folder: &Path) -> Result<Self, KeyFileError> {
        let ed25519 = PrivateKey::load_or_create(&folder.join(ED25519), KeyKind::Ed25519)?;
        let ecdsa = PrivateKey::load_or_create(&folder.join(ECDSA), KeyKind::EcdsaP256)?;
        let rsa = Arc::new(OnceLock::new());
        let path = folder.join(RSA);
        let made = Arc::clone(&rsa);
        let make = move || match PrivateKey::load_or_create(&path, KeyKind::Rsa3072) {
            Ok(key) => _ = made.set(key),
            Err(error) => tracing::warn!(code = error.code(), %error, "there is no RSA host key"),
        };
        if folder.join(RSA).exists() {
            make();
        } else {
            // A thread of its own: an agent that stops meanwhile does not wait for it.
            let spawned = std::thread::Builder::new().name("rsa-host-key".into()).spawn(make);
            if let Err(error) = spawned {
                tracing::warn!(%error, "there is no RSA host key");
            }
        }
        Ok(Self { ed25519, ecdsa, rsa })
    }

    /// The key that is claimed in the initiation sequence.
    pub(super) fn first(&self) -> &PrivateKey {
        &self.ed25519
    }

    /// All that there are by now.
    pub(super) fn all(&self) -> Vec<PrivateKey> {
        let mut keys = vec![self.ed25519.clone(), self.ecdsa.clone()];
        keys.extend(self.rsa.get().cloned());
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_made_once_and_read_ever_after() {
        let folder = tempfile::tempdir().unwrap();
        let first = HostKeys::open(folder.path()).unwrap();
        let again = HostKeys::open(folder.path()).unwrap();
        assert_eq!(first.first().host_key(), again.first().host_key());
        let types: Vec<_> =
            first.all().iter().map(|key| key.host_key().algorithm().to_owned()).collect();
        assert!(types.starts_with(&["ssh-ed25519".to_owned(), "ecdsa-sha2-nistp256".to_owned()]));
    }
}
