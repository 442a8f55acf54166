//! The one timer of a session. Set anew only for an earlier moment: requests come and go faster than their deadlines, so it rings
//! early at most once for each of them, and mostly never.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Waker};

use tokio::time::{Instant, Sleep, sleep_until};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Timer(Option<Set>);

#[derive(Debug)]
struct Set {
    sleep: Pin<Box<Sleep>>,
    /// Whom it wakes.
    task: Option<Waker>,
}

impl Timer {
    /// Whether `deadline` is past, or an earlier one was; if not, the task is woken then.
    pub(super) fn poll(&mut self, deadline: Option<Instant>, cx: &mut Context<'_>) -> bool {
        let Some(deadline) = deadline else {
            // What was set before rings once, for nothing.
            self.0.take_if(|set| set.sleep.is_elapsed());
            return false;
        };
        let set = self
            .0
            .get_or_insert_with(|| Set { sleep: Box::pin(sleep_until(deadline)), task: None });
        if set.sleep.deadline() > deadline {
            set.sleep.as_mut().reset(deadline);
            set.task = None;
        }
        let is_past = match &set.task {
            Some(task) if task.will_wake(cx.waker()) => set.sleep.is_elapsed(),
            _ => {
                set.task = Some(cx.waker().clone());
                set.sleep.as_mut().poll(cx).is_ready()
            }
        };
        if is_past {
            self.0 = None;
        }
        is_past
    }
}
