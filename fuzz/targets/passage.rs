//! Fuzz target: what an operator sends on a NETCONF channel, whatever it is, and what the device reads of it.

use homing_proto::access::rpc::right;
use homing_proto::access::{Right, Role};
use homing_proto::netconf::element::Element;
use homing_proto::netconf::error::RpcError;
use homing_proto::netconf::framing::{Decoder, Frame, Framing};
use homing_proto::netconf::passage::{Action, Limits, Passage, Settings, Verdict, read_operation};
use homing_proto::netconf::scan;

const HELLOS: [&str; 2] = [
    "<hello><capabilities><capability>urn:ietf:params:netconf:base:1.0</capability></capabilities></hello>]]>]]>",
    "<hello><capabilities><capability>urn:ietf:params:netconf:base:1.1</capability></capabilities></hello>]]>]]>",
];

/// The first byte says which framing and role, the second how much is held, the third where the stream is cut.
///
/// The stream in two pieces gives the device the same messages as in one. What the device reads is what was
/// allowed, in that order, and needs no more right as it stands there; what was not allowed never reaches it.
pub fn run(data: &[u8]) {
    let [kind, hold, cut, stream @ ..] = data else { return };
    let role = Role::ALL[usize::from(*kind >> 1) % Role::ALL.len()];
    let chunked = kind % 2 == 1;
    let (before, after) = stream.split_at(usize::from(*cut).min(stream.len()));
    let whole = pass(chunked, role, *hold, &[stream]);
    let in_two = pass(chunked, role, *hold, &[before, after]);
    let framing = if chunked { Framing::Chunked } else { Framing::EndOfMessage };
    assert_eq!(messages(framing, &whole.0), messages(framing, &in_two.0));
    assert_eq!(whole.1, in_two.1);

    let (to_device, allowed) = whole;
    let read = read(framing, &to_device);
    // The last one may have been passed on in part only.
    assert!(read.len() == allowed.len() || read.len() + 1 == allowed.len());
    for ((name, needs), (allowed, right)) in read.iter().zip(&allowed) {
        assert_eq!(name, allowed);
        assert!(needs <= right && role.allows(*needs));
    }
}

type Passed = (Vec<u8>, Vec<(String, Right)>);

/// The bytes for the device, and the operations that were allowed.
fn pass(chunked: bool, role: Role, hold: u8, pieces: &[&[u8]]) -> Passed {
    let limits = Limits {
        hold: u64::from(hold),
        request: 4096,
        outstanding: usize::MAX,
        xml: scan::Limits { depth: 12, ..scan::Limits::default() },
        ..Limits::default()
    };
    let mut passage = Passage::new(Settings { limits });
    let hello = HELLOS[usize::from(chunked)];
    passage.handle_device(hello.as_bytes());
    passage.handle_operator(hello.as_bytes());
    let hellos: Vec<Action> = std::iter::from_fn(|| passage.poll_action()).collect();
    assert!(matches!(hellos.as_slice(), [Action::ToOperator(_), Action::ToDevice(_)]));
    let (mut to_device, mut allowed) = (Vec::new(), Vec::new());
    for piece in pieces {
        passage.handle_operator(piece);
        while let Some(action) = passage.poll_action() {
            match action {
                Action::ToDevice(bytes) => to_device.extend(bytes),
                Action::Decide(operation) => {
                    let right = right(&operation);
                    let verdict = if role.allows(right) {
                        allowed.push((operation.name.clone(), right));
                        Verdict::Allow
                    } else {
                        Verdict::Refuse(RpcError::access_denied("no"))
                    };
                    passage.handle_verdict(verdict);
                }
                Action::ToOperator(_) | Action::Ended(_) | Action::Close(_) => {}
                Action::EndToDevice | Action::EndToOperator => unreachable!(),
            }
        }
    }
    (to_device, allowed)
}

/// The whole messages of a stream; it is always one that can be read.
fn messages(framing: Framing, stream: &[u8]) -> Vec<Vec<u8>> {
    let (mut decoder, mut input) = (Decoder::new(framing, u64::MAX), stream);
    let (mut all, mut open) = (Vec::new(), Vec::new());
    while let Some(frame) = decoder.next(&mut input).expect("what the device gets is well framed") {
        match frame {
            Frame::Data(data) => open.extend_from_slice(data),
            Frame::EndOfMessage => all.push(std::mem::take(&mut open)),
        }
    }
    all
}

/// The operations that a device reads, each with the right that it needs as it stands there.
fn read(framing: Framing, stream: &[u8]) -> Vec<(String, Right)> {
    let operation_of = |message: Vec<u8>| {
        let root = Element::parse(&message, scan::Limits::default(), 100_000);
        let root = root.expect("what the device gets is well-formed");
        assert!(root.name == "rpc" && root.children.len() == 1);
        let mut text = String::new();
        root.children[0].write(&mut text, None, 0);
        let (operation, _) = read_operation(text.as_bytes(), scan::Limits::default())
            .expect("what the device reads can be judged");
        (operation.name.clone(), right(&operation))
    };
    messages(framing, stream).into_iter().map(operation_of).collect()
}
