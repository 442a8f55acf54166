//! The gateway's reader of the initiation sequence.
//!
//! ```text
//!            byte            LF
//!   ┌──────▶ line ─────────────────▶ take the line ──┐
//!   │          │ the line begins with `SSH-`         │
//!   │          ▼                                     │
//!   │         done: the bytes before `SSH-` are      │
//!   │         taken, `SSH-` and the rest are not     │
//!   └────────────────────────────────────────────────┘
//! ```
//!
//! It looks at one byte at a time, so how the stream is cut cannot matter.

use super::line::Lines;
use super::{Initiation, InitiationError, LIMIT};
use crate::identity::DeviceId;

const END: &[u8] = b"SSH-";

/// Reads one initiation sequence. It holds one line and what the lines before it said.
#[derive(Debug, Default)]
pub struct Receiver {
    pub(super) line: Vec<u8>,
    pub(super) taken: usize,
    lines: Lines,
}

/// How far a [`Receiver`] came with the bytes given.
#[derive(Debug, PartialEq, Eq)]
pub enum Progress {
    /// All bytes are taken, and more are needed.
    More,
    /// The sequence is complete.
    Done {
        /// What the device said.
        initiation: Initiation,
        /// The first bytes of SSH: `SSH-` and all that was given after it.
        rest: Vec<u8>,
    },
}

impl Receiver {
    /// Takes bytes until the sequence is complete.
    ///
    /// # Errors
    /// What is wrong with the sequence. The receiver is of no more use then.
    pub fn handle_data(&mut self, bytes: &[u8]) -> Result<Progress, InitiationError> {
        for (position, byte) in bytes.iter().enumerate() {
            self.line.push(*byte);
            if self.line == END {
                let initiation = std::mem::take(&mut self.lines).finish()?;
                let after = bytes.get(position + 1..).unwrap_or_default();
                return Ok(Progress::Done { initiation, rest: [END, after].concat() });
            }
            self.taken += 1;
            if self.taken > LIMIT && !END.starts_with(&self.line) {
                return Err(InitiationError::TooLong);
            }
            if let Some(line) = self.line.strip_suffix(b"\n") {
                self.lines.take(line)?;
                self.line.clear();
            }
        }
        Ok(Progress::More)
    }

    /// The device-id, if its line has come: who it was, should the rest be refused.
    pub fn device_id(&self) -> Option<&DeviceId> {
        self.lines.device_id.as_ref()
    }
}
