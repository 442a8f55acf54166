//! How often a login may fail, from one source and for one user, before the next must wait.
//!
//! ```text
//!   failures  1 … free   free+1   free+2   free+3 …
//!   wait            0       1 s      2 s      4 s  … longest          forgotten after `memory` without a failure
//! ```
//!
//! What is remembered is bounded: beyond `most` sources, or users, the one that failed longest ago is forgotten. An IPv6
//! source is its /64. A success forgets the failures of its source and user.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::fault::Fault;
use crate::gate::block;

/// How patient a [`Throttle`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Failures of one source that cost nothing.
    pub free_of_source: u32,
    /// Failures for one user that cost nothing, whatever the source.
    pub free_of_user: u32,
    /// The longest wait of a source.
    pub longest_of_source: Duration,
    /// The longest wait for a user: short, since strangers can bring it about.
    pub longest_of_user: Duration,
    /// After so long without a failure it is forgotten.
    pub memory: Duration,
    /// Sources, and users, that are remembered.
    pub most: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            free_of_source: 10,
            free_of_user: 10,
            longest_of_source: Duration::from_secs(300),
            longest_of_user: Duration::from_secs(30),
            memory: Duration::from_secs(900),
            most: 4096,
        }
    }
}

/// A login must wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many failed logins {of}: try again in {} s", wait.as_millis().div_ceil(1000))]
pub struct Throttled {
    /// How long.
    pub wait: Duration,
    of: &'static str,
}

impl Throttled {
    /// A stable word for logs, metrics and the API.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "too-many-failures"
    }

    /// Who must act.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::Operator
    }
}

/// Counts failed logins.
#[derive(Debug)]
pub struct Throttle {
    settings: Settings,
    sources: Failures<IpAddr>,
    users: Failures<Box<str>>,
}

impl Throttle {
    /// One that knows of no failure.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let failures = |free, longest| Rule {
            free,
            longest,
            memory: settings.memory,
            most: settings.most.max(1),
        };
        Self {
            sources: Failures::new(failures(settings.free_of_source, settings.longest_of_source)),
            users: Failures::new(failures(settings.free_of_user, settings.longest_of_user)),
            settings,
        }
    }

    /// What it was made with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether a login may be tried, before anything is checked. `user` is none where no name is claimed.
    ///
    /// # Errors
    /// How long the source, or the user, must wait.
    pub fn check(&self, source: IpAddr, user: Option<&str>, now: Instant) -> Result<(), Throttled> {
        let of_source = self.sources.wait(&block(source), now);
        let of_user = user.map_or(Duration::ZERO, |user| self.users.wait(counted(user), now));
        match of_source.max(of_user) {
            Duration::ZERO => Ok(()),
            wait if wait == of_source => Err(Throttled { wait, of: "from this address" }),
            wait => Err(Throttled { wait, of: "for this user" }),
        }
    }

    /// A login failed.
    pub fn handle_failure(&mut self, source: IpAddr, user: Option<&str>, now: Instant) {
        self.sources.add(block(source), now);
        if let Some(user) = user {
            self.users.add(counted(user).into(), now);
        }
    }

    /// A login succeeded.
    pub fn handle_success(&mut self, source: IpAddr, user: Option<&str>) {
        self.sources.known.remove(&block(source));
        if let Some(user) = user {
            self.users.known.remove(counted(user));
        }
    }

    /// How many sources and users are remembered.
    #[must_use]
    pub fn remembered(&self) -> (usize, usize) {
        (self.sources.known.len(), self.users.known.len())
    }
}

/// No user has a name of more than 32 characters; longer ones are made up, and must not fill the memory.
fn counted(user: &str) -> &str {
    let end = user.char_indices().nth(33).map_or(user.len(), |(end, _)| end);
    user.get(..end).unwrap_or_default()
}

#[derive(Clone, Copy, Debug)]
struct Rule {
    free: u32,
    longest: Duration,
    memory: Duration,
    most: usize,
}

#[derive(Debug)]
struct Failures<K> {
    rule: Rule,
    known: HashMap<K, Count>,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    failures: u32,
    latest: Instant,
}

impl<K: Eq + Hash + Clone> Failures<K> {
    fn new(rule: Rule) -> Self {
        Self { rule, known: HashMap::new() }
    }

    fn wait<Q: Eq + Hash + ?Sized>(&self, key: &Q, now: Instant) -> Duration
    where
        K: Borrow<Q>,
    {
        let Some(count) = self.known.get(key) else { return Duration::ZERO };
        let since = now.saturating_duration_since(count.latest);
        if since >= self.rule.memory {
            return Duration::ZERO;
        }
        self.rule.wait_after(count.failures).saturating_sub(since)
    }

    fn add(&mut self, key: K, now: Instant) {
        let memory = self.rule.memory;
        if !self.known.contains_key(&key) && self.known.len() >= self.rule.most {
            self.make_room(now);
        }
        let count = self.known.entry(key).or_insert(Count { failures: 0, latest: now });
        if now.saturating_duration_since(count.latest) >= memory {
            count.failures = 0;
        }
        count.failures = count.failures.saturating_add(1);
        count.latest = count.latest.max(now);
    }

    fn make_room(&mut self, now: Instant) {
        let memory = self.rule.memory;
        self.known.retain(|_, count| now.saturating_duration_since(count.latest) < memory);
        if self.known.len() < self.rule.most {
            return;
        }
        let oldest = self.known.iter().min_by_key(|(_, count)| count.latest);
        if let Some(key) = oldest.map(|(key, _)| key.clone()) {
            self.known.remove(&key);
        }
    }
}

impl Rule {
    fn wait_after(&self, failures: u32) -> Duration {
        let Some(beyond) = failures.checked_sub(self.free + 1) else { return Duration::ZERO };
        Duration::from_secs(1u64.checked_shl(beyond).unwrap_or(u64::MAX)).min(self.longest)
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a virtual clock starts somewhere")]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    fn address(number: u32) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from(number))
    }

    fn settings() -> Settings {
        Settings { free_of_source: 2, free_of_user: 3, most: 4, ..Settings::default() }
    }

    fn waits(throttle: &Throttle, source: u32, user: Option<&str>, now: Instant) -> u64 {
        throttle.check(address(source), user, now).err().map_or(0, |error| error.wait.as_secs())
    }

    #[test]
    fn each_failure_beyond_the_free_ones_doubles_the_wait() {
        let start = Instant::now();
        let mut throttle = Throttle::new(settings());
        let mut seen = Vec::new();
        for _ in 0..12 {
            throttle.handle_failure(address(1), None, start);
            seen.push(waits(&throttle, 1, None, start));
        }
        assert_eq!(seen, [0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
        assert_eq!(waits(&throttle, 1, None, start + Duration::from_secs(299)), 1);
        assert_eq!(waits(&throttle, 1, None, start + Duration::from_secs(300)), 0);
        assert_eq!(waits(&throttle, 2, None, start), 0);
        let error = throttle.check(address(1), None, start).unwrap_err();
        assert_eq!(
            error.to_string(),
            "too many failed logins from this address: try again in 300 s"
        );
        assert_eq!((error.code(), error.fault()), ("too-many-failures", Fault::Operator));
    }

    #[test]
    fn a_user_is_counted_across_sources_and_never_waits_long() {
        let now = Instant::now();
        let mut throttle = Throttle::new(settings());
        for source in 0..40 {
            throttle.handle_failure(address(source), Some("ops"), now);
        }
        assert_eq!(waits(&throttle, 99, Some("ops"), now), 30);
        assert_eq!(waits(&throttle, 99, Some("eve"), now), 0);
        assert_eq!(waits(&throttle, 99, None, now), 0);
    }

    #[test]
    fn silence_and_success_are_forgiving() {
        let start = Instant::now();
        let mut throttle = Throttle::new(settings());
        for _ in 0..9 {
            throttle.handle_failure(address(1), Some("ops"), start);
        }
        let later = start + settings().memory;
        throttle.handle_failure(address(1), Some("ops"), later);
        assert_eq!(waits(&throttle, 1, Some("ops"), later), 0);
        for _ in 0..9 {
            throttle.handle_failure(address(1), Some("ops"), later);
        }
        assert!(waits(&throttle, 1, Some("ops"), later) > 0);
        throttle.handle_success(address(1), Some("ops"));
        assert_eq!(throttle.remembered(), (0, 0));
    }

    #[test]
    fn an_endless_name_takes_no_more_room_than_another() {
        let now = Instant::now();
        let mut throttle = Throttle::new(settings());
        for _ in 0..9 {
            throttle.handle_failure(address(1), Some(&"ö".repeat(100_000)), now);
        }
        assert!(throttle.users.known.keys().all(|user| user.len() <= 66));
        assert!(waits(&throttle, 2, Some(&"ö".repeat(100_000)), now) > 0);
    }

    #[test]
    fn neighbours_of_an_ipv6_address_share_its_wait() {
        let now = Instant::now();
        let mut throttle = Throttle::new(settings());
        for number in 0..5 {
            let source = format!("2001:db8::{number}").parse().unwrap();
            throttle.handle_failure(source, None, now);
        }
        assert!(throttle.check("2001:db8::ffff".parse().unwrap(), None, now).is_err());
        assert!(throttle.check("2001:db8:0:1::1".parse().unwrap(), None, now).is_ok());
    }

    proptest! {
        #[test]
        fn whatever_fails_memory_is_bounded_and_the_latest_is_known(
            failures in prop::collection::vec((0u32..50, "[a-h]{1,2}", 0u64..2000), 1..200),
        ) {
            let start = Instant::now();
            let mut throttle = Throttle::new(settings());
            let mut now = start;
            for (source, user, later) in failures {
                now = now.max(start + Duration::from_secs(later));
                throttle.handle_failure(address(source), Some(&user), now);
                let (sources, users) = throttle.remembered();
                prop_assert!(sources <= 4 && users <= 4);
                prop_assert!(throttle.sources.known.contains_key(&address(source)));
            }
        }
    }
}
