//! How many connections may be on their way in, in all and from one source.
//!
//! Counting comes before any cryptography: it is what a stranger meets first. An IPv6 source is its /64, since
//! whoever has one address there has them all.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

use crate::fault::Fault;

/// The limits of a [`Gate`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections between accept and session, in all.
    pub total: u32,
    /// Connections between accept and session from one source.
    pub per_source: u32,
}

/// Why a connection is closed before a byte of it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Crowded {
    /// The gateway takes in as many as it may.
    #[error("{0} connections are on their way in already")]
    InAll(u32),
    /// This source has as many under way as it may.
    #[error("{0} connections of this source are on their way in already")]
    FromSource(u32),
}

impl Crowded {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::InAll(_) => "too-many-arriving",
            Self::FromSource(_) => "too-many-from-source",
        }
    }

    /// Who must act.
    #[must_use]
    pub fn fault(self) -> Fault {
        match self {
            Self::InAll(_) => Fault::Local,
            Self::FromSource(_) => Fault::Peer,
        }
    }
}

/// Counts the connections on their way in.
#[derive(Debug)]
pub struct Gate {
    limits: Limits,
    total: u32,
    sources: HashMap<IpAddr, u32>,
}

impl Gate {
    /// An empty gate.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, total: 0, sources: HashMap::new() }
    }

    /// Counts a connection in. Whoever was let in must [`leave`](Self::leave) once.
    ///
    /// # Errors
    /// Which limit it would pass; nothing is counted then.
    pub fn enter(&mut self, source: IpAddr) -> Result<(), Crowded> {
        if self.total >= self.limits.total {
            return Err(Crowded::InAll(self.total));
        }
        let count = self.sources.get(&block(source)).copied().unwrap_or(0);
        if count >= self.limits.per_source {
            return Err(Crowded::FromSource(count));
        }
        self.total += 1;
        self.sources.insert(block(source), count + 1);
        Ok(())
    }

    /// Counts a connection out: it has its session, or is closed.
    pub fn leave(&mut self, source: IpAddr) {
        self.total = self.total.saturating_sub(1);
        let source = block(source);
        match self.sources.get_mut(&source) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(self.sources.remove(&source)),
        }
    }

    /// How many are on their way in.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.total
    }
}

/// What counts as one source.
#[must_use]
pub fn block(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from(u128::from(address) >> 64 << 64)),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate() -> Gate {
        Gate::new(Limits { total: 3, per_source: 2 })
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_source_gets_no_more_than_its_share() {
        let mut gate = gate();
        let (greedy, other) = (ip("192.0.2.1"), ip("192.0.2.2"));
        assert_eq!([gate.enter(greedy), gate.enter(greedy)], [Ok(()), Ok(())]);
        assert_eq!(gate.enter(greedy), Err(Crowded::FromSource(2)));
        assert_eq!(gate.enter(other), Ok(()));
    }

    #[test]
    fn all_sources_together_get_no_more_than_the_total() {
        let mut gate = gate();
        for source in ["192.0.2.1", "192.0.2.2", "192.0.2.3"] {
            assert_eq!(gate.enter(ip(source)), Ok(()));
        }
        assert_eq!(gate.enter(ip("192.0.2.4")), Err(Crowded::InAll(3)));
        gate.leave(ip("192.0.2.1"));
        assert_eq!(gate.enter(ip("192.0.2.4")), Ok(()));
    }

    #[test]
    fn whoever_leaves_makes_room_and_is_forgotten() {
        let mut gate = gate();
        let source = ip("192.0.2.1");
        for _ in 0..100 {
            assert_eq!(gate.enter(source), Ok(()));
            gate.leave(source);
        }
        assert_eq!((gate.total(), gate.sources.len()), (0, 0));
    }

    #[test]
    fn the_addresses_of_one_ipv6_network_are_one_source_and_mapped_ipv4_is_ipv4() {
        let mut gate = gate();
        assert_eq!(gate.enter(ip("2001:db8::1")), Ok(()));
        assert_eq!(gate.enter(ip("2001:db8::2")), Ok(()));
        assert_eq!(gate.enter(ip("2001:db8::3")), Err(Crowded::FromSource(2)));
        assert_eq!(block(ip("::ffff:192.0.2.1")), ip("192.0.2.1"));
    }
}
