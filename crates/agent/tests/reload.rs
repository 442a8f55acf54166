//! A reload changes exactly the connections whose stanza changed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::time::{Duration, Instant};

use common::{Gateway, Lab, text};

#[test]
fn added_dials_removed_closes_changed_reconnects_unchanged_does_not_notice() {
    let (lab, kept, changed, removed, added) =
        (Lab::new(), Gateway::new(), Gateway::new(), Gateway::new(), Gateway::new());
    let before =
        [kept.client("kept", ""), changed.client("changed", ""), removed.client("removed", "")];
    lab.configure(&before.concat());
    let _agent = lab.start(&[]);
    let (mut kept_device, mut changed_device, mut removed_device) =
        (kept.accept(), changed.accept(), removed.accept());
    for device in [&mut kept_device, &mut changed_device, &mut removed_device] {
        device.initiation();
    }

    let after = [
        added.client("added", ""),
        changed.client("changed", "keep-alive { timeout 9; }"),
        format!("inactive: {}", removed.client("removed", "")),
        kept.client("kept", ""),
    ];
    lab.configure(&after.concat());
    let told = lab.reload();
    let expected = "added      added\nremoved    removed\nchanged    changed\nunchanged  kept\n";
    assert_eq!(told, expected);

    added.accept().initiation();
    changed.accept().initiation();
    assert!(changed_device.is_closed() && removed_device.is_closed());
    assert!(kept_device.is_open(), "an unchanged stanza must not notice");
    assert!(kept.accept_within(Duration::ZERO).is_none());
    assert!(removed.accept_within(Duration::from_secs(2)).is_none());
}

#[test]
fn a_bad_file_changes_nothing_and_says_why() {
    let (lab, gateway) = (Lab::new(), Gateway::new());
    lab.configure(&gateway.client("mist", ""));
    let agent = lab.start(&[]);
    let mut device = gateway.accept();
    device.initiation();
    lab.configure("client mist { device-id mist; servces netconf; 127.0.0.1 port 1; }");
    let output = lab.ask("reload", &[]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(told.contains("agent.conf:2") && told.contains("servces"), "{told}");
    agent.signal("HUP");
    std::thread::sleep(Duration::from_millis(300));
    assert!(device.is_open());
    assert!(text(&lab.ask("show", &[]).stdout).contains("mist.id"));
}

#[test]
fn sighup_reloads_too() {
    let (lab, gateway) = (Lab::new(), Gateway::new());
    lab.configure("");
    let agent = lab.start(&[]);
    lab.configure(&gateway.client("mist", ""));
    agent.signal("HUP");
    gateway.accept().initiation();
}

#[test]
fn a_stanza_that_asks_for_a_proxy_is_refused_by_name_and_the_others_run() {
    let (lab, gateway, past) = (Lab::new(), Gateway::new(), Gateway::new());
    let proxy = "proxy-server { static { host 192.0.2.1; } }";
    lab.configure(&[gateway.client("mist", ""), past.client("proxied", proxy)].concat());
    let _agent = lab.start(&[]);
    gateway.accept().initiation();
    let shown = text(&lab.ask("show", &[]).stdout);
    assert!(shown.contains("proxied  -") && shown.contains("Stopped"), "{shown}");
    assert!(shown.contains("`proxy-server` is not supported"), "{shown}");
    assert!(past.accept_within(Duration::from_millis(300)).is_none());
}

#[test]
fn a_stanza_that_waits_is_stopped_without_waiting() {
    let lab = Lab::new();
    let closed = Gateway::new().port();
    lab.configure(&format!(
        "client lab {{ device-id lab; 127.0.0.1 {{ port {closed}; timeout 600; }} }}"
    ));
    let mut agent = lab.start(&[]);
    let since = Instant::now();
    lab.configure("");
    assert_eq!(lab.reload(), "removed    lab\n");
    agent.stop();
    assert!(since.elapsed() < Duration::from_secs(5));
}
