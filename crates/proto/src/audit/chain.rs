//! The hash chain: each hash vouches for an entry and for all before it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Entry;

/// A link's hash, as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ChainHash([u8; 32]);

/// Text that is no hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 64 hexadecimal digits")]
pub struct MalformedHash;

impl ChainHash {
    /// What stands before the first entry.
    pub const START: Self = Self([0; 32]);

    /// The hash of the entry that follows this one.
    #[must_use]
    pub fn next(&self, canonical: &str) -> Self {
        Self(Sha256::new().chain_update(self.0).chain_update(canonical).finalize().into())
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The hash with these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ChainHash {
    type Err = MalformedHash;

    fn from_str(text: &str) -> Result<Self, MalformedHash> {
        if text.len() != 64 {
            return Err(MalformedHash);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digit =
                |c: &u8| char::from(*c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            let (Some(high), Some(low)) =
                (pair.first().and_then(digit), pair.last().and_then(digit))
            else {
                return Err(MalformedHash);
            };
            *byte = high << 4 | low;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for ChainHash {
    type Error = MalformedHash;

    fn try_from(text: String) -> Result<Self, MalformedHash> {
        text.parse()
    }
}

impl From<ChainHash> for String {
    fn from(hash: ChainHash) -> Self {
        hash.to_string()
    }
}

/// An entry in its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sealed {
    /// The entry.
    #[serde(flatten)]
    pub entry: Entry,
    /// Its hash.
    pub hash: ChainHash,
}

/// The newest entry: what vouches for all of the chain. Its text is `<id>:<hash>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Head {
    /// The entry's id; 0 before the first.
    pub id: u64,
    /// Its hash.
    pub hash: ChainHash,
}

impl Head {
    /// The head of an empty chain.
    pub const START: Self = Self { id: 0, hash: ChainHash::START };

    /// Gives `entry` the next place. It must [fit](Entry::fit).
    #[must_use]
    pub fn seal(&self, mut entry: Entry) -> (Sealed, String) {
        entry.id = self.id.saturating_add(1);
        let canonical = entry.canonical();
        let hash = self.hash.next(&canonical);
        (Sealed { entry, hash }, canonical)
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.id, self.hash)
    }
}

impl FromStr for Head {
    type Err = MalformedHash;

    fn from_str(text: &str) -> Result<Self, MalformedHash> {
        let (id, hash) = text.split_once(':').ok_or(MalformedHash)?;
        Ok(Self { id: id.parse().map_err(|_| MalformedHash)?, hash: hash.parse()? })
    }
}
