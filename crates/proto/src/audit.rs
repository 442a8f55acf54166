//! The audit trail: who did what on which device, in an order that can't be changed unseen.
//!
//! ```text
//!   hash(0) = 32 zero bytes
//!   hash(n) = SHA-256( hash(n-1) ‖ canonical JSON of entry n )
//!
//!   entry 1 ──▶ entry 2 ──▶ … ──▶ entry n      the newest hash is the head: note it elsewhere
//! ```
//!
//! Ids begin at 1 and have no gaps. When old entries are taken away, an entry `audit-pruned` keeps the hash where the
//! pruned part ended, so that what is left can still be verified. Who can write the database can make a whole new
//! chain; only a head that was noted elsewhere tells.
//!
//! Sources: RFC 8785 (the canonical form, for texts and whole numbers), FIPS 180-4, RFC 5424.

mod blank;
mod chain;
mod entry;
mod line;
mod syslog;
#[cfg(test)]
mod tests;
mod verify;

pub use blank::{BLANK, blank, blank_sentence};
pub use chain::{ChainHash, Head, MalformedHash, Sealed};
pub use entry::{Entry, Pruned};
pub use line::{ExportLine, MalformedLine};
pub use syslog::{Origin, syslog};
pub use verify::{Broken, Report, Verifier};
