//! The other end of a connection: known by the kernel, or by nothing yet but its address.
//!
//! Source: unix(7), `SO_PEERCRED`.

use std::net::SocketAddr;

use homing_proto::access::{Grant, Operator, Role, Via};
use nix::unistd::{Uid, User};
use tokio::net::UnixStream;

/// The other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// At the Unix socket: who it is, is known.
    Local(Operator),
    /// Over TCP: each request must say who asks.
    Remote(SocketAddr),
}

/// Of a request that came over TLS.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Encrypted;

/// The user that opened the socket: its name, or its number where it has none. The gateway's own user and root may
/// everything; others, whom the socket's mode keeps away, nothing.
pub(super) async fn of_socket(stream: &UnixStream) -> Operator {
    let Ok(credentials) = stream.peer_cred() else {
        return Operator::new("unknown", Vec::new(), Via::Socket, None, "unknown");
    };
    let uid = Uid::from_raw(credentials.uid());
    // The user database may be on the network.
    let name = match tokio::task::spawn_blocking(move || User::from_uid(uid)).await {
        Ok(Ok(Some(user))) => user.name,
        _ => format!("uid {uid}"),
    };
    let is_owner = uid.is_root() || uid == Uid::effective();
    let grants = if is_owner { vec![Grant::of(Role::Admin)] } else { Vec::new() };
    Operator::new(name, grants, Via::Socket, None, format!("uid {uid}"))
}
