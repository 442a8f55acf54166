//! Signs of life, silence, and the end.

use std::time::Duration;

use homing_transport::device_link::*;
use homing_transport::keys::KeyKind;
use homing_transport::{ClosedBy, Reason};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::device::*;

/// A stream whose peer can be frozen: nothing passes, nothing closes.
fn freezable() -> (DuplexStream, DuplexStream, watch::Sender<bool>) {
    let (near, middle_near) = tokio::io::duplex(64 * 1024);
    let (middle_far, far) = tokio::io::duplex(64 * 1024);
    let (freeze, frozen) = watch::channel(false);
    let (near_read, near_write) = tokio::io::split(middle_near);
    let (far_read, far_write) = tokio::io::split(middle_far);
    tokio::spawn(pass(near_read, far_write, frozen.clone()));
    tokio::spawn(pass(far_read, near_write, frozen));
    (near, far, freeze)
}

async fn pass(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut frozen: watch::Receiver<bool>,
) {
    let mut piece = vec![0; 16 * 1024];
    while let Ok(n) = from.read(&mut piece).await {
        if n == 0 || frozen.wait_for(|frozen| !frozen).await.is_err() {
            break;
        }
        if to.write_all(&piece[..n]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}

async fn log_in(stream: DuplexStream) -> DeviceLink {
    let credential = Credential::Key(key(KeyKind::Ed25519));
    reach(stream).await.log_in("netops", &[credential], soon()).await.unwrap()
}

#[tokio::test]
async fn a_ping_is_answered_and_counts_as_heard() {
    let (link, _device) = linked().await;
    let (received, sent) = link.counters();
    tokio::time::sleep(Duration::from_millis(20)).await;
    let before = Instant::now();
    let took = link.ping(soon()).await.unwrap();
    assert!(took < Duration::from_secs(5));
    assert!(link.last_heard() + Duration::from_millis(2) >= before);
    assert!(link.counters().0 > received && link.counters().1 > sent);
}

#[tokio::test(start_paused = true)]
async fn the_agent_hangs_up_on_a_frozen_gateway_after_retry_unanswered_keep_alives() {
    let (near, far, freeze) = freezable();
    let mut settings = settings(KeyKind::Ed25519);
    settings.keep_alive = Some((Duration::from_secs(15), 3));
    let device = device_on(far, settings);
    let link = log_in(near).await;
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert!(!device.ended.is_finished(), "answered keep-alives keep it open");
    freeze.send(true).unwrap();
    let start = Instant::now();
    let closed = device.ended.await.unwrap();
    assert_eq!((closed.by, closed.reason), (ClosedBy::Us, Reason::Silent));
    let took = start.elapsed();
    assert!(took > Duration::from_secs(45) && took < Duration::from_secs(61), "{took:?}");
    drop(link);
}

#[tokio::test(start_paused = true)]
async fn the_agent_notices_a_frozen_gateway_even_while_it_waits_to_write() {
    let (near, far, freeze) = freezable();
    let mut settings = settings(KeyKind::Ed25519);
    settings.keep_alive = Some((Duration::from_secs(15), 3));
    let device = device_on(far, settings);
    let link = log_in(near).await;
    let _flood = exec_on(&link, "flood 8").await;
    freeze.send(true).unwrap();
    let start = Instant::now();
    assert_eq!(device.ended.await.unwrap().reason, Reason::Silent);
    assert!(start.elapsed() < Duration::from_secs(70), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_frozen_device_does_not_answer_and_closing_it_takes_no_more_than_a_moment() {
    let (near, far, freeze) = freezable();
    let _device = device_on(far, settings(KeyKind::Ed25519));
    let link = log_in(near).await;
    let (_, mut writer) = exec_on(&link, "count").await.split();
    freeze.send(true).unwrap();
    assert_eq!(link.ping(Instant::now() + Duration::from_secs(15)).await, None);
    let writing = tokio::spawn(async move { writer.write(vec![0; 8 * MIB]).await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    let start = Instant::now();
    link.close("no sign of life").await;
    assert!(start.elapsed() <= Duration::from_secs(2));
    assert_eq!(writing.await.unwrap(), Err(WriteError));
    let closed = link.closed().await;
    assert_eq!((closed.by, closed.reason), (ClosedBy::Us, Reason::Asked("no sign of life".into())));
    let error = link.open(Kind::Shell, soon()).await.unwrap_err();
    assert_eq!(error.code(), "closed-by-us");
}

#[tokio::test]
async fn the_device_hears_why_the_gateway_closes() {
    let (link, device) = linked().await;
    link.close("replaced by a newer connection").await;
    assert_eq!(device.ended.await.unwrap().by, ClosedBy::Peer);
}

#[tokio::test]
async fn the_gateway_hears_why_the_device_closes() {
    let (link, mut device) = linked().await;
    device.shutdown.take().unwrap().send("the stanza was removed".into()).unwrap();
    let closed = link.closed().await;
    assert_eq!(closed.by, ClosedBy::Peer);
    let Reason::Disconnected { text, .. } = closed.reason else { panic!("{:?}", closed.reason) };
    assert_eq!(text.as_str(), "the stanza was removed");
    let ours = device.ended.await.unwrap();
    assert_eq!(ours.reason, Reason::Asked("the stanza was removed".into()));
}

#[tokio::test]
async fn a_device_that_vanishes_ends_the_link_and_its_channels() {
    let (link, device) = linked().await;
    let mut channel = exec_on(&link, "never-read").await;
    device.ended.abort();
    assert_eq!(channel.next().await, None);
    assert_eq!(channel.write("x").await, Err(WriteError));
    assert_ne!(link.closed().await.by, ClosedBy::Us);
}

#[tokio::test]
async fn the_last_clone_and_channel_end_the_connection() {
    let (link, device) = linked().await;
    let channel = exec_on(&link, "never-read").await;
    drop(link.clone());
    drop(link);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!device.ended.is_finished(), "a channel keeps it open");
    drop(channel);
    device.ended.await.unwrap();
}
