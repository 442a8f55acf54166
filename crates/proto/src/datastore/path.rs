//! Finding a statement by the words of a line.
//!
//! ```text
//! system login user ops class        the leaf, whatever its value
//! system login user ops              the entry
//! system login user                  every user
//! ```

use crate::junos::tree::{Statement, Word};

/// The indices from the top down to the one statement at `path`; a leaf may be named without its
/// value.
pub(super) fn find(level: &[Statement], path: &[Word]) -> Option<Vec<usize>> {
    let exact = level.iter().position(|each| each.words == path);
    let begins = || level.iter().position(|each| each.words.starts_with(path));
    if let Some(at) = exact.or_else(begins) {
        return Some(vec![at]);
    }
    level.iter().enumerate().find_map(|(at, each)| {
        let rest = path.strip_prefix(each.words.as_slice()).filter(|_| !each.words.is_empty())?;
        let mut below = find(&each.children, rest)?;
        below.insert(0, at);
        Some(below)
    })
}

/// The level in which the statement at `place` stands.
pub(super) fn level_of<'t>(
    top: &'t mut Vec<Statement>,
    place: &[usize],
) -> Option<&'t mut Vec<Statement>> {
    let (_, above) = place.split_last()?;
    let mut level = top;
    for at in above {
        level = &mut level.get_mut(*at)?.children;
    }
    Some(level)
}
