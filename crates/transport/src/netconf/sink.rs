//! Where the bytes of a reply go; it takes them at once or not at all.

use bytes::Bytes;
use tokio::sync::oneshot;

use super::{ReplyEnd, RpcFailure};
use crate::spool::SpoolWriter;

/// Takes a reply as it comes, and how it ended; never makes the session wait.
pub trait ReplySink: Send + 'static {
    /// Takes a piece.
    ///
    /// # Errors
    /// [`SinkFull`]: this and everything after it of the reply is dropped.
    fn push(&mut self, piece: Bytes) -> Result<(), SinkFull>;

    /// The reply is complete, or will not be. If the session's task is dropped, so is the sink, and this is not said.
    fn ended(self: Box<Self>, ended: Result<ReplyEnd, RpcFailure>);

    /// Whether nobody waits for it any more: a request that was not sent yet never will be.
    fn is_abandoned(&self) -> bool {
        false
    }
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
    fn push(&mut self, piece: Bytes) -> Result<(), SinkFull> {
        self.write(piece).map_err(|cut| SinkFull { code: cut.code(), reason: cut.to_string() })
    }

    fn ended(self: Box<Self>, ended: Result<ReplyEnd, RpcFailure>) {
        match ended {
            Ok(_) => self.finish(),
            Err(failure) => self.give_up(failure.to_string()),
        }
    }
}

/// A sink whose end somebody waits for.
pub(super) struct Awaited {
    pub(super) sink: Box<dyn ReplySink>,
    pub(super) outcome: oneshot::Sender<Result<ReplyEnd, RpcFailure>>,
}

impl ReplySink for Awaited {
    fn push(&mut self, piece: Bytes) -> Result<(), SinkFull> {
        self.sink.push(piece)
    }

    fn ended(self: Box<Self>, ended: Result<ReplyEnd, RpcFailure>) {
        self.sink.ended(ended.clone());
        let _ = self.outcome.send(ended);
    }

    fn is_abandoned(&self) -> bool {
        self.outcome.is_closed()
    }
}
