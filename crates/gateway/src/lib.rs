//! The management application: takes devices in, proves who they are, and lets operators work on them.

pub mod access;
mod arrival;
mod audit;
pub mod config;
pub mod control;
mod descriptors;
pub mod enroll;
mod exchange;
mod fleet;
mod front_door;
mod gateway;
mod greeting;
mod host;
pub mod http;
mod listener;
mod metrics;
mod own_key;
mod passage;
mod pending;
mod random;
mod recording;
mod run;
mod session;
mod shared;
mod standing;
pub mod stanza;
pub mod store;
mod temporary;
mod timeline;
mod turns;
pub mod web;
mod webhooks;

pub use front_door::{FrontDoor, FrontDoorError};
pub use gateway::{Gateway, StartError};
pub use listener::ListenError;
pub use run::{RunError, run};
