//! OpenSSH at both ends: the system's sshd on the device, its client where the gateway would be.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::io::Read as _;
use std::time::{Duration, Instant};

use common::{Gateway, Lab, signal, ssh, ssh_command, text};

/// An agent with one client, dialled in and bridged to a port.
fn dialled_in(lab: &Lab, more: &str, flags: &[&str]) -> (common::Agent, Gateway, u16) {
    let gateway = Gateway::new();
    lab.configure(&gateway.client("mist", more));
    let agent = lab.start(flags);
    let mut device = gateway.accept();
    device.initiation();
    let port = device.bridge();
    (agent, gateway, port)
}

#[test]
fn a_command_runs_on_the_device_with_its_output_and_exit_status() {
    let lab = Lab::new();
    let (_agent, _gateway, port) = dialled_in(&lab, "", &[]);
    let output = ssh(&lab, port, &["cat; echo problem >&2; exit 7"], b"over the device\n");
    assert_eq!(text(&output.stdout), "over the device\n", "{output:?}");
    assert_eq!(text(&output.stderr), "problem\n");
    assert_eq!(output.status.code(), Some(7));
}

/// A whole NETCONF session, said at once: hello, one request, farewell.
const NETCONF: &[u8] = b"<hello xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\"><capabilities>\
    <capability>urn:ietf:params:netconf:base:1.0</capability></capabilities></hello>]]>]]>\
    <rpc message-id=\"1\" xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\">\
    <get-outbound-ssh-service-information/></rpc>]]>]]>\
    <rpc message-id=\"2\" xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\"><close-session/></rpc>]]>]]>";

#[test]
fn the_netconf_subsystem_of_sshd_reaches_the_running_agent() {
    let lab = Lab::new();
    for flags in [&[][..], &["--netconf-only"]] {
        let (_agent, _gateway, port) = dialled_in(&lab, "", flags);
        let output = ssh(&lab, port, &["-s", "netconf"], NETCONF);
        let said = text(&output.stdout);
        assert!(output.status.success(), "{output:?}");
        assert!(said.contains("<outbound-ssh-client-name>mist<"), "{flags:?} {said}");
        assert!(said.contains(">Connected<"), "{flags:?} {said}");
    }
}

#[test]
fn without_services_netconf_the_subsystem_is_refused() {
    let lab = Lab::new();
    let gateway = Gateway::new();
    let stanza = gateway.client("mist", "").replace("services netconf;", "");
    lab.configure(&stanza);
    let _agent = lab.start(&[]);
    let mut device = gateway.accept();
    device.initiation();
    let output = ssh(&lab, device.bridge(), &["-s", "netconf"], b"");
    assert_eq!(output.status.code(), Some(255));
    assert!(text(&output.stderr).contains("subsystem request failed"), "{output:?}");
}

#[test]
fn netconf_only_lets_no_command_run() {
    let lab = Lab::new();
    let (_agent, _gateway, port) = dialled_in(&lab, "", &["--netconf-only"]);
    let output = ssh(&lab, port, &["echo", "hello"], b"");
    assert_eq!(text(&output.stdout), "");
    assert!(text(&output.stderr).contains("for the NETCONF subsystem only"), "{output:?}");
    assert_eq!(output.status.code(), Some(4));
}

#[test]
fn keep_alive_ends_a_connection_whose_peer_is_frozen_and_the_device_comes_back() {
    let lab = Lab::new();
    let (_agent, gateway, port) = dialled_in(&lab, "keep-alive { retry 1; timeout 1; }", &[]);
    let mut client = ssh_command(&lab, port).arg("echo ready; sleep 60").spawn().unwrap();
    let mut ready = [0; 6];
    client.stdout.as_mut().unwrap().read_exact(&mut ready).unwrap();
    signal(&client, "STOP");
    let since = Instant::now();
    gateway.accept().initiation();
    assert!(since.elapsed() > Duration::from_secs(1), "keep-alive has not passed");
    client.kill().unwrap();
    client.wait().unwrap();
}

#[test]
fn a_session_is_ended_when_the_agent_stops() {
    let lab = Lab::new();
    let (mut agent, _gateway, port) = dialled_in(&lab, "", &[]);
    let mut client = ssh_command(&lab, port).arg("echo ready; sleep 60").spawn().unwrap();
    let mut ready = [0; 6];
    client.stdout.as_mut().unwrap().read_exact(&mut ready).unwrap();
    assert!(agent.stop() < Duration::from_secs(6));
    assert_eq!(client.wait().unwrap().code(), Some(255));
}
