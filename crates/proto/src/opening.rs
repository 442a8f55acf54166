//! The first bytes of a connection: which of the openings it is.
//!
//! ```text
//!   bytes ──▶ which? ──── MSG-ID ───────▶ initiation sequence ──▶ OutboundSsh
//!               ▲ ├────── SSH- ─────────────────────────────────▶ CallHome
//!               │ ├────── 0x16 0x03 ────────────────────────────▶ Tls
//!               │ ├────── PROXY, \r\n\r\n\0\r\nQUIT\n ─▶ header ─┐
//!               │ └────── anything else ──▶ a line of it ──▶ Unknown
//!               └────────────────────────────────────────────────┘ (once, trusted sources only)
//! ```
//!
//! Every listener takes every opening. Like the initiation sequence it is read byte by byte, so
//! how the stream is cut cannot matter.
//!
//! Source: Junos, *Configuring Outbound SSH Service*; RFC 8071 (call home); *The PROXY protocol*,
//! versions 1 and 2 (HAProxy).

mod detect;
mod proxy;

use std::net::SocketAddr;

use crate::excerpt::Excerpt;
use crate::fault::Fault;
use crate::identity::DeviceId;
use crate::initiation::{Initiation, InitiationError, Progress, Receiver};
use detect::{Detector, Kind};

pub use proxy::ProxyError;

/// How a connection was opened.
#[derive(Debug, PartialEq, Eq)]
pub struct Opened {
    /// The device's own address, if a load balancer's PROXY header gave it.
    pub source: Option<SocketAddr>,
    /// Which opening it is.
    pub kind: OpeningKind,
    /// The bytes that belong to the protocol that follows.
    pub rest: Vec<u8>,
}

/// The openings that lead somewhere.
#[derive(Debug, PartialEq, Eq)]
pub enum OpeningKind {
    /// Junos outbound SSH: the device has said who it is.
    OutboundSsh(Initiation),
    /// NETCONF call home over SSH: the host key will say who it is.
    CallHome,
    /// NETCONF call home over TLS.
    Tls,
}

/// Why the first bytes lead nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpeningError {
    /// Bytes of no known opening.
    #[error("expected Junos outbound SSH or NETCONF call home, got `{0}`")]
    Unknown(Excerpt),
    /// A PROXY header from an address that may not send one.
    #[error("a PROXY protocol header came from a source that is not trusted to send one")]
    UntrustedProxy,
    /// A PROXY header that cannot be read.
    #[error("in the PROXY protocol header: {0}")]
    Proxy(#[from] ProxyError),
    /// A bad initiation sequence.
    #[error(transparent)]
    Initiation(#[from] InitiationError),
}

impl OpeningError {
    /// A stable word for logs, metrics and the API.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "unknown-opening",
            Self::UntrustedProxy => "untrusted-proxy",
            Self::Proxy(error) => error.code(),
            Self::Initiation(error) => error.code(),
        }
    }

    /// Who must act.
    pub fn fault(&self) -> Fault {
        match self {
            Self::UntrustedProxy => Fault::Operator,
            Self::Unknown(_) => Fault::Peer,
            Self::Proxy(error) => error.fault(),
            Self::Initiation(error) => error.fault(),
        }
    }
}

/// Reads the opening of one connection.
#[derive(Debug)]
pub struct Opening {
    proxy_trusted: bool,
    source: Option<SocketAddr>,
    state: State,
}

#[derive(Debug)]
enum State {
    Detecting(Detector),
    Proxy(proxy::Header),
    Initiation(Receiver),
    Unknown(Vec<u8>),
}

/// What one byte led to.
enum Step {
    More,
    Done(OpeningKind, Vec<u8>),
}

impl Opening {
    /// A connection of which nothing has come; PROXY headers count only if `proxy_trusted`.
    pub fn new(proxy_trusted: bool) -> Self {
        Self { proxy_trusted, source: None, state: State::Detecting(Detector::default()) }
    }

    /// Takes bytes until it is clear how the connection was opened; `None` asks for more.
    ///
    /// # Errors
    /// Why the bytes lead nowhere. The opening is of no more use then.
    pub fn handle_data(&mut self, bytes: &[u8]) -> Result<Option<Opened>, OpeningError> {
        for (position, byte) in bytes.iter().enumerate() {
            if let Step::Done(kind, mut rest) = self.handle_byte(*byte)? {
                rest.extend_from_slice(bytes.get(position + 1..).unwrap_or_default());
                return Ok(Some(Opened { source: self.source, kind, rest }));
            }
        }
        Ok(None)
    }

    /// What to say of a connection that ended or fell silent: `None` if nothing is wrong with
    /// what came so far.
    pub fn error_at_end(&self) -> Option<OpeningError> {
        match &self.state {
            State::Unknown(bytes) => Some(unknown(bytes)),
            _ => None,
        }
    }

    /// Whether anything has come at all.
    pub fn is_silent(&self) -> bool {
        matches!(&self.state, State::Detecting(detector) if detector.is_empty())
    }

    /// The source that a PROXY header gave, as soon as it is known.
    pub fn source(&self) -> Option<SocketAddr> {
        self.source
    }

    /// The device-id, if its line has come.
    pub fn device_id(&self) -> Option<&DeviceId> {
        match &self.state {
            State::Initiation(receiver) => receiver.device_id(),
            _ => None,
        }
    }

    fn handle_byte(&mut self, byte: u8) -> Result<Step, OpeningError> {
        match &mut self.state {
            State::Detecting(detector) => match detector.handle_byte(byte) {
                Some(kind) => {
                    let taken = detector.take();
                    self.handle_kind(kind, taken)
                }
                None => Ok(Step::More),
            },
            State::Proxy(header) => {
                if let Some(source) = header.handle_byte(byte)? {
                    self.source = source.or(self.source);
                    self.state = State::Detecting(Detector::after_proxy());
                }
                Ok(Step::More)
            }
            State::Initiation(receiver) => match receiver.handle_data(&[byte])? {
                Progress::More => Ok(Step::More),
                Progress::Done { initiation, rest } => {
                    Ok(Step::Done(OpeningKind::OutboundSsh(initiation), rest))
                }
            },
            State::Unknown(bytes) => {
                bytes.push(byte);
                if byte == b'\n' || bytes.len() >= Excerpt::MAX {
                    return Err(unknown(bytes));
                }
                Ok(Step::More)
            }
        }
    }

    fn handle_kind(&mut self, kind: Kind, taken: Vec<u8>) -> Result<Step, OpeningError> {
        match kind {
            Kind::CallHome => return Ok(Step::Done(OpeningKind::CallHome, taken)),
            Kind::Tls => return Ok(Step::Done(OpeningKind::Tls, taken)),
            Kind::ProxyV1 | Kind::ProxyV2 if !self.proxy_trusted => {
                return Err(OpeningError::UntrustedProxy);
            }
            Kind::ProxyV1 => self.state = State::Proxy(proxy::Header::v1()),
            Kind::ProxyV2 => self.state = State::Proxy(proxy::Header::v2()),
            Kind::OutboundSsh => {
                let mut receiver = Receiver::default();
                receiver.handle_data(&taken)?;
                self.state = State::Initiation(receiver);
            }
            Kind::Unknown if taken.ends_with(b"\n") => return Err(unknown(&taken)),
            Kind::Unknown => self.state = State::Unknown(taken),
        }
        Ok(Step::More)
    }
}

fn unknown(bytes: &[u8]) -> OpeningError {
    OpeningError::Unknown(Excerpt::new(bytes.trim_ascii_end()))
}

#[cfg(test)]
mod tests;
