//! `file list`, `file checksum`, `ping`.

use std::fmt::Write as _;

use super::{all, at, columns};
use crate::netconf::element::Element;

pub(super) fn list(answer: &Element) -> String {
    let mut out: String = all(answer, "output").map(|own| super::lines(&own.text)).collect();
    for directory in all(answer, "directory") {
        let files: Vec<_> = all(directory, "file-information").collect();
        let name = directory.attribute("name").unwrap_or_default();
        if !name.is_empty() {
            let _ = writeln!(out, "\n{name}:");
        }
        if files.iter().any(|file| file.child("file-size").is_some()) {
            let _ = writeln!(out, "total {}", files.len());
            let rows: Vec<_> = files.iter().map(|file| long(file)).collect();
            out.push_str(&columns(&rows));
        } else {
            files.iter().for_each(|file| {
                let _ = writeln!(out, "{}", name_of(file));
            });
        }
    }
    out
}

fn name_of(file: &Element) -> String {
    let mark = if file.child("file-directory").is_some() { "/" } else { "" };
    format!("{}{mark}", at(file, &["file-name"]))
}

fn long(file: &Element) -> Vec<String> {
    let permissions = file.child("file-permissions").and_then(|own| own.attribute("format"));
    let date = file.child("file-date").and_then(|own| own.attribute("format"));
    vec![
        permissions.unwrap_or_default().to_owned(),
        at(file, &["file-links"]).to_owned(),
        at(file, &["file-owner"]).to_owned(),
        format!("{:>10}", at(file, &["file-size"])),
        date.unwrap_or_default().to_owned(),
        name_of(file),
    ]
}

pub(super) fn checksum(answer: &Element) -> String {
    let one = |file: &Element| {
        let text = |name| at(file, &[name]);
        format!("{} ({}) = {}\n", text("computation-method"), text("input-file"), text("checksum"))
    };
    all(answer, "file-checksum").map(one).collect()
}

pub(super) fn ping(answer: &Element) -> String {
    let text = |path: &[&str]| at(answer, path).to_owned();
    let mut out = format!(
        "PING {} ({}): {} data bytes\n",
        text(&["target-host"]),
        text(&["target-ip"]),
        text(&["packet-size"])
    );
    for probe in all(answer, "probe-result") {
        let own = |name| at(probe, &[name]);
        if probe.child("probe-success").is_some() {
            let milliseconds = own("rtt").parse::<f64>().unwrap_or(0.0) / 1000.0;
            let _ = writeln!(
                out,
                "{} bytes from {}: icmp_seq={} ttl={} time={milliseconds:.3} ms",
                own("response-size"),
                own("ip-address"),
                own("sequence-number"),
                own("time-to-live"),
            );
        }
    }
    let _ = write!(
        out,
        "\n--- {} ping statistics ---\n{} packets transmitted, {} packets received, {}% packet loss\n",
        text(&["target-host"]),
        text(&["probe-results-summary", "probes-sent"]),
        text(&["probe-results-summary", "responses-received"]),
        text(&["probe-results-summary", "packet-loss"]),
    );
    for warning in all(answer, "rpc-error").chain(all(answer, "ping-failure")) {
        let _ = writeln!(out, "ping: {}", warning.text);
    }
    out
}
