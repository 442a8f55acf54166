//! `[edit policy-options]` and `[edit firewall]`, kept as data.
//!
//! Source: Junos, *policy-statement*, *prefix-list*, *community*, *firewall filter*, *policer*.

use super::super::schema::Body;
use super::table::{
    body, flag, joined, keyed, leaf, line, list, many, nameless, one_line, ordered, single,
    structure, within, wrapped,
};

pub(crate) static POLICY_OPTIONS: Body = structure(&[
    list("prefix-list", &PREFIX_LIST),
    list("policy-statement", &POLICY),
    list("community", &COMMUNITY),
    list("condition", &super::ANY),
    list("as-path", &AS_PATH),
    list("as-path-group", &AS_PATH_GROUP),
    list("route-filter-list", &super::ANY),
]);

/// `as-path NAME "EXPRESSION";`
static AS_PATH: Body = one_line(&[nameless("path", &AS_PATH_TEXT)]);

static AS_PATH_TEXT: Body = keyed("", body(&[]));

static AS_PATH_GROUP: Body = body(&[list("as-path", &AS_PATH)]);

static PREFIX_LIST: Body = body(&[leaf("apply-path"), nameless("prefix-list-item", &super::EMPTY)]);

static COMMUNITY: Body = single(&[flag("invert-match"), many("members")]);

static POLICY: Body = body(&[
    list("term", &POLICY_TERM),
    within("from", &FROM),
    within("to", &FROM),
    within("then", &THEN),
]);

static POLICY_TERM: Body =
    ordered(&[within("from", &FROM), within("to", &FROM), within("then", &THEN)]);

static FROM: Body = single(&[
    leaf("instance"),
    many("protocol"),
    many("neighbor"),
    many("interface"),
    many("community"),
    many("as-path"),
    many("as-path-group"),
    many("next-hop"),
    many("policy"),
    leaf("family"),
    leaf("rib"),
    leaf("area"),
    leaf("level"),
    leaf("origin"),
    leaf("metric"),
    leaf("local-preference"),
    leaf("route-type"),
    list("tag", &super::EMPTY),
    list("prefix-list", &super::EMPTY),
    list("prefix-list-filter", &PREFIX_FILTER),
    list("route-filter", &ROUTE_FILTER),
    list("source-address-filter", &ROUTE_FILTER),
]);

static PREFIX_FILTER: Body = keyed(
    "list_name",
    one_line(&[flag("exact"), flag("longer"), flag("orlonger"), flag("accept"), flag("reject")]),
);

static ROUTE_FILTER: Body = keyed(
    "address",
    one_line(&[
        flag("exact"),
        flag("longer"),
        flag("orlonger"),
        leaf("upto"),
        leaf("through"),
        leaf("prefix-length-range"),
        flag("accept"),
        flag("reject"),
    ]),
);

static THEN: Body = single(&[
    flag("accept"),
    flag("reject"),
    leaf("next"),
    leaf("default-action"),
    leaf("origin"),
    leaf("as-path-prepend"),
    leaf("as-path-expand"),
    leaf("priority"),
    leaf("preference"),
    leaf("external"),
    leaf("install-nexthop"),
    leaf("forwarding-class"),
    within("load-balance", &super::ANY),
    line("metric", "metric", &super::LINE),
    line("local-preference", "local-preference", &super::LINE),
    line("tag", "tag", &super::LINE),
    within("next-hop", &super::ANY),
]);

pub(crate) static FIREWALL: Body =
    structure(&[within("family", &FAMILY), list("policer", &POLICER), list("filter", &FILTER)]);

static FAMILY: Body = joined(&[
    within("inet", &FILTERS),
    within("inet6", &FILTERS),
    within("any", &FILTERS),
    within("mpls", &FILTERS),
    within("ccc", &FILTERS),
    within("vpls", &FILTERS),
    within("bridge", &FILTERS),
    within("ethernet-switching", &FILTERS),
]);

static FILTERS: Body = structure(&[list("filter", &FILTER), list("prefix-action", &super::ANY)]);

static FILTER: Body =
    body(&[flag("interface-specific"), flag("physical-interface-filter"), list("term", &TERM)]);

static TERM: Body = ordered(&[leaf("filter"), within("from", &MATCH), within("then", &ACTION)]);

static MATCH: Body = body(&[
    wrapped("address", &MATCH_ADDRESS),
    wrapped("source-address", &MATCH_SOURCE),
    wrapped("destination-address", &MATCH_DESTINATION),
    list("prefix-list", &EXCEPT),
    list("source-prefix-list", &EXCEPT),
    list("destination-prefix-list", &EXCEPT),
    many("protocol"),
    many("next-header"),
    many("payload-protocol"),
    many("port"),
    many("source-port"),
    many("destination-port"),
    many("icmp-type"),
    many("icmp-code"),
    many("dscp"),
    many("precedence"),
    many("packet-length"),
    many("interface"),
    many("interface-group"),
    many("forwarding-class"),
    many("ether-type"),
    many("vlan"),
    leaf("tcp-flags"),
    leaf("fragment-flags"),
    flag("tcp-established"),
    flag("tcp-initial"),
    flag("is-fragment"),
    flag("first-fragment"),
]);

static MATCH_ADDRESS: Body = body(&[nameless("address", &EXCEPT)]);

static MATCH_SOURCE: Body = body(&[nameless("source-address", &EXCEPT)]);

static MATCH_DESTINATION: Body = body(&[nameless("destination-address", &EXCEPT)]);

static EXCEPT: Body = one_line(&[flag("except")]);

static ACTION: Body = single(&[
    leaf("count"),
    leaf("policer"),
    leaf("three-color-policer"),
    leaf("forwarding-class"),
    leaf("loss-priority"),
    leaf("dscp"),
    leaf("next"),
    line("routing-instance", "routing-instance-name", &super::LINE),
    flag("log"),
    flag("syslog"),
    flag("sample"),
    flag("port-mirror"),
    flag("accept"),
    within("reject", &super::ANY),
    within("discard", &super::ANY),
]);

static POLICER: Body = body(&[
    flag("logical-interface-policer"),
    flag("filter-specific"),
    within("if-exceeding", &EXCEEDING),
    within("then", &POLICER_THEN),
]);

static EXCEEDING: Body =
    body(&[leaf("bandwidth-limit"), leaf("bandwidth-percent"), leaf("burst-size-limit")]);

static POLICER_THEN: Body =
    single(&[flag("discard"), leaf("loss-priority"), leaf("forwarding-class")]);
