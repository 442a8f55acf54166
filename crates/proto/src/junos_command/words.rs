//! A command line cut into words, and into what stands between its `|`s.
//!
//! ```text
//!   show route "a b" | match x        words of the command, then those of each pipe; a word in
//!   ╰─────┬───────╯   ╰──┬──╯         quotes may hold blanks and `|`, and is never a keyword
//! ```

use super::error::{ParseError, Problem};
use super::{MAX_LINE, MAX_PIPES, MAX_WORDS};

/// One word and where it stands in the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) start: usize,
    /// It stood in quotes and so is a value, whatever it says.
    pub(super) quoted: bool,
}

/// The words of a command and of each of its pipes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) command: Vec<Word>,
    /// Where each `|` stands, and what comes behind it.
    pub(super) pipes: Vec<(usize, Vec<Word>)>,
}

impl Words {
    /// Cuts a line.
    pub(super) fn of(line: &str) -> Result<Self, ParseError> {
        if line.len() > MAX_LINE {
            return Err(ParseError::new(Problem::TooLong { limit: MAX_LINE }, MAX_LINE, ""));
        }
        let mut words = Self::default();
        let mut count = 0;
        let mut rest = line.char_indices().peekable();
        while let Some(&(start, first)) = rest.peek() {
            if first.is_whitespace() {
                rest.next();
                continue;
            }
            if first == '|' {
                rest.next();
                words.pipe(start)?;
                continue;
            }
            count += 1;
            if count > MAX_WORDS {
                return Err(ParseError::new(Problem::TooManyWords { limit: MAX_WORDS }, start, ""));
            }
            let word = match first {
                '"' => quoted(&mut rest, start)?,
                _ => plain(&mut rest, start)?,
            };
            words.last().push(word);
        }
        Ok(words)
    }

    fn pipe(&mut self, start: usize) -> Result<(), ParseError> {
        if self.pipes.len() == MAX_PIPES {
            return Err(ParseError::new(Problem::TooManyPipes { limit: MAX_PIPES }, start, "|"));
        }
        self.pipes.push((start, Vec::new()));
        Ok(())
    }

    fn last(&mut self) -> &mut Vec<Word> {
        match self.pipes.last_mut() {
            Some((_, words)) => words,
            None => &mut self.command,
        }
    }
}

type Characters<'a> = std::iter::Peekable<std::str::CharIndices<'a>>;

fn plain(rest: &mut Characters<'_>, start: usize) -> Result<Word, ParseError> {
    let mut text = String::new();
    while let Some((at, next)) = rest.next_if(|(_, next)| !next.is_whitespace() && *next != '|') {
        if next.is_control() {
            return Err(ParseError::new(Problem::Character, at, ""));
        }
        text.push(next);
    }
    Ok(Word { text, start, quoted: false })
}

/// A word in quotes, in which `\"` and `\\` stand for the second character.
fn quoted(rest: &mut Characters<'_>, start: usize) -> Result<Word, ParseError> {
    rest.next();
    let mut text = String::new();
    while let Some((at, next)) = rest.next() {
        match next {
            '"' => return Ok(Word { text, start, quoted: true }),
            '\\' => match rest.next_if(|(_, next)| matches!(next, '"' | '\\')) {
                Some((_, escaped)) => text.push(escaped),
                None => text.push('\\'),
            },
            other if other.is_control() => {
                return Err(ParseError::new(Problem::Character, at, ""));
            }
            other => text.push(other),
        }
    }
    Err(ParseError::new(Problem::OpenQuote, start, "\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_keep_blanks_and_pipes_together() {
        let words = Words::of(r#" show  "a | \"b\" \d"|match x"#).unwrap();
        let texts: Vec<_> = words.command.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(texts, ["show", r#"a | "b" \d"#]);
        assert_eq!(words.command.first().map(|word| word.start), Some(1));
        let (at, pipe) = words.pipes.first().unwrap();
        assert_eq!((*at, pipe.len()), (21, 2));
    }

    #[test]
    fn lines_without_measure_are_refused() {
        let code = |line: &str| Words::of(line).unwrap_err().code();
        assert_eq!(code(&"x".repeat(MAX_LINE + 1)), "command-too-long");
        assert_eq!(code(&"x ".repeat(MAX_WORDS + 1)), "command-too-many-words");
        assert_eq!(code(&"|".repeat(MAX_PIPES + 1)), "command-too-many-pipes");
        assert_eq!(code("show \"x"), "command-open-quote");
        assert_eq!(code("show \u{1b}[2J"), "command-character");
    }
}
