//! The real `homing` against the real HTTP API over a scripted gateway.

#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test helpers")]
#![allow(missing_docs, unreachable_pub, reason = "seen only by the tests beside it")]

pub mod fake;
#[path = "../ran/mod.rs"]
mod ran;

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use fake::Fake;
use homing_gateway::config::{Http, HttpAddress, Scheme};
use homing_gateway::http::{ApiSocket, Doors, serve};
pub use ran::Ran;
use tokio::sync::oneshot;

/// A scripted gateway that serves its API in a temporary folder.
pub struct Gateway {
    pub fake: Fake,
    pub folder: tempfile::TempDir,
    running: Option<(oneshot::Sender<()>, std::thread::JoinHandle<()>)>,
}

impl Gateway {
    pub fn start() -> Gateway {
        let folder = tempfile::tempdir().unwrap();
        let mut gateway = Gateway { fake: Fake::new(), folder, running: None };
        gateway.run();
        gateway
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("homing.sock")
    }

    /// Serves in a thread of its own, so that a test may wait for the command.
    pub fn run(&mut self) {
        let (stop, stopped) = oneshot::channel::<()>();
        let (ready, is_ready) = std::sync::mpsc::channel();
        let (path, fake) = (self.socket(), self.fake.clone());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let socket = ApiSocket::bind(&path).unwrap();
                ready.send(()).unwrap();
                let stopped = async { drop(stopped.await) };
                serve(socket, fake, stopped, Duration::from_millis(500)).await;
            });
        });
        is_ready.recv().unwrap();
        self.running = Some((stop, thread));
    }

    pub fn stop(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            let _ = stop.send(());
            thread.join().unwrap();
        }
    }

    pub fn command(&self, line: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_homing"));
        command.args(line).env_clear().env("HOMING_SOCKET", self.socket());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn homing(&self, line: &[&str]) -> Ran {
        Ran::of(self.command(line).output().unwrap())
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A scripted gateway that serves its API over TLS, and a home of its own for who asks.
pub struct Remote {
    pub fake: Fake,
    pub url: String,
    pub fingerprint: String,
    folder: tempfile::TempDir,
    running: Option<(oneshot::Sender<()>, std::thread::JoinHandle<()>)>,
}

impl Remote {
    pub fn start() -> Remote {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), "hmt_good\n").unwrap();
        let fake = Fake::new();
        fake.devices.lock().unwrap().push(fake::device("mx1", "up"));
        let (stop, stopped) = oneshot::channel::<()>();
        let (ready, is_ready) = std::sync::mpsc::channel();
        let (path, gateway) = (folder.path().to_owned(), fake.clone());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let socket = ApiSocket::bind(&path.join("s")).unwrap();
                let names = || vec!["localhost".to_owned()];
                let doors = Doors::from(socket).with_tcp(&tls(), &path, names).unwrap();
                ready.send(doors.shown()).unwrap();
                let stopped = async { drop(stopped.await) };
                serve(doors, gateway, stopped, Duration::from_millis(500)).await;
            });
        });
        let shown = is_ready.recv().unwrap();
        let (url, fingerprint) = (shown.addresses[0].clone(), shown.fingerprint.unwrap());
        Remote { fake, url, fingerprint, folder, running: Some((stop, thread)) }
    }

    pub fn home(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub fn command(&self, line: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_homing"));
        command.args(line).env_clear().env("HOME", self.home());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn homing(&self, line: &[&str]) -> Ran {
        Ran::of(self.command(line).output().unwrap())
    }

    pub fn login(&self, more: &[&str]) -> Ran {
        let token = self.home().join("token");
        let mut line = vec!["login", &self.url, "--token-file", token.to_str().unwrap()];
        line.extend(more);
        self.homing(&line)
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            let _ = stop.send(());
            thread.join().unwrap();
        }
    }
}

fn tls() -> Http {
    let address = "127.0.0.1:0".parse().unwrap();
    Http {
        listen: vec![HttpAddress { scheme: Some(Scheme::Https), address }],
        certificate: None,
        key: None,
        plain: false,
        max_connections: 16,
        max_per_source: 16,
        rate: 100,
    }
}
