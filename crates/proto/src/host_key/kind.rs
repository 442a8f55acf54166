//! The key types that OpenSSH names, and how each is laid out.
//!
//! ```text
//!   string  "ssh-rsa"      string  "ecdsa-sha2-nistp256"     string  "ssh-ed25519"
//!   mpint   e              string  "nistp256"                string  32 bytes
//!   mpint   n              string  0x04 x y
//! ```
//!
//! Source: RFC 4253 section 6.6, RFC 5656 section 3.1, RFC 8709 section 4, OpenSSH `PROTOCOL.u2f`.

use super::HostKeyError;
use crate::excerpt::Excerpt;

/// A plain key type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Dsa,
    Ecdsa256,
    Ecdsa384,
    Ecdsa521,
    Ed25519,
    Rsa,
    SkEcdsa256,
    SkEd25519,
}

/// What one length-prefixed part of a blob must be, after the name.
#[derive(Clone, Copy)]
enum Part {
    /// These very bytes.
    Exactly(&'static [u8]),
    /// As many bytes.
    Length(usize),
    /// A positive number that needs no byte less.
    Number,
    /// Anything but nothing.
    Text,
}

impl Kind {
    const ALL: [Self; 8] = [
        Self::Dsa,
        Self::Ecdsa256,
        Self::Ecdsa384,
        Self::Ecdsa521,
        Self::Ed25519,
        Self::Rsa,
        Self::SkEcdsa256,
        Self::SkEd25519,
    ];

    /// The type of that name.
    pub(super) fn named(name: &[u8]) -> Result<Self, HostKeyError> {
        if let Some(kind) = Self::ALL.into_iter().find(|kind| kind.name().as_bytes() == name) {
            return Ok(kind);
        }
        if name.ends_with(b"-cert-v01@openssh.com") {
            return Err(HostKeyError::Certificate(Excerpt::new(name)));
        }
        Err(HostKeyError::UnknownType(Excerpt::new(name)))
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Dsa => "ssh-dss",
            Self::Ecdsa256 => "ecdsa-sha2-nistp256",
            Self::Ecdsa384 => "ecdsa-sha2-nistp384",
            Self::Ecdsa521 => "ecdsa-sha2-nistp521",
            Self::Ed25519 => "ssh-ed25519",
            Self::Rsa => "ssh-rsa",
            Self::SkEcdsa256 => "sk-ecdsa-sha2-nistp256@openssh.com",
            Self::SkEd25519 => "sk-ssh-ed25519@openssh.com",
        }
    }

    /// For all types but RSA (RFC 8332) the signature algorithm bears the key type's name.
    pub(super) fn signature_algorithms(self) -> &'static [&'static str] {
        match self {
            Self::Dsa => &["ssh-dss"],
            Self::Ecdsa256 => &["ecdsa-sha2-nistp256"],
            Self::Ecdsa384 => &["ecdsa-sha2-nistp384"],
            Self::Ecdsa521 => &["ecdsa-sha2-nistp521"],
            Self::Ed25519 => &["ssh-ed25519"],
            Self::Rsa => &["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"],
            Self::SkEcdsa256 => &["sk-ecdsa-sha2-nistp256@openssh.com"],
            Self::SkEd25519 => &["sk-ssh-ed25519@openssh.com"],
        }
    }

    /// Checks that the parts of `blob` are this type's and fill it exactly.
    pub(super) fn check(self, blob: &[u8]) -> Result<(), HostKeyError> {
        let malformed = HostKeyError::Malformed(self.name());
        let Some((_, mut rest)) = split_string(blob) else { return Err(malformed) };
        for part in self.parts() {
            match split_string(rest) {
                Some((bytes, after)) if part.admits(bytes) => rest = after,
                _ => return Err(malformed),
            }
        }
        if rest.is_empty() { Ok(()) } else { Err(malformed) }
    }

    fn parts(self) -> &'static [Part] {
        match self {
            Self::Dsa => &[Part::Number, Part::Number, Part::Number, Part::Number],
            Self::Ecdsa256 => &[Part::Exactly(b"nistp256"), Part::Length(65)],
            Self::Ecdsa384 => &[Part::Exactly(b"nistp384"), Part::Length(97)],
            Self::Ecdsa521 => &[Part::Exactly(b"nistp521"), Part::Length(133)],
            Self::Ed25519 => &[Part::Length(32)],
            Self::Rsa => &[Part::Number, Part::Number],
            Self::SkEcdsa256 => &[Part::Exactly(b"nistp256"), Part::Length(65), Part::Text],
            Self::SkEd25519 => &[Part::Length(32), Part::Text],
        }
    }
}

impl Part {
    fn admits(self, bytes: &[u8]) -> bool {
        match self {
            Self::Exactly(expected) => bytes == expected,
            Self::Length(length) => bytes.len() == length,
            Self::Number => match bytes {
                [0, second, ..] => *second >= 0x80,
                [first, ..] => (1..0x80).contains(first),
                [] => false,
            },
            Self::Text => !bytes.is_empty(),
        }
    }
}

/// The type named at the start of `blob`.
pub(super) fn name_inside(blob: &[u8]) -> Option<&[u8]> {
    split_string(blob).map(|(name, _)| name)
}

/// Splits off one SSH string: four bytes of length, then as many bytes.
fn split_string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}
