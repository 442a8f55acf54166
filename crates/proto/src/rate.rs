//! How often somebody may ask: a bucket each that fills at a steady rate.
//!
//! ```text
//!   burst ┌──────┐
//!         │██████│ ◀── `per_second` tokens drop in     take ──▶ a token is there: go on
//!         └──────┘                                          └─▶ none: come back when one is
//! ```
//!
//! How many buckets are kept is bounded: those that are full say nothing and go first.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

/// A steady rate, and how much of it may come at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// In the long run.
    pub per_second: u32,
    /// At once; at least one.
    pub burst: u32,
}

/// A bucket for each key.
#[derive(Debug)]
pub struct Rates<K> {
    rate: Rate,
    most: usize,
    buckets: HashMap<K, Bucket>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    level: f64,
    at: Instant,
}

impl<K: Hash + Eq> Rates<K> {
    /// Buckets for at most `most` keys.
    #[must_use]
    pub fn new(rate: Rate, most: usize) -> Self {
        Self { rate, most: most.max(1), buckets: HashMap::new() }
    }

    /// Takes one from the key's bucket.
    ///
    /// # Errors
    /// The bucket is empty; after this time it is not.
    pub fn take(&mut self, key: K, now: Instant) -> Result<(), Duration> {
        if self.buckets.len() >= self.most && !self.buckets.contains_key(&key) {
            self.make_room(now);
        }
        let (rate, full) = (self.rate, self.full());
        let bucket = self.buckets.entry(key).or_insert(Bucket { level: full, at: now });
        bucket.fill(rate, now);
        if bucket.level < 1.0 {
            let missing = (1.0 - bucket.level) / f64::from(rate.per_second.max(1));
            return Err(Duration::from_secs_f64(missing));
        }
        bucket.level -= 1.0;
        Ok(())
    }

    /// How many buckets are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.buckets.len()
    }

    /// Whether nobody has asked for a while.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    fn full(&self) -> f64 {
        f64::from(self.rate.burst.max(1))
    }

    /// Full buckets say nothing. Where all say something, more ask at once than any limit could tell apart.
    fn make_room(&mut self, now: Instant) {
        let (rate, full) = (self.rate, self.full());
        self.buckets.retain(|_, bucket| {
            bucket.fill(rate, now);
            bucket.level < full
        });
        if self.buckets.len() >= self.most {
            self.buckets.clear();
        }
    }
}

impl Bucket {
    fn fill(&mut self, rate: Rate, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        let full = f64::from(rate.burst.max(1));
        self.level = (self.level + passed * f64::from(rate.per_second)).min(full);
        self.at = self.at.max(now);
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a virtual clock starts somewhere")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RATE: Rate = Rate { per_second: 10, burst: 3 };

    fn after(start: Instant, millis: u64) -> Instant {
        start + Duration::from_millis(millis)
    }

    #[test]
    fn a_burst_is_let_through_and_then_the_rate() {
        let start = Instant::now();
        let mut rates = Rates::new(RATE, 10);
        for _ in 0..3 {
            assert_eq!(rates.take("a", start), Ok(()));
        }
        assert_eq!(rates.take("a", start), Err(Duration::from_millis(100)));
        assert_eq!(rates.take("b", start), Ok(()));
        assert_eq!(rates.take("a", after(start, 50)), Err(Duration::from_millis(50)));
        assert_eq!(rates.take("a", after(start, 101)), Ok(()));
        assert!(rates.take("a", after(start, 101)).is_err());
    }

    #[test]
    fn full_buckets_go_before_the_others() {
        let start = Instant::now();
        let mut rates = Rates::new(RATE, 2);
        rates.take("old", start).unwrap();
        for _ in 0..3 {
            rates.take("busy", after(start, 1000)).unwrap();
        }
        rates.take("new", after(start, 1000)).unwrap();
        assert_eq!(rates.len(), 2);
        assert!(rates.take("busy", after(start, 1000)).is_err());
    }

    proptest! {
        #[test]
        fn never_more_than_the_burst_and_the_rate_and_never_more_buckets_than_allowed(
            steps in prop::collection::vec((0u8..5, 0u64..200), 1..200),
        ) {
            let start = Instant::now();
            let mut rates = Rates::new(RATE, 8);
            let (mut now, mut taken) = (0, [0u64; 5]);
            for (key, pause) in steps {
                now += pause;
                let took = rates.take(key, after(start, now)).is_ok();
                taken[usize::from(key)] += u64::from(took);
                prop_assert!(rates.len() <= 8);
                prop_assert!(taken[usize::from(key)] <= 3 + now / 100 + 1);
            }
        }

        #[test]
        fn who_waits_as_long_as_told_is_let_through(pauses in prop::collection::vec(0u64..150, 1..50)) {
            let mut now = Instant::now();
            let mut rates = Rates::new(RATE, 8);
            for pause in pauses {
                now += Duration::from_millis(pause);
                if let Err(wait) = rates.take((), now) {
                    now += wait + Duration::from_micros(1);
                    prop_assert_eq!(rates.take((), now), Ok(()));
                }
            }
        }
    }
}
