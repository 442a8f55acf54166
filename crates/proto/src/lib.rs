//! Everything of Homing that crosses a wire, and every decision about it.
//!
//! This crate touches no socket, clock, file, task, log or random source: time and bytes are
//! handed in, what to do next is handed out, and a shell around it does the rest.

pub mod access;
pub mod admission;
pub mod api;
pub mod attention;
pub mod audit;
pub mod certificate;
pub mod datastore;
pub mod dialer;
pub mod excerpt;
pub mod fault;
pub mod filter;
pub mod gate;
pub mod hex;
pub mod host_key;
pub mod identity;
pub mod initiation;
pub mod junos;
pub mod junos_cli;
pub mod junos_command;
pub mod known_hosts;
pub mod lobby;
pub mod lock_out;
pub mod netconf;
pub mod opening;
pub mod rate;
pub mod revocation;
pub mod roster;
pub mod secret_words;
pub mod turns;
pub mod webhook;
