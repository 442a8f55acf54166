//! `homing completion`: the script that lets a shell complete verbs and options.

use clap::{Args, CommandFactory, ValueEnum};
use clap_complete::{Shell as Generator, generate};

use crate::command::CommandLine;
use crate::failure::Failure;
use crate::output::write_bytes;

const EXAMPLES: &str = "\
Examples:
  homing completion bash > ~/.local/share/bash-completion/completions/homing
  homing completion zsh > ~/.zfunc/_homing
  homing completion fish > ~/.config/fish/completions/homing.fish";

/// The shells.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// Options of `homing completion`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The shell
    shell: Shell,
}

/// The generator for fish knows no values of arguments without a flag.
const FISH_VALUES: &str = "\
complete -c homing -n \"__fish_homing_using_subcommand completion\" -f -a \"bash zsh fish\"
";

/// Prints the script.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let generator = match arguments.shell {
        Shell::Bash => Generator::Bash,
        Shell::Zsh => Generator::Zsh,
        Shell::Fish => Generator::Fish,
    };
    let mut script = Vec::new();
    generate(generator, &mut CommandLine::command(), "homing", &mut script);
    if matches!(arguments.shell, Shell::Fish) {
        script.extend_from_slice(FISH_VALUES.as_bytes());
    }
    write_bytes(&script)
}
