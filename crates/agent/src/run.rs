//! One agent from start to stop.
//!
//! ```text
//!   start: read configuration ─▶ choose SSH server ─▶ open sockets ─▶ one task per client
//!   run:   commands (apply, show) and callers on the sockets, until `shutdown`
//!   stop:  every connection closed in order, then the sockets removed
//! ```

use std::future::{Future, pending};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use homing_proto::fault::Fault;
use tokio::sync::{mpsc, watch};

use crate::control::server::{DoorError, Doors};
use crate::handle::{AgentHandle, Command};
use crate::loaded::{LoadError, Loaded};
use crate::netconf::Sessions;
use crate::options::Options;
use crate::progress::Summary;
use crate::shared::Shared;
use crate::ssh_server::{PrepareError, SshServer};
use crate::supervisor::{Changes, Supervisor};
use crate::trace::Trace;

/// Commands that may wait; each caller waits for its answer, so the queue is short.
const COMMAND_QUEUE: usize = 16;

/// Why the agent does not start.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The configuration can't be read or is wrong.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The SSH server that was asked for can't serve.
    #[error("SSH can't be served: {0}")]
    SshServer(String),
    /// The state directory or its sockets can't be made.
    #[error(transparent)]
    Door(#[from] DoorError),
}

impl RunError {
    /// A stable word for logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Load(error) => error.code(),
            Self::SshServer(_) => "ssh-server-unfit",
            Self::Door(DoorError::InUse(_)) => "agent-running",
            Self::Door(DoorError::File { .. }) => "state-directory",
        }
    }

    /// Who must act.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Load(error) => error.fault(),
            Self::SshServer(_) | Self::Door(_) => Fault::Local,
        }
    }
}

impl From<PrepareError> for RunError {
    fn from(error: PrepareError) -> Self {
        Self::SshServer(error.to_string())
    }
}

/// An agent that has started.
pub struct Agent {
    supervisor: Supervisor,
    doors: Doors,
    commands: mpsc::Receiver<Command>,
    handle: AgentHandle,
}

/// Runs an agent until `shutdown` is there, and closes its connections in order.
///
/// It installs no signal handlers, writes no log but through `tracing`, and tells no service
/// manager: see [`Agent`] for what a program of its own needs.
///
/// # Errors
/// The agent can't start.
pub async fn run(options: Options, shutdown: impl Future<Output = ()>) -> Result<(), RunError> {
    Agent::start(options).await?.run(shutdown).await;
    Ok(())
}

impl Agent {
    /// Reads the configuration and dials every active client of it.
    ///
    /// # Errors
    /// The agent can't start.
    pub async fn start(options: Options) -> Result<Self, RunError> {
        let doors = Doors::open(&options)?;
        let (sender, commands) = mpsc::channel(COMMAND_QUEUE);
        let (store, loaded) = crate::datastore::start(&options, sender.clone())?;
        mention(&loaded);
        let ssh_server = SshServer::choose(&options).await?;
        let trace = Trace::default();
        trace.apply(loaded.trace.clone()).map_err(LoadError::from)?;
        let shared = Arc::new(Shared {
            options,
            ssh_server,
            trace,
            store,
            configuration: watch::Sender::new(loaded.configuration.clone()),
            sessions: Sessions::default(),
            summary: watch::Sender::new(Summary::default()),
        });
        let handle = AgentHandle { commands: sender, shared };
        let mut supervisor = Supervisor::new(handle.clone());
        supervisor.apply(loaded, Duration::ZERO);
        Ok(Self { supervisor, doors, commands, handle })
    }

    /// A handle to reload and watch this agent.
    pub fn handle(&self) -> AgentHandle {
        self.handle.clone()
    }

    /// Serves until `shutdown` is there, then closes every connection in order.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let Self { mut supervisor, doors, mut commands, handle } = self;
        let work = async {
            while let Some(command) = commands.recv().await {
                // Whoever asked may have gone; what was done stays done.
                match command {
                    Command::Apply(loaded, grace, answer) => {
                        let _ = answer.send(apply(&mut supervisor, &handle.shared, *loaded, grace));
                    }
                    Command::Redial(client, grace) => supervisor.redial(&client, grace),
                    Command::Show(answer) => {
                        let _ = answer.send(supervisor.report());
                    }
                }
            }
        };
        let beside = async {
            tokio::select! {
                () = handle.shared.store.keep_time() => {}
                () = crate::netconf::follow(&handle.shared.store, &handle.shared.sessions) => {}
                () = doors.serve(&handle) => {}
            }
        };
        let mut beside = pin!(beside.fuse());
        tokio::select! {
            () = work => {}
            () = &mut beside => {}
            () = shutdown => {}
        }
        // The sockets are served meanwhile: sshd must be told to end its NETCONF while that is still there.
        tokio::select! {
            () = supervisor.stop() => {}
            () = async { beside.await; pending().await } => {}
        }
        // Whoever still asks learns that the agent is stopping.
        drop(commands);
    }
}

/// All or nothing: whatever can fail comes before the first change.
fn apply(
    supervisor: &mut Supervisor,
    shared: &Shared,
    loaded: Loaded,
    grace: Duration,
) -> Result<Changes, LoadError> {
    mention(&loaded);
    shared.trace.apply(loaded.trace.clone())?;
    shared.configuration.send_replace(loaded.configuration.clone());
    Ok(supervisor.apply(loaded, grace))
}

fn mention(loaded: &Loaded) {
    for mention in &loaded.mentions {
        tracing::info!("{mention}");
    }
}
