//! Sessions of operators that pass through the gateway, and what is held back.

mod laws;
mod tricks;

use super::*;
use crate::access::{self, Right};
use crate::netconf::error::ErrorTag;
use crate::netconf::framing::{Decoder, Frame};
use crate::netconf::hello::Hello;

const OLD: &str = "urn:ietf:params:netconf:base:1.0";
const NEW: &str = "urn:ietf:params:netconf:base:1.1";

fn hello(capabilities: &[&str], session_id: Option<u32>) -> String {
    let capabilities = capabilities.iter().copied().collect();
    Hello { capabilities, session_id }.compose() + "]]>]]>"
}

/// A message in a framing, whole.
fn framed(framing: Framing, message: &str) -> Vec<u8> {
    let mut out = Vec::new();
    match Encoder::new(framing).message(message.as_bytes(), &mut out) {
        Ok(()) => out,
        Err(_) => format!("{message}]]>]]>").into_bytes(),
    }
}

/// What came out of a passage, put together.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    to_device: Vec<u8>,
    to_operator: Vec<u8>,
    decided: Vec<(String, Option<String>)>,
    ended: Vec<Record>,
    closed: Vec<Closed>,
    ends: Vec<&'static str>,
}

/// A passage whose operator has a role.
struct Bench {
    passage: Passage,
    role: access::Role,
    seen: Seen,
    framing: Framing,
}

impl Bench {
    /// Before the hellos.
    fn new(role: access::Role, limits: Limits) -> Self {
        let passage = Passage::new(Settings { limits });
        Self { passage, role, seen: Seen::default(), framing: Framing::EndOfMessage }
    }

    /// After the hellos, which are forgotten.
    fn open(role: access::Role, framing: Framing) -> Self {
        Self::open_with(role, framing, Limits::default())
    }

    fn open_with(role: access::Role, framing: Framing, limits: Limits) -> Self {
        let mut bench = Self::new(role, limits);
        let base = if framing == Framing::Chunked { NEW } else { OLD };
        bench.device(hello(&[base], Some(4)).as_bytes());
        bench.operator(hello(&[base], None).as_bytes());
        assert_eq!(bench.seen.closed, []);
        bench.seen = Seen::default();
        bench.framing = framing;
        bench
    }

    fn operator(&mut self, bytes: &[u8]) {
        self.passage.handle_operator(bytes);
        self.drain();
    }

    fn device(&mut self, bytes: &[u8]) {
        self.passage.handle_device(bytes);
        self.drain();
    }

    /// One message from the operator.
    fn ask(&mut self, message: &str) {
        self.operator(&framed(self.framing, message));
    }

    /// One message from the device.
    fn reply(&mut self, message: &str) {
        self.device(&framed(self.framing, message));
    }

    fn drain(&mut self) {
        while let Some(action) = self.passage.poll_action() {
            match action {
                Action::ToDevice(bytes) => self.seen.to_device.extend(bytes),
                Action::ToOperator(bytes) => self.seen.to_operator.extend(bytes),
                Action::Decide(operation) => {
                    let right = access::rpc::right(&operation);
                    self.seen.decided.push((operation.name.clone(), operation.command()));
                    let verdict = match self.role.allows(right) {
                        true => Verdict::Allow,
                        false => Verdict::Refuse(RpcError::access_denied(format!(
                            "needs role {}",
                            right.role()
                        ))),
                    };
                    self.passage.handle_verdict(verdict);
                }
                Action::Ended(record) => self.seen.ended.push(*record),
                Action::EndToDevice => self.seen.ends.push("device"),
                Action::EndToOperator => self.seen.ends.push("operator"),
                Action::Close(closed) => self.seen.closed.push(closed),
            }
        }
    }

    /// The whole messages that the device has got.
    fn messages_to_device(&self) -> Vec<String> {
        messages(self.framing, &self.seen.to_device)
    }

    /// The whole messages that the operator has got.
    fn messages_to_operator(&self) -> Vec<String> {
        messages(self.framing, &self.seen.to_operator)
    }

    fn outcomes(&self) -> Vec<String> {
        self.seen.ended.iter().map(|record| record.outcome.code()).collect()
    }
}

/// The whole messages of a stream.
fn messages(framing: Framing, stream: &[u8]) -> Vec<String> {
    let (mut decoder, mut input) = (Decoder::new(framing, u64::MAX), stream);
    let (mut all, mut open) = (Vec::new(), Vec::new());
    while let Some(frame) = decoder.next(&mut input).unwrap() {
        match frame {
            Frame::Data(data) => open.extend_from_slice(data),
            Frame::EndOfMessage => {
                all.push(String::from_utf8(std::mem::take(&mut open)).unwrap());
            }
        }
    }
    all
}

const BOTH: [Framing; 2] = [Framing::EndOfMessage, Framing::Chunked];
const GET: &str = "<rpc message-id=\"1\"><get/></rpc>";
const EDIT: &str =
    "<rpc message-id=\"2\"><edit-config><target><candidate/></target></edit-config></rpc>";
const OK: &str = "<rpc-reply message-id=\"1\"><ok/></rpc-reply>";

#[test]
fn hellos_pass_and_the_newest_common_version_frames_what_follows() {
    for (operator, device, framing) in [
        (&[OLD][..], &[OLD][..], Framing::EndOfMessage),
        (&[OLD, NEW], &[OLD], Framing::EndOfMessage),
        (&[OLD], &[OLD, NEW], Framing::EndOfMessage),
        (&[OLD, NEW], &[OLD, NEW], Framing::Chunked),
    ] {
        let mut bench = Bench::new(access::Role::Viewer, Limits::default());
        let device = hello(device, Some(4));
        let device = format!("<!-- No zombies were killed -->\n{device}");
        bench.operator(hello(operator, None).as_bytes());
        assert!(!bench.passage.wants_operator());
        bench.device(device.as_bytes());
        assert!(bench.passage.wants_operator());
        let to_device = messages(Framing::EndOfMessage, &bench.seen.to_device);
        let sent = Hello::parse(to_device[0].as_bytes()).unwrap();
        assert_eq!(sent.capabilities.iter().collect::<Vec<_>>(), operator);
        assert_eq!(String::from_utf8_lossy(&bench.seen.to_operator), device);
        bench.seen = Seen::default();
        bench.framing = framing;
        bench.ask(GET);
        assert_eq!(bench.messages_to_device().len(), 1);
    }
}

#[test]
fn an_rpc_that_comes_with_the_hello_waits_for_the_device_s() {
    let mut bench = Bench::new(access::Role::Viewer, Limits::default());
    bench.framing = Framing::Chunked;
    bench.operator(hello(&[NEW], None).as_bytes());
    bench.ask(GET);
    assert!(bench.seen.decided.is_empty());
    bench.device(hello(&[NEW], Some(1)).as_bytes());
    assert_eq!(bench.seen.decided.len(), 1);
}

#[test]
fn a_hello_that_begins_no_session_closes_the_channel() {
    let cases = [
        (hello(&["urn:x"], None), "netconf-hello-no-common-base"),
        (hello(&[OLD], Some(1)), "netconf-hello-session-id"),
        (format!("{GET}]]>]]>"), "netconf-hello-missing"),
        (hello(&["urn:x y"], None), "netconf-hello-capabilities"),
        ("<!DOCTYPE x><hello/>".to_owned(), "netconf-hello-malformed"),
        ("\u{feff}<hello/>]]>]]>".to_owned(), "netconf-hello-malformed"),
    ];
    for (operator, code) in cases {
        let mut bench = Bench::new(access::Role::Admin, Limits::default());
        bench.device(hello(&[OLD], Some(1)).as_bytes());
        bench.operator(operator.as_bytes());
        let codes: Vec<_> = bench.seen.closed.iter().map(Closed::code).collect();
        assert_eq!(codes, [code], "{operator}");
        bench.operator(GET.as_bytes());
        assert!(bench.seen.decided.is_empty());
    }
}

#[test]
fn the_hello_that_the_device_gets_is_the_gateway_s_own() {
    let mut bench = Bench::new(access::Role::Viewer, Limits::default());
    let trick = "<?xml version='1.0' encoding='UTF-16'?><!-- ]]> --><nc:hello xmlns:nc='urn:ietf:params:xml:ns:netconf:base:1.0'>\
        <nc:capabilities><nc:capability>urn:ietf:params:netconf:base:1.0</nc:capability>\
        <nc:capability><![CDATA[urn:x?a=<rpc>]]></nc:capability></nc:capabilities><x><rpc/></x></nc:hello>]]>]]>";
    bench.operator(trick.as_bytes());
    let sent = String::from_utf8(bench.seen.to_device).unwrap();
    assert!(!sent.contains("UTF-16") && !sent.contains("<rpc") && !sent.contains("<!"), "{sent}");
    assert!(sent.contains("<capability>urn:x?a=&lt;rpc&gt;</capability>"), "{sent}");
}

#[test]
fn what_is_allowed_passes_and_is_told_of_when_it_is_answered() {
    for framing in BOTH {
        let mut bench = Bench::open(access::Role::Viewer, framing);
        bench.ask("<rpc message-id='1' xmlns='urn:ietf:params:xml:ns:netconf:base:1.0'>\n <get-config><source><running/></source></get-config></rpc>");
        let reply = "<rpc-reply message-id='1'><data>x</data></rpc-reply>";
        bench.reply(reply);
        assert_eq!(bench.messages_to_operator(), [reply]);
        let [record] = bench.seen.ended.as_slice() else { panic!("{:?}", bench.seen) };
        assert_eq!((record.operation.as_str(), record.number), ("get-config", 1));
        assert_eq!(record.message_id.as_deref(), Some("1"));
        assert_eq!(record.namespace.as_deref(), Some(crate::netconf::BASE_NAMESPACE));
        assert_eq!(record.datastore.as_deref(), Some("running"));
        assert_eq!(record.bytes_out, reply.len() as u64);
        assert_eq!(record.outcome, Outcome::Ok);
    }
}

#[test]
fn what_is_forbidden_is_answered_in_its_place_and_never_sent() {
    for framing in BOTH {
        let mut bench = Bench::open(access::Role::Viewer, framing);
        bench.ask(GET);
        bench.ask("<rpc message-id=\"2\" xmlns:x=\"urn:x\" x:y=\"a&lt;b\"><edit-config><target><running/></target></edit-config></rpc>");
        bench.ask("<rpc message-id=\"3\"><get/></rpc>");
        assert!(bench.messages_to_operator().is_empty(), "the first is not answered yet");
        bench.reply(OK);
        let messages = bench.messages_to_operator();
        assert_eq!(messages.len(), 2);
        assert_eq!(messages[0], OK);
        assert!(
            messages[1].contains("message-id=\"2\" xmlns:x=\"urn:x\" x:y=\"a&lt;b\""),
            "{}",
            messages[1]
        );
        assert!(messages[1].contains("<error-tag>access-denied</error-tag>"));
        assert!(messages[1].contains("<error-type>application</error-type>"));
        assert!(messages[1].contains("needs role configurator"));
        bench.reply("<rpc-reply message-id=\"3\"><ok/></rpc-reply>");
        assert_eq!(bench.messages_to_operator().len(), 3);
        let sent = bench.messages_to_device();
        assert!(sent.len() == 2 && sent.iter().all(|message| !message.contains("edit-config")));
        assert_eq!(bench.outcomes(), ["refused:access-denied", "ok", "ok"]);
        assert_eq!(bench.seen.ended[0].datastore.as_deref(), Some("running"));
    }
}

#[test]
fn a_refusal_never_cuts_into_a_message_of_the_device() {
    let mut bench = Bench::open(access::Role::Viewer, Framing::EndOfMessage);
    bench.device(b"<notification><a>");
    bench.ask(EDIT);
    bench.device(b"</a></notification>]]>]]>");
    let messages = bench.messages_to_operator();
    assert_eq!(messages[0], "<notification><a></a></notification>");
    assert!(messages[1].contains("access-denied"));
    assert_eq!(bench.outcomes(), ["refused:access-denied"]);
}

#[test]
fn errors_of_the_device_are_told_by_their_tags() {
    let mut bench = Bench::open(access::Role::Admin, Framing::Chunked);
    bench.ask(EDIT);
    bench.reply("<rpc-reply message-id=\"2\"><rpc-error><error-tag>lock-denied</error-tag><error-message>hush</error-message></rpc-error></rpc-reply>");
    let tags = vec!["lock-denied".to_owned()];
    assert_eq!(bench.seen.ended[0].outcome, Outcome::Errors { tags, count: 1 });
    assert!(!format!("{:?}", bench.seen.ended).contains("hush"));
    bench.ask(GET);
    bench.reply("<rpc-reply><a></b></rpc-reply>");
    assert_eq!(bench.seen.ended[1].outcome, Outcome::Malformed);
    assert_eq!(bench.messages_to_operator().len(), 2);
}

#[test]
fn a_reply_goes_to_the_request_with_its_message_id() {
    let mut bench = Bench::open(access::Role::Viewer, Framing::Chunked);
    bench.ask("<rpc message-id=\"a\"><get/></rpc>");
    bench.ask("<rpc message-id=\"b\"><get-config/></rpc>");
    bench.reply("<rpc-reply message-id=\"b\"><ok/></rpc-reply>");
    assert_eq!(bench.seen.ended[0].operation, "get-config");
    bench.reply("<rpc-reply><ok/></rpc-reply>");
    assert_eq!(bench.seen.ended[1].operation, "get");
}

#[test]
fn a_long_message_streams_once_its_operation_is_known() {
    for framing in BOTH {
        let limits = Limits { hold: 100, ..Limits::default() };
        let mut bench = Bench::open_with(access::Role::Configurator, framing, limits);
        let long = format!(
            "<rpc message-id=\"2\"><edit-config><config>{}</config><target><candidate/></target></edit-config></rpc>",
            "<a>x</a>".repeat(50)
        );
        let stream = framed(framing, &long);
        let (first, second) = stream.split_at(200);
        bench.operator(first);
        assert!(!bench.seen.to_device.is_empty(), "it streams before its end has come");
        bench.operator(second);
        let sent = bench.messages_to_device();
        assert!(sent.len() == 1 && sent[0].ends_with(&long), "{sent:?}");
        bench.reply("<rpc-reply message-id=\"2\"><ok/></rpc-reply>");
        let record = &bench.seen.ended[0];
        assert_eq!(record.bytes_in, long.len() as u64);
        assert_eq!(record.datastore.as_deref(), Some("candidate"));
    }
}

#[test]
fn a_long_message_that_must_be_known_as_a_whole_is_too_big() {
    for name in ["command", "get-config", ""] {
        let limits = Limits { hold: 100, ..Limits::default() };
        let mut bench = Bench::open_with(access::Role::Admin, Framing::Chunked, limits);
        let blanks = " ".repeat(200);
        bench.ask(&match name {
            "" => format!("<rpc message-id=\"1\">{blanks}<get/></rpc>"),
            name => format!("<rpc message-id=\"1\"><{name}>{blanks}</{name}></rpc>"),
        });
        assert_eq!(bench.outcomes(), ["refused:too-big"]);
        assert!(bench.seen.to_device.is_empty() && bench.seen.closed.is_empty());
        bench.ask(GET);
        assert_eq!(bench.messages_to_device().len(), 1);
    }
}

#[test]
fn a_long_message_that_goes_wrong_is_never_ended_for_the_device() {
    for end in ["</edit-config><get/></rpc>", "&x;", "<!DOCTYPE a>", "</rpc>", "\u{1}"] {
        let limits = Limits { hold: 100, ..Limits::default() };
        let mut bench = Bench::open_with(access::Role::Admin, Framing::Chunked, limits);
        bench.ask(&format!("<rpc message-id=\"7\"><edit-config>{}{end}", "<a/>".repeat(50)));
        assert!(bench.messages_to_device().is_empty(), "{end}");
        assert_eq!(bench.seen.closed.len(), 1);
        assert_eq!(bench.seen.ended.len(), 1);
        assert!(bench.outcomes()[0].starts_with("refused:"), "{end}");
        assert!(bench.messages_to_operator()[0].contains("message-id=\"7\""));
    }
}

#[test]
fn a_long_message_that_is_refused_is_dropped_to_its_end() {
    let limits = Limits { hold: 100, ..Limits::default() };
    let mut bench = Bench::open_with(access::Role::Viewer, Framing::Chunked, limits);
    bench.ask(&format!("<rpc message-id=\"7\"><edit-config>{}</oops>", "<a/>".repeat(50)));
    bench.ask(GET);
    assert_eq!(bench.messages_to_device().len(), 1);
    assert_eq!(bench.outcomes(), ["refused:access-denied"]);
}

#[test]
fn a_message_over_the_limit_closes_the_channel() {
    let limits = Limits { request: 1000, hold: 100, ..Limits::default() };
    let mut bench = Bench::open_with(access::Role::Admin, Framing::Chunked, limits);
    bench.ask(&format!("<rpc><edit-config>{}</edit-config></rpc>", "<a/>".repeat(500)));
    assert_eq!(bench.seen.closed[0].code(), "netconf-message-too-long");
    assert!(bench.messages_to_device().is_empty());
}

#[test]
fn beyond_the_outstanding_the_operator_is_not_read() {
    let limits = Limits { outstanding: 2, ..Limits::default() };
    let mut bench = Bench::open_with(access::Role::Viewer, Framing::EndOfMessage, limits);
    let many: String = (0..4).map(|_| format!("{GET}]]>]]>")).collect();
    bench.operator(many.as_bytes());
    assert!(!bench.passage.wants_operator());
    assert_eq!(bench.messages_to_device().len(), 2);
    bench.passage.handle_operator_end();
    bench.reply(OK);
    assert_eq!(bench.messages_to_device().len(), 3);
    bench.reply(OK);
    assert_eq!(bench.messages_to_device().len(), 4);
    assert!(bench.seen.ends.is_empty());
    bench.reply(OK);
    assert_eq!(bench.seen.ends, ["device"]);
}

#[test]
fn what_comes_far_ahead_closes_the_channel() {
    let limits = Limits { ahead: 100, ..Limits::default() };
    let mut bench = Bench::new(access::Role::Viewer, limits);
    bench.operator(hello(&[NEW], None).as_bytes());
    bench.operator(&[b'x'; 101]);
    assert_eq!(bench.seen.closed[0].code(), "netconf-too-far-ahead");
}

#[test]
fn nothing_passes_while_a_verdict_is_due() {
    let mut passage = Bench::open(access::Role::Viewer, Framing::EndOfMessage).passage;
    passage.handle_operator(format!("{GET}]]>]]>{EDIT}]]>]]>").as_bytes());
    assert!(matches!(passage.poll_action(), Some(Action::Decide(_))));
    assert_eq!(passage.poll_action(), None);
    assert!(!passage.wants_operator());
    passage.handle_verdict(Verdict::Allow);
    assert!(matches!(passage.poll_action(), Some(Action::ToDevice(_))));
    assert!(matches!(passage.poll_action(), Some(Action::Decide(_))));
    passage.handle_verdict(Verdict::Allow);
    passage.handle_verdict(Verdict::Allow);
    assert!(matches!(passage.poll_action(), Some(Action::ToDevice(_))));
    assert_eq!(passage.poll_action(), None);
}

#[test]
fn the_end_of_either_stream_passes_on_and_what_is_outstanding_is_unknown() {
    let mut bench = Bench::open(access::Role::Viewer, Framing::EndOfMessage);
    bench.ask(GET);
    bench.operator(b"<rpc><get>");
    bench.passage.handle_operator_end();
    bench.device(b"<rpc-reply>");
    bench.passage.handle_device_end();
    bench.drain();
    assert_eq!(bench.seen.ends, ["device", "operator"]);
    assert_eq!(bench.outcomes(), ["unknown"]);
    assert_eq!(bench.messages_to_device().len(), 1);
}

#[test]
fn what_is_allowed_after_the_device_has_gone_is_not_sent() {
    let mut bench = Bench::open(access::Role::Viewer, Framing::EndOfMessage);
    bench.passage.handle_operator(format!("{GET}]]>]]>").as_bytes());
    bench.passage.handle_device_end();
    assert!(!bench.passage.wants_operator());
    bench.drain();
    assert_eq!(bench.outcomes(), ["not-sent"]);
    assert!(bench.seen.to_device.is_empty());
}

#[test]
fn a_stream_that_ends_in_a_message_passed_on_in_part_is_closed() {
    let limits = Limits { hold: 30, ..Limits::default() };
    let mut bench = Bench::open_with(access::Role::Admin, Framing::EndOfMessage, limits);
    bench.operator(format!("<rpc><edit-config>{}", "<a/>".repeat(9)).as_bytes());
    bench.passage.handle_operator_end();
    bench.drain();
    assert_eq!(bench.seen.closed[0].code(), "netconf-cut-short");
    assert_eq!(bench.outcomes(), ["unknown"]);
    assert!(bench.seen.ends.is_empty());
}

#[test]
fn a_denied_right_becomes_access_denied() {
    let nobody = access::Operator::new("ann", Vec::new(), access::Via::Ssh, None, "key");
    let device = crate::identity::DeviceName::new("edge-7").unwrap();
    let asked = nobody.on(&device, &access::Tags::new(), Right::View, jiff::Timestamp::UNIX_EPOCH);
    let Verdict::Refuse(error) = Verdict::from(asked) else { panic!("denied") };
    assert_eq!(error.tag, ErrorTag::AccessDenied);
    assert!(error.message.unwrap().contains("edge-7"));
}
