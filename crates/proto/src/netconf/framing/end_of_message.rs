//! End-of-message framing: `]]>]]>` after every message (RFC 6242, section 4.3).
//!
//! The mark may be cut anywhere by the transport, and a message may hold the beginning of it. What is
//! held back is always a beginning of [`MARK`], so it needs no buffer: only how many bytes of it.
//!
//! ```text
//!   …</rpc>]]>]     │ ]>\n<rpc …       Data("…</rpc>")  │  EndOfMessage  Data("<rpc …")
//!   …]]>]           │ x…               Data("…")        │  Data("]]>]")  Data("x…")
//! ```

use memchr::{memchr, memmem};

use super::{Frame, FramingError};

/// The end-of-message mark.
pub(super) const MARK: &[u8; 6] = b"]]>]]>";

/// How many bytes of the mark are left when the byte after the first `index` of them doesn't fit.
const FALL_BACK: [usize; 6] = [0, 0, 1, 0, 1, 2];

/// Finds the mark, cut anywhere.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// Bytes of the mark seen and held back.
    held: usize,
    in_message: bool,
}

impl Decoder {
    pub(super) fn next<'a>(&mut self, input: &mut &'a [u8]) -> Option<Frame<'a>> {
        if !self.in_message && self.held == 0 {
            *input = input.trim_ascii_start();
        }
        while self.held > 0 {
            let (&byte, rest) = input.split_first()?;
            match step(self.held, byte) {
                Step::Holds(held) if held == MARK.len() => {
                    *input = rest;
                    (self.held, self.in_message) = (0, false);
                    return Some(Frame::EndOfMessage);
                }
                Step::Holds(held) => {
                    *input = rest;
                    self.held = held;
                }
                Step::Gives { up, held } => {
                    self.held = held;
                    self.in_message = true;
                    return MARK.get(..up).map(Frame::Data);
                }
            }
        }
        if input.is_empty() {
            return None;
        }
        let (data, held) = match memmem::find(input, MARK) {
            Some(0) => {
                *input = input.get(MARK.len()..).unwrap_or_default();
                self.in_message = false;
                return Some(Frame::EndOfMessage);
            }
            Some(position) => (position, 0),
            None => {
                let held = beginning_at_end(input);
                (input.len() - held, held)
            }
        };
        let (data, rest) = input.split_at(data);
        *input = rest;
        if held > 0 {
            *input = &[];
            self.held = held;
        }
        if data.is_empty() {
            return None;
        }
        self.in_message = true;
        Some(Frame::Data(data))
    }

    pub(super) fn is_between_messages(&self) -> bool {
        !self.in_message && self.held == 0
    }
}

enum Step {
    /// The byte belongs to the mark, of which so many bytes are held.
    Holds(usize),
    /// The byte doesn't fit: the first `up` bytes held are data, the last `held` may still be the mark.
    Gives { up: usize, held: usize },
}

fn step(held: usize, byte: u8) -> Step {
    if MARK.get(held) == Some(&byte) {
        return Step::Holds(held + 1);
    }
    let left = FALL_BACK.get(held).copied().unwrap_or(0);
    Step::Gives { up: held - left, held: left }
}

/// The length of the longest beginning of the mark that `input` ends with.
fn beginning_at_end(input: &[u8]) -> usize {
    let tail = input.get(input.len().saturating_sub(MARK.len() - 1)..).unwrap_or_default();
    (1..=tail.len())
        .rev()
        .find(|&length| MARK.get(..length).is_some_and(|beginning| tail.ends_with(beginning)))
        .unwrap_or(0)
}

/// Appends the mark, and refuses a message that holds it.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    /// Bytes of the mark that the message ends with so far.
    matched: usize,
}

impl Encoder {
    pub(super) fn data(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), FramingError> {
        self.matched = scan(self.matched, piece).ok_or(FramingError::MarkInMessage)?;
        out.extend_from_slice(piece);
        Ok(())
    }

    pub(super) fn end(&mut self, out: &mut Vec<u8>) -> Result<(), FramingError> {
        if std::mem::take(&mut self.matched) > 0 {
            return Err(FramingError::MarkInMessage);
        }
        out.extend_from_slice(MARK);
        Ok(())
    }
}

/// How much of the mark is matched after `piece`; `None` when all of it was.
fn scan(mut matched: usize, mut piece: &[u8]) -> Option<usize> {
    while let Some((&byte, rest)) = piece.split_first() {
        if matched == 0 && byte != b']' {
            let skip = memchr(b']', piece).unwrap_or(piece.len());
            piece = piece.get(skip..).unwrap_or_default();
            continue;
        }
        match step(matched, byte) {
            Step::Holds(held) if held == MARK.len() => return None,
            Step::Holds(held) => {
                matched = held;
                piece = rest;
            }
            Step::Gives { held, .. } => matched = held,
        }
    }
    Some(matched)
}
