//! The SSH front door: operators log in by name, and every channel they open is one on the device's own connection.
//!
//! ```text
//!   accept ─▶ too many in all, from this source? ─▶ a place among the logins ─▶ SSH login (Access)
//!                                                                                    │ ops:edge-7
//!   device's session ◀── channel: right? limits? ◀── which device? in session? ◀─────┘
//! ```
//!
//! What the SSH server does is in [`homing_transport::front_door`]; here is who may do what, and the record of it.

mod keeper;
mod listen;
mod register;
mod visit;

pub use listen::{FrontDoor, FrontDoorError};
pub(crate) use listen::{Serving, authorities};
pub(crate) use register::Register;

use homing_proto::access::Right;
use homing_transport::device_link::Start;

/// The right that a session channel for `start` needs.
fn needs(start: &Start) -> Right {
    match start {
        // A shell can do everything, and so can a command or a file transfer.
        Start::Shell | Start::Exec(_) | Start::Subsystem(_) => Right::Configure,
    }
}
