//! `check` and `convert`: a file is read and judged, nothing runs.

use std::io::Read as _;
use std::path::Path;

use homing_proto::junos::Configuration;

use super::arguments::To;
use super::{Failure, print};
use crate::loaded::{self, LoadError, Loaded};
use crate::trace::Trace;

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        Self::new(1, error.to_string())
    }
}

/// Says whether the agent could act on the file, and what it would not act on.
pub(super) fn check(file: &Path) -> Result<(), Failure> {
    let loaded = Loaded::new(read(file)?.into(), Path::new("/var/log"))?;
    Trace::default().apply(loaded.trace).map_err(LoadError::from)?;
    for mention in &loaded.mentions {
        eprintln!("note: {mention}");
    }
    if !loaded.refused.is_empty() {
        let line = |it: &crate::stanza::Refused| format!("client `{}`: {}", it.client, it.reason);
        let lines: Vec<_> = loaded.refused.iter().map(line).collect();
        return Err(Failure::new(1, format!("{}\n", lines.join("\n"))));
    }
    let names: Vec<_> = loaded.stanzas.iter().map(|it| it.client.to_string()).collect();
    let count = names.len();
    let noun = if count == 1 { "client" } else { "clients" };
    let names = if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) };
    print(&format!("{}: correct; {count} active {noun}{names}\n", file.display()))
}

/// Prints the file in another form.
pub(super) fn convert(file: &Path, to: To) -> Result<(), Failure> {
    let mut text = read(file)?.print(to.into());
    if !text.ends_with('\n') {
        text.push('\n');
    }
    print(&text)
}

fn read(file: &Path) -> Result<Configuration, Failure> {
    if file != Path::new("-") {
        return Ok(loaded::parse_file(file)?);
    }
    let mut bytes = Vec::new();
    let taken = std::io::stdin().lock().take(loaded::LONGEST + 1).read_to_end(&mut bytes);
    taken.map_err(|error| Failure::new(1, format!("standard input: {error}")))?;
    let parsed = Configuration::parse_bytes("standard input", &bytes);
    Ok(parsed.map_err(LoadError::Statements)?)
}
