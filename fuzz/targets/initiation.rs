//! Fuzz target: the initiation sequence, cut at the place that the first byte says.

use homing_proto::initiation::{
    Initiation, InitiationError, LIMIT, Nul, Progress, Receiver, compose,
};

/// The stream cut in two gives the answer of the stream in one piece, nothing is lost after the
/// sequence, and what was read is composed and read again as itself.
pub fn run(data: &[u8]) {
    let Some((first, stream)) = data.split_first() else { return };
    let whole = receive(&[stream]);
    let (before, after) = stream.split_at(usize::from(*first).min(stream.len()));
    assert_eq!(receive(&[before, after]), whole);
    let Ok(Some((initiation, rest))) = whole else { return };

    assert!(rest.starts_with(b"SSH-") && stream.ends_with(&rest));
    assert!(stream.len() - rest.len() <= LIMIT);
    for nul in [Nul::Send, Nul::Omit] {
        let again = [compose(&initiation, nul), rest.clone()].concat();
        // Every line is written in full, so a sequence that was just short enough may grow.
        if again.len() - rest.len() <= LIMIT {
            assert_eq!(receive(&[&again]), Ok(Some((initiation.clone(), rest.clone()))));
        }
    }
}

type Received = Result<Option<(Initiation, Vec<u8>)>, InitiationError>;

fn receive(pieces: &[&[u8]]) -> Received {
    let mut receiver = Receiver::default();
    let mut done: Option<(Initiation, Vec<u8>)> = None;
    for piece in pieces {
        if let Some((_, rest)) = &mut done {
            rest.extend_from_slice(piece);
            continue;
        }
        if let Progress::Done { initiation, rest } = receiver.handle_data(piece)? {
            done = Some((initiation, rest));
        }
    }
    Ok(done)
}
