//! An answer that goes on: its pieces are written while its reader takes them.
//!
//! ```text
//!   enter (a place of 128) ──▶ write ──pieces──▶ reader
//!                               │ ends: reader gone or stuck, what is stored can't be read, gateway stopping
//!                               ▼
//!                             the place is free
//! ```

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::StatusCode;
use bytes::Bytes;
use homing_proto::fault::Fault;
use hyper::body::{Body, Frame};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::refusal::Refusal;

/// How many may read such answers at once.
const MAX_FOLLOWERS: usize = 128;
/// Stored rows that are read at once.
pub(crate) const PAGE: u32 = 500;
/// A sign of life while nothing happens.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// A reader that takes nothing for so long is given up.
const STUCK: Duration = Duration::from_secs(60);

/// The readers of such answers.
#[derive(Clone, Debug)]
pub(crate) struct Followers {
    room: Arc<Semaphore>,
    stopping: CancellationToken,
}

/// Room for one reader.
#[derive(Debug)]
pub(crate) struct Place {
    permit: OwnedSemaphorePermit,
    stopping: CancellationToken,
}

impl Followers {
    pub(crate) fn new(stopping: CancellationToken) -> Self {
        Self { room: Arc::new(Semaphore::new(MAX_FOLLOWERS)), stopping }
    }

    /// # Errors
    /// There are too many readers.
    pub(crate) fn enter(&self) -> Result<Place, Refusal> {
        let Ok(permit) = Arc::clone(&self.room).try_acquire_owned() else {
            let title =
                format!("{MAX_FOLLOWERS} readers follow events or fetch long lists already");
            let status = StatusCode::TOO_MANY_REQUESTS;
            return Err(Refusal::new(status, "too-many-followers", Fault::Operator, title));
        };
        Ok(Place { permit, stopping: self.stopping.clone() })
    }
}

impl Place {
    /// Starts an answer; `ahead` pieces may wait for its reader.
    pub(crate) fn write<F>(self, ahead: usize, write: impl FnOnce(Pieces) -> F) -> Written
    where
        F: Future<Output = Result<(), Ended>> + Send + 'static,
    {
        let (sender, pieces) = mpsc::channel(ahead);
        let run = write(Pieces { sender });
        tokio::spawn(async move {
            let _ = self.stopping.run_until_cancelled(run).await;
            drop(self.permit);
        });
        Written { pieces }
    }
}

/// Why an answer ends: nobody reads it, or it can't go on.
#[derive(Debug)]
pub(crate) struct Ended;

/// Where the pieces go.
#[derive(Debug)]
pub(crate) struct Pieces {
    sender: mpsc::Sender<Result<Bytes, BrokenOff>>,
}

impl Pieces {
    pub(crate) async fn put(&self, piece: impl Into<Bytes>) -> Result<(), Ended> {
        self.send(Ok(piece.into())).await
    }

    /// Cuts the answer: what is stored can't be read to its end.
    pub(crate) async fn break_off<T>(&self) -> Result<T, Ended> {
        self.send(Err(BrokenOff)).await.and(Err(Ended))
    }

    async fn send(&self, piece: Result<Bytes, BrokenOff>) -> Result<(), Ended> {
        match timeout(STUCK, self.sender.send(piece)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Ended),
        }
    }
}

/// Ticks when a sign of life is due, the first time at once.
pub(crate) fn heartbeat() -> Interval {
    let mut heartbeat = interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    heartbeat
}

/// The pieces of an answer, as its body.
#[derive(Debug)]
pub(crate) struct Written {
    pieces: mpsc::Receiver<Result<Bytes, BrokenOff>>,
}

/// What is stored could not be read to its end: the answer is cut, and must not look whole.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("what is stored can't be read")]
pub(crate) struct BrokenOff;

impl Body for Written {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        let piece = std::task::ready!(self.pieces.poll_recv(context));
        Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
    }
}
