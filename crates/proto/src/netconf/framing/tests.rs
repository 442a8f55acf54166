//! Both framings, in every way to cut the stream.

use proptest::prelude::*;

use super::*;

const NO_LIMIT: u64 = u64::MAX;

/// Whole messages, what was left of one that is not, and whether the end was clean.
type Decoded = (Vec<Vec<u8>>, Vec<u8>, bool);

/// The messages found when `stream` arrives in the given pieces, and whether it ended between two.
fn decode(framing: Framing, pieces: &[&[u8]], limit: u64) -> Result<Decoded, FramingError> {
    let mut decoder = Decoder::new(framing, limit);
    let (mut messages, mut open) = (Vec::new(), Vec::new());
    for piece in pieces {
        let mut input = *piece;
        while let Some(frame) = decoder.next(&mut input)? {
            match frame {
                Frame::Data(data) => {
                    assert!(!data.is_empty());
                    open.extend_from_slice(data);
                }
                Frame::EndOfMessage => messages.push(std::mem::take(&mut open)),
            }
        }
        assert!(input.is_empty());
    }
    Ok((messages, open, decoder.is_between_messages()))
}

fn cut<'a>(stream: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut % (stream.len() + 1)).collect();
    places.extend([0, stream.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect()
}

#[test]
fn end_of_message_finds_messages_and_skips_blanks_between_them() {
    let (messages, open, between) =
        decode(Framing::EndOfMessage, &[b"<a/>]]>]]>\n\n<b/>\n]]>]]>\r\n"], NO_LIMIT).unwrap();
    assert_eq!(messages, [b"<a/>".to_vec(), b"<b/>\n".to_vec()]);
    assert!(open.is_empty() && between);
}

#[test]
fn a_message_may_hold_the_beginning_of_the_mark() {
    for body in ["]]]]>x", "]]>]x", "]]>]]x", "]]]", "a]]>]]]]>]b", "]]>]]]"] {
        let stream = format!("{body}]]>]]>");
        let expected = vec![body.as_bytes().to_vec()];
        for place in 0..=stream.len() {
            let (first, second) = stream.as_bytes().split_at(place);
            let (messages, ..) = decode(Framing::EndOfMessage, &[first, second], NO_LIMIT).unwrap();
            assert_eq!(messages, expected, "{body} cut at {place}");
        }
    }
}

#[test]
fn end_of_message_refuses_to_send_its_own_mark() {
    for (first, second) in [("a]]>]]>b", ""), ("a]]>", "]]>b"), ("]", "]>]]>"), ("]]]>]]", ">")] {
        let mut encoder = Encoder::new(Framing::EndOfMessage);
        let mut out = Vec::new();
        let result = encoder
            .data(first.as_bytes(), &mut out)
            .and_then(|()| encoder.data(second.as_bytes(), &mut out));
        assert_eq!(result, Err(FramingError::MarkInMessage), "{first}|{second}");
    }
    let mut encoder = Encoder::new(Framing::EndOfMessage);
    let mut out = Vec::new();
    encoder.data(b"<a/>]]>", &mut out).unwrap();
    assert_eq!(encoder.end(&mut out), Err(FramingError::MarkInMessage));
}

#[test]
fn chunked_reads_the_example_of_rfc_6242() {
    let stream = b"\n#4\n<rpc\n#18\n message-id=\"102\"\n\n#79\n     \
        xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\">\n  <close-session/>\n</rpc>\n##\n";
    let (messages, _, between) = decode(Framing::Chunked, &[stream], NO_LIMIT).unwrap();
    assert_eq!(messages.len(), 1);
    assert!(messages[0].starts_with(b"<rpc message-id=\"102\"\n") && between);
    assert!(messages[0].ends_with(b"</rpc>"));
}

#[test]
fn chunked_refuses_what_the_grammar_refuses() {
    let refusals: [(&[u8], FramingError); 9] = [
        (b"#3\n", FramingError::ChunkHeader { found: b'#' }),
        (b"\n3", FramingError::ChunkHeader { found: b'3' }),
        (b"\n#0\n", FramingError::ChunkLength),
        (b"\n#01\n", FramingError::ChunkLength),
        (b"\n#4294967296\n", FramingError::ChunkLength),
        (b"\n#99999999999999999999999", FramingError::ChunkLength),
        (b"\n#1x", FramingError::ChunkHeader { found: b'x' }),
        (b"\n##\n", FramingError::NoChunk),
        (b"\n#1\na\n##x", FramingError::ChunkHeader { found: b'x' }),
    ];
    for (stream, error) in refusals {
        assert_eq!(decode(Framing::Chunked, &[stream], NO_LIMIT), Err(error));
    }
    assert!(decode(Framing::Chunked, &[b"\n#4294967295\nabc"], NO_LIMIT).is_ok());
}

#[test]
fn a_message_over_the_limit_is_refused_in_both_framings() {
    let error = Err(FramingError::TooLong { limit: 4 });
    assert_eq!(decode(Framing::EndOfMessage, &[b"abc", b"de"], 4), error);
    assert_eq!(decode(Framing::Chunked, &[b"\n#3\nabc\n#2\nde"], 4), error);
    assert!(decode(Framing::EndOfMessage, &[b"abcd]]>]]>abcd]]>]]>"], 4).is_ok());
}

#[test]
fn a_stream_that_ends_inside_a_message_is_known() {
    for (framing, stream) in [
        (Framing::EndOfMessage, &b"<a"[..]),
        (Framing::EndOfMessage, b"]]"),
        (Framing::Chunked, b"\n"),
        (Framing::Chunked, b"\n#1\na"),
    ] {
        assert!(!decode(framing, &[stream], NO_LIMIT).unwrap().2);
    }
}

#[test]
fn an_empty_message_has_no_chunked_form() {
    assert_eq!(Encoder::new(Framing::Chunked).end(&mut Vec::new()), Err(FramingError::NoChunk));
}

/// Text with many near misses of the marks.
fn tricky() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(&b"]]]>>a#\n12 <"[..]), 0..60)
}

proptest! {
    #[test]
    fn every_cut_of_the_stream_gives_the_same_messages(
        stream in prop::collection::vec(tricky(), 0..4).prop_map(|all| all.join(&b"]]>]]>"[..])),
        cuts in prop::collection::vec(any::<usize>(), 0..12),
    ) {
        let whole = decode(Framing::EndOfMessage, &[&stream], NO_LIMIT);
        prop_assert_eq!(decode(Framing::EndOfMessage, &cut(&stream, &cuts), NO_LIMIT), whole);
    }

    #[test]
    fn every_cut_of_a_chunked_stream_gives_the_same_messages(
        messages in prop::collection::vec(prop::collection::vec(tricky(), 1..4), 0..4),
        noise in tricky(),
        cuts in prop::collection::vec(any::<usize>(), 0..12),
    ) {
        let mut encoder = Encoder::new(Framing::Chunked);
        let (mut stream, mut expected) = (Vec::new(), Vec::new());
        for message in &messages {
            for piece in message {
                encoder.data(piece, &mut stream).unwrap();
            }
            if encoder.end(&mut stream).is_ok() {
                expected.push(message.concat());
            }
        }
        prop_assert_eq!(decode(Framing::Chunked, &cut(&stream, &cuts), NO_LIMIT).unwrap().0, expected);
        stream.extend_from_slice(&noise);
        let whole = decode(Framing::Chunked, &[&stream], NO_LIMIT);
        prop_assert_eq!(decode(Framing::Chunked, &cut(&stream, &cuts), NO_LIMIT), whole);
    }

    #[test]
    fn what_end_of_message_sends_it_reads_back(
        pieces in prop::collection::vec(tricky(), 0..5),
        cuts in prop::collection::vec(any::<usize>(), 0..12),
    ) {
        let mut encoder = Encoder::new(Framing::EndOfMessage);
        let mut stream = Vec::new();
        let sent = pieces.iter().try_for_each(|piece| encoder.data(piece, &mut stream))
            .and_then(|()| encoder.end(&mut stream));
        if sent.is_ok() {
            let (messages, open, _) = decode(Framing::EndOfMessage, &cut(&stream, &cuts), NO_LIMIT).unwrap();
            let message = pieces.concat();
            prop_assert_eq!(messages, [message.trim_ascii_start().to_vec()]);
            prop_assert!(open.is_empty());
        }
    }
}
