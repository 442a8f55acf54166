//! What `show` tells about one client stanza, on the wire of the control socket and as `--json`.

use std::time::{Duration, Instant};

use homing_proto::dialer::{ReconnectStrategy, Server};
use serde::{Deserialize, Serialize};

use crate::client::server_name;
use crate::progress::{Phase, Progress};
use crate::stanza::{Refused, Stanza};
use crate::status::{ClientStatus, ConnectionStatus};

/// One client, its settings and where it stands. The secret itself is never in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ClientReport {
    /// The stanza's name.
    pub client: String,
    /// What the initiation sequence carries; nothing where the stanza was refused.
    pub device_id: Option<String>,
    /// Where the connection stands.
    pub status: ConnectionStatus,
    /// `host:port` connected to, being tried or tried last.
    pub server: Option<String>,
    /// Seconds since the connection came about.
    pub uptime_seconds: Option<u64>,
    /// Seconds until the next attempt.
    pub next_attempt_seconds: Option<u64>,
    /// Attempts since the last connection was lost, the present one included.
    pub attempts: u64,
    /// Why the last attempt or connection ended, or why the stanza is not acted on.
    pub last_error: Option<String>,
    /// Whether host keys are vouched for with a secret.
    pub has_secret: bool,
    /// `keep-alive`, if configured.
    pub keep_alive: Option<RetryTimeout>,
    /// `in-order` or `sticky`.
    pub reconnect_strategy: Option<String>,
    /// `services`.
    pub services: Vec<String>,
    /// Every server in order.
    pub servers: Vec<ServerReport>,
    /// VRF or interface that it connects in.
    pub routing_instance: Option<String>,
    /// `openssh` or `embedded`.
    pub ssh_server: Option<String>,
}

/// A pair of `retry` and `timeout`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryTimeout {
    /// How often.
    pub retry: u32,
    /// Seconds.
    pub timeout: u64,
}

/// One server of a stanza.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerReport {
    /// IP address or name.
    pub address: String,
    /// TCP port.
    pub port: u16,
    /// Attempts before the next server.
    pub retry: u32,
    /// Seconds between attempts.
    pub timeout: u64,
}

impl ClientReport {
    /// The report of a client that is acted on.
    pub(crate) fn of(stanza: &Stanza, progress: &Progress, ssh_server: &str) -> Self {
        let now = Instant::now();
        let (uptime, next) = match progress.phase {
            Phase::Connecting => (None, None),
            Phase::Connected(since) => (Some(now.saturating_duration_since(since)), None),
            Phase::Waiting(due) => (None, Some(due.saturating_duration_since(now))),
        };
        let retry_timeout =
            |retry, timeout: Duration| RetryTimeout { retry, timeout: timeout.as_secs() };
        Self {
            client: stanza.client.to_string(),
            device_id: Some(stanza.device_id.to_string()),
            status: progress.phase.status(),
            server: progress.server.clone(),
            uptime_seconds: uptime.map(|uptime| uptime.as_secs()),
            next_attempt_seconds: next.map(|next| next.as_secs()),
            attempts: progress.attempts,
            last_error: progress.last_error.clone(),
            has_secret: stanza.secret.is_some(),
            keep_alive: stanza.keep_alive.map(|it| retry_timeout(it.retry, it.timeout)),
            reconnect_strategy: Some(strategy_name(stanza.strategy).to_owned()),
            services: if stanza.netconf { vec!["netconf".to_owned()] } else { Vec::new() },
            servers: stanza.servers.iter().map(ServerReport::of).collect(),
            routing_instance: stanza.routing_instance.clone(),
            ssh_server: Some(ssh_server.to_owned()),
        }
    }

    /// The report of a stanza that is not acted on.
    pub(crate) fn refused(refused: &Refused) -> Self {
        Self {
            client: refused.client.clone(),
            device_id: None,
            status: ConnectionStatus::Stopped,
            server: None,
            uptime_seconds: None,
            next_attempt_seconds: None,
            attempts: 0,
            last_error: Some(refused.reason.clone()),
            has_secret: false,
            keep_alive: None,
            reconnect_strategy: None,
            services: Vec::new(),
            servers: Vec::new(),
            routing_instance: None,
            ssh_server: None,
        }
    }

    /// Marks the client as stopped because of `why`.
    pub(crate) fn fail(&mut self, why: &str) {
        self.status = ConnectionStatus::Stopped;
        self.last_error = Some(why.to_owned());
    }

    /// The part that NETCONF reports.
    pub(crate) fn to_status(&self) -> ClientStatus {
        ClientStatus {
            client: self.client.clone(),
            device_id: self.device_id.clone().unwrap_or_default(),
            server: self.server.clone(),
            status: self.status,
            uptime: self.uptime_seconds.map(Duration::from_secs),
            attempts: self.attempts,
            last_error: self.last_error.clone(),
            next_attempt_in: self.next_attempt_seconds.map(Duration::from_secs),
            proxy: None,
        }
    }
}

impl ServerReport {
    fn of(server: &Server) -> Self {
        Self {
            address: server.host.clone(),
            port: server.port,
            retry: server.retry,
            timeout: server.timeout.as_secs(),
        }
    }

    /// `address:port`.
    pub(crate) fn name(&self) -> String {
        server_name(&self.address, self.port)
    }
}

fn strategy_name(strategy: ReconnectStrategy) -> &'static str {
    match strategy {
        ReconnectStrategy::InOrder => "in-order",
        ReconnectStrategy::Sticky => "sticky",
    }
}
