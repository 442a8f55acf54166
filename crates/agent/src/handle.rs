//! How others talk to a running agent in the same process.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use homing_proto::datastore::Client;
use homing_proto::lock_out::Origin;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot, watch};

use crate::datastore::{Store, StoreError, reloader};
use crate::embedded::{Duplex, Netconf};
use crate::loaded::{LoadError, Loaded};
use crate::lock_out::Speaker;
use crate::netconf::{self, AgentView as _, Caller, Class};
use crate::progress::Summary;
use crate::report::ClientReport;
use crate::shared::Shared;
use crate::supervisor::Changes;

/// What the agent's own task is asked to do.
#[derive(Debug)]
pub(crate) enum Command {
    /// Follow this configuration; connections that it ends live on for so long.
    Apply(Box<Loaded>, Duration, oneshot::Sender<Result<Changes, LoadError>>),
    Show(oneshot::Sender<Vec<ClientReport>>),
    /// Dial a client anew, though its stanza is what it was; its connection lives on for so long.
    Redial(String, Duration),
}

/// Why nothing was reloaded; what ran before runs on.
pub type ReloadError = StoreError;

/// The agent has stopped, or is about to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the agent is stopping")]
pub struct Gone;

impl Gone {
    /// A stable word for logs.
    pub fn code(&self) -> &'static str {
        "agent-stopping"
    }
}

/// A running agent; clones speak to the same one.
#[derive(Clone, Debug)]
pub struct AgentHandle {
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) shared: Arc<Shared>,
}

impl AgentHandle {
    /// Reads the configuration again and follows it.
    ///
    /// # Errors
    /// The configuration is wrong: nothing was changed.
    pub async fn reload(&self) -> Result<Changes, ReloadError> {
        self.shared.store.reload(reloader()).await
    }

    /// The configuration: candidates, commits, history.
    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    /// Where every client stands.
    ///
    /// # Errors
    /// The agent is stopping.
    pub async fn show(&self) -> Result<Vec<ClientReport>, Gone> {
        let (answer, answered) = oneshot::channel();
        self.commands.send(Command::Show(answer)).await.map_err(|_| Gone)?;
        answered.await.map_err(|_| Gone)
    }

    /// How many clients are connected, and a wake-up whenever that changes.
    pub fn summary(&self) -> watch::Receiver<Summary> {
        self.shared.summary.subscribe()
    }

    /// Speaks NETCONF on `stream` with `user`, who has proven to be that, until the session ends.
    pub(crate) async fn serve_netconf<S>(
        &self,
        stream: S,
        user: String,
        via: Client,
        origin: Origin,
    ) where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if let Origin::Outbound(client) = &origin {
            self.shared.store.guard().logged_in(client);
        }
        let class = Class::of(&user, &self.configuration());
        let caller = Caller { user, class, via };
        let stopping = self.commands.closed();
        let session = netconf::serve(stream, &caller, self, &self.shared.sessions, stopping);
        let closed = Speaker { via: Some(via), origin }.scope(session).await;
        tracing::info!(user = caller.user, %via, code = closed.code(), reason = %closed, "NETCONF session ended");
    }
}

/// NETCONF on the connection of one outbound-ssh client.
pub(crate) struct OverClient {
    pub(crate) agent: AgentHandle,
    pub(crate) client: String,
}

impl Netconf for OverClient {
    fn serve(
        self: Arc<Self>,
        stream: Box<dyn Duplex>,
        user: String,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            let origin = Origin::Outbound(self.client.clone());
            self.agent.serve_netconf(stream, user, Client::Netconf, origin).await;
        })
    }
}
