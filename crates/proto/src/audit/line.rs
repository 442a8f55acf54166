//! A line of an export: the entry exactly as it was hashed, and the hashes on both sides of it.
//!
//! ```text
//!   {"entry":{"action":…},"hash":"<64 digits>","previous":"<64 digits>"}
//! ```
//!
//! The entry's text is cut out of the line and hashed as it stands, so that a line written by a newer Homing, with
//! fields that are not known here, can be verified too.

use super::ChainHash;

const BEGIN: &str = "{\"entry\":";
const HASH: &str = ",\"hash\":\"";
const PREVIOUS: &str = "\",\"previous\":\"";
const END: &str = "\"}";

/// One line of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExportLine<'a> {
    /// The entry, in its canonical form.
    pub canonical: &'a str,
    /// Its hash.
    pub hash: ChainHash,
    /// The hash of the entry before it.
    pub previous: ChainHash,
}

/// A line that is none of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a line of `homing audit export --format jsonl`, as it was written")]
pub struct MalformedLine;

impl std::fmt::Display for ExportLine<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { canonical, hash, previous } = self;
        write!(f, "{BEGIN}{canonical}{HASH}{hash}{PREVIOUS}{previous}{END}")
    }
}

impl<'a> ExportLine<'a> {
    /// Reads a line, with or without its end.
    ///
    /// # Errors
    /// It was not written by an export.
    pub fn parse(line: &'a str) -> Result<Self, MalformedLine> {
        let line = line.trim_end_matches(['\r', '\n']);
        let rest = line.strip_prefix(BEGIN).and_then(|line| line.strip_suffix(END));
        let (rest, previous) = rest.and_then(cut_hash).ok_or(MalformedLine)?;
        let (rest, hash) = rest.strip_suffix(PREVIOUS).and_then(cut_hash).ok_or(MalformedLine)?;
        let canonical = rest.strip_suffix(HASH).ok_or(MalformedLine)?;
        Ok(Self { canonical, hash, previous })
    }
}

fn cut_hash(text: &str) -> Option<(&str, ChainHash)> {
    let (rest, hash) = text.split_at_checked(text.len().checked_sub(64)?)?;
    Some((rest, hash.parse().ok()?))
}
