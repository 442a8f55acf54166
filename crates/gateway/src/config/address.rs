//! Addresses in the configuration: what devices dial, and where PROXY headers may come from.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// An address was expected and something else found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {0}")]
pub struct InvalidAddress(&'static str);

impl InvalidAddress {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "invalid-address"
    }

    /// Who must act.
    #[must_use]
    pub fn fault(&self) -> homing_proto::fault::Fault {
        homing_proto::fault::Fault::Operator
    }
}

const DIALLED: InvalidAddress =
    InvalidAddress("a host name or IP address, with or without `:port`");

/// What a device dials: a host name or IP address, and a port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DialAddress {
    /// The host name or IP address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl DialAddress {
    /// Reads `host`, `host:port`, `[v6]`, `[v6]:port` or a bare IPv6 address.
    ///
    /// # Errors
    /// Anything else, and what no Junos stanza could hold.
    pub fn parse(text: &str, default_port: u16) -> Result<Self, InvalidAddress> {
        let (host, port) = split(text)?;
        let is_ip = host.parse::<IpAddr>().is_ok();
        if !is_ip && (host.contains(':') || !is_host_name(host)) {
            return Err(DIALLED);
        }
        let port = match port {
            None => default_port,
            Some(port) => port.parse().ok().filter(|port| *port != 0).ok_or(DIALLED)?,
        };
        Ok(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for DialAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

fn split(text: &str) -> Result<(&str, Option<&str>), InvalidAddress> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or(DIALLED)?;
        if host.parse::<std::net::Ipv6Addr>().is_err() {
            return Err(DIALLED);
        }
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(DIALLED),
        };
    }
    match text.split_once(':') {
        Some((host, port)) if !port.contains(':') => Ok((host, Some(port))),
        _ => Ok((text, None)),
    }
}

fn is_host_name(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let name = text.strip_suffix('.').unwrap_or(text);
    // A last label of digits only would be a mistyped IPv4 address.
    let last_is_number =
        name.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    name.len() <= 253 && !last_is_number && name.split('.').all(label)
}

/// A range of IP addresses: `10.0.0.0/8`, `2001:db8::/32`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Whether `address` is in the range; an IPv4 address mapped into IPv6 counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let bits = |address: IpAddr| match address {
            IpAddr::V4(v4) => (u128::from(v4.to_bits()) << 96, true),
            IpAddr::V6(v6) => (v6.to_bits(), false),
        };
        let (ours, theirs) = (bits(self.address), bits(address.to_canonical()));
        let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
        ours.1 == theirs.1 && ours.0 & mask == theirs.0 & mask
    }
}

impl FromStr for Network {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        const EXPECTED: InvalidAddress =
            InvalidAddress("an IP address or a network such as 10.0.0.0/8");
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| EXPECTED)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => most,
            Some(prefix) => prefix.parse().ok().filter(|p| *p <= most).ok_or(EXPECTED)?,
        };
        Ok(Self { address, prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_in_every_spelling() {
        for (text, host, port) in [
            ("gw.example.net", "gw.example.net", 4334),
            ("gw.example.net:2200", "gw.example.net", 2200),
            ("192.0.2.1", "192.0.2.1", 4334),
            ("192.0.2.1:1", "192.0.2.1", 1),
            ("2001:db8::1", "2001:db8::1", 4334),
            ("[2001:db8::1]", "2001:db8::1", 4334),
            ("[2001:db8::1]:2200", "2001:db8::1", 2200),
            ("gw", "gw", 4334),
        ] {
            let address = DialAddress::parse(text, 4334).unwrap();
            assert_eq!((address.host.as_str(), address.port), (host, port), "{text}");
            assert_eq!(DialAddress::parse(&address.to_string(), 9).unwrap(), address);
        }
    }

    #[test]
    fn what_no_device_could_dial_is_refused() {
        for text in [
            "",
            ":1",
            "gw:",
            "gw:0",
            "gw:65536",
            "gw:x",
            "a b",
            "a\"b",
            "-a",
            "a..b",
            "192.0.2.256",
            "[gw]:1",
            "[::1",
            "[::1]x",
            "gw/24",
            "ä.example",
        ] {
            assert!(DialAddress::parse(text, 4334).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_network_contains_its_own_and_no_others() {
        let ten: Network = "10.0.0.0/8".parse().unwrap();
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(ten.contains(ip("10.255.0.1")) && ten.contains(ip("::ffff:10.1.1.1")));
        assert!(!ten.contains(ip("11.0.0.1")) && !ten.contains(ip("a00::1")));
        let all: Network = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains(ip("203.0.113.1")) && !all.contains(ip("::1")));
        let one: Network = "2001:db8::1".parse().unwrap();
        assert!(one.contains(ip("2001:db8::1")) && !one.contains(ip("2001:db8::2")));
        for text in ["10.0.0.0/33", "10.0.0/8", "::/129", "x", "10.0.0.0/", "10.0.0.0/-1"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
