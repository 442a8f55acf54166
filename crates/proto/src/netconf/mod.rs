//! NETCONF: messages, their framing and the sessions made of them, for both ends.
//!
//! ```text
//!   bytes ─▶ framing ─▶ scan ─▶ hello │ rpc │ reply ─▶ client │ server (the session machines)
//! ```
//!
//! Messages are read while they stream by: the only thing held of one is what must be known of it.
//!
//! Source: RFC 6241 (NETCONF), RFC 6242 (over SSH), Junos XML Protocol for what Junos does differently.

pub mod capability;
pub mod client;
pub mod element;
pub mod error;
pub mod framing;
pub mod hello;
pub mod notification;
pub mod passage;
pub mod reply;
pub mod rpc;
pub mod scan;
pub mod server;
pub mod session;
pub mod subtree;
pub mod text;

/// The namespace of NETCONF's own messages.
pub const BASE_NAMESPACE: &str = "urn:ietf:params:xml:ns:netconf:base:1.0";
