//! Where the API is served: the Unix socket, and over TCP the addresses that are configured.
//!
//! ```text
//!   homing.sock ──▶ its peer is who the kernel says             always
//!   https://    ──▶ TLS ──▶ its requests carry tokens           as configured
//!   http://     ──▶ plain ──▶ the same                          on loopback, or asked for by name
//! ```

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use homing_proto::api;
use homing_proto::gate::Limits;
use homing_proto::rate::Rate;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::socket::{ApiSocket, SocketError};
use super::tls::{Certificate, CertificateEnd, Files, TlsError};
use crate::config::{Http, Scheme, Settings};
use crate::listener::{ListenError, bound};

/// How many seconds' worth of requests may come at once.
const BURST: u32 = 10;

/// Why the API can't be served.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// On its socket.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// At an address.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// For want of a certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl DoorError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Socket(error) => error.code(),
            Self::Listen(_) => "cannot-listen",
            Self::Tls(error) => error.code(),
        }
    }
}

/// All places where the API is served, bound.
#[derive(Debug)]
pub struct Doors {
    pub(super) socket: ApiSocket,
    pub(super) tcp: Vec<TcpDoor>,
    pub(super) certificate: Option<Arc<Certificate>>,
    pub(super) limits: Limits,
    pub(super) rate: Rate,
}

/// One address.
#[derive(Debug)]
pub(super) struct TcpDoor {
    pub(super) listener: TcpListener,
    pub(super) address: SocketAddr,
    /// None: plain HTTP.
    pub(super) tls: Option<Tls>,
}

/// What makes TLS of a connection.
#[derive(Clone)]
pub(super) struct Tls(pub(super) TlsAcceptor);

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

impl From<ApiSocket> for Doors {
    /// The socket alone.
    fn from(socket: ApiSocket) -> Self {
        let limits = Limits { total: 0, per_source: 0 };
        let rate = Rate { per_second: 1, burst: 1 };
        Self { socket, tcp: Vec::new(), certificate: None, limits, rate }
    }
}

impl Doors {
    /// Binds the socket and every address, and reads or makes the certificate where one is needed.
    ///
    /// # Errors
    /// What can't be bound or read; nothing stays bound then.
    pub fn open(settings: &Settings) -> Result<Self, DoorError> {
        let doors = Self::from(ApiSocket::bind(&settings.socket)?);
        doors.with_tcp(&settings.http, &settings.data, || names(settings))
    }

    /// Adds the addresses over TCP. `names` are those that a certificate of the gateway's own is made for.
    ///
    /// # Errors
    /// As for [`Self::open`].
    pub fn with_tcp(
        mut self,
        http: &Http,
        data: &Path,
        names: impl FnOnce() -> Vec<String>,
    ) -> Result<Self, DoorError> {
        let tls = match http.listen.iter().all(|address| http.is_plain(address)) {
            true => None,
            false => {
                let files = match (&http.certificate, &http.key) {
                    (Some(certificate), Some(key)) => Files::given(certificate, key),
                    _ => Files::own(data, names())?,
                };
                let certificate = Certificate::load(files)?;
                let acceptor = TlsAcceptor::from(certificate.settings()?);
                self.certificate = Some(certificate);
                Some(Tls(acceptor))
            }
        };
        for configured in &http.listen {
            let tls = tls.clone().filter(|_| !http.is_plain(configured));
            self.tcp.push(TcpDoor::bind(configured.address, tls)?);
        }
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        self.limits =
            Limits { total: count(http.max_connections), per_source: count(http.max_per_source) };
        self.rate = Rate { per_second: http.rate, burst: http.rate.saturating_mul(BURST) };
        Ok(self)
    }

    /// What knows when the certificate ends; none without TLS.
    pub(crate) fn certificate_end(&self) -> Option<CertificateEnd> {
        self.certificate.clone().map(CertificateEnd)
    }

    /// What the status says of them.
    #[must_use]
    pub fn shown(&self) -> api::Http {
        api::Http {
            addresses: self.tcp.iter().map(TcpDoor::url).collect(),
            fingerprint: self.certificate.as_ref().map(|certificate| certificate.fingerprint()),
        }
    }
}

impl TcpDoor {
    fn bind(address: SocketAddr, tls: Option<Tls>) -> Result<Self, ListenError> {
        let refused = |error| ListenError::new(address, "http.listen", &error);
        let listener = bound(address).map_err(refused)?;
        let address = listener.local_addr().unwrap_or(address);
        Ok(Self { listener, address, tls })
    }

    fn url(&self) -> String {
        let scheme = if self.tls.is_some() { Scheme::Https } else { Scheme::Http };
        format!("{}://{}", scheme.as_str(), self.address)
    }
}

/// What a certificate of the gateway's own is made for: every name by which it may be called.
fn names(settings: &Settings) -> Vec<String> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    names.extend(crate::host::name());
    names.extend(settings.addresses.iter().map(|address| address.host.clone()));
    let bound = settings.http.listen.iter().map(|listen| listen.address.ip());
    names.extend(bound.filter(|ip| !ip.is_unspecified()).map(|ip| ip.to_string()));
    names
}
