//! Fuzz target: `known_hosts` files.

use homing_proto::host_key::HostKey;
use homing_proto::known_hosts::{KnownHosts, MAX_TOLD, Marker};

/// Every line is read, skipped or empty; what was read prints and reads back as itself; a revoked key is never given.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(known) = KnownHosts::parse(&text) else { return };
    assert!(known.entries.len() + known.skipped_count <= text.lines().count());
    assert!(known.skipped.len() <= MAX_TOLD.min(known.skipped_count));
    for skipped in &known.skipped {
        assert!(!skipped.to_string().contains(char::is_control));
    }
    for entry in &known.entries {
        let again = KnownHosts::parse(&entry.to_string()).expect("one line is short enough");
        let [read] = again.entries.as_slice() else { panic!("{entry} is lost") };
        assert_eq!((read.marker, &read.hosts, &read.key), (entry.marker, &entry.hosts, &entry.key));
    }
    let first = text.split([' ', ',', '\n']).next().unwrap_or_default();
    for names in [&["mx1.fra"][..], &["192.0.2.1", "mx1"], &[first]] {
        let found = known.find(names);
        let is_known =
            |key: &HostKey| known.entries.iter().any(|e| e.marker == Marker::None && e.key == *key);
        assert!(found.keys.iter().all(|key| is_known(key) && !found.revoked.contains(key)));
    }
}
