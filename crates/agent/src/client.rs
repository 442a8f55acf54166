//! The task of one client stanza: dial, say who we are, serve SSH, for ever.
//!
//! ```text
//!   prepare SSH server ─▶ connect ─▶ initiation sequence ─▶ serve SSH ─┐
//!        ▲   (host key)                                                 │
//!        └────────── pause as the dialer says ◀── failed or closed ◀────┘
//! ```

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use homing_proto::dialer::{Attempt, Dialer};
use homing_proto::fault::Fault;
use homing_proto::initiation::{self, Initiation};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::connect::{self, ConnectError, Route};
use crate::handle::AgentHandle;
use crate::progress::Reporter;
use crate::ssh_server::{PrepareError, Ready};
use crate::stanza::Stanza;

/// How long the peer may take to accept the initiation sequence into its window.
const INITIATION_DEADLINE: Duration = Duration::from_secs(10);

/// What one client's task owns.
pub(crate) struct Client {
    pub(crate) stanza: Arc<Stanza>,
    /// The agent that it belongs to.
    pub(crate) agent: AgentHandle,
    pub(crate) reporter: Reporter,
    /// Ends the connection and the task in order.
    pub(crate) stop: CancellationToken,
}

/// Why there is no connection after an attempt.
#[derive(Debug, thiserror::Error)]
enum AttemptError {
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("connected, but the initiation sequence could not be sent: {0}")]
    Initiation(io::Error),
    #[error("stopped")]
    Stopped,
}

impl AttemptError {
    fn code(&self) -> &'static str {
        match self {
            Self::Prepare(error) => error.code(),
            Self::Connect(error) => error.code(),
            Self::Initiation(_) => "initiation-failed",
            Self::Stopped => "stopped",
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Prepare(error) => error.fault(),
            Self::Connect(error) => error.fault(),
            Self::Initiation(_) => Fault::Network,
            Self::Stopped => Fault::Operator,
        }
    }
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl Client {
    /// Runs until it is stopped, after `predecessor`, which serves the stanza's former values.
    pub(crate) async fn run(self, predecessor: Option<JoinHandle<()>>) {
        if let Some(predecessor) = predecessor {
            // A predecessor that panicked is gone too.
            let _ = predecessor.await;
        }
        let mut dialer = Dialer::new(self.stanza.servers.clone(), self.stanza.strategy, now());
        let mut ready = None;
        while !self.stop.is_cancelled() {
            if let Some(attempt) = dialer.poll_action() {
                self.carry_out(&attempt, &mut dialer, &mut ready).await;
            } else if let Some(due) = dialer.poll_timeout() {
                self.reporter.waiting(due);
                tokio::select! {
                    () = sleep_until(due.into()) => dialer.handle_timeout(now()),
                    () = self.stop.cancelled() => {}
                }
            } else {
                break;
            }
        }
    }

    async fn carry_out(&self, attempt: &Attempt, dialer: &mut Dialer, ready: &mut Option<Ready>) {
        let server = server_name(&attempt.host, attempt.port);
        self.reporter.connecting(server.clone());
        let client = &self.stanza.client;
        self.trace(format_args!("({client}) Connecting to server: {server}"));
        match self.open(attempt, ready).await {
            Ok((stream, ready)) => {
                dialer.handle_connected(now());
                self.reporter.connected(now());
                let guard = self.agent.shared.store.guard();
                guard.connected(client.as_str());
                self.trace(format_args!("({client}) Connected to server: {server}"));
                tracing::info!(%client, %server, "connected");
                let why = self.serve(stream, ready).await;
                guard.closed(client.as_str());
                dialer.handle_closed(now());
                self.trace(format_args!("({client}) Connection to server: {server} ended: {why}"));
                tracing::info!(%client, %server, why, "connection ended");
                self.reporter.ended(why);
            }
            Err(error) => {
                dialer.handle_failed(now());
                self.tell(attempt, &error);
                self.reporter.ended(error.to_string());
            }
        }
    }

    /// Connects and sends the initiation sequence.
    async fn open(
        &self,
        attempt: &Attempt,
        ready: &mut Option<Ready>,
    ) -> Result<(TcpStream, Ready), AttemptError> {
        let opening = async {
            // While the gateway can't be reached, the server stays prepared; after a connection it
            // is prepared anew, since host keys and settings may have changed.
            let prepared = match ready.take() {
                Some(prepared) => prepared,
                None => self.agent.shared.ssh_server.prepare(&self.stanza, &self.agent).await?,
            };
            let prepared = ready.insert(prepared);
            let route = Route {
                routing_instance: self.stanza.routing_instance.clone(),
                user_timeout: self.stanza.user_timeout(),
            };
            let mut stream = connect::connect(attempt, &route).await?;
            let sequence = self.initiation(prepared);
            let sent = timeout(INITIATION_DEADLINE, stream.write_all(&sequence)).await;
            sent.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
                .map_err(AttemptError::Initiation)?;
            Ok::<_, AttemptError>(stream)
        };
        let stream = tokio::select! {
            opened = opening => opened?,
            () = self.stop.cancelled() => return Err(AttemptError::Stopped),
        };
        ready.take().map(|ready| (stream, ready)).ok_or(AttemptError::Stopped)
    }

    fn initiation(&self, ready: &Ready) -> Vec<u8> {
        if self.agent.shared.options.call_home {
            return Vec::new();
        }
        let mut initiation = Initiation::new(self.stanza.device_id.clone());
        if let Some(secret) = &self.stanza.secret {
            initiation = initiation.with_claim(ready.host_key().clone(), secret);
        }
        initiation::compose(&initiation, self.agent.shared.options.nul)
    }

    async fn serve(&self, stream: TcpStream, ready: Ready) -> String {
        match ready.serve(stream, &self.stanza, &self.agent, &self.stop).await {
            Ok(why) => why,
            Err(error) => {
                tracing::warn!(client = %self.stanza.client, code = error.code(), %error, "can't serve SSH");
                error.to_string()
            }
        }
    }

    /// Writes what failed to the trace, address by address, and to the log if it is news.
    fn tell(&self, attempt: &Attempt, error: &AttemptError) {
        let instance = self.stanza.routing_instance.as_deref().unwrap_or_default();
        let failed = |host: &dyn std::fmt::Display, port: u16, why: &dyn std::fmt::Display| {
            self.trace(format_args!(
                "ri_name = {instance} Connection to: {host} port: {port} failed: Error - {why}"
            ));
        };
        match error {
            AttemptError::Stopped => return,
            AttemptError::Connect(ConnectError::Unreachable(addresses)) => {
                for one in addresses {
                    failed(&one.address.ip(), one.address.port(), &connect::plain(&one.error));
                }
            }
            other => failed(&attempt.host, attempt.port, other),
        }
        let (client, code, fault) = (&self.stanza.client, error.code(), error.fault());
        if self.reporter.is_news(&error.to_string()) {
            tracing::warn!(%client, code, %fault, %error, "attempt failed; it goes on trying");
        } else {
            tracing::debug!(%client, code, %error, "attempt failed");
        }
    }

    fn trace(&self, line: std::fmt::Arguments<'_>) {
        self.agent
            .shared
            .trace
            .connectivity(format_args!("outbound_ssh_connect_to_server: {line}"));
    }
}

/// `host:port`, with brackets around an IPv6 address.
pub(crate) fn server_name(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}
