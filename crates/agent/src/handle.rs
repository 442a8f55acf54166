//! How others talk to a running agent in the same process.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use homing_proto::datastore::Client;
use homing_proto::lock_out::Origin;
use homing_proto::netconf::session::Reason;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::datastore::{Store, StoreError, reloader, to_the_end};
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
    ///
    /// Whoever drops this has lost the stream: the session ends by itself, and gives back what it held.
    pub(crate) async fn serve_netconf<S>(
        &self,
        stream: S,
        user: String,
        via: Client,
        origin: Origin,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        if let Origin::Outbound(client) = &origin {
            self.shared.store.guard().logged_in(client);
        }
        let class = Class::of(&user, &self.configuration());
        let caller = Caller { user, class, via };
        let (agent, lost) = (self.clone(), CancellationToken::new());
        let _lost_when_dropped = lost.clone().drop_guard();
        let speaker = Speaker { via: Some(via), origin };
        to_the_end(speaker.scope(async move {
            let stop = async {
                tokio::select! {
                    () = agent.commands.closed() => Reason::Stopped,
                    () = lost.cancelled() => Reason::CutShort,
                }
            };
            let sessions = &agent.shared.sessions;
            let closed = netconf::serve(stream, &caller, &agent, sessions, stop).await;
            tracing::info!(user = caller.user, %via, code = closed.code(), reason = %closed, "NETCONF session ended");
        }))
        .await;
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

#[cfg(test)]
mod tests {
    use homing_proto::datastore::{Author, Mode, SessionId, Target};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
    use tokio::task::JoinHandle;

    use super::*;
    use crate::options::{ConfigSource, Options, SshServer};

    const END: &str = "]]>]]>";

    /// An agent, and a session of root on it that can be cut off.
    struct Cut {
        agent: AgentHandle,
        far: DuplexStream,
        session: JoinHandle<()>,
        _dir: tempfile::TempDir,
    }

    impl Cut {
        async fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let text = ConfigSource::Text("system { host-name r1; }".to_owned());
            let mut options = Options::new(text, dir.path());
            options.ssh_server = SshServer::Embedded;
            let running = crate::Agent::start(options).await.unwrap();
            let agent = running.handle();
            tokio::spawn(running.run(std::future::pending()));
            let netconf = OverClient { agent: agent.clone(), client: "gw".to_owned() };
            let (near, far) = duplex(64 * 1024);
            let session = Arc::new(netconf).serve(Box::new(near), "root".to_owned());
            let mut cut = Self { agent, far, session: tokio::spawn(session), _dir: dir };
            cut.message().await;
            let hello = "<hello><capabilities><capability>urn:ietf:params:netconf:base:1.0\
                         </capability></capabilities></hello>]]>]]>";
            cut.far.write_all(hello.as_bytes()).await.unwrap();
            cut
        }

        async fn message(&mut self) -> String {
            let mut text = Vec::new();
            while !text.ends_with(END.as_bytes()) {
                text.push(self.far.read_u8().await.unwrap());
            }
            String::from_utf8(text).unwrap()
        }

        async fn ask(&mut self, operation: &str) {
            let rpc = format!("<rpc message-id=\"1\">{operation}</rpc>{END}");
            self.far.write_all(rpc.as_bytes()).await.unwrap();
            let reply = self.message().await;
            assert!(reply.contains("<ok/>"), "{reply}");
        }

        /// Waits until `what` is so.
        async fn until(&self, what: impl AsyncFn(&Store) -> bool) {
            for _ in 0..3_000 {
                if what(self.agent.store()).await {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            unreachable!("the session that was cut off gave nothing back");
        }
    }

    #[tokio::test]
    async fn a_session_that_is_cut_off_gives_its_lock_back() {
        let mut cut = Cut::new().await;
        cut.ask("<lock><target><candidate/></target></lock>").await;
        let (other, author) = (SessionId(1_000), Author::new("ann", Client::Cli));
        cut.agent.store().open(other, author, Mode::Shared).await.unwrap();
        assert!(cut.agent.store().lock(other, Target::Candidate).await.is_err());
        cut.session.abort();
        cut.until(async |store| store.lock(other, Target::Candidate).await.is_ok()).await;
        assert_eq!(cut.agent.shared.sessions.list().len(), 0);
    }

    #[tokio::test]
    async fn a_confirmed_commit_is_undone_when_its_session_is_cut_off() {
        let mut cut = Cut::new().await;
        cut.ask(
            "<edit-config><target><candidate/></target><config><configuration><system>\
             <host-name>bad</host-name></system></configuration></config></edit-config>",
        )
        .await;
        cut.ask("<commit><confirmed/></commit>").await;
        let host_name = async |store: &Store| store.running().await.system().host_name;
        assert_eq!(host_name(cut.agent.store()).await.as_deref(), Some("bad"));
        cut.session.abort();
        cut.until(async |store| host_name(store).await.as_deref() == Some("r1")).await;
    }
}
