//! Hunks as lines of configuration mode.
//!
//! ```text
//! delete system host-name
//! set system host-name b
//! deactivate system login
//! protect system login          last: a line that stood behind it would be refused
//! ```

use super::hunk::{Beside, Change, Hunk};
use crate::junos::print;
use crate::junos::schema::Kind;
use crate::junos::tree::{Guard, Statement, Word};

/// Lines that make the changes of hunks.
#[derive(Debug, Default)]
pub(super) struct Lines {
    out: String,
    /// What is to be protected when all else is done, outer statements first.
    protects: Vec<String>,
}

impl Lines {
    /// Every line.
    pub(super) fn finish(self) -> String {
        let protects = self.protects.into_iter().rev();
        protects.fold(self.out, |out, path| format!("{out}protect{path}\n"))
    }

    /// Adds what one hunk changes.
    pub(super) fn print(&mut self, hunk: &Hunk) {
        let blank = if hunk.path.is_empty() { "" } else { " " };
        let above = format!("{blank}{}", print::words(&hunk.path));
        for change in &hunk.changes {
            match change {
                Change::Removed(statement) => self.removed(hunk, &above, statement),
                Change::Added(statement, beside) => {
                    self.added(&above, statement);
                    self.insert(&above, statement, beside);
                }
                Change::Moved(statement, beside) => self.insert(&above, statement, beside),
                Change::Switched(statement) => {
                    let verb = if statement.inactive { "deactivate" } else { "activate" };
                    self.line(verb, &above, &statement.words);
                }
                Change::Guarded(statement) if statement.is_protected() => {
                    self.protects.push(format!("{above} {}", print::words(&statement.words)));
                }
                Change::Guarded(statement) => self.line("unprotect", &above, &statement.words),
                Change::Commented(statement, _) => self.comments(&above, statement, true),
            }
        }
        if hunk.leaves_empty {
            // `delete` takes what it emptied along.
            self.out.push_str(&format!("set{above}\n"));
        }
    }

    fn line(&mut self, verb: &str, above: &str, words: &[Word]) {
        self.out.push_str(&format!("{verb}{above} {}\n", print::words(words)));
    }

    fn removed(&mut self, hunk: &Hunk, above: &str, statement: &Statement) {
        fn lift(lines: &mut Lines, above: &str, statement: &Statement) {
            if statement.is_protected() {
                lines.line("unprotect", above, &statement.words);
            }
            let path = format!("{above} {}", print::words(&statement.words));
            statement.children.iter().for_each(|each| lift(lines, &path, each));
        }
        lift(self, above, statement);
        let is_leaf = matches!(
            hunk.area.rule_for(statement).map(|rule| &rule.kind),
            Some(Kind::Leaf(_) | Kind::Line(..))
        );
        let words = statement.words.get(..if is_leaf { 1 } else { statement.words.len() });
        self.line("delete", above, words.unwrap_or(&[]));
    }

    fn insert(&mut self, above: &str, statement: &Statement, beside: &Beside) {
        let (mark, other) = match beside {
            Beside::End => return,
            Beside::After(other) => ("after", other),
            Beside::Before(other) => ("before", other),
        };
        let (words, other) = (print::words(&statement.words), print::words(&other.words));
        self.out.push_str(&format!("insert{above} {words} {mark} {other}\n"));
    }

    /// The lines of a statement, its comments as `annotate` lines.
    fn added(&mut self, above: &str, statement: &Statement) {
        fn bare(statement: &Statement) -> Statement {
            let children = statement.children.iter().map(bare).collect();
            Statement { children, comments: Vec::new(), guard: Guard::Open, ..statement.clone() }
        }
        fn remarks(lines: &mut Lines, above: &str, statement: &Statement) {
            lines.comments(above, statement, false);
            let path = format!("{above} {}", print::words(&statement.words));
            if statement.is_protected() {
                lines.protects.push(path.clone());
            }
            statement.children.iter().for_each(|each| remarks(lines, &path, each));
        }
        self.out.push_str(&print::set_lines(&[bare(statement)], above));
        remarks(self, above, statement);
    }

    fn comments(&mut self, above: &str, statement: &Statement, even_none: bool) {
        if statement.comments.is_empty() && !even_none {
            return;
        }
        let texts: Vec<&str> = statement.comments.iter().map(|each| each.text()).collect();
        let text = Word::new(texts.join("\n"), Default::default());
        let words: Vec<Word> = statement.words.iter().cloned().chain([text]).collect();
        self.line("annotate", above, &words);
    }
}
