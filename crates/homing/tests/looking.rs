//! Looking: status, lists, pages, and what of a stranger reaches the terminal.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod common;

use common::Gateway;
use common::fake::{device, event, status};
use serde_json::Value;

#[test]
fn a_status_is_text_or_exactly_the_object_of_the_api() {
    let gateway = Gateway::start();
    let ran = gateway.homing(&["status"]);
    assert_eq!(ran.exit, 0, "{ran:?}");
    assert!(ran.stdout.contains("devices  1 up  0 down"), "{ran:?}");
    let ran = gateway.homing(&["status", "-o", "json"]);
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json, serde_json::to_value(status()).unwrap());
}

#[test]
fn an_empty_list_is_an_empty_array_and_no_failure() {
    let gateway = Gateway::start();
    let ran = gateway.homing(&["device", "ls", "-o", "json"]);
    assert_eq!((ran.exit, ran.stdout.as_str(), ran.stderr.as_str()), (0, "[]\n", ""));
    let ran = gateway.homing(&["device", "ls"]);
    assert_eq!((ran.exit, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
}

#[test]
fn a_list_for_a_program_has_tabs_rfc_3339_and_nothing_cut() {
    let gateway = Gateway::start();
    gateway.fake.add("mx1.fra", "up");
    let ran = gateway.homing(&["device", "ls"]);
    assert_eq!(
        ran.stdout,
        "DEVICE\tSTATE\tSINCE\tSOURCE\tLAST EVENT\tKEY\tTAGS\n\
         mx1.fra\tup\t2026-11-23T14:57:58Z\t-\t-\t-\tsite=fra\n"
    );
    let ran = gateway.homing(&["device", "ls", "--no-headers", "--state", "down,pending"]);
    assert_eq!(ran.stdout, "");
}

#[test]
fn the_json_forms_are_the_objects_of_the_api() {
    let gateway = Gateway::start();
    gateway.fake.add("mx1.fra", "up");
    gateway.fake.add("mx2.fra", "down");
    let all = serde_json::to_value([device("mx1.fra", "up"), device("mx2.fra", "down")]).unwrap();
    let ran = gateway.homing(&["-o", "json", "device", "ls"]);
    assert_eq!(serde_json::from_str::<Value>(&ran.stdout).unwrap(), all);
    let ran = gateway.homing(&["-o", "ndjson", "device", "ls"]);
    let lines: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(Value::from(lines), all);
}

#[test]
fn what_a_stranger_calls_itself_never_reaches_the_terminal_raw() {
    let gateway = Gateway::start();
    let mut hostile = device("evil\u{1b}]0;pwned\u{7}\t\u{202e}", "pending");
    hostile.last_event = Some(event(1, "unknown-device", Some("operator"), "mx1"));
    hostile.last_event.as_mut().unwrap().message = "\u{1b}[2Jgone".into();
    gateway.fake.devices.lock().unwrap().push(hostile.clone());
    for line in [&["device", "ls"][..], &["device", "show", &hostile.name]] {
        let ran = gateway.homing(line);
        assert_eq!(ran.exit, 0, "{ran:?}");
        assert!(ran.stdout.contains("evil\\x1b]0;pwned\\x07\\t\\u{202e}"), "{ran:?}");
        let is_raw = |c: char| (c.is_control() && c != '\n' && c != '\t') || c == '\u{202e}';
        assert!(!ran.stdout.contains(is_raw), "{ran:?}");
    }
}

#[test]
fn a_mistyped_name_is_answered_with_the_nearest() {
    let gateway = Gateway::start();
    gateway.fake.add("mx1.fra", "up");
    let ran = gateway.homing(&["device", "show", "mx1.far"]);
    assert_eq!(ran.exit, 5);
    assert!(ran.stderr.contains("no device is called mx1.far"), "{ran:?}");
    assert!(ran.stderr.contains("did you mean mx1.fra?"), "{ran:?}");
    let ran = gateway.homing(&["-o", "json", "device", "show", "mx1.far"]);
    let error: Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!(error["error"]["code"], "unknown-device");
    assert_eq!(ran.stdout, "");
}

#[test]
fn without_a_gateway_its_path_and_the_next_command_are_named() {
    let mut gateway = Gateway::start();
    gateway.stop();
    let ran = gateway.homing(&["status"]);
    assert_eq!(ran.exit, 10);
    assert!(ran.stderr.contains("homing.sock"), "{ran:?}");
    assert!(ran.stderr.contains("try: homing gateway"), "{ran:?}");
}

#[test]
fn a_log_names_what_to_do() {
    let gateway = Gateway::start();
    gateway.fake.add("mx1.fra", "refused");
    gateway.fake.happen(event(1, "wrong-hmac", Some("operator"), "mx1.fra"));
    let ran = gateway.homing(&["device", "log", "mx1.fra", "--no-headers"]);
    assert_eq!(
        ran.stdout,
        "2026-11-23T14:57:58Z\tmx1.fra\twrong-hmac\t192.0.2.1:1\twrong-hmac happened\ttype this\n"
    );
}

#[test]
fn completions_know_the_verbs() {
    let gateway = Gateway::start();
    for shell in ["bash", "zsh", "fish"] {
        let ran = gateway.homing(&["completion", shell]);
        assert_eq!(ran.exit, 0);
        assert!(ran.stdout.contains("enroll"), "{shell}");
    }
}

#[test]
fn usage_errors_end_with_2_and_json_where_it_was_asked_for() {
    let gateway = Gateway::start();
    let ran = gateway.homing(&["devcie"]);
    assert_eq!(ran.exit, 2);
    assert!(ran.stderr.contains("'device'"), "{ran:?}");
    let ran = gateway.homing(&["-o", "json", "devcie"]);
    let error: Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!(error["error"]["code"], "usage");
}
