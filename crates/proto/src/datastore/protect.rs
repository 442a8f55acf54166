//! Statements that are protected: neither they nor what is in them is changed or deleted.
//!
//! ```text
//! system {
//!     protect: login { user a; }    set system login user b    refused; names `system login`
//!     host-name r;                  delete system              all goes but `login`
//! }                                 unprotect system login     and it can be changed again
//! ```
//!
//! What would leave a protected statement as it is, as loading it once more, is no change. A
//! rollback brings back what was, protected or not.
//!
//! Source: Junos, *protect*, *Protect or Unprotect a Configuration Object Using the Junos XML
//! Protocol*.

use super::compare::same_in;
use super::error::EditError;
use super::hunk::{Change, Hunk, descend};
use crate::junos::identity::{identity, inside, position};
use crate::junos::print;
use crate::junos::schema::Area;
use crate::junos::tree::{Statement, Word};

/// Whether any of the statements, or anything in them, is protected.
pub(super) fn is_held(level: &[Statement]) -> bool {
    level.iter().any(|each| each.is_protected() || is_held(&each.children))
}

/// Fails if something above the statement at `path` is protected, or, with `itself`, the statement.
pub(super) fn check(level: &[Statement], path: &[Word], itself: bool) -> Result<(), EditError> {
    fn guard<'t>(
        level: &'t [Statement],
        path: &[Word],
        itself: bool,
        above: &mut Vec<&'t Word>,
    ) -> bool {
        level.iter().filter(|each| !each.words.is_empty()).any(|each| {
            let length = above.len();
            above.extend(&each.words);
            let is_guarded = match path.strip_prefix(each.words.as_slice()) {
                Some([]) => itself && each.is_protected(),
                Some(rest) => each.is_protected() || guard(&each.children, rest, itself, above),
                None => itself && each.is_protected() && each.words.starts_with(path),
            };
            if !is_guarded {
                above.truncate(length);
            }
            is_guarded
        })
    }
    let mut above = Vec::new();
    if guard(level, path, itself, &mut above) {
        let words: Vec<Word> = above.into_iter().cloned().collect();
        return Err(EditError::Protected(print::words(&words)));
    }
    Ok(())
}

/// Takes everything out of a statement that is to be deleted but what is protected; says whether
/// anything is left, and adds what that is to `kept`.
pub(super) fn strip(statement: &mut Statement, above: &[Word], kept: &mut Vec<String>) -> bool {
    let path = [above, &statement.words].concat();
    if statement.is_protected() {
        kept.push(print::words(&path));
        return true;
    }
    statement.children.retain_mut(|each| strip(each, &path, kept));
    !statement.children.is_empty()
}

/// What is said of a protected statement that a deletion has left.
pub(super) fn stays(path: &str) -> String {
    format!("statement is protected and stays: {path}")
}

/// Fails unless every protected statement of `before` is the same in `after`.
pub(super) fn check_kept(before: &[Statement], after: &[Statement]) -> Result<(), EditError> {
    check_kept_in(before, after, Area::TOP, &[])
}

/// As [`check_kept`], for statements inside those with the words `above`.
pub(super) fn check_kept_in(
    before: &[Statement],
    after: &[Statement],
    area: Area,
    above: &[Word],
) -> Result<(), EditError> {
    match changed(None, before, after, area, above) {
        Some(path) => Err(EditError::Protected(print::words(&path))),
        None => Ok(()),
    }
}

/// The first statement that is protected since `base`, and not the same in `after` as in `before`.
pub(super) fn changed_since(
    base: &[Statement],
    before: &[Statement],
    after: &[Statement],
) -> Option<Vec<Word>> {
    changed(Some(base), before, after, Area::TOP, &[])
}

fn changed(
    base: Option<&[Statement]>,
    before: &[Statement],
    after: &[Statement],
    area: Area,
    above: &[Word],
) -> Option<Vec<Word>> {
    for each in before.iter().filter(|each| is_held(std::slice::from_ref(each))) {
        let same = |level: &[Statement]| position(level, area, identity(area, each));
        let there = base.and_then(|base| base.get(same(base)?));
        if each.is_protected() && there.is_some_and(Statement::is_protected) {
            continue;
        }
        let path = [above, &each.words].concat();
        let now = same(after).and_then(|at| after.get(at)).map_or(&[][..], std::slice::from_ref);
        if each.is_protected() {
            if !same_in(std::slice::from_ref(each), now, area) {
                return Some(path);
            }
            continue;
        }
        let now = now.first().map_or(&[][..], |now| now.children.as_slice());
        let base = base.map(|_| there.map_or(&[][..], |there| there.children.as_slice()));
        let found = changed(base, &each.children, now, inside(area, each), &path);
        if found.is_some() {
            return found;
        }
    }
    None
}

/// `before` without the protections that a patch says it lifts: by `unprotect:`, or by naming a
/// statement with its `protect:` as one that goes.
pub(super) fn lifted(mut before: Vec<Statement>, hunks: &[Hunk]) -> Vec<Statement> {
    for hunk in hunks {
        let Some((level, area)) = descend(&mut before, Area::TOP, &hunk.path) else { continue };
        for change in &hunk.changes {
            match change {
                Change::Guarded(statement) if !statement.is_protected() => {
                    if let Some(at) = position(level, area, identity(area, statement)) {
                        level.get_mut(at).into_iter().for_each(|it| it.guard = statement.guard);
                    }
                }
                Change::Removed(statement) if is_held(std::slice::from_ref(statement)) => {
                    let one = std::slice::from_ref(statement);
                    level.retain(|each| !same_in(std::slice::from_ref(each), one, area));
                }
                _ => {}
            }
        }
    }
    before
}
