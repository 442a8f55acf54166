//! Fuzz target: end-of-message framing, cut at the place that the first byte says.

use homing_proto::netconf::framing::{Decoder, Encoder, Frame, Framing};

/// The stream cut in two gives the messages of the stream in one piece, none of them holds the mark,
/// and each is sent and read again as itself.
pub fn run(data: &[u8]) {
    let Some((first, stream)) = data.split_first() else { return };
    let (before, after) = stream.split_at(usize::from(*first).min(stream.len()));
    let whole = decode(&[stream]);
    assert_eq!(decode(&[before, after]), whole);
    for message in &whole.0 {
        assert!(!message.windows(6).any(|window| window == b"]]>]]>"));
        let mut sent = Vec::new();
        // A message that ends like the mark begins can't be sent; everything else can.
        if Encoder::new(Framing::EndOfMessage).message(message, &mut sent).is_ok() {
            assert_eq!(decode(&[&sent]).0, std::slice::from_ref(message));
        }
    }
}

fn decode(pieces: &[&[u8]]) -> (Vec<Vec<u8>>, Vec<u8>, bool) {
    let mut decoder = Decoder::new(Framing::EndOfMessage, u64::MAX);
    let (mut messages, mut open) = (Vec::new(), Vec::new());
    for piece in pieces {
        let mut input = *piece;
        while let Ok(Some(frame)) = decoder.next(&mut input) {
            match frame {
                Frame::Data(data) => open.extend_from_slice(data),
                Frame::EndOfMessage => messages.push(std::mem::take(&mut open)),
            }
        }
        assert!(input.is_empty());
    }
    (messages, open, decoder.is_between_messages())
}
