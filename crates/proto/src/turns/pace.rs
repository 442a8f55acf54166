//! How many handshakes end in a second, over the last second.

use std::collections::VecDeque;
use std::time::Instant;

/// Beats that are looked back on.
const WINDOW: usize = 10;

/// Counts the handshakes that end.
#[derive(Debug, Default)]
pub(super) struct Pace {
    done: u64,
    beats: VecDeque<(Instant, u64)>,
}

impl Pace {
    pub(super) fn count(&mut self) {
        self.done += 1;
    }

    pub(super) fn handle_beat(&mut self, now: Instant) {
        self.beats.push_back((now, self.done));
        if self.beats.len() > WINDOW + 1 {
            self.beats.pop_front();
        }
    }

    /// Nothing until there was a whole window, or if none ended in it.
    pub(super) fn per_second(&self) -> Option<f64> {
        let (begin, before) = self.beats.front()?;
        let (end, after) = self.beats.back()?;
        let time = end.saturating_duration_since(*begin).as_secs_f64();
        let is_whole = self.beats.len() > WINDOW && time > 0.0 && after > before;
        is_whole.then(|| (after - before) as f64 / time)
    }
}
