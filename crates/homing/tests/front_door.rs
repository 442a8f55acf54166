//! The verbs that run the system's `ssh` and `scp`, with one that only says what it was asked.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod common;

use std::os::unix::fs::PermissionsExt as _;

use common::fake::event;
use common::{Gateway, Ran};

/// A gateway with one device in session and one that is not, and a `ssh` and `scp` that print their words.
fn gateway() -> Gateway {
    let gateway = Gateway::start();
    gateway.fake.add("mx1", "up");
    gateway.fake.add("mx2", "new");
    let bin = gateway.folder.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    for program in ["ssh", "scp"] {
        let path = bin.join(program);
        std::fs::write(&path, "#!/bin/sh\nprintf '%s\\n' \"$@\"\nexit 7\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    gateway
}

fn run(gateway: &Gateway, line: &[&str]) -> Ran {
    let mut command = gateway.command(line);
    command.env("HOME", gateway.folder.path()).env("PATH", gateway.folder.path().join("bin"));
    Ran::of(command.output().unwrap())
}

fn cache(gateway: &Gateway) -> String {
    let file = ".cache/homing/homing-door-cdefghijklm.known_hosts";
    gateway.folder.path().join(file).display().to_string()
}

#[test]
fn ssh_is_told_where_the_door_is_and_which_key_it_has() {
    let gateway = gateway();
    let ran = run(&gateway, &["ssh", "mx1", "--user", "ops", "-i", "key", "--", "show", "version"]);
    let known = format!("UserKnownHostsFile=\"{}\"", cache(&gateway));
    let expected = [
        "-i",
        "key",
        "-o",
        "User=ops:mx1",
        "-o",
        "Port=2022",
        "-o",
        "HostName=127.0.0.1",
        "-o",
        "HostKeyAlias=homing-door-cdefghijklm",
        "-o",
        "StrictHostKeyChecking=yes",
        "-o",
        "UpdateHostKeys=no",
        "-o",
        &known,
        "-o",
        "GlobalKnownHostsFile=none",
        "--",
        "127.0.0.1",
        "show",
        "version",
    ];
    assert_eq!(ran.stdout.lines().collect::<Vec<_>>(), expected);
    assert_eq!(ran.exit, 7, "the exit status is that of ssh");
    let line = std::fs::read_to_string(cache(&gateway)).unwrap();
    assert_eq!(line, "homing-door-cdefghijklm ssh-ed25519 BBBB\n");
}

#[test]
fn a_copy_is_between_this_machine_and_the_device() {
    let gateway = gateway();
    let ran = run(&gateway, &["cp", "-r", "a:b", "mx1:/tmp"]);
    assert_eq!((ran.exit, ran.stderr.contains("one device")), (2, true));
    let ran = run(&gateway, &["cp", "-r", "./a:b", "mx1:/tmp"]);
    let words: Vec<_> = ran.stdout.lines().collect();
    assert!(words.contains(&"User=mx1"), "{words:?}");
    assert_eq!(words[words.len() - 4..], ["-r", "--", "./a:b", "127.0.0.1:/tmp"]);
}

#[test]
fn a_device_that_is_away_ends_with_255_and_one_line() {
    let gateway = gateway();
    let ran = run(&gateway, &["ssh", "mx2"]);
    assert_eq!((ran.exit, ran.stdout.as_str()), (255, ""));
    assert!(ran.stderr.starts_with("homing: mx2 has not called home yet\n"), "{}", ran.stderr);
    let ran = run(&gateway, &["ssh", "mx2", "--wait", "200ms"]);
    assert_eq!(ran.exit, 255);
    assert_eq!(run(&gateway, &["ssh", "mx3"]).exit, 5);
}

#[test]
fn a_device_is_waited_for() {
    let gateway = gateway();
    let fake = gateway.fake.clone();
    let calling = std::thread::spawn(move || {
        fake.wait_for_follower();
        fake.happen(event(9, "in-session", None, "mx2"));
    });
    let ran = run(&gateway, &["netconf", "mx2", "--wait", "20s"]);
    calling.join().unwrap();
    assert_eq!(ran.exit, 7, "{}", ran.stderr);
    assert!(ran.stdout.ends_with("-T\n-s\n--\n127.0.0.1\nnetconf\n"), "{}", ran.stdout);
}

#[test]
fn where_there_is_no_ssh_that_is_said() {
    let gateway = gateway();
    let mut command = gateway.command(&["ssh", "mx1"]);
    command.env("HOME", gateway.folder.path()).env("PATH", "/nowhere");
    let ran = Ran::of(command.output().unwrap());
    assert_eq!(ran.exit, 255);
    assert!(ran.stderr.contains("there is no `ssh` on this machine"), "{}", ran.stderr);
    assert!(ran.stderr.contains("127.0.0.1 port 2022, user mx1"), "{}", ran.stderr);
}

#[test]
fn blocks_and_inventory_name_every_device() {
    let gateway = gateway();
    let ran = run(&gateway, &["ssh-config", "--user", "ops", "--door", "gw.example.net"]);
    assert!(ran.stdout.contains(
        "Host mx2.homing\n    HostName gw.example.net\n    Port 2022\n    User ops:mx2\n"
    ));
    let ran = run(&gateway, &["ssh-config", "--known-hosts"]);
    assert_eq!(ran.stdout, "[127.0.0.1]:2022 ssh-ed25519 BBBB\n");
    let ran = run(&gateway, &["ansible-inventory", "--graph"]);
    let tree = "@all:\n  |--@ungrouped:\n  |--@homing_down:\n  |  |--mx2\n  |--@homing_up:\n  |  |--mx1\n  |--@site_fra:\n  |  |--mx1\n  |  |--mx2\n";
    assert_eq!(ran.stdout, tree);
}
