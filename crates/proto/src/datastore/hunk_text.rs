//! A hunk as `show | compare` prints it: see [`compare`](mod@super::compare).

use super::hunk::{Beside, Change, Hunk};
use crate::junos::print;
use crate::junos::schema::{Area, Kind};
use crate::junos::tree::{Comment, Statement, Word};

/// Prints one hunk behind its `[edit …]` line.
pub(super) fn print(out: &mut String, hunk: &Hunk) {
    let blank = if hunk.path.is_empty() { "" } else { " " };
    out.push_str(&format!("[edit{blank}{}]\n", print::words(&hunk.path)));
    let depth = depth(hunk);
    let mut above: Option<Vec<Word>> = None;
    // What a chain of entries stands before: said once, behind the last of them.
    let mut ahead: Option<&Statement> = None;
    for (at, change) in hunk.changes.iter().enumerate() {
        let statement = match change {
            Change::Removed(statement) => {
                whole(out, '-', depth, statement, hunk.area);
                continue;
            }
            Change::Switched(statement) => {
                let word = if statement.inactive { "inactive: " } else { "active: " };
                dots(out, '!', depth, word, statement);
                continue;
            }
            Change::Guarded(statement) => {
                let word = if statement.is_protected() { "protect: " } else { "unprotect: " };
                dots(out, '!', depth, word, statement);
                continue;
            }
            Change::Commented(statement, old) => {
                print_remarks(out, '-', depth, old);
                print_remarks(out, '+', depth, &statement.comments);
                dots(out, ' ', depth, "", statement);
                continue;
            }
            Change::Added(statement, _) | Change::Moved(statement, _) => statement,
        };
        let beside = change.beside();
        if let Beside::After(other) = beside
            && above.as_ref() != Some(&other.words)
        {
            dots(out, ' ', depth, "", other);
        }
        match change {
            Change::Moved(..) => dots(out, '!', depth, "", statement),
            _ => whole(out, '+', depth, statement, hunk.area),
        }
        if let Beside::Before(other) = beside {
            ahead = Some(other);
        }
        let goes_on = hunk.changes.get(at + 1).map(Change::beside);
        let chained =
            matches!(goes_on, Some(Beside::After(before)) if before.words == statement.words);
        above = Some(statement.words.clone());
        if !chained && let Some(other) = ahead.take() {
            dots(out, ' ', depth, "", other);
            above = Some(other.words.clone());
        }
    }
}

/// Blanks behind the marks of a hunk.
fn depth(hunk: &Hunk) -> usize {
    let is_leaf = |statement: &Statement| match hunk.area.rule_for(statement) {
        Some(rule) => matches!(rule.kind, Kind::Leaf(_) | Kind::LeafList(_) | Kind::Empty),
        None => statement.children.is_empty() && !statement.hints.braced,
    };
    let further = match hunk.changes.first() {
        Some(Change::Removed(first) | Change::Added(first, _)) if is_leaf(first) => 1,
        Some(Change::Switched(_) | Change::Guarded(_)) => 3,
        _ => 2,
    };
    levels(&hunk.path) + further
}

/// How many statements a path goes down.
fn levels(path: &[Word]) -> usize {
    let (mut area, mut rest, mut levels) = (Area::TOP, path, 0);
    while let Some((first, after)) = rest.split_first() {
        let rule = area.rule_of(first.text());
        area = rule.map_or(Area::Unknown, |rule| rule.inside());
        let has_key = rule.is_some_and(|rule| matches!(rule.kind, Kind::List(_) | Kind::Line(..)));
        rest = if has_key { after.get(1..).unwrap_or(&[]) } else { after };
        // `from-zone a to-zone b` is one.
        levels += usize::from(rule.is_none_or(|rule| rule.pair().is_none()));
    }
    levels
}

fn print_remarks(out: &mut String, mark: char, depth: usize, comments: &[Comment]) {
    for comment in comments {
        lines(out, mark, depth, &format!("{}\n", comment.text()));
    }
}

/// A statement with everything in it.
fn whole(out: &mut String, mark: char, depth: usize, statement: &Statement, area: Area) {
    lines(out, mark, depth, &print::statement(statement, area));
}

/// A statement without what is in it.
fn dots(out: &mut String, mark: char, depth: usize, tag: &str, statement: &Statement) {
    lines(out, mark, depth, &format!("{tag}{} {{ ... }}\n", print::words(&statement.words)));
}

/// Every line of `text` behind the mark and blanks.
fn lines(out: &mut String, mark: char, depth: usize, text: &str) {
    for line in text.lines() {
        out.push(mark);
        out.extend(std::iter::repeat_n(' ', depth));
        out.push_str(line);
        out.push('\n');
    }
}
