//! One attempt: a name resolved anew, and every address it gives tried until one answers.
//!
//! ```text
//!   host ──resolve──▶ [2001:db8::1] ──refused──▶ 192.0.2.1 ──accepted──▶ connected
//! ```
//!
//! In a `routing-instance` the socket is bound to the VRF or interface of that name
//! (`SO_BINDTODEVICE`) before it connects. The name is resolved by the system's own resolver, which
//! Linux can't put into a VRF for one socket; a resolver that lives in it is the system's to set up.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use homing_proto::dialer::Attempt;
use homing_proto::fault::Fault;
use socket2::SockRef;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// How long one address may take to answer.
pub(crate) const CONNECT_DEADLINE: Duration = Duration::from_secs(10);
/// How long the resolver may take.
const RESOLVE_DEADLINE: Duration = Duration::from_secs(15);
/// Addresses tried per attempt; a name that gives more is a mistake or an attack.
const MOST_ADDRESSES: usize = 16;

/// What a connection needs besides its server.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// VRF or interface to bind to.
    pub(crate) routing_instance: Option<String>,
    /// How long sent data may stay unacknowledged before the kernel gives the connection up.
    pub(crate) user_timeout: Duration,
}

/// One address that did not answer.
#[derive(Debug)]
pub(crate) struct Unreachable {
    pub(crate) address: SocketAddr,
    pub(crate) error: io::Error,
}

/// Why an attempt failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error("can't resolve `{host}`: {error}")]
    Resolve { host: String, error: io::Error },
    #[error("`{0}` has no address")]
    NoAddress(String),
    #[error(
        "routing-instance `{0}`: this machine has no VRF or interface of that name; \
         make it with `ip link add {0} type vrf table NUMBER`"
    )]
    NoRoutingInstance(String),
    #[error(
        "routing-instance `{0}`: may not bind to it; run the agent as root or with CAP_NET_RAW"
    )]
    RoutingInstanceForbidden(String),
    #[error("{}", Reasons(.0))]
    Unreachable(Vec<Unreachable>),
}

impl ConnectError {
    /// A stable word for logs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Resolve { .. } => "resolve-failed",
            Self::NoAddress(_) => "no-address",
            Self::NoRoutingInstance(_) => "no-routing-instance",
            Self::RoutingInstanceForbidden(_) => "routing-instance-forbidden",
            Self::Unreachable(_) => "unreachable",
        }
    }

    /// Who must act.
    pub(crate) fn fault(&self) -> Fault {
        match self {
            Self::Resolve { .. } | Self::Unreachable(_) => Fault::Network,
            Self::NoAddress(_) | Self::NoRoutingInstance(_) => Fault::Operator,
            Self::RoutingInstanceForbidden(_) => Fault::Local,
        }
    }
}

struct Reasons<'a>(&'a [Unreachable]);

impl fmt::Display for Reasons<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Unreachable { address, error }) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{address}: {}", plain(error))?;
        }
        Ok(())
    }
}

/// What the system says, without its number: `Connection refused`.
pub(crate) fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((plain, _)) => plain.to_owned(),
        None => text,
    }
}

/// Tries every address of the attempt's host, in the resolver's order.
///
/// # Errors
/// Nobody answered, and why, address by address.
pub(crate) async fn connect(attempt: &Attempt, route: &Route) -> Result<TcpStream, ConnectError> {
    let mut failed = Vec::new();
    for address in resolve(&attempt.host, attempt.port).await? {
        match connect_to(address, route).await? {
            Ok(stream) => return Ok(stream),
            Err(error) => failed.push(Unreachable { address, error }),
        }
    }
    if failed.is_empty() {
        return Err(ConnectError::NoAddress(attempt.host.clone()));
    }
    Err(ConnectError::Unreachable(failed))
}

async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, ConnectError> {
    let failed = |error| ConnectError::Resolve { host: host.to_owned(), error };
    let looked_up = timeout(RESOLVE_DEADLINE, tokio::net::lookup_host((host, port)));
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, "the resolver gave no answer in time");
    let found = looked_up.await.map_err(late).flatten().map_err(failed)?;
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for address in found {
        if addresses.len() < MOST_ADDRESSES && !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}

/// Connects to one address; the outer error is one that no other address would mend.
async fn connect_to(
    address: SocketAddr,
    route: &Route,
) -> Result<io::Result<TcpStream>, ConnectError> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    };
    let socket = match socket {
        Ok(socket) => socket,
        Err(error) => return Ok(Err(error)),
    };
    if let Some(name) = &route.routing_instance {
        bind_to(&socket, name)?;
    }
    let connected = timeout(CONNECT_DEADLINE, socket.connect(address)).await;
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, "Connection timed out");
    Ok(connected.map_err(late).flatten().and_then(|stream| tune(stream, route)))
}

fn bind_to(socket: &TcpSocket, name: &str) -> Result<(), ConnectError> {
    socket.bind_device(Some(name.as_bytes())).map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => ConnectError::RoutingInstanceForbidden(name.to_owned()),
        _ => ConnectError::NoRoutingInstance(name.to_owned()),
    })
}

fn tune(stream: TcpStream, route: &Route) -> io::Result<TcpStream> {
    let socket = SockRef::from(&stream);
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_user_timeout(Some(route.user_timeout))?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTE: Route = Route { routing_instance: None, user_timeout: Duration::from_secs(60) };

    fn attempt(host: &str, port: u16) -> Attempt {
        Attempt { server: 0, host: host.to_owned(), port, number: 1 }
    }

    #[tokio::test]
    async fn a_name_is_resolved_and_the_address_that_listens_is_found() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let stream = connect(&attempt("localhost", port), &ROUTE).await.unwrap();
        assert!(stream.nodelay().unwrap());
        let patience = SockRef::from(&stream).tcp_user_timeout().unwrap();
        assert_eq!(patience, Some(Duration::from_secs(60)));
    }

    #[tokio::test]
    async fn each_address_that_refuses_is_named_with_its_reason() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let error = connect(&attempt("127.0.0.1", port), &ROUTE).await.unwrap_err();
        assert_eq!(error.to_string(), format!("127.0.0.1:{port}: Connection refused"));
        assert_eq!((error.code(), error.fault()), ("unreachable", Fault::Network));
    }

    #[tokio::test]
    async fn a_routing_instance_that_is_not_there_is_refused_by_name() {
        let route = Route { routing_instance: Some("no-such-vrf".to_owned()), ..ROUTE };
        let error = connect(&attempt("127.0.0.1", 9), &route).await.unwrap_err();
        assert!(error.to_string().starts_with("routing-instance `no-such-vrf`: "), "{error}");
    }

    #[tokio::test]
    async fn a_connection_in_a_routing_instance_is_bound_to_it() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let route = Route { routing_instance: Some("lo".to_owned()), ..ROUTE };
        match connect(&attempt("127.0.0.1", port), &route).await {
            Ok(stream) => {
                let device = SockRef::from(&stream).device().unwrap();
                assert_eq!(device.as_deref(), Some(b"lo".as_slice()));
            }
            Err(error) => assert_eq!(error.code(), "routing-instance-forbidden"),
        }
    }

    #[tokio::test]
    async fn a_name_that_does_not_resolve_says_so() {
        let error = connect(&attempt("nowhere.invalid", 9), &ROUTE).await.unwrap_err();
        assert_eq!((error.code(), error.fault()), ("resolve-failed", Fault::Network));
    }
}
