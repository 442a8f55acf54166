//! The operators' two doors: the HTTP API and SSH.

use homing_proto::revocation::Revoked;

use super::value::{
    HOUR, MANY, PEBIBYTE, SECOND, list, optional_path, quoted_path, room, size, small, time,
};
use super::{Key, key};
use crate::config::front_door::Authority;

pub(super) static KEYS: &[Key] = &[
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
];
