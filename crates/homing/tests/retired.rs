//! A host key that is taken out of force while its device is in session.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod real;

use std::time::{Duration, Instant};

use real::Gateway;
use serde_json::Value;

#[test]
fn a_session_ends_with_the_key_that_it_proved() {
    let gateway = Gateway::start(&[]);
    let _device = gateway.add("sw1");
    gateway.in_session("sw1");
    let shown = || -> Value {
        let shown = gateway.homing(&["device", "show", "sw1", "-o", "json"]).unwrap();
        serde_json::from_str(&shown).unwrap()
    };
    let session = shown()["session"].clone();
    let key = session["fingerprint"].as_str().unwrap();
    gateway.homing(&["device", "set", "sw1", "--retire-key", key]).unwrap();
    // Its secret vouches for the key anew: it comes back, by a session of its own.
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let now = shown()["session"]["epoch"].clone();
        if now.is_u64() && now != session["epoch"] {
            break;
        }
        assert!(
            Instant::now() < deadline,
            "{}",
            gateway.homing(&["device", "log", "sw1"]).unwrap()
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    let log = gateway.homing(&["device", "log", "sw1"]).unwrap();
    assert!(log.contains("the host key that it proved is no longer in force"), "{log}");
}
