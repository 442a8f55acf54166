//! Where the bytes of a reply go; it takes them at once or not at all.

use bytes::Bytes;

use crate::spool::SpoolWriter;

/// Takes a reply as it comes, and never makes the session wait.
pub trait ReplySink: Send + 'static {
    /// Takes a piece.
    ///
    /// # Errors
    /// [`SinkFull`]: this and everything after it of the reply is dropped.
    fn push(&mut self, bytes: &[u8]) -> Result<(), SinkFull>;

    /// The reply is complete.
    fn finish(self: Box<Self>);

    /// The reply will not be completed, and why.
    fn give_up(self: Box<Self>, reason: &str);
}

/// Why a sink takes no more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SinkFull {
    /// The stable name.
    pub code: &'static str,
    /// The sentence.
    pub reason: String,
}

impl ReplySink for SpoolWriter {
    fn push(&mut self, bytes: &[u8]) -> Result<(), SinkFull> {
        self.write(Bytes::copy_from_slice(bytes))
            .map_err(|cut| SinkFull { code: cut.code(), reason: cut.to_string() })
    }

    fn finish(self: Box<Self>) {
        SpoolWriter::finish(*self);
    }

    fn give_up(self: Box<Self>, reason: &str) {
        SpoolWriter::give_up(*self, reason);
    }
}
