//! Interfaces, addresses, routes and neighbours, as the kernel tells them.
//!
//! Source: rtnetlink(7).

use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::time::Duration;

use futures_util::{Stream, TryStreamExt as _};
use rtnetlink::packet_route::address::AddressAttribute;
use rtnetlink::packet_route::link::{
    LinkAttribute, LinkFlags, LinkLayerType, LinkMessage, State, Stats64,
};
use rtnetlink::packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourMessage, NeighbourState,
};
use rtnetlink::packet_route::route::{
    RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteProtocol, RouteType,
};
use tokio::time::timeout;

/// How long the kernel may take; it answers in microseconds.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The most entries of each kind that are told.
const MOST: usize = 20_000;

/// The network of this host at one moment.
#[derive(Debug, Default)]
pub(crate) struct Network {
    pub(crate) interfaces: Vec<Interface>,
    pub(crate) routes: Vec<Route>,
    pub(crate) neighbours: Vec<Neighbour>,
}

/// One interface.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interface {
    pub(crate) name: String,
    pub(crate) index: u32,
    /// The VRF or bridge that it belongs to, by index.
    pub(crate) controller: Option<u32>,
    pub(crate) is_enabled: bool,
    pub(crate) is_up: bool,
    pub(crate) is_loopback: bool,
    pub(crate) is_ethernet: bool,
    pub(crate) mtu: u32,
    pub(crate) hardware_address: Option<String>,
    pub(crate) description: Option<String>,
    /// Bits per second in millions.
    pub(crate) speed: Option<u32>,
    pub(crate) is_full_duplex: Option<bool>,
    pub(crate) counters: Counters,
    pub(crate) addresses: Vec<(IpAddr, u8)>,
}

/// What went in and out of an interface.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counters {
    pub(crate) input_bytes: u64,
    pub(crate) output_bytes: u64,
    pub(crate) input_packets: u64,
    pub(crate) output_packets: u64,
    pub(crate) input_errors: u64,
    pub(crate) output_errors: u64,
    pub(crate) input_drops: u64,
    pub(crate) output_drops: u64,
    pub(crate) framing_errors: u64,
    pub(crate) input_fifo_errors: u64,
    pub(crate) output_fifo_errors: u64,
    pub(crate) collisions: u64,
    pub(crate) carrier_transitions: u64,
}

/// Who made a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// The address of an interface itself.
    Local,
    /// The network that an interface stands in.
    Direct,
    /// A person or a script.
    Static,
    /// DHCP or a router's advertisement.
    AccessInternal,
    Bgp,
    Ospf,
    IsIs,
    Rip,
    /// Some other routing daemon.
    Other,
}

impl Protocol {
    /// Junos's word.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Local => "Local",
            Self::Direct => "Direct",
            Self::Static => "Static",
            Self::AccessInternal => "Access-internal",
            Self::Bgp => "BGP",
            Self::Ospf => "OSPF",
            Self::IsIs => "IS-IS",
            Self::Rip => "RIP",
            Self::Other => "Kernel",
        }
    }

    /// Junos's preference among protocols, for the table; Linux itself chooses by metric.
    pub(crate) fn preference(self) -> u32 {
        match self {
            Self::Local | Self::Direct => 0,
            Self::Static => 5,
            Self::Ospf => 10,
            Self::AccessInternal => 12,
            Self::IsIs => 15,
            Self::Other => 40,
            Self::Rip => 100,
            Self::Bgp => 170,
        }
    }
}

/// One route.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub(crate) destination: IpAddr,
    pub(crate) prefix: u8,
    pub(crate) table: u32,
    pub(crate) protocol: Protocol,
    pub(crate) metric: Option<u32>,
    /// Packets are refused or dropped.
    pub(crate) is_reject: bool,
    pub(crate) hops: Vec<Hop>,
}

/// Where a route leads.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hop {
    pub(crate) to: Option<IpAddr>,
    /// The interface, by index.
    pub(crate) via: Option<u32>,
}

/// One neighbour whose hardware address is known.
#[derive(Debug, Clone)]
pub(crate) struct Neighbour {
    pub(crate) address: IpAddr,
    pub(crate) hardware_address: String,
    pub(crate) interface: u32,
    pub(crate) is_permanent: bool,
}

impl Network {
    /// Asks the kernel.
    ///
    /// # Errors
    /// Whatever the kernel says.
    pub(crate) async fn read() -> io::Result<Self> {
        let (connection, handle, _) = rtnetlink::new_connection()?;
        let connection = tokio::spawn(connection);
        let read = timeout(TIMEOUT, Self::ask(&handle)).await;
        connection.abort();
        read.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    async fn ask(handle: &rtnetlink::Handle) -> io::Result<Self> {
        let mut network = Self::default();
        for message in all(handle.link().get().execute()).await? {
            network.interfaces.push(interface(message));
        }
        for message in all(handle.address().get().execute()).await? {
            let index = message.header.index;
            let own = network.interfaces.iter_mut().find(|own| own.index == index);
            let (mut address, mut local) = (None, None);
            for attribute in &message.attributes {
                match attribute {
                    AddressAttribute::Address(ip) => address = Some(*ip),
                    AddressAttribute::Local(ip) => local = Some(*ip),
                    _ => {}
                }
            }
            if let (Some(own), Some(ip)) = (own, local.or(address)) {
                own.addresses.push((ip, message.header.prefix_len));
            }
        }
        for family in [IpAddr::from([0; 4]), IpAddr::from([0; 16])] {
            let mut wanted = RouteMessage::default();
            wanted.header.address_family = family_of(family);
            for message in all(handle.route().get(wanted).execute()).await? {
                network.routes.extend(route(&message, family));
            }
        }
        for message in all(handle.neighbours().get().execute()).await? {
            network.neighbours.extend(neighbour(&message));
        }
        Ok(network)
    }

    /// The name of an interface.
    pub(crate) fn name_of(&self, index: u32) -> String {
        let own = self.interfaces.iter().find(|own| own.index == index);
        own.map_or_else(|| index.to_string(), |own| own.name.clone())
    }
}

fn family_of(address: IpAddr) -> rtnetlink::packet_route::AddressFamily {
    match address {
        IpAddr::V4(_) => rtnetlink::packet_route::AddressFamily::Inet,
        IpAddr::V6(_) => rtnetlink::packet_route::AddressFamily::Inet6,
    }
}

async fn all<T>(stream: impl Stream<Item = Result<T, rtnetlink::Error>>) -> io::Result<Vec<T>> {
    let mut stream = pin!(stream);
    let mut all = Vec::new();
    while let Some(message) = stream.try_next().await.map_err(io::Error::other)? {
        if all.len() < MOST {
            all.push(message);
        }
    }
    Ok(all)
}

fn interface(message: LinkMessage) -> Interface {
    let flags = message.header.flags;
    let kind = message.header.link_layer_type;
    let mut own = Interface {
        index: message.header.index,
        is_enabled: flags.contains(LinkFlags::Up),
        is_up: flags.contains(LinkFlags::Running),
        is_loopback: kind == LinkLayerType::Loopback,
        is_ethernet: kind == LinkLayerType::Ether,
        ..Interface::default()
    };
    for attribute in message.attributes {
        match attribute {
            LinkAttribute::IfName(name) => own.name = name,
            LinkAttribute::Mtu(mtu) => own.mtu = mtu,
            LinkAttribute::Controller(index) => own.controller = Some(index),
            LinkAttribute::IfAlias(alias) => own.description = Some(alias),
            LinkAttribute::Address(bytes) if own.is_ethernet => {
                own.hardware_address = Some(hardware_address(&bytes));
            }
            // A dummy or tunnel says `unknown`, and is as up as its flags.
            LinkAttribute::OperState(state) if state != State::Unknown => {
                own.is_up = state == State::Up;
            }
            LinkAttribute::CarrierChanges(count) => {
                own.counters.carrier_transitions = count.into();
            }
            LinkAttribute::Stats64(stats) => {
                let carrier_transitions = own.counters.carrier_transitions;
                own.counters = Counters { carrier_transitions, ..counters(&stats) };
            }
            _ => {}
        }
    }
    own.media();
    own
}

impl Interface {
    /// Speed and duplex, which netlink doesn't tell; only if `/sys` speaks of this very interface.
    fn media(&mut self) {
        if self.name.contains('/') || self.name.starts_with('.') {
            return;
        }
        let read = |field: &str| {
            std::fs::read_to_string(format!("/sys/class/net/{}/{field}", self.name)).ok()
        };
        let index = read("ifindex").and_then(|text| text.trim().parse::<u32>().ok());
        if index != Some(self.index) {
            return;
        }
        let speed = read("speed").and_then(|text| text.trim().parse::<u32>().ok());
        let duplex = read("duplex").map(|text| text.trim().to_owned());
        self.speed = speed.filter(|speed| (1..u32::MAX).contains(speed));
        self.is_full_duplex = match duplex.as_deref() {
            Some("full") => Some(true),
            Some("half") => Some(false),
            _ => None,
        };
    }
}

fn counters(stats: &Stats64) -> Counters {
    Counters {
        input_bytes: stats.rx_bytes,
        output_bytes: stats.tx_bytes,
        input_packets: stats.rx_packets,
        output_packets: stats.tx_packets,
        input_errors: stats.rx_errors,
        output_errors: stats.tx_errors,
        input_drops: stats.rx_dropped,
        output_drops: stats.tx_dropped,
        framing_errors: stats.rx_frame_errors,
        input_fifo_errors: stats.rx_fifo_errors,
        output_fifo_errors: stats.tx_fifo_errors,
        collisions: stats.collisions,
        carrier_transitions: 0,
    }
}

fn hardware_address(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

fn route(message: &RouteMessage, unspecified: IpAddr) -> Option<Route> {
    let header = &message.header;
    let protocol = match (header.kind, header.protocol) {
        (RouteType::Local, _) => Protocol::Local,
        (RouteType::Unicast, RouteProtocol::Kernel) => Protocol::Direct,
        (RouteType::Unicast, RouteProtocol::Ra | RouteProtocol::Dhcp) => Protocol::AccessInternal,
        (_, RouteProtocol::Bgp) => Protocol::Bgp,
        (_, RouteProtocol::Ospf) => Protocol::Ospf,
        (_, RouteProtocol::Isis) => Protocol::IsIs,
        (_, RouteProtocol::Rip) => Protocol::Rip,
        (_, RouteProtocol::Boot | RouteProtocol::Static) => Protocol::Static,
        (
            RouteType::Unicast
            | RouteType::BlackHole
            | RouteType::Unreachable
            | RouteType::Prohibit,
            _,
        ) => Protocol::Other,
        _ => return None,
    };
    let mut route = Route {
        destination: unspecified,
        prefix: header.destination_prefix_length,
        table: header.table.into(),
        protocol,
        metric: None,
        is_reject: !matches!(header.kind, RouteType::Unicast | RouteType::Local),
        hops: Vec::new(),
    };
    let mut hop = Hop::default();
    for attribute in &message.attributes {
        match attribute {
            RouteAttribute::Destination(to) => route.destination = address(to)?,
            RouteAttribute::Table(table) => route.table = *table,
            RouteAttribute::Priority(metric) => route.metric = Some(*metric),
            RouteAttribute::Gateway(to) => hop.to = address(to),
            RouteAttribute::Oif(index) => hop.via = Some(*index),
            RouteAttribute::MultiPath(hops) => {
                route.hops.extend(hops.iter().map(|each| {
                    let to = each.attributes.iter().find_map(|attribute| match attribute {
                        RouteAttribute::Gateway(to) => address(to),
                        _ => None,
                    });
                    Hop { to, via: Some(each.interface_index) }
                }));
            }
            _ => {}
        }
    }
    if route.hops.is_empty() && (hop.via.is_some() || hop.to.is_some()) {
        route.hops.push(hop);
    }
    // Everybody has these; they say nothing.
    let is_multicast = route.destination.is_multicast();
    (!is_multicast).then_some(route)
}

/// The table of the kernel that routes are looked up in unless a rule says otherwise.
pub(super) const MAIN: u32 = RouteHeader::RT_TABLE_MAIN as u32;
/// The kernel's table of own addresses.
pub(super) const LOCAL: u32 = 255;

impl Route {
    /// Whether it is in the main routing table, own addresses included.
    pub(crate) fn is_main(&self) -> bool {
        matches!(self.table, MAIN | LOCAL)
    }
}

fn address(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(ip) => Some((*ip).into()),
        RouteAddress::Inet6(ip) => Some((*ip).into()),
        _ => None,
    }
}

fn neighbour(message: &NeighbourMessage) -> Option<Neighbour> {
    let state = message.header.state;
    if matches!(state, NeighbourState::Incomplete | NeighbourState::Failed | NeighbourState::Noarp)
    {
        return None;
    }
    let (mut address, mut hardware) = (None, None);
    for attribute in &message.attributes {
        match attribute {
            NeighbourAttribute::Destination(NeighbourAddress::Inet(ip)) => {
                address = Some((*ip).into());
            }
            NeighbourAttribute::Destination(NeighbourAddress::Inet6(ip)) => {
                address = Some((*ip).into());
            }
            NeighbourAttribute::LinkLayerAddress(bytes) => {
                hardware = Some(hardware_address(bytes));
            }
            _ => {}
        }
    }
    Some(Neighbour {
        address: address?,
        hardware_address: hardware.filter(|text| !text.is_empty())?,
        interface: message.header.ifindex,
        is_permanent: state == NeighbourState::Permanent,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_loopback_is_seen_with_its_address() {
        let network = Network::read().await.unwrap();
        let loopback = network.interfaces.iter().find(|own| own.is_loopback).unwrap();
        assert_eq!(network.name_of(loopback.index), loopback.name);
        assert!(loopback.mtu > 0 && loopback.hardware_address.is_none());
        if loopback.is_enabled {
            assert!(loopback.addresses.contains(&(IpAddr::from([127, 0, 0, 1]), 8)));
        }
        assert_eq!(network.name_of(u32::MAX), u32::MAX.to_string());
    }
}
