//! The sockets that devices dial: bound, accepted, limited per source before anything else happens.
//!
//! ```text
//! accept ─▶ too many in all, or from this source? ─yes─▶ closed at once, counted
//!               │ no
//!               ▼
//!          TCP_NODELAY, TCP_USER_TIMEOUT ─▶ arrival
//! ```

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use homing_proto::identity::{InvalidName, ListenerName};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpStream};

/// How many connections the kernel may hold until we accept them. With fewer, a fleet that comes back at once
/// waits a second for its SYN to be sent again.
const BACKLOG: i32 = 4096;

/// How long the kernel keeps trying to deliver what the peer does not acknowledge.
const USER_TIMEOUT: Duration = Duration::from_secs(60);

/// A bound address on which devices are taken in.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) name: ListenerName,
    pub(crate) address: SocketAddr,
    socket: TcpListener,
}

/// Why an address can't be listened on.
#[derive(Debug, thiserror::Error)]
#[error("can't listen on {address}: {reason}")]
pub struct ListenError {
    /// The address.
    pub address: SocketAddr,
    /// What the system said, and what to do.
    pub reason: String,
}

impl Listener {
    /// Binds `address`; the listener is named after its port, or after the whole address where `qualified`.
    pub(crate) fn bind(address: SocketAddr, qualified: bool) -> Result<Self, ListenError> {
        let socket = bound(address).map_err(|error| ListenError::new(address, "listen", &error))?;
        let address = socket.local_addr().unwrap_or(address);
        let name = name_of(address, qualified)
            .map_err(|error| ListenError { address, reason: error.to_string() })?;
        Ok(Self { name, address, socket })
    }

    /// Waits for the next connection, its socket made ready.
    pub(crate) async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        accepted(&self.socket).await
    }
}

impl ListenError {
    /// What the system said about an address of the setting `key`.
    pub(crate) fn new(address: SocketAddr, key: &str, error: &io::Error) -> Self {
        Self { address, reason: explain(error, key) }
    }
}

/// Waits for the next connection, its socket made ready. One that went away before it was accepted is none.
pub(crate) async fn accepted(socket: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    loop {
        match socket.accept().await.and_then(made_ready) {
            Err(error) if is_of_one_connection(&error) => {}
            accepted => return accepted,
        }
    }
}

fn made_ready((stream, source): (TcpStream, SocketAddr)) -> io::Result<(TcpStream, SocketAddr)> {
    stream.set_nodelay(true)?;
    SockRef::from(&stream).set_tcp_user_timeout(Some(USER_TIMEOUT))?;
    Ok((stream, plain(source)))
}

/// Errors of a connection that went away before it was accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, InvalidInput, NotConnected};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | InvalidInput | NotConnected)
}

/// The port is the name, with the address before it where two listeners have the same port.
fn name_of(address: SocketAddr, qualified: bool) -> Result<ListenerName, InvalidName> {
    let port = address.port();
    match (qualified, address.ip()) {
        (false, _) => ListenerName::new(port.to_string()),
        (true, IpAddr::V4(ip)) => ListenerName::new(format!("{ip}-{port}")),
        (true, IpAddr::V6(ip)) => ListenerName::new(format!("v6-{ip}-{port}").replace(':', ".")),
    }
}

/// Binds an address; `[::]` takes IPv4 too.
pub(crate) fn bound(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
        socket.set_only_v6(false)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

fn explain(error: &io::Error, key: &str) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("{error}; another program holds it, choose another with `{key}`")
        }
        io::ErrorKind::PermissionDenied => {
            format!("{error}; ports below 1024 need CAP_NET_BIND_SERVICE")
        }
        io::ErrorKind::AddrNotAvailable => {
            format!("{error}; no interface of this machine has that address")
        }
        _ => error.to_string(),
    }
}

/// An IPv4 peer of a dual-stack socket, as the IPv4 address that people know.
fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
