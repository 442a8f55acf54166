//! Fuzz target: host keys and fingerprints as text, and host keys as blobs.

use homing_proto::host_key::{Fingerprint, HostKey};

/// A key that was read prints and reads back as itself, and its fingerprint too.
pub fn run(data: &[u8]) {
    if let Ok(key) = HostKey::from_blob(data) {
        assert_eq!(key.blob(), data);
        returns(&key);
    }
    let text = String::from_utf8_lossy(data);
    if let Ok(key) = HostKey::parse(&text) {
        assert!(text.trim_start().starts_with(key.algorithm()));
        returns(&key);
    }
    if let Ok(fingerprint) = Fingerprint::parse(&text) {
        assert_eq!(Fingerprint::parse(&fingerprint.to_string()).as_ref(), Ok(&fingerprint));
    }
}

fn returns(key: &HostKey) {
    assert_eq!(HostKey::parse(&key.text()).as_ref(), Ok(key));
    let fingerprint = key.fingerprint();
    assert_eq!(Fingerprint::parse(&fingerprint.to_string()), Ok(fingerprint));
    assert!(!key.signature_algorithms().is_empty());
}
