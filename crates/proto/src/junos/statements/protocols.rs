//! `[edit protocols]`, `[edit routing-options]` and `[edit routing-instances]`, kept as data.
//!
//! Source: Junos, statement pages of *bgp*, *ospf*, *isis*, *lldp*, *rstp*, *ldp*, *mpls*, *rsvp*,
//! *bfd*, *routing-options*, *routing-instances*.

use super::super::schema::Body;
use super::table::{
    body, flag, joined, leaf, line, list, many, nameless, one_line, secret, single, structure,
    within, wrapped,
};

pub(crate) static PROTOCOLS: Body = structure(&[
    within("bgp", &BGP),
    within("ospf", &OSPF),
    within("ospf3", &OSPF),
    within("isis", &ISIS),
    within("lldp", &INTERFACES),
    within("lldp-med", &INTERFACES),
    within("rstp", &SPANNING_TREE),
    within("mstp", &SPANNING_TREE),
    within("vstp", &SPANNING_TREE),
    within("ldp", &INTERFACES),
    within("mpls", &INTERFACES),
    within("rsvp", &INTERFACES),
    within("pim", &INTERFACES),
    within("igmp", &INTERFACES),
    within("igmp-snooping", &SNOOPING),
    within("router-advertisement", &INTERFACES),
    within("layer2-control", &super::ANY),
]);

static INTERFACES: Body = body(&[
    flag("disable"),
    leaf("advertisement-interval"),
    leaf("hold-multiplier"),
    leaf("port-id-subtype"),
    leaf("management-address"),
    within("traceoptions", &super::TRACE),
    list("interface", &INTERFACE),
]);

static INTERFACE: Body = body(&[
    flag("disable"),
    flag("enable"),
    leaf("hold-multiplier"),
    leaf("version"),
    leaf("mode"),
    list("prefix", &super::EMPTY),
]);

static SNOOPING: Body = body(&[list("vlan", &super::ANY)]);

static SPANNING_TREE: Body = body(&[
    flag("disable"),
    leaf("bridge-priority"),
    leaf("configuration-name"),
    leaf("revision-level"),
    leaf("hello-time"),
    leaf("max-age"),
    leaf("forward-delay"),
    flag("bpdu-block-on-edge"),
    list("msti", &MSTI),
    list("vlan", &MSTI),
    list("interface", &TREE_INTERFACE),
]);

static MSTI: Body =
    body(&[leaf("bridge-priority"), many("vlan"), list("interface", &TREE_INTERFACE)]);

static TREE_INTERFACE: Body = body(&[
    flag("disable"),
    flag("edge"),
    flag("no-root-port"),
    leaf("mode"),
    leaf("cost"),
    leaf("priority"),
]);

static BGP: Body = body(&[
    flag("disable"),
    leaf("description"),
    leaf("hold-time"),
    leaf("local-address"),
    leaf("local-preference"),
    line("local-as", "as-number", &super::AS_NUMBER),
    leaf("mtu-discovery"),
    flag("log-updown"),
    flag("advertise-inactive"),
    flag("advertise-peer-as"),
    flag("path-mtu-discovery"),
    many("import"),
    many("export"),
    leaf("peer-as"),
    leaf("cluster"),
    secret("authentication-key"),
    leaf("authentication-algorithm"),
    leaf("authentication-key-chain"),
    within("bfd-liveness-detection", &BFD),
    within("graceful-restart", &super::ANY),
    within("multihop", &MULTIHOP),
    within("multipath", &super::ANY),
    within("family", &BGP_FAMILY),
    within("traceoptions", &super::TRACE),
    list("group", &BGP_GROUP),
]);

static BGP_GROUP: Body = body(&[
    leaf("type"),
    leaf("description"),
    leaf("hold-time"),
    leaf("local-address"),
    leaf("local-preference"),
    line("local-as", "as-number", &super::AS_NUMBER),
    flag("passive"),
    flag("as-override"),
    flag("remove-private"),
    flag("log-updown"),
    flag("advertise-inactive"),
    flag("advertise-peer-as"),
    many("import"),
    many("export"),
    leaf("peer-as"),
    leaf("cluster"),
    secret("authentication-key"),
    leaf("authentication-algorithm"),
    leaf("authentication-key-chain"),
    leaf("metric-out"),
    leaf("ttl"),
    many("allow"),
    within("bfd-liveness-detection", &BFD),
    within("graceful-restart", &super::ANY),
    within("multihop", &MULTIHOP),
    within("multipath", &super::ANY),
    within("family", &BGP_FAMILY),
    list("neighbor", &NEIGHBOR),
]);

static NEIGHBOR: Body = body(&[
    leaf("description"),
    leaf("hold-time"),
    leaf("local-address"),
    leaf("local-preference"),
    line("local-as", "as-number", &super::AS_NUMBER),
    flag("passive"),
    flag("as-override"),
    flag("remove-private"),
    many("import"),
    many("export"),
    leaf("peer-as"),
    leaf("cluster"),
    secret("authentication-key"),
    leaf("authentication-algorithm"),
    leaf("authentication-key-chain"),
    leaf("metric-out"),
    leaf("ttl"),
    within("bfd-liveness-detection", &BFD),
    within("graceful-restart", &super::ANY),
    within("multihop", &MULTIHOP),
    within("family", &BGP_FAMILY),
]);

static MULTIHOP: Body = body(&[leaf("ttl"), flag("no-nexthop-change")]);

static BFD: Body = body(&[
    leaf("minimum-interval"),
    leaf("minimum-receive-interval"),
    leaf("multiplier"),
    leaf("version"),
    flag("no-adaptation"),
]);

static BGP_FAMILY: Body = joined(&[
    within("inet", &SAFI),
    within("inet6", &SAFI),
    within("inet-vpn", &SAFI),
    within("inet6-vpn", &SAFI),
    within("l2vpn", &SAFI),
    within("evpn", &SAFI),
    within("route-target", &super::ANY),
    within("iso-vpn", &SAFI),
]);

static SAFI: Body = body(&[
    within("unicast", &NLRI),
    within("multicast", &NLRI),
    within("labeled-unicast", &NLRI),
    within("any", &NLRI),
    within("flow", &NLRI),
    within("signaling", &NLRI),
]);

static NLRI: Body = body(&[
    within("prefix-limit", &LIMIT),
    within("accepted-prefix-limit", &LIMIT),
    line("rib-group", "ribgroup-name", &super::LINE),
    within("add-path", &super::ANY),
]);

static LIMIT: Body = body(&[leaf("maximum"), within("teardown", &super::ANY)]);

static OSPF: Body = body(&[
    flag("disable"),
    many("import"),
    many("export"),
    leaf("reference-bandwidth"),
    leaf("external-preference"),
    leaf("preference"),
    within("overload", &super::ANY),
    within("traceoptions", &super::TRACE),
    within("graceful-restart", &super::ANY),
    list("area", &AREA),
]);

static AREA: Body = body(&[
    within("stub", &STUB),
    within("nssa", &super::ANY),
    list("area-range", &super::ANY),
    list("virtual-link", &super::ANY),
    list("interface", &OSPF_INTERFACE),
]);

static STUB: Body = body(&[leaf("default-metric"), flag("summaries"), flag("no-summaries")]);

static OSPF_INTERFACE: Body = body(&[
    flag("disable"),
    leaf("interface-type"),
    leaf("metric"),
    leaf("priority"),
    leaf("hello-interval"),
    leaf("dead-interval"),
    leaf("retransmit-interval"),
    within("passive", &super::ANY),
    flag("secondary"),
    flag("link-protection"),
    flag("node-link-protection"),
    within("authentication", &OSPF_AUTHENTICATION),
    within("bfd-liveness-detection", &BFD),
]);

static OSPF_AUTHENTICATION: Body = body(&[secret("simple-password"), list("md5", &MD5)]);

static MD5: Body = one_line(&[secret("key"), leaf("start-time")]);

static ISIS: Body = body(&[
    flag("disable"),
    many("export"),
    leaf("reference-bandwidth"),
    leaf("lsp-lifetime"),
    within("overload", &super::ANY),
    within("traceoptions", &super::TRACE),
    list("level", &LEVEL),
    list("interface", &ISIS_INTERFACE),
]);

static LEVEL: Body = body(&[
    flag("disable"),
    flag("wide-metrics-only"),
    secret("authentication-key"),
    leaf("authentication-type"),
    leaf("metric"),
    leaf("preference"),
    leaf("priority"),
    leaf("hello-interval"),
    leaf("hold-time"),
    flag("passive"),
]);

static ISIS_INTERFACE: Body = body(&[
    flag("disable"),
    within("passive", &super::ANY),
    flag("point-to-point"),
    flag("node-link-protection"),
    flag("link-protection"),
    leaf("hello-padding"),
    leaf("lsp-interval"),
    within("bfd-liveness-detection", &BFD),
    list("level", &LEVEL),
]);

pub(crate) static ROUTING_OPTIONS: Body = structure(&[
    leaf("router-id"),
    line("autonomous-system", "as-number", &super::AS_NUMBER),
    within("static", &STATIC),
    within("aggregate", &AGGREGATE),
    within("generate", &AGGREGATE),
    list("rib", &RIB),
    wrapped("rib-groups", &RIB_GROUPS),
    within("forwarding-table", &FORWARDING_TABLE),
    within("graceful-restart", &super::ANY),
    within("nonstop-routing", &super::ANY),
    within("interface-routes", &super::ANY),
    within("martians", &super::ANY),
    leaf("route-distinguisher-id"),
]);

static FORWARDING_TABLE: Body = body(&[many("export"), flag("indirect-next-hop")]);

static RIB: Body = body(&[
    within("static", &STATIC),
    within("aggregate", &AGGREGATE),
    within("generate", &AGGREGATE),
]);

static RIB_GROUPS: Body = body(&[nameless("rib-groups", &RIB_GROUP)]);

static RIB_GROUP: Body = body(&[many("import-rib"), leaf("export-rib"), many("import-policy")]);

static STATIC: Body = structure(&[
    within("defaults", &ROUTE),
    list("route", &ROUTE),
    list("iso-route", &ROUTE),
    leaf("rib-group"),
]);

static ROUTE: Body = single(&[
    many("next-hop"),
    leaf("next-table"),
    list("qualified-next-hop", &QUALIFIED),
    flag("discard"),
    flag("reject"),
    flag("receive"),
    flag("retain"),
    flag("no-retain"),
    flag("install"),
    flag("no-install"),
    flag("readvertise"),
    flag("no-readvertise"),
    flag("resolve"),
    flag("no-resolve"),
    flag("active"),
    flag("passive"),
    line("preference", "metric-value", &super::LINE),
    line("metric", "metric-value", &super::LINE),
    line("tag", "metric-value", &super::LINE),
    many("community"),
    within("bfd-liveness-detection", &BFD),
]);

static QUALIFIED: Body =
    body(&[leaf("preference"), leaf("metric"), leaf("tag"), leaf("interface")]);

static AGGREGATE: Body =
    structure(&[within("defaults", &AGGREGATE_ROUTE), list("route", &AGGREGATE_ROUTE)]);

static AGGREGATE_ROUTE: Body = single(&[
    many("policy"),
    flag("discard"),
    flag("brief"),
    flag("full"),
    flag("active"),
    flag("passive"),
    many("community"),
    line("preference", "metric-value", &super::LINE),
    line("metric", "metric-value", &super::LINE),
]);

pub(crate) static ROUTING_INSTANCES: Body = structure(&[nameless("instance", &INSTANCE)]);

static VRF_TARGET: Body = body(&[leaf("import"), leaf("export")]);

static INSTANCE: Body = body(&[
    leaf("description"),
    leaf("instance-type"),
    list("interface", &super::ANY),
    line("route-distinguisher", "rd-type", &super::LINE),
    many("vrf-import"),
    many("vrf-export"),
    line("vrf-target", "community", &VRF_TARGET),
    within("vrf-table-label", &super::ANY),
    leaf("vlan-id"),
    within("routing-options", &ROUTING_OPTIONS),
    within("protocols", &PROTOCOLS),
]);
