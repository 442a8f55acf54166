//! Answers that the device owes, in the order in which it was asked.

use std::collections::VecDeque;

use tokio::sync::oneshot;

/// What an answer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A terminal.
    Terminal,
    /// What the channel is for.
    Start,
}

/// Where the device's answers go, the oldest first. Those that it never gives because the channel ends before are granted: whoever
/// is refused does not stay to read why.
#[derive(Default)]
pub(super) struct Answers(VecDeque<(oneshot::Sender<bool>, Wanted)>);

impl Answers {
    /// The device closed the channel instead of answering.
    pub(super) fn refuse(&mut self) {
        self.tell_all(false);
    }

    /// One more is asked.
    pub(super) fn expect(&mut self, answer: oneshot::Sender<bool>, wanted: Wanted) {
        self.0.push_back((answer, wanted));
    }

    /// The device answered the oldest.
    pub(super) fn next(&mut self) -> Option<(oneshot::Sender<bool>, Wanted)> {
        self.0.pop_front()
    }

    /// Whoever has gone hears nothing.
    fn tell_all(&mut self, granted: bool) {
        for (answer, _) in self.0.drain(..) {
            let _ = answer.send(granted);
        }
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        self.tell_all(true);
    }
}
