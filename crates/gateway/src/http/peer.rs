//! The other end of a connection: known by the kernel, or by nothing yet but its address.

use std::net::SocketAddr;

use super::actor::Actor;

/// The other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Peer {
    /// At the Unix socket: who it is, is known.
    Local(Actor),
    /// Over TCP: each request must say who asks.
    Remote(SocketAddr),
}
