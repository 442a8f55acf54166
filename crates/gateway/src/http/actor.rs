//! Who asks: the user at the other end of the Unix socket, as the kernel knows it.
//!
//! Source: unix(7), `SO_PEERCRED`.

use std::sync::Arc;

use nix::unistd::{Uid, User};
use tokio::net::UnixStream;

/// The person or program behind a request, for the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor(Arc<str>);

impl Actor {
    /// An actor known by other means than a socket's credentials.
    #[must_use]
    pub fn new(name: &str) -> Actor {
        Actor(name.into())
    }

    /// The user that opened the socket: its name, or its number where it has none.
    pub(super) async fn of_peer(stream: &UnixStream) -> Actor {
        let Ok(credentials) = stream.peer_cred() else { return Actor::new("unknown") };
        let uid = credentials.uid();
        // The user database may be on the network.
        let looked_up = tokio::task::spawn_blocking(move || User::from_uid(Uid::from_raw(uid)));
        match looked_up.await {
            Ok(Ok(Some(user))) => Actor::new(&user.name),
            _ => Actor::new(&format!("uid {uid}")),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
