//! What the network does to each attempt of each device: drawn from the seed, the device and the number of its attempt, so that it is
//! the same whoever the gateway is and whatever it does.
//!
//! From the same draws comes the least time that any gateway needs, one that wastes nothing and knows beforehand who will be back:
//!
//! ```text
//!   device   dial ─half-open─▶ patience, pause ─▶ dial ─▶ comes ─▶ … round trips … ─▶ in session
//!                                                          └ no gateway sees it before
//! ```

use std::time::Duration;

use super::Storm;
use super::model::{AGAIN, BURST, PAUSE, SLICES};
use crate::random::Random;

/// The network of one storm.
#[derive(Debug, Clone, Copy)]
pub(super) struct Faults {
    storm: Storm,
}

/// What is drawn.
#[derive(Debug, Clone, Copy)]
enum Draw {
    FirstDial,
    HalfOpen,
    RoundTrip(u8),
}

impl Faults {
    pub(super) fn new(storm: Storm) -> Self {
        Self { storm }
    }

    /// When a device dials for the first time.
    pub(super) fn first_dial(&self, device: usize) -> Duration {
        BURST.mul_f64(self.draw(device, 0, Draw::FirstDial).part())
    }

    /// Whether an attempt, counted from nought, leaves half a connection: those of a device before the first that does not, or any.
    pub(super) fn is_half_open(&self, device: usize, attempt: u32) -> bool {
        let first = if self.storm.half_open_later { attempt } else { 0 };
        let happens =
            |number| self.draw(device, number, Draw::HalfOpen).happens(self.storm.half_open);
        (first..=attempt).all(happens)
    }

    /// A round trip of an attempt, with what is lost of it. The one by which it comes to the gateway is nought.
    pub(super) fn round_trip(&self, device: usize, attempt: u32, number: u8) -> Duration {
        let is_lost = self.draw(device, attempt, Draw::RoundTrip(number)).happens(self.storm.loss);
        self.storm.round_trip + if is_lost { AGAIN } else { Duration::ZERO }
    }

    fn draw(&self, device: usize, attempt: u32, draw: Draw) -> Random {
        let what = match draw {
            Draw::FirstDial => 0,
            Draw::HalfOpen => 1,
            Draw::RoundTrip(number) => 2 + u64::from(number),
        };
        let mut seed = self.storm.seed;
        for part in [device as u64, attempt.into(), what] {
            seed = Random::new(seed ^ part.wrapping_mul(0x9e37_79b9_7f4a_7c15)).whole();
        }
        Random::new(seed)
    }

    /// When a device comes to a gateway at last, and when it would be in session if the gateway were there for it alone.
    fn alone(&self, device: usize) -> (Duration, Duration) {
        let mut dial = self.first_dial(device);
        let mut attempt = 0;
        loop {
            let trips = (0..SLICES).map(|it| self.round_trip(device, attempt, it));
            let takes = self.storm.handshake + trips.sum::<Duration>();
            let is_hopeless = self.is_half_open(device, attempt) || takes > self.storm.patience;
            if !is_hopeless || attempt > 1_000 {
                return (dial + self.round_trip(device, attempt, 0), dial + takes);
            }
            dial += self.storm.patience + PAUSE;
            attempt += 1;
        }
    }

    /// The least time until this part of the devices, the best off, can be in session.
    pub(super) fn least(&self, part: f64) -> Duration {
        let mut alone: Vec<(Duration, Duration)> =
            (0..self.storm.devices).map(|device| self.alone(device)).collect();
        alone.sort_unstable_by_key(|(_, in_session)| *in_session);
        alone.truncate((alone.len() as f64 * part).ceil() as usize);
        let last = alone.last().map_or(Duration::ZERO, |(_, in_session)| *in_session);
        alone.sort_unstable();
        let each = self.storm.handshake.as_secs_f64() / self.storm.cores.max(1) as f64;
        let count = alone.len();
        let work = |(before, (comes, _)): (usize, &(Duration, Duration))| {
            *comes + Duration::from_secs_f64((count - before) as f64 * each)
        };
        alone.iter().enumerate().map(work).max().map_or(last, |work| work.max(last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn storm() -> Storm {
        let handshake = Duration::from_millis(25);
        Storm { devices: 2_000, handshake, loss: 0.1, half_open: 0.1, ..Storm::new(3) }
    }

    #[test]
    fn an_attempt_meets_the_same_whenever_it_is_asked_about() {
        let faults = Faults::new(storm());
        let draws = |faults: &Faults| -> Vec<_> {
            let of = |device| {
                let trips = [0, 1].map(|attempt| faults.round_trip(device, attempt, 2));
                (faults.first_dial(device), faults.is_half_open(device, 1), trips)
            };
            (0..200).map(of).collect()
        };
        assert_eq!(draws(&faults), draws(&Faults::new(storm())));
        assert_ne!(draws(&faults), draws(&Faults::new(Storm { seed: 4, ..storm() })));
    }

    #[test]
    fn faults_are_as_frequent_as_they_are_meant_to_be() {
        let faults = Faults::new(storm());
        let half_open = (0..2_000).filter(|device| faults.is_half_open(*device, 0)).count();
        let lost = (0..2_000).filter(|it| faults.round_trip(*it, 1, 1) > AGAIN).count();
        assert!(
            (140..260).contains(&half_open) && (140..260).contains(&lost),
            "{half_open} {lost}"
        );
    }

    #[test]
    fn the_least_time_is_what_the_cores_need_or_what_the_last_device_needs() {
        let quiet = Storm { loss: 0.0, half_open: 0.0, ..storm() };
        let least = Faults::new(quiet).least(1.0).as_secs_f64();
        assert!((25.1..25.6).contains(&least), "{least}");
        let endless = Storm { cores: 2_000, half_open: 0.0, ..storm() };
        let least = Faults::new(endless).least(1.0).as_secs_f64();
        assert!((2.4..5.0).contains(&least), "a packet is lost twice, or more often: {least}");
        let least = Faults::new(Storm { loss: 0.0, ..storm() }).least(1.0).as_secs_f64();
        assert!(least >= 60.0, "somebody meets with half a connection twice: {least}");
        let most = Faults::new(Storm { loss: 0.0, ..storm() }).least(0.8).as_secs_f64();
        assert!((20.0..21.0).contains(&most), "{most}");
    }
}
