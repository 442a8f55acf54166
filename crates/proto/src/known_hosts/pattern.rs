//! The names of a line: patterns, exceptions, hashes.
//!
//! ```text
//! mx?.fra,!mx9.fra,[192.0.2.1]:830        |1|base64(salt)|base64(HMAC-SHA1(salt, name))
//! ```

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

/// The most names of one line.
const MAX_NAMES: usize = 256;
/// What SHA-1 gives, and what OpenSSH takes as salt.
const HASH: usize = 20;
/// The ports at which a device is commonly reached, whose names are hashed with the port.
const PORTS: [u16; 2] = [830, 2222];

/// The names of a line can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHosts {
    /// There is no name.
    #[error("no host name before the key")]
    Empty,
    /// There are too many.
    #[error("more than {MAX_NAMES} host names")]
    TooMany,
    /// A name begins as another sort of line does.
    #[error("a host name can't begin with `|`, `#` or `@`")]
    NotAName,
    /// A hashed name is not `|1|salt|hash`.
    #[error("the hashed host name is damaged; expected `|1|SALT|HASH`")]
    Hash,
}

/// Whose key a line holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosts(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Names(Vec<Name>),
    Hashed { salt: [u8; HASH], hash: [u8; HASH] },
}

/// In lower case, as names are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Name {
    is_exception: bool,
    pattern: String,
}

impl Hosts {
    pub(super) fn parse(text: &str) -> Result<Self, InvalidHosts> {
        if let Some(hashed) = text.strip_prefix('|') {
            return hashed_name(hashed).map(Self).ok_or(InvalidHosts::Hash);
        }
        let mut names = Vec::new();
        for name in text.split(',').filter(|name| !matches!(*name, "" | "!")) {
            if names.len() == MAX_NAMES {
                return Err(InvalidHosts::TooMany);
            }
            if name.starts_with(['|', '#', '@']) {
                return Err(InvalidHosts::NotAName);
            }
            let (is_exception, pattern) = match name.strip_prefix('!') {
                Some(pattern) => (true, pattern),
                None => (false, name),
            };
            names.push(Name { is_exception, pattern: pattern.to_ascii_lowercase() });
        }
        if names.is_empty() { Err(InvalidHosts::Empty) } else { Ok(Self(Kind::Names(names))) }
    }

    /// Whether the line is about a host that goes by one of `names`. An exception shuts the host out.
    pub fn include_any(&self, names: &[&str]) -> bool {
        let names: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        match &self.0 {
            Kind::Hashed { salt, hash } => names.iter().any(|name| is_hash_of(salt, hash, name)),
            Kind::Names(patterns) => {
                let fits = |pattern: &&Name| names.iter().any(|name| pattern.fits(name));
                let mut fitting = patterns.iter().filter(fits).peekable();
                fitting.peek().is_some() && fitting.all(|pattern| !pattern.is_exception)
            }
        }
    }
}

impl Name {
    /// With the port of the pattern, or without.
    fn fits(&self, name: &str) -> bool {
        let bare = bare(&self.pattern);
        matches(&self.pattern, name) || bare.is_some_and(|bare| matches(bare, name))
    }
}

/// `[name]:port` without its port.
fn bare(pattern: &str) -> Option<&str> {
    let (name, port) = pattern.strip_prefix('[')?.rsplit_once("]:")?;
    port.bytes().all(|b| b.is_ascii_digit()).then_some(name)
}

/// `*` is any text, `?` any one byte. Goes back to the latest `*` only, so the time is bounded by the product of the
/// lengths.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = name.get(n) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(b'?') => (p, n) = (p + 1, n + 1),
            Some(same) if same == byte => (p, n) = (p + 1, n + 1),
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    (p, n) = (at + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|byte| *byte == b'*')
}

fn hashed_name(text: &str) -> Option<Kind> {
    let (salt, hash) = text.strip_prefix("1|")?.split_once('|')?;
    let decode = |text: &str| -> Option<[u8; HASH]> {
        if text.len() > 2 * HASH {
            return None;
        }
        STANDARD.decode(text).ok()?.try_into().ok()
    };
    Some(Kind::Hashed { salt: decode(salt)?, hash: decode(hash)? })
}

fn is_hash_of(salt: &[u8; HASH], hash: &[u8; HASH], name: &str) -> bool {
    let with_port = PORTS.iter().map(|port| format!("[{name}]:{port}"));
    std::iter::once(name.to_owned()).chain(with_port).any(|name| {
        Hmac::<Sha1>::new_from_slice(salt).is_ok_and(|mut mac| {
            mac.update(name.as_bytes());
            mac.verify_slice(hash).is_ok()
        })
    })
}

impl fmt::Display for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Hashed { salt, hash } => {
                write!(f, "|1|{}|{}", STANDARD.encode(salt), STANDARD.encode(hash))
            }
            Kind::Names(names) => {
                for (index, name) in names.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    let exception = if name.is_exception { "!" } else { "" };
                    write!(f, "{comma}{exception}{}", name.pattern)?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_fit_as_in_openssh() {
        for (pattern, name, fits) in [
            ("*", "", true),
            ("a*", "a", true),
            ("*.fra", "mx1.fra", true),
            ("*.fra", "fra", false),
            ("mx?", "mx12", false),
            ("m*x*1", "m-x-x-1", true),
            ("a?c", "abc", true),
            ("", "a", false),
            ("ab", "a", false),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
        // Would take for ever if every star were tried anew.
        assert!(!matches(&"*a".repeat(5_000), &"a".repeat(4_999)));
    }
}
