//! How channels at the SSH front door end, with OpenSSH's own programs: whoever ends one, its operator hears why.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod real;

use std::io::Read;
use std::process::{Command, Stdio};

use real::Ran;
use real::house::{House, Operators, is_done};
use real::{Device, homing, until};

#[test]
fn a_channel_that_somebody_closes_says_who_did() {
    let house = House::start(&[]);
    let operators = Operators::start(&house);
    for open in house.channels() {
        let number = open["channel"].to_string();
        house.homing(&["device", "disconnect", "edge-7", "--channel", &number]);
    }
    for ran in operators.ended() {
        assert!(ran.stderr.starts_with("edge-7: "), "{ran:?}");
        assert!(ran.stderr.ends_with(" closed this channel\n"), "{ran:?}");
        assert_eq!((ran.exit, ran.stderr.lines().count()), (255, 1));
    }
}

#[test]
fn a_command_that_ends_by_itself_is_never_cut_off_without_a_word() {
    let house = House::start(&[]);
    for _ in 0..10 {
        let mut ssh = house.ssh("ops:edge-7");
        let mut ssh = ssh.arg("cat; exit 3").stderr(Stdio::piped()).spawn().unwrap();
        let channels = until("it runs or has run", || {
            let channels = house.channels();
            (!channels.is_empty() || ssh.try_wait().unwrap().is_some()).then_some(channels)
        });
        // A moment before the command's end, or after it.
        let number = channels.first().map_or("0".to_owned(), |open| open["channel"].to_string());
        let mut close = homing(house.gateway.folder.path());
        drop(close.args(["device", "disconnect", "edge-7", "--channel", &number]).output());
        let ran = Ran::of(ssh.wait_with_output().unwrap());
        let is_whole = ran.exit == 3 && ran.stderr.is_empty();
        let is_told = ran.exit == 255 && ran.stderr.ends_with(" closed this channel\n");
        assert!(is_whole || is_told, "{ran:?}");
    }
}

#[test]
fn a_device_that_stops_ends_every_channel_with_a_reason() {
    let mut house = House::start(&[]);
    let operators = Operators::start(&house);
    house.device = None;
    for ran in operators.ended() {
        assert!(ran.stderr.starts_with("edge-7: the device's connection ended: "), "{ran:?}");
        assert_eq!((ran.exit, ran.stderr.lines().count()), (255, 1));
    }
}

#[test]
fn a_device_that_is_sent_away_ends_every_channel_with_a_reason() {
    let house = House::start(&[]);
    let operators = Operators::start(&house);
    house.homing(&["device", "disconnect", "edge-7", "--yes"]);
    for ran in operators.ended() {
        assert!(ran.stderr.starts_with("edge-7: "), "{ran:?}");
        assert!(ran.stderr.contains("ended the device's connection"), "{ran:?}");
        assert_eq!(ran.exit, 255);
    }
    house.homing(&["enroll", "watch", "edge-7", "--timeout", "30s"]);
}

#[test]
fn a_device_that_is_taken_over_ends_every_channel_with_a_reason() {
    let house = House::start(&[]);
    let operators = Operators::start(&house);
    // The same device once more, with the same host key.
    let twin = house.path("twin");
    let mut copy = Command::new("cp");
    assert!(is_done(copy.arg("-a").arg(house.path("edge-7")).arg(&twin)));
    let _ = std::fs::remove_file(twin.join("control.sock"));
    let twin = Device::start(house.stanza.clone(), &twin);
    let ended = operators.ended();
    let expected =
        "edge-7: the device's connection ended: a newer session of the device took over\n";
    let log = house.homing(&["device", "log", "edge-7"]);
    for ran in ended {
        assert_eq!((ran.exit, ran.stderr.as_str()), (255, expected), "{log}");
    }
    drop(twin);
}

#[test]
fn a_gateway_that_stops_says_so_on_every_channel() {
    let mut house = House::start(&[]);
    let operators = Operators::start(&house);
    let gateway = nix::unistd::Pid::from_raw(i32::try_from(house.gateway.child.id()).unwrap());
    nix::sys::signal::kill(gateway, nix::sys::signal::Signal::SIGTERM).unwrap();
    for ran in operators.ended() {
        assert_eq!((ran.exit, ran.stderr.as_str()), (255, "edge-7: the gateway is stopping\n"));
    }
    assert!(house.gateway.child.wait().unwrap().success());
}

#[test]
fn whoever_loses_the_right_loses_the_channel() {
    let house = House::start(&[]);
    let operators = Operators::start(&house);
    house.homing(&["api", "DELETE", "/api/v1/users/ops"]);
    let expected = "edge-7: your key or user was removed from the gateway\n";
    for ran in operators.ended() {
        assert_eq!((ran.exit, ran.stderr.as_str()), (255, expected));
    }
}

#[test]
fn whoever_is_revoked_is_out_within_seconds_and_does_not_come_back() {
    let keys = tempfile::tempdir().unwrap();
    let (authority, key) = (keys.path().join("ca"), keys.path().join("key"));
    let (public, list) = (key.with_extension("pub"), keys.path().join("revoked"));
    for path in [&authority, &key] {
        let mut make = Command::new("ssh-keygen");
        assert!(is_done(make.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path)));
    }
    let revoke = |lines: &str, more: &[&str]| {
        let spec = keys.path().join("spec");
        std::fs::write(&spec, lines).unwrap();
        let mut make = Command::new("ssh-keygen");
        make.args(["-q", "-k", "-f"]).arg(&list).args(more).arg("-s");
        assert!(is_done(make.arg(authority.with_extension("pub")).arg(&spec)));
    };
    revoke("serial: 7\n", &[]);
    let trusted = authority.with_extension("pub").display().to_string();
    let house = House::start(&[
        ("HOMING_FRONT_DOOR_USER_CA", &trusted),
        ("HOMING_FRONT_DOOR_REVOKED", list.to_str().unwrap()),
    ]);
    let sign = |serial: &str| {
        let mut sign = Command::new("ssh-keygen");
        sign.args(["-q", "-s"]).arg(&authority).args(["-I", "laptop", "-n", "ops", "-z", serial]);
        assert!(is_done(sign.args(["-V", "+5m"]).arg(&public)));
    };
    let ssh = || {
        let mut ssh = Command::new("ssh");
        ssh.args(["-F", "none", "-p", &house.gateway.door, "-i"]).arg(&key);
        ssh.args(&house.options("ops")[2..]).args(["-l", "ops:edge-7", "127.0.0.1"]);
        ssh
    };
    let run = |line: &str| Ran::of(ssh().arg(line).stdin(Stdio::null()).output().unwrap());
    sign("7");
    assert!(run("echo in").stderr.contains("Permission denied"));
    sign("8");
    assert_eq!(run("echo in").stdout, "in\n");
    let mut open = ssh();
    open.arg("echo ready; sleep 600").stdin(Stdio::null());
    let mut open = open.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut ready = [0; 6];
    open.stdout.as_mut().unwrap().read_exact(&mut ready).unwrap();
    revoke("serial: 8\n", &["-u"]);
    let ran = Ran::of(open.wait_with_output().unwrap());
    assert_eq!((ran.exit, ran.stderr.as_str()), (255, "edge-7: your certificate is revoked\n"));
    assert!(run("echo in").stderr.contains("Permission denied"));
    assert_eq!(house.run("ops:edge-7", "echo in").stdout, "in\n", "by key as before");
}
