//! What differs at one level of two configurations, and doing the same to a third.
//!
//! ```text
//! [edit system]                 path
//! -  host-name a;               Removed
//! +  host-name b;               Added
//! !  inactive: login { ... }    Switched
//! ```
//!
//! In lists whose order counts an added or moved entry says beside which other it stands.

use crate::junos::identity::{identity, inside, position};
use crate::junos::print;
use crate::junos::schema::Area;
use crate::junos::tree::{Comment, Statement, Word};

use super::batch;
use super::merge::add;

/// The changes at one level.
#[derive(Clone, Debug)]
pub(super) struct Hunk {
    /// The words of the statements above, from the top.
    pub(super) path: Vec<Word>,
    /// What may stand at this level.
    pub(super) area: Area,
    /// Nothing is left at this level, and yet what is above it stays.
    pub(super) leaves_empty: bool,
    pub(super) changes: Vec<Change>,
}

/// One change.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// A statement with everything in it is gone.
    Removed(Statement),
    /// A statement with everything in it is there.
    Added(Statement, Beside),
    /// It stands elsewhere; without what is in it.
    Moved(Statement, Beside),
    /// It is inactive or active; without what is in it.
    Switched(Statement),
    /// It is protected or no longer; without what is in it.
    Guarded(Statement),
    /// It has other comments, these, and had those; without what is in it.
    Commented(Statement, Vec<Comment>),
}

/// Where in an ordered list an entry stands.
#[derive(Clone, Debug)]
pub(super) enum Beside {
    /// At the end, or where order does not count.
    End,
    /// Right behind this one; without what is in it.
    After(Statement),
    /// Right before this one; without what is in it.
    Before(Statement),
}

/// A statement without what is in it.
pub(super) fn head(statement: &Statement) -> Statement {
    Statement { words: statement.words.clone(), ..statement.clone_shallow() }
}

/// Why a hunk can't be applied: a statement that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Misfit {
    /// The words of the statements above it.
    above: Vec<Word>,
    /// The statement; none if those above are not there.
    statement: Option<Statement>,
}

impl Misfit {
    /// The statement with these words from the top.
    pub(super) fn at(path: Vec<Word>) -> Self {
        Self { above: path, statement: None }
    }

    /// The whole path of the statement.
    pub(super) fn path(&self) -> String {
        let own = self.statement.iter().flat_map(|statement| &statement.words);
        print::words(&self.above.iter().chain(own).cloned().collect::<Vec<_>>())
    }

    /// Makes the statement in `top` what it is in `from`, whatever it is now. Of what is above it the
    /// first that is not there is taken over as a whole.
    pub(super) fn take_from(&self, from: &[Statement], top: &mut Vec<Statement>) {
        let Some(place) = whole(from, &self.above) else { return };
        let (mut from, mut top, mut area) = (from, top, Area::TOP);
        for at in place {
            let Some(each) = from.get(at) else { return };
            let there = find(top, area, each).ok();
            let Some(same) =
                there.filter(|at| top.get(*at).is_some_and(|it| it.words == each.words))
            else {
                return put(top, area, each);
            };
            let Some(below) = top.get_mut(same) else { return };
            (from, top, area) = (&each.children, &mut below.children, inside(area, each));
        }
        let Some(statement) = &self.statement else { return };
        match find(from, area, statement).ok().and_then(|at| from.get(at)) {
            Some(edited) => put(top, area, edited),
            None => {
                if let Ok(at) = find(top, area, statement) {
                    top.remove(at);
                }
            }
        }
    }
}

/// Puts a statement in the place of the one that is the same, or adds it.
fn put(level: &mut Vec<Statement>, area: Area, statement: &Statement) {
    match find(level, area, statement).ok().and_then(|at| level.get_mut(at)) {
        Some(there) => *there = statement.clone(),
        None => add(level, statement.clone(), area),
    }
}

/// Makes the changes of `hunks`; gives every misfit, at which nothing was done.
pub(super) fn apply(top: &mut Vec<Statement>, hunks: Vec<Hunk>) -> Vec<Misfit> {
    let mut misfits = Vec::new();
    for hunk in hunks {
        let above = hunk.path;
        let Some((level, area)) = descend(top, Area::TOP, &above) else {
            misfits.push(Misfit { above, statement: None });
            continue;
        };
        if batch::fits(&hunk.changes) {
            let found = batch::apply(level, area, hunk.changes);
            misfits.extend(
                found.iter().map(|it| Misfit { above: above.clone(), statement: Some(head(it)) }),
            );
            continue;
        }
        for change in hunk.changes {
            let statement = head(change.statement());
            if change.apply(level, area).is_err() {
                misfits.push(Misfit { above: above.clone(), statement: Some(statement) });
            }
        }
    }
    misfits
}

/// The level inside the statements with these words.
pub(super) fn descend<'t>(
    level: &'t mut Vec<Statement>,
    area: Area,
    path: &[Word],
) -> Option<(&'t mut Vec<Statement>, Area)> {
    let place = whole(level, path)?;
    let mut area = area;
    let mut level = level;
    for at in place {
        let each = level.get_mut(at)?;
        area = inside(area, each);
        level = &mut each.children;
    }
    Some((level, area))
}

/// The indices of the statements whose words together are `path`.
fn whole(level: &[Statement], path: &[Word]) -> Option<Vec<usize>> {
    if path.is_empty() {
        return Some(Vec::new());
    }
    level.iter().enumerate().find_map(|(at, each)| {
        let rest = path.strip_prefix(each.words.as_slice()).filter(|_| !each.words.is_empty())?;
        let mut below = whole(&each.children, rest)?;
        below.insert(0, at);
        Some(below)
    })
}

impl Change {
    /// Beside what it says its statement is to stand.
    pub(super) fn beside(&self) -> &Beside {
        match self {
            Self::Added(_, beside) | Self::Moved(_, beside) => beside,
            _ => &Beside::End,
        }
    }

    pub(super) fn into_statement(self) -> Statement {
        match self {
            Self::Removed(statement)
            | Self::Added(statement, _)
            | Self::Moved(statement, _)
            | Self::Switched(statement)
            | Self::Guarded(statement)
            | Self::Commented(statement, _) => statement,
        }
    }

    pub(super) fn statement(&self) -> &Statement {
        match self {
            Self::Removed(statement)
            | Self::Added(statement, _)
            | Self::Moved(statement, _)
            | Self::Switched(statement)
            | Self::Guarded(statement)
            | Self::Commented(statement, _) => statement,
        }
    }

    /// The words of the statement that is not as it was are the error.
    pub(super) fn apply(self, level: &mut Vec<Statement>, area: Area) -> Result<(), Vec<Word>> {
        match self {
            Self::Removed(statement) => {
                let at = find(level, area, &statement)?;
                if level.get(at).is_some_and(|each| each.words != statement.words) {
                    return Err(statement.words);
                }
                level.remove(at);
                Ok(())
            }
            Self::Added(statement, beside) => add_beside(level, area, statement, &beside),
            Self::Moved(statement, beside) => {
                let at = find(level, area, &statement)?;
                if let Beside::After(other) | Beside::Before(other) = &beside {
                    find(level, area, other)?;
                }
                let moved = level.remove(at);
                put_beside(level, area, moved, &beside)
            }
            Self::Switched(statement) => {
                let at = find(level, area, &statement)?;
                level.get_mut(at).into_iter().for_each(|it| it.inactive = statement.inactive);
                Ok(())
            }
            Self::Guarded(statement) => {
                let at = find(level, area, &statement)?;
                level.get_mut(at).into_iter().for_each(|it| it.guard = statement.guard);
                Ok(())
            }
            Self::Commented(statement, _) => {
                let at = find(level, area, &statement)?;
                level
                    .get_mut(at)
                    .into_iter()
                    .for_each(|it| it.comments = statement.comments.clone());
                Ok(())
            }
        }
    }
}

fn find(level: &[Statement], area: Area, statement: &Statement) -> Result<usize, Vec<Word>> {
    position(level, area, identity(area, statement)).ok_or_else(|| statement.words.clone())
}

/// Adds what is not there; what is there and just the same is no misfit.
fn add_beside(
    level: &mut Vec<Statement>,
    area: Area,
    statement: Statement,
    beside: &Beside,
) -> Result<(), Vec<Word>> {
    if let Ok(at) = find(level, area, &statement) {
        let is_same = level.get(at) == Some(&statement);
        return if is_same { Ok(()) } else { Err(statement.words) };
    }
    put_beside(level, area, statement, beside)
}

fn put_beside(
    level: &mut Vec<Statement>,
    area: Area,
    statement: Statement,
    beside: &Beside,
) -> Result<(), Vec<Word>> {
    let (other, offset) = match beside {
        Beside::End => {
            add(level, statement, area);
            return Ok(());
        }
        Beside::After(other) => (other, 1),
        Beside::Before(other) => (other, 0),
    };
    let at = find(level, area, other)?;
    level.insert(at + offset, statement);
    Ok(())
}
