//! What all tasks of one agent read.

use std::sync::Arc;

use homing_proto::junos::Configuration;
use tokio::sync::watch;

use crate::datastore::Store;
use crate::netconf::Sessions;
use crate::options::Options;
use crate::progress::Summary;
use crate::ssh_server::SshServer;
use crate::trace::Trace;

/// What all tasks of one agent read; only the agent's own task writes, at a commit.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) ssh_server: SshServer,
    pub(crate) trace: Trace,
    /// Candidates, commits and history.
    pub(crate) store: Store,
    /// The configuration in force.
    pub(crate) configuration: watch::Sender<Arc<Configuration>>,
    /// The NETCONF sessions that are open.
    pub(crate) sessions: Sessions,
    pub(crate) summary: watch::Sender<Summary>,
}
