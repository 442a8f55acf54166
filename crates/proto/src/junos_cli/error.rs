//! Why a line is no command.

use super::choice::{Choice, list};
use crate::fault::Fault;
use crate::junos_command::ParseError;

/// Why a line is no command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// The first word is no command.
    #[error("unknown command.")]
    Unknown {
        /// The byte at which it begins.
        at: usize,
    },
    /// A word that can't stand where it does.
    #[error("syntax error.")]
    Syntax {
        /// The byte at which it begins.
        at: usize,
    },
    /// A word that begins several others.
    #[error("'{word}' is ambiguous.\n{}", list(choices))]
    Ambiguous {
        /// The byte at which it begins.
        at: usize,
        /// The word.
        word: String,
        /// What it may stand for.
        choices: Vec<Choice>,
    },
    /// A value of the wrong kind.
    #[error("expected {expected}.")]
    Value {
        /// The byte at which it begins.
        at: usize,
        /// What would do.
        expected: String,
    },
    /// Something is missing at the end.
    #[error("syntax error, expecting more: type ? to see what.")]
    Incomplete {
        /// The end of the line.
        at: usize,
    },
    /// A quotation mark without its fellow.
    #[error("this quotation mark is not closed.")]
    OpenQuote {
        /// Where it stands.
        at: usize,
    },
    /// An operational command or filter that is none.
    #[error("{error}.")]
    Command {
        /// Where the command begins in the line.
        from: usize,
        /// What is wrong with it.
        error: ParseError,
    },
}

impl LineError {
    /// The stable name of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "unknown-command",
            Self::Syntax { .. } => "syntax-error",
            Self::Ambiguous { .. } => "ambiguous-command",
            Self::Value { .. } => "wrong-value",
            Self::Incomplete { .. } => "incomplete-command",
            Self::OpenQuote { .. } => "open-quote",
            Self::Command { error, .. } => error.code(),
        }
    }

    /// Who must act.
    pub fn fault(&self) -> Fault {
        Fault::Operator
    }

    /// The byte of the line where it is.
    pub fn at(&self) -> usize {
        match self {
            Self::Unknown { at } | Self::Syntax { at } | Self::Ambiguous { at, .. } => *at,
            Self::Value { at, .. } | Self::Incomplete { at } | Self::OpenQuote { at } => *at,
            Self::Command { from, error } => from + error.at,
        }
    }
}
