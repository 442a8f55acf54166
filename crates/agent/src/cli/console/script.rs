//! Without a terminal: `-c "…; …"`, or lines on standard input.
//!
//! The first line that fails ends it. Exit status: 0 all done, 1 a command failed.

use std::io::{self, BufRead as _};

use homing_proto::junos_cli::line;

use super::link::LinkError;
use super::shell::{Outcome, Shell, Source, complain};

/// The longest line of a script.
const LONGEST: usize = 1024 * 1024;

/// Runs commands that stand on one line.
pub(super) fn commands(mut shell: Shell, text: &str) -> Result<u8, LinkError> {
    for command in line::commands(text) {
        match shell.line(command, &mut Nobody)? {
            Outcome::Done => {}
            Outcome::Failed => return end(shell, 1),
            Outcome::End => return end(shell, 0),
        }
    }
    end(shell, 0)
}

/// Runs the lines of standard input.
pub(super) fn lines(mut shell: Shell) -> Result<u8, LinkError> {
    loop {
        match next_line() {
            Ok(Some(line)) => match shell.line(&line, &mut Stdin)? {
                Outcome::Done => {}
                Outcome::Failed => return end(shell, 1),
                Outcome::End => return end(shell, 0),
            },
            Ok(None) => return end(shell, 0),
            Err(error) => {
                complain(&format!("error: standard input: {error}"));
                return end(shell, 1);
            }
        }
    }
}

fn next_line() -> io::Result<Option<String>> {
    let mut line = String::new();
    let mut input = io::Read::take(io::stdin().lock(), LONGEST as u64);
    match input.read_line(&mut line)? {
        0 => Ok(None),
        LONGEST => Err(io::ErrorKind::FileTooLarge.into()),
        _ => Ok(Some(line.trim_end_matches(['\n', '\r']).to_owned())),
    }
}

/// Leaves; changes that were not committed are told.
fn end(mut shell: Shell, status: u8) -> Result<u8, LinkError> {
    if shell.console.is_configuring() {
        shell.end(&mut Nobody)?;
    }
    shell.close();
    Ok(status)
}

/// Standard input goes on behind the command.
struct Stdin;

impl Source for Stdin {
    /// Up to a line with `^D` alone, or the end.
    fn text(&mut self) -> io::Result<String> {
        let mut text = String::new();
        while let Some(line) = next_line()? {
            if line == "\u{4}" {
                break;
            }
            text.push_str(&line);
            text.push('\n');
        }
        Ok(text)
    }

    fn agrees(&mut self, _: &str) -> bool {
        true
    }
}

/// There is nobody to ask.
struct Nobody;

impl Source for Nobody {
    fn text(&mut self) -> io::Result<String> {
        Stdin.text()
    }

    fn agrees(&mut self, _: &str) -> bool {
        true
    }
}
