//! Fuzz target: what a client sends to a server, its hello given; and operations that are to be sent.

use std::time::Instant;

use homing_proto::netconf::element::Element;
use homing_proto::netconf::rpc::{Operation, Rpc};
use homing_proto::netconf::scan::Limits;
use homing_proto::netconf::server::{Action, Session, Settings};

const HELLOS: [&str; 2] = [
    "<hello><capabilities><capability>urn:ietf:params:netconf:base:1.0</capability></capabilities></hello>]]>]]>",
    "<hello><capabilities><capability>urn:ietf:params:netconf:base:1.1</capability></capabilities></hello>]]>]]>",
];

/// The first byte says which framing, the second where the stream is cut: the requests and answers are
/// those of the stream in one piece. An operation that may be sent is one request with that operation.
pub fn run(data: &[u8]) {
    let [framing, cut, stream @ ..] = data else { return };
    let hello = if framing % 2 == 0 { HELLOS[0] } else { HELLOS[1] };
    let (before, after) = stream.split_at(usize::from(*cut).min(stream.len()));
    assert_eq!(serve(hello, &[before, after]), serve(hello, &[stream]));
    if let Ok(operation) = Operation::new(stream) {
        let message = operation.compose("1");
        let root = Element::parse(&message, Limits::default(), 100_000);
        // References that only a schema could resolve go through; they are not ours to judge.
        if let Ok(root) = root {
            let rpc = Rpc::from_element(root).map(|rpc| rpc.operation.name);
            assert_eq!(rpc.as_deref(), Ok(operation.name()));
        }
    }
}

fn serve(hello: &str, pieces: &[&[u8]]) -> (Vec<Rpc>, Vec<Action>) {
    let base = ["urn:ietf:params:netconf:base:1.0", "urn:ietf:params:netconf:base:1.1"];
    let settings = Settings {
        request_limit: 2_000,
        element_limit: 50,
        ..Settings::new(base.into_iter().collect(), 1)
    };
    let mut session = Session::new(settings, Instant::now());
    let mut requests = Vec::new();
    for piece in [&[hello.as_bytes()], pieces].concat() {
        let mut input = piece;
        while let Some(rpc) = session.handle_data(&mut input, Instant::now()) {
            session.answer(&rpc.attributes, "<ok/>");
            requests.push(rpc);
        }
        assert!(input.is_empty());
    }
    session.handle_end_of_stream();
    (requests, std::iter::from_fn(|| session.poll_action()).collect())
}
