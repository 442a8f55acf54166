//! Fuzz target: a reply that is observed while it passes, cut at the place that the first byte says.

use homing_proto::netconf::reply::{Reader, Summary};

/// The message cut in two gives the bytes and the summary of the message in one piece; the bytes passed
/// on are part of the message; little is kept of it.
pub fn run(data: &[u8]) {
    let Some((first, message)) = data.split_first() else { return };
    let (before, after) = message.split_at(usize::from(*first).min(message.len()));
    let (passed, summary) = observe(&[message]);
    assert_eq!(observe(&[before, after]), (passed.clone(), summary.clone()));
    assert_eq!(passed.len() as u64, summary.bytes);
    assert!(passed.is_empty() || message.windows(passed.len()).any(|window| window == passed));
    assert!(summary.errors.len() <= 16);
    assert!(summary.errors.len() as u64 <= summary.error_count + summary.warning_count);
    for error in &summary.errors {
        assert!(!error.to_string().contains('\n'));
        let mut text = String::new();
        error.write(&mut text);
    }
}

fn observe(pieces: &[&[u8]]) -> (Vec<u8>, Summary) {
    let mut reader = Reader::default();
    let mut passed = Vec::new();
    for piece in pieces {
        let mut input = *piece;
        while let Some(bytes) = reader.next(&mut input) {
            passed.extend_from_slice(bytes);
        }
        assert!(input.is_empty());
    }
    (passed, reader.finish())
}
