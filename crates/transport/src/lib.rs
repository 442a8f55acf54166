//! SSH and NETCONF sessions over any stream: the shell between the decisions of `homing-proto` and the network.
//!
//! ```text
//!   gateway: accepted socket ─ Prefixed ─ device_link ─┬─ channel ─ netconf
//!                                                      └─ channel ─ Spool ─ a slow operator
//!   agent:   dialled socket ─ initiation ─ device_server ─ subsystem, exec, shell
//!   sim:     dialled socket ─ initiation ─ small_server ─ subsystem netconf
//! ```
//!
//! No type of the SSH library is in any signature: another engine could stand under the same interface.

mod algorithms;
pub mod closed;
pub mod device_link;
pub mod device_server;
pub mod front_door;
mod input;
pub mod keys;
pub mod netconf;
pub mod prefixed;
mod settled;
pub mod small_server;
pub mod spool;
mod ssh_server;
mod watched;

pub use closed::{Closed, ClosedBy, Reason};
pub use prefixed::Prefixed;
