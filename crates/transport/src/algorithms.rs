//! Which algorithms are offered, in which order.
//!
//! AES-GCM first: where the processor has AES it is twice as fast as ChaCha20. No SHA-1 but in `ssh-rsa` host keys, which old
//! devices have; no compression.

use std::borrow::Cow;

use russh::keys::Algorithm;
use russh::{Names, Preferred, cipher, compression, kex, mac};

const CIPHERS: &[cipher::Name] = &[
    cipher::AES_256_GCM,
    cipher::AES_128_GCM,
    cipher::CHACHA20_POLY1305,
    cipher::AES_256_CTR,
    cipher::AES_192_CTR,
    cipher::AES_128_CTR,
];

const MACS: &[mac::Name] =
    &[mac::HMAC_SHA256_ETM, mac::HMAC_SHA512_ETM, mac::HMAC_SHA256, mac::HMAC_SHA512];

/// Key exchanges, the post-quantum hybrid first.
const EXCHANGES: &[kex::Name] = &[
    kex::MLKEM768X25519_SHA256,
    kex::CURVE25519,
    kex::CURVE25519_PRE_RFC_8731,
    kex::ECDH_SHA2_NISTP256,
    kex::ECDH_SHA2_NISTP384,
    kex::ECDH_SHA2_NISTP521,
    kex::DH_GEX_SHA256,
    kex::DH_G16_SHA512,
    kex::DH_G18_SHA512,
    kex::DH_G14_SHA256,
    kex::EXTENSION_SUPPORT_AS_CLIENT,
    kex::EXTENSION_SUPPORT_AS_SERVER,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_SERVER,
];

/// Key exchanges of devices from before 2016: SHA-1, and moduli that were broken.
const OLD_EXCHANGES: &[kex::Name] = &[kex::DH_G14_SHA1, kex::DH_GEX_SHA1, kex::DH_G1_SHA1];

/// Ciphers of such devices.
const OLD_CIPHERS: &[cipher::Name] =
    &[cipher::AES_256_CBC, cipher::AES_192_CBC, cipher::AES_128_CBC];

/// MACs of such devices.
const OLD_MACS: &[mac::Name] = &[mac::HMAC_SHA1_ETM, mac::HMAC_SHA1];

/// What of it only old devices need, if a key exchange came to that.
pub(crate) fn old_one(names: &Names) -> Option<String> {
    let macs = [&names.client_mac, &names.server_mac];
    let kex = OLD_EXCHANGES.contains(&names.kex).then(|| names.kex.as_ref());
    let cipher = OLD_CIPHERS.contains(&names.cipher).then(|| names.cipher.as_ref());
    let mac = macs.into_iter().find(|mac| OLD_MACS.contains(mac)).map(|mac| mac.as_ref());
    let old: Vec<&str> = [kex, cipher, mac].into_iter().flatten().collect();
    (!old.is_empty()).then(|| old.join(", "))
}

/// Adds what old devices need, after everything better.
pub(crate) fn with_old(preferred: Preferred) -> Preferred {
    // The library's markers of extensions may stand anywhere in the list.
    let kex = [preferred.kex.as_ref(), OLD_EXCHANGES].concat();
    let cipher = [preferred.cipher.as_ref(), OLD_CIPHERS].concat();
    let mac = [preferred.mac.as_ref(), OLD_MACS].concat();
    Preferred { kex: kex.into(), cipher: cipher.into(), mac: mac.into(), ..preferred }
}

/// What both legs offer; host keys as the library prefers them.
pub(crate) fn preferred(post_quantum: bool) -> Preferred {
    let exchanges = match EXCHANGES.split_first() {
        Some((_, classical)) if !post_quantum => classical,
        _ => EXCHANGES,
    };
    Preferred {
        kex: Cow::Borrowed(exchanges),
        cipher: Cow::Borrowed(CIPHERS),
        mac: Cow::Borrowed(MACS),
        compression: Cow::Borrowed(&[compression::NONE]),
        ..Preferred::DEFAULT
    }
}

/// Only those that authenticate what is encrypted.
const STRICT_MACS: &[mac::Name] = &[mac::HMAC_SHA256_ETM, mac::HMAC_SHA512_ETM];

/// Without the curves of NIST, and without finite fields: they are no more post-quantum than curve25519, which every client has.
const STRICT_EXCHANGES: &[kex::Name] = &[
    kex::MLKEM768X25519_SHA256,
    kex::CURVE25519,
    kex::CURVE25519_PRE_RFC_8731,
    kex::EXTENSION_SUPPORT_AS_SERVER,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_SERVER,
];

/// Those that a quantum computer would not break.
const POST_QUANTUM_EXCHANGES: &[kex::Name] = &[
    kex::MLKEM768X25519_SHA256,
    kex::EXTENSION_SUPPORT_AS_SERVER,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_SERVER,
];

/// What the front door offers.
pub(crate) fn strict(post_quantum_only: bool) -> Preferred {
    let exchanges = if post_quantum_only { POST_QUANTUM_EXCHANGES } else { STRICT_EXCHANGES };
    Preferred {
        kex: Cow::Borrowed(exchanges),
        cipher: Cow::Borrowed(CIPHERS),
        mac: Cow::Borrowed(STRICT_MACS),
        compression: Cow::Borrowed(&[compression::NONE]),
        ..Preferred::DEFAULT
    }
}

/// The library's names for signature algorithms such as `rsa-sha2-512`; those it does not know are left out.
pub(crate) fn host_key_algorithms(names: &[&str]) -> Vec<Algorithm> {
    names.iter().filter_map(|name| Algorithm::new(name).ok()).filter(is_usable).collect()
}

/// Whether signatures of this algorithm can be checked.
fn is_usable(algorithm: &Algorithm) -> bool {
    !matches!(algorithm, Algorithm::Dsa | Algorithm::Other(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn post_quantum_exchange_can_be_left_out() {
        assert_eq!(preferred(true).kex.first(), Some(&kex::MLKEM768X25519_SHA256));
        assert_eq!(preferred(false).kex.first(), Some(&kex::CURVE25519));
    }

    #[test]
    fn the_front_door_offers_nothing_weak_and_its_strictest_form_nothing_classical() {
        let weak = |name: &str| ["nistp", "group", "sha1"].iter().any(|part| name.contains(part));
        let offered = strict(false);
        let names: Vec<&str> = offered.kex.iter().map(|name| name.as_ref()).collect();
        assert!(!names.iter().any(|name| weak(name)), "{names:?}");
        assert!(offered.mac.iter().all(|name| name.as_ref().contains("-etm@")));
        assert_eq!(strict(true).kex.as_ref(), POST_QUANTUM_EXCHANGES);
    }

    #[test]
    fn what_is_old_is_offered_last_and_only_when_asked_for() {
        let plain = preferred(true);
        let old = with_old(preferred(true));
        assert!(!plain.kex.contains(&kex::DH_G14_SHA1) && !plain.mac.contains(&mac::HMAC_SHA1));
        assert!(old.kex.starts_with(&plain.kex) && old.kex.ends_with(OLD_EXCHANGES));
        assert!(old.cipher.starts_with(&plain.cipher) && old.mac.ends_with(OLD_MACS));
    }

    #[test]
    fn aes_gcm_is_offered_first() {
        let offered = preferred(true);
        assert_eq!(offered.cipher.first(), Some(&cipher::AES_256_GCM));
        assert_eq!(offered.compression.as_ref(), [compression::NONE]);
    }

    #[test]
    fn only_algorithms_whose_signatures_can_be_checked_are_offered() {
        let names = ["rsa-sha2-512", "ssh-rsa", "ssh-dss", "ssh-ed25519", "no-such-thing"];
        let known: Vec<_> =
            host_key_algorithms(&names).iter().map(|name| name.as_str().to_owned()).collect();
        assert_eq!(known, ["rsa-sha2-512", "ssh-rsa", "ssh-ed25519"]);
    }
}
