//! `delete`, `deactivate`, `activate`, `protect` and `unprotect`: changing what is in the tree, by path.
//!
//! A path is the words of a `set` line. It may end inside a statement's words: `delete … secret`
//! names the leaf without its value.

use super::schema::Area;
use super::tree::{Guard, Statement, Word};

/// Removes every statement at or below `path`; says whether there was one.
pub(crate) fn delete(statements: &mut Vec<Statement>, path: &[Word]) -> bool {
    let before = statements.len();
    statements.retain(|each| !each.words.starts_with(path));
    let mut hit = statements.len() < before;
    for each in statements.iter_mut() {
        if let Some(rest) = path.strip_prefix(each.words.as_slice()) {
            hit |= delete(&mut each.children, rest);
        }
    }
    hit
}

/// A mark in front of a statement, to be put there or taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Switch {
    /// `inactive:`
    Inactive(bool),
    /// `protect:`
    Guard(Guard),
}

impl Switch {
    fn is_put(self) -> bool {
        matches!(self, Self::Inactive(true) | Self::Guard(Guard::Protected))
    }

    fn apply(self, statement: &mut Statement) {
        match self {
            Self::Inactive(inactive) => statement.inactive = inactive,
            Self::Guard(guard) => statement.guard = guard,
        }
    }
}

/// Puts the mark in front of the statement at `path`, or takes it away; says whether there was one.
pub(crate) fn switch(
    statements: &mut Vec<Statement>,
    area: Area,
    path: &[Word],
    mark: Switch,
) -> bool {
    if mark.is_put() {
        gather(statements, area, path);
    }
    let mut hit = false;
    for each in statements.iter_mut() {
        if each.words.starts_with(path) {
            mark.apply(each);
            hit = true;
        } else if let Some(rest) = path.strip_prefix(each.words.as_slice()) {
            let inside = area.rule_for(each).map_or(Area::Unknown, |rule| rule.inside());
            hit |= switch(&mut each.children, inside, rest, mark);
        }
    }
    hit
}

/// Puts unknown lines that go on beyond `path` into one statement, so that it can carry a mark.
///
/// ```text
/// interfaces ge-0/0/0 mtu 9000;                interfaces ge-0/0/0 {
/// interfaces ge-0/0/0 unit 0;          ──▶         mtu 9000;
///                                                  unit 0;   }
/// ```
pub(crate) fn gather(statements: &mut Vec<Statement>, area: Area, path: &[Word]) {
    let beyond = |each: &Statement| {
        each.words.len() > path.len()
            && each.words.starts_with(path)
            && area.rule_for(each).is_none()
    };
    let Some(at) = statements.iter().position(|each| beyond(each) || each.words == path) else {
        return;
    };
    if !statements.iter().any(beyond) {
        return;
    }
    let (found, kept): (Vec<_>, Vec<_>) = statements.drain(..).partition(beyond);
    *statements = kept;
    let mut inside: Vec<Statement> = found;
    inside.iter_mut().for_each(|each| drop(each.words.drain(..path.len())));
    if let Some(there) = statements.iter_mut().find(|each| each.words == path) {
        if let Some(first) = inside.first_mut().filter(|_| there.children.is_empty()) {
            first.comments.splice(..0, there.comments.drain(..));
        }
        there.children.append(&mut inside);
    } else {
        let gathered = Statement { children: inside, ..Statement::new(path.to_vec()) };
        statements.insert(at.min(statements.len()), gathered);
    }
}
