//! The management application: takes devices in, proves who they are, and lets operators work on them.

pub mod config;
pub mod control;
pub mod enroll;
pub mod http;
pub mod stanza;
pub mod store;
