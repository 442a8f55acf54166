//! Where devices are taken in, what is asked of them and what of them is kept waiting.

use std::time::Duration;

use homing_proto::access::policy::{HarmlessCommand, HarmlessRpc};

use super::value::{HOUR, MANY, PEBIBYTE, SECOND, list, quoted, room, size, small, time};
use super::{Key, key};
use crate::config::address::{DialAddress, Network};
use crate::config::old_algorithms::OldAlgorithms;
use crate::config::settings::{LogLevel, Settings};
use crate::config::value::{Given, Wrong};

pub(super) static KEYS: &[Key] = &[
    key!(
        "listen",
        "where devices are taken in",
        |s, v| {
            s.listen = v.list("an address and port such as \"[::]:4334\"", |t| t.parse().ok())?;
            if s.listen.is_empty() { v.wrong("at least one address") } else { Ok(()) }
        },
        |s| list(&s.listen)
    ),
    key!(
        "addresses",
        "what devices dial: the servers of enrolment stanzas",
        |s, v| {
            let expected = "a host or host:port such as \"gw.example.net:4334\"";
            s.addresses = v.list(expected, |text| DialAddress::parse(text, 0).ok())?;
            Ok(())
        },
        |s| list(&s.addresses)
    ),
    key!("data", "the data folder", |s, v| v.path().map(|path| s.data = path), |s| quoted(
        s.data.display()
    )),
    key!(
        "socket",
        "the Unix socket of the local API",
        |s, v| v.path().map(|path| s.socket = path),
        |s| quoted(s.socket.display())
    ),
    key!(
        "proxy_from",
        "networks from which PROXY headers are believed",
        |s, v| {
            let expected = "a network such as \"10.0.0.0/8\"";
            s.proxy_from = v.list(expected, |text| text.parse::<Network>().ok())?;
            Ok(())
        },
        |s| list(&s.proxy_from)
    ),
    key!("user", "the login user on devices that have none of their own", user, |s| quoted(
        &s.user
    )),
    key!(
        "keep_alive.retry",
        "unanswered probes before a device's session is given up",
        |s, v| small(v, 1, 1_000).map(|n| s.keep_alive.retry = n),
        |s| s.keep_alive.retry.to_string()
    ),
    key!(
        "keep_alive.timeout",
        "silence before each probe",
        |s, v| v.duration(SECOND, HOUR).map(|d| s.keep_alive.timeout = d),
        |s| time(s.keep_alive.timeout)
    ),
    key!("log", "what is logged: error, warn, info, debug or trace", log, |s| quoted(
        s.log.as_str()
    )),
    key!(
        "old_algorithms",
        "devices from which old SSH algorithms are taken, each with its last day",
        |s, v| {
            let expected = "a device and a day such as \"edge-7=2027-01-31\"";
            s.old_algorithms = v.list(expected, OldAlgorithms::parse)?;
            Ok(())
        },
        |s| list(&s.old_algorithms)
    ),
    key!(
        "access.operator_rpcs",
        "RPCs that operators may send beside those that are built in",
        |s, v| {
            let expected = "the name of an RPC that changes nothing that lasts, such as \"clear-bgp-neighbor\": none that is built in, and without the words of docs/policy.md";
            s.policy.rpcs = v.list(expected, |text| HarmlessRpc::parse(text).ok())?;
            if s.policy.is_too_long() { v.wrong("at most 256 names") } else { Ok(()) }
        },
        |s| list(&s.policy.rpcs)
    ),
    key!(
        "access.operator_commands",
        "beginnings of commands that operators may run beside those that are built in",
        |s, v| {
            let expected = "two words or more by which a command begins that changes nothing that lasts, such as \"clear bgp neighbor\", without the words of docs/policy.md";
            s.policy.commands = v.list(expected, |text| HarmlessCommand::parse(text).ok())?;
            if s.policy.is_too_long() { v.wrong("at most 256 commands") } else { Ok(()) }
        },
        |s| list(&s.policy.commands)
    ),
    key!(
        "max_handshakes",
        "key exchanges and logins under way at once, at most",
        |s, v| room(v, MANY).map(|n| s.max_handshakes = n),
        |s| s.max_handshakes.to_string()
    ),
    key!(
        "max_waiting",
        "connections that wait for their handshake",
        |s, v| room(v, MANY).map(|n| s.max_waiting = n),
        |s| s.max_waiting.to_string()
    ),
    key!(
        "max_per_source",
        "connections of one source address before their session",
        |s, v| room(v, MANY).map(|n| s.max_per_source = n),
        |s| s.max_per_source.to_string()
    ),
    key!(
        "max_pending",
        "pending keys that are kept",
        |s, v| v.count(1, MANY).map(|n| s.max_pending = n),
        |s| s.max_pending.to_string()
    ),
    key!(
        "opening_timeout",
        "how long a device may take to say who it is",
        |s, v| v.duration(SECOND, HOUR).map(|d| s.opening_timeout = d),
        |s| time(s.opening_timeout)
    ),
    key!(
        "setup_timeout",
        "how long it may take from its connection to its session",
        |s, v| v.duration(SECOND, HOUR).map(|d| s.setup_timeout = d),
        |s| time(s.setup_timeout)
    ),
    key!(
        "refuse_hold",
        "how long a refused connection is held, so that the device doesn't hammer",
        |s, v| v.duration(Duration::ZERO, HOUR).map(|d| s.refuse_hold = d),
        |s| time(s.refuse_hold)
    ),
    key!(
        "pending_hold",
        "how long an unknown device is held while somebody may accept it",
        |s, v| v.duration(Duration::ZERO, HOUR).map(|d| s.pending_hold = d),
        |s| time(s.pending_hold)
    ),
    key!(
        "rpc_timeout",
        "how long an RPC may take if the caller doesn't say",
        |s, v| v.duration(SECOND, 24 * HOUR).map(|d| s.rpc_timeout = d),
        |s| time(s.rpc_timeout)
    ),
    key!(
        "stop_timeout",
        "how long running RPCs are waited for when the gateway stops",
        |s, v| v.duration(Duration::ZERO, HOUR).map(|d| s.stop_timeout = d),
        |s| time(s.stop_timeout)
    ),
    key!(
        "spool.memory",
        "bytes of one waiting reply in memory; the rest goes to an unnamed file",
        |s, v| v.size(4 << 10, 1 << 30).map(|n| s.spool.memory = n),
        |s| size(s.spool.memory)
    ),
    key!(
        "spool.reply",
        "bytes of one waiting reply in all",
        |s, v| v.size(64 << 10, PEBIBYTE).map(|n| s.spool.reply = n),
        |s| size(s.spool.reply)
    ),
    key!(
        "spool.total",
        "bytes of all waiting replies",
        |s, v| v.size(1 << 20, PEBIBYTE).map(|n| s.spool.total = n),
        |s| size(s.spool.total)
    ),
];

fn user(settings: &mut Settings, given: &Given) -> Result<(), Wrong> {
    const EXPECTED: &str = "a login name of letters, digits, `.`, `_` and `-`";
    let text = given.text(EXPECTED)?;
    if !is_login_name(text) {
        return given.wrong(EXPECTED);
    }
    settings.user = text.to_owned();
    Ok(())
}

/// Whether Junos and every Linux take `text` as a login name.
#[must_use]
pub fn is_login_name(text: &str) -> bool {
    let first = text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    let all = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    first && all && text.len() <= 64
}

fn log(settings: &mut Settings, given: &Given) -> Result<(), Wrong> {
    match LogLevel::parse(given.text(LogLevel::WORDS)?) {
        Some(level) => {
            settings.log = level;
            Ok(())
        }
        None => given.wrong(LogLevel::WORDS),
    }
}
