//! The device: dials out as Junos's outbound-ssh service does, and serves SSH and NETCONF there.
//!
//! ```text
//!   Junos statements ──▶ loaded ──▶ supervisor ──▶ client (one task per stanza)
//!                          ▲           ▲             dialer ─▶ connect ─▶ initiation ─▶ ssh_server
//!              datastore, reload      control (reload, show, netconf)          openssh │ embedded
//! ```
//!
//! [`run()`] is the whole agent; [`Agent`] the same for a program that wants a handle on it.

pub mod cli;
mod client;
mod connect;
mod control;
pub mod datastore;
pub mod embedded;
mod facts;
mod handle;
mod loaded;
mod lock_out;
pub mod netconf;
mod openssh;
mod options;
mod progress;
mod report;
mod run;
mod shared;
mod show;
mod ssh_server;
mod stanza;
mod state;
pub mod status;
mod supervisor;
mod trace;
mod wall_clock;

pub use control::server::DoorError;
pub use handle::{AgentHandle, Gone, ReloadError};
pub use loaded::LoadError;
pub use options::{
    ConfigSource, LoginShell, Options, SshServer, default_log_dir, default_state_dir,
};
pub use progress::Summary;
pub use report::{ClientReport, RetryTimeout, ServerReport};
pub use run::{Agent, RunError, run};
pub use supervisor::Changes;
