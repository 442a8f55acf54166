//! Real SSH on both sides of a stream in memory: the gateway's leg and the agent's.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod channels;
mod device;
mod door;
mod host_keys;
mod life;
mod login;
mod slow;
mod terminal;
