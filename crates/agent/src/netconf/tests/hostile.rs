//! What a stranger may send: a clear error or a closed session, and nobody else notices.

use super::*;

const MIB: usize = 1024 * 1024;

/// Sends `piece` again and again until the other end takes no more or `most` bytes are sent; says how many were taken.
async fn pour(far: &mut DuplexStream, piece: &[u8], most: usize) -> usize {
    let mut sent = 0;
    while sent < most {
        if far.write_all(piece).await.is_err() {
            break;
        }
        sent += piece.len();
    }
    sent
}

/// Everything that comes until the stream ends.
async fn rest(far: &mut DuplexStream) -> String {
    let mut text = Vec::new();
    far.read_to_end(&mut text).await.unwrap();
    String::from_utf8_lossy(&text).into_owned()
}

async fn is_well(client: &mut Client) {
    assert!(client.rpc("<get-system-information/>").await.contains("<hardware-model>"));
}

#[tokio::test]
async fn a_hundred_mebibytes_of_open_tags_end_the_session_and_no_other() {
    let house = House::new();
    let mut other = house.greet(Class::ReadOnly).await;
    let mut hostile = house.greet(Class::ReadOnly).await;
    hostile.far.write_all(b"<rpc message-id='1'><get>").await.unwrap();
    let taken = pour(&mut hostile.far, "<a>".repeat(20_000).as_bytes(), 100 * MIB).await;
    assert!(taken < 20 * MIB, "{taken}");
    let answer = rest(&mut hostile.far).await;
    assert!(answer.contains("<error-tag>too-big</error-tag>"), "{answer}");
    is_well(&mut other).await;
}

#[tokio::test]
async fn a_gibibyte_without_an_end_ends_the_session_and_no_other() {
    let house = House::new();
    let mut other = house.greet(Class::ReadOnly).await;
    let mut hostile = house.greet(Class::ReadOnly).await;
    hostile.far.write_all(b"<rpc message-id='1'><command>").await.unwrap();
    let taken = pour(&mut hostile.far, &vec![b'x'; 64 * 1024], 1024 * MIB).await;
    assert!(taken < 20 * MIB, "{taken}");
    assert!(rest(&mut hostile.far).await.contains("too-big"));
    is_well(&mut other).await;
}

#[tokio::test]
async fn deep_documents_entities_and_bad_bytes_are_answered_and_the_session_goes_on() {
    let house = House::new();
    let mut client = house.greet(Class::SuperUser).await;
    let deep = format!("{}{}", "<a>".repeat(10_000), "</a>".repeat(10_000));
    let many = format!("<rpc message-id='1'><get>{}</get></rpc>", "<a/>".repeat(500_000));
    for (body, what) in [
        (deep.as_bytes(), "deeper"),
        (many.as_bytes(), "too-big"),
        (b"<!DOCTYPE rpc [<!ENTITY a 'b'>]><rpc message-id='1'><get/></rpc>", "DOCTYPE"),
        (b"<rpc message-id='1'><command>&lol;</command></rpc>", "entity"),
        (b"<rpc message-id='1'><command>\xff\xfe</command></rpc>", "UTF-8"),
        (b"<rpc message-id='1'><get></rpc>", "end tag"),
        (b"<rpc message-id='1'/>", "missing-element"),
        (b"<rpc><get/></rpc>", "missing-attribute"),
        (b"<hello/>", "operation-not-supported"),
    ] {
        client.far.write_all(body).await.unwrap();
        client.far.write_all(b"]]>]]>").await.unwrap();
        let answer = client.message().await;
        assert!(answer.contains("<rpc-error>") && answer.contains(what), "{what}: {answer}");
    }
    is_well(&mut client).await;
}

#[tokio::test]
async fn every_byte_may_come_alone() {
    let mut client = House::new().greet(Class::ReadOnly).await;
    for byte in b"<rpc message-id=\"7\"><get-system-information/></rpc>]]>]]>" {
        client.far.write_all(&[*byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert!(client.message().await.contains(" message-id=\"7\">"));
}

#[tokio::test]
async fn wrong_chunk_sizes_end_the_session() {
    for chunk in [
        "\n#0\n",
        "\n#x\n",
        "\n#99999999999\n",
        "\n#-1\nx",
        "no chunk at all",
        "\n##\n\n##\n\n#01\n",
    ] {
        let house = House::new();
        let (near, mut far) = duplex(64 * 1024);
        let inside = house.clone();
        let served = tokio::spawn(async move {
            let caller = Caller {
                user: "ops".into(),
                class: Class::ReadOnly,
                via: homing_proto::datastore::Client::Netconf,
            };
            serve(near, &caller, &*inside.view, &inside.sessions, std::future::pending()).await
        });
        let hello = "<hello xmlns='urn:ietf:params:xml:ns:netconf:base:1.0'><capabilities><capability>\
                     urn:ietf:params:netconf:base:1.1</capability></capabilities></hello>]]>]]>";
        far.write_all(hello.as_bytes()).await.unwrap();
        far.write_all(chunk.as_bytes()).await.unwrap();
        far.shutdown().await.unwrap();
        rest(&mut far).await;
        let closed = served.await.unwrap();
        assert_ne!(closed.code(), "netconf-close-session", "{chunk:?}");
        assert!(house.sessions.list().is_empty());
    }
}

/// A request that says nothing at great length, without its end.
fn large(id: u32) -> String {
    format!("<rpc message-id='{id}'><get-system-information/><!-- {} -->", "x".repeat(400 * 1024))
}

#[tokio::test]
async fn few_large_requests_are_in_memory_at_once_and_small_ones_do_not_wait_for_them() {
    let house = House::new();
    let mut slow = Vec::new();
    for _ in 0..super::super::sessions::LARGE_REQUESTS {
        let mut client = house.greet(Class::SuperUser).await;
        // All of it fits into what is on the way once the session has its turn.
        client.far.write_all(large(1).as_bytes()).await.unwrap();
        slow.push(client);
    }
    let mut next = house.greet(Class::SuperUser).await;
    let sent = tokio::spawn(async move {
        let whole = format!("{}</rpc>]]>]]>", large(1));
        next.far.write_all(whole.as_bytes()).await.unwrap();
        next.message().await
    });
    let mut small = house.greet(Class::SuperUser).await;
    for _ in 0..20 {
        is_well(&mut small).await;
    }
    assert!(!sent.is_finished(), "it waits for its turn");
    let mut first = slow.swap_remove(0);
    first.far.write_all(b"</rpc>]]>]]>").await.unwrap();
    assert!(first.message().await.contains("<hardware-model>"));
    let answer = tokio::time::timeout(std::time::Duration::from_secs(60), sent).await;
    assert!(answer.unwrap().unwrap().contains("<hardware-model>"));
}
