//! `homing sim` against the real `homing gateway`: a fleet comes in, comes back, answers, and ends when it is told.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod real;

use std::io::{BufRead, BufReader, Lines};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use real::{Gateway, homing};
use serde_json::Value;

/// A gateway that is killed and started again on one port; ended with this value.
struct Mortal {
    folder: tempfile::TempDir,
    address: String,
    child: Child,
}

impl Mortal {
    fn start() -> Mortal {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        let child = Self::spawn(folder.path(), &address);
        Mortal { folder, address, child }
    }

    fn spawn(folder: &Path, address: &str) -> Child {
        let mut command = homing(folder);
        command.args(["gateway", "--listen", address, "--door", "127.0.0.1:0"]);
        command.env("HOMING_MAX_PER_SOURCE", "2000").stderr(Stdio::null());
        let child = command.spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        let answers = || homing(folder).arg("status").output().unwrap().status.success();
        while TcpStream::connect(address).is_err() || !answers() {
            assert!(Instant::now() < deadline, "the gateway does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        child
    }

    fn dies_and_comes_back(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = Self::spawn(self.folder.path(), &self.address);
    }

    fn verb(&self, line: &[&str]) -> Command {
        let mut command = homing(self.folder.path());
        command.args(line);
        command
    }
}

impl Drop for Mortal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A fleet that tells how it stands, a line of JSON each; it ends by itself at some time.
struct Fleet {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Fleet {
    fn start(command: &mut Command) -> Fleet {
        let command = command.args(["-o", "ndjson", "--for", "180s"]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Fleet { child, lines }
    }

    /// The next object of this name.
    fn next(&mut self, name: &str) -> Value {
        loop {
            let line = self.lines.next().unwrap_or_else(|| panic!("no {name}")).unwrap();
            let said: Value = serde_json::from_str(&line).unwrap();
            if let Some(found) = said.get(name) {
                return found.clone();
            }
        }
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn status(command: &mut Command) -> Value {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn three_hundred_devices_come_in_and_come_back_when_the_gateway_was_killed() {
    let mut gateway = Mortal::start();
    let picture = gateway.folder.path().join("fleet.svg");
    let address = gateway.address.clone();
    let mut fleet = Fleet::start(gateway.verb(&["sim", "--devices", "300", "--enroll"]).args([
        "--to",
        &address,
        "--waves",
        "2",
        "--timeout",
        "1s",
        "--give-up",
        "90s",
        "--plot",
        picture.to_str().unwrap(),
    ]));
    let first = fleet.next("wave");
    assert_eq!((&first["missing"], &first["came_in"]), (&300.into(), &300.into()), "{first}");
    let stands = status(&mut gateway.verb(&["status", "-o", "json"]));
    assert_eq!(stands["devices"]["up"], 300, "{stands}");

    gateway.dies_and_comes_back();
    let storm = fleet.next("wave");
    assert_eq!((&storm["missing"], &storm["came_in"]), (&300.into(), &300.into()), "{storm}");
    let seconds = |name: &str| storm[name].as_f64().unwrap();
    assert!(seconds("from_first_answer_s") <= seconds("all_in_s"), "{storm}");

    let report = fleet.next("report");
    assert_eq!((&report["up"], &report["devices"]), (&300.into(), &300.into()), "{report}");
    assert_eq!(report["waves"].as_array().unwrap().len(), 2, "{report}");
    let count = |name: &str| report[name].as_u64().unwrap();
    assert!(count("sessions") >= 600 && count("lost") >= 300, "{report}");
    let rest = count("turned_away") + count("gave_up") + count("sessions") + count("refused");
    assert!(count("dials") >= rest, "{report}");
    assert!(fleet.child.wait().unwrap().success());
    assert!(std::fs::read_to_string(picture).unwrap().starts_with("<svg "));
}

#[test]
fn devices_with_secrets_answer_and_are_forgotten() {
    let gateway = Gateway::start(&[]);
    let secrets = gateway.folder.path().join("secrets");
    let mut command = homing(gateway.folder.path());
    command.args(["sim", "--devices", "5", "--enroll", "--give-up", "90s"]);
    command.args(["--reply", "5000", "--to", &gateway.address, "--secrets"]).arg(&secrets);
    let mut fleet = Fleet::start(&mut command);
    fleet.next("wave");
    let reply = gateway.homing(&["rpc", "sim-00003", "get-system-information"]).unwrap();
    assert!(reply.len() > 5_000 && reply.contains("<value>simulated</value>"), "{reply:.200}");
    kill(Pid::from_raw(fleet.child.id() as i32), Signal::SIGTERM).unwrap();
    let report = fleet.next("report");
    assert!(report["rpcs"].as_u64() >= Some(1) && report["up"] == 5, "{report}");
    fleet.child.wait().unwrap();
    gateway.homing(&["sim", "--devices", "5", "--forget"]).unwrap();
    assert_eq!(gateway.homing(&["device", "ls", "--no-headers"]).unwrap(), "");
}

#[test]
fn devices_that_call_home_over_a_bad_road_come_in() {
    let gateway = Gateway::start(&[]);
    let mut command = homing(gateway.folder.path());
    command.args(["sim", "--devices", "12", "--enroll", "--call-home", "--to", &gateway.address]);
    command.args(["--delay", "20ms", "--loss", "0.05", "--half-open", "0.2"]);
    command.args(["--give-up", "20s", "--timeout", "1s", "--waves", "1"]);
    let mut fleet = Fleet::start(&mut command);
    assert_eq!(fleet.next("report")["up"], 12);
    assert!(fleet.child.wait().unwrap().success());
}

#[test]
fn slow_devices_of_several_addresses_answer_late_and_probe_the_gateway() {
    let gateway = Gateway::start(&[]);
    let mut command = homing(gateway.folder.path());
    command.args(["sim", "--devices", "4", "--enroll", "--to", &gateway.address]);
    command.args(["--slow", "1", "--source", "127.0.0.7", "--source", "127.0.0.8"]);
    command.args(["--keep-alive", "5s", "--post-quantum", "--give-up", "90s"]);
    let mut fleet = Fleet::start(&mut command);
    let wave = fleet.next("wave");
    // Each answer of the device comes a second late, and a handshake has several.
    assert!(wave["from_first_answer_s"].as_f64() >= Some(4.0), "{wave}");
    let devices = gateway.homing(&["device", "ls", "-o", "json"]).unwrap();
    let devices: Value = serde_json::from_str(&devices).unwrap();
    let sources: Vec<&str> = devices
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["session"]["source"].as_str().unwrap())
        .collect();
    let from = |address: &str| sources.iter().filter(|it| it.starts_with(address)).count();
    assert_eq!((from("127.0.0.7:"), from("127.0.0.8:")), (2, 2), "{sources:?}");
    let began = Instant::now();
    gateway.homing(&["rpc", "sim-00001", "get-system-information"]).unwrap();
    assert!(began.elapsed() >= Duration::from_secs(1), "it is slow");
    kill(Pid::from_raw(fleet.child.id() as i32), Signal::SIGTERM).unwrap();
    assert_eq!(fleet.next("report")["lost"], 0, "keep-alives are answered");
}

#[test]
fn clones_are_told_of_and_so_are_shared_keys_where_the_key_is_all_that_is_known() {
    let gateway = Gateway::start(&[]);
    let ends_with = |line: &[&str], code: &str| {
        let mut command = homing(gateway.folder.path());
        command.args(["sim", "--enroll", "--to", &gateway.address, "--timeout", "1s"]).args(line);
        let _fleet = Fleet::start(command.args(["--give-up", "90s"]));
        let deadline = Instant::now() + Duration::from_secs(60);
        while !gateway.homing(&["events", "-o", "json"]).unwrap().contains(code) {
            assert!(Instant::now() < deadline, "{line:?}: no {code}");
            std::thread::sleep(Duration::from_millis(200));
        }
    };
    ends_with(&["--prefix", "copied", "--devices", "1", "--clones", "1"], "\"duplicate-device\"");
    ends_with(
        &["--prefix", "home", "--devices", "2", "--keys", "1", "--call-home"],
        "\"ambiguous-key\"",
    );
    let mut command = homing(gateway.folder.path());
    command.args(["sim", "--prefix", "named", "--devices", "4", "--keys", "2", "--enroll"]);
    command.args(["--to", &gateway.address, "--give-up", "90s", "--waves", "1"]);
    assert_eq!(Fleet::start(&mut command).next("report")["up"], 4, "a device-id tells them apart");
}

#[test]
fn a_fleet_that_finds_no_gateway_says_so_and_fails() {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = homing(folder.path());
    command.args(["sim", "--devices", "3", "--for", "1s", "--to"]).arg(format!("127.0.0.1:{port}"));
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("0 of 3 devices were in session"), "{said}");
}
