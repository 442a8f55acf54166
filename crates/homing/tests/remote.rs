//! `homing` against a gateway on "another machine": TLS, tokens, contexts.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use common::{Ran, Remote};

#[test]
fn after_a_login_every_verb_asks_that_gateway() {
    let remote = Remote::start();
    let refused = remote.login(&[]);
    assert_eq!(refused.exit, 10, "{}", refused.stderr);
    assert!(refused.stderr.contains(&remote.fingerprint), "{}", refused.stderr);
    let ran = remote.login(&["--fingerprint", &remote.fingerprint]);
    assert_eq!(ran.exit, 0, "{}", ran.stderr);
    assert!(!ran.stderr.contains("hmt_") && ran.stdout.is_empty());
    let contexts = remote.home().join(".config/homing/contexts.json");
    assert_eq!(std::fs::metadata(&contexts).unwrap().permissions().mode() & 0o777, 0o600);
    let listed = remote.homing(&["device", "ls", "-ojson"]);
    assert_eq!(listed.exit, 0, "{}", listed.stderr);
    assert!(listed.stdout.contains("mx1"), "{}", listed.stdout);
    let raw = remote.homing(&["api", "get", "/v1/devices/mx1"]);
    assert!(raw.stdout.contains("\"name\":\"mx1"), "{}", raw.stdout);
    let shown = remote.homing(&["context", "ls", "-ojson"]);
    assert!(shown.stdout.contains(&remote.url) && !shown.stdout.contains("hmt_"));
    assert_eq!(remote.homing(&["logout"]).exit, 0);
    assert!(!std::fs::read_to_string(&contexts).unwrap().contains("hmt_"));
}

#[test]
fn another_certificate_than_the_pinned_one_gets_no_token() {
    let remote = Remote::start();
    let other = "ab".repeat(32);
    let ran = remote.login(&["--fingerprint", &other]);
    assert_eq!(ran.exit, 10);
    assert!(ran.stderr.contains("not the expected SHA256:AB:AB"), "{}", ran.stderr);
    assert!(remote.fake.asked.lock().unwrap().is_empty());
}

#[test]
fn a_token_that_is_not_known_is_told_with_what_to_do() {
    let remote = Remote::start();
    std::fs::write(remote.home().join("token"), "hmt_bad\n").unwrap();
    let ran = remote.login(&["--fingerprint", &remote.fingerprint]);
    assert_eq!(ran.exit, 4, "{}", ran.stderr);
    assert!(ran.stderr.contains("homing login https://"), "{}", ran.stderr);
}

#[test]
fn the_environment_names_a_gateway_too() {
    let remote = Remote::start();
    let mut command = remote.command(&["device", "ls"]);
    command.env("HOMING_URL", &remote.url).env("HOMING_FINGERPRINT", &remote.fingerprint);
    command.env("HOMING_TOKEN_FILE", remote.home().join("token"));
    let ran = Ran::of(command.output().unwrap());
    assert_eq!(ran.exit, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("mx1"));
}

#[test]
fn a_token_comes_from_stdin_and_plain_http_must_be_asked_for() {
    let remote = Remote::start();
    let line = ["login", &remote.url, "--fingerprint", &remote.fingerprint, "--name", "gw"];
    let mut command = remote.command(&line);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"hmt_good\n").unwrap();
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!(ran.exit, 0, "{}", ran.stderr);
    assert_eq!(remote.homing(&["--context", "gw", "device", "ls"]).exit, 0);
    assert_eq!(remote.homing(&["--context", "wg", "device", "ls"]).exit, 5);
    let plain = remote.homing(&["login", "http://192.0.2.1:8080", "--token-file", "/dev/null"]);
    assert_eq!(plain.exit, 2);
    assert!(plain.stderr.contains("in plain over the network"), "{}", plain.stderr);
}
