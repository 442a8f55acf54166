//! A command line that cannot be read: clap's words for people, the JSON error for programs.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;

use crate::exit::Exit;
use crate::failure::Failure;

/// Prints help, version or what is wrong, and gives the exit status.
pub(crate) fn explain(error: &clap::Error, line: impl Iterator<Item = OsString>) -> ExitCode {
    let is_asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if !is_asked && wants_json(line) {
        eprintln!("{}", failure(&error.to_string()).to_json());
    } else {
        // With the terminal gone there is nobody to tell.
        let _ = error.print();
    }
    if is_asked { Exit::Done.into() } else { Exit::Usage.into() }
}

/// The first paragraph says what is wrong, tips and the usage line what to do.
fn failure(text: &str) -> Failure {
    let (what, rest) = text.split_once("\n\n").unwrap_or((text, ""));
    let what = what.trim().strip_prefix("error: ").unwrap_or(what).to_owned();
    let hint = rest.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>();
    match hint.is_empty() {
        true => Failure::usage(what),
        false => Failure::usage(what).hint(hint.join("; ")),
    }
}

/// Looks for `-o json` in a line that clap gave up on.
fn wants_json(line: impl Iterator<Item = OsString>) -> bool {
    let words: Vec<String> = line.map(|word| word.to_string_lossy().into_owned()).collect();
    let is_json = |value: &str| matches!(value, "json" | "ndjson");
    let joined = words.iter().any(|word| {
        let value = word.strip_prefix("--output=").or_else(|| word.strip_prefix("-o"));
        value.is_some_and(is_json)
    });
    let split = words
        .iter()
        .zip(words.iter().skip(1))
        .any(|(option, value)| matches!(option.as_str(), "-o" | "--output") && is_json(value));
    joined || split
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(line: &[&str]) -> bool {
        wants_json(line.iter().map(OsString::from))
    }

    #[test]
    fn the_wish_for_json_is_seen_in_a_broken_line() {
        assert!(json(&["homing", "-o", "json", "nonsense"]));
        assert!(json(&["homing", "nonsense", "-ondjson"]));
        assert!(json(&["homing", "--output=json"]));
        assert!(!json(&["homing", "-o", "table", "json"]));
    }

    #[test]
    fn the_words_of_clap_become_message_and_hint() {
        let failure = failure("error: unrecognized subcommand 'x'\n\n  tip: y\n\nUsage: homing\n");
        assert_eq!(failure.message, "unrecognized subcommand 'x'");
        assert_eq!(failure.hint.unwrap(), "tip: y; Usage: homing");
    }
}
