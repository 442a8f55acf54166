//! `homing netconf`: a NETCONF session with a device on stdin and stdout.

use clap::Args;

use super::Options;
use super::ssh::Ssh;
use crate::failure::Failure;
use crate::verbs::Context;

const EXAMPLES: &str = "\
Examples:
  homing netconf mx1.fra < session.xml
  homing netconf mx1.fra                       type, or drive it by a program

The device's hello comes first, yours is expected; frames are those of RFC 6242.";

/// Options of `homing netconf`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The device
    device: String,
    #[command(flatten)]
    options: Options,
}

/// Becomes `ssh -s … netconf`.
pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let mut ssh = Ssh::to("ssh", &arguments.device, &arguments.options, context).await?;
    ssh.word("-T").word("-s").destination().word("netconf");
    ssh.become_it()
}
