//! OpenSSH's binary revocation list.
//!
//! ```text
//!   "SSHKRL\n\0"  u32 1  u64 version  u64 date  u64 flags  string reserved  string comment  *( byte type  string section )
//!
//!   section 1  certificates: string authority  string reserved  *( byte kind  string entries )
//!              0x20 u64…   0x21 u64 u64   0x22 u64 mpint (a bit for each serial from there)   0x23 string…
//!   section 2  string key…      3  string SHA-1 of a key…      5  string SHA-256 of a key…      4  a signature: unused
//! ```
//!
//! A list with a section that is not known is not taken: it may revoke what we can't see.
//!
//! Source: OpenSSH, *PROTOCOL.krl*.

use super::{InvalidRevocation, MAGIC, Revoked};
use crate::host_key::HostKey;

type Done = Result<(), InvalidRevocation>;

const BROKEN: InvalidRevocation = InvalidRevocation::Krl("it breaks off");
const UNKNOWN: InvalidRevocation = InvalidRevocation::Krl("it holds a section that is not known");
const BAD_KEY: InvalidRevocation = InvalidRevocation::Krl("it holds a key that can't be read");

pub(super) fn read(bytes: &[u8], revoked: &mut Revoked) -> Done {
    let mut rest = Reader(bytes.strip_prefix(MAGIC).ok_or(BROKEN)?);
    if rest.u32()? != 1 {
        return Err(InvalidRevocation::Krl("its format is not version 1"));
    }
    rest.take(24)?;
    rest.string()?;
    rest.string()?;
    while !rest.0.is_empty() {
        let kind = rest.byte()?;
        if kind == 4 {
            // Signatures are the end, and no longer made: that the file is the operator's is its place's matter.
            return Ok(());
        }
        let section = Reader(rest.string()?);
        match kind {
            1 => certificates(section, revoked)?,
            2 => each(section, |blob| {
                let key = HostKey::from_blob(blob).map_err(|_| BAD_KEY)?;
                revoked.add_fingerprint(*key.fingerprint().as_bytes())
            })?,
            3 => each(section, |sha1| revoked.add_sha1(sha1.try_into().map_err(|_| BROKEN)?))?,
            5 => {
                each(section, |sha256| {
                    revoked.add_fingerprint(sha256.try_into().map_err(|_| BROKEN)?)
                })?;
            }
            _ => return Err(UNKNOWN),
        }
    }
    Ok(())
}

fn certificates(mut section: Reader<'_>, revoked: &mut Revoked) -> Done {
    let authority = match section.string()? {
        [] => None,
        blob => Some(HostKey::from_blob(blob).map_err(|_| BAD_KEY)?),
    };
    let authority = authority.as_ref();
    section.string()?;
    while !section.0.is_empty() {
        let (kind, mut entries) = (section.byte()?, Reader(section.string()?));
        match kind {
            0x20 => {
                while !entries.0.is_empty() {
                    let serial = entries.u64()?;
                    revoked.add_serials(authority, serial, serial)?;
                }
            }
            0x21 => {
                let (first, last) = (entries.u64()?, entries.u64()?);
                revoked.add_serials(authority, first, last)?;
            }
            0x22 => bitmap(&mut entries, |serial| revoked.add_serials(authority, serial, serial))?,
            0x23 => each(entries, |id| {
                let id = std::str::from_utf8(id)
                    .map_err(|_| InvalidRevocation::Krl("a certificate's name is not UTF-8"))?;
                revoked.add_id(authority, id)
            })?,
            _ => return Err(UNKNOWN),
        }
    }
    Ok(())
}

/// The highest bit comes first.
fn bitmap(entries: &mut Reader<'_>, mut add: impl FnMut(u64) -> Done) -> Done {
    let (offset, bits) = (entries.u64()?, entries.string()?);
    for (place, byte) in bits.iter().rev().enumerate() {
        for bit in (0..8u64).filter(|bit| byte >> bit & 1 == 1) {
            let serial = (place as u64).checked_mul(8).and_then(|n| n.checked_add(bit));
            add(serial.and_then(|n| n.checked_add(offset)).ok_or(BROKEN)?)?;
        }
    }
    Ok(())
}

fn each(mut section: Reader<'_>, mut add: impl FnMut(&[u8]) -> Done) -> Done {
    while !section.0.is_empty() {
        add(section.string()?)?;
    }
    Ok(())
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], InvalidRevocation> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(BROKEN)?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, InvalidRevocation> {
        self.take(1)?.first().copied().ok_or(BROKEN)
    }

    fn u32(&mut self) -> Result<u32, InvalidRevocation> {
        Ok(u32::from_be_bytes(self.take(4)?.try_into().map_err(|_| BROKEN)?))
    }

    fn u64(&mut self) -> Result<u64, InvalidRevocation> {
        Ok(u64::from_be_bytes(self.take(8)?.try_into().map_err(|_| BROKEN)?))
    }

    fn string(&mut self) -> Result<&'a [u8], InvalidRevocation> {
        let length = usize::try_from(self.u32()?).map_err(|_| BROKEN)?;
        self.take(length)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::revocation::Presented;

    fn string(bytes: &[u8]) -> Vec<u8> {
        let mut text = u32::try_from(bytes.len()).unwrap().to_be_bytes().to_vec();
        text.extend_from_slice(bytes);
        text
    }

    fn key(number: u8) -> HostKey {
        let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
        blob.extend_from_slice(&[number; 32]);
        HostKey::from_blob(&blob).unwrap()
    }

    fn list(sections: &[(u8, Vec<u8>)]) -> Vec<u8> {
        let mut all = MAGIC.to_vec();
        all.extend_from_slice(&1u32.to_be_bytes());
        all.extend_from_slice(&[0; 24]);
        all.extend(string(b""));
        all.extend(string(b"a comment"));
        for (kind, section) in sections {
            all.push(*kind);
            all.extend(string(section));
        }
        all
    }

    fn of_authority(number: u8, kind: u8, entries: &[u8]) -> Vec<u8> {
        let mut section = string(key(number).blob());
        section.extend(string(b""));
        section.push(kind);
        section.extend(string(entries));
        section
    }

    #[test]
    fn numbers_count_for_their_authority_alone() {
        let mut bits = 100u64.to_be_bytes().to_vec();
        bits.extend(string(&[0b10, 0b1]));
        let bytes = list(&[
            (1, of_authority(1, 0x20, &7u64.to_be_bytes())),
            (1, of_authority(1, 0x22, &bits)),
            (1, of_authority(2, 0x23, &string(b"jane"))),
            (2, string(key(5).blob())),
        ]);
        let mut revoked = Revoked::default();
        revoked.add_file(&bytes).unwrap();
        let is = |ca: u8, serial, id| {
            let (authority, key) = (&key(ca), &key(9));
            revoked.revokes(Presented { authority, key, serial, id })
        };
        assert!(is(1, 7, "x") && is(1, 100, "x") && is(1, 109, "x") && is(2, 1, "jane"));
        assert!(!is(2, 7, "x") && !is(1, 101, "x") && !is(1, 1, "jane"));
        assert!(revoked.revokes_key(&key(5)) && !revoked.revokes_key(&key(1)));
    }

    #[test]
    fn a_list_that_can_not_be_read_whole_is_not_taken() {
        let whole = list(&[(2, string(key(5).blob())), (2, string(key(6).blob()))]);
        for length in MAGIC.len()..whole.len() {
            let mut revoked = Revoked::default();
            if revoked.add_file(whole.get(..length).unwrap()).is_err() {
                assert!(revoked.is_empty(), "{length}");
            }
        }
        let mut revoked = Revoked::default();
        assert!(revoked.add_file(&list(&[(77, Vec::new())])).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut all = list(&[]);
            all.extend(bytes);
            let _ = Revoked::default().add_file(&all);
        }
    }
}
