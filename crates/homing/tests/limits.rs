//! What operators may have open and how much may wait, with OpenSSH's own programs: what is beyond a limit is refused at once, and
//! nobody else notices.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod real;

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Child, Command, Stdio};

use real::house::House;
use real::{Ran, until};

/// A channel that stays open until it is dropped.
struct Open(Child);

impl Open {
    fn new(house: &House, login: &str, words: &[&str]) -> Open {
        let mut ssh = house.ssh(login);
        ssh.args(words).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Open(ssh.spawn().unwrap())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait_for_channels(house: &House, count: usize) {
    until("channels", || (house.channels().len() == count).then_some(()));
}

/// As a person sees it who asks for one channel more.
fn refused(house: &House, user: &str) -> Ran {
    let login = format!("{user}:edge-7");
    let mut ssh = Command::new("ssh");
    ssh.args(["-F", "none", "-o", "LogLevel=INFO", "-p", &house.gateway.door]);
    ssh.args(house.options(user)).args(["-l", &login, "127.0.0.1", "true"]);
    Ran::of(ssh.stdin(Stdio::null()).output().unwrap())
}

#[test]
fn one_channel_more_than_an_operator_or_a_device_may_have_is_refused_with_a_hint() {
    let limits =
        [("HOMING_FRONT_DOOR_OPERATOR_CHANNELS", "2"), ("HOMING_FRONT_DOOR_DEVICE_CHANNELS", "3")];
    let house = House::start(&limits);
    house.add_user("ada", "admin");
    let mut open = vec![Open::new(&house, "ops:edge-7", &["cat"])];
    open.push(Open::new(&house, "ops:edge-7", &["cat"]));
    wait_for_channels(&house, 2);
    let ran = refused(&house, "ops");
    let expected = "ops has 2 channels open, as many as one operator may; close one";
    assert!(ran.stderr.contains(expected), "{ran:?}");
    assert_eq!(ran.exit, 255);
    open.push(Open::new(&house, "ada:edge-7", &["cat"]));
    wait_for_channels(&house, 3);
    let ran = refused(&house, "ada");
    let expected = "operators have 3 channels open on edge-7, as many as may be; see: homing device sessions edge-7";
    assert!(ran.stderr.contains(expected), "{ran:?}");
    assert_eq!(ran.exit, 255);
    open.pop();
    wait_for_channels(&house, 2);
    assert_eq!(house.run("ada:edge-7", "echo free").stdout, "free\n");
}

#[test]
fn one_login_more_than_an_operator_may_have_is_told_so_on_its_first_channel() {
    let house = House::start(&[("HOMING_FRONT_DOOR_OPERATOR_CONNECTIONS", "2")]);
    let mut open = vec![Open::new(&house, "ops:edge-7", &["cat"])];
    open.push(Open::new(&house, "ops:edge-7", &["cat"]));
    wait_for_channels(&house, 2);
    let ran = house.run("ops:edge-7", "true");
    let expected = "ops is logged in 2 times, as often as one operator may; close one, or share one: ssh -o ControlMaster=auto\n";
    assert_eq!((ran.exit, ran.stderr.as_str()), (255, expected));
    open.pop();
    until("a login is free", || (house.run("ops:edge-7", "true").exit == 0).then_some(()));
}

/// Sends without end to a command that reads nothing.
fn send_to_nobody(house: &House) -> Child {
    let mut ssh = house.ssh("ops:edge-7");
    ssh.arg("sleep 600").stdin(std::fs::File::open("/dev/zero").unwrap());
    ssh.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// While one channel's input stalls the others answer, and the device stays.
fn others_are_served(house: &House, stalled: &mut Child) -> Ran {
    let epoch = || {
        let shown = house.homing(&["device", "show", "edge-7", "-o", "json"]);
        serde_json::from_str::<serde_json::Value>(&shown).unwrap()["session"]["epoch"].clone()
    };
    let before = epoch();
    let ended = until("the channel is closed", || {
        let ran = house.run("ops:edge-7", "echo free");
        assert_eq!(ran.stdout, "free\n", "{ran:?} {}", house.homing(&["device", "log", "edge-7"]));
        stalled.try_wait().unwrap()
    });
    assert_eq!(epoch(), before, "it never left");
    let mut stderr = String::new();
    stalled.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    Ran { exit: ended.code().unwrap_or(-1), stdout: String::new(), stderr }
}

#[test]
fn who_sends_what_a_device_with_sshd_does_not_read_loses_that_channel_alone() {
    let house = House::start_openssh(&[]);
    let mut stalled = send_to_nobody(&house);
    let ran = others_are_served(&house, &mut stalled);
    let expected = "edge-7: channel closed: the device did not read its input for too long\n";
    assert_eq!((ran.exit, ran.stderr.as_str()), (255, expected));
    let log = until("it is told", || {
        let log = house.homing(&["device", "log", "edge-7"]);
        log.contains("lost a channel").then_some(log)
    });
    assert!(log.contains("ops lost a channel: channel closed: the device did not read"), "{log}");
}

#[test]
fn who_sends_what_a_device_of_its_own_server_does_not_read_loses_that_channel_alone() {
    let house = House::start(&[]);
    let mut stalled = send_to_nobody(&house);
    let ran = others_are_served(&house, &mut stalled);
    assert_ne!(ran.exit, 0, "{ran:?}");
}

#[test]
fn a_socket_of_the_device_is_reached_by_forwarding() {
    let house = House::start_openssh(&[]);
    let (there, here) = (house.path("there.sock"), house.path("here.sock"));
    let listener = UnixListener::bind(&there).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut said = String::new();
            stream.read_to_string(&mut said).unwrap();
            stream.write_all(said.to_uppercase().as_bytes()).unwrap();
        }
    });
    let forward = format!("{}:{}", here.display(), there.display());
    let _ssh = Open::new(&house, "ops:edge-7", &["-N", "-L", &forward]);
    let mut stream = until("the forwarding", || UnixStream::connect(&here).ok());
    stream.write_all(b"over the device").unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    assert_eq!(said, "OVER THE DEVICE");
    let purpose = format!("unix {}", there.display());
    until("it is in the audit trail", || {
        house.homing(&["audit", "search", "channel-opened"]).contains(&purpose).then_some(())
    });

    let viewers = house.path("viewer.sock");
    let forward = format!("{}:{}", viewers.display(), there.display());
    let _ssh = Open::new(&house, "eye:edge-7", &["-N", "-L", &forward]);
    let mut stream = until("the forwarding", || UnixStream::connect(&viewers).ok());
    let _ = stream.write_all(b"over the device");
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    assert_eq!(said, b"", "a viewer may not");
}
