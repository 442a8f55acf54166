//! A person's terminal, pipes that close, Ctrl-C, and a gateway that is started anew.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod common;

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::process::Child;
use std::time::Duration;

use common::fake::event;
use common::{Gateway, Ran};
use homing_proto::api::Outcome;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
}

/// What a person would see on stdout.
fn on_a_terminal(gateway: &Gateway, line: &[&str]) -> String {
    let terminal = nix::pty::openpty(None, None).unwrap();
    let mut child = gateway.command(line).stdout(terminal.slave).spawn().unwrap();
    let mut seen = Vec::new();
    // Linux answers EIO once the last process has left the terminal.
    let _ = File::from(terminal.master).read_to_end(&mut seen);
    child.wait().unwrap();
    String::from_utf8(seen).unwrap().replace("\r\n", "\n")
}

#[test]
fn a_person_reads_aligned_columns_ages_and_colour() {
    let gateway = Gateway::start();
    gateway.fake.add("mx1.fra", "up");
    let seen = on_a_terminal(&gateway, &["device", "ls"]);
    assert!(seen.starts_with("DEVICE   STATE  SINCE"), "{seen:?}");
    assert!(seen.contains("mx1.fra  \u{1b}[32mup\u{1b}[0m"), "{seen:?}");
    assert!(!seen.contains("2026-11-23T"), "{seen:?}");
    let seen = on_a_terminal(&gateway, &["device", "ls", "--color", "never"]);
    assert!(!seen.contains('\u{1b}'), "{seen:?}");
}

#[test]
fn a_reply_cannot_drive_the_terminal() {
    let gateway = Gateway::start();
    gateway.fake.add("mx1", "up");
    let reply = "<rpc-reply><output>\n\u{1b}]0;pwned\u{7}&#x1b;[2J ok\n</output></rpc-reply>";
    gateway.fake.reply(&[reply], Outcome::Ok);
    let seen = on_a_terminal(&gateway, &["cli", "mx1", "show x"]);
    assert_eq!(seen, "\\x1b]0;pwned\\x07\\x1b[2J ok\n");
    // A file gets what the device sent.
    let ran = gateway.homing(&["cli", "mx1", "show x"]);
    assert_eq!(ran.stdout, "\u{1b}]0;pwned\u{7}\u{1b}[2J ok\n");
}

#[test]
fn ctrl_c_ends_with_130() {
    let gateway = Gateway::start();
    let mut child = gateway.command(&["events", "-w"]).spawn().unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    reader.read_line(&mut String::new()).unwrap();
    signal(&child, Signal::SIGINT);
    assert_eq!(Ran::of(child.wait_with_output().unwrap()).exit, 130);
}

#[test]
fn ctrl_c_ends_even_while_nobody_reads_the_output() {
    let gateway = Gateway::start();
    gateway.fake.add("mx1", "up");
    let piece = "x".repeat(64 * 1024);
    gateway.fake.reply(&vec![piece.as_str(); 64], Outcome::Ok);
    let child = gateway.command(&["rpc", "mx1", "get"]).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(500));
    signal(&child, Signal::SIGINT);
    // Let it be stuck while it ends; only then is the rest of the pipe read.
    std::thread::sleep(Duration::from_millis(1000));
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let gateway = Gateway::start();
    gateway.fake.add("mx1", "up");
    let piece = "x".repeat(64 * 1024);
    gateway.fake.reply(&vec![piece.as_str(); 64], Outcome::Ok);
    let mut child = gateway.command(&["rpc", "mx1", "get"]).spawn().unwrap();
    drop(child.stdout.take());
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!((ran.exit, ran.stderr.as_str()), (0, ""));
}

#[test]
fn a_watch_goes_on_after_the_gateway_was_started_anew() {
    let mut gateway = Gateway::start();
    let mut child = gateway.command(&["events", "-w", "-o", "ndjson"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || {
        let line = lines.next().unwrap().unwrap();
        serde_json::from_str::<homing_proto::api::Event>(&line).unwrap().id
    };
    gateway.fake.wait_for_follower();
    gateway.fake.happen(event(1, "x", None, "mx1"));
    assert_eq!(next(), 1);
    gateway.stop();
    gateway.fake.happen(event(2, "x", None, "mx1"));
    gateway.run();
    gateway.fake.happen(event(3, "x", None, "mx1"));
    assert_eq!((next(), next()), (2, 3));
    signal(&child, Signal::SIGINT);
    child.wait().unwrap();
}
