//! OpenSSH's `known_hosts`: host keys that somebody has already, to be pinned.
//!
//! ```text
//! mx1.fra,192.0.2.1 ssh-ed25519 AAAA… comment      names, `*` and `?`, `!` for exceptions
//! [mx1.fra]:830 ssh-rsa AAAA…                      a port that isn't 22
//! |1|salt|hash ecdsa-sha2-nistp256 AAAA…           the name hashed: found by who knows it
//! @revoked mx1.fra ssh-rsa AAAA…                   never to be taken
//! @cert-authority *.fra ssh-ed25519 AAAA…          signs certificates: no host key itself
//! ```
//!
//! Lines that can't be read are told and skipped, as OpenSSH does. A device dials out, so the port at which it was
//! once reached doesn't count.
//!
//! Source: OpenSSH, sshd(8), *SSH_KNOWN_HOSTS FILE FORMAT*.

mod pattern;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::excerpt::Excerpt;
use crate::fault::Fault;
use crate::host_key::{HostKey, HostKeyError};

pub use pattern::{Hosts, InvalidHosts};

/// The longest file.
pub const MAX_BYTES: usize = 16 << 20;
/// The longest line: the longest key in base64, and names.
pub const MAX_LINE: usize = 16 << 10;
/// The most lines.
pub const MAX_LINES: usize = 200_000;
/// The most skipped lines that are told one by one.
pub const MAX_TOLD: usize = 100;

/// A file that is too big to be somebody's known hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KnownHostsError {
    /// Too many bytes.
    #[error("the file has more than {MAX_BYTES} bytes")]
    TooLong,
    /// Too many lines.
    #[error("the file has more than {MAX_LINES} lines")]
    TooManyLines,
}

impl KnownHostsError {
    /// A stable word for logs, metrics and the API.
    pub fn code(&self) -> &'static str {
        "known-hosts-too-long"
    }

    /// Who must act.
    pub fn fault(&self) -> Fault {
        Fault::Operator
    }
}

/// A file that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownHosts {
    /// The lines that hold keys, in their order.
    pub entries: Vec<Entry>,
    /// The first [`MAX_TOLD`] lines that could not be used.
    pub skipped: Vec<Skipped>,
    /// How many could not be used.
    pub skipped_count: usize,
}

/// One line with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The line, from 1.
    pub line: usize,
    /// What the line says about the key.
    pub marker: Marker,
    /// Whose key it is.
    pub hosts: Hosts,
    /// The key.
    pub key: HostKey,
}

/// What a line says about its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker {
    /// It is a host's key.
    None,
    /// It signs certificates of hosts.
    CertAuthority,
    /// It must not be taken.
    Revoked,
}

impl Marker {
    /// The word at the beginning of the line; nothing for [`Marker::None`].
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::CertAuthority => "@cert-authority",
            Self::Revoked => "@revoked",
        }
    }
}

/// A line that could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct Skipped {
    /// The line, from 1.
    pub line: usize,
    /// Why.
    pub reason: SkipReason,
}

/// Why a line could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SkipReason {
    /// Longer than any key.
    #[error("longer than {MAX_LINE} bytes")]
    TooLong,
    /// A marker that OpenSSH doesn't know.
    #[error("unknown marker `{0}`; expected @revoked or @cert-authority")]
    UnknownMarker(Excerpt),
    /// No names, or names that are none.
    #[error(transparent)]
    Hosts(InvalidHosts),
    /// No key after the names, or one that is none.
    #[error(transparent)]
    Key(HostKeyError),
}

/// What a file knows about a host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Its keys, each once, in the order of the file.
    pub keys: Vec<HostKey>,
    /// Keys that would be its own but are revoked.
    pub revoked: Vec<HostKey>,
    /// Lines with certificate authorities for it: the host may have no plain key in the file.
    pub authorities: Vec<usize>,
}

impl KnownHosts {
    /// Reads a file.
    ///
    /// # Errors
    /// It is longer than anybody's.
    pub fn parse(text: &str) -> Result<Self, KnownHostsError> {
        if text.len() > MAX_BYTES {
            return Err(KnownHostsError::TooLong);
        }
        let mut known = Self::default();
        for (index, text) in text.lines().enumerate() {
            if index >= MAX_LINES {
                return Err(KnownHostsError::TooManyLines);
            }
            let line = index + 1;
            match parse_line(line, text) {
                Ok(entry) => known.entries.extend(entry),
                Err(reason) => known.skip(Skipped { line, reason }),
            }
        }
        Ok(known)
    }

    fn skip(&mut self, skipped: Skipped) {
        self.skipped_count += 1;
        if self.skipped.len() < MAX_TOLD {
            self.skipped.push(skipped);
        }
    }

    /// What is known about a host that goes by any of `names`: a host name, an IP address, or `[name]:port`.
    pub fn find(&self, names: &[&str]) -> Found {
        let mut found = Found::default();
        for entry in self.entries.iter().filter(|entry| entry.hosts.include_any(names)) {
            match entry.marker {
                Marker::CertAuthority => found.authorities.push(entry.line),
                Marker::Revoked => push_new(&mut found.revoked, &entry.key),
                Marker::None => push_new(&mut found.keys, &entry.key),
            }
        }
        found.keys.retain(|key| !found.revoked.contains(key));
        found
    }
}

fn push_new(keys: &mut Vec<HostKey>, key: &HostKey) {
    if !keys.contains(key) {
        keys.push(key.clone());
    }
}

/// None for an empty line and a comment.
fn parse_line(line: usize, text: &str) -> Result<Option<Entry>, SkipReason> {
    let text = text.trim_matches([' ', '\t', '\r']);
    if text.is_empty() || text.starts_with('#') {
        return Ok(None);
    }
    if text.len() > MAX_LINE {
        return Err(SkipReason::TooLong);
    }
    let (marker, rest) = match text.strip_prefix('@') {
        Some(_) => {
            let (word, rest) = split_word(text);
            (marker(word)?, rest)
        }
        None => (Marker::None, text),
    };
    let (hosts, key) = split_word(rest);
    let hosts = Hosts::parse(hosts).map_err(SkipReason::Hosts)?;
    let key = HostKey::parse(key).map_err(SkipReason::Key)?;
    Ok(Some(Entry { line, marker, hosts, key }))
}

fn split_word(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
    (word, rest.trim_start_matches([' ', '\t']))
}

fn marker(word: &str) -> Result<Marker, SkipReason> {
    [Marker::CertAuthority, Marker::Revoked]
        .into_iter()
        .find(|marker| marker.as_str() == word)
        .ok_or_else(|| SkipReason::UnknownMarker(Excerpt::new(word)))
}

/// The line as OpenSSH takes it, without comment.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.marker != Marker::None {
            write!(f, "{} ", self.marker.as_str())?;
        }
        write!(f, "{} {}", self.hosts, self.key.text())
    }
}
