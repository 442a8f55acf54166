//! Everything that a request may look at, gathered when it is carried out.

use std::sync::Arc;

use homing_proto::datastore::{Author, Client, Mode, SessionId, Timestamp};
use homing_proto::junos::Configuration;
use homing_proto::netconf::error::RpcError;

use super::access::Class;
use super::files::Files;
use super::operations::refusal;
use super::sessions::Sessions;
use super::view::SystemInformation;
use crate::datastore::Store;
use crate::report::ClientReport;

/// The agent at one moment, as one user sees it.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) class: Class,
    pub(super) user: String,
    pub(super) via: Client,
    pub(super) session_id: u32,
    pub(super) sessions: Sessions,
    /// The configuration in force.
    pub(super) configuration: Arc<Configuration>,
    pub(super) store: Store,
    pub(super) clients: Vec<ClientReport>,
    pub(super) system: SystemInformation,
    /// The user's files on this device.
    pub(super) files: Files,
    /// When the agent started.
    pub(super) started: Timestamp,
    /// When the running configuration was committed, and by whom.
    pub(super) last_commit: Option<(Timestamp, String)>,
    /// Whether this session has a subscription.
    pub(super) is_subscribed: bool,
}

impl Context {
    /// The configured name of this machine, or else its own.
    pub(super) fn host_name(&self) -> String {
        self.configuration.system().host_name.unwrap_or_else(|| self.system.host_name.clone())
    }

    /// The session, as the datastore knows it.
    pub(super) fn session(&self) -> SessionId {
        SessionId(self.session_id)
    }

    /// Opens the configuration for this session, unless it is open.
    ///
    /// # Errors
    /// The `<rpc-error>` to answer with.
    pub(super) async fn open(&self) -> Result<(), RpcError> {
        match self.mode().await {
            Some(_) => Ok(()),
            None => self.open_as(Mode::Shared).await,
        }
    }

    /// Opens the configuration in this mode; a session that only used the shared candidate is in the
    /// other mode then.
    ///
    /// # Errors
    /// The `<rpc-error>` to answer with.
    pub(super) async fn open_as(&self, mode: Mode) -> Result<(), RpcError> {
        let author = Author::new(&self.user, self.via);
        let opened = self.store.reopen(self.session(), author, mode).await;
        opened.map_err(|error| refusal::refused(&error))
    }

    async fn mode(&self) -> Option<Mode> {
        self.store.read(|datastore| datastore.mode(self.session())).await
    }
}
