//! One line of the initiation sequence, and the sum of them.
//!
//! ```text
//!   HOST-KEY: ssh-rsa AAAA…\0\r\n
//!   └─ name ┘ └── value ──┘ └──┴─ NULs, blanks and CR at the end are dropped
//! ```

use super::{Claim, Initiation};
use crate::excerpt::Excerpt;
use crate::fault::Fault;
use crate::host_key::{HostKey, HostKeyError, InvalidMac, Mac};
use crate::identity::{DeviceId, InvalidDeviceId};

/// Bounds the memory that very short lines would take.
const MAX_OTHER: usize = 32;

/// Why bytes are no initiation sequence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InitiationError {
    /// No `SSH-` within the limit.
    #[error("the initiation sequence is longer than {} bytes", super::LIMIT)]
    TooLong,
    /// More lines of other names than any device sends.
    #[error("more than {} lines with unknown names", MAX_OTHER)]
    TooManyLines,
    /// Neither `NAME: value` nor empty.
    #[error("expected a line `NAME: value` or the SSH server's `SSH-`, got `{0}`")]
    NotALine(Excerpt),
    /// A line is not UTF-8 or has a NUL elsewhere than at its end.
    #[error("expected text in the line {0}")]
    NotText(&'static str),
    /// MSG-ID names another message.
    #[error("expected MSG-ID: DEVICE-CONN-INFO, got `{0}`")]
    UnknownMessage(Excerpt),
    /// MSG-VER names another version.
    #[error("expected MSG-VER: V1, got `{0}`")]
    UnknownVersion(Excerpt),
    /// A line came twice.
    #[error("the line {0} came twice")]
    Twice(&'static str),
    /// A line without which the sequence means nothing is not there.
    #[error("the line {0} is missing")]
    Missing(&'static str),
    /// DEVICE-ID is no device-id.
    #[error("in the line DEVICE-ID: {0}")]
    DeviceId(InvalidDeviceId),
    /// HOST-KEY is no host key.
    #[error("in the line HOST-KEY: {0}")]
    HostKey(HostKeyError),
    /// HMAC is no HMAC-SHA1.
    #[error("in the line HMAC: {0}")]
    Mac(InvalidMac),
    /// A key that nothing vouches for.
    #[error("HOST-KEY came without HMAC")]
    HostKeyWithoutMac,
    /// An HMAC that vouches for nothing.
    #[error("HMAC came without HOST-KEY")]
    MacWithoutHostKey,
}

impl InitiationError {
    /// A stable word for logs, metrics and the API.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong | Self::TooManyLines => "initiation-too-long",
            Self::NotALine(_) | Self::NotText(_) => "initiation-syntax",
            Self::UnknownMessage(_) => "initiation-unknown-message",
            Self::UnknownVersion(_) => "initiation-unknown-version",
            Self::Twice(_) => "initiation-line-twice",
            Self::Missing(_) => "initiation-line-missing",
            Self::DeviceId(_) => "initiation-device-id",
            Self::HostKey(_) => "initiation-host-key",
            Self::Mac(_) => "initiation-hmac",
            Self::HostKeyWithoutMac => "initiation-host-key-without-hmac",
            Self::MacWithoutHostKey => "initiation-hmac-without-host-key",
        }
    }

    /// Who must act.
    pub fn fault(&self) -> Fault {
        match self {
            Self::DeviceId(error) => error.fault(),
            _ => Fault::Peer,
        }
    }
}

/// A line whose name says nothing to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherLine {
    name: String,
    value: String,
}

impl OtherLine {
    /// What stands before the first colon.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What stands after it.
    pub fn value(&self) -> &str {
        &self.value
    }
}

/// The lines that came so far.
#[derive(Debug, Default)]
pub(super) struct Lines {
    message: Option<()>,
    version: Option<()>,
    pub(super) device_id: Option<DeviceId>,
    host_key: Option<HostKey>,
    mac: Option<Mac>,
    other: Vec<OtherLine>,
}

impl Lines {
    /// Takes one line, given without its LF.
    pub(super) fn take(&mut self, line: &[u8]) -> Result<(), InitiationError> {
        let line = trim(line);
        if line.is_empty() {
            return Ok(());
        }
        let (name, value) = split(line).ok_or_else(|| InitiationError::NotALine(line.into()))?;
        match name {
            "MSG-ID" => set(&mut self.message, "MSG-ID", expect_message(value)),
            "MSG-VER" => set(&mut self.version, "MSG-VER", expect_version(value)),
            "DEVICE-ID" => set(&mut self.device_id, "DEVICE-ID", device_id(value)),
            "HOST-KEY" => set(&mut self.host_key, "HOST-KEY", host_key(value)),
            "HMAC" => set(&mut self.mac, "HMAC", mac(value)),
            _ => self.keep(name, value, line),
        }
    }

    /// What the lines say, once `SSH-` has shown that there are no more.
    pub(super) fn finish(self) -> Result<Initiation, InitiationError> {
        self.message.ok_or(InitiationError::Missing("MSG-ID"))?;
        self.version.ok_or(InitiationError::Missing("MSG-VER"))?;
        let device_id = self.device_id.ok_or(InitiationError::Missing("DEVICE-ID"))?;
        let claim = match (self.host_key, self.mac) {
            (Some(host_key), Some(mac)) => Some(Claim { host_key, mac }),
            (Some(_), None) => return Err(InitiationError::HostKeyWithoutMac),
            (None, Some(_)) => return Err(InitiationError::MacWithoutHostKey),
            (None, None) => None,
        };
        Ok(Initiation { device_id, claim, other: self.other })
    }

    fn keep(&mut self, name: &str, value: &[u8], line: &[u8]) -> Result<(), InitiationError> {
        let value = str::from_utf8(value).map_err(|_| InitiationError::NotALine(line.into()))?;
        if self.other.len() == MAX_OTHER {
            return Err(InitiationError::TooManyLines);
        }
        self.other.push(OtherLine { name: name.to_owned(), value: value.to_owned() });
        Ok(())
    }
}

impl From<&[u8]> for Excerpt {
    fn from(bytes: &[u8]) -> Self {
        Self::new(bytes)
    }
}

fn set<T>(
    slot: &mut Option<T>,
    name: &'static str,
    value: Result<T, InitiationError>,
) -> Result<(), InitiationError> {
    match slot.replace(value?) {
        Some(_) => Err(InitiationError::Twice(name)),
        None => Ok(()),
    }
}

fn expect_message(value: &[u8]) -> Result<(), InitiationError> {
    match value {
        b"DEVICE-CONN-INFO" => Ok(()),
        _ => Err(InitiationError::UnknownMessage(value.into())),
    }
}

fn expect_version(value: &[u8]) -> Result<(), InitiationError> {
    match value {
        b"V1" => Ok(()),
        _ => Err(InitiationError::UnknownVersion(value.into())),
    }
}

fn device_id(value: &[u8]) -> Result<DeviceId, InitiationError> {
    DeviceId::new(text("DEVICE-ID", value)?).map_err(InitiationError::DeviceId)
}

fn host_key(value: &[u8]) -> Result<HostKey, InitiationError> {
    HostKey::parse(text("HOST-KEY", value)?).map_err(InitiationError::HostKey)
}

fn mac(value: &[u8]) -> Result<Mac, InitiationError> {
    Mac::parse(text("HMAC", value)?).map_err(InitiationError::Mac)
}

fn text<'a>(name: &'static str, value: &'a [u8]) -> Result<&'a str, InitiationError> {
    match str::from_utf8(value) {
        Ok(text) if !text.contains('\0') => Ok(text.trim()),
        _ => Err(InitiationError::NotText(name)),
    }
}

/// Splits at the first colon; a name is one word of printable ASCII.
fn split(line: &[u8]) -> Option<(&str, &[u8])> {
    let colon = memchr::memchr(b':', line)?;
    let (name, value) = line.split_at_checked(colon)?;
    let name = str::from_utf8(name.trim_ascii()).ok()?;
    let is_word = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
    // ` SSH-x: y` would end the sequence were it written again without its blank.
    let is_name = is_word && !name.starts_with("SSH-");
    is_name.then_some((name, trim(value.get(1..)?)))
}

/// Blanks at both ends, and at the end NULs and CRs too.
fn trim(mut line: &[u8]) -> &[u8] {
    while let [rest @ .., b'\0' | b'\r' | b' ' | b'\t'] = line {
        line = rest;
    }
    while let [b' ' | b'\t', rest @ ..] = line {
        line = rest;
    }
    line
}
