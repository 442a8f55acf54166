//! `[edit interfaces]`, kept as data.
//!
//! Source: Junos, *interfaces* statement pages.

use super::super::schema::Body;
use super::table::{
    body, flag, joined, leaf, line, list, many, nameless, one_line, secret, single, structure,
    within,
};

pub(crate) static INTERFACES: Body = structure(&[
    list("interface-range", &RANGE),
    within("traceoptions", &super::TRACE),
    nameless("interface", &INTERFACE),
]);

static RANGE: Body = body(&[
    leaf("description"),
    list("member", &super::EMPTY),
    list("member-range", &MEMBER_RANGE),
    leaf("mtu"),
    flag("disable"),
    list("unit", &UNIT),
    within("ether-options", &ETHER),
    within("gigether-options", &ETHER),
]);

static MEMBER_RANGE: Body = one_line(&[leaf("to")]);

static INTERFACE: Body = body(&[
    flag("disable"),
    flag("enable"),
    leaf("description"),
    leaf("mtu"),
    leaf("speed"),
    leaf("link-mode"),
    leaf("mac"),
    leaf("native-vlan-id"),
    leaf("encapsulation"),
    leaf("gratuitous-arp-reply"),
    flag("vlan-tagging"),
    flag("flexible-vlan-tagging"),
    flag("stacked-vlan-tagging"),
    flag("per-unit-scheduler"),
    flag("hierarchical-scheduler"),
    leaf("clocking"),
    leaf("accounting-profile"),
    flag("traps"),
    flag("no-traps"),
    within("hold-time", &HOLD_TIME),
    within("ether-options", &ETHER),
    within("gigether-options", &ETHER),
    within("fastether-options", &ETHER),
    within("aggregated-ether-options", &AGGREGATED),
    within("redundant-ether-options", &REDUNDANT),
    within("traceoptions", &super::TRACE),
    list("unit", &UNIT),
]);

static HOLD_TIME: Body = one_line(&[leaf("up"), leaf("down")]);

static ETHER: Body = body(&[
    flag("auto-negotiation"),
    flag("no-auto-negotiation"),
    flag("flow-control"),
    flag("no-flow-control"),
    flag("loopback"),
    leaf("speed"),
    leaf("redundant-parent"),
    line("802.3ad", "bundle", &super::LINE),
    line("ieee-802.3ad", "bundle", &super::LINE),
]);

static AGGREGATED: Body = body(&[leaf("minimum-links"), leaf("link-speed"), within("lacp", &LACP)]);

static LACP: Body = body(&[
    flag("active"),
    flag("passive"),
    leaf("periodic"),
    leaf("system-id"),
    leaf("admin-key"),
]);

static REDUNDANT: Body = body(&[leaf("redundancy-group"), within("lacp", &LACP)]);

static UNIT: Body = body(&[
    flag("disable"),
    leaf("description"),
    leaf("alias"),
    leaf("encapsulation"),
    leaf("vlan-id"),
    many("vlan-id-list"),
    leaf("bandwidth"),
    flag("point-to-point"),
    flag("proxy-arp"),
    flag("traps"),
    flag("no-traps"),
    within("tunnel", &TUNNEL),
    within("family", &FAMILY),
]);

static TUNNEL: Body = body(&[
    leaf("source"),
    leaf("destination"),
    leaf("ttl"),
    leaf("key"),
    within("routing-instance", &TUNNEL_INSTANCE),
]);

static TUNNEL_INSTANCE: Body = body(&[leaf("destination")]);

static FAMILY: Body = joined(&[
    within("inet", &INET),
    within("inet6", &INET),
    within("iso", &ISO),
    within("mpls", &MPLS),
    within("ccc", &LAYER2),
    within("vpls", &LAYER2),
    within("bridge", &SWITCHING),
    within("ethernet-switching", &SWITCHING),
]);

static INET: Body = body(&[
    leaf("mtu"),
    within("filter", &FILTERS),
    within("policer", &POLICERS),
    within("rpf-check", &super::ANY),
    within("sampling", &super::ANY),
    within("dhcp", &super::ANY),
    within("dhcp-client", &super::ANY),
    within("unnumbered-address", &super::ANY),
    flag("primary"),
    flag("no-redirects"),
    flag("no-neighbor-learn"),
    flag("dad-disable"),
    list("address", &ADDRESS),
]);

static ISO: Body = body(&[leaf("mtu"), list("address", &super::EMPTY)]);

static MPLS: Body = body(&[leaf("mtu"), leaf("maximum-labels"), within("filter", &FILTERS)]);

static LAYER2: Body = body(&[within("filter", &FILTERS), within("policer", &POLICERS)]);

static FILTERS: Body = body(&[
    line("input", "filter-name", &super::LINE),
    line("output", "filter-name", &super::LINE),
    many("input-list"),
    many("output-list"),
    leaf("group"),
]);

static POLICERS: Body = body(&[leaf("input"), leaf("output"), leaf("arp")]);

static ADDRESS: Body = body(&[
    flag("primary"),
    flag("preferred"),
    flag("eui-64"),
    leaf("broadcast"),
    leaf("destination"),
    list("arp", &ARP),
    list("vrrp-group", &VRRP),
    list("vrrp-inet6-group", &VRRP),
]);

static ARP: Body = one_line(&[leaf("mac"), leaf("multicast-mac"), flag("publish")]);

static VRRP: Body = body(&[
    many("virtual-address"),
    many("virtual-inet6-address"),
    leaf("priority"),
    leaf("advertise-interval"),
    leaf("fast-interval"),
    flag("accept-data"),
    flag("no-accept-data"),
    flag("preempt"),
    flag("no-preempt"),
    leaf("authentication-type"),
    secret("authentication-key"),
    within("track", &super::ANY),
]);

static SWITCHING: Body = body(&[
    leaf("interface-mode"),
    leaf("port-mode"),
    leaf("native-vlan-id"),
    many("vlan-id-list"),
    leaf("vlan-id"),
    within("vlan", &VLAN_MEMBERS),
    within("storm-control", &super::ANY),
    within("filter", &FILTERS),
]);

static VLAN_MEMBERS: Body = single(&[many("members")]);
