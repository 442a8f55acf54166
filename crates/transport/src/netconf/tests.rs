//! The session over a stream in memory, against a device that is scripted.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::*;
use crate::spool::{Budget, BudgetLimits, Cut, Spool, SpoolLimits, SpoolReader, SpoolWriter};

const HELLO: &str = "<!-- x --><hello xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\"><capabilities>\
    <capability>urn:ietf:params:netconf:base:1.0</capability></capabilities>\
    <session-id>7</session-id></hello>]]>]]>";

fn within(seconds: u64) -> Instant {
    Instant::now() + Duration::from_secs(seconds)
}

/// A session with its device's end of the stream.
async fn session() -> (NetconfClient, DuplexStream) {
    let (near, mut far) = duplex(1024 * 1024);
    far.write_all(HELLO.as_bytes()).await.unwrap();
    let settings = Settings { queue: 2, ..Settings::default() };
    let (client, hello) =
        NetconfClient::start(Pieces::new(near), settings, within(10)).await.unwrap();
    assert_eq!(hello.session_id, Some(7));
    assert!(message(&mut far).await.contains("<hello"));
    (client, far)
}

/// The next message that the device gets.
async fn message(far: &mut DuplexStream) -> String {
    let mut text = String::new();
    while !text.ends_with("]]>]]>") {
        text.push(far.read_u8().await.unwrap() as char);
    }
    text
}

fn spool(memory: usize) -> (SpoolWriter, SpoolReader) {
    Spool::new(SpoolLimits { memory, disk: 0 }, &Budget::new(BudgetLimits::default()))
}

fn rpc(operation: &'static str, seconds: u64) -> (Rpc, SpoolReader) {
    let (writer, reader) = spool(1 << 20);
    let operation = Bytes::from_static(operation.as_bytes());
    (Rpc { operation, reply: Box::new(writer), deadline: within(seconds) }, reader)
}

async fn text(mut reader: SpoolReader) -> Result<String, Cut> {
    let mut text = Vec::new();
    while let Some(bytes) = reader.next().await? {
        text.extend_from_slice(&bytes);
    }
    Ok(String::from_utf8(text).unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_reply_streams_into_the_spool_and_its_errors_are_told() {
    let (client, mut far) = session().await;
    let (get, reader) = rpc("<?xml version='1.0'?><get/>", 5);
    let device = async {
        assert!(message(&mut far).await.contains("message-id=\"1\"><get/></rpc>"));
        far.write_all(
            b"<!-- -->\n<rpc-reply message-id=\"1\"><rpc-error><error-tag>in-use</error-tag>",
        )
        .await
        .unwrap();
        tokio::task::yield_now().await;
        far.write_all(b"</rpc-error></rpc-reply>\n]]>]]>").await.unwrap();
    };
    let (end, ()) = tokio::join!(client.rpc(get), device);
    let end = end.unwrap();
    assert_eq!((end.summary.error_count, end.cut), (1, None));
    assert_eq!(
        text(reader).await.unwrap(),
        "<rpc-reply message-id=\"1\"><rpc-error><error-tag>in-use</error-tag></rpc-error></rpc-reply>"
    );
}

#[tokio::test(start_paused = true)]
async fn a_full_or_dropped_sink_does_not_stop_the_session() {
    let (client, mut far) = session().await;
    for dropped in [false, true] {
        let (writer, reader) = spool(100);
        let reader = (!dropped).then_some(reader);
        let get = Rpc { operation: "<a/>".into(), reply: Box::new(writer), deadline: within(60) };
        let device = async {
            let id = message(&mut far).await.split('"').nth(3).unwrap().to_owned();
            far.write_all(format!("<rpc-reply message-id=\"{id}\">").as_bytes()).await.unwrap();
            for _ in 0..300 {
                far.write_all(&[b'x'; 10_000]).await.unwrap();
            }
            far.write_all(b"</rpc-reply>]]>]]>").await.unwrap();
        };
        let (end, ()) = tokio::join!(client.rpc(get), device);
        let end = end.unwrap();
        assert_eq!(end.cut.unwrap().code, if dropped { "reader-gone" } else { "spool-full" });
        assert!(end.summary.bytes > 3_000_000);
        drop(reader);
    }
}

#[tokio::test(start_paused = true)]
async fn a_device_lost_in_mid_reply_leaves_one_outcome_unknown() {
    let (client, mut far) = session().await;
    let ((first, reader), (second, _reader)) = (rpc("<a/>", 9), rpc("<b/>", 9));
    let device = async {
        message(&mut far).await;
        far.write_all(b"<rpc-reply message-id=\"1\"><da").await.unwrap();
        drop(far);
    };
    let (first, second, ()) = tokio::join!(client.rpc(first), client.rpc(second), device);
    let first = first.unwrap_err();
    assert!(first.outcome_is_unknown());
    assert_eq!(first.code(), "rpc-lost-sent");
    assert_eq!(second.unwrap_err().code(), "rpc-lost-unsent");
    assert!(matches!(text(reader).await, Err(Cut::GivenUp(_))));
    assert_eq!(client.closed().await.code(), "netconf-cut-short");
    let (late, _reader) = rpc("<c/>", 9);
    assert_eq!(client.rpc(late).await.unwrap_err().code(), "rpc-lost-unsent");
}

#[tokio::test(start_paused = true)]
async fn deadlines_say_whether_the_request_was_sent() {
    let (client, mut far) = session().await;
    let ((first, _a), (second, _b)) = (rpc("<a/>", 5), rpc("<b/>", 6));
    let (first, second) = tokio::join!(client.rpc(first), client.rpc(second));
    assert_eq!(first.unwrap_err(), RpcFailure::LateSent);
    assert_eq!(second.unwrap_err(), RpcFailure::LateUnsent);
    message(&mut far).await;
    far.write_all(b"<rpc-reply message-id=\"1\"><ok/></rpc-reply>]]>]]>").await.unwrap();
    let (third, _c) = rpc("<c/>", 5);
    let device = async {
        assert!(message(&mut far).await.contains("message-id=\"3\"><c/>"));
        far.write_all(b"<rpc-reply message-id=\"3\"><ok/></rpc-reply>]]>]]>").await.unwrap();
    };
    let (third, ()) = tokio::join!(client.rpc(third), device);
    assert!(third.unwrap().summary.ok);
}

#[tokio::test(start_paused = true)]
async fn what_may_not_be_sent_is_refused_and_the_queue_is_bounded() {
    let (client, _far) = session().await;
    let (bad, _reader) = rpc("<a/><b/>", 5);
    assert_eq!(client.rpc(bad).await.unwrap_err().code(), "operation-malformed");
    let calls: Vec<_> = (0..4).map(|_| rpc("<a/>", 5)).collect();
    let mut tasks = Vec::new();
    for (call, _reader) in calls {
        let client = client.clone();
        tasks.push(tokio::spawn(async move { client.rpc(call).await.unwrap_err().code() }));
    }
    let mut codes = Vec::new();
    for task in tasks {
        codes.push(task.await.unwrap());
    }
    assert_eq!(
        codes,
        ["rpc-late-sent", "rpc-late-unsent", "rpc-late-unsent", "netconf-queue-full"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_takes_an_unsent_request_with_it() {
    let (client, mut far) = session().await;
    let ((first, _a), (second, _b), (third, _c)) = (rpc("<a/>", 9), rpc("<b/>", 9), rpc("<c/>", 9));
    let running = tokio::spawn({
        let client = client.clone();
        async move { client.rpc(first).await }
    });
    message(&mut far).await;
    let gone = tokio::spawn({
        let client = client.clone();
        async move { client.rpc(second).await }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    gone.abort();
    running.abort();
    let device = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        far.write_all(b"<rpc-reply message-id=\"1\"/>]]>]]>").await.unwrap();
        assert!(message(&mut far).await.contains("<c/>"));
        far.write_all(b"<rpc-reply message-id=\"3\"><ok/></rpc-reply>]]>]]>").await.unwrap();
    };
    let (third, ()) = tokio::join!(client.rpc(third), device);
    assert!(third.unwrap().summary.ok);
}

#[tokio::test(start_paused = true)]
async fn closing_says_close_session_and_ends_the_stream() {
    for explicit in [true, false] {
        let (client, mut far) = session().await;
        let device = async {
            assert!(message(&mut far).await.contains("<close-session/>"));
            far.write_all(b"<rpc-reply message-id=\"1\"><ok/></rpc-reply>]]>]]>").await.unwrap();
            assert_eq!(far.read(&mut [0; 9]).await.unwrap(), 0);
        };
        if explicit {
            let (closed, ()) = tokio::join!(client.close(), device);
            assert_eq!(closed.code(), "netconf-close-session");
        } else {
            drop(client);
            device.await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_or_endless_hello_is_given_up() {
    let (near, far) = duplex(100);
    let refused =
        NetconfClient::start(Pieces::new(near), Settings::default(), within(5)).await.unwrap_err();
    assert_eq!(refused.code(), "netconf-hello-timeout");
    drop(far);

    let (near, mut far) = duplex(4096);
    let endless = tokio::spawn(async move { while far.write_all(b"<!-- -->").await.is_ok() {} });
    let refused =
        NetconfClient::start(Pieces::new(near), Settings::default(), within(5)).await.unwrap_err();
    assert_eq!(refused.code(), "netconf-message-too-long");
    endless.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_large_request_is_written_while_a_reply_comes_in() {
    let (client, mut far) = session().await;
    let body = format!("<a>{}</a>", "x".repeat(5_000_000));
    let (writer, _reader) = spool(1 << 20);
    let call = Rpc { operation: body.into(), reply: Box::new(writer), deadline: within(60) };
    let device = async {
        far.write_all(b"<rpc-reply message-id=\"1\"><ok/>").await.unwrap();
        assert!(message(&mut far).await.len() > 5_000_000);
        far.write_all(b"</rpc-reply>]]>]]>").await.unwrap();
    };
    let (end, ()) = tokio::join!(client.rpc(call), device);
    assert!(end.unwrap().summary.ok);
}

#[test]
fn an_idle_session_is_small() {
    let (near, _far) = duplex(64);
    let session = Session::new(Settings::default(), std::time::Instant::now());
    let driver = Driver::new(Pieces::new(near), session, Desk::new());
    let task = size_of_val(&driver.run());
    assert!(task < 1536, "{task} bytes");
}
