//! `homing gateway`: hands the options to the gateway and runs it until it is told to stop.

use std::path::PathBuf;

use clap::Args;

use crate::exit::Exit;
use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  homing gateway
  homing gateway --listen '[::]:4334' --data /var/lib/homing
  homing gateway --config /etc/homing/gateway.toml --check-config

Settings: the file, over it HOMING_CONFIG, HOMING_DATA, HOMING_LISTEN (commas
between addresses) and HOMING_SOCKET, over these the options.
SIGTERM stops it: running RPCs are finished for a bounded time.";

/// Options of `homing gateway`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The settings file [default: /etc/homing/gateway.toml if it is there]
    #[arg(long, env = "HOMING_CONFIG", hide_env = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data folder [default: /var/lib/homing, or your own]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where devices dial; may be given again
    #[arg(long, value_name = "ADDR")]
    listen: Vec<String>,
    /// Look at the settings, say what is wrong, and start nothing
    #[arg(long)]
    check_config: bool,
}

/// Runs the gateway.
pub(crate) async fn run(_: Arguments, _: Option<PathBuf>) -> Result<(), Failure> {
    Err(Failure::new(Exit::Failed, "not-built", "the gateway is not built yet"))
}
