//! `homing config`: a device's configuration.

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::reply::View;
use super::{Context, rpc};
use crate::failure::Failure;
use crate::output::time::parse_duration;
use crate::xml::operation;

const EXAMPLES: &str = "\
Examples:
  homing config get mx1.fra > mx1.fra.xml
  homing config get mx1.fra --source candidate
  homing config get mx1.fra \\
         --filter '<configuration><system><services/></system></configuration>'";

/// Options of `homing config`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Read it, as XML
    #[command(after_help = EXAMPLES)]
    Get(GetArguments),
}

#[derive(Debug, Args)]
struct GetArguments {
    /// The device
    device: String,
    /// The datastore
    #[arg(long, value_enum, default_value_t, value_name = "STORE")]
    source: Source,
    /// A subtree filter: the elements wanted, as XML
    #[arg(long, value_name = "XML")]
    filter: Option<String>,
    /// How long the device may take
    #[arg(long, default_value = "60s", value_parser = parse_duration, value_name = "TIME")]
    timeout: Duration,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Source {
    #[default]
    Running,
    Candidate,
    Startup,
}

impl Source {
    fn element(self) -> &'static str {
        match self {
            Source::Running => "running",
            Source::Candidate => "candidate",
            Source::Startup => "startup",
        }
    }
}

/// Reads the configuration.
pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let Verb::Get(get) = arguments.verb;
    let source = get.source.element();
    let operation = operation::get_config(source, get.filter.as_deref()).map_err(rpc::malformed)?;
    rpc::ask(&get.device, operation, get.timeout, View::Xml, context).await
}
