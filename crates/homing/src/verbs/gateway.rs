//! `homing gateway`: hands the options to the gateway and runs it until it is told to stop.

use std::path::PathBuf;

use clap::Args;

use homing_gateway::config::{ConfigError, Flags, load};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, write};

use super::serve;

const EXAMPLES: &str = "\
Examples:
  homing gateway
  homing gateway --listen '[::]:4334' --data /var/lib/homing
  homing gateway --http 127.0.0.1:8443
  homing gateway --config /etc/homing/gateway.toml --check-config

Settings: the file (or HOMING_CONFIG), over it HOMING_DATA, HOMING_LISTEN,
HOMING_HTTP, HOMING_DOOR (commas between addresses) and HOMING_SOCKET, over
these the options.
SIGTERM stops it: running RPCs are finished for a bounded time. SIGHUP reads
the settings again and logs which of them need a restart.";

/// Options of `homing gateway`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The settings file [default: /etc/homing/gateway.toml if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data folder [default: /var/lib/homing, or your own]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where devices dial; may be given again
    #[arg(long, value_name = "ADDR")]
    listen: Vec<String>,
    /// Where the HTTP API is served over TCP; may be given again
    #[arg(long, value_name = "ADDR")]
    http: Vec<String>,
    /// Where operators log in by SSH; may be given again; port 2022 of every address unless told
    #[arg(long, value_name = "ADDR")]
    door: Vec<String>,
    /// Look at the settings, say what is wrong, and start nothing
    #[arg(long)]
    check_config: bool,
}

/// Runs the gateway, or only looks at its settings.
pub(crate) async fn run(
    arguments: Arguments,
    socket: Option<PathBuf>,
    output: &Output,
) -> Result<(), Failure> {
    let is_check = arguments.check_config;
    let flags = arguments.into_flags(socket);
    let configuration = load(flags.clone()).map_err(|error| wrong(&error))?;
    for warning in &configuration.warnings {
        output.note(&format!("homing: {warning}"));
    }
    match is_check {
        true => write(&configuration.to_string()),
        false => serve::serve(configuration, flags).await,
    }
}

impl Arguments {
    fn into_flags(self, socket: Option<PathBuf>) -> Flags {
        Flags {
            config: self.config,
            data: self.data,
            listen: self.listen,
            http: self.http,
            door: self.door,
            socket,
        }
    }
}

fn wrong(error: &ConfigError) -> Failure {
    Failure::new(Exit::Usage, error.code(), error.to_string())
        .hint("mend it, then: homing gateway --check-config")
}
