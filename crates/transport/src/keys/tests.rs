//! Private keys as text and as files.

use std::os::unix::fs::PermissionsExt;

use super::*;

#[test]
fn every_kind_reads_back_what_it_wrote() {
    for kind in KeyKind::ALL {
        let key = PrivateKey::generate(kind).unwrap();
        let again = PrivateKey::parse(&key.to_pem()).unwrap();
        assert_eq!(key.host_key(), again.host_key());
        assert_eq!(HostKey::parse(&key.public_text("me@here")).unwrap(), *key.host_key());
    }
}

#[test]
fn an_rsa_key_has_3072_bits() {
    let key = PrivateKey::generate(KeyKind::Rsa3072).unwrap();
    assert_eq!(key.host_key().algorithm(), "ssh-rsa");
    // name 4+7, exponent 4+3, modulus 4+1+384
    assert_eq!(key.host_key().blob().len(), 4 + 7 + 4 + 3 + 4 + 1 + 384);
}

#[test]
fn a_private_key_is_never_printed() {
    let key = PrivateKey::generate(KeyKind::Ed25519).unwrap();
    let shown = format!("{key:?}");
    assert!(shown.contains("<secret>") && shown.contains("SHA256:"), "{shown}");
    assert!(!key.to_pem().lines().any(|line| shown.contains(line)));
}

#[test]
fn the_public_line_stays_one_line() {
    let key = PrivateKey::generate(KeyKind::Ed25519).unwrap();
    assert_eq!(key.public_text("a\nb\r\0c"), format!("{} abc", key.host_key().text()));
    assert_eq!(key.public_text(""), key.host_key().text());
}

#[test]
fn text_that_is_no_key_is_refused() {
    for text in
        ["", "hello", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n"]
    {
        assert_eq!(PrivateKey::parse(text).unwrap_err(), KeyError::NotOpenssh);
    }
}

#[test]
fn a_key_file_is_made_once_with_mode_0600() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("id_ed25519");
    let made = PrivateKey::load_or_create(&path, KeyKind::Ed25519).unwrap();
    let read = PrivateKey::load_or_create(&path, KeyKind::Ed25519).unwrap();
    assert_eq!(made.host_key(), read.host_key());
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(folder.path().read_dir().unwrap().count(), 1, "no temporary file is left");
}

#[test]
fn many_who_start_at_once_get_one_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let keys: Vec<_> = std::thread::scope(|scope| {
        let tasks: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| PrivateKey::load_or_create(&path, KeyKind::Ed25519).unwrap()))
            .collect();
        tasks.into_iter().map(|task| task.join().unwrap()).collect()
    });
    assert!(keys.iter().all(|key| key.host_key() == keys[0].host_key()));
}

#[test]
fn a_key_that_others_may_read_is_refused_with_the_cure() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    PrivateKey::load_or_create(&path, KeyKind::Ed25519).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = PrivateKey::load(&path).unwrap_err();
    assert_eq!(error.code(), "key-file-too-open");
    assert!(error.to_string().contains("chmod 600"), "{error}");
}

#[test]
fn a_damaged_key_file_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, "half a key").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let error = PrivateKey::load_or_create(&path, KeyKind::Ed25519).unwrap_err();
    assert_eq!(error.code(), "private-key-unreadable");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "half a key");
}
