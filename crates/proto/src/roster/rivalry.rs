//! Two boxes that take over from each other.
//!
//! ```text
//!   calm ── too many take-overs in a window ──▶ fight: one take-over a window
//!    ▲                                            │
//!    └────── a window without an attempt ─────────┘
//! ```

use std::collections::VecDeque;
use std::time::Instant;

use super::Settings;

/// The take-overs of one place.
#[derive(Debug, Default)]
pub(super) struct Rivalry {
    /// Those of the last window, at most as many as are allowed.
    takeovers: VecDeque<Instant>,
    fight: bool,
    last_attempt: Option<Instant>,
}

impl Rivalry {
    /// Whether one more take-over may be; if so, it is counted.
    pub(super) fn admits(&mut self, settings: &Settings, now: Instant) -> bool {
        if self.is_over(settings, now) {
            *self = Self::default();
        }
        self.last_attempt = Some(now);
        let recent = |at: &Instant| now.saturating_duration_since(*at) < settings.window;
        self.takeovers.retain(recent);
        self.fight |= self.takeovers.len() >= settings.takeovers;
        if self.fight && !self.takeovers.is_empty() {
            return false;
        }
        self.takeovers.push_back(now);
        true
    }

    /// Whether a window went by without an attempt.
    pub(super) fn is_over(&self, settings: &Settings, now: Instant) -> bool {
        self.last_attempt
            .is_none_or(|attempt| now.saturating_duration_since(attempt) >= settings.window)
    }
}
