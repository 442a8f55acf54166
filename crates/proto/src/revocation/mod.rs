//! Keys and certificates that are let in no more, whatever else speaks for them.
//!
//! ```text
//!   a line of text       SHA256:…       a key: a user's, or that of an authority and so all its certificates
//!                        ssh-ed25519 …  the same, as the key itself
//!                        serial:7, serial:7-20     certificates by number, of any authority
//!                        id:jane@laptop            certificates by what they are called
//!   or a file of `ssh-keygen -k` (a KRL)           the same, and serials and ids of one authority
//! ```
//!
//! Source: OpenSSH, *PROTOCOL.krl*; ssh-keygen(1), KEY REVOCATION LISTS.

mod krl;

use std::collections::BTreeSet;

use sha1::{Digest as _, Sha1};

use crate::fault::Fault;
use crate::host_key::{Fingerprint, HostKey};

/// The most entries of a kind.
const MOST: usize = 1_000_000;
/// How a KRL begins.
const MAGIC: &[u8] = b"SSHKRL\n\0";

/// What is revoked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revoked {
    keys: BTreeSet<[u8; 32]>,
    sha1_keys: BTreeSet<[u8; 20]>,
    certificates: Vec<OfAuthority>,
}

/// Certificates of one authority, or of any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct OfAuthority {
    authority: Option<HostKey>,
    /// First and last.
    serials: Vec<(u64, u64)>,
    ids: BTreeSet<String>,
}

/// What of a certificate decides.
#[derive(Debug, Clone, Copy)]
pub struct Presented<'a> {
    /// The key that signed it.
    pub authority: &'a HostKey,
    /// The user's key.
    pub key: &'a HostKey,
    /// Its number; 0: it has none.
    pub serial: u64,
    /// What it calls itself.
    pub id: &'a str,
}

/// What says no revocation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRevocation {
    /// A line.
    #[error(
        "line {line}: expected SHA256:…, serial:NUMBER, serial:FIRST-LAST, id:NAME or a public key"
    )]
    Line {
        /// From 1.
        line: usize,
    },
    /// A KRL that breaks off or holds what can't be read; nothing of it is taken.
    #[error("the revocation list of ssh-keygen can't be read: {0}")]
    Krl(&'static str),
    /// More than is kept.
    #[error("more than {MOST} entries")]
    TooMany,
}

impl InvalidRevocation {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Line { .. } => "invalid-revocation",
            Self::Krl(_) => "invalid-krl",
            Self::TooMany => "too-many-revocations",
        }
    }

    /// Who must act.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::Operator
    }
}

impl Revoked {
    /// Adds one entry of text.
    ///
    /// # Errors
    /// It is none.
    pub fn add(&mut self, text: &str) -> Result<(), InvalidRevocation> {
        self.add_line(text.trim(), 1)
    }

    /// Adds a file: lines, or a KRL.
    ///
    /// # Errors
    /// Something in it can't be read. Nothing of a KRL is added then.
    pub fn add_file(&mut self, bytes: &[u8]) -> Result<(), InvalidRevocation> {
        if bytes.starts_with(MAGIC) {
            let mut with = self.clone();
            krl::read(bytes, &mut with)?;
            *self = with;
            return Ok(());
        }
        let text = std::str::from_utf8(bytes).map_err(|_| InvalidRevocation::Line { line: 1 })?;
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                self.add_line(line, number + 1)?;
            }
        }
        Ok(())
    }

    /// Whether nobody who holds this key is let in.
    #[must_use]
    pub fn revokes_key(&self, key: &HostKey) -> bool {
        self.keys.contains(key.fingerprint().as_bytes())
            || (!self.sha1_keys.is_empty()
                && self.sha1_keys.contains(&<[u8; 20]>::from(Sha1::digest(key.blob()))))
    }

    /// Whether a certificate is not taken: by its key, its authority, its number or its name.
    #[must_use]
    pub fn revokes(&self, certificate: Presented<'_>) -> bool {
        let Presented { authority, key, serial, id } = certificate;
        let is_listed = |list: &OfAuthority| {
            list.authority.as_ref().is_none_or(|own| own == authority)
                && ((serial != 0 && has(&list.serials, serial)) || list.ids.contains(id))
        };
        self.revokes_key(key)
            || self.revokes_key(authority)
            || self.certificates.iter().any(is_listed)
    }

    /// Whether nothing is revoked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.sha1_keys.is_empty() && self.certificates.is_empty()
    }

    /// How many keys, and how many ranges of numbers and names of certificates.
    #[must_use]
    pub fn count(&self) -> (usize, usize) {
        let of = |list: &OfAuthority| list.serials.len() + list.ids.len();
        (self.keys.len() + self.sha1_keys.len(), self.certificates.iter().map(of).sum())
    }

    fn add_line(&mut self, line: &str, number: usize) -> Result<(), InvalidRevocation> {
        let wrong = || InvalidRevocation::Line { line: number };
        if let Some(serials) = line.strip_prefix("serial:") {
            let (first, last) = serials.split_once('-').unwrap_or((serials, serials));
            let read = |text: &str| text.trim().parse::<u64>().map_err(|_| wrong());
            let (first, last) = (read(first)?, read(last)?);
            if first == 0 || last < first {
                return Err(wrong());
            }
            return self.add_serials(None, first, last);
        }
        if let Some(id) = line.strip_prefix("id:") {
            return self.add_id(None, id.trim());
        }
        let fingerprint = match Fingerprint::parse(line) {
            Ok(fingerprint) => fingerprint,
            Err(_) => HostKey::parse(line).map_err(|_| wrong())?.fingerprint(),
        };
        self.add_fingerprint(*fingerprint.as_bytes())
    }

    fn add_fingerprint(&mut self, fingerprint: [u8; 32]) -> Result<(), InvalidRevocation> {
        self.keys.insert(fingerprint);
        bounded(self.keys.len())
    }

    fn add_sha1(&mut self, fingerprint: [u8; 20]) -> Result<(), InvalidRevocation> {
        self.sha1_keys.insert(fingerprint);
        bounded(self.sha1_keys.len())
    }

    fn add_serials(
        &mut self,
        authority: Option<&HostKey>,
        first: u64,
        last: u64,
    ) -> Result<(), InvalidRevocation> {
        let list = self.of(authority);
        match list.serials.last_mut() {
            // Bitmaps and lists come in order.
            Some((_, end)) if end.checked_add(1) == Some(first) => *end = last,
            _ => list.serials.push((first, last)),
        }
        bounded(list.serials.len())
    }

    fn add_id(&mut self, authority: Option<&HostKey>, id: &str) -> Result<(), InvalidRevocation> {
        let list = self.of(authority);
        list.ids.insert(id.to_owned());
        bounded(list.ids.len())
    }

    fn of(&mut self, authority: Option<&HostKey>) -> &mut OfAuthority {
        let is_it = |list: &OfAuthority| list.authority.as_ref() == authority;
        let at = self.certificates.iter().position(is_it).unwrap_or(self.certificates.len());
        if at == self.certificates.len() {
            let authority = authority.cloned();
            self.certificates.push(OfAuthority { authority, ..OfAuthority::default() });
        }
        #[expect(clippy::indexing_slicing, reason = "found, or pushed there")]
        &mut self.certificates[at]
    }
}

fn has(ranges: &[(u64, u64)], serial: u64) -> bool {
    ranges.iter().any(|(first, last)| (*first..=*last).contains(&serial))
}

fn bounded(count: usize) -> Result<(), InvalidRevocation> {
    match count > MOST {
        true => Err(InvalidRevocation::TooMany),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u8) -> HostKey {
        let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
        blob.extend_from_slice(&[number; 32]);
        HostKey::from_blob(&blob).unwrap()
    }

    fn revokes(revoked: &Revoked, ca: u8, user: u8, serial: u64, id: &str) -> bool {
        let (authority, key) = (&key(ca), &key(user));
        revoked.revokes(Presented { authority, key, serial, id })
    }

    #[test]
    fn lines_revoke_keys_numbers_and_names() {
        let mut revoked = Revoked::default();
        let text = format!(
            "# gone\n\n{}\n {} old laptop\nserial:7\nserial:20-30\nid:jane@laptop\n",
            key(1).fingerprint(),
            key(2).text()
        );
        revoked.add_file(text.as_bytes()).unwrap();
        assert!(revoked.revokes_key(&key(1)) && revoked.revokes_key(&key(2)));
        assert!(!revoked.revokes_key(&key(3)));
        assert!(revokes(&revoked, 9, 1, 1, "x"), "by the user's key");
        assert!(revokes(&revoked, 2, 9, 1, "x"), "by the authority's");
        assert!(revokes(&revoked, 9, 9, 7, "x") && revokes(&revoked, 9, 9, 25, "x"));
        assert!(revokes(&revoked, 9, 9, 1, "jane@laptop"));
        assert!(!revokes(&revoked, 9, 9, 8, "jane") && !revokes(&revoked, 9, 9, 0, ""));
        assert_eq!(revoked.count(), (2, 3));
    }

    #[test]
    fn what_says_no_revocation_is_named_by_its_line() {
        for text in ["serial:", "serial:0", "serial:9-3", "serial:x", "SHA256:short", "jane"] {
            let mut revoked = Revoked::default();
            let error = revoked.add_file(format!("# a\n{text}\n").as_bytes()).unwrap_err();
            assert_eq!(error, InvalidRevocation::Line { line: 2 }, "{text}");
        }
    }
}
