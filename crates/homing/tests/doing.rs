//! Doing: RPCs, enrolment, decisions, and how each end becomes an exit status.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod common;

use std::io::{Read, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};

use common::fake::event;
use common::{Gateway, Ran};
use homing_proto::api::{Outcome, Problem, RpcErrorSummary};
use homing_proto::fault::Fault;
use serde_json::Value;

fn gateway() -> Gateway {
    let gateway = Gateway::start();
    gateway.fake.add("mx1", "up");
    gateway.fake.add("mx2", "down");
    gateway.fake.add("mx3", "new");
    gateway
}

fn rpc_error(severity: &str) -> Outcome {
    Outcome::RpcError {
        errors: vec![RpcErrorSummary {
            severity: severity.into(),
            tag: "operation-failed".into(),
            message: "syntax \u{1b}[31merror".into(),
            path: None,
        }],
    }
}

#[test]
fn an_rpc_is_built_from_its_name_and_the_reply_is_printed() {
    let gateway = gateway();
    let ran =
        gateway.homing(&["rpc", "mx1", "get-x", "--arg", "a=<1>", "--arg", "b", "--timeout", "2m"]);
    assert_eq!((ran.exit, ran.stdout.as_str()), (0, "<rpc-reply><ok/></rpc-reply>\n"), "{ran:?}");
    assert_eq!(gateway.fake.asked(), ["<get-x><a>&lt;1&gt;</a><b/></get-x> in 120s"]);
}

#[test]
fn an_operation_comes_from_stdin_or_a_file_too() {
    let gateway = gateway();
    let mut child = gateway.command(&["rpc", "mx1", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"<rpc><get/></rpc>\n").unwrap();
    assert_eq!(Ran::of(child.wait_with_output().unwrap()).exit, 0);
    let file = gateway.folder.path().join("op.xml");
    std::fs::write(&file, "<?xml version=\"1.0\"?><lock/>").unwrap();
    assert_eq!(gateway.homing(&["rpc", "mx1", "--file", file.to_str().unwrap()]).exit, 0);
    assert_eq!(gateway.fake.asked(), ["<get/> in 60s", "<lock/> in 60s"]);
}

#[test]
fn nothing_malformed_is_sent() {
    let gateway = gateway();
    for line in [
        &["rpc", "mx1", "<get>"][..],
        &["rpc", "mx1", "show version"],
        &["rpc", "mx1"],
        &["config", "get", "mx1", "--filter", "<a></b>"],
    ] {
        let ran = gateway.homing(line);
        assert_eq!(ran.exit, 2, "{ran:?}");
    }
    assert!(gateway.fake.asked().is_empty());
}

#[test]
fn the_reply_is_printed_as_it_comes() {
    let gateway = gateway();
    gateway.fake.reply(&["<rpc-reply>", "</rpc-reply>"], Outcome::Ok);
    gateway.fake.script.lock().unwrap().pause = Duration::from_secs(2);
    let mut child = gateway.command(&["rpc", "mx1", "get"]).spawn().unwrap();
    let started = Instant::now();
    let mut first = [0; 11];
    child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(&first, b"<rpc-reply>");
    assert!(started.elapsed() < Duration::from_millis(1900));
    assert_eq!(Ran::of(child.wait_with_output().unwrap()).stdout, "</rpc-reply>\n");
}

#[test]
fn an_rpc_error_is_summed_up_and_the_reply_still_printed() {
    let gateway = gateway();
    gateway.fake.reply(&["<rpc-reply><rpc-error/></rpc-reply>"], rpc_error("error"));
    let ran = gateway.homing(&["rpc", "mx1", "get"]);
    assert_eq!((ran.exit, ran.stdout.as_str()), (1, "<rpc-reply><rpc-error/></rpc-reply>\n"));
    assert!(ran.stderr.contains("error operation-failed: syntax \\x1b[31merror"), "{ran:?}");
    gateway.fake.reply(&["<rpc-reply/>"], rpc_error("warning"));
    let ran = gateway.homing(&["rpc", "mx1", "get"]);
    assert_eq!(ran.exit, 0);
    assert!(ran.stderr.contains("warning operation-failed"), "{ran:?}");
}

#[test]
fn every_end_has_its_exit_status() {
    let gateway = gateway();
    let exit = |line: &[&str]| gateway.homing(line).exit;
    assert_eq!(exit(&["rpc", "nobody", "get"]), 5);
    assert_eq!(exit(&["rpc", "mx2", "get"]), 6);
    assert_eq!(exit(&["rpc", "mx3", "get"]), 9);
    assert_eq!(exit(&["device", "reject", "SHA256:x"]), 5);
    let problem = Problem::new(502, "outcome-unknown", Fault::Network, "mx1 was lost");
    gateway.fake.reply(&["<rpc-re"], Outcome::Failed { problem });
    let ran = gateway.homing(&["rpc", "mx1", "get"]);
    assert_eq!((ran.exit, ran.stdout.as_str()), (7, "<rpc-re\n"), "{ran:?}");
}

#[test]
fn a_reply_in_json_is_one_object_with_its_outcome() {
    let gateway = gateway();
    gateway.fake.reply(&["<a>\u{e9}", "\"\n</a>"], rpc_error("error"));
    let ran = gateway.homing(&["rpc", "mx1", "get", "-o", "json"]);
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["device"], "mx1");
    assert_eq!(json["reply"], "<a>\u{e9}\"\n</a>");
    assert_eq!(json["outcome"]["result"], "rpc-error");
    let error: Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!(error["error"]["code"], "rpc-error");
}

#[test]
fn a_command_is_answered_as_its_prompt_would() {
    let gateway = gateway();
    let pieces = ["<rpc-reply><out", "put>\nge-0/0/0 &l", "t;up&gt;\n</output></rpc-reply>"];
    gateway.fake.reply(&pieces, Outcome::Ok);
    let ran = gateway.homing(&["cli", "mx1", "show", "interfaces | match <up>"]);
    assert_eq!((ran.exit, ran.stdout.as_str()), (0, "ge-0/0/0 <up>\n"));
    assert_eq!(
        gateway.fake.asked(),
        ["<command format=\"text\">show interfaces | match &lt;up&gt;</command> in 60s"]
    );
}

#[test]
fn the_configuration_is_asked_for_by_datastore_and_filter() {
    let gateway = gateway();
    let filter = "<configuration><system/></configuration>";
    gateway.homing(&["config", "get", "mx1", "--source", "candidate", "--filter", filter]);
    assert_eq!(
        gateway.fake.asked(),
        [format!(
            "<get-config><source><candidate/></source><filter type=\"subtree\">{filter}</filter></get-config> in 60s"
        )]
    );
}

#[test]
fn a_stanza_stands_alone_on_stdout() {
    let gateway = gateway();
    let file = gateway.folder.path().join("password");
    std::fs::write(&file, "pass word\n").unwrap();
    let file = file.to_str().unwrap();
    let ran = gateway.homing(&["enroll", "sw1", "--tag", "site=fra", "--password-file", file]);
    assert_eq!(ran.exit, 0);
    assert_eq!(ran.stdout, "set system services outbound-ssh client homing secret \"s3\"\n");
    assert!(ran.stderr.contains("homing enroll watch sw1"), "{ran:?}");
    assert_eq!(gateway.fake.asked(), ["sw1 {\"site\": \"fra\"} Some(\"pass word\")"]);
    let ran = gateway.homing(&["enroll", "sw1", "--quiet"]);
    assert_eq!(ran.stderr, "");
}

#[test]
fn host_keys_come_from_a_known_hosts_file_by_the_names_of_the_device() {
    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
    let gateway = gateway();
    let file = gateway.folder.path().join("known_hosts");
    std::fs::write(&file, format!("[10.0.0.7]:2200 {KEY} c\n@revoked sw2 {KEY}\n")).unwrap();
    let file = file.to_str().unwrap();
    let enroll = |line: &[&str]| {
        gateway.homing(&[&["enroll", "--no-secret", "--known-hosts", file], line].concat())
    };
    let ran = enroll(&["sw1", "--device-id", "10.0.0.7"]);
    assert_eq!(ran.exit, 0, "{ran:?}");
    let ran = enroll(&["sw2"]);
    assert_eq!(ran.exit, 2);
    assert!(ran.stderr.contains("every host key of sw2 is revoked"), "{ran:?}");
    let ran = enroll(&["sw3"]);
    assert!(ran.stderr.contains("holds no host key of sw3"), "{ran:?}");
}

#[test]
fn a_password_is_never_an_argument() {
    let gateway = gateway();
    let ran = gateway.homing(&["enroll", "sw1", "--ask-password"]);
    assert_eq!(ran.exit, 2);
    assert!(ran.stderr.contains("--password-file"), "{ran:?}");
    assert_eq!(gateway.homing(&["enroll", "sw1", "--password", "x"]).exit, 2);
}

#[test]
fn a_change_carries_only_what_was_given() {
    let gateway = gateway();
    let ran = gateway.homing(&["device", "set", "mx1", "--tag", "a=b", "--unblock"]);
    assert_eq!(ran.exit, 0, "{ran:?}");
    assert_eq!(gateway.fake.asked(), [r#"{"tags":{"a":"b"},"blocked":false}"#]);
    assert_eq!(gateway.homing(&["device", "set", "mx1"]).exit, 2);
}

#[test]
fn a_forgotten_device_is_gone() {
    let gateway = gateway();
    assert_eq!(gateway.homing(&["device", "forget", "mx1"]).exit, 0);
    assert_eq!(gateway.homing(&["device", "show", "mx1"]).exit, 5);
}

#[test]
fn a_watch_ends_when_the_device_is_in() {
    let gateway = gateway();
    let child = gateway.command(&["enroll", "watch", "mx3"]).spawn().unwrap();
    gateway.fake.wait_for_follower();
    gateway.fake.happen(event(1, "logged-in", None, "mx3"));
    gateway.fake.happen(event(2, "in-session", None, "mx3"));
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!(ran.exit, 0, "{ran:?}");
    assert_eq!(ran.stdout.lines().count(), 3, "{ran:?}");
}

#[test]
fn a_watch_ends_with_the_line_to_mend() {
    let gateway = gateway();
    let child = gateway.command(&["enroll", "watch", "mx3"]).spawn().unwrap();
    gateway.fake.wait_for_follower();
    gateway.fake.happen(event(1, "wrong-hmac", Some("operator"), "mx3"));
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!(ran.exit, 1, "{ran:?}");
    assert!(ran.stderr.contains("try: type this"), "{ran:?}");
}

#[test]
fn a_watch_that_sees_nothing_says_so() {
    let gateway = gateway();
    let ran = gateway.homing(&["enroll", "watch", "mx3", "--timeout", "300ms"]);
    assert_eq!(ran.exit, 9, "{ran:?}");
    assert!(ran.stderr.contains("mx3 has not dialed in"), "{ran:?}");
    assert_eq!(gateway.homing(&["enroll", "watch", "mx1"]).exit, 0);
    assert_eq!(gateway.homing(&["enroll", "watch", "nobody"]).exit, 5);
}
