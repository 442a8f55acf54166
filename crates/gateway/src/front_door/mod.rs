//! The SSH front door: operators log in by name, and every channel they open is one on the device's own connection.
//!
//! ```text
//!   accept ─▶ too many in all, from this source? ─▶ a place in the lobby ─▶ SSH login (Access)
//!                                                                                    │ ops:edge-7
//!   device's session ◀── channel: right? limits? ◀── which device? in session? ◀─────┘
//! ```
//!
//! What the SSH server does is in [`homing_transport::front_door`]; here is who may do what, and the record of it.

mod keeper;
mod listen;
mod lobby;
mod register;
mod revoking;
mod terminal;
mod visit;

pub use listen::{FrontDoor, FrontDoorError};
pub(crate) use listen::{Serving, authorities};
pub(crate) use register::Register;
pub(crate) use revoking::keep_revoking;
pub(crate) use terminal::{Seat, terminal};

use homing_proto::access::{Policy, Right};
use homing_transport::device_link::Start;
use homing_transport::front_door::Patience;

use crate::config;

/// The subsystem whose every RPC is judged by itself.
const NETCONF: &str = "netconf";

/// The right that a session channel for `start` needs.
///
/// On a terminal a pager may show what was asked for, and pagers write files and run programs when told so.
fn needs(start: &Start, has_terminal: bool, policy: &Policy) -> Right {
    match start {
        Start::Exec(_) if has_terminal => Right::Configure,
        Start::Subsystem(name) if name == NETCONF => Right::View,
        Start::Exec(line) => {
            std::str::from_utf8(line).map_or(Right::Configure, |line| policy.right_of_command(line))
        }
        // A shell can do everything, and so can a file transfer.
        Start::Shell | Start::Subsystem(_) => Right::Configure,
    }
}

/// How long operators may read nothing.
fn patience(settings: &config::FrontDoor) -> Patience {
    Patience { ended: settings.patience, cut: settings.cut_patience }
}

/// The kind of channel, for metrics.
fn kind(start: &Start) -> &'static str {
    match start {
        Start::Subsystem(name) if name == NETCONF => "netconf",
        Start::Subsystem(name) if name == "sftp" => "sftp",
        Start::Subsystem(_) => "subsystem",
        Start::Exec(_) => "exec",
        Start::Shell => "shell",
    }
}

#[cfg(test)]
mod tests;
