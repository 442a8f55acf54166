//! `<get-route-information>`: the routing tables of the kernel, in Junos's names.
//!
//! ```text
//!   main and local table, IPv4 ─▶ inet.0      a VRF's table ─▶ NAME.inet.0
//!   main and local table, IPv6 ─▶ inet6.0
//! ```
//!
//! Source: Junos XML API; the fields that PyEZ's `RouteTable` reads.

use std::collections::BTreeMap;
use std::net::IpAddr;

use homing_proto::netconf::element::Element;
use homing_proto::netconf::error::{ErrorTag, ErrorType, RpcError};

use super::interfaces::network;
use super::system::{leaf, root};
use super::{Answer, Context, Reply};
use crate::facts::{Network, Route};

const NAMESPACE: &str = "http://xml.juniper.net/junos/*/junos-routing";

/// Which routes are wanted.
struct Wanted<'a> {
    destination: Option<(IpAddr, u8)>,
    is_exact: bool,
    table: Option<&'a str>,
    protocol: Option<String>,
}

impl<'a> Wanted<'a> {
    fn of(operation: &'a Element) -> Result<Self, RpcError> {
        let text = |name| operation.child_text(name).filter(|text| !text.is_empty());
        let destination = text("destination").map(|text| {
            prefix(text).ok_or_else(|| {
                let message = format!("expected an address or prefix as destination, not {text}");
                RpcError::new(ErrorType::Protocol, ErrorTag::InvalidValue, message)
                    .with_info("bad-element", "destination")
            })
        });
        Ok(Self {
            destination: destination.transpose()?,
            is_exact: operation.child("exact").is_some(),
            table: text("table"),
            protocol: text("protocol").map(str::to_lowercase),
        })
    }

    fn wants(&self, route: &Route) -> bool {
        let fits = match self.destination {
            None => true,
            Some((address, length)) if self.is_exact => {
                route.destination == address && route.prefix == length
            }
            Some((address, length)) => covers(route, address, length),
        };
        let protocol = route.protocol.as_str().to_lowercase();
        fits && self.protocol.as_ref().is_none_or(|wanted| *wanted == protocol)
    }
}

/// `192.0.2.0/24` or one address.
fn prefix(text: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let length = length.map_or(Ok(longest), str::parse).ok()?;
    (length <= longest).then_some((address, length))
}

/// Whether packets to this prefix may go by the route.
fn covers(route: &Route, address: IpAddr, length: u8) -> bool {
    let bits = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => u128::from(u32::from(ip)) << 96,
        IpAddr::V6(ip) => u128::from(ip),
    };
    let mask = u128::MAX.checked_shl(128 - u32::from(route.prefix)).unwrap_or(0);
    route.destination.is_ipv4() == address.is_ipv4()
        && route.prefix <= length
        && bits(route.destination) & mask == bits(address) & mask
}

/// The routes by the name of their table, in the order of their prefixes.
fn tables<'n>(network: &'n Network, wanted: &Wanted<'_>) -> BTreeMap<String, Vec<&'n Route>> {
    let mut tables: BTreeMap<String, Vec<&Route>> = BTreeMap::new();
    for route in &network.routes {
        let family = if route.destination.is_ipv4() { "inet.0" } else { "inet6.0" };
        let name = match route.is_main() {
            true => family.to_owned(),
            false => format!("table-{}.{family}", route.table),
        };
        let is_wanted = wanted.table.is_none_or(|table| table == name);
        if is_wanted && wanted.wants(route) {
            tables.entry(name).or_default().push(route);
        }
    }
    for routes in tables.values_mut() {
        routes.sort_by_key(|route| {
            (route.destination, route.prefix, route.protocol.preference(), route.metric)
        });
    }
    if wanted.destination.is_some() && !wanted.is_exact {
        tables.values_mut().for_each(longest_alone);
    }
    tables
}

/// A look-up of one destination shows the best prefix.
fn longest_alone(routes: &mut Vec<&Route>) {
    let longest = routes.iter().map(|route| route.prefix).max();
    routes.retain(|route| Some(route.prefix) == longest);
}

pub(super) async fn information(operation: &Element, _: &Context) -> Answer {
    let wanted = Wanted::of(operation)?;
    let network = network().await?;
    let mut answer = root("route-information", NAMESPACE);
    for (name, routes) in tables(&network, &wanted) {
        let mut table = head(&name, &routes);
        for entries in
            routes.chunk_by(|a, b| (a.destination, a.prefix) == (b.destination, b.prefix))
        {
            table.children.extend(destination(entries, &network));
        }
        answer.children.push(table.in_namespace(NAMESPACE));
    }
    Ok(Reply::Element(answer))
}

fn head(name: &str, routes: &[&Route]) -> Element {
    let prefixes = routes.chunk_by(|a, b| (a.destination, a.prefix) == (b.destination, b.prefix));
    let prefixes = prefixes.count();
    Element::new("route-table")
        .with(leaf("table-name", name))
        .with(leaf("destination-count", prefixes))
        .with(leaf("total-route-count", routes.len()))
        .with(leaf("active-route-count", prefixes))
        .with(leaf("holddown-route-count", 0))
        .with(leaf("hidden-route-count", 0))
}

/// One prefix with all routes to it; the first is the one in use.
fn destination(routes: &[&Route], network: &Network) -> Option<Element> {
    let first = routes.first()?;
    let mut out = Element::new("rt")
        .with_attribute("junos:style", "brief")
        .with(leaf("rt-destination", format!("{}/{}", first.destination, first.prefix)));
    for (place, route) in routes.iter().enumerate() {
        let mut entry = Element::new("rt-entry");
        if place == 0 {
            entry = entry.with(leaf("active-tag", "*")).with(Element::new("current-active"));
        }
        entry = entry
            .with(leaf("protocol-name", route.protocol.as_str()))
            .with(leaf("preference", route.protocol.preference()));
        entry.children.extend(route.metric.map(|metric| leaf("metric", metric)));
        if route.is_reject {
            entry.children.push(leaf("nh-type", "Reject"));
        }
        for (place, hop) in route.hops.iter().enumerate() {
            let mut out = Element::new("nh");
            if place == 0 {
                out.children.push(Element::new("selected-next-hop"));
            }
            let via = hop.via.map(|index| network.name_of(index)).unwrap_or_default();
            let is_local = route.protocol == crate::facts::Protocol::Local;
            out.children.extend(hop.to.map(|to| leaf("to", to)));
            out.children.push(leaf(if is_local { "nh-local-interface" } else { "via" }, via));
            entry.children.push(out);
        }
        out.children.push(entry);
    }
    Some(out)
}

pub(super) async fn summary(operation: &Element, _: &Context) -> Answer {
    let wanted = Wanted::of(operation)?;
    let network = network().await?;
    let mut answer = root("route-summary-information", NAMESPACE);
    for (name, routes) in tables(&network, &wanted) {
        let mut table = head(&name, &routes);
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for route in &routes {
            *counts.entry(route.protocol.as_str()).or_default() += 1;
        }
        for (protocol, count) in counts {
            table.children.push(
                Element::new("protocols")
                    .with(leaf("protocol-name", protocol))
                    .with(leaf("protocol-route-count", count))
                    .with(leaf("active-route-count", count)),
            );
        }
        answer.children.push(table.in_namespace(NAMESPACE));
    }
    Ok(Reply::Element(answer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Protocol;

    fn route(text: &str) -> Route {
        let (destination, prefix) = prefix(text).unwrap();
        let hops = Vec::new();
        Route {
            destination,
            prefix,
            table: 254,
            protocol: Protocol::Static,
            metric: None,
            is_reject: false,
            hops,
        }
    }

    fn found(operation: Element) -> Vec<String> {
        let network = Network {
            routes: ["0.0.0.0/0", "192.0.2.0/24", "192.0.2.128/25", "::/0"].map(route).to_vec(),
            ..Network::default()
        };
        let wanted = Wanted::of(&operation).unwrap();
        let tables = tables(&network, &wanted);
        let line = |(name, routes): (&String, &Vec<&Route>)| {
            routes
                .iter()
                .map(|it| format!("{name} {}/{}", it.destination, it.prefix))
                .collect::<Vec<_>>()
        };
        tables.iter().flat_map(line).collect()
    }

    #[test]
    fn a_destination_finds_the_longest_prefix() {
        let ask = |text: &str| Element::new("x").with(Element::with_text("destination", text));
        assert_eq!(found(ask("192.0.2.200")), ["inet.0 192.0.2.128/25"]);
        assert_eq!(found(ask("192.0.2.1")), ["inet.0 192.0.2.0/24"]);
        assert_eq!(found(ask("198.51.100.0/24")), ["inet.0 0.0.0.0/0"]);
        assert_eq!(found(ask("2001:db8::1")), ["inet6.0 ::/0"]);
        let exact = ask("192.0.2.0/24").with(Element::new("exact"));
        assert_eq!(found(exact), ["inet.0 192.0.2.0/24"]);
        assert!(Wanted::of(&ask("nonsense")).is_err());
        assert!(Wanted::of(&ask("192.0.2.0/33")).is_err());
    }

    #[test]
    fn tables_and_protocols_choose_routes() {
        let with = |name: &str, text: &str| Element::new("x").with(Element::with_text(name, text));
        assert_eq!(found(with("table", "inet6.0")), ["inet6.0 ::/0"]);
        assert_eq!(found(with("protocol", "static")).len(), 4);
        assert!(found(with("protocol", "bgp")).is_empty());
    }
}
