//! The agent as a service: what it tells the service manager, and who may reach its sockets.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{Gateway, Lab, text};

/// Waits until the agent has said `wanted`; returns everything said until then.
fn heard(manager: &UnixDatagram, wanted: &str) -> String {
    let mut all = String::new();
    let mut buffer = [0; 1024];
    while !all.contains(wanted) {
        let length = manager.recv(&mut buffer).expect("the agent says nothing more");
        all.push_str(&text(&buffer[..length]));
        all.push('\n');
    }
    all
}

#[test]
fn the_service_manager_is_told_of_readiness_reloads_clients_and_the_end() {
    let (lab, gateway) = (Lab::new(), Gateway::new());
    let manager = UnixDatagram::bind(lab.path("notify")).unwrap();
    manager.set_read_timeout(Some(common::PATIENCE)).unwrap();
    lab.configure(&gateway.client("mist", ""));
    let mut command = lab.command("run");
    command.env("NOTIFY_SOCKET", lab.path("notify"));
    let mut agent = lab.start_command(command, &[]);
    heard(&manager, "READY=1");
    let _device = gateway.accept();
    heard(&manager, "STATUS=1 of 1 clients connected");
    agent.signal("HUP");
    assert!(heard(&manager, "RELOADING=1").contains("RELOADING=1\nMONOTONIC_USEC="));
    heard(&manager, "READY=1");
    agent.stop();
    heard(&manager, "STOPPING=1");
}

#[test]
fn only_the_netconf_socket_is_for_everyone() {
    let lab = Lab::new();
    lab.configure("");
    let _agent = lab.start(&[]);
    let mode = |name: &str| lab.path(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("state"), 0o711);
    assert_eq!(mode("state/control.sock"), 0o600);
    assert_eq!(mode("state/netconf.sock"), 0o666);
}

#[test]
fn another_user_may_not_reload() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let lab = Lab::new();
    lab.configure("");
    let _agent = lab.start(&[]);
    let passable = std::fs::Permissions::from_mode(0o711);
    std::fs::set_permissions(lab.dir.path(), passable).unwrap();
    let mut command = lab.command("reload");
    // The program itself may lie where only root may go.
    std::fs::copy(env!("CARGO_BIN_EXE_homing-agent"), lab.path("agent")).unwrap();
    let mut other = std::process::Command::new(lab.path("agent"));
    other.args(command.get_args()).uid(65_534).gid(65_534);
    let output = other.output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    assert!(text(&output.stderr).contains("only root and the agent's own user"), "{output:?}");
    // On the socket that is for everyone, the agent itself refuses.
    let netconf = lab.path("state/netconf.sock").display().to_string();
    other.args(["--control", &netconf]);
    let output = other.output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    command.output().unwrap();
}

#[test]
fn an_agent_without_clients_stays_and_is_quiet() {
    let lab = Lab::new();
    lab.configure("");
    let mut agent = lab.start(&[]);
    let shown = text(&lab.ask("show", &[]).stdout);
    assert_eq!(shown, "No active outbound-ssh client is configured.\n");
    std::thread::sleep(Duration::from_millis(100));
    assert!(agent.child.try_wait().unwrap().is_none());
}

#[test]
fn one_user_does_not_shut_the_netconf_socket_to_others() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let lab = Lab::new();
    lab.configure("");
    let _agent = lab.start(&[]);
    let passable = std::fs::Permissions::from_mode(0o711);
    std::fs::set_permissions(lab.dir.path(), passable).unwrap();
    std::fs::copy(env!("CARGO_BIN_EXE_homing-agent"), lab.path("agent")).unwrap();
    let mut idle: Vec<Child> = (0..40)
        .map(|_| {
            let mut other = Command::new(lab.path("agent"));
            other.args(lab.command("netconf").get_args()).uid(65_534).gid(65_534);
            other.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
            other.spawn().unwrap()
        })
        .collect();
    let since = Instant::now();
    let refused = loop {
        let ended = idle.iter_mut().position(|each| each.try_wait().unwrap().is_some());
        match ended {
            Some(at) => break idle.swap_remove(at),
            None => assert!(since.elapsed() < Duration::from_secs(60), "nobody is refused"),
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let said = text(&refused.wait_with_output().unwrap().stderr);
    assert!(said.contains("too many connections"), "{said}");
    let mut root = lab.command("netconf");
    let mut root = root.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut hello = [0; 6];
    root.stdout.take().unwrap().read_exact(&mut hello).unwrap();
    assert_eq!(&hello, b"<hello");
    for mut each in idle.into_iter().chain([root]) {
        each.kill().unwrap();
        each.wait().unwrap();
    }
}
