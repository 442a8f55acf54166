//! Who may stay while not logged in, and who has to go for a newcomer.
//!
//! ```text
//!   newcomer ─▶ its source has its share already? ─yes─▶ refused
//!                 │ no
//!                 ▼
//!               full? ─yes─▶ of the source with the most, the one that has been here longest, is shown out
//! ```
//!
//! Whoever logs in is here for a moment; whoever says nothing would stay for the whole time that a login may take. Were newcomers to
//! wait for a place, a few dozen silent connections could keep everybody out.
//!
//! Source: the idea of `MaxStartups`, sshd_config(5).

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use crate::gate::{Crowded, block};

/// The limits of a [`Lobby`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Those who may be here at once.
    pub total: u32,
    /// Those of one source.
    pub per_source: u32,
}

/// Everybody who is not logged in.
#[derive(Debug)]
pub struct Lobby {
    limits: Limits,
    last: u64,
    /// By number: who came first stands first.
    waiting: BTreeMap<u64, IpAddr>,
    sources: HashMap<IpAddr, u32>,
}

/// A newcomer's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entered {
    /// Its number, to [`leave`](Lobby::leave) with.
    pub number: u64,
    /// Who has to go for it, and has no place any more.
    pub shown_out: Option<u64>,
}

impl Lobby {
    /// Nobody is here.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, last: 0, waiting: BTreeMap::new(), sources: HashMap::new() }
    }

    /// Takes a newcomer in.
    ///
    /// # Errors
    /// Its source has as many here as it may.
    pub fn enter(&mut self, source: IpAddr) -> Result<Entered, Crowded> {
        let source = block(source);
        let of_source = self.sources.get(&source).copied().unwrap_or(0);
        if of_source >= self.limits.per_source {
            return Err(Crowded::FromSource(of_source));
        }
        let shown_out =
            if self.len() >= self.limits.total { self.longest_of_busiest() } else { None };
        if let Some(number) = shown_out {
            self.leave(number);
        }
        self.last += 1;
        self.waiting.insert(self.last, source);
        *self.sources.entry(source).or_default() += 1;
        Ok(Entered { number: self.last, shown_out })
    }

    /// Somebody is logged in or gone. Who was shown out has left already.
    pub fn leave(&mut self, number: u64) {
        let Some(source) = self.waiting.remove(&number) else { return };
        match self.sources.get_mut(&source) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(self.sources.remove(&source)),
        }
    }

    /// How many are here.
    #[must_use]
    pub fn len(&self) -> u32 {
        u32::try_from(self.waiting.len()).unwrap_or(u32::MAX)
    }

    /// Whether nobody is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    fn longest_of_busiest(&self) -> Option<u64> {
        let most = self.sources.values().max()?;
        let is_busiest = |source: &IpAddr| self.sources.get(source) == Some(most);
        self.waiting.iter().find(|(_, source)| is_busiest(source)).map(|(number, _)| *number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lobby() -> Lobby {
        Lobby::new(Limits { total: 4, per_source: 3 })
    }

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn one_source_gets_no_more_than_its_share() {
        let mut lobby = lobby();
        for _ in 0..3 {
            lobby.enter(ip(1)).unwrap();
        }
        assert_eq!(lobby.enter(ip(1)), Err(Crowded::FromSource(3)));
        assert_eq!(lobby.enter(ip(2)), Ok(Entered { number: 4, shown_out: None }));
    }

    #[test]
    fn when_it_is_full_the_longest_of_the_busiest_source_goes() {
        let mut lobby = lobby();
        for source in [2, 1, 1, 3] {
            lobby.enter(ip(source)).unwrap();
        }
        assert_eq!(lobby.enter(ip(4)), Ok(Entered { number: 5, shown_out: Some(2) }));
        assert_eq!(
            lobby.enter(ip(5)),
            Ok(Entered { number: 6, shown_out: Some(1) }),
            "all have one"
        );
        lobby.leave(2);
        assert_eq!(lobby.len(), 4, "who was shown out has left");
        lobby.leave(3);
        assert_eq!(lobby.enter(ip(6)), Ok(Entered { number: 7, shown_out: None }));
    }

    proptest! {
        #[test]
        fn it_is_never_fuller_than_it_may_be_and_forgets_who_left(steps in prop::collection::vec((0u8..9, any::<bool>()), 0..200)) {
            let mut lobby = lobby();
            let mut here = Vec::new();
            for (source, enters) in steps {
                if enters {
                    if let Ok(entered) = lobby.enter(ip(source)) {
                        here.retain(|number| Some(*number) != entered.shown_out);
                        here.push(entered.number);
                    }
                } else if !here.is_empty() {
                    lobby.leave(here.remove(usize::from(source) % here.len()));
                }
                prop_assert_eq!(lobby.len() as usize, here.len());
                prop_assert!(lobby.len() <= 4);
                prop_assert_eq!(lobby.sources.values().sum::<u32>(), lobby.len());
            }
            for number in here {
                lobby.leave(number);
            }
            prop_assert!(lobby.is_empty() && lobby.sources.is_empty());
        }
    }
}
