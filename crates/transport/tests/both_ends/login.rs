//! Who gets in, and what those who do not are told.

use std::time::Duration;

use homing_proto::host_key::Secret;
use homing_transport::device_link::*;
use homing_transport::device_server::{Authority, ServerSettings, serve};
use homing_transport::keys::{KeyKind, PrivateKey};
use homing_transport::{ClosedBy, Reason};

use crate::device::*;

#[tokio::test]
async fn each_kind_of_key_logs_in() {
    for kind in KeyKind::ALL {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let users = Users { key: key(kind).host_key().clone(), password: "" };
        let never = std::future::pending::<String>();
        let settings = settings(KeyKind::Ed25519);
        tokio::spawn(serve(far, settings, users.into(), Programs.into(), never));
        let credential = Credential::Key(key(kind));
        let link = reach(near).await.log_in("netops", &[credential], soon()).await.unwrap();
        assert!(link.ping(soon()).await.is_some(), "{kind:?}");
    }
}

#[tokio::test]
async fn a_password_logs_in() {
    let (stream, _device) = device(settings(KeyKind::Ed25519));
    let credential = Credential::Password(Secret::new("s3cret"));
    reach(stream).await.log_in("netops", &[credential], soon()).await.unwrap();
}

#[tokio::test]
async fn the_second_credential_is_tried_when_the_first_is_refused() {
    let (stream, _device) = device(settings(KeyKind::Ed25519));
    let wrong = Credential::Key(PrivateKey::generate(KeyKind::Ed25519).unwrap());
    let right = Credential::Password(Secret::new("s3cret"));
    reach(stream).await.log_in("netops", &[wrong, right], soon()).await.unwrap();
}

#[tokio::test]
async fn a_wrong_key_is_refused_and_the_offered_methods_are_told() {
    let (stream, device) = device(settings(KeyKind::Ed25519));
    let wrong = Credential::Key(PrivateKey::generate(KeyKind::Ed25519).unwrap());
    let error = reach(stream).await.log_in("netops", &[wrong], soon()).await.unwrap_err();
    assert_eq!(
        error,
        LogInError::Refused {
            user: "netops".into(),
            tried: vec!["publickey"],
            offered: vec!["publickey", "password"],
        }
    );
    assert_eq!(
        error.to_string(),
        "the device refused user netops by publickey; it offers publickey, password"
    );
    let closed = device.ended.await.unwrap();
    assert_eq!(closed.by, ClosedBy::Peer);
}

#[tokio::test(start_paused = true)]
async fn after_six_wrong_passwords_the_device_hangs_up() {
    let (stream, device) = device(settings(KeyKind::Ed25519));
    let wrong = vec![Credential::Password(Secret::new("wrong")); 12];
    let error = reach(stream).await.log_in("netops", &wrong, soon()).await.unwrap_err();
    assert!(matches!(error, LogInError::Closed(_)), "{error:?}");
    assert_eq!(device.ended.await.unwrap().reason, Reason::TooManyTries);
}

#[tokio::test(start_paused = true)]
async fn whoever_does_not_log_in_within_the_grace_is_cut() {
    let (stream, device) = device(settings(KeyKind::Ed25519));
    let waiting = reach(stream).await;
    let closed = device.ended.await.unwrap();
    assert_eq!((closed.by, closed.reason), (ClosedBy::Us, Reason::LoginGrace));
    drop(waiting);
}

#[tokio::test(start_paused = true)]
async fn a_device_that_never_answers_the_login_is_given_up_at_the_deadline() {
    /// Takes for ever to look up a user.
    struct Slow;
    impl Authority for Slow {
        type User = String;
        async fn check_key(&self, _: &str, _: &homing_proto::host_key::HostKey) -> Option<String> {
            std::future::pending().await
        }
        async fn check_password(&self, _: &str, _: &Secret) -> Option<String> {
            None
        }
    }
    let (near, far) = tokio::io::duplex(64 * 1024);
    let mut settings: ServerSettings = settings(KeyKind::Ed25519);
    settings.login_grace = Duration::from_secs(600);
    let never = std::future::pending::<String>();
    let device = tokio::spawn(serve(far, settings, Slow.into(), Programs.into(), never));
    let credential = Credential::Key(key(KeyKind::Ed25519));
    let error = reach(near).await.log_in("netops", &[credential], soon()).await.unwrap_err();
    assert_eq!(error, LogInError::Deadline);
    device.abort();
}
