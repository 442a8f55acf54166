//! Secrets and passwords at rest: AES-256-GCM under a key beside the database.
//!
//! ```text
//! sealed = 0x01 | key number (4) | nonce (12) | ciphertext | tag (16)
//! associated data = "homing" 0x00 column 0x00 device name
//! ```
//!
//! `secret.key` holds one or more keys of 32 bytes. The first seals; each of them unseals what it sealed, so a new
//! key is put in front and the old one kept until everything is sealed anew. A key's number is the start of its
//! SHA-256. Source: NIST SP 800-38D.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::digest;
use zeroize::Zeroizing;

use super::error::{OpenError, UnsealError};
use super::folder::{DataFolder, check_private, private_file};
use crate::random;

const KEY_LEN: usize = 32;
const NUMBER_LEN: usize = 4;
const FORMAT: u8 = 1;
const FILE: &str = "secret.key";

/// What is sealed: which column of which device.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) column: &'static str,
    pub(super) device: &'a str,
}

impl Place<'_> {
    fn associated_data(&self) -> Aad<Vec<u8>> {
        Aad::from(format!("homing\0{}\0{}", self.column, self.device).into_bytes())
    }
}

struct Key {
    number: [u8; NUMBER_LEN],
    cipher: RandomizedNonceKey,
}

/// The keys of `secret.key`.
pub(super) struct Sealer {
    first: Key,
    older: Vec<Key>,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer(<secret>)")
    }
}

impl Sealer {
    /// Reads the key file, or makes one for a folder that has no database yet.
    pub(super) fn load_or_create(folder: &DataFolder) -> Result<Self, OpenError> {
        let path = folder.file(FILE);
        if !path.exists() {
            if is_used(&folder.file("homing.db")) {
                return Err(OpenError::KeyMissing { path });
            }
            create(folder, &path)?;
        }
        check_private(&path)?;
        let bytes = fs::read(&path).map_err(|e| OpenError::files("read", &path, &e))?;
        let bytes = Zeroizing::new(bytes);
        Self::new(&bytes).ok_or(OpenError::KeyMalformed { path, len: bytes.len() })
    }

    fn new(bytes: &[u8]) -> Option<Self> {
        if !bytes.len().is_multiple_of(KEY_LEN) {
            return None;
        }
        let mut keys = bytes.chunks_exact(KEY_LEN).map(Key::new);
        let first = keys.next()??;
        let older = keys.collect::<Option<Vec<_>>>()?;
        Some(Self { first, older })
    }

    /// Seals `plain` for its place. None only if the cryptography library fails.
    pub(super) fn seal(&self, place: Place<'_>, plain: &[u8]) -> Option<Vec<u8>> {
        let mut text = plain.to_vec();
        let cipher = &self.first.cipher;
        let nonce = cipher.seal_in_place_append_tag(place.associated_data(), &mut text).ok()?;
        let mut sealed = Vec::with_capacity(1 + NUMBER_LEN + NONCE_LEN + text.len());
        sealed.push(FORMAT);
        sealed.extend_from_slice(&self.first.number);
        sealed.extend_from_slice(nonce.as_ref());
        sealed.extend_from_slice(&text);
        Some(sealed)
    }

    /// Opens what [`Self::seal`] made for the same place.
    pub(super) fn unseal(
        &self,
        place: Place<'_>,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, UnsealError> {
        let (number, nonce, text) = split(sealed).ok_or(UnsealError::Altered)?;
        let key = std::iter::once(&self.first)
            .chain(&self.older)
            .find(|key| key.number == number)
            .ok_or(UnsealError::AnotherKey)?;
        let mut text = Zeroizing::new(text.to_vec());
        let nonce = Nonce::assume_unique_for_key(nonce);
        let plain = key.cipher.open_in_place(nonce, place.associated_data(), &mut text);
        let len = plain.map_err(|_| UnsealError::Altered)?.len();
        text.truncate(len);
        Ok(text)
    }
}

impl Key {
    fn new(bytes: &[u8]) -> Option<Self> {
        let digest = digest::digest(&digest::SHA256, bytes);
        let number = digest.as_ref().first_chunk().copied()?;
        let cipher = RandomizedNonceKey::new(&AES_256_GCM, bytes).ok()?;
        Some(Self { number, cipher })
    }
}

fn split(sealed: &[u8]) -> Option<([u8; NUMBER_LEN], [u8; NONCE_LEN], &[u8])> {
    let (format, rest) = sealed.split_first()?;
    let (number, rest) = rest.split_first_chunk()?;
    let (nonce, text) = rest.split_first_chunk()?;
    (*format == FORMAT).then_some((*number, *nonce, text))
}

fn is_used(database: &Path) -> bool {
    fs::metadata(database).is_ok_and(|meta| meta.len() > 0)
}

/// Writes a fresh key under another name first, so that a crash never leaves half a key.
fn create(folder: &DataFolder, path: &Path) -> Result<(), OpenError> {
    let key = random::bytes::<KEY_LEN>().map_err(|error| OpenError::Files {
        action: "make a random key for",
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    let draft = folder.file("secret.key.new");
    private_file()
        .create(true)
        .write(true)
        .truncate(true)
        .open(&draft)
        .and_then(|mut file| file.write_all(&*key).and_then(|()| file.sync_all()))
        .map_err(|e| OpenError::files("write", &draft, &e))?;
    fs::rename(&draft, path).map_err(|e| OpenError::files("make", path, &e))?;
    folder.sync()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: Place<'_> = Place { column: "secret", device: "mx1" };

    #[test]
    fn what_is_sealed_can_be_unsealed_only_in_its_place() {
        let sealer = Sealer::new(&[7; 32]).unwrap();
        let sealed = sealer.seal(SECRET, b"s3cret").unwrap();
        assert_eq!(&**sealer.unseal(SECRET, &sealed).unwrap(), b"s3cret");
        for place in [Place { device: "mx2", ..SECRET }, Place { column: "password", ..SECRET }] {
            assert_eq!(sealer.unseal(place, &sealed), Err(UnsealError::Altered));
        }
    }

    #[test]
    fn every_altered_byte_is_noticed() {
        let sealer = Sealer::new(&[7; 32]).unwrap();
        let sealed = sealer.seal(SECRET, b"s3cret").unwrap();
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(sealer.unseal(SECRET, &altered).is_err(), "byte {at}");
            assert!(sealer.unseal(SECRET, &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn the_same_secret_never_looks_the_same() {
        let sealer = Sealer::new(&[7; 32]).unwrap();
        assert_ne!(sealer.seal(SECRET, b"x"), sealer.seal(SECRET, b"x"));
    }

    #[test]
    fn an_older_key_still_unseals_and_a_foreign_one_does_not() {
        let old = Sealer::new(&[7; 32]).unwrap();
        let sealed = old.seal(SECRET, b"x").unwrap();
        let both = [[8; 32], [7; 32]].concat();
        let rotated = Sealer::new(&both).unwrap();
        assert_eq!(&**rotated.unseal(SECRET, &sealed).unwrap(), b"x");
        let newly = rotated.seal(SECRET, b"x").unwrap();
        assert_eq!(old.unseal(SECRET, &newly), Err(UnsealError::AnotherKey));
    }

    #[test]
    fn a_key_file_of_odd_length_is_refused() {
        for len in [0, 1, 31, 33, 63] {
            assert!(Sealer::new(&vec![0; len]).is_none(), "{len}");
        }
    }
}
