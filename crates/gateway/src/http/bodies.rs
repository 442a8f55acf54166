//! Room for long requests: how much of them may be in memory at once, whoever sends them.
//!
//! ```text
//!   up to 64 KiB ──▶ read: the number of connections bounds them
//!   longer, or of unknown length ──▶ waits for as much of the budget as it may become ──▶ read ──▶ given back
//! ```

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use homing_proto::fault::Fault;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::refusal::Refusal;

/// A request of this length needs no room.
const SHORT: usize = 64 * 1024;
/// All long requests together.
const BUDGET: usize = 64 * 1024 * 1024;
/// How long one waits for room.
const PATIENCE: Duration = Duration::from_secs(30);

/// The budget, in KiB.
#[derive(Clone, Debug)]
pub(super) struct Bodies(Arc<Semaphore>);

impl Bodies {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(BUDGET / 1024)))
    }

    /// Room for a request of this length, given back when it is dropped; none is needed for a short one. One whose
    /// length is not known needs as much as `longest`.
    ///
    /// # Errors
    /// Others hold the room for too long.
    pub(super) async fn enter(
        &self,
        length: Option<usize>,
        longest: usize,
    ) -> Result<Option<OwnedSemaphorePermit>, Refusal> {
        let length = length.unwrap_or(longest).min(longest);
        if length <= SHORT {
            return Ok(None);
        }
        let room = u32::try_from(length.div_ceil(1024)).unwrap_or(u32::MAX);
        let entered = timeout(PATIENCE, Arc::clone(&self.0).acquire_many_owned(room)).await;
        entered.ok().and_then(Result::ok).map(Some).ok_or_else(|| {
            let title = "too many long requests are being read: try again in a minute";
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "no-room", Fault::Local, title)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: usize = 16 * 1024 * 1024;

    #[tokio::test(start_paused = true)]
    async fn long_requests_share_a_budget_and_short_ones_need_none() {
        let bodies = Bodies::new();
        let mut held = Vec::new();
        for length in [Some(LONGEST), None, Some(usize::MAX), Some(LONGEST)] {
            held.push(bodies.enter(length, LONGEST).await.unwrap().unwrap());
        }
        assert_eq!(bodies.enter(None, LONGEST).await.unwrap_err().0.code, "no-room");
        assert!(bodies.enter(Some(SHORT), LONGEST).await.unwrap().is_none());
        held.pop();
        assert!(bodies.enter(Some(LONGEST), LONGEST).await.unwrap().is_some());
    }
}
