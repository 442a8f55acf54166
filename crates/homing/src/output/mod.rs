//! What a verb prints: data on stdout in the form asked for, everything else on stderr.
//!
//! ```text
//!   -o table   plain columns            terminal: aligned, colour, ages    else: tabs, RFC 3339
//!   -o json    exactly the API object   lists are one array, `[]` when empty
//!   -o ndjson  the same, one object a line
//! ```

pub(crate) mod escape;
pub(crate) mod table;
pub(crate) mod time;

use std::io::{IsTerminal, Write};

use clap::ValueEnum;
use homing_proto::api::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;
use escape::escape;
use table::{Style, Table, Tone};

/// The form of the data on stdout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Plain columns
    #[default]
    Table,
    /// The API's objects; a list is one array
    Json,
    /// The API's objects, one a line
    Ndjson,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Where and how a verb prints.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    /// The form of the data.
    pub(crate) format: Format,
    /// How tables look.
    pub(crate) style: Style,
    /// A person reads stderr.
    notes_to_terminal: bool,
    quiet: bool,
}

impl Output {
    /// Looks at the options and at what stdout and stderr are.
    pub(crate) fn new(format: Format, color: Color, headers: bool, quiet: bool) -> Output {
        let terminal = std::io::stdout().is_terminal();
        let color = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && allows_color(),
        };
        let style =
            Style { terminal, color, headers, now: Timestamp::now(), zone: TimeZone::system() };
        Output { format, style, notes_to_terminal: std::io::stderr().is_terminal(), quiet }
    }

    /// A list: as a table, or exactly as the API gave it.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub(crate) fn list<T: Serialize>(
        &self,
        items: &[T],
        table: impl FnOnce() -> Table,
        when_empty: &str,
    ) -> Result<(), Failure> {
        match self.format {
            Format::Table if items.is_empty() => self.hint(when_empty),
            Format::Table => write(&table().render(&self.style))?,
            Format::Json => write(&pretty(&items)?)?,
            Format::Ndjson => items.iter().try_for_each(|item| self.json_line(item))?,
        }
        Ok(())
    }

    /// One object: as text for people, or exactly as the API gave it.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub(crate) fn object<T: Serialize>(
        &self,
        object: &T,
        text: impl FnOnce(&Style) -> String,
    ) -> Result<(), Failure> {
        match self.format {
            Format::Table => write(&text(&self.style)),
            Format::Json => write(&pretty(object)?),
            Format::Ndjson => self.json_line(object),
        }
    }

    /// One object on one line, at once.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub(crate) fn json_line<T: Serialize>(&self, object: &T) -> Result<(), Failure> {
        let mut line = serde_json::to_string(object).map_err(not_json)?;
        line.push('\n');
        write(&line)
    }

    /// Whether only errors are wanted on stderr.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Progress and results in words, on stderr; silent with `--quiet`.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            say(text);
        }
    }

    /// What to do next, on stderr and only to a person.
    pub(crate) fn hint(&self, text: &str) {
        if !self.quiet && self.notes_to_terminal {
            say(text);
        }
    }

    /// The failure on stderr: words, or the JSON error with `-o json`.
    pub(crate) fn failure(&self, failure: &Failure) {
        if failure.is_silent() {
            return;
        }
        let text = match self.format {
            Format::Table => self.failure_text(failure),
            Format::Json | Format::Ndjson => failure.to_json(),
        };
        // With stderr gone there is nobody to tell.
        let _ = writeln!(std::io::stderr(), "{text}");
    }

    fn failure_text(&self, failure: &Failure) -> String {
        let text = failure.to_string();
        let color = self.notes_to_terminal && allows_color();
        match text.strip_prefix("homing:") {
            Some(rest) => Tone::Bad.paint("homing:", color) + rest,
            None => text,
        }
    }
}

/// Writes to stdout and hands it on at once.
///
/// # Errors
/// When stdout cannot be written; a reader that went away is a silent end.
pub(crate) fn write(text: &str) -> Result<(), Failure> {
    write_bytes(text.as_bytes())
}

/// Writes bytes to stdout and hands them on at once.
///
/// # Errors
/// As for [`write()`].
pub(crate) fn write_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(bytes)?;
    Ok(stdout.flush()?)
}

fn say(text: &str) {
    let mut stderr = std::io::stderr().lock();
    for line in text.lines() {
        let _ = writeln!(stderr, "{}", escape(line));
    }
}

fn pretty<T: Serialize>(object: &T) -> Result<String, Failure> {
    let mut text = serde_json::to_string_pretty(object).map_err(not_json)?;
    text.push('\n');
    Ok(text)
}

fn not_json(error: serde_json::Error) -> Failure {
    Failure::new(Exit::Failed, "output-failed", format!("cannot write this as JSON: {error}"))
}

/// NO_COLOR (no-color.org) and `TERM=dumb` are respected.
fn allows_color() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}
