//! The device's dialer: which server to try next, when, and how long silence may last.
//!
//! * [`servers`] decides the order and the pauses of the attempts, for ever.
//! * [`keep_alive`] decides when to ask for a sign of life and when to hang up.
//!
//! Source: Junos, *Configuring Outbound SSH Service*, statements `servers`, `reconnect-strategy` and
//! `keep-alive`.

pub mod keep_alive;
pub mod servers;

pub use keep_alive::KeepAlive;
pub use servers::{Attempt, Dialer, ReconnectStrategy, Server};
