//! The first bytes, and what they say about the connection.

use super::*;

#[test]
fn over_read_bytes_go_to_ssh() {
    let mut scene = Scene::outbound_ssh(None);
    scene.data(b"more");
    scene.admission.handle_record(Record::unknown(), scene.now);
    let actions = scene.actions();
    let Some(Action::StartSsh { rest, .. }) = actions.first() else { panic!("{actions:?}") };
    assert_eq!(rest, b"SSH-2.0-x\r\nmore");
}

#[test]
fn data_is_wanted_only_until_the_opening_is_clear() {
    let mut scene = Scene::new();
    assert!(scene.admission.wants_data());
    scene.data(b"SSH-");
    assert!(!scene.admission.wants_data());
}

#[test]
fn call_home_over_tls_is_refused_by_name() {
    let mut scene = Scene::new();
    scene.data(b"\x16\x03\x01");
    assert_eq!(scene.codes(), ["tls-unsupported", "hold 10"]);
}

#[test]
fn a_malformed_initiation_is_refused_under_its_device_id() {
    let mut scene = Scene::new();
    let lines = "MSG-ID: DEVICE-CONN-INFO\r\nMSG-VER: V1\r\nDEVICE-ID: r1\r\nHMAC: x\r\n";
    scene.data(lines.as_bytes());
    assert_eq!(scene.codes(), ["initiation-hmac", "hold 10"]);
    assert_eq!(scene.admission.subject().device_id, Some(device_id("r1")));
}

#[test]
fn what_is_no_device_is_closed_at_once() {
    let mut scene = Scene::new();
    scene.data(b"GET / HTTP/1.1\r\n");
    assert_eq!(scene.codes(), ["unknown-opening", "close"]);
    let mut scene = Scene::new();
    scene.data(b"PROXY ");
    assert_eq!(scene.codes(), ["untrusted-proxy", "close"]);
}

#[test]
fn a_trusted_proxy_tells_the_source() {
    let mut scene = Scene::new();
    scene.admission.state = State::Opening(Opening::new(true));
    scene.data(b"PROXY TCP4 198.51.100.9 192.0.2.1 4711 4334\r\n");
    assert_eq!(scene.admission.subject().source, "198.51.100.9:4711".parse().unwrap());
    scene.data(b"SSH-");
    scene.codes();
    scene.exchange(1);
    scene.admission.handle_record(by_key("r1", &[1]).into(), scene.now);
    let actions = scene.actions();
    let Some(Action::LogIn(device)) = actions.first() else { panic!("{actions:?}") };
    assert_eq!(device.source(), "198.51.100.9:4711".parse().unwrap());
}

#[test]
fn a_connection_closed_without_a_word_is_told_from_one_cut_in_mid_word() {
    let mut scene = Scene::new();
    assert_eq!(scene.fail(Failure::Lost), ["closed-silently", "close"]);
    let mut scene = Scene::new();
    scene.data(b"MSG-ID: ");
    assert_eq!(scene.fail(Failure::Lost), ["connection-lost", "close"]);
    let mut scene = Scene::new();
    scene.data(b"\x03\0\0");
    assert_eq!(scene.fail(Failure::Lost), ["unknown-opening", "close"]);
}
