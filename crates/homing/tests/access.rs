//! Who may what, with the real programs: users, roles and tokens on the socket, then over TLS with a token.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod ran;

use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use ran::Ran;
use serde_json::Value;

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJj/Z8u2HuKBbNTTVtKqBGGjQGpXyHwTz9Wx2NTpWVgC jane@laptop";

/// `homing gateway` in a folder of its own, on ports that the system chose.
struct Gateway {
    folder: tempfile::TempDir,
    child: Child,
    log: Option<std::thread::JoinHandle<Vec<String>>>,
}

impl Gateway {
    fn start() -> Gateway {
        let folder = tempfile::tempdir().unwrap();
        let (child, log) = Gateway::run(folder.path());
        Gateway { folder, child, log }
    }

    fn run(folder: &Path) -> (Child, Option<std::thread::JoinHandle<Vec<String>>>) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_homing"));
        command.env_clear().env("HOMING_DATA", folder.join("data"));
        command.args(["gateway", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"]);
        command.env("HOMING_DOOR", "127.0.0.1:0").stdin(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut seen = Vec::new();
        while !seen.last().is_some_and(|line: &String| line.contains("ready")) {
            seen.push(log.next().unwrap().unwrap());
        }
        let log = std::thread::spawn(move || {
            seen.extend(log.map_while(Result::ok));
            seen
        });
        (child, Some(log))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A verb on the gateway's socket.
    fn homing(&self, line: &[&str]) -> Ran {
        run(Command::new(env!("CARGO_BIN_EXE_homing"))
            .args(line)
            .env_clear()
            .env("HOMING_DATA", self.path("data")))
    }

    fn done(&self, line: &[&str]) -> String {
        let ran = self.homing(line);
        assert_eq!(ran.exit, 0, "{line:?}: {}", ran.stderr);
        ran.stdout
    }

    fn json(&self, line: &[&str]) -> Value {
        let line: Vec<&str> = line.iter().chain(&["-o", "json"]).copied().collect();
        serde_json::from_str(&self.done(&line)).unwrap()
    }

    /// A verb over TLS, with the token in a file.
    fn remote(&self, token: &Path, line: &[&str]) -> Ran {
        let status = self.json(&["status"]);
        run(Command::new(env!("CARGO_BIN_EXE_homing"))
            .args(line)
            .env_clear()
            .env("HOME", self.folder.path())
            .env("HOMING_URL", status["http"]["addresses"][0].as_str().unwrap())
            .env("HOMING_FINGERPRINT", status["http"]["fingerprint"].as_str().unwrap())
            .env("HOMING_TOKEN_FILE", token))
    }

    /// Makes a token and keeps it in a file.
    fn token(&self, name: &str, line: &[&str]) -> PathBuf {
        let line: Vec<&str> = ["token", "create"].iter().chain(line).copied().collect();
        let file = self.path(name);
        std::fs::write(&file, self.done(&line)).unwrap();
        file
    }

    /// Ends it as an operator does; the log.
    fn stop(mut self) -> String {
        let pid = nix::unistd::Pid::from_raw(self.child.id().try_into().unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        assert!(self.child.wait().unwrap().success());
        self.log.take().unwrap().join().unwrap().join("\n")
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(command: &mut Command) -> Ran {
    Ran::of(command.stdin(Stdio::null()).output().unwrap())
}

fn enroll(gateway: &Gateway, name: &str, site: &str) {
    let tag = format!("site={site}");
    gateway.done(&["enroll", name, "--address", "127.0.0.1:4334", "--tag", &tag]);
}

#[test]
fn a_token_sees_and_may_what_its_user_and_scope_give() {
    let gateway = Gateway::start();
    enroll(&gateway, "edge-1", "fra");
    enroll(&gateway, "core-1", "lon");
    gateway.done(&["user", "add", "ops", "--role", "viewer", "--on", "site=fra"]);
    let token = gateway.token("token", &["--user", "ops", "--expires", "1h"]);
    let listed = gateway.remote(&token, &["device", "ls", "--no-headers"]);
    assert!(listed.stdout.starts_with("edge-1\tnew\t"), "{}{}", listed.stdout, listed.stderr);
    assert_eq!(listed.stdout.lines().count(), 1);
    let refused = gateway.remote(&token, &["device", "set", "edge-1", "--block"]);
    assert_eq!(refused.exit, 4);
    assert!(
        refused.stderr.starts_with(
            "homing: ops may view edge-1, not administer it: needs role admin on it\n"
        ),
        "{}",
        refused.stderr
    );
    for line in [
        &["device", "show", "core-1"][..],
        &["device", "show", "nowhere"],
        &["user", "ls"],
        &["enroll", "edge-2", "--address", "127.0.0.1:4334"],
        &["device", "forget", "edge-1"],
        &["token", "create"],
    ] {
        assert_eq!(gateway.remote(&token, line).exit, 4, "{line:?}");
    }
    let whoami = gateway.remote(&token, &["whoami"]).stdout;
    assert!(whoami.contains("may      viewer on site=fra\n"), "{whoami}");

    // What is granted, and what is taken, holds from the next request on.
    gateway.done(&["user", "grant", "ops", "admin", "--on", "name=edge-*", "--expires", "1h"]);
    assert_eq!(gateway.remote(&token, &["device", "set", "edge-1", "--block"]).exit, 0);
    let log = gateway.done(&["device", "log", "edge-1"]);
    assert!(log.contains("ops blocked the device"), "{log}");
    gateway.done(&["user", "revoke", "ops", "2"]);
    assert_eq!(gateway.remote(&token, &["device", "set", "edge-1", "--unblock"]).exit, 4);
    gateway.done(&["user", "rm", "ops"]);
    let gone = gateway.remote(&token, &["whoami"]);
    assert_eq!(gone.exit, 4, "{}", gone.stderr);
    assert!(gone.stderr.contains("does not know the token"), "{}", gone.stderr);
}

#[test]
fn a_token_logs_in_once_and_a_wrong_one_is_refused_in_the_audit_trail() {
    let gateway = Gateway::start();
    let token = gateway.token("token", &["--name", "ci"]);
    for _ in 0..3 {
        assert_eq!(gateway.remote(&token, &["whoami"]).exit, 0);
    }
    let wrong = gateway.path("wrong");
    std::fs::write(&wrong, "hmt_0123456789abcdef0123456789abcdef0123456789abcdef").unwrap();
    assert_eq!(gateway.remote(&wrong, &["whoami"]).exit, 4);
    let search = |action: &str| {
        let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
        loop {
            let found = gateway.done(&["audit", "search", "--action", action, "-o", "ndjson"]);
            if !found.is_empty() || std::time::Instant::now() > end {
                return found;
            }
        }
    };
    let logins = search("login");
    assert_eq!(logins.lines().count(), 1, "{logins}");
    assert!(logins.contains("\"operator\":\"token:ci\""), "{logins}");
    assert!(logins.contains("\"via\":\"api\"") && logins.contains("token hmt_"), "{logins}");
    let refused = search("login-refused");
    assert!(refused.contains("refused:unknown-token"), "{refused}");
    assert!(!refused.contains("0123456789abcdef0123"), "{refused}");
}

#[test]
fn a_repeated_request_is_answered_the_same_after_the_gateway_was_killed() {
    let mut gateway = Gateway::start();
    let data = gateway.path("data");
    let post = |key: &str| {
        let body = r#"{"name":"ci","role":"viewer"}"#;
        let mut stream = std::os::unix::net::UnixStream::connect(data.join("homing.sock")).unwrap();
        let request = format!(
            "POST /api/v1/tokens HTTP/1.1\r\nhost: x\r\nconnection: close\r\nidempotency-key: {key}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    };
    let (head, issued) = post("k1");
    assert!(head.starts_with("HTTP/1.1 201"), "{head}");
    gateway.child.kill().unwrap();
    gateway.child.wait().unwrap();
    gateway.log.take().unwrap().join().unwrap();
    (gateway.child, gateway.log) = Gateway::run(gateway.folder.path());
    let (head, again) = post("k1");
    assert!(head.contains("idempotency-replayed: true"), "{head}");
    assert_eq!(issued, again);
    let (_, other) = post("k2");
    assert_ne!(issued, other);
    assert_eq!(gateway.json(&["token", "ls"]).as_array().unwrap().len(), 2);
}

#[test]
fn a_user_is_made_looked_at_and_removed() {
    let gateway = Gateway::start();
    let added = gateway.homing(&["user", "add", "ops"]);
    assert_eq!((added.exit, added.stdout.as_str()), (0, ""));
    let twice = gateway.homing(&["user", "add", "ops"]);
    assert_eq!(twice.exit, 1);
    assert!(twice.stderr.contains("a user called ops is there already"), "{}", twice.stderr);
    assert_eq!(gateway.homing(&["user", "add", "Ops"]).exit, 2);
    assert_eq!(gateway.homing(&["user", "add", "eve", "--on", "site=fra"]).exit, 2);
    assert_eq!(gateway.homing(&["user", "show", "eve"]).exit, 5);

    let file = gateway.path("keys");
    std::fs::File::create(&file).unwrap().write_all(format!("# mine\n{KEY}\n").as_bytes()).unwrap();
    gateway.done(&["user", "key", "add", "ops", "--file", file.to_str().unwrap()]);
    let quoted = gateway.json(&["user", "key", "add", "ops", KEY]);
    assert_eq!(quoted["keys"].as_array().unwrap().len(), 1);
    gateway.done(&["user", "grant", "ops", "viewer", "--on", "site=fra"]);
    let shown = gateway.done(&["user", "show", "ops"]);
    assert!(shown.contains("grant 1   viewer on site=fra, by "), "{shown}");
    assert!(shown.contains(" ssh-ed25519 jane@laptop, never used\n"), "{shown}");
    let fingerprint = quoted["keys"][0]["fingerprint"].as_str().unwrap();
    gateway.done(&["user", "key", "rm", "ops", fingerprint]);
    gateway.done(&["user", "revoke", "ops", "1"]);
    let listed = gateway.done(&["user", "ls", "--no-headers"]);
    assert_eq!(listed, "ops\t-\t0\t0\t-\n");
    gateway.done(&["user", "rm", "ops"]);
    assert_eq!(gateway.json(&["user", "ls"]), serde_json::json!([]));
    let roles = gateway.done(&["role", "ls", "--no-headers"]);
    assert!(roles.starts_with("viewer\tview\t"), "{roles}");
}

#[test]
fn what_is_printed_once_stands_nowhere_else() {
    let gateway = Gateway::start();
    gateway.done(&["user", "add", "ops", "--role", "admin"]);
    let password = gateway.done(&["user", "password", "ops"]);
    let file = gateway.token("token", &["--name", "ci", "--role", "admin"]);
    let token = std::fs::read_to_string(&file).unwrap();
    assert_eq!(gateway.remote(&file, &["user", "ls"]).exit, 0);
    let tokens = gateway.json(&["token", "ls"]);
    assert_eq!((&tokens[0]["name"], &tokens[0]["user"]), (&"ci".into(), &Value::Null));
    assert!(tokens[0]["last_used"].is_string(), "{tokens}");
    let id = tokens[0]["id"].as_str().unwrap();
    assert!(token.starts_with(id));
    gateway.done(&["token", "revoke", id]);
    assert_eq!(gateway.remote(&file, &["user", "ls"]).exit, 4);
    std::fs::remove_file(&file).unwrap();
    let (data, events) = (gateway.path("data"), gateway.done(&["events", "-o", "json"]));
    assert!(events.contains("made token hmt_"), "{events}");
    // The token without what may be shown of it.
    let secrets = [password.trim(), &token.trim()[12..]];
    let kept = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(&data).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), kept.path().join(entry.file_name())).unwrap();
        }
    }
    let log = gateway.stop();
    for secret in secrets {
        assert!(!log.contains(secret) && !events.contains(secret));
        for entry in std::fs::read_dir(kept.path()).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
        }
    }
}
