//! `homing ssh`: a shell on a device, or one command.

use clap::Args;

use super::Options;
use super::ssh::Ssh;
use crate::failure::Failure;
use crate::verbs::Context;

const EXAMPLES: &str = "\
Examples:
  homing ssh mx1.fra
  homing ssh mx1.fra -- show interfaces terse
  homing ssh mx1.fra --wait 30m                as soon as it calls home
  homing ssh mx1.fra --user ops --ssh-option ForwardAgent=yes

It runs the system's ssh; the exit status is its own, and 255 if the device is
not connected.";

/// Options of `homing ssh`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The device
    device: String,
    #[command(flatten)]
    options: Options,
    /// Give the command a terminal
    #[arg(short, long)]
    terminal: bool,
    /// A command instead of a shell
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Becomes `ssh`.
pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let mut ssh = Ssh::to("ssh", &arguments.device, &arguments.options, context).await?;
    if arguments.terminal {
        ssh.word("-t");
    }
    ssh.destination();
    for word in arguments.command {
        ssh.word(word);
    }
    ssh.become_it()
}
