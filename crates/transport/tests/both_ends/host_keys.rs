//! The device's key: offered, proven, checked.

use std::time::Duration;

use homing_proto::admission::Offer;
use homing_proto::fault::Fault;
use homing_proto::host_key::HostKey;
use homing_transport::device_link::*;
use homing_transport::device_server::ServerSettings;
use homing_transport::keys::KeyKind;
use homing_transport::spool::Budget;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use crate::device::*;

/// As the gateway offers it to a device whose key it knows.
fn only(key: &HostKey) -> HostKeyAlgorithms {
    HostKeyAlgorithms::Only(Offer::Keys(vec![key.clone()]).algorithms())
}

#[tokio::test]
async fn a_device_with_several_keys_presents_the_one_that_is_expected() {
    for kind in KeyKind::ALL {
        let keys = KeyKind::ALL.map(key).to_vec();
        let (stream, _device) = device(ServerSettings::new(keys, Budget::default()));
        let expected = key(kind).host_key().clone();
        let offer = only(&expected);
        let wanted = expected.clone();
        let check = async move |presented| presented == wanted;
        let link = connect(stream, &LinkSettings::default(), &offer, soon(), check).await.unwrap();
        assert_eq!(*link.host_key(), expected);
    }
}

#[tokio::test]
async fn a_wrong_host_key_is_refused_before_any_login() {
    let (stream, device) = device(settings(KeyKind::Ed25519));
    let offer = HostKeyAlgorithms::Any;
    let refused = connect(stream, &LinkSettings::default(), &offer, soon(), async |_| false).await;
    assert_eq!(refused.unwrap_err(), LinkError::KeyRefused);
    let closed = device.ended.await.unwrap();
    assert_eq!(closed.reason.fault(), Fault::Network, "{closed}");
}

#[tokio::test]
async fn a_key_of_another_type_than_expected_is_no_common_algorithm() {
    let (stream, _device) = device(settings(KeyKind::EcdsaP256));
    let offer = only(key(KeyKind::Ed25519).host_key());
    let refused = connect(stream, &LinkSettings::default(), &offer, soon(), async |_| true).await;
    let error = refused.unwrap_err();
    assert_eq!(error.code(), "no-common-algorithm");
    assert!(error.to_string().contains("ecdsa-sha2-nistp256"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_check_may_hold_the_connection_while_an_operator_decides() {
    let (stream, _device) = device(settings(KeyKind::Ed25519));
    let deadline = Instant::now() + Duration::from_secs(10);
    let check = async |_| {
        tokio::time::sleep(Duration::from_secs(20)).await;
        true
    };
    let any = HostKeyAlgorithms::Any;
    let held = connect(stream, &LinkSettings::default(), &any, deadline, check).await.unwrap();
    let credential = Credential::Key(key(KeyKind::Ed25519));
    held.log_in("netops", &[credential], soon()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_device_that_says_nothing_is_given_up_at_the_deadline() {
    let (near, mut far) = tokio::io::duplex(4096);
    let any = HostKeyAlgorithms::Any;
    let given_up = connect(near, &LinkSettings::default(), &any, soon(), async |_| true).await;
    assert_eq!(given_up.unwrap_err(), LinkError::Deadline);
    let mut said = Vec::new();
    far.read_to_end(&mut said).await.unwrap();
    assert!(said.starts_with(b"SSH-2.0-Homing_"), "the stream was let go");
}

#[tokio::test(start_paused = true)]
async fn a_device_that_stops_in_the_middle_of_the_exchange_is_let_go_too() {
    let (near, mut far) = tokio::io::duplex(4096);
    far.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").await.unwrap();
    let any = HostKeyAlgorithms::Any;
    let given_up = connect(near, &LinkSettings::default(), &any, soon(), async |_| true).await;
    assert_eq!(given_up.unwrap_err(), LinkError::Deadline);
    far.read_to_end(&mut Vec::new()).await.unwrap();
}

#[tokio::test]
async fn a_peer_that_is_no_ssh_server_is_a_protocol_error() {
    let (near, mut far) = tokio::io::duplex(4096);
    far.write_all(b"SSH-1.5-ancient\r\n".repeat(30).as_slice()).await.unwrap();
    let any = HostKeyAlgorithms::Any;
    let error =
        connect(near, &LinkSettings::default(), &any, soon(), async |_| true).await.unwrap_err();
    assert_eq!(error.code(), "ssh-protocol-error");
}
