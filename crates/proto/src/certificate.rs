//! The fingerprint of a TLS certificate: SHA-256, as browsers and `openssl x509 -fingerprint` show it.
//!
//! ```text
//!   SHA256:3A:5F:…:0C     32 bytes in hexadecimal; read with or without `SHA256:`, colons and capitals
//! ```

use std::fmt;
use std::str::FromStr;

use crate::fault::Fault;

/// The SHA-256 of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CertificateFingerprint([u8; 32]);

/// Text that is no fingerprint of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected the SHA-256 fingerprint of a certificate: SHA256: and 32 bytes in hexadecimal")]
pub struct InvalidFingerprint;

impl InvalidFingerprint {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        "invalid-fingerprint"
    }

    /// Who must act.
    #[must_use]
    pub fn fault(self) -> Fault {
        Fault::Operator
    }
}

impl CertificateFingerprint {
    /// Of a digest that was computed.
    #[must_use]
    pub fn new(digest: [u8; 32]) -> Self {
        Self(digest)
    }
}

impl fmt::Display for CertificateFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SHA256")?;
        self.0.iter().try_for_each(|byte| write!(f, ":{byte:02X}"))
    }
}

impl FromStr for CertificateFingerprint {
    type Err = InvalidFingerprint;

    fn from_str(text: &str) -> Result<Self, InvalidFingerprint> {
        let text = text.trim();
        let prefix = text.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("sha256:"));
        let digits = if prefix { text.get(7..).unwrap_or_default() } else { text };
        let digits: Vec<u8> = digits.bytes().filter(|byte| *byte != b':').collect();
        let mut digest = [0; 32];
        if digits.len() != 2 * digest.len() {
            return Err(InvalidFingerprint);
        }
        for (byte, pair) in digest.iter_mut().zip(digits.chunks_exact(2)) {
            // Signs, which numbers may have, are no digits.
            let pair = std::str::from_utf8(pair).map_err(|_| InvalidFingerprint)?;
            if !pair.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return Err(InvalidFingerprint);
            }
            *byte = u8::from_str_radix(pair, 16).map_err(|_| InvalidFingerprint)?;
        }
        Ok(Self(digest))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_is_read_in_every_spelling() {
        let fingerprint = CertificateFingerprint::new([0xab; 32]);
        let shown = fingerprint.to_string();
        assert!(shown.starts_with("SHA256:AB:AB:"));
        for text in [shown.to_lowercase(), shown.replace("SHA256:", ""), "ab".repeat(32)] {
            assert_eq!(text.parse(), Ok(fingerprint), "{text}");
        }
        for text in ["", "SHA256:", "SHA256:AB", &"+a".repeat(32), &"é".repeat(32)] {
            assert_eq!(text.parse::<CertificateFingerprint>(), Err(InvalidFingerprint), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(digest: [u8; 32]) {
            let fingerprint = CertificateFingerprint::new(digest);
            prop_assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,100}") {
            let _ = text.parse::<CertificateFingerprint>();
        }
    }
}
