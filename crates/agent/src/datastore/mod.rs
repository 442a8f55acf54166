//! The configuration of this device, durable: a shell around [`homing_proto::datastore`].
//!
//! ```text
//!  NETCONF ─┐                        ┌─▶ Disk: staged ── one rename ──▶ committed
//!  CLI ─────┼─▶ Store ─▶ Datastore ──┤
//!  reload ──┘     (one lock)         └─▶ the agent's task acts on it
//! ```
//!
//! A commit is staged on the disk, then acted on, then made durable by one rename: whatever fails
//! before that leaves everything as it was. A rollback is acted on first, and kept as soon as it can be.

mod carry_out;
mod clock;
mod disk;
mod edit;
mod error;
mod journal;
mod kept;
mod replace;
mod start;
mod state;
mod store;
#[cfg(test)]
mod tests;

pub use clock::ToCome;
pub use error::StoreError;
pub use replace::DiskError;
pub(crate) use start::start;
pub use store::{Committed, Store};
pub(crate) use store::{reloader, to_the_end};
