//! Chunked framing: every chunk says its length (RFC 6242, section 4.2).
//!
//! ```text
//!  Start ─LF─▶ Hash ─#─▶ Size ─1..9─▶ Digits ─LF─▶ Data ─(length bytes)─▶ Start
//!                         └──── # ──▶ End ─LF─▶ (end of message) ─▶ Start
//! ```

use super::{Frame, FramingError};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// Before the LF of a header.
    #[default]
    Start,
    /// Before the `#` of a header.
    Hash,
    /// After `LF #`: a digit or the second `#`.
    Size,
    /// In the digits of a length.
    Digits(u64),
    /// Before the LF of `LF ## LF`.
    End,
    /// In a chunk, with so many bytes to come.
    Data(u64),
}

/// Reads chunk headers and hands out what is between them.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    state: State,
    in_message: bool,
}

impl Decoder {
    pub(super) fn next<'a>(
        &mut self,
        input: &mut &'a [u8],
    ) -> Result<Option<Frame<'a>>, FramingError> {
        loop {
            if let State::Data(left) = self.state {
                return Ok(self.data(left, input));
            }
            let Some((&byte, rest)) = input.split_first() else {
                return Ok(None);
            };
            *input = rest;
            self.state = match (self.state, byte) {
                (State::Start, b'\n') => State::Hash,
                (State::Hash, b'#') => State::Size,
                (State::Size, b'1'..=b'9') => State::Digits(u64::from(byte - b'0')),
                (State::Size, b'0') => return Err(FramingError::ChunkLength),
                (State::Size, b'#') if self.in_message => State::End,
                (State::Size, b'#') => return Err(FramingError::NoChunk),
                (State::Digits(length), b'0'..=b'9') => {
                    let length = length * 10 + u64::from(byte - b'0');
                    if length > u64::from(u32::MAX) {
                        return Err(FramingError::ChunkLength);
                    }
                    State::Digits(length)
                }
                (State::Digits(length), b'\n') => {
                    self.in_message = true;
                    State::Data(length)
                }
                (State::End, b'\n') => {
                    *self = Self::default();
                    return Ok(Some(Frame::EndOfMessage));
                }
                (_, found) => return Err(FramingError::ChunkHeader { found }),
            };
        }
    }

    fn data<'a>(&mut self, left: u64, input: &mut &'a [u8]) -> Option<Frame<'a>> {
        let take = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
        if take == 0 {
            return None;
        }
        let (data, rest) = input.split_at(take);
        *input = rest;
        let left = left - take as u64;
        self.state = if left == 0 { State::Start } else { State::Data(left) };
        Some(Frame::Data(data))
    }

    pub(super) fn is_between_messages(&self) -> bool {
        self.state == State::Start && !self.in_message
    }
}

/// Writes each piece as a chunk.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    in_message: bool,
}

impl Encoder {
    pub(super) fn data(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        for chunk in piece.chunks(u32::MAX as usize) {
            out.extend_from_slice(format!("\n#{}\n", chunk.len()).as_bytes());
            out.extend_from_slice(chunk);
            self.in_message = true;
        }
    }

    pub(super) fn end(&mut self, out: &mut Vec<u8>) -> Result<(), FramingError> {
        if !std::mem::take(&mut self.in_message) {
            return Err(FramingError::NoChunk);
        }
        out.extend_from_slice(b"\n##\n");
        Ok(())
    }
}
