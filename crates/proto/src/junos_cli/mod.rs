//! The command line of a device: Junos's operational and configuration mode.
//!
//! ```text
//!   line ──walk──▶ Parsed ──Console──▶ Action: an RPC, a text to print, a question
//!     │                        ▲                 │
//!     └─choices─▶ ?, Tab       └──── reply ◀─────┘
//! ```
//!
//! Everything a line does is an RPC that every NETCONF client could send too; nothing here touches a terminal or a file.
//!
//! Source: Junos, *CLI User Guide*.

mod choice;
mod grammar;
mod level;
pub mod line;
mod operational;
mod sentences;
mod statement;
mod walk;

pub use choice::{Choice, Kind, list};
pub use grammar::{CONFIGURATION, Node, OPERATIONAL, PIPES, Paths, Slot};
pub use walk::{Ground, LineError, Parsed, Piece, choices, parse};

#[cfg(test)]
mod tests;
