//! The command line: what it prints, where, and with which exit status.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::process::Command;

use common::{Gateway, Lab, text};

fn agent() -> Command {
    Command::new(env!("CARGO_BIN_EXE_homing-agent"))
}

#[test]
fn check_names_the_clients_of_a_correct_file() {
    let lab = Lab::new();
    lab.configure(
        "client a { device-id a; 192.0.2.1 port 4334; } inactive: client b { device-id b; }",
    );
    let output = agent().arg("check").arg(lab.path("agent.conf")).output().unwrap();
    assert!(output.status.success());
    assert!(text(&output.stdout).ends_with(": correct; 1 active client: a\n"), "{output:?}");
}

#[test]
fn check_points_at_what_is_wrong() {
    let lab = Lab::new();
    lab.configure("client a { device-id a; keep-alve; 192.0.2.1 port 4334; }");
    let output = agent().arg("check").arg(lab.path("agent.conf")).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(told.contains("agent.conf:2:") && told.contains("keep-alve"), "{told}");
}

#[test]
fn check_refuses_by_name_what_is_not_acted_on() {
    let lab = Lab::new();
    lab.configure("client a { device-id a; proxy-server { dhcp; } 192.0.2.1 port 4334; }");
    let output = agent().arg("check").arg(lab.path("agent.conf")).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("client `a`: `proxy-server`"), "{output:?}");
    lab.configure(
        "traceoptions { file t match \"(\"; } client a { device-id a; 192.0.2.1 port 1; }",
    );
    let output = agent().arg("check").arg(lab.path("agent.conf")).output().unwrap();
    assert!(text(&output.stderr).contains("traceoptions match: "), "{output:?}");
}

#[test]
fn convert_keeps_secrets_in_their_form() {
    let lab = Lab::new();
    lab.configure("client a { device-id a; secret \"$9$Ydg4JHkPFn9\"; 192.0.2.1 port 4334; }");
    let output =
        agent().args(["convert", "--to", "set"]).arg(lab.path("agent.conf")).output().unwrap();
    let set = text(&output.stdout);
    assert!(
        set.contains("set system services outbound-ssh client a secret \"$9$Ydg4JHkPFn9\""),
        "{set}"
    );
}

#[test]
fn without_an_agent_the_status_is_10_and_the_line_to_type_is_named() {
    let lab = Lab::new();
    for verb in ["show", "reload", "netconf"] {
        let output = lab.ask(verb, &[]);
        assert_eq!(output.status.code(), Some(10), "{output:?}");
        assert!(text(&output.stderr).contains("homing-agent run"), "{output:?}");
    }
}

#[test]
fn show_is_json_for_programs_and_knows_one_client() {
    let (lab, gateway) = (Lab::new(), Gateway::new());
    lab.configure(&gateway.client("mist", "secret topsecret;"));
    let _agent = lab.start(&[]);
    let mut device = gateway.accept();
    device.initiation();
    let json = lab.ask("show", &["clients", "mist", "--json"]).stdout;
    let shown: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(shown[0]["client"], "mist");
    assert_eq!(shown[0]["status"], "connected");
    assert_eq!(shown[0]["has-secret"], true);
    assert_eq!(shown[0]["ssh-server"], "openssh");
    assert_eq!(lab.ask("show", &["clients", "other"]).status.code(), Some(5));
}

#[test]
fn two_agents_do_not_share_a_state_directory() {
    let lab = Lab::new();
    lab.configure("");
    let _agent = lab.start(&[]);
    let second = lab.command("run").arg("--config").arg(lab.path("agent.conf")).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(text(&second.stderr).contains("another agent is running"), "{second:?}");
}

#[test]
fn what_keeps_the_agent_from_starting_is_said_in_one_line() {
    let lab = Lab::new();
    let run = |flags: &[&str]| {
        let output = lab.command("run").args(flags).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        text(&output.stderr)
    };
    let missing = run(&["--config", "/no/such/agent.conf"]);
    assert!(missing.contains("/no/such/agent.conf: No such file"), "{missing}");
    lab.configure("");
    let config = lab.path("agent.conf").display().to_string();
    let no_sshd = run(&["--config", &config, "--ssh-server", "openssh", "--sshd", "/no/sshd"]);
    assert!(no_sshd.contains("SSH can't be served: no sshd"), "{no_sshd}");
}
