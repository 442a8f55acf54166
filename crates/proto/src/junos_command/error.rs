//! Why a line is no command, with the place and what could have stood there.

use std::fmt;

use crate::fault::Fault;

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// No command or option begins with this word.
    #[error("unknown command")]
    Unknown,
    /// Several do.
    #[error("word is ambiguous")]
    Ambiguous,
    /// The line ends where something must follow.
    #[error("command is incomplete")]
    Incomplete,
    /// A value of the wrong kind.
    #[error("wrong value")]
    Value,
    /// An option that stands there already.
    #[error("given twice")]
    Twice,
    /// Junos has it, this device doesn't.
    #[error("not supported here")]
    NotSupported,
    /// What stands behind `match` or its like is no regular expression.
    #[error("not a regular expression")]
    Pattern,
    /// A quoted word without an end.
    #[error("the quote is not closed")]
    OpenQuote,
    /// A control character.
    #[error("a character that no command has")]
    Character,
    /// The whole line.
    #[error("the line is longer than {limit} bytes")]
    TooLong {
        /// The most bytes.
        limit: usize,
    },
    /// Its words.
    #[error("the line has more than {limit} words")]
    TooManyWords {
        /// The most words.
        limit: usize,
    },
    /// Its pipes.
    #[error("the line has more than {limit} pipes")]
    TooManyPipes {
        /// The most pipes.
        limit: usize,
    },
}

/// Why a line is no command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// What is wrong.
    pub problem: Problem,
    /// The byte of the line where it is.
    pub at: usize,
    /// The word that stands there; empty at the end of the line.
    pub word: String,
    /// What could have stood there.
    pub expected: Vec<String>,
}

impl ParseError {
    pub(super) fn new(problem: Problem, at: usize, word: &str) -> Self {
        Self { problem, at, word: word.to_owned(), expected: Vec::new() }
    }

    pub(super) fn expecting<T: Into<String>>(
        mut self,
        expected: impl IntoIterator<Item = T>,
    ) -> Self {
        self.expected = expected.into_iter().map(Into::into).collect();
        self
    }

    /// The stable name of this error.
    pub fn code(&self) -> &'static str {
        match self.problem {
            Problem::Unknown => "command-unknown",
            Problem::Ambiguous => "command-ambiguous",
            Problem::Incomplete => "command-incomplete",
            Problem::Value => "command-value",
            Problem::Twice => "command-twice",
            Problem::NotSupported => "command-not-supported",
            Problem::Pattern => "command-pattern",
            Problem::OpenQuote => "command-open-quote",
            Problem::Character => "command-character",
            Problem::TooLong { .. } => "command-too-long",
            Problem::TooManyWords { .. } => "command-too-many-words",
            Problem::TooManyPipes { .. } => "command-too-many-pipes",
        }
    }

    /// Who must act: whoever typed it.
    pub fn fault(&self) -> Fault {
        Fault::Operator
    }

    /// A caret under the place in `line`, `indent` columns to the right, and the sentence below it.
    pub fn under(&self, line: &str, indent: usize) -> String {
        let column = line.get(..self.at).map_or(0, |before| before.chars().count());
        format!("{}^\n{self}.\n", " ".repeat(indent + column))
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem.fmt(out)?;
        if !self.word.is_empty() {
            write!(out, ": {}", self.word.escape_debug())?;
        }
        let (first, last) = match self.expected.as_slice() {
            [] => return Ok(()),
            [only] => return write!(out, "; expected {only}"),
            [first @ .., last] => (first, last),
        };
        write!(out, "; expected {} or {last}", first.join(", "))
    }
}

impl std::error::Error for ParseError {}
