//! What differs between two configurations, as `show | compare` prints it.
//!
//! ```text
//! [edit system]
//! -  host-name a;
//! +  host-name b;
//! [edit system login]
//!      user a { ... }             stands beside what follows: the order of this list counts
//! +    user b {
//! +        class super-user;
//! +    }
//! !    user c { ... }             stands elsewhere
//! !     inactive: user d { ... }  was deactivated; `active:` for the other way
//! !     protect: user d { ... }   is protected; `unprotect:` for the other way
//! +    /* staff */
//!      user e { ... }             has this comment
//! ```
//!
//! As on Junos the first change says how far in all of a hunk stands: a leaf one column further
//! than there are statements above, anything else two, what was switched three.
//!
//! What is applied to the first configuration gives the second: see [`super::Action::Patch`].

use std::collections::{HashMap, HashSet};

use super::hunk::{Beside, Change, Hunk, head};
use super::{hunk_set, hunk_text};
use crate::junos::Configuration;
use crate::junos::identity::{Identity, Index, identity, inside};
use crate::junos::schema::{Area, Kind};
use crate::junos::tree::{Statement, Word};

/// Whether two configurations say the same: the order of statements counts only where it does on
/// a device.
pub fn same(one: &Configuration, other: &Configuration) -> bool {
    same_in(one.statements(), other.statements(), Area::TOP)
}

/// What leads from one configuration to another, in the `[edit …]` form; empty if they say the
/// same.
pub fn compare(from: &Configuration, to: &Configuration) -> String {
    let mut out = String::new();
    for hunk in hunks(from, to) {
        hunk_text::print(&mut out, &hunk);
    }
    out
}

/// The same as lines of `set`, `delete`, `insert`, `activate`, `protect`, `annotate` and so on.
pub fn compare_set(from: &Configuration, to: &Configuration) -> String {
    let mut lines = hunk_set::Lines::default();
    for hunk in hunks(from, to) {
        lines.print(&hunk);
    }
    lines.finish()
}

/// What leads from one configuration to another.
pub(super) fn hunks(from: &Configuration, to: &Configuration) -> Vec<Hunk> {
    hunks_in(from.statements(), to.statements(), Area::TOP)
}

fn hunks_in(from: &[Statement], to: &[Statement], area: Area) -> Vec<Hunk> {
    let mut walk = Walk { path: Vec::new(), hunks: Vec::new() };
    walk.level(from, to, area);
    walk.hunks
}

/// As [`same`], for statements of one level.
pub(super) fn same_in(one: &[Statement], other: &[Statement], area: Area) -> bool {
    one == other || hunks_in(one, other, area).is_empty()
}

struct Walk {
    path: Vec<Word>,
    hunks: Vec<Hunk>,
}

impl Walk {
    fn level(&mut self, old: &[Statement], new: &[Statement], area: Area) {
        if old == new {
            return;
        }
        let matched = Matched::of(old, new, area);
        let changes = changes(old, new, area, &matched);
        if !changes.is_empty() {
            let leaves_empty = new.is_empty() && !self.path.is_empty();
            self.hunks.push(Hunk { path: self.path.clone(), area, leaves_empty, changes });
        }
        for (new, there) in new.iter().zip(&matched.old_of) {
            let Some(old) = there.and_then(|at| old.get(at)) else { continue };
            if old.words == new.words {
                let length = self.path.len();
                self.path.extend_from_slice(&new.words);
                self.level(&old.children, &new.children, inside(area, new));
                self.path.truncate(length);
            }
        }
    }
}

/// Which statements of two levels are the same ones.
struct Matched {
    /// For each of the new ones the place of the old.
    old_of: Vec<Option<usize>>,
    /// The new ones that stand elsewhere in their list.
    moved: HashSet<usize>,
    /// The leaf-lists that are given anew as a whole.
    anew: HashSet<String>,
}

impl Matched {
    fn of(old: &[Statement], new: &[Statement], area: Area) -> Self {
        let same_words = old.len() == new.len()
            && old.iter().zip(new).all(|(old, new)| identity(area, old) == identity(area, new));
        if same_words {
            let old_of = (0..new.len()).map(Some).collect();
            return Self { old_of, moved: HashSet::new(), anew: HashSet::new() };
        }
        let index = Index::new(old, area);
        let old_of: Vec<_> = new.iter().map(|each| index.find(identity(area, each))).collect();
        let mut matched = Self { old_of, moved: HashSet::new(), anew: HashSet::new() };
        let mut lists: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, each) in new.iter().enumerate() {
            if let Some(list) = ordered_list(area, each) {
                lists.entry(list).or_default().push(at);
            }
        }
        for (list, members) in lists {
            matched.order(list, &members, new, area);
        }
        matched
    }

    /// Finds which members of a list stand elsewhere.
    fn order(&mut self, list: &str, members: &[usize], new: &[Statement], area: Area) {
        let place = |at: &usize| self.old_of.get(*at).copied().flatten();
        let there: Vec<(usize, usize)> =
            members.iter().filter_map(|at| Some((*at, place(at)?))).collect();
        let kept = longest_rise(&there.iter().map(|(_, old)| *old).collect::<Vec<_>>());
        let moved = there.iter().zip(kept).filter(|(_, kept)| !kept).map(|((at, _), _)| *at);
        let moved: Vec<usize> = moved.collect();
        let is_leaf_list = members.first().and_then(|at| new.get(*at)).is_some_and(|first| {
            let rule = area.rule_for(first);
            rule.is_some_and(|rule| matches!(rule.kind, Kind::LeafList(_)))
        });
        let last_there = members.iter().rposition(|at| place(at).is_some());
        let is_between =
            last_there.is_some_and(|last| members.iter().take(last).any(|at| place(at).is_none()));
        if is_leaf_list && (!moved.is_empty() || is_between) {
            self.anew.insert(list.to_owned());
        } else {
            self.moved.extend(moved);
        }
    }
}

/// The list of which the order counts that a statement belongs to.
pub(super) fn ordered_list(area: Area, statement: &Statement) -> Option<&str> {
    match identity(area, statement) {
        Identity::Key(name, _) => {
            let rule = area.rule_for(statement)?;
            let is_ordered = match rule.kind {
                Kind::LeafList(_) => true,
                Kind::List(body) | Kind::Nameless(body) => body.is_ordered,
                _ => false,
            };
            is_ordered.then_some(name)
        }
        Identity::Words(_) => Some(statement.keyword()),
        Identity::One(_) => None,
    }
}

/// Which numbers belong to one longest rising sequence of them.
fn longest_rise(numbers: &[usize]) -> Vec<bool> {
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(numbers.len());
    let number = |at: usize| numbers.get(at).copied().unwrap_or(0);
    for (at, value) in numbers.iter().enumerate() {
        let length = ends.partition_point(|end| number(*end) < *value);
        before.push(length.checked_sub(1).and_then(|last| ends.get(last)).copied());
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut kept = vec![false; numbers.len()];
    let mut next = ends.last().copied();
    while let Some(at) = next {
        kept.get_mut(at).into_iter().for_each(|kept| *kept = true);
        next = before.get(at).copied().flatten();
    }
    kept
}

fn changes(old: &[Statement], new: &[Statement], area: Area, matched: &Matched) -> Vec<Change> {
    let is_anew = |each: &Statement| {
        !matched.anew.is_empty()
            && matches!(identity(area, each), Identity::Key(name, _) if matched.anew.contains(name))
    };
    let stays: HashSet<usize> = matched.old_of.iter().flatten().copied().collect();
    let gone = old.iter().enumerate().filter(|(at, each)| !stays.contains(at) || is_anew(each));
    let mut changes: Vec<Change> = gone.map(|(_, each)| Change::Removed(each.clone())).collect();
    let mut beside = Neighbours::new(new, area, matched);
    for (at, each) in new.iter().enumerate() {
        let there = matched.old_of.get(at).copied().flatten().and_then(|at| old.get(at));
        match there {
            _ if is_anew(each) => changes.push(Change::Added(each.clone(), Beside::End)),
            Some(there) if there.words != each.words => {
                changes.push(Change::Removed(there.clone()));
                changes.push(Change::Added(each.clone(), Beside::End));
            }
            Some(there) => {
                if matched.moved.contains(&at) {
                    changes.push(Change::Moved(head(each), beside.of(at, each)));
                }
                if there.inactive != each.inactive {
                    changes.push(Change::Switched(head(each)));
                }
                if there.guard != each.guard {
                    changes.push(Change::Guarded(head(each)));
                }
                if there.comments != each.comments {
                    changes.push(Change::Commented(head(each), there.comments.clone()));
                }
            }
            None => changes.push(Change::Added(each.clone(), beside.of(at, each))),
        }
        beside.pass(at, each);
    }
    changes
}

/// Tells beside what an entry of an ordered list stands.
struct Neighbours<'n> {
    new: &'n [Statement],
    area: Area,
    matched: &'n Matched,
    /// The entry before, by list.
    before: HashMap<&'n str, usize>,
    /// By list the last entry that is not just added at its end.
    last: HashMap<&'n str, usize>,
    /// Lists of which an entry was put beside another.
    placed: HashSet<&'n str>,
}

impl<'n> Neighbours<'n> {
    fn new(new: &'n [Statement], area: Area, matched: &'n Matched) -> Self {
        let mut last = HashMap::new();
        for (at, each) in new.iter().enumerate() {
            if let Some(list) = ordered_list(area, each)
                && matched.old_of.get(at).copied().flatten().is_some()
            {
                last.insert(list, at);
            }
        }
        Self { new, area, matched, before: HashMap::new(), last, placed: HashSet::new() }
    }

    fn of(&mut self, at: usize, each: &'n Statement) -> Beside {
        let Some(list) = ordered_list(self.area, each) else { return Beside::End };
        let last = self.last.get(list).copied();
        let is_last = last.is_none_or(|last| last < at);
        let is_settled = !self.matched.moved.iter().any(|moved| {
            self.new.get(*moved).and_then(|each| ordered_list(self.area, each)) == Some(list)
        });
        if is_last && is_settled && !self.placed.contains(list) {
            return Beside::End;
        }
        self.placed.insert(list);
        if let Some(before) = self.before.get(list).and_then(|at| self.new.get(*at)) {
            return Beside::After(head(before));
        }
        let later = self.new.iter().enumerate().skip(at + 1).find(|(other, each)| {
            ordered_list(self.area, each) == Some(list)
                && !self.matched.moved.contains(other)
                && self.matched.old_of.get(*other).copied().flatten().is_some()
        });
        later.map_or(Beside::End, |(_, other)| Beside::Before(head(other)))
    }

    fn pass(&mut self, at: usize, each: &'n Statement) {
        if let Some(list) = ordered_list(self.area, each) {
            self.before.insert(list, at);
        }
    }
}
