//! Completion scripts and manual pages, made of the command line's own definition.
//!
//! ```text
//!   completion SHELL ──▶ stdout          man FOLDER ──▶ homing-agent.1, homing-agent-run.1, …
//! ```

use std::path::Path;

use clap::{Command, CommandFactory as _};
use clap_complete::{Shell as Generator, generate};

use super::arguments::{Arguments, Shell};
use super::{Failure, print};

/// Prints a shell's completion script.
pub(super) fn completion(shell: Shell) -> Result<(), Failure> {
    print(&script(shell))
}

fn script(shell: Shell) -> String {
    let generator = match shell {
        Shell::Bash => Generator::Bash,
        Shell::Zsh => Generator::Zsh,
        Shell::Fish => Generator::Fish,
    };
    let mut script = Vec::new();
    generate(generator, &mut without_hidden(&Arguments::command()), "homing-agent", &mut script);
    let mut script = String::from_utf8_lossy(&script).into_owned();
    match shell {
        // The generator for bash takes the dash of the name for the start of a verb, in one of two places.
        Shell::Bash => script = script.replace("homing__subcmd__agent", "homing__agent"),
        Shell::Fish => script.push_str(FISH_VALUES),
        Shell::Zsh => {}
    }
    script
}

/// The generator for fish knows no values of arguments without a flag.
const FISH_VALUES: &str = "\
complete -c homing-agent -n \"__fish_homing_agent_using_subcommand completion\" -f -a \"bash zsh fish\"
complete -c homing-agent -n \"__fish_homing_agent_using_subcommand show\" -f -a \"clients\"
";

/// The command line without the verbs that only the agent itself runs: the generators would complete them.
fn without_hidden(command: &Command) -> Command {
    let shown = command.get_subcommands().filter(|verb| !verb.is_hide_set()).cloned();
    Command::new("homing-agent").args(command.get_arguments().cloned()).subcommands(shown)
}

/// Writes a page for the program and for each of its verbs.
pub(super) fn manual(folder: &Path) -> Result<(), Failure> {
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Arguments::command(), folder));
    written.map_err(|error| Failure::new(1, format!("{}: {error}", folder.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_that_is_shown_has_a_manual_page() {
        let folder = tempfile::tempdir().unwrap();
        assert!(manual(folder.path()).is_ok());
        let page = std::fs::read_to_string(folder.path().join("homing-agent.1")).unwrap();
        assert!(page.contains("Exit status"), "{page}");
        for verb in Arguments::command().get_subcommands().filter(|verb| !verb.is_hide_set()) {
            let path = folder.path().join(format!("homing-agent-{}.1", verb.get_name()));
            let page = std::fs::read_to_string(path).unwrap();
            assert!(page.contains(".SH SYNOPSIS"), "{page}");
        }
        assert!(!folder.path().join("homing-agent-session.1").exists());
    }

    #[test]
    fn every_shell_completes_the_verbs() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = script(shell);
            assert!(script.contains("reload") && script.contains("state-dir"), "{shell:?}");
            assert!(!script.contains("sftp-server"), "{shell:?} completes what is hidden");
            assert!(!script.contains("homing__subcmd__agent"), "no line would lead there");
        }
    }
}
