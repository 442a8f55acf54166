//! The processor of the gateway: a queue of slices, served by some cores.

use std::collections::VecDeque;
use std::time::Duration;

/// A piece of work for one core.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slice<W> {
    pub(super) work: W,
    pub(super) cost: Duration,
}

/// Cores and what waits for them.
#[derive(Debug)]
pub(super) struct Cores<W> {
    idle: usize,
    queue: VecDeque<Slice<W>>,
}

impl<W> Cores<W> {
    pub(super) fn new(count: usize) -> Self {
        Self { idle: count, queue: VecDeque::new() }
    }

    pub(super) fn add(&mut self, work: W, cost: Duration) {
        self.queue.push_back(Slice { work, cost });
    }

    /// The next slice, if a core is idle; it is busy until [`Cores::finish`].
    pub(super) fn start(&mut self) -> Option<Slice<W>> {
        if self.idle == 0 {
            return None;
        }
        let slice = self.queue.pop_front()?;
        self.idle -= 1;
        Some(slice)
    }

    pub(super) fn finish(&mut self) {
        self.idle += 1;
    }
}
