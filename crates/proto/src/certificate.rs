//! The fingerprint of a TLS certificate: SHA-256, as browsers and `openssl x509 -fingerprint` show it.
//!
//! ```text
//!   SHA256:3A:5F:…:0C     32 bytes in hexadecimal; read with or without `SHA256:`, colons and capitals
//! ```

use std::fmt;
use std::str::FromStr;

use crate::api::Timestamp;
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

/// When a certificate ends: `notAfter` of its DER.
///
/// ```text
///   Certificate { TBSCertificate { [0] version?, serial, algorithm, issuer, Validity { notBefore, notAfter }, … } … }
/// ```
///
/// None for what is no certificate. Nothing of it is believed but the date. Source: RFC 5280 §4.1.
#[must_use]
pub fn ends_at(der: &[u8]) -> Option<Timestamp> {
    let (_, certificate, _) = element(der)?;
    let (_, mut rest, _) = element(certificate)?;
    if let (VERSION, _, after) = element(rest)? {
        rest = after;
    }
    for _ in ["serial", "algorithm", "issuer"] {
        (_, _, rest) = element(rest)?;
    }
    let (_, validity, _) = element(rest)?;
    let (_, _, after) = element(validity)?;
    let (kind, text, _) = element(after)?;
    moment(kind, std::str::from_utf8(text).ok()?)
}

const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// One element: its tag, what is in it, what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, mut rest) = rest.split_first()?;
    let mut length = usize::from(*first);
    if length > 127 {
        let (bytes, after) = rest.split_at_checked(length - 128)?;
        if bytes.len() > 4 {
            return None;
        }
        length = bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        rest = after;
    }
    let (within, after) = rest.split_at_checked(length)?;
    Some((*tag, within, after))
}

/// `YYMMDDHHMMSSZ`, of 1950 to 2049, or `YYYYMMDDHHMMSSZ`.
fn moment(kind: u8, text: &str) -> Option<Timestamp> {
    let digits = text.strip_suffix('Z').filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?;
    let digits = match (kind, digits.len()) {
        (UTC_TIME, 12) if digits < "5" => format!("20{digits}"),
        (UTC_TIME, 12) => format!("19{digits}"),
        (GENERALIZED_TIME, 14) => digits.to_owned(),
        _ => return None,
    };
    let part = |range: std::ops::Range<usize>| digits.get(range);
    let (year, month, day) = (part(0..4)?, part(4..6)?, part(6..8)?);
    let (hour, minute, second) = (part(8..10)?, part(10..12)?, part(12..14)?);
    format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z").parse().ok()
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

    #[test]
    fn the_end_of_a_certificate_is_read_in_both_its_forms() {
        let certificate = |kind: u8, end: &str| {
            let nest = |tag: u8, parts: &[&[u8]]| {
                let within = parts.concat();
                let length = u8::try_from(within.len()).unwrap();
                [&[tag, length], within.as_slice()].concat()
            };
            let validity =
                nest(0x30, &[&nest(UTC_TIME, &[b"200101000000Z"]), &nest(kind, &[end.as_bytes()])]);
            let empty = nest(0x30, &[]);
            let version = nest(VERSION, &[&[2, 1, 2]]);
            nest(0x30, &[&nest(0x30, &[&version, &[2, 1, 7], &empty, &empty, &validity])])
        };
        let ends = |kind, end| ends_at(&certificate(kind, end)).map(|at| at.to_string());
        assert_eq!(ends(UTC_TIME, "300102030405Z").as_deref(), Some("2030-01-02T03:04:05Z"));
        assert_eq!(ends(UTC_TIME, "990102030405Z").as_deref(), Some("1999-01-02T03:04:05Z"));
        let far = ends(GENERALIZED_TIME, "20510102030405Z");
        assert_eq!(far.as_deref(), Some("2051-01-02T03:04:05Z"));
        for wrong in ["", "Z", "300102030405", "301302030405Z", "3001020304é5Z"] {
            assert_eq!(ends(UTC_TIME, wrong), None, "{wrong}");
        }
        let whole = certificate(UTC_TIME, "300102030405Z");
        for cut in 0..whole.len() {
            assert_eq!(ends_at(&whole[..cut]), None, "{cut}");
        }
    }
}
