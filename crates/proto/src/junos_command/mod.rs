//! Operational commands as a person types them: what they mean, and their answers as text.
//!
//! ```text
//!   "show int terse | match eth"
//!        │ parse
//!        ▼
//!   Line { command, pipes } ── rpc ──▶ <get-interface-information>… ─▶ (the agent)
//!                                                                          │
//!   text ◀── pass(pipes) ◀── render ◀── <interface-information>… ◀─────────┘
//! ```
//!
//! One grammar serves NETCONF's `<command>` and the device's own command line.
//!
//! Source: Junos CLI reference; Junos XML API.

mod command;
mod complete;
mod error;
mod grammar;
mod json;
mod pipe;
pub mod render;
mod words;

#[cfg(test)]
mod tests;

pub use command::{Argument, Command};
pub use complete::{Completion, complete};
pub use error::{ParseError, Problem};
pub use grammar::{COMMANDS, Choice, Spec, Takes};
pub use json::json;
pub use pipe::{Display, Pattern, Pipe, pass};

use words::Words;

/// The most bytes of a line.
pub const MAX_LINE: usize = 4096;
/// The most words of a line.
pub const MAX_WORDS: usize = 256;
/// The most pipes of a line.
pub const MAX_PIPES: usize = 16;
/// The most bytes of one value.
pub const MAX_VALUE: usize = 1024;

/// A line: a command, and what its output passes through.
#[derive(Clone, Debug)]
pub struct Line {
    /// The command.
    pub command: Command,
    /// The pipes, in order.
    pub pipes: Vec<Pipe>,
}

impl Line {
    /// The form of output that was asked for.
    pub fn display(&self) -> Option<Display> {
        display(&self.pipes)
    }
}

/// The form of output that `pipes` ask for: the last one that they name.
pub fn display(pipes: &[Pipe]) -> Option<Display> {
    pipes.iter().rev().find_map(|pipe| match pipe {
        Pipe::Display(form @ (Display::Xml | Display::XmlRpc | Display::Json | Display::Set)) => {
            Some(*form)
        }
        _ => None,
    })
}

/// Reads a line.
///
/// # Errors
/// [`ParseError`], with the place and what could have stood there.
pub fn parse(line: &str) -> Result<Line, ParseError> {
    let words = Words::of(line)?;
    let end = match words.pipes.first() {
        Some((at, _)) => *at,
        None => line.trim_end().len(),
    };
    let command = Command::of(&words.command, end)?;
    let pipes = words.pipes.iter().map(|(at, words)| Pipe::of(words, *at));
    Ok(Line { command, pipes: pipes.collect::<Result<_, _>>()? })
}

/// Cuts a line of any grammar at its first `|` and reads the pipes: for configuration mode.
///
/// # Errors
/// [`ParseError`].
pub fn parse_pipes(line: &str) -> Result<(&str, Vec<Pipe>), ParseError> {
    let words = Words::of(line)?;
    let end = words.pipes.first().map_or(line.len(), |(at, _)| *at);
    let pipes = words.pipes.iter().map(|(at, words)| Pipe::of(words, *at));
    Ok((line.get(..end).unwrap_or(line).trim(), pipes.collect::<Result<_, _>>()?))
}
