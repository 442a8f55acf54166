//! The embedded SSH server against OpenSSH's own `ssh`, `sftp` and `scp`, over TCP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use homing_agent::embedded::{Duplex, Embedded, EmbeddedSettings, Netconf};
use homing_proto::junos::Configuration;
use homing_transport::keys::{KeyKind, PrivateKey};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::time::timeout;

/// Echoes what the client says, after its name.
struct Echo;

impl Netconf for Echo {
    fn serve(
        self: Arc<Self>,
        mut stream: Box<dyn Duplex>,
        user: String,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            let mut said = [0; 5];
            stream.read_exact(&mut said).await.unwrap();
            stream.write_all(user.as_bytes()).await.unwrap();
            stream.write_all(&said).await.unwrap();
        })
    }
}

/// A server on loopback and a client's folder with its key.
struct Bench {
    folder: TempDir,
    user: String,
    port: u16,
}

fn own_name() -> String {
    nix::unistd::User::from_uid(nix::unistd::geteuid()).unwrap().unwrap().name
}

async fn bench() -> Bench {
    bench_with("super-user", |_| {}).await
}

async fn bench_with(class: &str, change: impl FnOnce(&mut EmbeddedSettings)) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let key = PrivateKey::load_or_create(&folder.path().join("id"), KeyKind::Ed25519).unwrap();
    let user = own_name();
    let text = format!(
        "system {{ login {{ user {user} {{ class {class}; authentication {{ \
         ssh-ed25519 \"{}\"; }} }} }} }}",
        key.public_text("me")
    );
    let login = Configuration::parse("test", &text).unwrap().login().unwrap();
    let mut settings = EmbeddedSettings {
        login: Arc::new(move || login.clone()),
        netconf: true,
        netconf_only: false,
        keep_alive: None,
        peer: None,
        program: Some(PathBuf::from(env!("CARGO_BIN_EXE_homing-agent"))),
        cli: None,
        client: None,
        opened: Arc::new(|| {}),
    };
    change(&mut settings);
    let embedded = Arc::new(Embedded::open(folder.path()).await.unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (embedded, settings) = (embedded.clone(), settings.clone());
            tokio::spawn(async move {
                let never = std::future::pending();
                embedded.serve(stream, settings, Arc::new(Echo), never).await
            });
        }
    });
    Bench { folder, user, port }
}

impl Bench {
    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, program: &str, port: &str) -> Command {
        let mut command = Command::new(program);
        let known_hosts = format!("UserKnownHostsFile={}", self.at("known_hosts").display());
        command
            .args(["-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=accept-new"])
            .args(["-o", &known_hosts, "-o", "IdentitiesOnly=yes", "-i"])
            .arg(self.at("id"))
            .args([port, &self.port.to_string()])
            .stdin(Stdio::null())
            .env_remove("SSH_AUTH_SOCK")
            .kill_on_drop(true);
        command
    }

    /// `ssh` with these arguments behind the host's name.
    fn ssh(&self, before: &[&str], after: &[&str]) -> Command {
        let mut command = self.command("ssh", "-p");
        command.args(before).arg(format!("{}@127.0.0.1", self.user)).args(after);
        command
    }
}

/// Standard output, standard error and exit status.
async fn run(mut command: Command) -> (String, String, Option<i32>) {
    let output = timeout(Duration::from_secs(60), command.output()).await.unwrap().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (text(output.stdout), text(output.stderr), output.status.code())
}

async fn ends(pid: i32) {
    for _ in 0..500 {
        let gone = std::fs::read_to_string(format!("/proc/{pid}/stat"));
        if gone.is_err() || gone.unwrap().contains(") Z ") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("process {pid} lives on");
}

/// Waits for a file with a number in it.
async fn number_in(path: &Path) -> i32 {
    for _ in 0..500 {
        if let Some(number) =
            std::fs::read_to_string(path).ok().and_then(|text| text.trim().parse().ok())
        {
            return number;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{} was never written", path.display());
}

#[tokio::test]
async fn a_command_has_output_errors_and_exit_status() {
    let bench = bench().await;
    let (out, err, status) = run(bench.ssh(&[], &["echo hi; echo no >&2; exit 7"])).await;
    assert_eq!((out.as_str(), status), ("hi\n", Some(7)), "{err}");
    assert!(err.contains("no\n"), "{err}");
}

#[tokio::test]
async fn a_command_runs_as_the_user_at_home_in_a_clean_environment() {
    let bench = bench().await;
    let (out, err, _) = run(bench.ssh(&[], &["id -un; pwd; echo $HOME; env"])).await;
    let lines: Vec<_> = out.lines().collect();
    assert_eq!(lines[0], bench.user, "{err}");
    assert_eq!(lines[1], lines[2]);
    assert!(!out.contains("CARGO"), "{out}");
}

#[tokio::test]
async fn input_reaches_a_command_whole_and_so_does_its_end() {
    let bench = bench().await;
    let data: Vec<u8> = (0..8 * 1024 * 1024_u32).map(|i| (i % 251) as u8).collect();
    std::fs::write(bench.at("data"), &data).unwrap();
    let mut command = bench.ssh(&[], &["cat"]);
    command.stdin(std::fs::File::open(bench.at("data")).unwrap());
    let output = timeout(Duration::from_secs(60), command.output()).await.unwrap().unwrap();
    assert!(output.stdout == data, "{} bytes came back", output.stdout.len());
}

#[tokio::test]
async fn a_terminal_has_a_name_and_a_size() {
    let bench = bench().await;
    let mut command = bench.ssh(&["-tt"], &["tty; echo $TERM"]);
    command.env("TERM", "vt100");
    let (out, err, status) = run(command).await;
    assert!(out.contains("/dev/pts/") && out.contains("vt100"), "{out} {err}");
    assert_eq!(status, Some(0));
}

#[tokio::test]
async fn a_login_shell_takes_commands_from_its_terminal() {
    let bench = bench().await;
    let mut command = bench.ssh(&["-tt"], &[]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"echo $((6*7))\nexit 3\n").await.unwrap();
    let output = timeout(Duration::from_secs(60), child.wait_with_output()).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("42"), "{text}");
    assert_eq!(output.status.code(), Some(3));
}

#[tokio::test]
async fn the_netconf_subsystem_is_the_agents_own() {
    let bench = bench().await;
    let mut command = bench.ssh(&["-s"], &["netconf"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.as_mut().unwrap().write_all(b"hello").await.unwrap();
    let output = timeout(Duration::from_secs(60), child.wait_with_output()).await.unwrap().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{}hello", bench.user));
}

#[tokio::test]
async fn without_services_netconf_the_subsystem_is_refused() {
    let bench = bench_with("super-user", |settings| settings.netconf = false).await;
    let (_, err, status) = run(bench.ssh(&["-s"], &["netconf"])).await;
    assert_ne!(status, Some(0));
    assert!(err.contains("subsystem request failed"), "{err}");
}

#[tokio::test]
async fn netconf_only_leaves_neither_shell_nor_command_nor_files() {
    let bench = bench_with("super-user", |settings| settings.netconf_only = true).await;
    let (out, _, status) = run(bench.ssh(&[], &["echo hi"])).await;
    assert_eq!((out.as_str(), status), ("", Some(255)));
    let (_, err, status) = run(bench.ssh(&["-s"], &["sftp"])).await;
    assert!(status != Some(0) && err.contains("subsystem request failed"), "{err}");
}

#[tokio::test]
async fn a_class_without_shell_may_not_run_commands() {
    let bench = bench_with("read-only", |_| {}).await;
    let (out, _, status) = run(bench.ssh(&[], &["echo hi"])).await;
    assert_eq!((out.as_str(), status), ("", Some(255)));
}

#[tokio::test]
async fn a_stranger_is_refused() {
    let mut bench = bench().await;
    bench.user = "stranger".into();
    let (_, err, status) = run(bench.ssh(&[], &["true"])).await;
    assert!(status == Some(255) && err.contains("Permission denied (publickey,password)"), "{err}");
}

#[tokio::test]
async fn files_are_moved_with_sftp() {
    let bench = bench().await;
    let data: Vec<u8> = (0..3_000_000_u32).map(|i| (i % 241) as u8).collect();
    std::fs::write(bench.at("up"), &data).unwrap();
    let folder = bench.folder.path().display();
    let batch = format!(
        "mkdir {folder}/d\nput {folder}/up {folder}/d/a\nchmod 600 {folder}/d/a\nls -l {folder}/d\n\
         rename {folder}/d/a {folder}/d/b\nsymlink {folder}/d/b {folder}/d/link\n\
         get {folder}/d/link {folder}/down\nrm {folder}/d/link\nrm {folder}/d/b\nrmdir {folder}/d\npwd\n"
    );
    std::fs::write(bench.at("batch"), batch).unwrap();
    let mut command = bench.command("sftp", "-P");
    command.arg("-b").arg(bench.at("batch")).arg(format!("{}@127.0.0.1", bench.user));
    let (out, err, status) = run(command).await;
    assert_eq!(status, Some(0), "{out}{err}");
    assert!(out.contains("-rw-------") && out.contains("3000000"), "{out}");
    assert!(std::fs::read(bench.at("down")).unwrap() == data);
    assert!(!bench.at("d").exists());
}

#[tokio::test]
async fn files_are_moved_with_scp() {
    let bench = bench().await;
    std::fs::create_dir(bench.at("tree")).unwrap();
    std::fs::write(bench.at("tree/one"), "1").unwrap();
    std::fs::write(bench.at("tree/two"), vec![2; 100_000]).unwrap();
    let mut command = bench.command("scp", "-P");
    let there = format!("{}@127.0.0.1:{}", bench.user, bench.at("copy").display());
    command.arg("-rp").arg(bench.at("tree")).arg(there);
    let (_, err, status) = run(command).await;
    assert_eq!(status, Some(0), "{err}");
    assert_eq!(std::fs::read(bench.at("copy/one")).unwrap(), b"1");
    assert_eq!(std::fs::read(bench.at("copy/two")).unwrap(), vec![2; 100_000]);
}

#[tokio::test]
async fn a_command_and_its_children_end_with_the_connection() {
    let bench = bench().await;
    let file = bench.at("pid");
    let line = format!("sleep 1000 & echo $! > {}; wait", file.display());
    let mut child = bench.ssh(&[], &[&line]).spawn().unwrap();
    let pid = number_in(&file).await;
    child.kill().await.unwrap();
    ends(pid).await;
}

#[tokio::test]
async fn a_program_that_ignores_the_hang_up_is_killed() {
    let bench = bench().await;
    let file = bench.at("pid");
    let line = format!("trap '' HUP; echo $$ > {}; while :; do sleep 1; done", file.display());
    let mut child = bench.ssh(&[], &[&line]).spawn().unwrap();
    let pid = number_in(&file).await;
    child.kill().await.unwrap();
    ends(pid).await;
}

#[tokio::test]
async fn a_command_that_leaves_a_child_with_its_output_open_ends_all_the_same() {
    let bench = bench().await;
    let start = std::time::Instant::now();
    let (out, _, status) = run(bench.ssh(&[], &["echo done; sleep 30 & exit 4"])).await;
    assert_eq!((out.as_str(), status), ("done\n", Some(4)));
    assert!(start.elapsed() < Duration::from_secs(15));
}
