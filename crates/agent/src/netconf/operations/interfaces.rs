//! `<get-interface-information>` and `<get-arp-table-information>`: the interfaces of the host.
//!
//! An interface of Linux is Junos's physical interface, and its one logical interface of the same
//! name has the addresses.
//!
//! Source: Junos XML API; the fields that PyEZ's `PhyPortTable`, `EthPortTable` and `ArpTable` read.

use homing_proto::netconf::element::Element;
use homing_proto::netconf::error::RpcError;

use super::system::{counted, leaf, root};
use super::{Answer, Context, Reply};
use crate::facts::{Interface, Network};

const NAMESPACE: &str = "http://xml.juniper.net/junos/*/junos-interface";
const ARP_NAMESPACE: &str = "http://xml.juniper.net/junos/*/junos-arp";

/// The network of the host.
pub(super) async fn network() -> Result<Network, RpcError> {
    let failed = |error| RpcError::operation_failed(format!("the kernel does not tell: {error}"));
    Network::read().await.map_err(failed)
}

/// How much is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Terse,
    Descriptions,
    Normal,
    Extensive,
}

impl Level {
    fn of(operation: &Element) -> Self {
        let has = |name| operation.child(name).is_some();
        if has("terse") {
            Self::Terse
        } else if has("descriptions") {
            Self::Descriptions
        } else if has("detail") || has("extensive") || has("statistics") || has("media") {
            Self::Extensive
        } else {
            Self::Normal
        }
    }

    fn style(self) -> &'static str {
        match self {
            Self::Terse => "terse",
            Self::Descriptions => "description",
            Self::Normal => "normal",
            Self::Extensive => "extensive",
        }
    }
}

pub(super) async fn information(operation: &Element, _: &Context) -> Answer {
    let network = network().await?;
    let level = Level::of(operation);
    let wanted = operation.child_text("interface-name").filter(|name| !name.is_empty());
    let instance = operation.child_text("routing-instance").filter(|name| *name != "all");
    let controller = instance
        .map(|name| network.interfaces.iter().find(|own| own.name == name).map(|own| own.index));
    let mut answer =
        root("interface-information", NAMESPACE).with_attribute("junos:style", level.style());
    for interface in &network.interfaces {
        let is_in = match controller {
            None => true,
            Some(index) => index.is_some() && interface.controller == index,
        };
        let is_wanted = wanted.is_none_or(|pattern| is_like(&interface.name, pattern));
        let is_told = level != Level::Descriptions || interface.description.is_some();
        if is_in && is_wanted && is_told {
            answer.children.push(physical(interface, level).in_namespace(NAMESPACE));
        }
    }
    match wanted {
        Some(name) if answer.children.is_empty() && !name.contains(['*', '?', '[']) => {
            let message = format!("device {name} not found");
            Err(RpcError::operation_failed(message).with_info("bad-element", name))
        }
        _ => Ok(Reply::Element(answer)),
    }
}

fn word(is_up: bool) -> &'static str {
    if is_up { "up" } else { "down" }
}

fn physical(interface: &Interface, level: Level) -> Element {
    let mut out = Element::new("physical-interface").with(leaf("name", &interface.name));
    out.children.push(counted(
        "admin-status",
        word(interface.is_enabled),
        "format",
        if interface.is_enabled { "Enabled" } else { "Disabled" },
    ));
    out.children.push(leaf("oper-status", word(interface.is_up)));
    out.children.extend(interface.description.as_ref().map(|text| leaf("description", text)));
    if level == Level::Descriptions {
        return out;
    }
    if level != Level::Terse {
        details(interface, level, &mut out);
    }
    out.with(logical(interface))
}

fn details(interface: &Interface, level: Level, out: &mut Element) {
    let kind = match interface {
        Interface { is_loopback: true, .. } => "Loopback",
        Interface { is_ethernet: true, .. } => "Ethernet",
        _ => "Unspecified",
    };
    let mut add = |element| out.children.push(element);
    add(leaf("local-index", interface.index));
    add(leaf("snmp-index", interface.index));
    add(leaf("if-type", kind));
    add(leaf("link-level-type", kind));
    add(leaf("mtu", interface.mtu));
    if let Some(speed) = interface.speed {
        add(leaf("speed", format!("{speed}mbps")));
    }
    if let Some(is_full) = interface.is_full_duplex {
        add(leaf("link-mode", if is_full { "Full-duplex" } else { "Half-duplex" }));
    }
    let mut flags = Element::new("if-device-flags").with(Element::new("ifdf-present"));
    if interface.is_up {
        flags.children.push(Element::new("ifdf-running"));
    }
    if !interface.is_up {
        flags.children.push(Element::new("ifdf-down"));
    }
    if interface.is_loopback {
        flags.children.push(Element::new("ifdf-loopback"));
    }
    add(flags);
    if let Some(address) = &interface.hardware_address {
        add(leaf("current-physical-address", address));
        add(leaf("hardware-physical-address", address));
    }
    let own = &interface.counters;
    let traffic = |name: &str| {
        Element::new(name)
            .with(leaf("input-bytes", own.input_bytes))
            .with(leaf("output-bytes", own.output_bytes))
            .with(leaf("input-packets", own.input_packets))
            .with(leaf("output-packets", own.output_packets))
    };
    add(traffic("traffic-statistics").with_attribute("junos:style", "verbose"));
    if level == Level::Extensive {
        let mut input = Element::new("input-error-list");
        for (name, value) in [
            ("input-errors", own.input_errors),
            ("input-drops", own.input_drops),
            ("framing-errors", own.framing_errors),
            ("input-fifo-errors", own.input_fifo_errors),
        ] {
            input.children.push(leaf(name, value));
        }
        let mut output = Element::new("output-error-list");
        for (name, value) in [
            ("carrier-transitions", own.carrier_transitions),
            ("output-errors", own.output_errors),
            ("output-collisions", own.collisions),
            ("output-drops", own.output_drops),
            ("output-fifo-errors", own.output_fifo_errors),
        ] {
            output.children.push(leaf(name, value));
        }
        add(input);
        add(output);
        if interface.is_ethernet {
            add(traffic("ethernet-mac-statistics"));
        }
    }
}

fn logical(interface: &Interface) -> Element {
    let mut out = Element::new("logical-interface")
        .with(leaf("name", &interface.name))
        .with(leaf("admin-status", word(interface.is_enabled)))
        .with(leaf("oper-status", word(interface.is_up)));
    for (family, is_six) in [("inet", false), ("inet6", true)] {
        let own: Vec<_> =
            interface.addresses.iter().filter(|(ip, _)| ip.is_ipv6() == is_six).collect();
        if own.is_empty() {
            continue;
        }
        let mut inside = Element::new("address-family").with(leaf("address-family-name", family));
        for (ip, prefix) in own {
            let local = counted("ifa-local", format!("{ip}/{prefix}"), "emit", "emit");
            inside.children.push(Element::new("interface-address").with(local));
        }
        out.children.push(inside);
    }
    out
}

pub(super) async fn arp(_: &Element, _: &Context) -> Answer {
    let network = network().await?;
    let mut answer =
        root("arp-table-information", ARP_NAMESPACE).with_attribute("junos:style", "no-resolve");
    let entries = network.neighbours.iter().filter(|own| own.address.is_ipv4());
    for own in entries {
        let mut flags = Element::new("arp-table-entry-flags");
        flags.children.push(match own.is_permanent {
            true => Element::new("permanent"),
            false => Element::new("none"),
        });
        answer.children.push(
            Element::new("arp-table-entry")
                .with(leaf("mac-address", &own.hardware_address))
                .with(leaf("ip-address", own.address))
                .with(leaf("interface-name", network.name_of(own.interface)))
                .with(flags)
                .in_namespace(ARP_NAMESPACE),
        );
    }
    let count = answer.children.len();
    Ok(Reply::Element(answer.with(leaf("arp-entry-count", count).in_namespace(ARP_NAMESPACE))))
}

/// Whether `name` is what `pattern` means, in which `*`, `?` and `[abc]` stand for characters.
///
/// Patterns come from users: the work is at most the product of both lengths.
fn is_like(name: &str, pattern: &str) -> bool {
    let (name, pattern): (Vec<char>, Vec<char>) =
        (name.chars().collect(), pattern.chars().collect());
    // Which beginnings of `name` the part of the pattern so far can stand for.
    let mut fits = vec![false; name.len() + 1];
    fits.first_mut().into_iter().for_each(|first| *first = true);
    let mut rest = pattern.as_slice();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first == '*' {
            let mut any = false;
            fits.iter_mut().for_each(|fit| {
                any |= *fit;
                *fit = any;
            });
            continue;
        }
        let set = match first {
            '[' => rest.iter().position(|end| *end == ']').map(|end| {
                let set = rest.get(..end).unwrap_or_default();
                rest = rest.get(end + 1..).unwrap_or_default();
                set
            }),
            _ => None,
        };
        let matches = |own: &char| match set {
            Some(set) => is_in(*own, set),
            None => *first == '?' || first == own,
        };
        let next = name.iter().zip(&fits).map(|(own, fit)| *fit && matches(own));
        fits = std::iter::once(false).chain(next).collect();
    }
    fits.last().copied().unwrap_or(false)
}

/// Whether a character is in a set such as `a-fx`.
fn is_in(own: char, set: &[char]) -> bool {
    let range = set.windows(3).any(|three| match three {
        [from, '-', to] => (*from..=*to).contains(&own),
        _ => false,
    });
    range || set.contains(&own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_choose_interfaces() {
        for (pattern, fits) in [
            ("eth0", true),
            ("eth*", true),
            ("*", true),
            ("e?h0", true),
            ("[a-f]th[0-9]", true),
            ("[afgx]e*", false),
            ("*1", false),
            ("eth", false),
            ("[", false),
            ("", false),
        ] {
            assert_eq!(is_like("eth0", pattern), fits, "{pattern}");
        }
        assert!(!is_like(&"a".repeat(200), &format!("{}b", "*a".repeat(500))));
    }
}
