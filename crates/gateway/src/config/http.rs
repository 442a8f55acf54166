//! The HTTP API over TCP: where, with which certificate, and where plain HTTP is let through.
//!
//! ```text
//!   "0.0.0.0:8443"           TLS, or plain HTTP with `plain = true`
//!   "https://0.0.0.0:8443"   TLS
//!   "http://127.0.0.1:8080"  plain HTTP: only on loopback, elsewhere only with `plain = true`
//! ```

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// The HTTP API over TCP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    /// Where operators' programs are answered.
    pub listen: Vec<HttpAddress>,
    /// The certificate chain, PEM; none: one that the gateway signs itself.
    pub certificate: Option<PathBuf>,
    /// Its private key, PEM.
    pub key: Option<PathBuf>,
    /// Whether plain HTTP is spoken, and allowed beyond loopback.
    pub plain: bool,
    /// Connections at once.
    pub max_connections: usize,
    /// Connections of one source address at once.
    pub max_per_source: usize,
    /// Requests a second of one token, and of one source address without a token.
    pub rate: u32,
}

impl Http {
    pub(super) fn defaults() -> Self {
        Self {
            listen: Vec::new(),
            certificate: None,
            key: None,
            plain: false,
            max_connections: 512,
            max_per_source: 64,
            rate: 50,
        }
    }

    /// Whether plain HTTP is spoken at an address.
    #[must_use]
    pub fn is_plain(&self, address: &HttpAddress) -> bool {
        match address.scheme {
            Some(scheme) => scheme == Scheme::Http,
            None => self.plain,
        }
    }

    /// What no address alone could tell: the key that is to blame, what is wrong, and what to do.
    pub(super) fn check(&self) -> Result<(), (&'static str, String, String)> {
        let plain = |address: &&HttpAddress| {
            address.scheme == Some(Scheme::Http) && !address.address.ip().is_loopback()
        };
        if let Some(address) = self.listen.iter().find(plain).filter(|_| !self.plain) {
            let message = format!("{address} would send tokens in plain over the network");
            let hint = "listen on https://, on loopback, or ask for it by name: plain = true";
            return Err(("http.listen", message, hint.to_owned()));
        }
        let missing = |what: &str, other: &str| {
            let message = format!("`{what}` is missing: a certificate and its key go together");
            (message, format!("set {what}, or leave {other} out"))
        };
        match (&self.certificate, &self.key) {
            (Some(_), None) => {
                let (message, hint) = missing("http.key", "http.certificate");
                Err(("http.certificate", message, hint))
            }
            (None, Some(_)) => {
                let (message, hint) = missing("http.certificate", "http.key");
                Err(("http.key", message, hint))
            }
            _ => Ok(()),
        }
    }
}

/// How HTTP is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// In plain.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// The scheme of a URL.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// An address of the HTTP API, with or without a scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpAddress {
    /// As said; none: what `http.plain` says.
    pub scheme: Option<Scheme>,
    /// The address and port.
    pub address: SocketAddr,
}

impl FromStr for HttpAddress {
    type Err = std::net::AddrParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, rest) = match text.split_once("://") {
            Some(("http", rest)) => (Some(Scheme::Http), rest),
            Some(("https", rest)) => (Some(Scheme::Https), rest),
            // What else may stand before `://` is no part of an address.
            _ => (None, text),
        };
        let rest = if scheme.is_some() { rest.trim_end_matches('/') } else { rest };
        Ok(Self { scheme, address: rest.parse()? })
    }
}

impl fmt::Display for HttpAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scheme {
            Some(scheme) => write!(f, "{}://{}", scheme.as_str(), self.address),
            None => self.address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_with_and_without_its_scheme() {
        for text in ["127.0.0.1:8080", "http://127.0.0.1:80", "https://[::]:443"] {
            assert_eq!(text.parse::<HttpAddress>().unwrap().to_string(), text);
        }
        for text in ["", "8080", "ftp://127.0.0.1:1", "http://localhost:80", "http://"] {
            assert!(text.parse::<HttpAddress>().is_err(), "{text}");
        }
    }

    #[test]
    fn plain_http_beyond_loopback_must_be_asked_for_by_name() {
        let listens = |text: &str, plain| {
            let listen = vec![text.parse().unwrap()];
            let http = Http { listen, plain, ..Http::defaults() };
            http.check().map(|()| http.is_plain(&http.listen[0]))
        };
        assert_eq!(listens("0.0.0.0:80", false), Ok(false));
        assert_eq!(listens("0.0.0.0:80", true), Ok(true));
        assert_eq!(listens("https://0.0.0.0:80", true), Ok(false));
        assert_eq!(listens("http://127.0.0.1:80", false), Ok(true));
        assert_eq!(listens("http://[::1]:80", false), Ok(true));
        assert_eq!(listens("http://192.0.2.1:80", true), Ok(true));
        let (key, message, hint) = listens("http://192.0.2.1:80", false).unwrap_err();
        assert_eq!(key, "http.listen");
        assert!(message.contains("http://192.0.2.1:80") && hint.contains("plain = true"));
    }

    #[test]
    fn a_certificate_and_its_key_go_together() {
        let one = Http { certificate: Some("c".into()), ..Http::defaults() };
        assert_eq!(one.check().unwrap_err().0, "http.certificate");
        let other = Http { key: Some("k".into()), ..Http::defaults() };
        assert_eq!(other.check().unwrap_err().0, "http.key");
        assert_eq!(Http { key: Some("k".into()), ..one }.check(), Ok(()));
    }
}
