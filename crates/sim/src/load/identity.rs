//! Who the devices are: name and key come of their number and the fleet's seed, so that a fleet need not be stored.
//!
//! ```text
//!   prefix, seed, number ──SHA-256──▶ 32 bytes ──▶ ssh-ed25519 key          sim-00042
//! ```

use homing_proto::host_key::Secret;
use homing_proto::identity::DeviceId;
use homing_transport::keys::{KeyError, PrivateKey};
use sha2::{Digest, Sha256};

/// Whom a fleet consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fleet {
    /// What the device-ids begin with.
    pub prefix: String,
    /// From which the keys are made. Whoever knows it knows all of them.
    pub seed: u64,
    /// So many host keys, shared by the devices in turn; none: each has its own.
    pub keys: Option<u32>,
}

impl Fleet {
    /// `sim-00000` and so on, a key each.
    #[must_use]
    pub fn new() -> Self {
        Self { prefix: "sim".to_owned(), seed: 0, keys: None }
    }

    /// The name of a device, which is its device-id too.
    #[must_use]
    pub fn name(&self, number: u32) -> String {
        format!("{}-{number:05}", self.prefix)
    }

    /// The key of a device.
    ///
    /// # Errors
    /// See [`PrivateKey::from_seed`].
    pub fn key(&self, number: u32) -> Result<PrivateKey, KeyError> {
        let number = self.keys.map_or(number, |keys| number % keys.max(1));
        let mut hash = Sha256::new();
        hash.update(b"homing simulated device\0");
        hash.update(self.prefix.as_bytes());
        hash.update([0]);
        hash.update(self.seed.to_be_bytes());
        hash.update(number.to_be_bytes());
        PrivateKey::from_seed(&hash.finalize().into())
    }
}

impl Default for Fleet {
    fn default() -> Self {
        Self::new()
    }
}

/// One device.
#[derive(Debug, Clone)]
pub struct Member {
    /// What it says it is; none: it calls home as RFC 8071 says, and only its key tells.
    pub device_id: Option<DeviceId>,
    /// Its host key.
    pub key: PrivateKey,
    /// What it shares with the gateway; with it, HOST-KEY and HMAC are sent.
    pub secret: Option<Secret>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_has_the_same_key_again_and_no_other_has_it() {
        let fleet = Fleet::new();
        let text = |number| fleet.key(number).unwrap().host_key().text().to_owned();
        assert_eq!(text(7), text(7));
        assert_ne!(text(7), text(8));
        let others =
            [Fleet { seed: 1, ..Fleet::new() }, Fleet { prefix: "two".to_owned(), ..Fleet::new() }];
        for other in others {
            assert_ne!(text(7), other.key(7).unwrap().host_key().text());
        }
        assert_eq!(fleet.name(42), "sim-00042");
    }

    #[test]
    fn shared_keys_are_given_in_turn() {
        let fleet = Fleet { keys: Some(6), ..Fleet::new() };
        let key = |number| fleet.key(number).unwrap().host_key().clone();
        assert_eq!(key(1), key(7));
        assert_ne!(key(1), key(2));
    }
}
