//! The HMAC of the initiation sequence.
//!
//! ```text
//!   HMAC: lower_hex(HMAC-SHA1(key = the plain secret, message = "ssh-rsa AAAA…"))
//! ```
//!
//! Source: Junos, *Configuring Outbound SSH Service*; checked against a device's own numbers in
//! `testdata/junos-vectors.json`.

use std::fmt;
use std::str::FromStr;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::{Digest as _, Sha1};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{HostKey, Secret};
use crate::fault::Fault;

/// An HMAC-SHA1 over a host key's text. Comparing two takes the same time wherever they differ.
#[derive(Clone, Copy)]
pub struct Mac([u8; 20]);

/// Text that is no HMAC-SHA1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 40 hexadecimal digits")]
pub struct InvalidMac;

impl InvalidMac {
    /// A stable word for logs, metrics and the API.
    pub fn code(&self) -> &'static str {
        "invalid-hmac"
    }

    /// Who must act.
    pub fn fault(&self) -> Fault {
        Fault::Peer
    }
}

impl Mac {
    /// Reads 40 hexadecimal digits of either case.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidMac> {
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return Err(InvalidMac) };
        let pairs: &[[u8; 2]; 20] = pairs.try_into().map_err(|_| InvalidMac)?;
        let mut bytes = [0; 20];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Ok(Self(bytes))
    }

    /// Makes the HMAC that a device with this secret sends for this key.
    pub fn compute(secret: &Secret, key: &HostKey) -> Self {
        let mut keyed = Hmac::<Sha1>::new((&*block_of(secret)).into());
        keyed.update(key.text().as_bytes());
        Self(keyed.finalize().into_bytes().into())
    }
}

/// The secret as one SHA-1 block, as RFC 2104 section 2 makes it: a longer one is hashed first.
fn block_of(secret: &Secret) -> Zeroizing<[u8; 64]> {
    let mut block = Zeroizing::new([0; 64]);
    let fill = |block: &mut [u8; 64], bytes: &[u8]| {
        block.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = *byte);
    };
    match secret.expose() {
        short if short.len() <= block.len() => fill(&mut block, short),
        long => fill(&mut block, &Sha1::digest(long)),
    }
    block
}

impl PartialEq for Mac {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Mac {}

/// 40 lower-case digits, as Junos sends them.
impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mac({self})")
    }
}

impl FromStr for Mac {
    type Err = InvalidMac;

    fn from_str(text: &str) -> Result<Self, InvalidMac> {
        Self::parse(text)
    }
}

fn digit(character: u8) -> Result<u8, InvalidMac> {
    match character {
        b'0'..=b'9' => Ok(character - b'0'),
        b'a'..=b'f' => Ok(character - b'a' + 10),
        b'A'..=b'F' => Ok(character - b'A' + 10),
        _ => Err(InvalidMac),
    }
}
