//! Every key of the configuration: its name, what it takes, what it is for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use homing_proto::access::Role;
use homing_proto::access::policy::{HarmlessCommand, HarmlessRpc};
use homing_proto::revocation::Revoked;

use super::address::{DialAddress, Network};
use super::front_door::Authority;
use super::old_algorithms::OldAlgorithms;
use super::settings::{LogLevel, Settings};
use super::value::{Given, Wrong, show_duration, show_size};

/// One key. Its variable in the environment is `HOMING_` and the name in capitals, with `_` for the dot; those of the
/// doors are short: `HOMING_HTTP`, `HOMING_DOOR`.
pub struct Key {
    /// The name in a file; what is before the dot is a table.
    pub name: &'static str,
    /// What it is for.
    pub about: &'static str,
    pub(super) set: fn(&mut Settings, &Given) -> Result<(), Wrong>,
    pub(super) show: fn(&Settings) -> String,
}

impl Key {
    /// The variable in the environment.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("HOMING_{}", self.short().replace('.', "_").to_uppercase())
    }

    /// The word of its flag and its variable: a door is named, not its key.
    pub(super) fn short(&self) -> &'static str {
        match self.name {
            "http.listen" => "http",
            "front_door.listen" => "door",
            name => name,
        }
    }
}

/// The key of that name.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);
const TEN_YEARS: Duration = Duration::from_secs(3_650 * 86_400);
const MANY: u64 = 1_000_000;
const PEBIBYTE: u64 = 1 << 50;

macro_rules! key {
    ($name:literal, $about:literal, $set:expr, $show:expr $(,)?) => {
        Key { name: $name, about: $about, set: $set, show: $show }
    };
}

/// All keys, in the order in which they are shown.
pub static KEYS: &[Key] = &[
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
    key!(
        "http.listen",
        "where the HTTP API is served over TCP; none: only on the socket",
        |s, v| {
            let expected = "an address and port such as \"127.0.0.1:8443\", with or without https:// or http://";
            s.http.listen = v.list(expected, |text| text.parse().ok())?;
            Ok(())
        },
        |s| list(&s.http.listen)
    ),
    key!(
        "http.certificate",
        "the certificate chain in PEM; none: one that the gateway makes and signs itself",
        |s, v| optional_path(v).map(|path| s.http.certificate = path),
        |s| quoted_path(s.http.certificate.as_deref())
    ),
    key!(
        "http.key",
        "the private key of `http.certificate` in PEM",
        |s, v| optional_path(v).map(|path| s.http.key = path),
        |s| quoted_path(s.http.key.as_deref())
    ),
    key!(
        "http.plain",
        "speak plain HTTP, beyond loopback too",
        |s, v| v.boolean().map(|is| s.http.plain = is),
        |s| s.http.plain.to_string()
    ),
    key!(
        "http.max_connections",
        "connections of the HTTP API over TCP at once",
        |s, v| room(v, MANY).map(|n| s.http.max_connections = n),
        |s| s.http.max_connections.to_string()
    ),
    key!(
        "http.max_per_source",
        "of these, connections of one source address",
        |s, v| room(v, MANY).map(|n| s.http.max_per_source = n),
        |s| s.http.max_per_source.to_string()
    ),
    key!(
        "http.rate",
        "requests a second of one token, and of one source address without one; ten seconds' worth may come at once",
        |s, v| small(v, 1, 1_000_000).map(|n| s.http.rate = n),
        |s| s.http.rate.to_string()
    ),
    key!(
        "front_door.listen",
        "where operators log in by SSH; empty: nowhere",
        |s, v| {
            let expected = "an address and port such as \"[::]:2022\"";
            s.front_door.listen = v.list(expected, |text| text.parse().ok())?;
            Ok(())
        },
        |s| list(&s.front_door.listen)
    ),
    key!(
        "front_door.user_ca",
        "whose user certificates are taken: public keys, or files of them",
        |s, v| {
            let expected =
                "a public key such as \"ssh-ed25519 AAAA…\", or the absolute path of a file";
            s.front_door.user_ca = v.list(expected, Authority::parse)?;
            Ok(())
        },
        |s| list(&s.front_door.user_ca)
    ),
    key!(
        "front_door.revoked",
        "keys and certificates that are not let in, and files of such",
        |s, v| {
            let expected = "a revocation such as \"SHA256:…\", \"serial:7\", \"id:jane@laptop\", a public key, or the absolute path of a file";
            let read = |text: &str| {
                let is_one = text.starts_with('/') || Revoked::default().add(text).is_ok();
                is_one.then(|| text.to_owned())
            };
            s.front_door.revoked = v.list(expected, read)?;
            Ok(())
        },
        |s| list(&s.front_door.revoked)
    ),
    key!(
        "front_door.post_quantum_only",
        "refuse key exchanges that a quantum computer would break",
        |s, v| v.boolean().map(|is| s.front_door.post_quantum_only = is),
        |s| s.front_door.post_quantum_only.to_string()
    ),
    key!(
        "front_door.max_connections",
        "operators' SSH connections at once",
        |s, v| room(v, MANY).map(|n| s.front_door.max_connections = n),
        |s| s.front_door.max_connections.to_string()
    ),
    key!(
        "front_door.max_per_source",
        "of these, connections of one source address",
        |s, v| room(v, MANY).map(|n| s.front_door.max_per_source = n),
        |s| s.front_door.max_per_source.to_string()
    ),
    key!(
        "front_door.operator_connections",
        "of these, connections of one operator",
        |s, v| room(v, MANY).map(|n| s.front_door.operator_connections = n),
        |s| s.front_door.operator_connections.to_string()
    ),
    key!(
        "front_door.login_grace",
        "how long a login by SSH may take",
        |s, v| v.duration(SECOND, HOUR).map(|d| s.front_door.login_grace = d),
        |s| time(s.front_door.login_grace)
    ),
    key!(
        "front_door.operator_channels",
        "channels of one operator at once, on all devices",
        |s, v| room(v, MANY).map(|n| s.front_door.operator_channels = n),
        |s| s.front_door.operator_channels.to_string()
    ),
    key!(
        "front_door.device_channels",
        "channels of all operators on one device at once; most devices allow ten themselves",
        |s, v| room(v, MANY).map(|n| s.front_door.device_channels = n),
        |s| s.front_door.device_channels.to_string()
    ),
    key!(
        "front_door.channel_spool",
        "bytes that may wait for the slow reader of one channel, before it is closed",
        |s, v| v.size(64 << 10, PEBIBYTE).map(|n| s.front_door.channel_spool = n),
        |s| size(s.front_door.channel_spool)
    ),
    key!(
        "front_door.operator_spool",
        "bytes that may wait for one operator, on all channels",
        |s, v| v.size(64 << 10, PEBIBYTE).map(|n| s.front_door.operator_spool = n),
        |s| size(s.front_door.operator_spool)
    ),
    key!(
        "front_door.device_spool",
        "bytes of one device that may wait, for all operators",
        |s, v| v.size(64 << 10, PEBIBYTE).map(|n| s.front_door.device_spool = n),
        |s| size(s.front_door.device_spool)
    ),
    key!(
        "front_door.total_spool",
        "bytes that may wait for all operators",
        |s, v| v.size(1 << 20, PEBIBYTE).map(|n| s.front_door.total_spool = n),
        |s| size(s.front_door.total_spool)
    ),
    key!(
        "front_door.patience",
        "how long what waits is kept for an operator who reads nothing, once the device has ended the channel",
        |s, v| v.duration(SECOND, 24 * HOUR).map(|d| s.front_door.patience = d),
        |s| time(s.front_door.patience)
    ),
    key!(
        "front_door.cut_patience",
        "the same for a channel that was cut because too much waited",
        |s, v| v.duration(SECOND, 24 * HOUR).map(|d| s.front_door.cut_patience = d),
        |s| time(s.front_door.cut_patience)
    ),
    key!(
        "events.keep",
        "events of enrolled devices that are kept",
        |s, v| v.count(1_000, 1_000_000_000).map(|n| s.events.keep = n),
        |s| s.events.keep.to_string()
    ),
    key!(
        "events.keep_unknown",
        "events of strangers and of the gateway itself that are kept",
        |s, v| v.count(1_000, 1_000_000_000).map(|n| s.events.keep_unknown = n),
        |s| s.events.keep_unknown.to_string()
    ),
    key!(
        "events.age",
        "how long events are kept at most",
        |s, v| v.duration(HOUR, TEN_YEARS).map(|d| s.events.age = d),
        |s| time(s.events.age)
    ),
    key!(
        "audit.keep",
        "entries of the audit trail that are kept",
        |s, v| v.count(1_000, 1_000_000_000).map(|n| s.audit.keep = n),
        |s| s.audit.keep.to_string()
    ),
    key!(
        "audit.age",
        "how long they are kept at most; a day more",
        |s, v| v.duration(24 * HOUR, TEN_YEARS).map(|d| s.audit.age = d),
        |s| time(s.audit.age)
    ),
    key!(
        "recordings.roles",
        "the roles whose terminal sessions are recorded",
        |s, v| {
            let expected = "a role: viewer, operator, configurator or admin";
            s.recordings.roles = v.list(expected, |text| text.parse::<Role>().ok())?;
            Ok(())
        },
        |s| list(&s.recordings.roles)
    ),
    key!(
        "recordings.size",
        "bytes of one recording",
        |s, v| v.size(4 << 10, PEBIBYTE).map(|n| s.recordings.size = n),
        |s| size(s.recordings.size)
    ),
    key!(
        "recordings.total",
        "bytes of all recordings; beyond it the oldest are deleted",
        |s, v| v.size(4 << 10, PEBIBYTE).map(|n| s.recordings.total = n),
        |s| size(s.recordings.total)
    ),
    key!(
        "recordings.age",
        "how long a recording is kept at most",
        |s, v| v.duration(HOUR, TEN_YEARS).map(|d| s.recordings.age = d),
        |s| time(s.recordings.age)
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

/// A path; empty text takes it back.
fn optional_path(given: &Given) -> Result<Option<PathBuf>, Wrong> {
    match given.is_empty() {
        true => Ok(None),
        false => given.path().map(Some),
    }
}

fn quoted_path(path: Option<&Path>) -> String {
    quoted(path.unwrap_or(Path::new("")).display())
}

fn small(given: &Given, least: u64, most: u32) -> Result<u32, Wrong> {
    given.count(least, most.into()).map(|n| u32::try_from(n).unwrap_or(most))
}

fn room(given: &Given, most: u64) -> Result<usize, Wrong> {
    given.count(1, most).map(|n| usize::try_from(n).unwrap_or(usize::MAX))
}

fn list<T: ToString>(items: &[T]) -> String {
    let items: Vec<String> = items.iter().map(|item| quoted(item.to_string())).collect();
    format!("[{}]", items.join(", "))
}

fn quoted(text: impl std::fmt::Display) -> String {
    toml::Value::String(text.to_string()).to_string()
}

fn time(duration: Duration) -> String {
    quoted(show_duration(duration))
}

fn size(bytes: u64) -> String {
    quoted(show_size(bytes))
}
