//! Room for what a slow reader has not taken yet: memory first, then an unnamed temporary file.
//!
//! ```text
//!   device channel ──write, never waits──▶ [ memory │ file (ring) ] ──next().await──▶ operator
//!                                             limits of this spool, and a Budget shared by all
//! ```
//!
//! The SSH library hands out window when data *arrives*, so a channel that nobody reads stops its whole connection, keep-alives
//! included. Whoever owns a device channel therefore reads it at once into a spool; the operator reads the spool. Beyond the limits
//! the reply is cut: the writer gets a [`Cut`], closes that one channel, and the reader gets the same [`Cut`] after what fitted.
//!
//! An unused spool has no buffer and no file.

mod budget;
mod file;
mod state;

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use homing_proto::fault::Fault;
use tokio::io::{AsyncRead, ReadBuf};

pub use budget::{Budget, BudgetLimits};
use state::State;

/// How much one spool may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpoolLimits {
    /// Bytes kept in memory before the file is begun.
    pub memory: usize,
    /// Bytes that may wait in the file at any moment; 0 for no file.
    pub disk: u64,
}

impl Default for SpoolLimits {
    fn default() -> Self {
        Self { memory: 256 * 1024, disk: 1024 * 1024 * 1024 }
    }
}

/// Why a spool ends before its writer was done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Cut {
    /// More waits for the reader than one spool may hold.
    #[error("the reader is too slow: more than {limit} bytes wait for it")]
    TooMuchWaiting {
        /// Memory and file of this spool together.
        limit: u64,
    },
    /// All spools together hold as much as they may.
    #[error("too much waits for slow readers in all; try again when others have finished")]
    BudgetSpent,
    /// The temporary file could not be made, written or read.
    #[error("the temporary file failed: {0}")]
    Disk(io::ErrorKind),
    /// The reader is gone; nobody wants the rest.
    #[error("the reader went away")]
    ReaderGone,
    /// The writer is gone without having said that it was done.
    #[error("the sender went away in the middle")]
    WriterGone,
    /// The writer gave up and says why.
    #[error("{0}")]
    GivenUp(String),
}

impl Cut {
    /// Stable name for logs, metrics and the API.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooMuchWaiting { .. } => "spool-full",
            Self::BudgetSpent => "spool-budget-spent",
            Self::Disk(_) => "spool-disk-failed",
            Self::ReaderGone => "reader-gone",
            Self::WriterGone => "sender-gone",
            Self::GivenUp(_) => "sender-gave-up",
        }
    }

    /// Who must act.
    pub fn fault(&self) -> Fault {
        match self {
            Self::TooMuchWaiting { .. } | Self::ReaderGone => Fault::Operator,
            Self::BudgetSpent | Self::Disk(_) => Fault::Local,
            Self::WriterGone | Self::GivenUp(_) => Fault::Peer,
        }
    }
}

/// Makes spools.
#[derive(Debug)]
pub struct Spool;

impl Spool {
    /// A spool with these limits, drawing on `budget`.
    #[allow(clippy::new_ret_no_self)]
    pub fn new(limits: SpoolLimits, budget: &Budget) -> (SpoolWriter, SpoolReader) {
        let shared = Arc::new(Shared(Mutex::new(State::new(limits, budget.clone()))));
        (
            SpoolWriter { shared: shared.clone(), done: false },
            SpoolReader { shared, left: Bytes::new() },
        )
    }
}

/// What writer and reader share.
#[derive(Debug)]
struct Shared(Mutex<State>);

impl Shared {
    /// The state, also after a panic elsewhere: every change of it is complete before the lock is let go.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end that is filled. Dropping it before [`finish`](SpoolWriter::finish) gives the reader [`Cut::WriterGone`].
#[derive(Debug)]
pub struct SpoolWriter {
    /// Shared with the reader.
    shared: Arc<Shared>,
    /// `finish` or `give_up` was called.
    done: bool,
}

impl SpoolWriter {
    /// Adds bytes; never waits for the reader.
    ///
    /// # Errors
    /// Once cut, every further write returns the same [`Cut`]; close the channel that feeds the spool.
    pub fn write(&mut self, bytes: impl Into<Bytes>) -> Result<(), Cut> {
        self.shared.lock().write(bytes.into())
    }

    /// Bytes that wait for the reader.
    pub fn waiting(&self) -> u64 {
        self.shared.lock().waiting()
    }

    /// Waits until at most `bytes` wait for the reader, or the reader is gone. For writers that can hold back what feeds them.
    pub async fn drained_to(&mut self, bytes: u64) {
        std::future::poll_fn(|cx| self.shared.lock().poll_drained_to(bytes, cx)).await;
    }

    /// All is written: the reader ends after the last byte.
    pub fn finish(mut self) {
        self.done = true;
        self.shared.lock().finish();
    }

    /// Ends early; the reader gets what was written, then [`Cut::GivenUp`] with `reason`.
    pub fn give_up(mut self, reason: impl Into<String>) {
        self.done = true;
        self.shared.lock().cut(Cut::GivenUp(reason.into()));
    }
}

impl Drop for SpoolWriter {
    fn drop(&mut self) {
        if !self.done {
            self.shared.lock().cut(Cut::WriterGone);
        }
    }
}

/// The end that is read; [`AsyncRead`] too, where a cut is an [`io::Error`] that carries the [`Cut`].
#[derive(Debug)]
pub struct SpoolReader {
    /// Shared with the writer.
    shared: Arc<Shared>,
    /// Of the last piece, what an `AsyncRead` caller has not taken.
    left: Bytes,
}

impl SpoolReader {
    /// The next bytes, or `None` after the last.
    ///
    /// # Errors
    /// [`Cut`], after everything that was stored before it.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Cut> {
        std::future::poll_fn(|cx| self.poll_next(cx)).await
    }

    /// As [`next`](Self::next).
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Cut>> {
        if !self.left.is_empty() {
            return Poll::Ready(Ok(Some(std::mem::take(&mut self.left))));
        }
        self.shared.lock().poll_next(cx)
    }
}

impl AsyncRead for SpoolReader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left.is_empty() {
            let next = ready!(self.shared.lock().poll_next(cx)).map_err(io::Error::other)?;
            match next {
                Some(bytes) => self.left = bytes,
                None => return Poll::Ready(Ok(())),
            }
        }
        let n = self.left.len().min(buf.remaining());
        buf.put_slice(&self.left.split_to(n));
        if !self.left.has_remaining() {
            self.left = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for SpoolReader {
    fn drop(&mut self) {
        self.shared.lock().abandon();
    }
}

#[cfg(test)]
mod tests;
