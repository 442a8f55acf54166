//! Errors that point at the word.
//!
//! ```text
//! error: unknown statement `devide-id` in `client` [unknown-statement]
//!   --> agent.conf:12:9
//!    |
//! 12 |         devide-id sw1;
//!    |         ^^^^^^^^^ expected device-id, secret, keep-alive, …
//!    = help: did you mean `device-id`?
//! ```
//!
//! A diagnostic carries its line with secrets blanked, so it can be kept and printed anywhere.

use std::fmt;

use super::limits::MAX_DIAGNOSTICS;
use super::redact::redact_line;
use super::source::{Place, Source, Span};

/// Characters of a source line shown at most.
const SHOWN_WIDTH: usize = 120;
/// Characters of a word of the text repeated in a message at most.
const QUOTED_WIDTH: usize = 48;

/// One error of a configuration: all are for the person who wrote it to mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    code: &'static str,
    place: Place,
    message: String,
    expected: Option<String>,
    help: Option<String>,
    line: String,
    underline: (usize, usize),
}

impl Diagnostic {
    pub(crate) fn new(
        source: &Source,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
    ) -> Self {
        let (line, underline) = snippet(source, span);
        Self {
            code,
            place: source.place(span),
            message: message.into(),
            expected: None,
            help: None,
            line,
            underline,
        }
    }

    /// Adds what should stand there.
    pub(crate) fn expected(mut self, what: impl Into<String>) -> Self {
        self.expected = Some(what.into());
        self
    }

    /// Adds what to do.
    pub(crate) fn help(mut self, what: impl Into<String>) -> Self {
        self.help = Some(what.into());
        self
    }

    /// Stable, kebab-case.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// Where the offending word begins.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// What is wrong, in a few words.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What should stand there, where that is known.
    pub fn expectation(&self) -> Option<&str> {
        self.expected.as_deref()
    }

    /// What to do, where that is known.
    pub fn advice(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.place.line.to_string();
        let margin = " ".repeat(number.len());
        let (before, under) = self.underline;
        writeln!(out, "error: {} [{}]", self.message, self.code)?;
        writeln!(out, "{margin} --> {}", self.place)?;
        writeln!(out, "{margin}  |")?;
        writeln!(out, "{number}  | {}", self.line)?;
        write!(out, "{margin}  | {}{}", " ".repeat(before), "^".repeat(under.max(1)))?;
        if let Some(expected) = &self.expected {
            write!(out, " expected {expected}")?;
        }
        if let Some(help) = &self.help {
            write!(out, "\n{margin}  = help: {help}")?;
        }
        writeln!(out)
    }
}

/// The errors of one text, in order, at most [`MAX_DIAGNOSTICS`] of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
pub struct Diagnostics {
    found: Vec<Diagnostic>,
    more: usize,
}

impl Diagnostics {
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        if self.found.len() < MAX_DIAGNOSTICS {
            self.found.push(diagnostic);
        } else {
            self.more += 1;
        }
    }

    /// Takes over the errors of `other`.
    pub(crate) fn append(&mut self, other: Self) {
        other.found.into_iter().for_each(|each| self.push(each));
        self.more += other.more;
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.found.len() >= MAX_DIAGNOSTICS
    }

    /// The errors, in the order of their discovery.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.found.iter()
    }

    /// The code of the first error.
    pub fn code(&self) -> &'static str {
        self.found.first().map_or("configuration", |first| first.code)
    }

    /// Who must act: the person who wrote the configuration.
    pub fn fault(&self) -> crate::fault::Fault {
        crate::fault::Fault::Operator
    }

    /// `value` if nothing is wrong.
    pub(crate) fn or<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, each) in self.found.iter().enumerate() {
            let blank = if index > 0 { "\n" } else { "" };
            write!(out, "{blank}{each}")?;
        }
        if self.more > 0 {
            write!(out, "\nand {} more errors\n", self.more)?;
        }
        Ok(())
    }
}

/// A word of the text, escaped and cut, for use in a message.
pub(crate) fn shown(text: &str) -> String {
    cut(text, QUOTED_WIDTH)
}

/// A text, escaped, of at most `width` characters.
pub(crate) fn cut(text: &str, width: usize) -> String {
    let mut out: String = text.chars().take(width).map(visible).collect();
    if text.chars().nth(width).is_some() {
        out.push('…');
    }
    out
}

fn visible(c: char) -> char {
    match c {
        '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

/// The line around `span` with secrets blanked, and which of its characters to underline.
fn snippet(source: &Source, span: Span) -> (String, (usize, usize)) {
    let (start, line) = source.line(span.start as usize);
    let chars: Vec<char> = redact_line(source.text(), start, line).chars().map(visible).collect();
    let column = source.place(span).column - 1;
    let length = source.text().get(span.start as usize..span.end as usize).unwrap_or("");
    let length = length.split('\n').next().unwrap_or("").chars().count();
    let from = if column > SHOWN_WIDTH / 2 && chars.len() > SHOWN_WIDTH {
        column - SHOWN_WIDTH / 2
    } else {
        0
    };
    let cut: String = chars.iter().skip(from).take(SHOWN_WIDTH).collect();
    let before = column - from;
    (cut.trim_end().to_owned(), (before, length.min(SHOWN_WIDTH.saturating_sub(before))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, word: &str) -> Diagnostic {
        let source = Source::new("agent.conf", text);
        let start = text.find(word).unwrap();
        let span = Span::new(start, start + word.len());
        Diagnostic::new(&source, "unknown-statement", span, "unknown statement")
    }

    #[test]
    fn the_word_is_underlined_with_what_was_expected() {
        let shown = at("a;\n    devide-id sw1;\n", "devide-id")
            .expected("device-id")
            .help("did you mean `device-id`?");
        assert_eq!(
            shown.to_string(),
            "error: unknown statement [unknown-statement]\n  --> agent.conf:2:5\n   |\n\
             2  |     devide-id sw1;\n   |     ^^^^^^^^^ expected device-id\n   \
             = help: did you mean `device-id`?\n"
        );
    }

    #[test]
    fn a_secret_on_the_line_is_not_echoed() {
        let shown = at("client a { secret hunter2; bogus 1; }", "bogus").to_string();
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("bogus 1;"), "{shown}");
    }

    #[test]
    fn a_long_line_is_cut_around_the_word() {
        let shown = at(&format!("{} bogus {}", "a ".repeat(400), "b ".repeat(400)), "bogus");
        let text = shown.to_string();
        assert!(text.lines().all(|line| line.chars().count() < 140), "{text}");
        let lines: Vec<&str> = text.lines().collect();
        let column = lines[3].find("bogus").unwrap();
        assert_eq!(lines[4].find('^'), Some(column));
    }

    #[test]
    fn only_twenty_are_kept_and_the_rest_counted() {
        let mut all = Diagnostics::default();
        for _ in 0..30 {
            all.push(at("bogus", "bogus"));
        }
        assert_eq!(all.iter().count(), MAX_DIAGNOSTICS);
        assert!(all.to_string().ends_with("and 10 more errors\n"));
    }
}
