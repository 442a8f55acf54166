//! The NETCONF server of a simulated device: hello, and an answer of the wanted size to everything.
//!
//! ```text
//!   <hello/>]]>]]>                        ◀──▶  <hello/>]]>]]>
//!   <rpc message-id="1"><get/></rpc>      ──▶   <rpc-reply message-id="1"><data>…</data></rpc-reply>    `reply` bytes
//!   …<get-config/>, <get-configuration/>  ──▶   `configuration` bytes
//!   …<close-session/>                     ──▶   <ok/>, and the channel is closed
//!   …anything else                        ──▶   <ok/>
//! ```
//!
//! Source: RFC 6241 section 4, RFC 6242 section 4.3 (end-of-message framing).

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use homing_transport::small_server::{Next, Talk};
use memchr::{memchr, memmem};

const END: &[u8] = b"]]>]]>";
const HELLO: &str = concat!(
    "<hello xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\"><capabilities>",
    "<capability>urn:ietf:params:netconf:base:1.0</capability>",
    "<capability>urn:ietf:params:netconf:capability:candidate:1.0</capability>",
    "<capability>http://xml.juniper.net/netconf/junos/1.0</capability>",
    "</capabilities><session-id>7</session-id></hello>]]>]]>",
);
const OK: &[u8] = b"<ok/></rpc-reply>]]>]]>";
/// The longest request that is kept.
const LONGEST: usize = 1 << 20;
/// A reply up to this size is put together; a longer one is sent from where all devices have it.
const TOGETHER: usize = 16 * 1024;

/// What all devices answer; made once.
#[derive(Debug, Clone)]
pub struct Replies {
    data: Bytes,
    configuration: Bytes,
}

impl Replies {
    /// Of about so many bytes.
    #[must_use]
    pub fn new(reply: usize, configuration: usize) -> Self {
        let data =
            body("<data><system-state xmlns=\"urn:homing:sim\">", "</system-state></data>", reply);
        let configuration = body(
            "<data><configuration xmlns=\"urn:homing:sim\">",
            "</configuration></data>",
            configuration,
        );
        Self { data, configuration }
    }

    fn of(&self, operation: &[u8]) -> Option<&Bytes> {
        match operation {
            b"get-config" | b"get-configuration" => Some(&self.configuration),
            _ if operation.starts_with(b"get") => Some(&self.data),
            _ => None,
        }
    }
}

fn body(begin: &str, end: &str, size: usize) -> Bytes {
    let mut body = begin.to_owned();
    let mut number = 0_u64;
    while body.len() < size {
        body.push_str(&format!("<entry><name>{number}</name><value>simulated</value></entry>\n"));
        number += 1;
    }
    body.push_str(end);
    body.push_str("</rpc-reply>]]>]]>");
    body.into()
}

/// What a device tells of its session.
pub(super) trait Observer: Send + 'static {
    /// The gateway's hello has come.
    fn greeted(&mut self);
    /// An RPC was answered with so many bytes.
    fn answered(&mut self, bytes: usize);
}

/// One end of one session.
#[derive(Debug)]
pub(super) struct Session<W> {
    replies: Arc<Replies>,
    observer: W,
    unread: BytesMut,
    is_greeted: bool,
}

impl<W: Observer> Session<W> {
    /// Before the first byte.
    pub(super) fn new(replies: Arc<Replies>, observer: W) -> Self {
        Self { replies, observer, unread: BytesMut::new(), is_greeted: false }
    }

    fn message(&mut self, message: &[u8], answers: &mut Vec<Bytes>) -> Next {
        if !self.is_greeted {
            self.is_greeted = true;
            self.observer.greeted();
            return Next::GoOn;
        }
        let begin = answers.len();
        let operation = operation(message);
        let mut head = BytesMut::with_capacity(128);
        head.extend_from_slice(
            b"<rpc-reply xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\" message-id=\"",
        );
        head.extend_from_slice(message_id(message).unwrap_or_default());
        head.extend_from_slice(b"\">");
        match self.replies.of(operation) {
            Some(body) if body.len() > TOGETHER => {
                answers.extend([head.freeze(), body.clone()]);
            }
            Some(body) => {
                head.extend_from_slice(body);
                answers.push(head.freeze());
            }
            None => {
                head.extend_from_slice(OK);
                answers.push(head.freeze());
            }
        }
        self.observer.answered(answers.iter().skip(begin).map(Bytes::len).sum());
        if operation == b"close-session" { Next::Close } else { Next::GoOn }
    }
}

impl<W: Observer> Talk for Session<W> {
    fn greeting(&mut self) -> Bytes {
        Bytes::from_static(HELLO.as_bytes())
    }

    fn handle(&mut self, bytes: &[u8], answers: &mut Vec<Bytes>) -> Next {
        self.unread.extend_from_slice(bytes);
        while let Some(end) = memmem::find(&self.unread, END) {
            let message = self.unread.split_to(end + END.len());
            if self.message(message.get(..end).unwrap_or_default(), answers) == Next::Close {
                return Next::Close;
            }
        }
        if self.unread.is_empty() {
            self.unread = BytesMut::new(); // an idle session keeps no buffer
        }
        if self.unread.len() > LONGEST { Next::Close } else { Next::GoOn }
    }
}

/// The name of the element in `<rpc>`, without its prefix.
fn operation(message: &[u8]) -> &[u8] {
    let inner = memmem::find(message, b"<rpc").or_else(|| memmem::find(message, b":rpc"));
    let rest = inner.and_then(|at| message.get(at..)).unwrap_or_default();
    let rest = memchr(b'>', rest).and_then(|at| rest.get(at + 1..)).unwrap_or_default();
    let rest = memchr(b'<', rest).and_then(|at| rest.get(at + 1..)).unwrap_or_default();
    let end =
        rest.iter().position(|byte| matches!(byte, b'>' | b'/' | b' ' | b'\t' | b'\r' | b'\n'));
    let name = end.and_then(|end| rest.get(..end)).unwrap_or_default();
    match memchr(b':', name) {
        Some(colon) => name.get(colon + 1..).unwrap_or_default(),
        None => name,
    }
}

fn message_id(message: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"message-id=";
    let rest = message.get(memmem::find(message, NAME)? + NAME.len()..)?;
    let (quote, rest) = rest.split_first()?;
    rest.get(..memchr(*quote, rest)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Default)]
    struct Seen {
        greeted: usize,
        bytes: Vec<usize>,
    }

    impl Observer for Seen {
        fn greeted(&mut self) {
            self.greeted += 1;
        }

        fn answered(&mut self, bytes: usize) {
            self.bytes.push(bytes);
        }
    }

    fn session() -> Session<Seen> {
        Session::new(Arc::new(Replies::new(100, 50_000)), Seen::default())
    }

    const DIALOGUE: &str = concat!(
        "<hello/>]]>]]>",
        "<nc:rpc xmlns:nc='x' message-id='a7'><nc:get/></nc:rpc>]]>]]>",
        "<rpc message-id=\"8\">\n <get-config><source/></get-config></rpc>]]>]]>",
        "<rpc message-id=\"9\"><lock/></rpc>]]>]]>",
        "<rpc message-id=\"10\"><close-session/></rpc>]]>]]>",
    );

    fn replies(pieces: &[&[u8]]) -> (Vec<u8>, Next, Seen) {
        let mut session = session();
        let (mut all, mut next) = (Vec::new(), Next::GoOn);
        for piece in pieces {
            let mut answers = Vec::new();
            next = session.handle(piece, &mut answers);
            answers.iter().for_each(|answer| all.extend_from_slice(answer));
        }
        (all, next, session.observer)
    }

    #[test]
    fn every_request_has_its_answer() {
        let (all, next, seen) = replies(&[DIALOGUE.as_bytes()]);
        let text = String::from_utf8(all).unwrap();
        let messages: Vec<&str> = text.split_terminator("]]>]]>").collect();
        assert_eq!(messages.len(), 4);
        for (message, (id, within)) in messages.iter().zip([
            ("a7", "<system-state "),
            ("8", "<configuration "),
            ("9", "<ok/>"),
            ("10", "<ok/>"),
        ]) {
            assert!(message.contains(&format!("message-id=\"{id}\"")), "{message:.120}");
            assert!(
                message.contains(within) && message.ends_with("</rpc-reply>"),
                "{message:.120}"
            );
        }
        assert!(messages[1].len() > 50_000 && messages[0].len() < 400);
        assert_eq!((next, seen.greeted, seen.bytes.len()), (Next::Close, 1, 4));
        assert_eq!(seen.bytes.iter().sum::<usize>(), text.len());
    }

    #[test]
    fn a_request_without_end_closes_the_channel() {
        let mut session = session();
        let mut answers = Vec::new();
        assert_eq!(session.handle(&vec![b'x'; LONGEST + 1], &mut answers), Next::Close);
    }

    proptest! {
        #[test]
        fn every_cut_of_the_stream_gives_the_same_answers(cut in 0..DIALOGUE.len()) {
            let (begin, end) = DIALOGUE.as_bytes().split_at(cut);
            prop_assert_eq!(replies(&[begin, end]).0, replies(&[DIALOGUE.as_bytes()]).0);
        }

        #[test]
        fn no_request_makes_it_panic(bytes: Vec<u8>) {
            let _ = replies(&[b"<hello/>]]>]]>", &bytes, END]);
        }
    }
}
