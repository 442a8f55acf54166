//! Many changes at one level, made in one walk over it.
//!
//! ```text
//! level     a1 a2 b a3          places   -a2: 1   !a3: 3   +a4: none   +c: none
//! changes   -a2 !a3 +a4 +c  ──▶ level    a1 b a3' a4 c       an entry stands behind its list
//! ```
//!
//! It is what making them one by one gives, without looking for each statement from the level's
//! beginning.

use std::collections::HashMap;

use super::hunk::{Beside, Change};
use super::merge::add;
use crate::junos::identity::{Identity, Index, identity};
use crate::junos::schema::Area;
use crate::junos::tree::Statement;

/// Changes up to which they are made one by one.
const FEW: usize = 12;

/// Whether the changes can be made at once: they are many, and none says beside what it is.
pub(super) fn fits(changes: &[Change]) -> bool {
    changes.len() > FEW && changes.iter().all(|change| matches!(change.beside(), Beside::End))
}

/// Makes the changes; gives the statements of those that do not fit, at which nothing was done.
pub(super) fn apply(
    level: &mut Vec<Statement>,
    area: Area,
    changes: Vec<Change>,
) -> Vec<Statement> {
    let (numbers, homes) = homes(level, area, &changes);
    let level_then = level.drain(..).map(Some).collect();
    let mut batch = Batch { level: level_then, added: Vec::new(), homes };
    let made = changes.into_iter().zip(numbers);
    let misfits = made.filter_map(|(change, number)| batch.make(change, number).err()).collect();
    *level = batch.finish(area);
    misfits
}

/// Where a statement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Home {
    /// In the level, as it was.
    Level(usize),
    /// Among what was added.
    Added(usize),
    Nowhere,
}

/// For each change the number of its statement, and for each of these where it is.
fn homes(level: &[Statement], area: Area, changes: &[Change]) -> (Vec<usize>, Vec<Home>) {
    let index = Index::new(level, area);
    let mut known: HashMap<Identity<'_>, usize> = HashMap::new();
    let mut homes = Vec::new();
    let numbers = changes.iter().map(|change| {
        let id = identity(area, change.statement());
        *known.entry(id).or_insert_with(|| {
            homes.push(index.find(id).map_or(Home::Nowhere, Home::Level));
            homes.len() - 1
        })
    });
    let numbers = numbers.collect();
    (numbers, homes)
}

struct Batch {
    /// What is removed is none.
    level: Vec<Option<Statement>>,
    added: Vec<Option<Statement>>,
    homes: Vec<Home>,
}

impl Batch {
    /// The statement of a change that does not fit is the error.
    fn make(&mut self, change: Change, number: usize) -> Result<(), Statement> {
        let slot = match self.homes.get(number) {
            Some(Home::Level(at)) => self.level.get_mut(*at),
            Some(Home::Added(at)) => self.added.get_mut(*at),
            Some(Home::Nowhere) | None => None,
        };
        let Some(there) = slot.and_then(Option::as_mut) else {
            return match change {
                Change::Added(statement, _) => {
                    self.add(number, statement);
                    Ok(())
                }
                other => Err(other.into_statement()),
            };
        };
        match change {
            Change::Removed(statement) if there.words != statement.words => Err(statement),
            Change::Removed(_) => {
                self.take(number);
                Ok(())
            }
            Change::Added(statement, _) if *there != statement => Err(statement),
            Change::Added(..) => Ok(()),
            // To no place in particular: to the end, as what is added.
            Change::Moved(..) => {
                if let Some(moved) = self.take(number) {
                    self.add(number, moved);
                }
                Ok(())
            }
            Change::Switched(statement) => {
                there.inactive = statement.inactive;
                Ok(())
            }
            Change::Guarded(statement) => {
                there.guard = statement.guard;
                Ok(())
            }
            Change::Commented(statement, _) => {
                there.comments = statement.comments;
                Ok(())
            }
        }
    }

    fn add(&mut self, number: usize, statement: Statement) {
        if let Some(home) = self.homes.get_mut(number) {
            *home = Home::Added(self.added.len());
        }
        self.added.push(Some(statement));
    }

    fn take(&mut self, number: usize) -> Option<Statement> {
        let home = self.homes.get_mut(number)?;
        match std::mem::replace(home, Home::Nowhere) {
            Home::Level(at) => self.level.get_mut(at)?.take(),
            Home::Added(at) => self.added.get_mut(at)?.take(),
            Home::Nowhere => None,
        }
    }

    fn finish(self, area: Area) -> Vec<Statement> {
        let mut level: Vec<Statement> = self.level.into_iter().flatten().collect();
        let added: Vec<Statement> = self.added.into_iter().flatten().collect();
        if added.is_empty() {
            return level;
        }
        // Behind the last entry of its list, if there is one.
        let mut last: HashMap<&str, usize> = HashMap::new();
        for (at, each) in level.iter().enumerate() {
            if let Identity::Key(list, _) = identity(area, each) {
                last.insert(list, at);
            }
        }
        let (mut behind, mut tail): (HashMap<usize, Vec<Statement>>, Vec<Statement>) =
            (HashMap::new(), Vec::new());
        for statement in added {
            let at = match identity(area, &statement) {
                Identity::Key(list, _) => last.get(list).copied(),
                Identity::One(_) | Identity::Words(_) => None,
            };
            match at {
                Some(at) => behind.entry(at).or_default().push(statement),
                None => add(&mut tail, statement, area),
            }
        }
        if !behind.is_empty() {
            let mut joined = Vec::with_capacity(level.len());
            for (at, each) in level.into_iter().enumerate() {
                joined.push(each);
                joined.extend(behind.remove(&at).into_iter().flatten());
            }
            level = joined;
        }
        level.append(&mut tail);
        level
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::datastore::compare::same_in;
    use crate::junos::Configuration;

    const WORDS: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

    /// A statement of `system login`, of `system`, or of no rule.
    fn statement(kind: u8, at: usize, value: usize) -> Statement {
        let (name, value) = (WORDS[at % WORDS.len()], WORDS[value % WORDS.len()]);
        let text = match kind % 4 {
            0 => format!("user {name} {{ full-name {value}; }}"),
            1 => format!("class {name} {{ permissions view; }}"),
            2 => format!("message {value};"),
            _ => format!("vendor {name};"),
        };
        let whole = Configuration::parse("x", &format!("system {{ login {{ {text} }} }}")).unwrap();
        whole.statements()[0].children()[0].children()[0].clone()
    }

    fn area() -> Area {
        let whole = Configuration::parse("x", "system { login { message a; } }").unwrap();
        let system = &whole.statements()[0];
        let inside = crate::junos::identity::inside;
        inside(inside(Area::TOP, system), &system.children()[0])
    }

    fn change((verb, kind, at, value): (u8, u8, usize, usize)) -> Change {
        let statement = statement(kind, at, value);
        match verb % 5 {
            0 => Change::Removed(statement),
            1 | 2 => Change::Added(statement, Beside::End),
            3 => Change::Switched(Statement { inactive: value % 2 == 0, ..statement }),
            _ => Change::Commented(statement, Vec::new()),
        }
    }

    proptest! {
        #[test]
        fn many_changes_at_once_are_what_they_are_one_by_one(
            seeds in proptest::collection::vec((any::<u8>(), 0_usize..8, 0_usize..8), 0..24),
            verbs in proptest::collection::vec((any::<u8>(), any::<u8>(), 0_usize..8, 0_usize..8), 13..40),
        ) {
            let mut level = Vec::new();
            for (kind, at, value) in seeds {
                let next = statement(kind, at, value);
                if !level.iter().any(|each| identity(area(), each) == identity(area(), &next)) {
                    add(&mut level, next, area());
                }
            }
            let changes: Vec<Change> = verbs.into_iter().map(change).collect();
            prop_assert!(fits(&changes));
            let mut one_by_one = level.clone();
            let mut misfits = Vec::new();
            for change in changes.clone() {
                let statement = change.statement().clone();
                if change.apply(&mut one_by_one, area()).is_err() {
                    misfits.push(statement);
                }
            }
            prop_assert_eq!(apply(&mut level, area(), changes), misfits);
            // Where a list stands among others does not count.
            prop_assert!(same_in(&level, &one_by_one, area()), "{:?}\n{:?}", level, one_by_one);
        }
    }
}
