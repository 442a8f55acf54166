//! The table of known statements: what the agent acts on here, what is kept as data in the files beside.
//!
//! A table of what is kept says only what is a list, a leaf or a container, so that the four forms agree; values are
//! not checked there, and what does not fit its rule is data like what has none.
//!
//! Source: Junos statement pages *outbound-ssh*, *login*, *authentication*, *root-authentication*,
//! *ssh (System Services)*, *netconf*.

mod interfaces;
mod other;
mod policy;
mod protocols;
mod system;
mod table;

use super::schema::{Body, Kind, OneLine, Rule, Value};
use table::{flag, leaf, many, structure, within, wrapped};

use Kind::{Container, Empty, Leaf, LeafList, Line, List, Nameless};
use Value::{Number, OneOf, Secret, Text};

const U32: Value = Number(0, u32::MAX as u64);
const PORT: Value = Number(0, 65_535);

const fn rule(name: &'static str, kind: Kind) -> Rule {
    Rule { name, kind, acted: true }
}

const fn open(rules: &'static [Rule]) -> Body {
    table::body(rules)
}

const fn closed(rules: &'static [Rule]) -> Body {
    Body { open: false, ..table::body(rules) }
}

/// What the top and a group may hold.
macro_rules! top {
    ($($groups:expr)?) => {
        open(&[
            $($groups,)?
            rule("system", Container(&SYSTEM)),
            leaf("version"),
            within("chassis", &other::CHASSIS),
            within("security", &other::SECURITY),
            within("interfaces", &interfaces::INTERFACES),
            within("snmp", &other::SNMP),
            within("routing-options", &protocols::ROUTING_OPTIONS),
            within("protocols", &protocols::PROTOCOLS),
            within("policy-options", &policy::POLICY_OPTIONS),
            within("firewall", &policy::FIREWALL),
            within("routing-instances", &protocols::ROUTING_INSTANCES),
            within("applications", &other::APPLICATIONS),
            within("vlans", &other::VLANS),
            within("forwarding-options", &ANY),
            within("class-of-service", &ANY),
            within("event-options", &ANY),
            within("services", &ANY),
            within("switch-options", &ANY),
            within("access", &ANY),
        ])
    };
}

/// The top of a configuration.
pub(crate) static TOP: Body = top!(wrapped("groups", &GROUPS));

static GROUPS: Body = table::body(&[table::nameless("groups", &GROUP)]);

/// A group may hold whatever the top may.
static GROUP: Body = top!();

/// Braces in which nothing is known.
static ANY: Body = table::body(&[]);

/// An entry in which there is nothing.
static EMPTY: Body = table::one_line(&[]);

/// What follows a value on its line.
static LINE: Body = table::one_line(&[]);

static AS_NUMBER: Body =
    table::one_line(&[leaf("loops"), flag("private"), flag("alias"), flag("asdot-notation")]);

pub(crate) use system::TRACE;

/// Statements that may stand anywhere.
pub(crate) static ANYWHERE: [Rule; 2] = [many("apply-groups"), many("apply-groups-except")];

static SYSTEM: Body = structure(&[
    rule("host-name", Leaf(Text)),
    rule("root-authentication", Container(&AUTHENTICATION)),
    rule("login", Container(&LOGIN)),
    rule("services", Container(&SERVICES)),
    leaf("domain-name"),
    many("domain-search"),
    leaf("time-zone"),
    leaf("location"),
    flag("default-address-selection"),
    leaf("max-configurations-on-flash"),
    leaf("max-configuration-rollbacks"),
    flag("no-redirects"),
    flag("no-multicast-echo"),
    flag("no-ping-record-route"),
    flag("no-ping-time-stamp"),
    many("authentication-order"),
    wrapped("name-server", &system::NAME_SERVER),
    wrapped("radius-server", &system::RADIUS_SERVER),
    wrapped("tacplus-server", &system::TACPLUS_SERVER),
    wrapped("static-host-mapping", &system::HOST_MAPPING),
    within("archival", &system::ARCHIVAL),
    within("syslog", &system::SYSLOG),
    within("ntp", &system::NTP),
    within("ports", &system::PORTS),
    within("internet-options", &ANY),
    within("scripts", &ANY),
    within("license", &ANY),
    within("processes", &ANY),
    within("commit", &ANY),
    within("master-password", &ANY),
]);

static LOGIN: Body = structure(&[
    rule("message", Leaf(Text)),
    rule("announcement", Leaf(Text)),
    rule("class", List(&CLASS)),
    rule("user", List(&USER)),
]);

static CLASS: Body = open(&[
    rule("idle-timeout", Leaf(U32)),
    rule("permissions", LeafList(Text)),
    rule("allow-commands", Leaf(Text)),
    rule("deny-commands", Leaf(Text)),
    rule("allow-configuration", Leaf(Text)),
    rule("deny-configuration", Leaf(Text)),
]);

static USER: Body = open(&[
    rule("full-name", Leaf(Text)),
    rule("uid", Leaf(Number(0, 65_535))),
    rule("class", Leaf(Text)),
    rule("authentication", Container(&AUTHENTICATION)),
]);

static AUTHENTICATION: Body = open(&[
    rule("encrypted-password", Leaf(Secret)),
    rule("plain-text-password-value", Leaf(Secret)),
    rule("load-key-file", Leaf(Text)),
    rule("no-public-keys", Empty),
    rule("ssh-rsa", List(&SSH_KEY)),
    rule("ssh-dsa", List(&SSH_KEY)),
    rule("ssh-ecdsa", List(&SSH_KEY)),
    rule("ssh-ed25519", List(&SSH_KEY)),
]);

static SSH_KEY: Body = Body { one_line: OneLine::Single, ..open(&[rule("from", Leaf(Text))]) };

static SERVICES: Body = structure(&[
    rule("ssh", Container(&SSH)),
    rule("netconf", Container(&NETCONF)),
    rule("outbound-ssh", Container(&OUTBOUND_SSH)),
    within("ftp", &system::LIMITS),
    within("telnet", &system::LIMITS),
    within("finger", &system::LIMITS),
    within("web-management", &system::WEB),
    within("rest", &ANY),
    within("extension-service", &ANY),
    within("dhcp-local-server", &ANY),
    within("xnm-clear-text", &system::LIMITS),
    within("xnm-ssl", &system::LIMITS),
]);

static SSH: Body = open(&[
    rule("root-login", Leaf(OneOf(&["allow", "deny", "deny-password"]))),
    rule("no-passwords", Empty),
    rule("no-password-authentication", Empty),
    rule("no-public-keys", Empty),
    rule("no-tcp-forwarding", Empty),
    rule("tcp-forwarding", Empty),
    rule("sftp-server", Empty),
    rule("protocol-version", LeafList(Text)),
    rule("ciphers", LeafList(Text)),
    rule("macs", LeafList(Text)),
    rule("key-exchange", LeafList(Text)),
    rule("port", Leaf(PORT)),
    rule("max-sessions-per-connection", Leaf(U32)),
    rule("client-alive-count-max", Leaf(U32)),
    rule("client-alive-interval", Leaf(U32)),
    rule("connection-limit", Leaf(U32)),
    rule("rate-limit", Leaf(U32)),
]);

static NETCONF: Body = open(&[
    rule("ssh", Container(&NETCONF_SSH)),
    rule("rfc-compliant", Empty),
    rule("yang-compliant", Empty),
]);

static NETCONF_SSH: Body = open(&[
    rule("port", Leaf(PORT)),
    rule("client-alive-count-max", Leaf(U32)),
    rule("client-alive-interval", Leaf(U32)),
    rule("connection-limit", Leaf(U32)),
    rule("rate-limit", Leaf(U32)),
]);

static OUTBOUND_SSH: Body = closed(&[
    rule("routing-instance", Leaf(Text)),
    rule("traceoptions", Container(&TRACEOPTIONS)),
    rule("client", List(&CLIENT)),
]);

static TRACEOPTIONS: Body = closed(&[
    rule("no-remote-trace", Empty),
    rule("file", Line("filename", &TRACE_FILE)),
    rule("flag", List(&TRACE_FLAG)),
]);

static TRACE_FILE: Body = Body {
    one_line: OneLine::Always,
    ..closed(&[
        rule("size", Leaf(Text)),
        rule("files", Leaf(Number(2, 1000))),
        rule("world-readable", Empty),
        rule("no-world-readable", Empty),
        rule("match", Leaf(Text)),
    ])
};

static TRACE_FLAG: Body = closed(&[]);

pub(crate) static CLIENT: Body = Body { is_ordered: true, ..closed(CLIENT_RULES) };

const CLIENT_RULES: &[Rule] = &[
    rule("device-id", Leaf(Text)),
    rule("secret", Leaf(Secret)),
    rule("keep-alive", Container(&KEEP_ALIVE)),
    rule("reconnect-strategy", Leaf(OneOf(&["in-order", "sticky"]))),
    rule("services", Leaf(OneOf(&["netconf"]))),
    rule("proxy-server", Container(&PROXY)),
    rule("servers", Nameless(&SERVER)),
];

static KEEP_ALIVE: Body = closed(&[rule("retry", Leaf(U32)), rule("timeout", Leaf(U32))]);

static SERVER: Body = Body {
    one_line: OneLine::Single,
    is_ordered: true,
    ..closed(&[rule("port", Leaf(PORT)), rule("retry", Leaf(U32)), rule("timeout", Leaf(U32))])
};

static PROXY: Body = closed(&[rule("static", Container(&STATIC_PROXY)), rule("dhcp", Empty)]);

static STATIC_PROXY: Body = closed(&[
    rule("host", Leaf(Text)),
    rule("port", Leaf(PORT)),
    rule("proxy-authorization", Container(&PROXY_AUTHORIZATION)),
]);

static PROXY_AUTHORIZATION: Body =
    closed(&[rule("user", Leaf(Text)), rule("password", Leaf(Secret))]);
