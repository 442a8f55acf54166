//! `[edit snmp]`, `vlans`, `chassis`, `security`, `forwarding-options` and the like, kept as data.
//!
//! Source: Junos statement pages of these names.

use super::super::schema::{Body, Pair};
use super::table::{
    body, flag, joined, leaf, list, many, nameless, one_line, ordered, single, structure, within,
    wrapped,
};

pub(crate) static SNMP: Body = structure(&[
    leaf("name"),
    leaf("description"),
    leaf("location"),
    leaf("contact"),
    leaf("filter-duplicates"),
    many("interface"),
    within("engine-id", &super::ANY),
    list("view", &VIEW),
    list("community", &COMMUNITY),
    list("client-list", &super::ANY),
    list("trap-group", &TRAP_GROUP),
    within("trap-options", &TRAP_OPTIONS),
    within("traceoptions", &super::TRACE),
    within("v3", &super::ANY),
]);

static VIEW: Body = body(&[list("oid", &OID)]);

static OID: Body = one_line(&[flag("include"), flag("exclude")]);

static COMMUNITY: Body = body(&[
    leaf("view"),
    leaf("authorization"),
    leaf("client-list-name"),
    wrapped("clients", &CLIENTS),
]);

static CLIENTS: Body = body(&[nameless("clients", &CLIENT)]);

static CLIENT: Body = one_line(&[flag("restrict")]);

static TRAP_GROUP: Body = body(&[
    leaf("version"),
    leaf("destination-port"),
    leaf("routing-instance"),
    within("categories", &super::ANY),
    wrapped("targets", &TARGETS),
]);

static TARGETS: Body = body(&[nameless("targets", &super::EMPTY)]);

static TRAP_OPTIONS: Body = body(&[leaf("source-address"), leaf("agent-address")]);

pub(crate) static VLANS: Body = structure(&[nameless("vlan", &VLAN)]);

static VLAN: Body = body(&[
    leaf("description"),
    leaf("vlan-id"),
    many("vlan-id-list"),
    leaf("l3-interface"),
    list("interface", &super::ANY),
    within("forwarding-options", &super::ANY),
    within("switch-options", &super::ANY),
    within("vxlan", &VXLAN),
]);

static VXLAN: Body = body(&[leaf("vni"), flag("ingress-node-replication")]);

pub(crate) static CHASSIS: Body = structure(&[
    within("aggregated-devices", &AGGREGATED_DEVICES),
    within("alarm", &super::ANY),
    within("cluster", &CLUSTER),
    list("fpc", &FPC),
    within("redundancy", &super::ANY),
]);

static AGGREGATED_DEVICES: Body =
    body(&[within("ethernet", &DEVICE_COUNT), within("sonet", &DEVICE_COUNT)]);

static DEVICE_COUNT: Body = body(&[leaf("device-count")]);

static CLUSTER: Body = body(&[
    leaf("reth-count"),
    leaf("heartbeat-interval"),
    leaf("heartbeat-threshold"),
    flag("control-link-recovery"),
    list("redundancy-group", &REDUNDANCY_GROUP),
]);

static REDUNDANCY_GROUP: Body = body(&[
    list("node", &NODE),
    flag("preempt"),
    leaf("gratuitous-arp-count"),
    list("interface-monitor", &super::ANY),
]);

static NODE: Body = one_line(&[leaf("priority")]);

static FPC: Body = body(&[list("pic", &PIC)]);

static PIC: Body = body(&[leaf("tunnel-services"), list("port", &super::ANY)]);

pub(crate) static SECURITY: Body = structure(&[
    within("zones", &ZONES),
    within("address-book", &super::ANY),
    within("screen", &super::ANY),
    within("log", &super::ANY),
    within("policies", &POLICIES),
    within("nat", &NAT),
    within("flow", &super::ANY),
    within("alg", &super::ANY),
    within("forwarding-options", &super::ANY),
]);

static ZONES: Body = body(&[list("security-zone", &ZONE), list("functional-zone", &super::ANY)]);

static ZONE: Body = body(&[
    leaf("description"),
    leaf("screen"),
    flag("tcp-rst"),
    within("host-inbound-traffic", &INBOUND),
    wrapped("interfaces", &ZONE_INTERFACES),
]);

static ZONE_INTERFACES: Body = body(&[nameless("interfaces", &ZONE_INTERFACE)]);

static ZONE_INTERFACE: Body = body(&[within("host-inbound-traffic", &INBOUND)]);

static INBOUND: Body = body(&[
    wrapped("system-services", &INBOUND_SERVICES),
    wrapped("protocols", &INBOUND_PROTOCOLS),
]);

static INBOUND_SERVICES: Body = body(&[nameless("system-services", &EXCEPT)]);

static INBOUND_PROTOCOLS: Body = body(&[nameless("protocols", &EXCEPT)]);

static EXCEPT: Body = one_line(&[flag("except")]);

static POLICIES: Body = body(&[
    list("from-zone", &FROM_ZONE),
    within("global", &POLICY_LIST),
    within("default-policy", &super::ANY),
]);

/// `from-zone a to-zone b { … }`
static FROM_ZONE: Body =
    Body { pair: Some(&ZONE_PAIR), ..joined(&[list("to-zone", &POLICY_LIST)]) };

static ZONE_PAIR: Pair =
    Pair { element: "policy", keys: ("from-zone-name", "to-zone-name"), inner: "to-zone" };

static POLICY_LIST: Body = body(&[list("policy", &POLICY)]);

static POLICY: Body = ordered(&[
    leaf("description"),
    leaf("scheduler-name"),
    within("match", &POLICY_MATCH),
    within("then", &POLICY_THEN),
]);

static POLICY_MATCH: Body = body(&[
    many("source-address"),
    many("destination-address"),
    many("application"),
    many("source-identity"),
    many("dynamic-application"),
    many("from-zone"),
    many("to-zone"),
]);

static POLICY_THEN: Body = body(&[
    within("permit", &super::ANY),
    flag("deny"),
    within("reject", &super::ANY),
    within("log", &POLICY_LOG),
    within("count", &super::ANY),
]);

static POLICY_LOG: Body = body(&[flag("session-init"), flag("session-close")]);

static NAT: Body = body(&[
    within("source", &NAT_RULES),
    within("destination", &NAT_RULES),
    within("static", &NAT_RULES),
    within("proxy-arp", &super::ANY),
]);

static NAT_RULES: Body = body(&[list("pool", &super::ANY), list("rule-set", &RULE_SET)]);

static RULE_SET: Body =
    body(&[within("from", &NAT_SIDE), within("to", &NAT_SIDE), list("rule", &NAT_RULE)]);

static NAT_SIDE: Body = single(&[many("zone"), many("interface"), many("routing-instance")]);

static NAT_RULE: Body = ordered(&[within("match", &super::ANY), within("then", &super::ANY)]);

pub(crate) static APPLICATIONS: Body =
    structure(&[list("application", &APPLICATION), list("application-set", &APPLICATION_SET)]);

static APPLICATION: Body = body(&[
    leaf("protocol"),
    leaf("source-port"),
    leaf("destination-port"),
    leaf("inactivity-timeout"),
    leaf("description"),
]);

static APPLICATION_SET: Body = body(&[list("application", &super::EMPTY)]);
