//! The whole way: the real `homing gateway`, real agents that dial it, and the operator's verbs.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use homing_agent::{ConfigSource, Options, SshServer};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::sync::oneshot;

/// `homing gateway` in a folder of its own, on a port that the system chose.
struct Gateway {
    folder: tempfile::TempDir,
    child: Child,
    address: String,
}

impl Gateway {
    fn start(settings: &[(&str, &str)]) -> Gateway {
        let folder = tempfile::tempdir().unwrap();
        let mut command = homing(folder.path());
        command
            .args(["gateway", "--listen", "127.0.0.1:0", "--door", "127.0.0.1:0"])
            .stderr(Stdio::piped());
        let mut child = command.envs(settings.iter().copied()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut address = String::new();
        loop {
            let line = log.next().unwrap().unwrap();
            if let Some((_, found)) = line.split_once("address=") {
                address = found.trim().to_owned();
            }
            if line.contains("ready") {
                break;
            }
        }
        // The gateway must never wait for a reader of its log.
        std::thread::spawn(move || log.for_each(drop));
        Gateway { folder, child, address }
    }

    /// Runs a verb; stdout, if it ends with 0.
    fn homing(&self, line: &[&str]) -> Result<String, (Option<i32>, String)> {
        let output = homing(self.folder.path()).args(line).output().unwrap();
        match output.status.success() {
            true => Ok(String::from_utf8(output.stdout).unwrap()),
            false => Err((output.status.code(), String::from_utf8(output.stderr).unwrap())),
        }
    }

    /// Enrols a device and starts an agent with the stanza, as an operator would.
    fn add(&self, name: &str) -> Device {
        let stanza = self.homing(&["enroll", name, "--address", &self.address]).unwrap();
        Device::start(stanza, &self.folder.path().join(name))
    }

    fn in_session(&self, name: &str) {
        self.homing(&["enroll", "watch", name, "--timeout", "20s"]).unwrap();
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn homing(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_homing"));
    command.env_clear().env("HOMING_DATA", folder.join("data")).stdin(Stdio::null());
    command
}

/// An agent in a thread of this process.
struct Device {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Device {
    fn start(stanza: String, folder: &Path) -> Device {
        let mut options = Options::new(ConfigSource::Text(stanza), folder);
        options.ssh_server = SshServer::Embedded;
        options.log_dir = folder.to_owned();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let stopped = async { drop(stopped.await) };
            runtime.block_on(homing_agent::run(options, stopped)).unwrap();
        });
        Device { stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.thread.take().unwrap().join().unwrap();
    }
}

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
    let gone = Instant::now() + Duration::from_secs(10);
    while gateway.homing(&["device", "ls", "--state", "up", "--no-headers"]).unwrap() != "" {
        assert!(Instant::now() < gone, "the device is still up");
    }
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
    let seen = Instant::now() + Duration::from_secs(30);
    while gateway.homing(&["device", "ls", "--state", "pending", "--no-headers"]).unwrap() == "" {
        assert!(Instant::now() < seen, "no stranger was seen");
    }
    gateway.homing(&["device", "accept", "mx1", "--name", "sw1"]).unwrap();
    gateway.in_session("sw1");
    drop(device);
}
