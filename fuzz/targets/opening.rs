//! Fuzz target: the first bytes of a connection, cut at the place that the first byte says.

use homing_proto::opening::{Opened, Opening, OpeningError, OpeningKind};

/// The stream cut in two gives the answer of the stream in one piece, nothing is lost after the
/// opening, and a source that is not trusted cannot tell another.
pub fn run(data: &[u8]) {
    let Some((first, stream)) = data.split_first() else { return };
    let (before, after) = stream.split_at(usize::from(*first >> 1).min(stream.len()));
    let trusted = first & 1 == 1;
    let whole = open(trusted, &[stream]);
    assert_eq!(open(trusted, &[before, after]), whole);
    match whole {
        Ok(Some(opened)) => {
            assert!(stream.ends_with(&opened.rest));
            assert!(trusted || opened.source.is_none());
            let begins: &[u8] = match opened.kind {
                OpeningKind::Tls => b"\x16\x03",
                OpeningKind::CallHome | OpeningKind::OutboundSsh(_) => b"SSH-",
            };
            assert!(opened.rest.starts_with(begins));
        }
        Ok(None) => {}
        Err(error) => assert!(!error.code().is_empty() && error.to_string().len() < 1000),
    }
}

fn open(trusted: bool, pieces: &[&[u8]]) -> Result<Option<Opened>, OpeningError> {
    let mut opening = Opening::new(trusted);
    let mut done: Option<Opened> = None;
    for piece in pieces {
        if let Some(opened) = &mut done {
            opened.rest.extend_from_slice(piece);
            continue;
        }
        done = opening.handle_data(piece)?;
        assert!(done.is_some() || piece.is_empty() || !opening.is_silent());
    }
    Ok(done)
}
