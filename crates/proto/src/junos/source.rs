//! The text that was read, and where in it something stands.
//!
//! ```text
//! bytes ─▶ UTF-8, without BOM, CR LF as LF ─▶ Source { name, text } ─▶ Span ─▶ file:line:column
//! ```
//!
//! Every word of the tree keeps its [`Span`], so that an error found much later still points at it.

use std::fmt;

use zeroize::Zeroizing;

/// A piece of the source text, in bytes; `0..0` for what was built rather than read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// From byte `start` up to, not including, `end`.
    pub fn new(start: usize, end: usize) -> Self {
        let clamp = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self { start: clamp(start), end: clamp(end) }
    }

    /// The smallest span that covers both.
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// `file:line:column`, both counted from one, the column in characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The name the source was given.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1, in characters.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A named text. It may hold secrets: it is wiped when dropped and `Debug` shows only its size.
#[derive(Clone, Default)]
pub struct Source {
    name: String,
    text: Zeroizing<String>,
    line_starts: Vec<usize>,
}

impl Source {
    /// Takes `text` without a byte-order mark and with LF line ends.
    pub fn new(name: &str, text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
        let line_starts =
            std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1));
        Self {
            name: name.to_owned(),
            line_starts: line_starts.collect(),
            text: Zeroizing::new(text),
        }
    }

    /// The name, usually a file's.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text; spans count its bytes.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where `span` begins.
    pub fn place(&self, span: Span) -> Place {
        let (line, start) = self.line_of(span.start as usize);
        let before = self.text.get(start..span.start as usize).unwrap_or("");
        Place { file: self.name.clone(), line: line + 1, column: before.chars().count() + 1 }
    }

    /// The whole line in which byte `at` stands, without its end, and where it begins.
    pub fn line(&self, at: usize) -> (usize, &str) {
        let (_, start) = self.line_of(at);
        let rest = self.text.get(start..).unwrap_or("");
        (start, rest.split('\n').next().unwrap_or(""))
    }

    fn line_of(&self, at: usize) -> (usize, usize) {
        let index = self.line_starts.partition_point(|&start| start <= at).saturating_sub(1);
        (index, self.line_starts.get(index).copied().unwrap_or(0))
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Source({}, {} bytes)", self.name, self.text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_lines_and_characters_from_one() {
        let source = Source::new("a.conf", "\u{feff}one\r\nzwö drei\n");
        let at = source.text().find("drei").unwrap();
        assert_eq!(source.place(Span::new(at, at + 4)).to_string(), "a.conf:2:5");
        assert_eq!(source.line(at), (4, "zwö drei"));
    }

    #[test]
    fn a_span_past_the_end_still_has_a_place() {
        let source = Source::new("a.conf", "x");
        assert_eq!(source.place(Span::new(90, 91)).line, 1);
    }
}
