//! Requests in their turn, hellos, deadlines and replies that come late.

use proptest::prelude::*;

use super::*;
use crate::netconf::hello::HelloError;
use crate::netconf::rpc::Operation;

const OLD: &str = "<hello><capabilities><capability>urn:ietf:params:xml:ns:netconf:base:1.0</capability>\
    </capabilities><session-id>4</session-id></hello>]]>]]>\n";
const NEW: &str = "<hello><capabilities><capability>urn:ietf:params:netconf:base:1.1</capability>\
    </capabilities><session-id>4</session-id></hello>]]>]]>";

/// A session with a clock in seconds, and what it did so far.
struct Bench {
    session: Session,
    start: Instant,
    heard: Vec<String>,
}

impl Bench {
    fn new() -> Self {
        let start = Instant::now();
        let settings = Settings { queue: 3, ..Settings::default() };
        Self { session: Session::new(settings, start), start, heard: Vec::new() }
    }

    fn open(hello: &str) -> Self {
        let mut bench = Self::new();
        assert!(bench.actions()[0].starts_with("send <hello"));
        bench.data(hello, 0);
        assert_eq!(bench.heard(), ["hello"]);
        bench
    }

    fn at(&self, second: u64) -> Instant {
        self.start + Duration::from_secs(second)
    }

    fn data(&mut self, bytes: &str, second: u64) {
        let (now, heard) = (self.at(second), &mut self.heard);
        self.session.handle_data(bytes.as_bytes(), now, &mut |received| {
            heard.push(match received {
                Received::Hello(_) => "hello".to_owned(),
                Received::Reply(id, piece) => format!("{id:?} {}", String::from_utf8_lossy(piece)),
                Received::ReplyEnd(id, summary) => format!("{id:?} end ok={}", summary.ok),
            });
        });
    }

    fn heard(&mut self) -> Vec<String> {
        std::mem::take(&mut self.heard)
    }

    fn request(&mut self, operation: &str, second: u64) -> Result<RequestId, QueueFull> {
        let operation = Operation::new(operation.as_bytes()).unwrap();
        self.session.handle_request(|id| operation.compose(id), self.at(second))
    }

    fn timeout(&mut self, second: u64) {
        assert_eq!(self.session.poll_timeout(), Some(self.at(second)));
        self.session.handle_timeout(self.at(second));
    }

    fn actions(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.session.poll_action())
            .map(|action| match action {
                Action::Send(bytes) => format!("send {}", String::from_utf8_lossy(&bytes)),
                Action::GiveUp(given) => {
                    format!("give up {} sent={} {:?}", given.id.number(), given.sent, given.why)
                }
                Action::Close(closed) => format!("close {}", closed.code()),
            })
            .collect()
    }
}

fn sent(id: u64, operation: &str) -> String {
    format!(
        "send <rpc xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\" message-id=\"{id}\">{operation}</rpc>]]>]]>"
    )
}

#[test]
fn one_request_is_on_the_wire_at_a_time() {
    let mut bench = Bench::open(OLD);
    bench.request("<a/>", 10).unwrap();
    bench.request("<b/>", 10).unwrap();
    assert_eq!(bench.actions(), [sent(1, "<a/>")]);
    bench.data("<rpc-reply message-id=\"1\"><ok/></rpc-re", 1);
    assert!(bench.actions().is_empty());
    bench.data("ply>]]>]]>", 1);
    assert_eq!(bench.heard().last().unwrap(), "RequestId(1) end ok=true");
    assert_eq!(bench.actions(), [sent(2, "<b/>")]);
}

#[test]
fn requests_made_before_the_hello_are_sent_after_it() {
    let mut bench = Bench::new();
    bench.actions();
    bench.request("<a/>", 10).unwrap();
    assert!(bench.actions().is_empty());
    bench.data(NEW, 0);
    assert!(bench.actions()[0].starts_with("send \n#"));
}

#[test]
fn a_cancelled_request_is_not_sent() {
    let mut bench = Bench::open(OLD);
    bench.request("<a/>", 10).unwrap();
    let cancelled = bench.request("<b/>", 10).unwrap();
    bench.request("<c/>", 10).unwrap();
    bench.session.handle_cancelled(cancelled);
    bench.actions();
    bench.data("<rpc-reply message-id=\"1\"/>]]>]]>", 1);
    assert_eq!(bench.actions(), [sent(3, "<c/>")]);
}

#[test]
fn the_queue_is_bounded() {
    let mut bench = Bench::open(OLD);
    for _ in 0..4 {
        bench.request("<a/>", 10).unwrap();
    }
    assert_eq!(bench.request("<a/>", 10), Err(QueueFull { limit: 3 }));
}

#[test]
fn a_late_reply_is_dropped_and_the_next_request_follows() {
    let mut bench = Bench::open(OLD);
    bench.request("<a/>", 10).unwrap();
    bench.request("<b/>", 12).unwrap();
    bench.request("<c/>", 99).unwrap();
    bench.actions();
    bench.timeout(10);
    assert_eq!(bench.actions(), ["give up 1 sent=true Deadline"]);
    bench.timeout(12);
    assert_eq!(bench.actions(), ["give up 2 sent=false Deadline"]);
    bench.data("<rpc-reply message-id=\"1\"/>]]>]]>", 20);
    assert_eq!(bench.actions(), [sent(3, "<c/>")]);
}

#[test]
fn a_reply_that_never_ends_closes_the_session() {
    let mut bench = Bench::open(OLD);
    bench.request("<a/>", 10).unwrap();
    bench.request("<b/>", 500).unwrap();
    bench.actions();
    bench.timeout(10);
    bench.data("<rpc-reply message-id=\"1\">", 40);
    bench.actions();
    bench.timeout(100);
    assert_eq!(
        bench.actions(),
        ["give up 2 sent=false SessionClosed", "close netconf-reply-overdue"]
    );
}

#[test]
fn a_device_lost_in_mid_reply_leaves_one_outcome_unknown() {
    let mut bench = Bench::open(OLD);
    bench.request("<a/>", 10).unwrap();
    bench.request("<b/>", 10).unwrap();
    bench.actions();
    bench.data("<rpc-reply message-id=\"1\"><data>", 1);
    bench.session.handle_end_of_stream();
    assert_eq!(
        bench.actions(),
        [
            "give up 1 sent=true SessionClosed",
            "give up 2 sent=false SessionClosed",
            "close netconf-cut-short"
        ]
    );
    bench.request("<c/>", 10).unwrap();
    assert_eq!(bench.actions(), ["give up 3 sent=false SessionClosed"]);
    assert_eq!(bench.session.poll_timeout(), None);
}

#[test]
fn an_idle_session_whose_stream_ends_was_closed_by_the_peer() {
    let mut bench = Bench::open(OLD);
    bench.session.handle_end_of_stream();
    assert_eq!(
        bench.session.poll_action(),
        Some(Action::Close(Closed::by_peer(Reason::EndOfStream)))
    );
}

#[test]
fn close_session_waits_for_what_is_on_the_wire() {
    let mut bench = Bench::open(OLD);
    bench.request("<a/>", 10).unwrap();
    bench.request("<b/>", 10).unwrap();
    bench.actions();
    bench.session.handle_close(bench.at(1));
    assert_eq!(bench.actions(), ["give up 2 sent=false SessionClosed"]);
    bench.data("<rpc-reply message-id=\"1\"/>]]>]]>", 2);
    assert_eq!(bench.actions(), [sent(3, "<close-session/>")]);
    bench.data("<rpc-reply message-id=\"3\"><ok/></rpc-reply>]]>]]>", 3);
    assert_eq!(bench.actions(), ["close netconf-close-session"]);
}

#[test]
fn a_close_that_is_not_answered_ends_all_the_same() {
    let mut bench = Bench::open(OLD);
    bench.session.handle_close(bench.at(1));
    bench.actions();
    bench.timeout(6);
    assert_eq!(bench.actions(), ["close netconf-stopped"]);
}

#[test]
fn a_server_that_says_nothing_is_closed() {
    let mut bench = Bench::new();
    bench.actions();
    bench.timeout(30);
    assert_eq!(bench.actions(), ["close netconf-hello-timeout"]);
}

#[test]
fn a_bad_hello_closes_the_session() {
    let mut bench = Bench::new();
    bench.actions();
    bench.data("<hello/>]]>]]>", 0);
    let closed = Closed::by_us(Reason::Hello(HelloError::NoCommonBase));
    assert_eq!(bench.session.poll_action(), Some(Action::Close(closed)));
}

#[test]
fn a_reply_to_another_request_closes_the_session() {
    for message in ["<rpc-reply message-id=\"7\">", "<hello/>"] {
        let mut bench = Bench::open(OLD);
        bench.request("<a/>", 10).unwrap();
        bench.actions();
        bench.data(message, 1);
        assert_eq!(bench.actions().last().unwrap(), "close netconf-out-of-step");
    }
}

#[test]
fn notifications_and_replies_nobody_asked_for_are_dropped() {
    let mut bench = Bench::open(OLD);
    bench.data("<rpc-reply message-id=\"7\"/>]]>]]>", 1);
    bench.request("<a/>", 10).unwrap();
    bench.data("<notification/>]]>]]><rpc-reply><ok/></rpc-reply>]]>]]>", 1);
    assert_eq!(bench.heard().last().unwrap(), "RequestId(1) end ok=true");
}

#[test]
fn what_base_1_0_cannot_carry_is_given_up_unsent() {
    let mut bench = Bench::open(OLD);
    bench.request("<a x=']]>]]>'/>", 10).unwrap();
    assert_eq!(bench.actions(), ["give up 1 sent=false Unsendable(MarkInMessage)"]);
    bench.request("<b/>", 10).unwrap();
    assert_eq!(bench.actions(), [sent(2, "<b/>")]);
}

proptest! {
    #[test]
    fn every_cut_of_the_stream_gives_the_same_replies(
        cuts in prop::collection::vec(any::<usize>(), 0..10),
        chunked in any::<bool>(),
    ) {
        let framing = if chunked { Framing::Chunked } else { Framing::EndOfMessage };
        let mut stream = Vec::new();
        for id in 1..=3 {
            let reply = format!("<!-- c --><rpc-reply message-id=\"{id}\"><data>a]]b</data></rpc-reply>\n");
            Encoder::new(framing).message(reply.as_bytes(), &mut stream).unwrap();
        }
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut % (stream.len() + 1)).collect();
        places.extend([0, stream.len()]);
        places.sort_unstable();
        let mut bench = Bench::open(if chunked { NEW } else { OLD });
        for _ in 0..3 {
            bench.request("<get/>", 10).unwrap();
        }
        for pair in places.windows(2) {
            bench.data(std::str::from_utf8(&stream[pair[0]..pair[1]]).unwrap(), 1);
        }
        let heard = bench.heard();
        for id in 1..=3 {
            let start = format!("RequestId({id}) ");
            let reply: String = heard.iter().filter_map(|line| line.strip_prefix(&start)).collect();
            prop_assert_eq!(
                reply,
                format!("<rpc-reply message-id=\"{id}\"><data>a]]b</data></rpc-reply>end ok=false")
            );
        }
    }
}
