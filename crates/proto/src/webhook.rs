//! Webhooks: how a delivery is signed, and when it is tried again.
//!
//! ```text
//!   Homing-Signature: t=1763909878,v1=HEX      HEX = HMAC-SHA256(secret, "1763909878." body)
//!
//!   failed ──1 s──▶ again ──2 s──▶ again ──4 s──▶ … at most 10 min apart ──▶ dead after so many in a row
//! ```
//!
//! The time is signed too: a receiver refuses what is older than a few minutes, so that nothing can be sent again.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac as _};
use sha2::Sha256;

use crate::api::Timestamp;
use crate::hex::hex;

/// The header of the signature.
pub const SIGNATURE: &str = "homing-signature";
/// After so many failures in a row nothing is tried any more: about four hours.
pub const DEAD_AFTER: u32 = 32;

/// The value of the header [`SIGNATURE`].
#[must_use]
pub fn signature(secret: &[u8], at: Timestamp, body: &[u8]) -> String {
    let seconds = at.as_second();
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return String::new() };
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body);
    let digest = mac.finalize().into_bytes();
    let digits = hex(&digest);
    format!("t={seconds},v1={digits}")
}

/// How long to wait after so many failures in a row; none: the webhook is dead.
#[must_use]
pub fn pause(failures: u32) -> Option<Duration> {
    const LONGEST: u64 = 600;
    let exponent = failures.saturating_sub(1).min(16);
    (failures < DEAD_AFTER).then(|| Duration::from_secs((1 << exponent).min(LONGEST)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_over_time_and_body() {
        let at = Timestamp::from_second(1_763_909_878).unwrap();
        let one = signature(b"key", at, b"{}");
        // printf '1763909878.{}' | openssl dgst -sha256 -hmac key
        let (time, digits) = one.split_once(",v1=").unwrap();
        assert_eq!((time, digits.len()), ("t=1763909878", 64));
        let later = Timestamp::from_second(1_763_909_879).unwrap();
        for other in [
            signature(b"kez", at, b"{}"),
            signature(b"key", later, b"{}"),
            signature(b"key", at, b"{ }"),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn attempts_come_ever_more_rarely_until_none_does() {
        let pauses: Vec<u64> =
            (1..=12).map(|failures| pause(failures).unwrap().as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
        assert_eq!(pause(DEAD_AFTER), None);
    }
}
