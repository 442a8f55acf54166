//! `show version`, `show system …`, `show chassis …`.

use std::fmt::Write as _;

use super::{all, at, columns};
use crate::netconf::element::Element;

pub(super) fn information(answer: &Element) -> String {
    let text = |name| at(answer, &[name]);
    format!(
        "Model: {}\nFamily: {}\nJunos: {}\nHostname: {}\n",
        text("hardware-model"),
        text("os-name"),
        text("os-version"),
        text("host-name")
    )
}

pub(super) fn software(answer: &Element) -> String {
    let text = |name| at(answer, &[name]);
    let mut out = format!(
        "Hostname: {}\nModel: {}\nJunos: {}\n",
        text("host-name"),
        text("product-model"),
        text("junos-version")
    );
    for package in all(answer, "package-information") {
        let _ = writeln!(out, "{}", at(package, &["comment"]));
    }
    out
}

pub(super) fn chassis(answer: &Element) -> String {
    let mut out = "Hardware inventory:\n".to_owned();
    let row = |cells: [&str; 5]| {
        let [item, version, part, serial, description] = cells;
        let line = format!("{item:<16} {version:<8} {part:<11}  {serial:<17} {description}");
        format!("{}\n", line.trim_end())
    };
    out.push_str(&row(["Item", "Version", "Part number", "Serial number", "Description"]));
    for chassis in all(answer, "chassis") {
        for part in std::iter::once(chassis).chain(all(chassis, "chassis-module")) {
            let names = ["name", "version", "part-number", "serial-number", "description"];
            out.push_str(&row(names.map(|name| at(part, &[name]))));
        }
    }
    out
}

pub(super) fn route_engine(answer: &Element) -> String {
    let mut out = String::new();
    for engine in all(answer, "route-engine") {
        let _ = writeln!(out, "Routing Engine status:");
        for (name, label) in [
            ("mastership-state", "Current state"),
            ("status", "Status"),
            ("model", "Model"),
            ("serial-number", "Serial ID"),
            ("memory-dram-size", "DRAM"),
            ("memory-buffer-utilization", "Memory utilization (percent)"),
            ("cpu-count", "Processors"),
            ("start-time", "Start time"),
            ("up-time", "Uptime"),
        ] {
            let value = at(engine, &[name]);
            if !value.is_empty() {
                let _ = writeln!(out, "    {label:<30} {value}");
            }
        }
        let loads = ["load-average-one", "load-average-five", "load-average-fifteen"];
        let loads = loads.map(|name| at(engine, &[name])).join("  ");
        let _ = writeln!(out, "    {:<30} {loads}", "Load averages: 1, 5, 15 min");
    }
    out
}

pub(super) fn uptime(answer: &Element) -> String {
    let mut out = format!("Current time: {}\n", at(answer, &["current-time", "date-time"]));
    match at(answer, &["time-source"]) {
        "" => {}
        source => {
            let _ = writeln!(out, "Time Source:  {source}");
        }
    }
    for (name, label) in [
        ("system-booted-time", "System booted"),
        ("protocols-started-time", "Protocols started"),
        ("last-configured-time", "Last configured"),
    ] {
        if let Some(moment) = answer.child(name) {
            let (time, ago) = (at(moment, &["date-time"]), at(moment, &["time-length"]));
            let by = match at(moment, &["user"]) {
                "" => String::new(),
                user => format!(" by {user}"),
            };
            let _ = writeln!(out, "{label}: {time} ({ago} ago){by}");
        }
    }
    if let Some(uptime) = answer.child("uptime-information") {
        let text = |name| at(uptime, &[name]);
        let _ = writeln!(
            out,
            "{}  up {}, {} users, load averages: {}, {}, {}",
            text("date-time"),
            text("up-time"),
            text("active-user-count"),
            text("load-average-1"),
            text("load-average-5"),
            text("load-average-15"),
        );
    }
    out
}

pub(super) fn users(answer: &Element) -> String {
    let mut rows = vec![["USER", "VIA", "SESSION", "SINCE"].map(str::to_owned).to_vec()];
    let table = answer.at(&["uptime-information", "user-table"]);
    for entry in table.into_iter().flat_map(|table| all(table, "user-entry")) {
        let names = ["user", "command", "tty", "login-time"];
        rows.push(names.map(|name| at(entry, &[name]).to_owned()).to_vec());
    }
    columns(&rows)
}

pub(super) fn storage(answer: &Element) -> String {
    let heading = ["Filesystem", "Size", "Used", "Avail", "Capacity", "Mounted on"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for system in all(answer, "filesystem") {
        let of = |name: &str| {
            let field = system.child(name);
            let shown = field.and_then(|field| field.attribute("format"));
            shown.map_or_else(|| at(system, &[name]).to_owned(), str::to_owned)
        };
        rows.push(vec![
            of("filesystem-name"),
            of("total-blocks"),
            of("used-blocks"),
            of("available-blocks"),
            format!("{}%", of("used-percent")),
            of("mounted-on"),
        ]);
    }
    columns(&rows)
}

pub(super) fn commits(answer: &Element) -> String {
    let mut out = String::new();
    for pending in all(answer, "commit-pending") {
        let [at, user, client] = ["date-time", "user", "client"].map(|name| at(pending, &[name]));
        let _ = writeln!(out, "commit requested by {user} via {client} at {at}");
    }
    for commit in all(answer, "commit-history") {
        let text = |name| at(commit, &[name]);
        let _ = write!(
            out,
            "{:<3} {} by {} via {}",
            text("sequence-number"),
            text("date-time"),
            text("user"),
            text("client")
        );
        out.push_str(match text("comment") {
            "" => "",
            _ => " ",
        });
        let _ = writeln!(out, "{}", text("comment"));
        if !text("log").is_empty() {
            let _ = writeln!(out, "    {}", text("log"));
        }
    }
    out
}

pub(super) fn outbound_ssh(answer: &Element) -> String {
    let mut out = String::new();
    for client in all(answer, "outbound-ssh-client") {
        for (name, label) in [
            ("client-name", "Client"),
            ("device-id", "  Device-id"),
            ("server-info", "  Server"),
            ("connection-status", "  Connection status"),
            ("connection-uptime", "  Connection uptime"),
            ("proxy-info", "  Proxy"),
        ] {
            let value = at(client, &[&format!("outbound-ssh-{name}")]);
            if !value.is_empty() {
                let _ = writeln!(out, "{label}: {value}");
            }
        }
    }
    out
}
