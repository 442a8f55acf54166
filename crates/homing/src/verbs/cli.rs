//! `homing cli`: one Junos command, answered as its prompt would.

use std::time::Duration;

use clap::Args;

use super::reply::View;
use super::{Context, rpc};
use crate::failure::Failure;
use crate::output::time::parse_duration;
use crate::xml::operation;
use crate::xml::reply_text::ReplyText;

const EXAMPLES: &str = "\
Examples:
  homing cli mx1.fra \"show interfaces terse\"
  homing cli mx1.fra show system uptime
  homing cli mx1.fra \"show route | match 0/0\"     Junos's own pipes
  homing cli mx1.fra \"show version | display json\"";

/// Options of `homing cli`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The device
    device: String,
    /// The command, as typed at the device's prompt
    #[arg(required = true, value_name = "COMMAND")]
    command: Vec<String>,
    /// How long the device may take
    #[arg(long, default_value = "60s", value_parser = parse_duration, value_name = "TIME")]
    timeout: Duration,
}

/// Runs the command.
pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let command = arguments.command.join(" ");
    let operation = operation::command(command.trim()).map_err(rpc::malformed)?;
    let view = View::Text(ReplyText::default());
    rpc::ask(&arguments.device, operation, arguments.timeout, view, context).await
}
