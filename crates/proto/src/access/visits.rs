//! Logins of those who prove who they are with every request: the first one is a login, a long silence the logout.
//!
//! ```text
//!   request ──▶ begun ── request, request, … ── quiet for `silence` ──▶ ended, with how many there were
//!                 ▲                                                       │
//!                 └──────────────────── request ──────────────────────────┘
//! ```
//!
//! How many are remembered is bounded: beyond `most`, the one that has been quiet longest ends.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

/// Everybody who is in.
#[derive(Debug)]
pub struct Visits<K, V> {
    silence: Duration,
    most: usize,
    open: HashMap<K, Visit<V>>,
}

/// One that has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit<V> {
    /// What was noted when it began.
    pub who: V,
    /// From the first request to the last.
    pub lasted: Duration,
    /// How many there were.
    pub requests: u64,
    began: Instant,
}

impl<V> Visit<V> {
    fn last(&self) -> Instant {
        self.began + self.lasted
    }
}

impl<K: Hash + Eq + Clone, V> Visits<K, V> {
    /// Nobody is in. After `silence` without a request one ends.
    #[must_use]
    pub fn new(silence: Duration, most: usize) -> Self {
        Self { silence, most: most.max(1), open: HashMap::new() }
    }

    /// A request of `key`; whether it is the first. The other is what ended by it, to be told as well.
    pub fn handle_request(
        &mut self,
        key: K,
        who: impl FnOnce() -> V,
        now: Instant,
    ) -> (bool, Option<Visit<V>>) {
        let is_full = self.open.len() >= self.most;
        let ended = match self.open.get_mut(&key) {
            Some(visit) if now.saturating_duration_since(visit.last()) < self.silence => {
                visit.requests += 1;
                visit.lasted = now.saturating_duration_since(visit.began);
                return (false, None);
            }
            Some(_) => self.open.remove(&key),
            None if is_full => self.quietest(),
            None => None,
        };
        let visit = Visit { who: who(), lasted: Duration::ZERO, requests: 1, began: now };
        self.open.insert(key, visit);
        (true, ended)
    }

    /// One that has been quiet for too long; asked until there is none.
    pub fn poll_ended(&mut self, now: Instant) -> Option<Visit<V>> {
        let is_quiet =
            |visit: &Visit<V>| now.saturating_duration_since(visit.last()) >= self.silence;
        let key = self.open.iter().find(|(_, visit)| is_quiet(visit))?.0.clone();
        self.open.remove(&key)
    }

    fn quietest(&mut self) -> Option<Visit<V>> {
        let key = self.open.iter().min_by_key(|(_, visit)| visit.last())?.0.clone();
        self.open.remove(&key)
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a virtual clock starts somewhere")]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn the_first_request_is_a_login_and_silence_ends_it() {
        let (mut visits, start) = (Visits::new(15 * MINUTE, 9), Instant::now());
        let mut ask = |minute: u32| {
            let (first, ended) = visits.handle_request("t", || minute, start + MINUTE * minute);
            (first, ended.map(|visit| (visit.who, visit.requests, visit.lasted)))
        };
        assert_eq!(ask(0), (true, None));
        assert_eq!(ask(14), (false, None));
        assert_eq!(ask(28), (false, None));
        assert_eq!(ask(43), (true, Some((0, 3, MINUTE * 28))));
        assert_eq!(visits.poll_ended(start + MINUTE * 57), None);
        let ended = visits.poll_ended(start + MINUTE * 58).unwrap();
        assert_eq!((ended.who, ended.requests, ended.lasted), (43, 1, Duration::ZERO));
        assert_eq!(visits.poll_ended(start + MINUTE * 99), None);
    }

    #[test]
    fn no_more_are_remembered_than_may_be() {
        let (mut visits, start) = (Visits::new(15 * MINUTE, 2), Instant::now());
        for (second, key) in [(0, 'a'), (1, 'b'), (2, 'a')] {
            visits.handle_request(key, || key, start + Duration::from_secs(second));
        }
        let (first, ended) = visits.handle_request('c', || 'c', start + Duration::from_secs(3));
        assert!(first);
        assert_eq!(ended.unwrap().who, 'b');
        assert_eq!(visits.open.len(), 2);
    }
}
