//! `homing-agent`: the device's side of Homing.

use std::process::ExitCode;

fn main() -> ExitCode {
    homing_agent::cli::main()
}
