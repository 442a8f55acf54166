//! The agent's NETCONF server, over any stream.
//!
//! ```text
//!   embedded SSH subsystem ─┐
//!   netconf.sock (sshd's    ├─▶ serve ─▶ session machine ─▶ operations ─▶ AgentView, Store
//!   Subsystem, spliced)    ─┘      └─ Sessions: who is in; Events: what is told to subscribers
//! ```
//!
//! Requests are carried out one
//! after the other; what waits behind them waits in the stream.
//!
//! Source: RFC 6241; RFC 5277; Junos XML API and XML Management Protocol.

mod access;
mod context;
mod events;
mod files;
mod operations;
mod serve;
mod sessions;
mod tree;
mod view;

#[cfg(test)]
mod tests;

pub use access::Class;
pub use events::Events;
pub(crate) use events::follow;
pub use serve::{Caller, serve};
pub use sessions::{Place, SessionInformation, Sessions};
pub use view::{AgentView, SystemInformation, system_information};
