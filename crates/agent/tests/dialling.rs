//! The real agent dials a listener on loopback: what it says, and when it comes back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use common::{Gateway, Lab, text};
use homing_proto::host_key::{HostKey, Mac, Secret};

#[test]
fn without_a_secret_three_lines_come_before_ssh() {
    let (lab, gateway) = (Lab::new(), Gateway::new());
    lab.configure(&gateway.client("mist", ""));
    let _agent = lab.start(&[]);
    let expected = "MSG-ID: DEVICE-CONN-INFO\r\nMSG-VER: V1\r\nDEVICE-ID: mist.id\r\n";
    assert_eq!(gateway.accept().initiation(), expected);
}

#[test]
fn with_a_secret_the_host_key_of_sshd_is_vouched_for() {
    let (lab, gateway) = (Lab::new(), Gateway::new());
    lab.configure(&gateway.client("mist", "secret topsecret;"));
    let _agent = lab.start(&[]);
    let initiation = gateway.accept().initiation();
    let line = |name: &str| initiation.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let key = HostKey::parse(line("HOST-KEY: ")).unwrap();
    assert_eq!(key, HostKey::parse(&lab.read("host_ed25519.pub")).unwrap());
    let mac = Mac::compute(&Secret::new("topsecret"), &key);
    assert_eq!(line("HMAC: "), mac.to_string());
    assert!(!initiation.contains('\0'));
}

#[test]
fn the_nul_is_sent_where_it_is_asked_for() {
    let (lab, gateway) = (Lab::new(), Gateway::new());
    lab.configure(&gateway.client("mist", "secret topsecret;"));
    let _agent = lab.start(&["--send-nul"]);
    assert!(gateway.accept().initiation().contains("\0\r\nHMAC: "));
}

#[test]
fn a_lost_connection_is_dialled_again_but_not_at_once() {
    let (lab, gateway) = (Lab::new(), Gateway::new());
    lab.configure(&gateway.client("mist", ""));
    let _agent = lab.start(&[]);
    let mut device = gateway.accept();
    device.initiation();
    let since = Instant::now();
    drop(device);
    gateway.accept().initiation();
    assert!(since.elapsed() > Duration::from_millis(500), "it hammers");
}

#[test]
fn the_next_server_has_its_turn_when_one_refuses() {
    let (lab, gateway, closed) = (Lab::new(), Gateway::new(), Gateway::new());
    let (port, refusing) = (gateway.port(), closed.port());
    drop(closed);
    lab.configure(&format!(
        "traceoptions {{ file ossh world-readable; flag all; }}
         client lab {{ device-id lab; services netconf;
           localhost {{ port {refusing}; retry 1; timeout 1; }} 127.0.0.1 port {port}; }}"
    ));
    let _agent = lab.start(&[]);
    gateway.accept().initiation();
    let trace = lab.read("ossh");
    let refused =
        format!("Connection to: 127.0.0.1 port: {refusing} failed: Error - Connection refused");
    assert!(trace.contains(&refused), "{trace}");
    assert!(trace.contains(&format!("(lab) Connecting to server: 127.0.0.1:{port}")), "{trace}");
}

#[test]
fn a_routing_instance_that_is_missing_is_told_and_tried_again() {
    let (lab, gateway) = (Lab::new(), Gateway::new());
    let clients = format!("routing-instance no-vrf; {}", gateway.client("mist", ""));
    lab.configure(&clients);
    let _agent = lab.start(&[]);
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    let shown = loop {
        let shown = text(&lab.ask("show", &["clients", "--detail"]).stdout);
        let is_told = shown.contains("routing-instance `no-vrf`: this machine has no VRF");
        if is_told && !shown.contains("Attempts: 1") {
            break shown;
        }
        assert!(std::time::Instant::now() < deadline, "{shown}");
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(shown.contains("Attempts: "), "{shown}");
    assert!(gateway.accept_within(Duration::ZERO).is_none());
}

#[test]
fn sigterm_closes_the_connections_and_ends_the_agent() {
    let (lab, gateway) = (Lab::new(), Gateway::new());
    lab.configure(&gateway.client("mist", ""));
    let mut agent = lab.start(&[]);
    let mut device = gateway.accept();
    device.initiation();
    assert!(agent.stop() < Duration::from_secs(5));
    assert!(device.is_closed());
    assert!(!lab.path("state/control.sock").exists());
}

#[test]
fn no_secret_is_in_any_file_but_those_of_configurations() {
    let (lab, gateway) = (Lab::new(), Gateway::new());
    let trace = "traceoptions { file ossh; flag all; }";
    lab.configure(&format!("{trace} {}", gateway.client("mist", "secret topsecret;")));
    let _agent = lab.start(&["--log", "trace"]);
    gateway.accept().initiation();
    let shown = [
        lab.read("ossh"),
        text(&lab.ask("show", &["--detail"]).stdout),
        text(&lab.ask("show", &["--json"]).stdout),
    ];
    assert!(shown.iter().all(|text| !text.contains("topsecret")), "{shown:?}");
    assert!(shown[1].contains("Secret: /* SECRET-DATA */"), "{}", shown[1]);
    let with_secret = files_with("topsecret", &lab.path("state"));
    let commits = lab.path("state/commits");
    assert!(!with_secret.is_empty(), "the committed configuration is kept");
    for file in with_secret {
        assert_eq!(file.parent(), Some(commits.as_path()), "{}", file.display());
        assert_eq!((mode(&file), mode(&commits)), (0o600, 0o700), "{}", file.display());
    }
}

fn files_with(secret: &str, folder: &Path) -> Vec<PathBuf> {
    let listed = Command::new("grep").args(["-rl", secret]).arg(folder).output().unwrap();
    text(&listed.stdout).lines().map(PathBuf::from).collect()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn without_an_sshd_the_agent_serves_ssh_itself_and_stops_in_order() {
    let (lab, gateway) = (Lab::new(), Gateway::new());
    lab.configure(&gateway.client("mist", "secret topsecret;"));
    let mut agent = lab.start(&["--sshd", "/no/sshd", "--ssh-server", "auto"]);
    let mut device = gateway.accept();
    let initiation = device.initiation();
    let claimed = initiation.lines().find_map(|line| line.strip_prefix("HOST-KEY: ")).unwrap();
    assert_eq!(HostKey::parse(claimed).unwrap().algorithm(), "ssh-ed25519");
    let shown = text(&lab.ask("show", &["--detail"]).stdout);
    assert!(shown.contains("SSH server: embedded"), "{shown}");
    assert!(agent.stop() < Duration::from_secs(5));
    assert!(device.is_closed());
}
