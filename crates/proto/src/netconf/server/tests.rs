//! Requests of clients, and what cannot be read.

use proptest::prelude::*;

use super::*;

const OLD: &str = "<hello><capabilities><capability>urn:ietf:params:netconf:base:1.0</capability>\
    </capabilities></hello>]]>]]>";
const NEW: &str = "<hello><capabilities><capability>urn:ietf:params:netconf:base:1.1</capability>\
    </capabilities></hello>]]>]]>";

fn session() -> Session {
    let capabilities = ["urn:ietf:params:netconf:base:1.0", "urn:ietf:params:netconf:base:1.1"];
    let settings = Settings {
        request_limit: 2000,
        element_limit: 20,
        ..Settings::new(capabilities.into_iter().collect(), 9)
    };
    let mut session = Session::new(settings, Instant::now());
    assert!(said(&mut session)[0].contains("<session-id>9</session-id>"));
    session
}

fn said(session: &mut Session) -> Vec<String> {
    std::iter::from_fn(|| session.poll_action())
        .map(|action| match action {
            Action::Send(bytes) => String::from_utf8(bytes).unwrap(),
            Action::Close(closed) => format!("close {}", closed.code()),
        })
        .collect()
}

/// Hands in the pieces and answers each request with its operation's name.
fn serve(session: &mut Session, pieces: &[&[u8]]) -> Vec<String> {
    for piece in pieces {
        let mut input = *piece;
        while let Some(rpc) = session.handle_data(&mut input, Instant::now()) {
            let body = format!("<{}/>\n", rpc.operation.name);
            session.answer(&rpc.attributes, &body);
        }
        assert!(input.is_empty());
    }
    said(session)
}

#[test]
fn requests_are_answered_with_their_attributes() {
    let mut session = session();
    let text = format!("{OLD}<rpc message-id='a&amp;b' x='1'><get/></rpc>]]>]]>\n");
    assert_eq!(
        serve(&mut session, &[text.as_bytes()]),
        [
            "<rpc-reply xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\" message-id=\"a&amp;b\" x=\"1\">\n\
          <get/>\n</rpc-reply>\n]]>]]>"
        ]
    );
}

#[test]
fn a_client_of_base_1_1_is_answered_in_chunks() {
    let mut session = session();
    let text = format!("{NEW}\n#33\n<rpc message-id='1'><get/></rpc>\n\n##\n");
    assert!(serve(&mut session, &[text.as_bytes()])[0].starts_with("\n#"));
}

#[test]
fn what_cannot_be_read_is_answered_and_the_session_goes_on() {
    for (hello, tag) in [(OLD, "operation-failed"), (NEW, "malformed-message")] {
        let mut session = session();
        serve(&mut session, &[hello.as_bytes()]);
        let framing = session.framing;
        let mut stream = Vec::new();
        for message in
            ["<rpc><a></rpc>", "<!DOCTYPE x><rpc/>", "x", "<rpc message-id='1'><get/></rpc>"]
        {
            Encoder::new(framing).message(message.as_bytes(), &mut stream).unwrap();
        }
        let answers = serve(&mut session, &[&stream]);
        assert!(answers[..3].iter().all(|answer| answer.contains(tag)), "{answers:?}");
        assert!(answers[3].contains("<get/>"));
    }
}

#[test]
fn a_request_with_too_many_elements_or_bytes_is_too_big() {
    let mut many = session();
    let text = format!("{OLD}<rpc message-id='1'><a>{}</a></rpc>]]>]]>", "<b/>".repeat(30));
    assert!(serve(&mut many, &[text.as_bytes()])[0].contains("too-big"));
    let mut long = session();
    let text = format!("{OLD}<rpc message-id='1'><a>{}</a></rpc>]]>]]>", "b".repeat(3000));
    let said = serve(&mut long, &[text.as_bytes()]);
    assert!(said[0].contains("too-big"));
    assert_eq!(said[1], "close netconf-message-too-long");
}

#[test]
fn a_client_that_does_not_greet_properly_is_closed() {
    for (text, code) in [
        ("<rpc/>]]>]]>", "close netconf-hello-missing"),
        ("<hello/>]]>]]>", "close netconf-hello-no-common-base"),
        ("<hello><session-id>1</session-id></hello>]]>]]>", "close netconf-hello-session-id"),
    ] {
        let mut session = session();
        assert_eq!(serve(&mut session, &[text.as_bytes()]), [code]);
    }
    let mut session = session();
    let deadline = session.poll_timeout().unwrap();
    session.handle_timeout(deadline);
    assert_eq!(said(&mut session), ["close netconf-hello-timeout"]);
}

#[test]
fn a_request_that_does_not_come_to_its_end_closes_the_session() {
    for (hello, half) in
        [(OLD, "<rpc message-id='1'><a>"), (NEW, "\n#33\n<rpc message-id='1'>"), (NEW, "\n#")]
    {
        let mut session = session();
        serve(&mut session, &[hello.as_bytes(), b"<rpc message-id='1'><get/></rpc>]]>]]>"]);
        if hello == OLD {
            assert_eq!(session.poll_timeout(), None, "nothing is coming");
        }
        let mut session = self::session();
        serve(&mut session, &[hello.as_bytes(), half.as_bytes()]);
        let deadline = session.poll_timeout().unwrap();
        // More of it does not give it more time.
        serve(&mut session, &[b"2"]);
        assert_eq!(session.poll_timeout().unwrap_or(deadline), deadline);
        session.handle_timeout(deadline);
        assert!(said(&mut session).last().unwrap().starts_with("close netconf-"));
    }
}

#[test]
fn nothing_is_said_after_the_end() {
    let mut session = session();
    serve(&mut session, &[OLD.as_bytes()]);
    session.handle_close_session();
    session.handle_end_of_stream();
    session.answer(&[], "");
    assert_eq!(said(&mut session), ["close netconf-close-session"]);
    assert!(serve(&mut session, &[b"<rpc message-id='1'><get/></rpc>]]>]]>"]).is_empty());
}

#[test]
fn an_empty_message_is_skipped() {
    let mut session = session();
    let text = format!("{OLD}]]>]]>\n<!-- -->]]>]]><rpc message-id='1'><get/></rpc>]]>]]>");
    assert_eq!(serve(&mut session, &[text.as_bytes()]).len(), 1);
}

proptest! {
    #[test]
    fn every_cut_of_the_stream_gives_the_same_answers(
        cuts in prop::collection::vec(any::<usize>(), 0..10),
        noise in "[<>/a\\]#\n ]{0,8}",
        at in any::<usize>(),
    ) {
        let mut text = format!("{OLD}<rpc message-id='1'><get/></rpc>]]>]]><rpc message-id='2'><a>b</a></rpc>]]>]]>");
        text.insert_str(at % text.len(), &noise);
        let bytes = text.as_bytes();
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
        places.extend([0, bytes.len()]);
        places.sort_unstable();
        let pieces: Vec<&[u8]> = places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        prop_assert_eq!(serve(&mut session(), &pieces), serve(&mut session(), &[bytes]));
    }
}
