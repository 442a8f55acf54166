//! HMACs of real devices, and what they vouch for.

use proptest::prelude::*;

use super::*;

const ED25519: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN9nFxKWxLf74gaHLg3HqW6q8vuF4dYqdCw3ulT8nJII";

/// The binary form made of these parts.
fn blob(parts: &[&[u8]]) -> Vec<u8> {
    let mut blob = Vec::new();
    for part in parts {
        blob.extend((part.len() as u32).to_be_bytes());
        blob.extend(*part);
    }
    blob
}

fn junos_vector() -> (Secret, HostKey, String) {
    let vectors = include_str!("../../../../testdata/junos-vectors.json");
    let vectors: serde_json::Value = serde_json::from_str(vectors).unwrap();
    let vector = &vectors["hmac"][0];
    let text = |name: &str| vector[name].as_str().unwrap();
    (Secret::new(text("secret")), HostKey::parse(text("host_key")).unwrap(), text("hmac").into())
}

#[test]
fn the_hmac_of_a_real_device_is_computed() {
    let (secret, key, hmac) = junos_vector();
    assert_eq!(Mac::compute(&secret, &key).to_string(), hmac);
}

#[test]
fn the_hmac_of_a_real_device_vouches_in_either_case_of_its_digits() {
    let (secret, key, hmac) = junos_vector();
    for text in [hmac.clone(), hmac.to_uppercase()] {
        let mac = Mac::parse(&text).unwrap();
        assert_eq!(key.clone().vouch(&mac, &secret).unwrap().key(), &key);
    }
}

#[test]
fn an_hmac_vouches_for_no_other_key_and_with_no_other_secret() {
    let (secret, key, hmac) = junos_vector();
    let mac = Mac::parse(&hmac).unwrap();
    assert_eq!(key.clone().vouch(&mac, &Secret::new("juniper123")), Err(NotVouched));
    assert_eq!(HostKey::parse(ED25519).unwrap().vouch(&mac, &secret), Err(NotVouched));
}

#[test]
fn a_secret_longer_than_a_block_is_hashed_first() {
    // HMAC-SHA1 of RFC 2202 takes such keys the same way; 128 digits are usual in the field.
    let key = HostKey::parse(ED25519).unwrap();
    let long = "0123456789abcdef".repeat(8);
    let hashed = Secret::new(sha1::Sha1::digest(&long).to_vec());
    assert_eq!(Mac::compute(&Secret::new(long), &key), Mac::compute(&hashed, &key));
}

#[test]
fn an_hmac_is_40_hexadecimal_digits() {
    let digits = "7aa4440cc6a8fd12bc9f13ad1af8a28ea6cc1137";
    assert!(Mac::parse(digits).is_ok());
    for text in ["", &digits[1..], &format!("{digits}0"), &digits.replace('7', "g")] {
        assert_eq!(Mac::parse(text), Err(InvalidMac), "{text}");
    }
}

#[test]
fn fingerprints_and_texts_are_those_of_openssh() {
    let lines = include_str!("../../../../testdata/host-keys.txt").lines();
    for line in lines.filter(|line| !line.starts_with('#')) {
        let (fingerprint, text) = line.split_once(' ').unwrap();
        let key = HostKey::parse(text).unwrap();
        assert_eq!(key.fingerprint().to_string(), fingerprint);
        assert_eq!(Fingerprint::parse(fingerprint), Ok(key.fingerprint()));
        assert_eq!(key.text(), text);
        assert_eq!(key.algorithm(), text.split(' ').next().unwrap());
        assert_eq!(HostKey::from_blob(key.blob()), Ok(key));
    }
}

#[test]
fn security_keys_are_host_keys_too() {
    let point = [4; 65];
    let ecdsa: [&[u8]; 4] = [b"sk-ecdsa-sha2-nistp256@openssh.com", b"nistp256", &point, b"ssh:"];
    let ed25519: [&[u8]; 3] = [b"sk-ssh-ed25519@openssh.com", &[7; 32], b"ssh:"];
    for parts in [&ecdsa[..], &ed25519[..]] {
        let key = HostKey::from_blob(&blob(parts)).unwrap();
        assert_eq!(key.signature_algorithms(), [key.algorithm()]);
        assert_eq!(HostKey::parse(&key.text()), Ok(key));
    }
}

#[test]
fn a_comment_is_not_part_of_the_key() {
    let plain = HostKey::parse(ED25519).unwrap();
    assert_eq!(HostKey::parse(&format!(" {ED25519}  root@r1 of site 7\n")), Ok(plain));
}

#[test]
fn an_rsa_key_is_asked_for_with_the_newest_signature_first() {
    let (_, key, _) = junos_vector();
    assert_eq!(key.signature_algorithms(), ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"]);
}

#[test]
fn text_that_is_no_key_is_refused_by_name() {
    let cases = [
        ("", "host-key-syntax"),
        ("ssh-ed25519", "host-key-syntax"),
        ("ssh-ed25519 AAA*", "host-key-base64"),
        (&ED25519[..40], "host-key-malformed"),
        ("ssh-new AAAA", "host-key-unknown-type"),
        ("ssh-rsa-cert-v01@openssh.com AAAA", "host-key-certificate"),
        (&ED25519.replace("ssh-ed25519 ", "ssh-rsa "), "host-key-type-mismatch"),
    ];
    for (text, code) in cases {
        let error = HostKey::parse(text).unwrap_err();
        assert_eq!(error.code(), code, "{text}: {error}");
    }
    let long = format!("ssh-rsa {}", "A".repeat(8192));
    assert_eq!(HostKey::parse(&long), Err(HostKeyError::TooLong));
}

#[test]
fn a_blob_with_wrong_parts_is_refused() {
    let cases: [&[&[u8]]; 8] = [
        &[b"ssh-ed25519", &[7; 31]],
        &[b"ssh-ed25519", &[7; 32], b""],
        &[b"ssh-ed25519"],
        &[b"ssh-rsa", &[1, 0, 1], &[0x80, 1]],
        &[b"ssh-rsa", &[0, 1, 0, 1], &[0x70, 1]],
        &[b"ssh-rsa", &[], &[1]],
        &[b"ecdsa-sha2-nistp256", b"nistp384", &[4; 65]],
        &[b"ecdsa-sha2-nistp256", b"nistp256", &[4; 64]],
    ];
    for parts in cases {
        let error = HostKey::from_blob(&blob(parts)).unwrap_err();
        assert_eq!(error.code(), "host-key-malformed", "{parts:?}");
    }
    assert_eq!(HostKey::from_blob(b"\0\0\0\x09ssh"), Err(HostKeyError::NotAKey));
}

#[test]
fn a_fingerprint_is_read_with_and_without_padding() {
    let text = "SHA256:35EVfyY+rYgxuCFiBBdYt2wYnOK2OBnW7JiLo2z9XNk";
    assert_eq!(Fingerprint::parse(&format!("{text}=")), Fingerprint::parse(text));
    assert_eq!(Fingerprint::parse(text).unwrap().to_string(), text);
    for text in ["", "SHA256:", "MD5:35:EV", &text[..40], &text.replace('3', "!")] {
        assert_eq!(Fingerprint::parse(text), Err(InvalidFingerprint), "{text}");
    }
}

#[test]
fn a_secret_is_never_printed() {
    let secret = Secret::new("Juniper123");
    assert_eq!(format!("{secret} {secret:?}"), "<secret> <secret>");
}

#[test]
fn keys_and_fingerprints_are_json_strings() {
    let key = HostKey::parse(ED25519).unwrap();
    let json = serde_json::to_string(&(&key, key.fingerprint())).unwrap();
    let read: (HostKey, Fingerprint) = serde_json::from_str(&json).unwrap();
    assert_eq!(read, (key.clone(), key.fingerprint()));
    assert!(serde_json::from_str::<HostKey>("\"ssh-rsa\"").is_err());
}

proptest! {
    #[test]
    fn no_text_and_no_bytes_make_it_panic(text: String, bytes: Vec<u8>) {
        let _ = HostKey::parse(&text);
        let _ = HostKey::parse(&format!("ssh-ed25519 {text}"));
        let _ = HostKey::from_blob(&bytes);
        let _ = Fingerprint::parse(&text);
        let _ = Mac::parse(&text);
    }

    #[test]
    fn a_key_survives_its_text(bytes: [u8; 32], comment in "[a-z@ ]*") {
        let key = HostKey::from_blob(&blob(&[b"ssh-ed25519", &bytes])).unwrap();
        prop_assert_eq!(HostKey::parse(&format!("{key} {comment}")), Ok(key));
    }
}
