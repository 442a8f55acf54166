//! A terminal session as an asciicast v2 file: a header, then one line for each thing that happened.
//!
//! ```text
//!   {"version":2,"width":80,"height":24,"timestamp":1795000000,"title":"ops on edge-7","homing":{…}}
//!   [0.000000,"o","edge-7$ "]
//!   [1.250000,"r","132x43"]
//!   [9.000000,"m","4096 bytes are missing: …"]
//! ```
//!
//! A file that ends in mid-session plays up to there. Source: asciinema, *asciicast file format (version 2)*.

use std::fmt::Write as _;
use std::time::Duration;

use homing_proto::api;

/// What the header tells of, beside the size.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Header {
    version: u8,
    width: u32,
    height: u32,
    timestamp: i64,
    title: String,
    /// Ours; players pass over it.
    pub(super) homing: Option<api::Recording>,
}

/// The first line.
pub(super) fn header(about: &api::Recording) -> String {
    let header = Header {
        version: 2,
        width: about.columns,
        height: about.rows,
        timestamp: about.at.as_second(),
        title: format!("{} on {}", about.operator, about.device),
        homing: Some(about.clone()),
    };
    // Its keys are texts and its values plain: it can't fail.
    let mut line = serde_json::to_string(&header).unwrap_or_default();
    line.push('\n');
    line
}

/// A line for one thing that happened `after` the beginning.
pub(super) fn line(out: &mut String, after: Duration, kind: char, text: &str) {
    let text = serde_json::Value::from(text);
    let _ = writeln!(out, "[{}.{:06},\"{kind}\",{text}]", after.as_secs(), after.subsec_micros());
}

/// The moment of the last whole line, after the beginning.
pub(super) fn last_moment(tail: &str) -> Option<Duration> {
    let (seconds, _) = tail.trim_end().rsplit('\n').next()?.strip_prefix('[')?.split_once(',')?;
    Duration::try_from_secs_f64(seconds.parse().ok()?).ok()
}

/// Makes text of bytes that are cut anywhere, also inside a character.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    begun: Vec<u8>,
}

impl Decoder {
    /// The text of all characters that are whole; what is no UTF-8 becomes U+FFFD.
    pub(super) fn decode(&mut self, bytes: &[u8]) -> String {
        let mut all = std::mem::take(&mut self.begun);
        all.extend_from_slice(bytes);
        let mut text = String::with_capacity(all.len());
        let mut chunks = all.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            text.push_str(chunk.valid());
            let invalid = chunk.invalid();
            if invalid.is_empty() {
                continue;
            }
            if chunks.peek().is_none() && is_begun(invalid) {
                self.begun = invalid.to_vec();
            } else {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        text
    }
}

/// Whether more bytes could make a character of it.
fn is_begun(bytes: &[u8]) -> bool {
    matches!(std::str::from_utf8(bytes), Err(error) if error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn text_is_the_same_however_it_is_cut(text: String, cuts: Vec<prop::sample::Index>) {
            let bytes = text.as_bytes();
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            at.extend([0, bytes.len()]);
            at.sort_unstable();
            let mut decoder = Decoder::default();
            let pieces = at.windows(2).map(|pair| decoder.decode(&bytes[pair[0]..pair[1]]));
            prop_assert_eq!(pieces.collect::<String>(), text);
        }

        #[test]
        fn no_bytes_are_kept_beyond_a_character(pieces: Vec<Vec<u8>>) {
            let mut decoder = Decoder::default();
            for piece in pieces {
                decoder.decode(&piece);
                prop_assert!(decoder.begun.len() < 4);
            }
        }

        #[test]
        fn a_line_is_one_line_of_json(text: String, micros in 0u64..1_000_000_000_000) {
            let mut out = String::new();
            line(&mut out, Duration::from_micros(micros), 'o', &text);
            prop_assert_eq!(out.matches('\n').count(), 1);
            let (at, kind, read): (f64, String, String) = serde_json::from_str(&out).unwrap();
            prop_assert!((at - Duration::from_micros(micros).as_secs_f64()).abs() < 1e-3);
            prop_assert_eq!((kind.as_str(), read), ("o", text));
            prop_assert!(last_moment(&out).is_some());
        }
    }
}
