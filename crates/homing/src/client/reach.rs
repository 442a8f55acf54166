//! The way to the gateway: its socket on this machine, or HTTPS with a token.
//!
//! ```text
//!   --socket, --context, HOMING_SOCKET, HOMING_URL, the context in use, the usual sockets: the first that is said
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use homing_proto::certificate::CertificateFingerprint;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::connect;
use super::token::Token;
use super::trust::Trust;
use super::url::Url;
use crate::contexts::{Contexts, LOCAL};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::secret;

/// How long a gateway may take to accept, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection, whatever it is made of.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// The way to a gateway.
#[derive(Clone, Debug)]
pub(crate) enum Reach {
    /// Its socket, on this machine.
    Socket(PathBuf),
    /// Its HTTP API over TCP.
    Web(Arc<Remote>),
}

/// A gateway somewhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remote {
    /// Where it is.
    pub(crate) url: Url,
    /// The one certificate that is believed; none: what the system's authorities signed.
    pub(crate) fingerprint: Option<CertificateFingerprint>,
    /// What to log in with.
    pub(crate) token: Option<Token>,
}

/// What the command line says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// `--socket`
    pub(crate) socket: Option<PathBuf>,
    /// `--context`
    pub(crate) context: Option<String>,
}

impl Reach {
    /// The way to take.
    ///
    /// # Errors
    /// What is said contradicts itself, or names what is not there.
    pub(crate) fn find(told: &Told) -> Result<Reach, Failure> {
        match (&told.socket, &told.context) {
            (Some(_), Some(_)) => Err(Failure::usage("expected --socket or --context, not both")),
            (Some(socket), None) => Ok(Reach::Socket(socket.clone())),
            (None, Some(name)) if name == LOCAL => Ok(local()),
            (None, Some(name)) => Contexts::load()?.remote(name).map(Reach::web),
            (None, None) => Reach::of_surroundings(),
        }
    }

    fn of_surroundings() -> Result<Reach, Failure> {
        if variable("HOMING_SOCKET").is_some() {
            return Ok(local());
        }
        if let Some(url) = variable("HOMING_URL") {
            return of_environment(&url, variable).map(Reach::web);
        }
        let contexts = Contexts::load()?;
        match contexts.current() {
            Some(name) => contexts.remote(name).map(Reach::web),
            None => Ok(local()),
        }
    }

    fn web(remote: Remote) -> Reach {
        Reach::Web(Arc::new(remote))
    }

    /// What the header `host` says.
    pub(super) fn host(&self) -> String {
        match self {
            Reach::Socket(_) => "homing".to_owned(),
            Reach::Web(remote) => remote.url.authority(),
        }
    }

    /// What to log in with.
    pub(super) fn token(&self) -> Option<&Token> {
        match self {
            Reach::Socket(_) => None,
            Reach::Web(remote) => remote.token.as_ref(),
        }
    }

    /// Connects.
    ///
    /// # Errors
    /// Nobody there, no right, no answer in time, or a certificate that is not believed.
    pub(super) async fn connect(&self) -> Result<Box<dyn Stream>, Failure> {
        match self {
            Reach::Socket(socket) => Ok(Box::new(connect::connect(socket).await?)),
            Reach::Web(remote) => match timeout(CONNECT_TIMEOUT, remote.connect()).await {
                Ok(stream) => stream,
                Err(_) => Err(remote.unreachable(&"no answer in 10 seconds")),
            },
        }
    }
}

impl std::fmt::Display for Reach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Reach::Socket(socket) => socket.display().fmt(f),
            Reach::Web(remote) => remote.url.fmt(f),
        }
    }
}

impl Remote {
    async fn connect(&self) -> Result<Box<dyn Stream>, Failure> {
        let stream = TcpStream::connect((self.url.host.as_str(), self.url.port)).await;
        let stream = stream.map_err(|error| self.unreachable(&error))?;
        // A request is one write; nothing is gained by waiting for more.
        let _ = stream.set_nodelay(true);
        if !self.url.is_secure {
            return Ok(Box::new(stream));
        }
        let trust = Trust::new(self.fingerprint);
        let settings = trust.settings().map_err(|error| self.unreachable(&error))?;
        let name = ServerName::try_from(self.url.host.clone());
        let name = name.map_err(|error| self.unreachable(&error))?;
        match TlsConnector::from(Arc::new(settings)).connect(name, stream).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => Err(self.not_secure(&trust, &error)),
        }
    }

    fn unreachable(&self, reason: &dyn std::fmt::Display) -> Failure {
        let message = format!("no gateway is reachable at {}: {reason}", self.url);
        Failure::new(Exit::Unreachable, "gateway-unreachable", message)
            .hint("homing context ls; on the gateway: homing status")
    }

    fn not_secure(&self, trust: &Trust, error: &std::io::Error) -> Failure {
        let is_of_certificate = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>())
            .is_some_and(|inner| matches!(inner, rustls::Error::InvalidCertificate(_)));
        match (trust.seen().filter(|_| is_of_certificate), self.fingerprint) {
            (None, _) => self.unreachable(&format_args!("TLS failed: {error}")),
            (Some(seen), Some(pin)) => Failure::new(
                Exit::Unreachable,
                "certificate-changed",
                format!("{} shows the certificate {seen}, not the expected {pin}", self.url),
            )
            .hint("somebody may be in between; if it was renewed: homing login URL --fingerprint …"),
            (Some(seen), None) => Failure::new(
                Exit::Unreachable,
                "certificate-not-trusted",
                format!("no authority vouches for the certificate of {}: {seen}", self.url),
            )
            .hint(format!(
                "compare it with `homing status` on the gateway, then: homing login {} --fingerprint {seen}",
                self.url
            )),
        }
    }
}

/// The first socket of the usual places, or the one that `HOMING_SOCKET` names.
fn local() -> Reach {
    Reach::Socket(connect::find_socket())
}

fn of_environment(url: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Remote, Failure> {
    let url: Url = url.parse()?;
    let token = match variable("HOMING_TOKEN_FILE") {
        Some(file) => Some(Token::new(&secret::first_line(Path::new(&file), "token")?)?),
        None => None,
    };
    if token.is_some() {
        url.keep_private(
            variable("HOMING_PLAIN").is_some(),
            "use https://, or ask for it with HOMING_PLAIN=1",
        )?;
    }
    let fingerprint = variable("HOMING_FINGERPRINT").map(|text| text.parse()).transpose();
    let fingerprint =
        fingerprint.map_err(|error| Failure::usage(format!("HOMING_FINGERPRINT: {error}")))?;
    Ok(Remote { url, fingerprint, token })
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_of_the_environment_goes_over_no_network_in_plain() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        let token = homing_proto::access::Token::compose(&[7; homing_proto::access::Token::RANDOM]);
        std::fs::write(&file, token.expose()).unwrap();
        let ask = |url: &str, has_token: bool, is_asked_for: bool| {
            of_environment(url, |name| match name {
                "HOMING_TOKEN_FILE" => has_token.then(|| file.display().to_string()),
                "HOMING_PLAIN" => is_asked_for.then(|| "1".to_owned()),
                _ => None,
            })
        };
        let refused = ask("http://gw.example.net:8080", true, false).unwrap_err();
        assert_eq!(
            refused.message,
            "http://gw.example.net:8080 would get the token in plain over the network"
        );
        assert!(ask("http://gw.example.net:8080", true, true).is_ok());
        assert!(ask("http://gw.example.net:8080", false, false).is_ok());
        assert!(ask("http://127.0.0.1:8080", true, false).is_ok());
        assert!(ask("https://gw.example.net", true, false).is_ok());
    }
}
