//! The agent's NETCONF server, over any stream.
//!
//! ```text
//!   embedded SSH subsystem ─┐
//!   netconf.sock (sshd's    ├─▶ serve ─▶ session machine ─▶ operations ─▶ AgentView
//!   Subsystem, spliced)    ─┘      └─ Sessions: who is in, for kill-session
//! ```
//!
//! Requests are carried out one
//! after the other; what waits behind them waits in the stream.
//!
//! Source: RFC 6241; Junos XML API (`get-configuration`, `get-system-information`, `command`).

mod access;
mod context;
mod files;
mod operations;
mod serve;
mod sessions;
mod tree;
mod view;

#[cfg(test)]
mod tests;

pub use access::Class;
pub use serve::{Caller, serve};
pub use sessions::{Place, SessionInformation, Sessions};
pub use view::{AgentView, SystemInformation, system_information};
