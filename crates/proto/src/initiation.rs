//! The initiation sequence: what a device says first, before SSH.
//!
//! ```text
//!   MSG-ID: DEVICE-CONN-INFO\r\n
//!   MSG-VER: V1\r\n
//!   DEVICE-ID: site7.r1\r\n
//!   HOST-KEY: ssh-rsa AAAA…\0\r\n        these two only where the stanza has a secret;
//!   HMAC: 7aa4…\r\n                      the NUL is a habit of some releases
//!   SSH-2.0-OpenSSH_9.2\r\n              not part of it: the SSH server begins here
//! ```
//!
//! Nothing ends the sequence but the `SSH-` that follows: HOST-KEY may come in a later segment.
//! The gateway answers nothing.
//!
//! Source: Junos, *Configuring Outbound SSH Service*; RFC 4253 section 4.2 (lines before `SSH-`).

mod line;
mod receiver;

use crate::host_key::{HostKey, Mac, Secret};
use crate::identity::DeviceId;

pub use line::{InitiationError, OtherLine};
pub use receiver::{Progress, Receiver};

/// The longest initiation sequence that a receiver takes, all lines together.
pub const LIMIT: usize = 8 * 1024;

/// What a device says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Initiation {
    /// The device-id of the stanza.
    pub device_id: DeviceId,
    /// The host key and its HMAC, where the stanza has a secret.
    pub claim: Option<Claim>,
    /// Lines of other names, kept as they came and ignored.
    pub other: Vec<OtherLine>,
}

/// A host key that a device claims as its own, and the HMAC that is to vouch for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The key.
    pub host_key: HostKey,
    /// Made over the key's text with the secret of the stanza.
    pub mac: Mac,
}

/// Whether the line HOST-KEY has a NUL before its CRLF.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Nul {
    /// As older releases send it; some receivers in the field insist on it.
    Send,
    /// Without.
    #[default]
    Omit,
}

impl Initiation {
    /// What a device without a secret says.
    pub fn new(device_id: DeviceId) -> Self {
        Self { device_id, claim: None, other: Vec::new() }
    }

    /// Adds the claim that a device with `secret` makes for `host_key`.
    pub fn with_claim(mut self, host_key: HostKey, secret: &Secret) -> Self {
        let mac = Mac::compute(secret, &host_key);
        self.claim = Some(Claim { host_key, mac });
        self
    }
}

/// Writes the sequence as Junos does. The SSH server's banner must follow promptly.
pub fn compose(initiation: &Initiation, nul: Nul) -> Vec<u8> {
    let mut text = String::from("MSG-ID: DEVICE-CONN-INFO\r\nMSG-VER: V1\r\n");
    let mut line = |name: &str, value: &str, end: &str| {
        for piece in [name, ": ", value, end] {
            text.push_str(piece);
        }
    };
    line("DEVICE-ID", initiation.device_id.as_str(), "\r\n");
    if let Some(claim) = &initiation.claim {
        let end = match nul {
            Nul::Send => "\0\r\n",
            Nul::Omit => "\r\n",
        };
        line("HOST-KEY", &claim.host_key.text(), end);
        line("HMAC", &claim.mac.to_string(), "\r\n");
    }
    for other in &initiation.other {
        line(other.name(), other.value(), "\r\n");
    }
    text.into_bytes()
}

#[cfg(test)]
mod tests;
