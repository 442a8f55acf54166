//! One device-id on two listeners: an agent with two `client` stanzas, and a session for each.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod real;

use std::time::{Duration, Instant};

use real::{Device, Gateway};
use serde_json::Value;

/// The second of two stanzas in one file: a client of its own.
fn as_client(stanza: &str, name: &str) -> String {
    stanza.replace("outbound-ssh client homing ", &format!("outbound-ssh client {name} "))
}

fn two_listeners() -> (Gateway, [String; 2], [String; 2]) {
    let gateway = Gateway::listening(&["127.0.0.1:0", "127.0.0.1:0"], &[]);
    let (names, addresses): (Vec<_>, Vec<_>) = gateway.listeners.iter().cloned().unzip();
    (gateway, names.try_into().unwrap(), addresses.try_into().unwrap())
}

fn shown(gateway: &Gateway, name: &str) -> Value {
    let shown = gateway.homing(&["device", "show", name, "-o", "json"]).unwrap();
    serde_json::from_str(&shown).unwrap()
}

/// The device once it is as wanted.
fn shown_when(gateway: &Gateway, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let device = shown(gateway, name);
        if wanted(&device) {
            return device;
        }
        let log = || gateway.homing(&["device", "log", name]).unwrap();
        assert!(Instant::now() < deadline, "{device:#}\n{}", log());
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Listener and epoch of each session, newest first.
fn sessions(device: &Value) -> Vec<(String, u64)> {
    let others = device["other_sessions"].as_array().unwrap().iter();
    let newest = Some(&device["session"]).filter(|session| !session.is_null());
    let of = |session: &Value| {
        (session["listener"].as_str().unwrap().to_owned(), session["epoch"].as_u64().unwrap())
    };
    newest.into_iter().chain(others).map(of).collect()
}

#[test]
fn two_devices_with_one_device_id_are_told_apart_by_their_listeners() {
    let (gateway, names, addresses) = two_listeners();
    let enroll = |name: &str, side: usize| {
        let listener = ["--device-id", "mx1", "--listener", &names[side]];
        let line = [&["enroll", name, "--address", &addresses[side]][..], &listener].concat();
        gateway.homing(&line).unwrap()
    };
    let (east, west) = (enroll("mx1-east", 0), enroll("mx1-west", 1));
    let both = as_client(&east, "east") + &as_client(&west, "west");
    let _device = Device::start(both, &gateway.folder.path().join("mx1"));
    gateway.in_session("mx1-east");
    gateway.in_session("mx1-west");

    let listed = gateway.homing(&["device", "ls", "id:mx1", "state:up", "-o", "json"]).unwrap();
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let identities: Vec<_> = listed.as_array().unwrap().iter().map(sessions).collect();
    assert_eq!(identities.len(), 2, "{listed:#}");
    for (session, listener) in identities.iter().zip(&names) {
        assert_eq!((session.len(), &session[0].0), (1, listener));
    }
    for name in ["mx1-east", "mx1-west"] {
        let reply = gateway.homing(&["rpc", name, "get-system-information"]).unwrap();
        assert!(reply.contains("<os-name>homing-agent</os-name>"), "{reply}");
    }

    let west = sessions(&shown(&gateway, "mx1-west"));
    gateway.homing(&["device", "set", "mx1-east", "--block"]).unwrap();
    shown_when(&gateway, "mx1-east", |device| device["state"] == "blocked");
    assert_eq!(sessions(&shown(&gateway, "mx1-west")), west);
    gateway.homing(&["rpc", "mx1-west", "get-system-information"]).unwrap();
}

#[test]
fn one_device_has_a_session_for_each_listener_that_it_dials() {
    let (gateway, names, addresses) = two_listeners();
    let east = gateway.homing(&["enroll", "mx1", "--address", &addresses[0]]).unwrap();
    let west = as_client(&east, "west").replace(
        &format!("127.0.0.1 port {}", addresses[0].rsplit(':').next().unwrap()),
        &format!("127.0.0.1 port {}", addresses[1].rsplit(':').next().unwrap()),
    );
    let _device = Device::start(east + &west, &gateway.folder.path().join("mx1"));
    let both = shown_when(&gateway, "mx1", |device| sessions(device).len() == 2);
    let before = sessions(&both);
    assert!(before[0].1 > before[1].1, "the newest comes first: {before:?}");
    let page = gateway.homing(&["device", "show", "mx1"]).unwrap();
    for name in &names {
        assert!(page.contains(&format!("by listener {name}, epoch")), "{page}");
        let found = gateway.homing(&["device", "ls", &format!("listener:{name}"), "--no-headers"]);
        assert!(found.unwrap().contains(" +1\t"), "two sessions in one line");
    }
    gateway.homing(&["rpc", "mx1", "get-system-information"]).unwrap();

    gateway.homing(&["device", "set", "mx1", "--listener", &names[0]]).unwrap();
    let bound = shown_when(&gateway, "mx1", |device| sessions(device).len() == 1);
    let stayed: Vec<_> = before.into_iter().filter(|(name, _)| *name == names[0]).collect();
    assert_eq!(sessions(&bound), stayed);
    gateway.homing(&["rpc", "mx1", "get-system-information"]).unwrap();
    let log = gateway.homing(&["device", "log", "mx1"]).unwrap();
    assert!(log.contains("bound the device to another listener"), "{log}");

    gateway.homing(&["device", "set", "mx1", "--any-listener"]).unwrap();
    shown_when(&gateway, "mx1", |device| sessions(device).len() == 2);
    let (exit, said) = gateway.homing(&["device", "set", "mx1", "--listener", "moon"]).unwrap_err();
    assert_eq!(exit, Some(1), "{said}");
    assert!(said.contains("there is no listener `moon`"), "{said}");
}
