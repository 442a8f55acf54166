//! What is wrong with the configuration, shown at the word.
//!
//! ```text
//! /etc/homing/gateway.toml:3:1: there is no key `lissten`
//!   3 | lissten = ["[::]:4334"]
//!     | ^^^^^^^ did you mean `listen`?
//! ```

use std::fmt;
use std::ops::Range;

use homing_proto::fault::Fault;

use super::Origin;

/// All that is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct ConfigError(pub Vec<Problem>);

impl ConfigError {
    /// The stable code: that of the first problem.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.first().map_or("invalid-configuration", |problem| problem.code)
    }

    /// Who must act.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::Operator
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// A stable code.
    pub code: &'static str,
    /// Where the word stands.
    pub origin: Origin,
    /// What is wrong with it.
    pub message: String,
    /// What to write instead, if that is known.
    pub hint: Option<String>,
    /// The line of the file, and the word in it.
    pub excerpt: Option<Excerpt>,
}

/// A line with a word underlined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    line: usize,
    text: String,
    before: usize,
    width: usize,
}

/// The longest line that is shown whole, in characters.
const SHOWN: usize = 160;

/// Line and column, both from 1, of a byte of `text`; columns count characters.
pub(super) fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..floor(text, at)).unwrap_or_default();
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let last = before.rsplit('\n').next().unwrap_or_default();
    (line, last.chars().count() + 1)
}

fn floor(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at.min(text.len()))
}

impl Excerpt {
    /// Underlines `span` in the line where it begins.
    pub(super) fn new(text: &str, span: &Range<usize>) -> Self {
        let (line, column) = position(text, span.start);
        let shown = text.lines().nth(line - 1).unwrap_or_default();
        let end = floor(text, span.end.max(span.start));
        let word = text.get(floor(text, span.start)..end).unwrap_or_default();
        let width = word.lines().next().unwrap_or_default().chars().count().max(1);
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        let text: String = shown.chars().take(SHOWN).map(plain).collect();
        let room = SHOWN.saturating_sub(column - 1).max(1);
        Self { line, text, before: (column - 1).min(SHOWN), width: width.min(room) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.origin, self.message)?;
        let hint = self.hint.as_deref();
        if let Some(Excerpt { line, text, before, width }) = &self.excerpt {
            let gutter = line.to_string().len();
            write!(f, "\n  {line} | {text}\n  {:gutter$} | {:before$}", "", "")?;
            write!(f, "{:^<width$}", "")?;
            return hint.map_or(Ok(()), |hint| write!(f, " {hint}"));
        }
        hint.map_or(Ok(()), |hint| write!(f, " ({hint})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_is_underlined_in_its_line() {
        let text = "a = 1\n\tlistän = [2]\n";
        let at = text.find("listän").unwrap();
        let span = at..at + "listän".len();
        let excerpt = Excerpt::new(text, &span);
        assert_eq!(position(text, at), (2, 2));
        let problem = Problem {
            code: "unknown-key",
            origin: Origin::File { name: "x.toml".into(), line: 2, column: 2 },
            message: "there is no key `listän`".into(),
            hint: Some("did you mean `listen`?".into()),
            excerpt: Some(excerpt),
        };
        let expected = "x.toml:2:2: there is no key `listän`\n  \
                        2 |  listän = [2]\n    |  ^^^^^^ did you mean `listen`?";
        assert_eq!(problem.to_string(), expected);
    }

    #[test]
    fn every_span_of_any_text_can_be_shown() {
        let text = "ä\r\n\u{1b}[31m\n\n€";
        for start in 0..text.len() + 3 {
            for end in 0..text.len() + 3 {
                let _ = Excerpt::new(text, &(start..end));
            }
        }
    }
}
