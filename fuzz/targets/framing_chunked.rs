//! Fuzz target: chunked framing, cut at the place that the first byte says.

use homing_proto::netconf::framing::{Decoder, Encoder, Frame, Framing, FramingError};

const LIMIT: u64 = 100;

type Read = (Vec<Vec<u8>>, Result<(Vec<u8>, bool), FramingError>);

/// The stream cut in two gives the messages, or the error, of the stream in one piece; no message is
/// over the limit; each is sent and read again as itself.
pub fn run(data: &[u8]) {
    let Some((first, stream)) = data.split_first() else { return };
    let (before, after) = stream.split_at(usize::from(*first).min(stream.len()));
    let whole = decode(&[stream]);
    assert_eq!(decode(&[before, after]), whole);
    for message in &whole.0 {
        assert!(!message.is_empty() && message.len() as u64 <= LIMIT);
        let mut sent = Vec::new();
        assert_eq!(Encoder::new(Framing::Chunked).message(message, &mut sent), Ok(()));
        assert_eq!(decode(&[&sent]).0, std::slice::from_ref(message));
    }
}

fn decode(pieces: &[&[u8]]) -> Read {
    let mut decoder = Decoder::new(Framing::Chunked, LIMIT);
    let (mut messages, mut open) = (Vec::new(), Vec::new());
    for piece in pieces {
        let mut input = *piece;
        loop {
            match decoder.next(&mut input) {
                Ok(Some(Frame::Data(data))) => open.extend_from_slice(data),
                Ok(Some(Frame::EndOfMessage)) => messages.push(std::mem::take(&mut open)),
                Ok(None) => break,
                Err(error) => return (messages, Err(error)),
            }
        }
    }
    (messages, Ok((open, decoder.is_between_messages())))
}
