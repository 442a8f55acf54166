//! Who may connect to a socket, beside the others who do.
//!
//! ```text
//!   one user          24 ─┐
//!   all but trusted   64 ─┴─▶ Served ··· one more ─▶ Refused, with a line (16 at once) ··· one more ─▶ closed
//!   root, the agent   64 ─────▶ Served
//! ```
//!
//! A socket that is for everyone must not be shut by anyone: whoever takes all that a user may have takes nothing from
//! another, and all users together take nothing from root.

use std::collections::HashMap;

/// Connections at once of one user.
const MOST_OF_ONE: usize = 24;
/// Connections at once of all users that are not trusted.
const MOST_OF_ALL: usize = 64;
/// Connections at once of root and the agent's own user.
const MOST_TRUSTED: usize = 64;
/// Connections that are being refused at once.
const MOST_REFUSALS: usize = 16;

/// The connections to one socket.
#[derive(Debug, Default)]
pub(super) struct Places {
    trusted: usize,
    /// By user; one that the kernel does not name is a user too.
    others: HashMap<Option<u32>, usize>,
    refusals: usize,
}

/// What became of a connection; given back when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// It is served, as root's or the agent's own.
    Trusted,
    /// It is served.
    Served(Option<u32>),
    /// It is told that there are too many.
    Refused,
}

impl Places {
    /// A connection of a user; `None` if it is to be closed without a word.
    pub(super) fn enter(&mut self, user: Option<u32>, is_trusted: bool) -> Option<Entry> {
        if is_trusted && self.trusted < MOST_TRUSTED {
            self.trusted += 1;
            return Some(Entry::Trusted);
        }
        let all: usize = self.others.values().sum();
        let own = self.others.get(&user).copied().unwrap_or(0);
        if !is_trusted && own < MOST_OF_ONE && all < MOST_OF_ALL {
            self.others.insert(user, own + 1);
            return Some(Entry::Served(user));
        }
        let has_room = self.refusals < MOST_REFUSALS;
        self.refusals += usize::from(has_room);
        has_room.then_some(Entry::Refused)
    }

    /// A connection has ended.
    pub(super) fn leave(&mut self, entry: Entry) {
        match entry {
            Entry::Trusted => self.trusted = self.trusted.saturating_sub(1),
            Entry::Refused => self.refusals = self.refusals.saturating_sub(1),
            Entry::Served(user) => {
                if let Some(count) = self.others.get_mut(&user) {
                    *count = count.saturating_sub(1);
                }
                self.others.retain(|_, count| *count > 0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: Option<u32> = Some(1000);
    const BOB: Option<u32> = Some(1001);

    #[test]
    fn one_user_takes_no_place_of_another_and_is_told_before_it_is_shut_out() {
        let mut places = Places::default();
        for _ in 0..MOST_OF_ONE {
            assert_eq!(places.enter(ANN, false), Some(Entry::Served(ANN)));
        }
        for _ in 0..MOST_REFUSALS {
            assert_eq!(places.enter(ANN, false), Some(Entry::Refused));
        }
        assert_eq!(places.enter(ANN, false), None);
        assert_eq!(places.enter(BOB, false), Some(Entry::Served(BOB)));
        places.leave(Entry::Served(ANN));
        places.leave(Entry::Refused);
        assert_eq!(places.enter(ANN, false), Some(Entry::Served(ANN)));
        assert_eq!(places.enter(ANN, false), Some(Entry::Refused));
    }

    #[test]
    fn all_users_together_take_no_place_of_root() {
        let mut places = Places::default();
        for user in 0..1000 {
            places.enter(Some(user), false);
        }
        assert_eq!(places.others.values().sum::<usize>(), MOST_OF_ALL);
        assert_eq!(places.enter(Some(0), true), Some(Entry::Trusted));
    }
}
