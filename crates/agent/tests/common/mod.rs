//! A real `homing-agent` and a listener on loopback that plays the gateway.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long anything may take before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A folder with keys, settings and state for one agent and one sshd.
pub struct Lab {
    pub dir: TempDir,
}

impl Lab {
    /// Host keys of two types, a login key, and an sshd_config that needs nothing of the system.
    pub fn new() -> Self {
        let lab = Self { dir: tempfile::tempdir().unwrap() };
        for (name, kind) in
            [("host_ecdsa", "ecdsa"), ("host_ed25519", "ed25519"), ("login", "ed25519")]
        {
            let made = Command::new("ssh-keygen")
                .args(["-q", "-N", "", "-C", name, "-t", kind, "-f"])
                .arg(lab.path(name))
                .status();
            assert!(made.expect("ssh-keygen is installed").success());
        }
        let dir = lab.dir.path().display();
        lab.write(
            "sshd_config",
            &format!(
                "HostKey {dir}/host_ecdsa\nHostKey {dir}/host_ed25519\n\
                 AuthorizedKeysFile {dir}/login.pub\nStrictModes no\nUsePAM no\n\
                 Subsystem netconf /bin/false\nSubsystem sftp internal-sftp\n\
                 Match User nobody\n  X11Forwarding no\n"
            ),
        );
        lab
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Writes the agent's configuration: `clients` goes into `outbound-ssh { … }`.
    pub fn configure(&self, clients: &str) {
        let text = format!("system {{ services {{ outbound-ssh {{\n{clients}\n}} }} }}\n");
        self.write("agent.conf", &text);
    }

    /// Starts the agent and waits until its control socket answers.
    pub fn start(&self, flags: &[&str]) -> Agent {
        self.start_command(self.command("run"), flags)
    }

    /// As [`Lab::start`], with a command that has more to it.
    pub fn start_command(&self, mut command: Command, flags: &[&str]) -> Agent {
        let openssh = ["--ssh-server", "openssh"];
        let server = if flags.contains(&"--ssh-server") { &[][..] } else { &openssh[..] };
        let child = command
            .arg("--config")
            .arg(self.path("agent.conf"))
            .arg("--log-dir")
            .arg(self.dir.path())
            .arg("--sshd-config")
            .arg(self.path("sshd_config"))
            .args(server)
            .args(flags)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut agent = Agent { child };
        let since = Instant::now();
        while !self.command("show").output().unwrap().status.success() {
            assert!(agent.child.try_wait().unwrap().is_none(), "the agent ended");
            assert!(since.elapsed() < PATIENCE, "the agent does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        agent
    }

    pub fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_homing-agent"));
        command.arg(verb).arg("--state-dir").arg(self.path("state"));
        command
    }

    /// Asks the running agent.
    pub fn ask(&self, verb: &str, arguments: &[&str]) -> Output {
        self.command(verb).args(arguments).output().unwrap()
    }

    pub fn reload(&self) -> String {
        let output = self.ask("reload", &[]);
        assert!(output.status.success(), "{output:?}");
        text(&output.stdout)
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A running agent; stopped in order when dropped.
pub struct Agent {
    pub child: Child,
}

impl Agent {
    pub fn signal(&self, signal: &str) {
        self::signal(&self.child, signal);
    }

    /// Ends it and says how long that took.
    pub fn stop(&mut self) -> Duration {
        let since = Instant::now();
        self.signal("TERM");
        while self.child.try_wait().unwrap().is_none() {
            assert!(since.elapsed() < PATIENCE, "the agent does not stop");
            std::thread::sleep(Duration::from_millis(10));
        }
        since.elapsed()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            if std::thread::panicking() {
                let _ = self.child.kill();
                let _ = self.child.wait();
            } else {
                self.stop();
            }
        }
    }
}

/// A listener that devices dial.
pub struct Gateway {
    listener: TcpListener,
}

impl Gateway {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self { listener }
    }

    pub fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    /// A client stanza that dials here.
    pub fn client(&self, name: &str, more: &str) -> String {
        let port = self.port();
        format!(
            "client {name} {{ device-id {name}.id; services netconf; {more} \
             127.0.0.1 {{ port {port}; timeout 1; }} }}\n"
        )
    }

    /// The next device that dials, within the time allowed.
    pub fn accept_within(&self, patience: Duration) -> Option<Device> {
        let since = Instant::now();
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(false).unwrap();
                    stream.set_read_timeout(Some(PATIENCE)).unwrap();
                    return Some(Device { stream });
                }
                Err(_) if since.elapsed() < patience => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(_) => return None,
            }
        }
    }

    pub fn accept(&self) -> Device {
        self.accept_within(PATIENCE).expect("a device dials")
    }
}

/// A device that has dialled.
pub struct Device {
    pub stream: TcpStream,
}

impl Device {
    /// Everything up to `SSH-`, which is left in the stream.
    pub fn initiation(&mut self) -> String {
        let mut seen = Vec::new();
        while !seen.ends_with(b"SSH-") {
            let mut byte = [0];
            assert_eq!(self.stream.read(&mut byte).unwrap(), 1, "the device hung up");
            seen.push(byte[0]);
        }
        seen.truncate(seen.len() - 4);
        String::from_utf8(seen).unwrap()
    }

    /// Whether the connection stands: nothing comes, and it is not closed.
    pub fn is_open(&mut self) -> bool {
        self.stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let mut buffer = [0; 4096];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return false,
                Ok(_) => {}
                Err(error) => return error.kind() == std::io::ErrorKind::WouldBlock,
            }
        }
    }

    /// Waits for the end of the connection.
    pub fn is_closed(&mut self) -> bool {
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            if !self.is_open() {
                return true;
            }
        }
        false
    }

    /// Lets an SSH client on a port of its own speak with this device; returns the port.
    ///
    /// The initiation sequence must have been read.
    pub fn bridge(self) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            // `initiation` has taken the first four bytes of the identification string.
            client.write_all(b"SSH-").unwrap();
            let (mut from, mut to) =
                (self.stream.try_clone().unwrap(), client.try_clone().unwrap());
            from.set_read_timeout(None).unwrap();
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(std::net::Shutdown::Both);
            });
            let mut device = self.stream;
            let _ = std::io::copy(&mut client, &mut device);
            let _ = device.shutdown(std::net::Shutdown::Both);
        });
        port
    }
}

/// OpenSSH's client, aimed at a bridged device.
pub fn ssh_command(lab: &Lab, port: u16) -> Command {
    let user = text(&Command::new("id").arg("-un").output().unwrap().stdout);
    let mut command = Command::new("ssh");
    command
        .args(["-F", "none", "-p", &port.to_string(), "-l", user.trim(), "-i"])
        .arg(lab.path("login"))
        .args(["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"])
        .args(["-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "LogLevel=ERROR"])
        .args(["-o", "ConnectTimeout=10", "127.0.0.1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs OpenSSH's client over a bridged device.
pub fn ssh(lab: &Lab, port: u16, arguments: &[&str], input: &[u8]) -> Output {
    let mut child = ssh_command(lab, port).args(arguments).spawn().expect("ssh is installed");
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

/// Sends a signal to a process of this test.
pub fn signal(child: &Child, signal: &str) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
}
