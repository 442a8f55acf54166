//! The real `homing gateway`, real agents that dial it, and the operator's verbs.

#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test helpers")]
#![allow(missing_docs, unreachable_pub, reason = "seen only by the tests beside it")]

pub mod house;
#[path = "../ran/mod.rs"]
mod ran;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub use ran::Ran;

use homing_agent::{ConfigSource, Options, SshServer};
use tokio::sync::oneshot;

/// How long anything may take, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// `homing gateway` in a folder of its own, on a port that the system chose.
pub struct Gateway {
    pub folder: tempfile::TempDir,
    pub child: Child,
    /// Where devices dial.
    pub address: String,
    /// The name and address of every listener, in the order of the command line.
    pub listeners: Vec<(String, String)>,
    /// The port of the front door.
    pub door: String,
}

impl Gateway {
    pub fn start(settings: &[(&str, &str)]) -> Gateway {
        Gateway::listening(&["127.0.0.1:0"], settings)
    }

    pub fn listening(addresses: &[&str], settings: &[(&str, &str)]) -> Gateway {
        let folder = tempfile::tempdir().unwrap();
        let mut command = homing(folder.path());
        command.args(["gateway", "--door", "127.0.0.1:0"]).stderr(Stdio::piped());
        command.args(addresses.iter().flat_map(|address| ["--listen", address]));
        let mut child = command.envs(settings.iter().copied()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let (mut listeners, mut door) = (Vec::new(), String::new());
        loop {
            let line = log.next().unwrap().unwrap();
            if let Some((_, found)) = line.split_once("listener=") {
                let (name, address) = found.split_once(" address=").unwrap();
                listeners.push((name.to_owned(), address.trim().to_owned()));
            }
            if let Some((_, found)) = line.split_once("door=") {
                let place = found.split_whitespace().next().unwrap();
                door = place.rsplit(':').next().unwrap().to_owned();
            }
            if line.contains("ready") {
                break;
            }
        }
        // The gateway must never wait for a reader of its log.
        std::thread::spawn(move || log.for_each(drop));
        let address = listeners[0].1.clone();
        Gateway { folder, child, address, listeners, door }
    }

    /// Runs a verb; stdout, if it ends with 0.
    pub fn homing(&self, line: &[&str]) -> Result<String, (Option<i32>, String)> {
        let output = homing(self.folder.path()).args(line).output().unwrap();
        match output.status.success() {
            true => Ok(String::from_utf8(output.stdout).unwrap()),
            false => Err((output.status.code(), String::from_utf8(output.stderr).unwrap())),
        }
    }

    /// Enrols a device and starts an agent with the stanza, as an operator would.
    pub fn add(&self, name: &str) -> Device {
        let stanza = self.homing(&["enroll", name, "--address", &self.address]).unwrap();
        Device::start(stanza, &self.folder.path().join(name))
    }

    pub fn in_session(&self, name: &str) {
        self.homing(&["enroll", "watch", name, "--timeout", "20s"]).unwrap();
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks until there is an answer.
pub fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < end, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A verb on the gateway of this folder.
pub fn homing(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_homing"));
    command.env_clear().env("HOMING_DATA", folder.join("data")).stdin(Stdio::null());
    command
}

/// An agent in a thread of this process.
pub struct Device {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Device {
    pub fn start(stanza: String, folder: &Path) -> Device {
        Device::start_with(stanza, folder, |options| options.ssh_server = SshServer::Embedded)
    }

    /// As [`Device::start`], with the system's sshd, which lets in who has the key in `authorized`. Its NETCONF server says hello
    /// and nothing more.
    pub fn start_openssh(stanza: String, folder: &Path, authorized: &Path) -> Device {
        std::fs::create_dir_all(folder).unwrap();
        let (key, config) = (folder.join("sshd_host_key"), folder.join("sshd_config"));
        let mut make = Command::new("ssh-keygen");
        let made = make.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
        assert!(made.unwrap().success());
        let text = format!(
            "HostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\n\
             PermitRootLogin prohibit-password\nMaxSessions 64\nSubsystem sftp internal-sftp\n",
            key.display(),
            authorized.display()
        );
        std::fs::write(&config, text).unwrap();
        let netconf = folder.join("netconf");
        let said = "#!/bin/sh\necho '<hello xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\"><capabilities><capability>urn:ietf:params:netconf:base:1.0</capability></capabilities><session-id>7</session-id></hello>]]>]]>'\nwhile read -r line; do :; done\n";
        std::fs::write(&netconf, said).unwrap();
        let runs = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&netconf, runs).unwrap();
        Device::start_with(stanza, folder, |options| {
            options.ssh_server = SshServer::Openssh;
            options.sshd_config = config;
            options.program = Some(netconf);
        })
    }

    fn start_with(stanza: String, folder: &Path, set: impl FnOnce(&mut Options)) -> Device {
        let mut options = Options::new(ConfigSource::Text(stanza), folder);
        options.log_dir = folder.to_owned();
        set(&mut options);
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
