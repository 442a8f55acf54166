//! The table of known statements.
//!
//! Source: Junos statement pages *outbound-ssh*, *login*, *authentication*, *root-authentication*,
//! *ssh (System Services)*, *netconf*.

use super::schema::{Body, Kind, OneLine, Rule, Value};

use Kind::{Container, Empty, Leaf, LeafList, Line, List, Nameless};
use Value::{Number, OneOf, Secret, Text};

const U32: Value = Number(0, u32::MAX as u64);
const PORT: Value = Number(0, 65_535);

const fn rule(name: &'static str, kind: Kind) -> Rule {
    Rule { name, kind }
}

const fn open(rules: &'static [Rule]) -> Body {
    Body { rules, open: true, one_line: OneLine::No }
}

const fn closed(rules: &'static [Rule]) -> Body {
    Body { rules, open: false, one_line: OneLine::No }
}

/// The top of a configuration.
pub(crate) static TOP: Body = open(&[rule("system", Container(&SYSTEM))]);

pub(crate) static SYSTEM: Body = open(&[
    rule("host-name", Leaf(Text)),
    rule("root-authentication", Container(&AUTHENTICATION)),
    rule("login", Container(&LOGIN)),
    rule("services", Container(&SERVICES)),
]);

pub(crate) static LOGIN: Body = open(&[
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

static SSH_KEY: Body =
    Body { rules: &[rule("from", Leaf(Text))], open: true, one_line: OneLine::Single };

pub(crate) static SERVICES: Body = open(&[
    rule("ssh", Container(&SSH)),
    rule("netconf", Container(&NETCONF)),
    rule("outbound-ssh", Container(&OUTBOUND_SSH)),
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
    rules: &[
        rule("size", Leaf(Text)),
        rule("files", Leaf(Number(2, 1000))),
        rule("world-readable", Empty),
        rule("no-world-readable", Empty),
        rule("match", Leaf(Text)),
    ],
    open: false,
    one_line: OneLine::Always,
};

static TRACE_FLAG: Body = closed(&[]);

pub(crate) static CLIENT: Body = closed(&[
    rule("device-id", Leaf(Text)),
    rule("secret", Leaf(Secret)),
    rule("keep-alive", Container(&KEEP_ALIVE)),
    rule("reconnect-strategy", Leaf(OneOf(&["in-order", "sticky"]))),
    rule("services", Leaf(OneOf(&["netconf"]))),
    rule("proxy-server", Container(&PROXY)),
    rule("servers", Nameless(&SERVER)),
]);

static KEEP_ALIVE: Body = closed(&[rule("retry", Leaf(U32)), rule("timeout", Leaf(U32))]);

static SERVER: Body = Body {
    rules: &[rule("port", Leaf(PORT)), rule("retry", Leaf(U32)), rule("timeout", Leaf(U32))],
    open: false,
    one_line: OneLine::Single,
};

static PROXY: Body = closed(&[rule("static", Container(&STATIC_PROXY)), rule("dhcp", Empty)]);

static STATIC_PROXY: Body = closed(&[
    rule("host", Leaf(Text)),
    rule("port", Leaf(PORT)),
    rule("proxy-authorization", Container(&PROXY_AUTHORIZATION)),
]);

static PROXY_AUTHORIZATION: Body =
    closed(&[rule("user", Leaf(Text)), rule("password", Leaf(Secret))]);
