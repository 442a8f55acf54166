//! The whole way: the real `homing gateway`, real agents that dial it, and the operator's verbs.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod real;

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use real::{Gateway, homing, until};

#[test]
fn an_enrolled_device_dials_in_and_answers() {
    let mut gateway = Gateway::start(&[]);
    let device = gateway.add("mx1");
    gateway.in_session("mx1");
    let reply = gateway.homing(&["rpc", "mx1", "get-system-information"]).unwrap();
    assert!(reply.contains("<os-name>homing-agent</os-name>"), "{reply}");
    let shown = gateway.homing(&["cli", "mx1", "show version"]).unwrap();
    assert!(shown.starts_with("Hostname: "), "{shown}");
    let (exit, _) = gateway.homing(&["rpc", "mx1", "get-nonsense"]).unwrap_err();
    assert_eq!(exit, Some(1));
    drop(device);
    until("the device is gone", || {
        (gateway.homing(&["device", "ls", "--state", "up", "--no-headers"]).unwrap() == "")
            .then_some(())
    });
    let (exit, stderr) = gateway.homing(&["rpc", "mx1", "get"]).unwrap_err();
    assert_eq!(exit, Some(6), "{stderr}");
    kill(Pid::from_raw(i32::try_from(gateway.child.id()).unwrap()), Signal::SIGTERM).unwrap();
    assert!(gateway.child.wait().unwrap().success());
    assert_eq!(gateway.homing(&["status"]).unwrap_err().0, Some(10));
}

#[test]
fn a_place_among_the_handshakes_is_free_again_once_the_device_is_in() {
    let gateway = Gateway::start(&[("HOMING_MAX_HANDSHAKES", "1")]);
    let devices = ["mx1", "mx2", "mx3"].map(|name| {
        let device = gateway.add(name);
        gateway.in_session(name);
        device
    });
    let status = gateway.homing(&["status"]).unwrap();
    assert!(status.contains("3 up"), "{status}");
    assert!(status.contains("0 in handshake  0 waiting  0 held"), "{status}");
    drop(devices);
}

#[test]
fn a_stranger_waits_and_is_accepted_by_its_key() {
    let gateway = Gateway::start(&[]);
    let device = gateway.add("mx1");
    gateway.in_session("mx1");
    gateway.homing(&["device", "forget", "mx1"]).unwrap();
    until("a stranger is seen", || {
        let listed = gateway.homing(&["device", "ls", "--state", "pending", "--no-headers"]);
        (listed.unwrap() != "").then_some(())
    });
    gateway.homing(&["device", "accept", "mx1", "--name", "sw1"]).unwrap();
    gateway.in_session("sw1");
    drop(device);
}

#[test]
fn what_was_done_is_in_the_audit_trail_and_proven() {
    let gateway = Gateway::start(&[]);
    let _device = gateway.add("mx1");
    gateway.in_session("mx1");
    gateway.homing(&["rpc", "mx1", "get-system-information"]).unwrap();
    gateway.homing(&["device", "set", "mx1", "--tag", "site=fra"]).unwrap();

    let trail = gateway.homing(&["audit", "search", "--device", "mx1", "-o", "ndjson"]).unwrap();
    let entries: Vec<serde_json::Value> =
        trail.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let actions: Vec<_> = entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["enrolled", "rpc", "device-changed"]);
    assert_eq!(entries[1]["operation"], "get-system-information");
    assert!(entries.iter().all(|entry| entry["via"] == "socket" && entry["result"] == "ok"));

    let report = gateway.homing(&["audit", "verify", "-o", "json"]).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let (id, hash) = (&report["head"]["id"], report["head"]["hash"].as_str().unwrap());
    let head = format!("{id}:{hash}");
    gateway.homing(&["audit", "verify", "--head", &head]).unwrap();
    let forged = format!("{id}:{}", "0".repeat(64));
    let (status, said) = gateway.homing(&["audit", "verify", "--head", &forged]).unwrap_err();
    assert_eq!(status, Some(1));
    assert!(said.contains("made anew"), "{said}");

    let export = gateway.homing(&["audit", "export"]).unwrap();
    let file = gateway.folder.path().join("trail.jsonl");
    std::fs::write(&file, &export).unwrap();
    let file = file.to_str().unwrap();
    gateway.homing(&["audit", "verify", "--file", file, "--head", &head]).unwrap();
    std::fs::write(file, export.replacen("\"rpc\"", "\"log\"", 1)).unwrap();
    let (_, said) = gateway.homing(&["audit", "verify", "--file", file]).unwrap_err();
    assert!(said.contains("was altered"), "{said}");
    let syslog = gateway.homing(&["audit", "export", "--format", "syslog"]).unwrap();
    assert!(syslog.lines().all(|line| line.starts_with("<109>1 20")), "{syslog}");
    assert_eq!(gateway.homing(&["audit", "replay"]).unwrap(), "");
}

#[test]
fn the_trail_is_followed() {
    let gateway = Gateway::start(&[]);
    gateway.homing(&["enroll", "mx1", "--address", &gateway.address]).unwrap();
    let mut tail = homing(gateway.folder.path())
        .args(["audit", "tail", "-w", "-o", "ndjson", "--limit", "1"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap();
    assert!(next().contains("\"enrolled\""));
    gateway.homing(&["device", "forget", "mx1", "-y"]).unwrap();
    assert!(next().contains("\"device-forgotten\""));
    tail.kill().unwrap();
    tail.wait().unwrap();
}
