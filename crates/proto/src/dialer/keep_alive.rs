//! Junos `keep-alive`: how long silence may last before the device hangs up.
//!
//! ```text
//!   data ──▶ quiet ──timeout──▶ Probe ──timeout──▶ Probe ─ … ─▶ HangUp
//!             ▲                   │                 (after `retry` probes)
//!             └────── data ───────┘
//! ```
//!
//! Any byte from the peer is a sign of life, the refusal of a probe too. With the defaults (retry 3,
//! timeout 15 s) a silent peer is probed after 15, 30 and 45 s and left after 60 s.
//!
//! Source: Junos, *Configuring Keepalive Messages for Outbound SSH Connections*.

use std::time::{Duration, Instant};

/// Values of the `keep-alive` statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Settings {
    /// Unanswered probes after which the connection is given up; 0 counts as 1, since nobody can
    /// answer what was not asked.
    pub retry: u32,
    /// Silence before the first probe, and between probes; zero switches keep-alive off.
    pub timeout: Duration,
}

impl Default for Settings {
    /// Junos's values for a bare `keep-alive;`.
    fn default() -> Self {
        Self { retry: 3, timeout: Duration::from_secs(15) }
    }
}

impl Settings {
    /// How long a peer that falls silent is kept, or nothing if keep-alive is off.
    pub fn patience(&self) -> Option<Duration> {
        let steps = self.retry.max(1).saturating_add(1);
        (!self.timeout.is_zero()).then(|| self.timeout.saturating_mul(steps))
    }
}

/// What the shell must do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Ask the peer for a sign of life: `keepalive@openssh.com`, want-reply.
    Probe,
    /// The peer is silent for too long: close the connection.
    HangUp,
}

/// The watch over one connection.
#[derive(Clone, Debug)]
pub struct KeepAlive {
    settings: Settings,
    /// When the peer was last heard, or probed.
    since: Instant,
    /// Probes sent since the peer was last heard.
    unanswered: u32,
    action: Option<Action>,
    /// Set once [`Action::HangUp`] was decided; nothing follows it.
    hung_up: bool,
}

impl KeepAlive {
    /// Starts the watch over a connection that is alive at `now`.
    pub fn new(settings: Settings, now: Instant) -> Self {
        Self { settings, since: now, unanswered: 0, action: None, hung_up: false }
    }

    /// The peer sent something, whatever it was.
    pub fn handle_data(&mut self, now: Instant) {
        self.since = now;
        self.unanswered = 0;
        if self.action == Some(Action::Probe) {
            self.action = None;
        }
    }

    /// The time of [`Self::poll_timeout`] has come; harmless at any other time.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_none_or(|at| now < at) {
            return;
        }
        self.since = now;
        if self.unanswered >= self.settings.retry.max(1) {
            self.hung_up = true;
            self.action = Some(Action::HangUp);
        } else {
            self.unanswered += 1;
            self.action = Some(Action::Probe);
        }
    }

    /// What the shell must do next.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.action.take()
    }

    /// When to call [`Self::handle_timeout`]; nothing if keep-alive is off or over.
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.hung_up || self.settings.timeout.is_zero() {
            return None;
        }
        self.since.checked_add(self.settings.timeout)
    }

    /// Probes sent since the peer was last heard.
    pub fn unanswered(&self) -> u32 {
        self.unanswered
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a virtual clock starts somewhere")]
mod tests {
    use super::*;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    /// Every action with its second, while the peer says nothing from 0 to `until`.
    fn silence(machine: &mut KeepAlive, start: Instant, until: u64) -> Vec<(u64, Action)> {
        let mut actions = Vec::new();
        while let Some(at) = machine.poll_timeout().filter(|at| *at <= start + seconds(until)) {
            machine.handle_timeout(at);
            actions.extend(machine.poll_action().map(|a| ((at - start).as_secs(), a)));
        }
        actions
    }

    #[test]
    fn a_silent_peer_is_probed_at_15_30_45_and_left_at_60() {
        let start = Instant::now();
        let mut machine = KeepAlive::new(Settings::default(), start);
        let expected =
            [(15, Action::Probe), (30, Action::Probe), (45, Action::Probe), (60, Action::HangUp)];
        assert_eq!(silence(&mut machine, start, 1_000), expected);
        assert_eq!(machine.poll_timeout(), None);
        assert_eq!(Settings::default().patience(), Some(seconds(60)));
    }

    #[test]
    fn any_data_starts_the_watch_anew() {
        let start = Instant::now();
        let mut machine = KeepAlive::new(Settings::default(), start);
        assert_eq!(silence(&mut machine, start, 50).len(), 3);
        machine.handle_data(start + seconds(50));
        assert_eq!(machine.unanswered(), 0);
        assert_eq!(machine.poll_timeout(), Some(start + seconds(65)));
        let expected =
            [(65, Action::Probe), (80, Action::Probe), (95, Action::Probe), (110, Action::HangUp)];
        assert_eq!(silence(&mut machine, start, 1_000), expected);
    }

    #[test]
    fn data_that_comes_before_the_probe_is_sent_makes_it_needless() {
        let start = Instant::now();
        let mut machine = KeepAlive::new(Settings::default(), start);
        machine.handle_timeout(start + seconds(15));
        machine.handle_data(start + seconds(15));
        assert_eq!(machine.poll_action(), None);
    }

    #[test]
    fn data_does_not_take_back_a_hang_up() {
        let start = Instant::now();
        let settings = Settings { retry: 1, timeout: seconds(2) };
        let mut machine = KeepAlive::new(settings, start);
        machine.handle_timeout(start + seconds(2));
        assert_eq!(machine.poll_action(), Some(Action::Probe));
        machine.handle_timeout(start + seconds(4));
        machine.handle_data(start + seconds(4));
        assert_eq!(machine.poll_action(), Some(Action::HangUp));
        assert_eq!(machine.poll_timeout(), None);
    }

    #[test]
    fn an_early_wake_up_changes_nothing() {
        let start = Instant::now();
        let mut machine = KeepAlive::new(Settings::default(), start);
        machine.handle_timeout(start + seconds(14));
        assert_eq!(machine.poll_action(), None);
        assert_eq!(machine.poll_timeout(), Some(start + seconds(15)));
    }

    #[test]
    fn a_timeout_of_zero_switches_it_off() {
        let settings = Settings { retry: 3, timeout: Duration::ZERO };
        assert_eq!(KeepAlive::new(settings, Instant::now()).poll_timeout(), None);
        assert_eq!(settings.patience(), None);
    }

    #[test]
    fn a_retry_of_zero_still_probes_once() {
        let start = Instant::now();
        let mut machine = KeepAlive::new(Settings { retry: 0, timeout: seconds(5) }, start);
        let expected = [(5, Action::Probe), (10, Action::HangUp)];
        assert_eq!(silence(&mut machine, start, 100), expected);
    }
}
