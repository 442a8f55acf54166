//! Putting the statements of one tree into another.
//!
//! ```text
//! target  host-name a; login { user u }     source  host-name b; login { user v }
//!         └─────────────── host-name b; login { user u  user v } ──────────────┘
//! ```

use crate::junos::identity::{Identity, Index, identity, inside, settle};
use crate::junos::schema::{Area, Kind};
use crate::junos::tree::Statement;

/// Merges `source` into `target`: a leaf has the new value, everything else is joined.
pub(super) fn merge(target: &mut Vec<Statement>, mut source: Vec<Statement>, area: Area) {
    settle(&mut source, area);
    merge_settled(target, source, area);
}

fn merge_settled(target: &mut Vec<Statement>, source: Vec<Statement>, area: Area) {
    let places: Vec<Option<usize>> = {
        let index = Index::new(target, area);
        source.iter().map(|each| index.find(identity(area, each))).collect()
    };
    let mut added = Vec::new();
    for (statement, place) in source.into_iter().zip(places) {
        match place.and_then(|at| target.get_mut(at)) {
            Some(there) => combine(there, statement, area),
            None => added.push(statement),
        }
    }
    for statement in added {
        add(target, statement, area);
    }
}

/// Adds a statement that is not there, behind others of its kind if it is one of several.
pub(super) fn add(level: &mut Vec<Statement>, statement: Statement, area: Area) {
    let id = identity(area, &statement);
    let at = match id {
        Identity::Key(name, _) => level.iter().rposition(
            |each| matches!(identity(area, each), Identity::Key(other, _) if other == name),
        ),
        Identity::One(_) | Identity::Words(_) => None,
    };
    let at = at.map_or(level.len(), |at| at + 1);
    level.insert(at, statement);
}

fn combine(there: &mut Statement, statement: Statement, area: Area) {
    let is_line =
        area.rule_of(there.keyword()).is_some_and(|rule| matches!(rule.kind, Kind::Line(..)));
    if !is_line || statement.words.len() > 1 {
        there.words = statement.words;
    }
    there.inactive |= statement.inactive;
    if !statement.comments.is_empty() {
        there.comments = statement.comments;
    }
    there.hints.braced &= statement.children.is_empty();
    let inside = inside(area, there);
    merge_settled(&mut there.children, statement.children, inside);
}
