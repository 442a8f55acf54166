//! The URL of a gateway: scheme, host and port, nothing else.
//!
//! ```text
//!   https://gw1.example.net          port 443
//!   https://[2001:db8::1]:8443
//!   gw1.example.net:8443             https, if no scheme is said
//!   http://127.0.0.1:8080            plain HTTP: on loopback, or when asked for
//! ```

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::failure::Failure;

/// Where a gateway's HTTP API is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    /// Whether TLS is spoken.
    pub(crate) is_secure: bool,
    /// A name or an IP address, without brackets.
    pub(crate) host: String,
    /// The port.
    pub(crate) port: u16,
}

impl Url {
    /// Whether what is sent stays on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        let is_loopback = |ip: IpAddr| ip.to_canonical().is_loopback();
        self.host == "localhost" || self.host.parse().is_ok_and(is_loopback)
    }

    /// Refuses to send a token there in plain over a network, unless that was asked for; `hint` says how to.
    ///
    /// # Errors
    /// It would be.
    pub(crate) fn keep_private(&self, asked_for: bool, hint: &str) -> Result<(), Failure> {
        match self.is_secure || self.is_loopback() || asked_for {
            true => Ok(()),
            false => {
                let message = format!("{self} would get the token in plain over the network");
                Err(Failure::usage(message).hint(hint))
            }
        }
    }

    /// Host and port, as the header `host` and errors have them.
    pub(crate) fn authority(&self) -> String {
        let default = if self.is_secure { 443 } else { 80 };
        let host = match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        };
        if self.port == default { host } else { format!("{host}:{}", self.port) }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_secure { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority())
    }
}

impl FromStr for Url {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Url, Failure> {
        let wrong = || {
            Failure::usage(format!("{text:?} is no URL of a gateway"))
                .hint("https://HOST or https://HOST:PORT, as `homing status` shows it there")
        };
        let (is_secure, rest) = match text.split_once("://") {
            Some(("https", rest)) => (true, rest),
            Some(("http", rest)) => (false, rest),
            Some(_) => return Err(wrong()),
            None => (true, text),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, port)) if host.parse::<std::net::Ipv6Addr>().is_ok() => (host, port),
            Some(_) => return Err(wrong()),
            None => rest.split_at(rest.find(':').unwrap_or(rest.len())),
        };
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte);
        if host.is_empty() || !host.bytes().all(is_host) {
            return Err(wrong());
        }
        let port = match port.strip_prefix(':') {
            Some(port) => port.parse().ok().filter(|port| *port != 0).ok_or_else(wrong)?,
            None if port.is_empty() => {
                if is_secure {
                    443
                } else {
                    80
                }
            }
            None => return Err(wrong()),
        };
        Ok(Url { is_secure, host: host.to_ascii_lowercase(), port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_read_and_shown() {
        for (text, shown) in [
            ("https://gw1.example.net", "https://gw1.example.net"),
            ("https://GW1.example.net:8443/", "https://gw1.example.net:8443"),
            ("gw1:8443", "https://gw1:8443"),
            ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[::1]", "http://[::1]"),
            ("https://gw1:443", "https://gw1"),
        ] {
            assert_eq!(text.parse::<Url>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_url_of_a_gateway_is_refused() {
        for text in [
            "",
            "https://",
            "ftp://gw",
            "https://gw/x",
            "https://u:p@gw",
            "https://gw:0",
            "https://gw:x",
            "https://[::1",
            "https://[gw]:1",
            "https://[::1]x",
            "https://a b",
            "https://::1:5",
        ] {
            assert!(text.parse::<Url>().is_err(), "{text}");
        }
    }

    #[test]
    fn loopback_is_known_by_name_and_address() {
        for (text, is) in [
            ("http://localhost", true),
            ("http://127.9.9.9", true),
            ("http://[::1]:1", true),
            ("http://[::ffff:127.0.0.1]:1", true),
            ("http://192.0.2.1", false),
            ("http://localhost.example.net", false),
        ] {
            assert_eq!(text.parse::<Url>().unwrap().is_loopback(), is, "{text}");
        }
    }
}
