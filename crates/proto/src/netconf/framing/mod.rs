//! NETCONF message framing over SSH: where one message ends and the next begins.
//!
//! ```text
//!   base:1.0, and every <hello>      <rpc>…</rpc>]]>]]>
//!   base:1.1, after the hellos       \n#12\n<rpc>…twelve\n#3\n…\n##\n
//! ```
//!
//! Both are codecs over a stream: bytes go in as they come, pieces of message come out; no message
//! is ever held whole.
//!
//! Source: RFC 6242, sections 4.1 to 4.3.

mod chunked;
mod end_of_message;
#[cfg(test)]
mod tests;

use crate::fault::Fault;

/// How messages are told apart on the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// `]]>]]>` after every message.
    EndOfMessage,
    /// Chunks with their length before them, `\n##\n` after the last.
    Chunked,
}

/// What the decoder found next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A piece of the current message, never empty.
    Data(&'a [u8]),
    /// The current message is complete.
    EndOfMessage,
}

/// Why the stream can't be cut into messages any more; the session is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    /// A chunk header is not `LF # digits LF`.
    #[error("expected a chunk header (\"\\n#<length>\\n\") but found byte 0x{found:02x}")]
    ChunkHeader {
        /// The byte that doesn't belong there.
        found: u8,
    },
    /// A chunk length is 0, has a leading zero or is above 4294967295.
    #[error("chunk length is not between 1 and 4294967295")]
    ChunkLength,
    /// The end of chunks came before the first chunk.
    #[error("expected at least one chunk before the end of the message")]
    NoChunk,
    /// The message is longer than this end allows.
    #[error("message is longer than {limit} bytes")]
    TooLong {
        /// The most bytes allowed.
        limit: u64,
    },
    /// The message to send holds `]]>]]>`, which base:1.0 can't carry.
    #[error("message holds the end-of-message mark \"]]>]]>\"")]
    MarkInMessage,
}

impl FramingError {
    /// The stable name of this error.
    pub fn code(self) -> &'static str {
        match self {
            Self::ChunkHeader { .. } => "netconf-chunk-header",
            Self::ChunkLength => "netconf-chunk-length",
            Self::NoChunk => "netconf-no-chunk",
            Self::TooLong { .. } => "netconf-message-too-long",
            Self::MarkInMessage => "netconf-mark-in-message",
        }
    }

    /// Who must act.
    pub fn fault(self) -> Fault {
        match self {
            Self::MarkInMessage => Fault::Operator,
            _ => Fault::Peer,
        }
    }
}

/// Cuts a stream of bytes into messages.
#[derive(Debug)]
pub struct Decoder {
    state: State,
    length: u64,
    limit: u64,
}

#[derive(Debug)]
enum State {
    EndOfMessage(end_of_message::Decoder),
    Chunked(chunked::Decoder),
}

impl Decoder {
    /// A decoder at the start of a message; no message may be longer than `limit` bytes.
    pub fn new(framing: Framing, limit: u64) -> Self {
        let state = match framing {
            Framing::EndOfMessage => State::EndOfMessage(end_of_message::Decoder::default()),
            Framing::Chunked => State::Chunked(chunked::Decoder::default()),
        };
        Self { state, length: 0, limit }
    }

    /// Takes bytes off the front of `input` and says what they are; `None` when `input` is used up.
    ///
    /// Stops after each [`Frame::EndOfMessage`], so that the framing can be changed there.
    ///
    /// # Errors
    /// A [`FramingError`] is final: the decoder must not be used after it.
    pub fn next<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Frame<'a>>, FramingError> {
        let frame = match &mut self.state {
            State::EndOfMessage(decoder) => decoder.next(input),
            State::Chunked(decoder) => decoder.next(input)?,
        };
        match frame {
            Some(Frame::Data(data)) => {
                self.length = self.length.saturating_add(data.len() as u64);
                if self.length > self.limit {
                    return Err(FramingError::TooLong { limit: self.limit });
                }
            }
            Some(Frame::EndOfMessage) => self.length = 0,
            None => {}
        }
        Ok(frame)
    }

    /// Whether the stream may end here without cutting a message short.
    pub fn is_between_messages(&self) -> bool {
        match &self.state {
            State::EndOfMessage(decoder) => decoder.is_between_messages(),
            State::Chunked(decoder) => decoder.is_between_messages(),
        }
    }
}

/// Puts messages on the stream, piece by piece.
#[derive(Debug)]
pub struct Encoder(Form);

#[derive(Debug)]
enum Form {
    EndOfMessage(end_of_message::Encoder),
    Chunked(chunked::Encoder),
}

impl Encoder {
    /// An encoder at the start of a message.
    pub fn new(framing: Framing) -> Self {
        Self(match framing {
            Framing::EndOfMessage => Form::EndOfMessage(end_of_message::Encoder::default()),
            Framing::Chunked => Form::Chunked(chunked::Encoder::default()),
        })
    }

    /// Appends a piece of the current message to `out`.
    ///
    /// # Errors
    /// [`FramingError::MarkInMessage`]: nothing of this piece was written. The message can't be
    /// ended any more, so nor can the session go on once an earlier piece was sent.
    pub fn data(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), FramingError> {
        match &mut self.0 {
            Form::EndOfMessage(encoder) => encoder.data(piece, out),
            Form::Chunked(encoder) => {
                encoder.data(piece, out);
                Ok(())
            }
        }
    }

    /// Appends the end of the current message to `out`.
    ///
    /// # Errors
    /// [`FramingError::NoChunk`] for an empty message, which chunked framing can't carry;
    /// [`FramingError::MarkInMessage`] for a message that ends like the mark begins.
    pub fn end(&mut self, out: &mut Vec<u8>) -> Result<(), FramingError> {
        match &mut self.0 {
            Form::EndOfMessage(encoder) => encoder.end(out),
            Form::Chunked(encoder) => encoder.end(out),
        }
    }

    /// Appends a whole message that is already at hand.
    ///
    /// # Errors
    /// As for its parts; `out` is as it was then.
    pub fn message(&mut self, message: &[u8], out: &mut Vec<u8>) -> Result<(), FramingError> {
        let before = out.len();
        let written = self.data(message, out).and_then(|()| self.end(out));
        if written.is_err() {
            out.truncate(before);
            *self = Self::new(match self.0 {
                Form::EndOfMessage(_) => Framing::EndOfMessage,
                Form::Chunked(_) => Framing::Chunked,
            });
        }
        written
    }
}
