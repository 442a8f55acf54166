//! The operator's verbs, one file a group; each speaks only the gateway's HTTP API.

pub(crate) mod api;
pub(crate) mod audit;
pub(crate) mod cli;
pub(crate) mod completion;
pub(crate) mod config;
pub(crate) mod confirm;
pub(crate) mod context;
pub(crate) mod device;
pub(crate) mod enroll;
pub(crate) mod events;
pub(crate) mod follow;
pub(crate) mod front_door;
pub(crate) mod gateway;
pub(crate) mod grant;
pub(crate) mod known_hosts;
pub(crate) mod labels;
pub(crate) mod login;
pub(crate) mod man;
pub(crate) mod password;
pub(crate) mod reply;
pub(crate) mod role;
pub(crate) mod rpc;
mod serve;
pub(crate) mod sim;
pub(crate) mod status;
pub(crate) mod suggest;
pub(crate) mod timeline;
pub(crate) mod token;
pub(crate) mod user;
pub(crate) mod watch;
pub(crate) mod web;
pub(crate) mod webhook;
pub(crate) mod whoami;

use crate::client::Client;
use crate::output::Output;

/// What every verb works with.
#[derive(Debug)]
pub(crate) struct Context {
    /// The gateway.
    pub(crate) client: Client,
    /// Where results go.
    pub(crate) output: Output,
}
