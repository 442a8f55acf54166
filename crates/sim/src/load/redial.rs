//! When a device dials, and what kind of attempt it makes: its stanza's timers, and chance from a seed.
//!
//! ```text
//!   rest ──due──▶ Dial ─▶ refused ────────────────▶ rest
//!                   └───▶ connected ─▶ over ──────▶ rest          (Dialer: retry, timeout, strategy)
//!                             └─ no session by `patience`: hang up, over
//! ```
//!
//! Source: Junos, *Configuring Outbound SSH Service*.

use std::time::{Duration, Instant};

use homing_proto::dialer::{Dialer, ReconnectStrategy, Server};

use crate::random::Random;

/// How devices dial, and how badly.
#[derive(Debug, Clone, PartialEq)]
pub struct Habits {
    /// Attempts on one address before the next has its turn.
    pub retry: u32,
    /// The pause between two attempts on one address.
    pub timeout: Duration,
    /// How long a device waits for its session before it hangs up.
    pub patience: Duration,
    /// The first dials are spread over this time.
    pub within: Duration,
    /// How likely an attempt leaves half a connection: the device is gone, and the gateway is not told.
    pub half_open: f64,
    /// The share of devices that take a second for every answer.
    pub slow: f64,
    /// Decides what is left to chance.
    pub seed: u64,
}

impl Habits {
    /// Junos's timers, no faults.
    #[must_use]
    pub fn new() -> Self {
        Self {
            retry: 3,
            timeout: Duration::from_secs(15),
            patience: Duration::from_secs(15),
            within: Duration::ZERO,
            half_open: 0.0,
            slow: 0.0,
            seed: 0,
        }
    }
}

impl Default for Habits {
    fn default() -> Self {
        Self::new()
    }
}

/// One attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dial {
    /// Which of the addresses, from 0.
    pub(super) server: usize,
    /// The device falls silent once it has said who it is.
    pub(super) is_half_open: bool,
}

/// The attempts of one device, without end.
#[derive(Debug)]
pub(super) struct Redial {
    /// When the first dial is due; then it is the dialer's to say.
    first: Option<Instant>,
    servers: Vec<Server>,
    dialer: Dialer,
    half_open: f64,
    random: Random,
    is_slow: bool,
}

impl Redial {
    /// A device that has not dialled yet; `servers` is how many addresses it has.
    #[must_use]
    pub(super) fn new(habits: &Habits, number: u32, servers: usize, now: Instant) -> Self {
        let mut random = Random::new(habits.seed.rotate_left(32) ^ u64::from(number));
        let first = now + habits.within.mul_f64(random.part());
        let is_slow = random.happens(habits.slow);
        let server = Server {
            retry: habits.retry,
            timeout: habits.timeout,
            ..Server::new(String::new(), 0)
        };
        Self {
            first: Some(first),
            servers: vec![server; servers],
            dialer: Dialer::new(Vec::new(), ReconnectStrategy::InOrder, now),
            half_open: habits.half_open,
            random,
            is_slow,
        }
    }

    /// Whether its answers come late.
    #[must_use]
    pub(super) fn is_slow(&self) -> bool {
        self.is_slow
    }

    /// When to call [`Redial::handle_timeout`]; nothing while it dials or is connected.
    #[must_use]
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.first.or_else(|| self.dialer.poll_timeout())
    }

    /// The time of [`Redial::poll_timeout`] has come; harmless at any other time.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        match self.first {
            Some(first) if first <= now => {
                self.first = None;
                let servers = std::mem::take(&mut self.servers);
                self.dialer = Dialer::new(servers, ReconnectStrategy::InOrder, now);
            }
            Some(_) => {}
            None => self.dialer.handle_timeout(now),
        }
    }

    /// What to do next.
    pub(super) fn poll_action(&mut self) -> Option<Dial> {
        let attempt = self.dialer.poll_action()?;
        let is_half_open = self.random.happens(self.half_open);
        Some(Dial { server: attempt.server, is_half_open })
    }

    /// Nobody took the connection.
    pub(super) fn handle_refused(&mut self, now: Instant) {
        self.dialer.handle_failed(now);
    }

    /// The connection stands.
    pub(super) fn handle_connected(&mut self, now: Instant) {
        self.dialer.handle_connected(now);
    }

    /// The connection has ended, or the device gave it up.
    pub(super) fn handle_over(&mut self, now: Instant) {
        self.dialer.handle_closed(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(redial: &Redial, since: Instant) -> f64 {
        redial.poll_timeout().unwrap().duration_since(since).as_secs_f64()
    }

    #[test]
    fn a_device_dials_at_once_and_after_a_refusal_at_its_timeout() {
        let now = Instant::now();
        let mut redial = Redial::new(&Habits::new(), 1, 1, now);
        assert_eq!(due(&redial, now), 0.0);
        redial.handle_timeout(now);
        assert_eq!(redial.poll_action(), Some(Dial { server: 0, is_half_open: false }));
        assert_eq!(redial.poll_timeout(), None);
        redial.handle_refused(now);
        assert_eq!(due(&redial, now), 15.0);
        redial.handle_timeout(now + Duration::from_secs(15));
        assert!(redial.poll_action().is_some());
    }

    #[test]
    fn who_was_in_session_for_long_dials_again_at_once() {
        let now = Instant::now();
        let mut redial = Redial::new(&Habits::new(), 1, 1, now);
        redial.handle_timeout(now);
        assert!(redial.poll_action().is_some());
        redial.handle_connected(now);
        redial.handle_over(now + Duration::from_secs(60));
        assert!(redial.poll_action().is_some());
    }

    #[test]
    fn first_dials_are_spread_and_the_same_again() {
        let now = Instant::now();
        let habits = Habits { within: Duration::from_secs(10), ..Habits::new() };
        let first = |number| due(&Redial::new(&habits, number, 1, now), now);
        let all: Vec<f64> = (0..1_000).map(first).collect();
        assert!(all.iter().all(|at| (0.0..10.0).contains(at)));
        let early = all.iter().filter(|at| **at < 5.0).count();
        assert!((400..600).contains(&early), "{early}");
        assert_eq!(first(7), first(7));
    }

    #[test]
    fn faults_have_about_the_likelihood_that_was_asked_for() {
        let now = Instant::now();
        let habits = Habits { half_open: 0.2, slow: 0.1, ..Habits::new() };
        let mut half_open = 0;
        let mut slow = 0;
        for number in 0..2_000 {
            let mut redial = Redial::new(&habits, number, 2, now);
            redial.handle_timeout(now);
            half_open += usize::from(redial.poll_action().unwrap().is_half_open);
            slow += usize::from(redial.is_slow());
        }
        assert!((330..470).contains(&half_open), "{half_open}");
        assert!((150..250).contains(&slow), "{slow}");
    }
}
