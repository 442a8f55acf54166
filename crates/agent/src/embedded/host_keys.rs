//! The embedded server's host keys, made at the first start.
//!
//! ```text
//!   STATE/ssh_host_ed25519_key   STATE/ssh_host_ecdsa_key   STATE/ssh_host_rsa_key      0600 each
//! ```
//!
//! An RSA key takes seconds to make. It is made in the background, so that the first connection does not wait; until it is there,
//! only peers that know nothing but RSA are turned away.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use homing_proto::host_key::HostKey;
use homing_transport::keys::{KeyFileError, KeyKind, PrivateKey};
use tokio::task::spawn_blocking;

/// One key of each kind.
#[derive(Debug, Clone)]
pub struct HostKeys {
    /// The one announced, unless told otherwise.
    ed25519: PrivateKey,
    /// For peers without ed25519.
    ecdsa: PrivateKey,
    /// For old peers; there after a few seconds of the first start.
    rsa: Arc<OnceLock<PrivateKey>>,
}

impl HostKeys {
    /// Reads the keys in `state_dir`, and makes those that aren't there.
    ///
    /// # Errors
    /// A key file can't be read or made.
    pub async fn load_or_create(state_dir: &Path) -> Result<Self, KeyFileError> {
        let file = |kind| file(state_dir, kind);
        let ed25519 = load(file(KeyKind::Ed25519), KeyKind::Ed25519).await?;
        let ecdsa = load(file(KeyKind::EcdsaP256), KeyKind::EcdsaP256).await?;
        let rsa = Arc::new(OnceLock::new());
        let path = file(KeyKind::Rsa3072);
        if path.exists() {
            let _ = rsa.set(load(path, KeyKind::Rsa3072).await?);
        } else {
            let place = rsa.clone();
            tokio::spawn(async move {
                match load(path, KeyKind::Rsa3072).await {
                    Ok(key) => drop(place.set(key)),
                    Err(error) => tracing::warn!(code = error.code(), %error, "no RSA host key"),
                }
            });
        }
        Ok(Self { ed25519, ecdsa, rsa })
    }

    /// The key to announce: ed25519.
    pub fn announced(&self) -> &HostKey {
        self.ed25519.host_key()
    }

    /// The public key of this kind, if it is there yet.
    pub fn of(&self, kind: KeyKind) -> Option<&HostKey> {
        let key = match kind {
            KeyKind::Ed25519 => Some(&self.ed25519),
            KeyKind::EcdsaP256 => Some(&self.ecdsa),
            KeyKind::Rsa3072 => self.rsa.get(),
        };
        key.map(PrivateKey::host_key)
    }

    /// Every key that is there.
    pub(super) fn all(&self) -> Vec<PrivateKey> {
        let always = [self.ed25519.clone(), self.ecdsa.clone()];
        always.into_iter().chain(self.rsa.get().cloned()).collect()
    }
}

/// The key's file, named as OpenSSH names its own.
fn file(state_dir: &Path, kind: KeyKind) -> PathBuf {
    state_dir.join(format!("ssh_host_{}_key", kind.short_name()))
}

/// Reads or makes one key, off the tasks that serve others.
async fn load(path: PathBuf, kind: KeyKind) -> Result<PrivateKey, KeyFileError> {
    let at = path.clone();
    match spawn_blocking(move || PrivateKey::load_or_create(&path, kind)).await {
        Ok(key) => key,
        Err(error) => Err(KeyFileError::Io { path: at, error: std::io::Error::other(error) }),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn keys_of_three_kinds_are_made_once_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let first = HostKeys::load_or_create(folder.path()).await.unwrap();
        while first.of(KeyKind::Rsa3072).is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let again = HostKeys::load_or_create(folder.path()).await.unwrap();
        for kind in KeyKind::ALL {
            assert_eq!(first.of(kind), again.of(kind), "{kind:?}");
            let mode = file(folder.path(), kind).metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o7777, 0o600, "{kind:?}");
        }
        assert_eq!(again.announced().algorithm(), "ssh-ed25519");
        assert_eq!(again.all().len(), 3);
    }
}
