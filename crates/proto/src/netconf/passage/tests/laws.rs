//! What holds whatever comes.

use proptest::prelude::*;

use super::*;
use crate::netconf::scan;

/// Pieces of messages that are often nearly right.
fn soup() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(
        &[
            "<rpc message-id='1'>",
            "</rpc>",
            "<get/>",
            "<get>",
            "</get>",
            "<edit-config>",
            "</edit-config>",
            "<commit/>",
            "<command>",
            "</command>",
            "show version",
            " | save x",
            "<!-- ",
            " -->",
            "<![CDATA[",
            "]]>",
            "]]>]]>",
            "&lt;",
            "&#60;",
            "&x;",
            "&",
            "\n##\n",
            "\n#9\n",
            "é",
            "\u{1}",
            "<x:get xmlns:x='urn:y'>",
            "</x:get>",
            " ",
            "<?xml version='1.0'?>",
            "<!DOCTYPE a>",
            "<target><running/></target>",
            "<source><url/></source>",
            "\u{feff}",
            "<rpc",
            ">",
            "\"",
        ][..],
    );
    prop::collection::vec(pieces, 0..14).prop_map(|pieces| pieces.concat())
}

/// An `<rpc>` that may pass, and its operation's name.
fn sound() -> impl Strategy<Value = String> {
    let operations = prop::sample::select(
        &[
            "<get/>",
            "<get-config><source><running/></source></get-config>",
            "<edit-config><config><a>&lt;</a></config></edit-config>",
            "<command>show version</command>",
            "<get><!-- x --><![CDATA[]]]]></get>",
        ][..],
    );
    operations.prop_map(|operation| format!("<rpc message-id='1'>{operation}</rpc>"))
}

fn stream(framing: Framing) -> impl Strategy<Value = Vec<u8>> {
    let messages = prop::collection::vec(prop_oneof![sound(), soup()], 0..6);
    (messages, soup(), any::<bool>()).prop_map(move |(messages, tail, with_tail)| {
        let mut out = Vec::new();
        for message in messages.iter().filter(|message| !message.is_empty()) {
            // A message that holds the mark is several messages.
            out.extend(framed(framing, message));
        }
        if with_tail {
            out.extend_from_slice(tail.as_bytes());
        }
        out
    })
}

fn cut<'a>(stream: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut % (stream.len() + 1)).collect();
    places.extend([0, stream.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect()
}

fn framing() -> impl Strategy<Value = Framing> {
    prop::sample::select(&BOTH[..])
}

fn role() -> impl Strategy<Value = access::Role> {
    prop::sample::select(&access::Role::ALL[..])
}

/// Few bytes are held, so that much streams.
fn limits() -> impl Strategy<Value = Limits> {
    (1u64..80, 1u64..400, 1usize..4).prop_map(|(hold, request, outstanding)| Limits {
        hold,
        request,
        outstanding,
        ahead: 1 << 20,
        xml: scan::Limits { depth: 5, ..scan::Limits::default() },
    })
}

/// What is seen, in a form that does not depend on how messages lie in chunks.
type Story = (Vec<String>, Vec<String>, Vec<(String, Option<String>)>, Vec<Record>, Vec<Closed>);

fn story(bench: &Bench) -> Story {
    let seen = &bench.seen;
    let (to_device, to_operator) = (bench.messages_to_device(), bench.messages_to_operator());
    let mut ended = seen.ended.clone();
    if !seen.closed.is_empty() {
        // How much had come of what was cut off is a question of the cuts.
        ended.iter_mut().for_each(|record| record.bytes_in = 0);
    }
    (to_device, to_operator, seen.decided.clone(), ended, seen.closed.clone())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn every_cut_of_both_streams_gives_the_same_actions(
        (framing, operator, device) in framing().prop_flat_map(|f| (Just(f), stream(f), replies(f))),
        role in role(),
        mut limits in limits(),
        cuts in prop::collection::vec(any::<usize>(), 0..12),
        others in prop::collection::vec(any::<usize>(), 0..12),
    ) {
        // A reply that comes before its request was sent answers nothing, so when requests wait for
        // replies the device's cuts matter.
        if !others.is_empty() {
            limits.outstanding = usize::MAX;
        }
        let run = |operator: &[&[u8]], device: &[&[u8]]| {
            let mut bench = Bench::open_with(role, framing, limits);
            operator.iter().for_each(|piece| bench.operator(piece));
            device.iter().for_each(|piece| bench.device(piece));
            bench.passage.handle_operator_end();
            bench.passage.handle_device_end();
            bench.drain();
            (story(&bench), bench.seen.ends.clone())
        };
        prop_assert_eq!(run(&cut(&operator, &cuts), &cut(&device, &others)), run(&[&operator], &[&device]));
    }

    /// The device reads exactly the operations that were allowed, in their order.
    #[test]
    fn the_device_reads_what_was_allowed_and_nothing_else(
        (framing, operator) in framing().prop_flat_map(|f| (Just(f), stream(f))),
        role in role(),
        limits in limits(),
    ) {
        let limits = Limits { outstanding: usize::MAX, ..limits };
        let mut bench = Bench::open_with(role, framing, limits);
        let mut allowed = Vec::new();
        bench.passage.handle_operator(&operator);
        let mut to_device = Vec::new();
        while let Some(action) = bench.passage.poll_action() {
            match action {
                Action::Decide(operation) => {
                    let right = access::rpc::right(&operation);
                    if role.allows(right) {
                        allowed.push((operation.name.clone(), right));
                        bench.passage.handle_verdict(Verdict::Allow);
                    } else {
                        bench.passage.handle_verdict(Verdict::Refuse(RpcError::access_denied("no")));
                    }
                }
                Action::ToDevice(bytes) => to_device.extend(bytes),
                _ => {}
            }
        }
        let read = read_as_device(framing, &to_device);
        // The last one may have been passed on in part only.
        prop_assert!(read.len() == allowed.len() || read.len() + 1 == allowed.len(), "{:?} {:?}", read, allowed);
        for (read, allowed) in read.iter().zip(&allowed) {
            prop_assert_eq!(&read.0, &allowed.0);
            prop_assert!(read.1 <= allowed.1, "the device may read nothing that needs more");
        }
    }

    #[test]
    fn any_bytes_are_taken(
        operator in prop::collection::vec(any::<u8>(), 0..200),
        device in prop::collection::vec(any::<u8>(), 0..200),
        framing in framing(),
    ) {
        let mut bench = Bench::open(access::Role::Viewer, framing);
        bench.operator(&operator);
        bench.device(&device);
        let mut bench = Bench::new(access::Role::Viewer, Limits::default());
        bench.device(&device);
        bench.operator(&operator);
    }
}

fn replies(framing: Framing) -> impl Strategy<Value = Vec<u8>> {
    let replies = prop::sample::select(
        &[
            "<rpc-reply message-id='1'><ok/></rpc-reply>",
            "<rpc-reply><rpc-error><error-tag>in-use</error-tag></rpc-error></rpc-reply>",
            "<notification/>",
            "<rpc-reply><a>",
            "<!-- x -->",
            "text",
        ][..],
    );
    (prop::collection::vec(replies, 0..8), soup(), any::<bool>()).prop_map(
        move |(replies, tail, with_tail)| {
            let mut out: Vec<u8> =
                replies.iter().flat_map(|reply| framed(framing, reply)).collect();
            if with_tail {
                out.extend_from_slice(tail.as_bytes());
            }
            out
        },
    )
}

/// The operations that our own server reads, and the right of each as it stands there.
fn read_as_device(framing: Framing, stream: &[u8]) -> Vec<(String, Right)> {
    use crate::netconf::server::{Session, Settings};
    let base = if framing == Framing::Chunked { NEW } else { OLD };
    let settings = Settings::new([base].into_iter().collect(), 1);
    let mut session = Session::new(settings, std::time::Instant::now());
    let mut read = Vec::new();
    let hello = hello(&[base], None);
    for mut input in [hello.as_bytes(), stream] {
        while let Some(rpc) = session.handle_data(&mut input, std::time::Instant::now()) {
            let mut text = String::new();
            rpc.operation.write(&mut text, None, 0);
            let (operation, _) = read_operation(text.as_bytes(), scan::Limits::default()).unwrap();
            read.push((operation.name.clone(), access::rpc::right(&operation)));
        }
    }
    while let Some(action) = session.poll_action() {
        let sent = format!("{action:?}");
        assert!(matches!(action, crate::netconf::server::Action::Send(_)), "{sent}");
        assert!(!sent.contains("rpc-error"), "the device could not read it: {sent}");
    }
    read
}
