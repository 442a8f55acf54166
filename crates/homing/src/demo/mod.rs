//! `homing demo`: a gateway and a few devices in one process tree.

use clap::Args;

use crate::exit::Exit;
use crate::failure::Failure;

/// Options of `homing demo`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How many devices to start
    #[arg(long, default_value_t = 5, value_name = "N")]
    devices: u16,
}

/// Runs the demo until Ctrl-C.
pub(crate) async fn run(_: Arguments) -> Result<(), Failure> {
    Err(Failure::new(Exit::Failed, "not-built", "the demo is not built yet"))
}
