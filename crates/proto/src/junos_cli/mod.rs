//! The command line of a device: Junos's operational and configuration mode.
//!
//! ```text
//!   line ──▶ Scene ──▶ Input ──▶ Console ──▶ Action: an RPC, a text to print, a question
//!     │      (grammar, schema,      ▲             │
//!     │       junos_command)        └── reply ◀───┘
//!     └─▶ choices: ?, Tab
//! ```
//!
//! Everything a line does is an RPC that every NETCONF client could send too; nothing here touches a terminal or a file.
//!
//! Source: Junos, *CLI User Guide*.

mod carry_out;
mod choice;
mod console;
mod error;
mod grammar;
mod input;
mod level;
pub mod line;
mod reply;
mod request;
mod sentences;
mod statement;
mod walk;

pub use choice::{Choice, Kind, list};
pub use console::{Action, Console, Who};
pub use error::LineError;
pub use grammar::{CONFIGURATION, Node, OPERATIONAL, Paths, Slot};

#[cfg(test)]
mod documented;
#[cfg(test)]
mod tests;
