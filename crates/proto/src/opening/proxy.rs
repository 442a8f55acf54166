//! The PROXY protocol header of a load balancer, after its signature.
//!
//! ```text
//!   version 1   PROXY TCP4 203.0.113.7 192.0.2.1 51234 4334\r\n     at most 107 bytes
//!               PROXY UNKNOWN …\r\n                                 no address to tell
//!
//!   version 2   \r\n\r\n\0\r\nQUIT\n │ 0x20 LOCAL, 0x21 PROXY │ family │ length │ addresses, TLVs
//! ```
//!
//! Source: *The PROXY protocol*, versions 1 and 2 (HAProxy), sections 2.1 and 2.2.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::excerpt::Excerpt;
use crate::fault::Fault;

/// Why bytes are no PROXY header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// A version 1 line of another form.
    #[error("expected `TCP4`, `TCP6` or `UNKNOWN` with addresses and ports, got `{0}`")]
    Line(Excerpt),
    /// No CRLF where a version 1 line must have ended, or more than we take in version 2.
    #[error("it is too long")]
    TooLong,
    /// Neither LOCAL nor PROXY of version 2.
    #[error("expected version 2 with command LOCAL or PROXY, got 0x{0:02x}")]
    Command(u8),
    /// An address family or transport of which we can make nothing.
    #[error("expected TCP over IPv4 or IPv6, got family 0x{0:02x}")]
    Family(u8),
    /// Fewer bytes than the addresses of the family have.
    #[error("it is too short for its addresses")]
    TooShort,
}

impl ProxyError {
    /// A stable word for logs, metrics and the API.
    pub fn code(&self) -> &'static str {
        "malformed-proxy-header"
    }

    /// Who must act.
    pub fn fault(&self) -> Fault {
        Fault::Peer
    }
}

/// Reads one header, from the byte after its signature.
#[derive(Debug)]
pub(super) struct Header {
    version: Version,
    bytes: Vec<u8>,
}

#[derive(Debug)]
enum Version {
    One,
    Two,
}

const V1_LIMIT: usize = 107 - "PROXY ".len();
const V2_FIXED: usize = 4;
/// Addresses take at most 216 bytes; the rest is for TLVs, which we skip.
const V2_LIMIT: usize = 2048;

impl Header {
    pub(super) fn v1() -> Self {
        Self { version: Version::One, bytes: Vec::new() }
    }

    pub(super) fn v2() -> Self {
        Self { version: Version::Two, bytes: Vec::new() }
    }

    /// Takes one byte. `Some` ends the header; within it, the source, if the header has one.
    pub(super) fn handle_byte(
        &mut self,
        byte: u8,
    ) -> Result<Option<Option<SocketAddr>>, ProxyError> {
        self.bytes.push(byte);
        match self.version {
            Version::One => self.check_v1(),
            Version::Two => self.check_v2(),
        }
    }

    fn check_v1(&self) -> Result<Option<Option<SocketAddr>>, ProxyError> {
        if let Some(line) = self.bytes.strip_suffix(b"\r\n") {
            let source = source_v1(line).ok_or_else(|| ProxyError::Line(Excerpt::new(line)))?;
            return Ok(Some(source));
        }
        if self.bytes.len() >= V1_LIMIT { Err(ProxyError::TooLong) } else { Ok(None) }
    }

    fn check_v2(&self) -> Result<Option<Option<SocketAddr>>, ProxyError> {
        let Some((fixed, body)) = self.bytes.split_first_chunk::<V2_FIXED>() else {
            return Ok(None);
        };
        let [command, family, high, low] = *fixed;
        let length = usize::from(u16::from_be_bytes([high, low]));
        if !matches!(command, 0x20 | 0x21) {
            return Err(ProxyError::Command(command));
        }
        if length > V2_LIMIT {
            return Err(ProxyError::TooLong);
        }
        if body.len() < length {
            return Ok(None);
        }
        if command == 0x20 { Ok(Some(None)) } else { source_v2(family, body).map(Some) }
    }
}

/// Outer `None`: no such line; inner: a line without addresses.
fn source_v1(line: &[u8]) -> Option<Option<SocketAddr>> {
    let line = str::from_utf8(line).ok()?;
    let words: Vec<&str> = line.split(' ').collect();
    match words.as_slice() {
        ["UNKNOWN", ..] => Some(None),
        ["TCP4", source, target, source_port, target_port] => {
            let source: Ipv4Addr = source.parse().ok()?;
            let _: Ipv4Addr = target.parse().ok()?;
            Some(Some(with_ports(source.into(), source_port, target_port)?))
        }
        ["TCP6", source, target, source_port, target_port] => {
            let source: Ipv6Addr = source.parse().ok()?;
            let _: Ipv6Addr = target.parse().ok()?;
            Some(Some(with_ports(source.into(), source_port, target_port)?))
        }
        _ => None,
    }
}

fn with_ports(source: IpAddr, source_port: &str, target_port: &str) -> Option<SocketAddr> {
    let port = |text: &str| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        if digits { text.parse::<u16>().ok() } else { None }
    };
    port(target_port)?;
    Some(SocketAddr::new(source, port(source_port)?))
}

fn source_v2(family: u8, body: &[u8]) -> Result<Option<SocketAddr>, ProxyError> {
    match family {
        0x00 => Ok(None),
        0x11 => {
            // source address, target address, source port, target port
            let [a, b, c, d, _, _, _, _, high, low, _, _] = *prefix::<12>(body)?;
            let source = Ipv4Addr::new(a, b, c, d);
            Ok(Some(SocketAddr::new(source.into(), u16::from_be_bytes([high, low]))))
        }
        0x21 => {
            let addresses = prefix::<36>(body)?;
            let source = Ipv6Addr::from(*prefix::<16>(addresses)?);
            let [.., high, low, _, _] = *addresses;
            Ok(Some(SocketAddr::new(source.into(), u16::from_be_bytes([high, low]))))
        }
        other => Err(ProxyError::Family(other)),
    }
}

fn prefix<const N: usize>(bytes: &[u8]) -> Result<&[u8; N], ProxyError> {
    bytes.first_chunk::<N>().ok_or(ProxyError::TooShort)
}
