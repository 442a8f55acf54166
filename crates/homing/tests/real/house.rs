//! A gateway with a front door, two operators with keys, and a device: OpenSSH's own programs go in and out.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::{Device, Gateway, Ran, until};

/// A gateway with an operator `ops` (admin), a viewer `eye` and one device `edge-7` that logs in as whoever runs the test.
pub struct House {
    /// Ends the device before the gateway.
    pub device: Option<Device>,
    pub gateway: Gateway,
    pub stanza: String,
}

impl House {
    /// With a device that serves SSH itself.
    pub fn start(settings: &[(&str, &str)]) -> House {
        House::start_with(settings, Device::start)
    }

    /// With a device where the system's sshd does: it forwards, and couples its windows to who reads.
    pub fn start_openssh(settings: &[(&str, &str)]) -> House {
        House::start_with(settings, |stanza, folder| {
            let key = folder.with_file_name("data").join("id_ed25519.pub");
            Device::start_openssh(stanza, folder, &key)
        })
    }

    fn start_with(
        settings: &[(&str, &str)],
        device: impl FnOnce(String, &Path) -> Device,
    ) -> House {
        let gateway = Gateway::start(settings);
        let mut house = House { gateway, stanza: String::new(), device: None };
        house.add_user("ops", "admin");
        house.add_user("eye", "viewer");
        let me = nix::unistd::User::from_uid(nix::unistd::getuid()).unwrap().unwrap().name;
        let address = house.gateway.address.clone();
        let stanza = house.homing(&["enroll", "edge-7", "--user", &me, "--address", &address]);
        house.stanza = stanza.clone();
        house.device = Some(device(stanza, &house.path("edge-7")));
        house.gateway.in_session("edge-7");
        house
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.gateway.folder.path().join(name)
    }

    pub fn homing(&self, line: &[&str]) -> String {
        self.gateway.homing(line).unwrap_or_else(|said| panic!("{line:?}: {said:?}"))
    }

    /// The channels on the device, as the API shows them.
    pub fn channels(&self) -> Vec<Value> {
        let listed = self.homing(&["device", "sessions", "edge-7", "-o", "json"]);
        serde_json::from_str(&listed).unwrap()
    }

    pub fn add_user(&self, name: &str, role: &str) {
        let key = self.path(name);
        let mut make = Command::new("ssh-keygen");
        assert!(is_done(make.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key)));
        self.homing(&["user", "add", name, "--role", role]);
        let public = key.with_extension("pub");
        self.homing(&["user", "key", "add", name, "--file", public.to_str().unwrap()]);
    }

    /// Options that every OpenSSH program gets.
    pub fn options(&self, user: &str) -> Vec<String> {
        let known = self.path("known_hosts");
        let line = format!(
            "[127.0.0.1]:{} {}",
            self.gateway.door,
            std::fs::read_to_string(self.path("data").join("door_ed25519.pub")).unwrap()
        );
        // A program that starts meanwhile must not find half of it.
        if std::fs::read_to_string(&known).ok().as_ref() != Some(&line) {
            std::fs::write(&known, line).unwrap();
        }
        let mut options = vec!["-i".to_owned(), self.path(user).display().to_string()];
        for option in [
            "IdentitiesOnly=yes",
            "IdentityAgent=none",
            "StrictHostKeyChecking=yes",
            "LogLevel=ERROR",
            "BatchMode=yes",
            "HostKeyAlgorithms=ssh-ed25519",
        ] {
            options.extend(["-o".to_owned(), option.to_owned()]);
        }
        options.extend(["-o".into(), format!("UserKnownHostsFile={}", known.display())]);
        options
    }

    pub fn ssh(&self, login: &str) -> Command {
        let user = login.split([':', '%']).next().unwrap();
        let user = if self.path(user).with_extension("pub").exists() { user } else { "ops" };
        let mut command = Command::new("ssh");
        command.args(["-F", "none", "-p", &self.gateway.door]).args(self.options(user));
        command.args(["-l", login, "127.0.0.1"]).stdin(Stdio::null());
        command
    }

    pub fn run(&self, login: &str, line: &str) -> Ran {
        Ran::of(self.ssh(login).arg(line).output().unwrap())
    }
}

pub fn is_done(command: &mut Command) -> bool {
    command.status().unwrap().success()
}

/// Two operators with commands that go on: one may still type, the other has said all with `</dev/null`.
pub struct Operators(pub [Child; 2]);

impl Operators {
    pub fn start(house: &House) -> Operators {
        let start = |line: &str, stdin: Stdio| {
            let mut ssh = house.ssh("ops:edge-7");
            ssh.arg(line).stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
            ssh.spawn().unwrap()
        };
        let operators = [start("cat", Stdio::piped()), start("sleep 600", Stdio::null())];
        until("both commands run", || {
            let listed = house.homing(&["device", "sessions", "edge-7"]);
            (listed.contains("exec cat") && listed.contains("exec sleep 600")).then_some(())
        });
        Operators(operators)
    }

    /// Waits until both have ended; neither ends by itself.
    pub fn ended(self) -> [Ran; 2] {
        self.0.map(|mut ssh| {
            let _typing = ssh.stdin.take();
            Ran::of(ssh.wait_with_output().unwrap())
        })
    }
}
