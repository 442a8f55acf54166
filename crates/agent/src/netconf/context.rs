//! Everything that a request may look at, gathered when it is carried out.

use std::sync::Arc;

use homing_proto::datastore::Timestamp;
use homing_proto::junos::Configuration;

use super::access::Class;
use super::files::Files;
use super::sessions::Sessions;
use super::view::SystemInformation;
use crate::report::ClientReport;

/// The agent at one moment, as one user sees it.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) class: Class,
    pub(super) session_id: u32,
    pub(super) sessions: Sessions,
    pub(super) configuration: Arc<Configuration>,
    pub(super) clients: Vec<ClientReport>,
    pub(super) system: SystemInformation,
    /// The user's files on this device.
    pub(super) files: Files,
    /// When the agent started.
    pub(super) started: Timestamp,
    /// When the running configuration was committed, and by whom.
    pub(super) last_commit: Option<(Timestamp, String)>,
}

impl Context {
    /// The configured name of this machine, or else its own.
    pub(super) fn host_name(&self) -> String {
        self.configuration.system().host_name.unwrap_or_else(|| self.system.host_name.clone())
    }
}
