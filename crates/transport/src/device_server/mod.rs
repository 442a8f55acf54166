//! The agent's leg to the gateway: SSH server on a connection that the agent opened.
//!
//! ```text
//!   stream ──▶ key exchange ──▶ login ──▶ channel ──▶ subsystem, exec or shell ──▶ Service(ServerChannel) ──▶ Exit
//!                               │ Authority            │ Services: yes or no
//!                               └ tries and time are limited
//! ```
//!
//! A [`Service`] that is dropped must clean up behind itself: that is how it learns that its channel or the connection is gone.
//!
//! Source: RFC 4252 to 4254; Junos hands the connection to its ordinary SSH server, and so does this.

mod channel;
mod connection;
mod handler;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use homing_proto::host_key::{HostKey, Secret};

use crate::keys::PrivateKey;
use crate::spool::{Budget, SpoolLimits};

pub use channel::{ChannelInput, ChannelOutput, Control, Exit, ServerChannel};
pub use connection::serve;

/// How one connection is served.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// At least one; the client chooses by type.
    pub host_keys: Vec<PrivateKey>,
    /// Ask for a sign of life after this long without data, and hang up when so many in a row were not answered.
    pub keep_alive: Option<(Duration, u32)>,
    /// Shown before login.
    pub banner: Option<String>,
    /// Time to log in.
    pub login_grace: Duration,
    /// Failed attempts to log in.
    pub max_tries: usize,
    /// Channels open at once.
    pub max_channels: usize,
    /// Offer a hybrid post-quantum key exchange first.
    pub post_quantum: bool,
    /// What a channel may hold of input that its service has not read. When that is full the connection waits, but not long: a
    /// service that then reads nothing for [`stall`](Self::stall) loses its channel.
    pub input: SpoolLimits,
    /// See [`input`](Self::input).
    pub stall: Duration,
    /// Shared by all channels of the program.
    pub budget: Budget,
}

impl ServerSettings {
    /// OpenSSH's limits: six tries, a minute to log in, ten channels.
    pub fn new(host_keys: Vec<PrivateKey>, budget: Budget) -> Self {
        Self {
            host_keys,
            keep_alive: None,
            banner: None,
            login_grace: Duration::from_secs(60),
            max_tries: 6,
            max_channels: 10,
            post_quantum: true,
            input: SpoolLimits { memory: 256 * 1024, disk: 64 * 1024 * 1024 },
            stall: Duration::from_secs(5),
            budget,
        }
    }
}

/// Who may log in.
pub trait Authority: Send + Sync + 'static {
    /// What is known about a user who is logged in.
    type User: Send + Sync + 'static;

    /// The user, if `key` is theirs. Asked before and after the client has proven that it holds the private half.
    fn check_key(
        &self,
        user: &str,
        key: &HostKey,
    ) -> impl Future<Output = Option<Self::User>> + Send;

    /// The user, if `password` is theirs. Must take as long for a user who does not exist.
    fn check_password(
        &self,
        user: &str,
        password: &Secret,
    ) -> impl Future<Output = Option<Self::User>> + Send;
}

/// What a client wants of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestKind {
    /// A subsystem by its name.
    Subsystem(String),
    /// A command line for the user's shell.
    Exec(Vec<u8>),
    /// The user's login shell.
    Shell,
}

/// A channel request with what was said before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What is wanted.
    pub kind: RequestKind,
    /// A terminal, if one was asked for.
    pub terminal: Option<Terminal>,
    /// `LANG` and `LC_*`; nothing else is taken from a client.
    pub environment: Vec<(String, String)>,
}

/// The terminal a client has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terminal {
    /// As in `TERM`.
    pub name: String,
    /// Its size.
    pub size: Size,
    /// Modes by their number in RFC 4254 section 8.
    pub modes: Vec<(u8, u32)>,
}

/// Size of a terminal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// Characters across.
    pub columns: u16,
    /// Characters down.
    pub rows: u16,
    /// Pixels across, 0 if unknown.
    pub width: u16,
    /// Pixels down, 0 if unknown.
    pub height: u16,
}

/// What runs on a channel. The future is dropped when the channel or connection goes.
pub type Service =
    Box<dyn FnOnce(ServerChannel) -> Pin<Box<dyn Future<Output = Exit> + Send>> + Send>;

/// Makes a [`Service`] of an async closure.
pub fn service<F, R>(run: F) -> Service
where
    F: FnOnce(ServerChannel) -> R + Send + 'static,
    R: Future<Output = Exit> + Send + 'static,
{
    Box::new(move |channel| Box::pin(run(channel)))
}

/// What users may do.
pub trait Services: Send + Sync + 'static {
    /// As the [`Authority`] gives them.
    type User: Send + Sync + 'static;

    /// What to run for `request`; `None` refuses it. Called on the connection's own task: decide, and do the work in the service.
    fn open(&self, user: &Self::User, request: Request) -> Option<Service>;
}
