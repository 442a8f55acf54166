//! A hunk as lines of configuration mode.
//!
//! ```text
//! delete system host-name
//! set system host-name b
//! deactivate system login
//! ```

use super::hunk::{Beside, Change, Hunk};
use crate::junos::print;
use crate::junos::schema::Kind;
use crate::junos::tree::{Statement, Word};

/// Prints one hunk as lines that make its changes.
pub(super) fn print(out: &mut String, hunk: &Hunk) {
    let blank = if hunk.path.is_empty() { "" } else { " " };
    let above = format!("{blank}{}", print::words(&hunk.path));
    for change in &hunk.changes {
        match change {
            Change::Removed(statement) => {
                let is_leaf = matches!(
                    hunk.area.rule_for(statement).map(|rule| &rule.kind),
                    Some(Kind::Leaf(_) | Kind::Line(..))
                );
                let words = statement.words.get(..if is_leaf { 1 } else { statement.words.len() });
                out.push_str(&format!("delete{above} {}\n", print::words(words.unwrap_or(&[]))));
            }
            Change::Added(statement, beside) => {
                print_added_set(out, &above, statement);
                print_insert(out, &above, statement, beside);
            }
            Change::Moved(statement, beside) => print_insert(out, &above, statement, beside),
            Change::Switched(statement) => {
                let verb = if statement.inactive { "deactivate" } else { "activate" };
                out.push_str(&format!("{verb}{above} {}\n", print::words(&statement.words)));
            }
            Change::Commented(statement, _) => print_comments(out, &above, statement, true),
        }
    }
    if hunk.leaves_empty {
        // `delete` takes what it emptied along.
        out.push_str(&format!("set{above}\n"));
    }
}

fn print_insert(out: &mut String, above: &str, statement: &Statement, beside: &Beside) {
    let (mark, other) = match beside {
        Beside::End => return,
        Beside::After(other) => ("after", other),
        Beside::Before(other) => ("before", other),
    };
    let (words, other) = (print::words(&statement.words), print::words(&other.words));
    out.push_str(&format!("insert{above} {words} {mark} {other}\n"));
}

/// The lines of a statement, its comments as `annotate` lines.
fn print_added_set(out: &mut String, above: &str, statement: &Statement) {
    fn bare(statement: &Statement) -> Statement {
        let children = statement.children.iter().map(bare).collect();
        let comments = Vec::new();
        Statement { children, comments, ..statement.clone() }
    }
    fn remarks(out: &mut String, above: &str, statement: &Statement) {
        print_comments(out, above, statement, false);
        let path = format!("{above} {}", print::words(&statement.words));
        statement.children.iter().for_each(|each| remarks(out, &path, each));
    }
    out.push_str(&print::set_lines(&[bare(statement)], above));
    remarks(out, above, statement);
}

fn print_comments(out: &mut String, above: &str, statement: &Statement, even_none: bool) {
    if statement.comments.is_empty() && !even_none {
        return;
    }
    let texts: Vec<&str> = statement.comments.iter().map(|each| each.text()).collect();
    let text = Word::new(texts.join("\n"), Default::default());
    let words: Vec<Word> = statement.words.iter().cloned().chain([text]).collect();
    out.push_str(&format!("annotate{above} {}\n", print::words(&words)));
}
