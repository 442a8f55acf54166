//! `show interfaces`, `show arp`.

use std::fmt::Write as _;

use super::{all, at, columns};
use crate::netconf::element::Element;

pub(super) fn information(answer: &Element) -> String {
    match answer.attribute("style") {
        Some("terse") => terse(answer),
        Some("description") => descriptions(answer),
        _ => all(answer, "physical-interface").map(physical).collect(),
    }
}

fn terse(answer: &Element) -> String {
    let mut out =
        "Interface               Admin Link Proto    Local                 Remote\n".to_owned();
    for physical in all(answer, "physical-interface") {
        out.push_str(head(physical).trim_end());
        out.push('\n');
        for logical in all(physical, "logical-interface") {
            let mut begun = head(logical);
            for family in all(logical, "address-family") {
                let mut name = at(family, &["address-family-name"]);
                for address in all(family, "interface-address") {
                    let local = at(address, &["ifa-local"]);
                    let _ = writeln!(out, "{begun:<35}{name:<9}{local}");
                    begun.clear();
                    name = "";
                }
            }
            if !begun.is_empty() {
                out.push_str(begun.trim_end());
                out.push('\n');
            }
        }
    }
    out
}

fn head(interface: &Element) -> String {
    let text = |name| at(interface, &[name]);
    format!("{:<24}{:<6}{:<5}", text("name"), text("admin-status"), text("oper-status"))
}

fn descriptions(answer: &Element) -> String {
    let mut rows = vec![["Interface", "Admin", "Link", "Description"].map(str::to_owned).to_vec()];
    for physical in all(answer, "physical-interface") {
        let names = ["name", "admin-status", "oper-status", "description"];
        rows.push(names.map(|name| at(physical, &[name]).to_owned()).to_vec());
    }
    columns(&rows)
}

fn physical(interface: &Element) -> String {
    let text = |name| at(interface, &[name]);
    let enabled = if text("admin-status") == "up" { "Enabled" } else { "Administratively down" };
    let link = if text("oper-status") == "up" { "Up" } else { "Down" };
    let mut out =
        format!("Physical interface: {}, {enabled}, Physical link is {link}\n", text("name"));
    let mut pair = |name: &str, label: &str| match at(interface, &[name]) {
        "" => {}
        value => {
            let _ = writeln!(out, "  {label}: {value}");
        }
    };
    pair("local-index", "Interface index");
    pair("description", "Description");
    pair("link-level-type", "Link-level type");
    pair("mtu", "MTU");
    pair("speed", "Speed");
    pair("link-mode", "Link-mode");
    pair("current-physical-address", "Current address");
    if let Some(traffic) = interface.child("traffic-statistics") {
        out.push_str("  Traffic statistics:\n");
        for (name, label) in [
            ("input-bytes", "Input  bytes  "),
            ("output-bytes", "Output bytes  "),
            ("input-packets", "Input  packets"),
            ("output-packets", "Output packets"),
        ] {
            let _ = writeln!(out, "   {label}: {:>20}", at(traffic, &[name]));
        }
    }
    for (list, label) in
        [("input-error-list", "Input errors"), ("output-error-list", "Output errors")]
    {
        if let Some(errors) = interface.child(list) {
            let each = errors.children.iter().map(|own| format!("{}: {}", own.name, own.text));
            let _ = writeln!(out, "  {label}:\n    {}", each.collect::<Vec<_>>().join(", "));
        }
    }
    for own in all(interface, "logical-interface") {
        logical(own, &mut out);
    }
    out.push('\n');
    out
}

fn logical(interface: &Element, out: &mut String) {
    let _ = writeln!(out, "  Logical interface {}", at(interface, &["name"]));
    for family in all(interface, "address-family") {
        let _ = writeln!(out, "    Protocol {}", at(family, &["address-family-name"]));
        for address in all(family, "interface-address") {
            let _ = writeln!(out, "      Local: {}", at(address, &["ifa-local"]));
        }
    }
}

pub(super) fn arp(answer: &Element) -> String {
    let mut rows = vec![["MAC Address", "Address", "Interface"].map(str::to_owned).to_vec()];
    for entry in all(answer, "arp-table-entry") {
        let names = ["mac-address", "ip-address", "interface-name"];
        rows.push(names.map(|name| at(entry, &[name]).to_owned()).to_vec());
    }
    let count = rows.len() - 1;
    format!("{}Total entries: {count}\n", columns(&rows))
}
