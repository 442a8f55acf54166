//! `show route`, `show route summary`.

use std::fmt::Write as _;

use super::{all, at};
use crate::netconf::element::Element;

pub(super) fn information(answer: &Element) -> String {
    let mut out = String::new();
    for table in all(answer, "route-table") {
        let text = |name| at(table, &[name]);
        let _ = writeln!(
            out,
            "\n{}: {} destinations, {} routes ({} active, {} holddown, {} hidden)\n\
             + = Active Route, - = Last Active, * = Both\n",
            text("table-name"),
            text("destination-count"),
            text("total-route-count"),
            text("active-route-count"),
            text("holddown-route-count"),
            text("hidden-route-count"),
        );
        all(table, "rt").for_each(|route| one(route, &mut out));
    }
    out
}

fn one(route: &Element, out: &mut String) {
    let mut destination = at(route, &["rt-destination"]);
    for entry in all(route, "rt-entry") {
        let tag = at(entry, &["active-tag"]);
        let protocol = at(entry, &["protocol-name"]);
        let preference = at(entry, &["preference"]);
        let metric = match at(entry, &["metric"]) {
            "" => String::new(),
            metric => format!(", metric {metric}"),
        };
        let tag = if tag.is_empty() { " " } else { tag };
        let _ = writeln!(out, "{destination:<18} {tag}[{protocol}/{preference}]{metric}");
        destination = "";
        for hop in all(entry, "nh") {
            let mark = if hop.child("selected-next-hop").is_some() { ">" } else { " " };
            let to = match at(hop, &["to"]) {
                "" => String::new(),
                to => format!("to {to} "),
            };
            let via = match at(hop, &["via"]) {
                "" => at(hop, &["nh-local-interface"]),
                via => via,
            };
            let _ = writeln!(out, "{:20}{mark}  {to}via {via}", "");
        }
    }
}

pub(super) fn summary(answer: &Element) -> String {
    let mut out = String::new();
    for table in all(answer, "route-table") {
        let text = |name| at(table, &[name]);
        let _ = writeln!(
            out,
            "\n{}: {} destinations, {} routes ({} active, {} holddown, {} hidden)",
            text("table-name"),
            text("destination-count"),
            text("total-route-count"),
            text("active-route-count"),
            text("holddown-route-count"),
            text("hidden-route-count"),
        );
        for protocol in all(table, "protocols") {
            let text = |name| at(protocol, &[name]);
            let _ = writeln!(
                out,
                "{:>20}: {:>6} routes, {:>6} active",
                text("protocol-name"),
                text("protocol-route-count"),
                text("active-route-count"),
            );
        }
    }
    out
}
