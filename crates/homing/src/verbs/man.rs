//! `homing man`: the manual pages, made of the command line's own definition.

use std::path::PathBuf;

use clap::{Args, CommandFactory};

use crate::command::CommandLine;
use crate::exit::Exit;
use crate::failure::Failure;

/// Options of `homing man`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The folder
    folder: PathBuf,
}

/// Writes a page for the program and for each of its verbs.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let folder = &arguments.folder;
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(CommandLine::command(), folder));
    written.map_err(|error| {
        Failure::new(Exit::Failed, "not-written", format!("{}: {error}", folder.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pages that should be there: one for each verb that is shown.
    fn pages(command: &clap::Command, name: &str, found: &mut Vec<String>) {
        found.push(format!("{name}.1"));
        for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
            pages(verb, &format!("{name}-{}", verb.get_name()), found);
        }
    }

    #[test]
    fn every_verb_that_is_shown_has_a_manual_page() {
        let folder = tempfile::tempdir().unwrap();
        assert!(run(&Arguments { folder: folder.path().to_owned() }).is_ok());
        let mut wanted = Vec::new();
        pages(&CommandLine::command(), "homing", &mut wanted);
        assert!(wanted.contains(&"homing-device-ls.1".to_owned()), "{wanted:?}");
        for name in &wanted {
            let page = std::fs::read_to_string(folder.path().join(name)).unwrap();
            assert!(page.contains(".SH SYNOPSIS"), "{name}: {page}");
        }
    }
}
