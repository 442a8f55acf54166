//! What the Linux host tells about itself: interfaces, routes, neighbours, load, file systems.
//!
//! ```text
//!   rtnetlink ─▶ Network        /proc ─▶ Load        statvfs ─▶ FileSystem
//! ```
//!
//! Everything is read when it is asked for and nothing is kept.

mod network;
mod system;

pub(crate) use network::{Interface, Network, Protocol, Route};
pub(crate) use system::{FileSystem, Load, file_systems};
