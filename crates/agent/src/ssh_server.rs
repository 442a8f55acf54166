//! The SSH server that takes over a connection, prepared before the connection is dialled.
//!
//! ```text
//!   auto ──sshd and its host keys are there──▶ openssh     otherwise ──▶ embedded
//! ```

use std::sync::Arc;

use homing_proto::fault::Fault;
use homing_proto::host_key::HostKey;
use homing_transport::keys::KeyFileError;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::embedded::{Embedded, EmbeddedSettings};
use crate::handle::{AgentHandle, OverClient};
use crate::openssh::{self, Directives, Prepared, Sshd, SshdError};
use crate::options::{self, LoginShell, Options};
use crate::stanza::Stanza;

/// What gateways are told when the agent ends a connection.
const FAREWELL: &str = "the device ends this connection";

/// The server chosen for all connections of this agent.
#[derive(Debug)]
pub(crate) enum SshServer {
    OpenSsh(Sshd),
    Embedded(Arc<Embedded>),
}

/// Why no server is ready; nothing is dialled then.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PrepareError {
    #[error(transparent)]
    OpenSsh(#[from] SshdError),
    #[error(transparent)]
    HostKeys(#[from] KeyFileError),
}

impl PrepareError {
    /// A stable word for logs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::OpenSsh(error) => error.code(),
            Self::HostKeys(error) => error.code(),
        }
    }

    /// Who must act.
    pub(crate) fn fault(&self) -> Fault {
        match self {
            Self::OpenSsh(error) => error.fault(),
            Self::HostKeys(error) => error.fault(),
        }
    }
}

/// A server that is ready for one connection.
#[derive(Debug)]
pub(crate) enum Ready {
    OpenSsh(Prepared),
    Embedded { server: Arc<Embedded>, host_key: HostKey },
}

impl SshServer {
    /// Chooses as the options say; `auto` asks sshd itself whether it could serve.
    ///
    /// # Errors
    /// OpenSSH is wanted and can't serve.
    pub(crate) async fn choose(options: &Options) -> Result<Self, PrepareError> {
        let wanted = options.ssh_server;
        if wanted == options::SshServer::Embedded {
            return Self::embedded(options).await;
        }
        match Self::openssh(options).await {
            Ok(sshd) => Ok(Self::OpenSsh(sshd)),
            Err(error) if wanted == options::SshServer::Auto => {
                tracing::info!(code = error.code(), reason = %error, "SSH is served by the embedded server");
                Self::embedded(options).await
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn embedded(options: &Options) -> Result<Self, PrepareError> {
        Ok(Self::Embedded(Arc::new(Embedded::open(&options.state_dir).await?)))
    }

    async fn openssh(options: &Options) -> Result<Sshd, SshdError> {
        let sshd = Sshd::find(options.sshd.as_deref(), &options.sshd_config, &options.state_dir)?;
        sshd.prepare("", &directives(options, None)).await?;
        Ok(sshd)
    }

    /// The word of the `--ssh-server` flag.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::OpenSsh(_) => "openssh",
            Self::Embedded(_) => "embedded",
        }
    }

    /// Makes a server ready for a connection of `stanza`.
    ///
    /// # Errors
    /// What keeps it from serving.
    pub(crate) async fn prepare(
        &self,
        stanza: &Stanza,
        agent: &AgentHandle,
    ) -> Result<Ready, PrepareError> {
        match self {
            Self::OpenSsh(sshd) => {
                let directives = directives(&agent.shared.options, Some(stanza));
                Ok(Ready::OpenSsh(sshd.prepare(stanza.client.as_str(), &directives).await?))
            }
            Self::Embedded(server) => {
                let host_key = server.host_key().clone();
                Ok(Ready::Embedded { server: Arc::clone(server), host_key })
            }
        }
    }
}

impl Ready {
    /// The host key to claim in the initiation sequence.
    pub(crate) fn host_key(&self) -> &HostKey {
        match self {
            Self::OpenSsh(prepared) => &prepared.host_key,
            Self::Embedded { host_key, .. } => host_key,
        }
    }

    /// Serves SSH until the connection ends; `stop` ends it in order. Returns why it ended.
    ///
    /// # Errors
    /// The server could not be started.
    pub(crate) async fn serve(
        self,
        stream: TcpStream,
        stanza: &Stanza,
        agent: &AgentHandle,
        stop: &CancellationToken,
    ) -> Result<String, PrepareError> {
        match self {
            Self::OpenSsh(prepared) => Ok(openssh::serve(stream, &prepared, stop).await?),
            Self::Embedded { server, .. } => {
                Ok(serve_embedded(&server, stream, stanza, agent, stop).await)
            }
        }
    }
}

async fn serve_embedded(
    server: &Embedded,
    stream: TcpStream,
    stanza: &Stanza,
    agent: &AgentHandle,
    stop: &CancellationToken,
) -> String {
    let shared = Arc::clone(&agent.shared);
    let (client, guard) = (stanza.client.to_string(), shared.store.guard().clone());
    let netconf = OverClient { agent: agent.clone(), client: client.clone() };
    let opened = {
        let client = client.clone();
        Arc::new(move || guard.logged_in(&client))
    };
    let settings = EmbeddedSettings {
        // As it stands when somebody logs in. Wrong statements don't get this far; should they, nobody is let in.
        login: Arc::new(move || {
            let configuration = shared.configuration.borrow().clone();
            configuration.login().unwrap_or_default()
        }),
        netconf: stanza.netconf,
        netconf_only: agent.shared.options.netconf_only,
        keep_alive: stanza.keep_alive,
        peer: stream.peer_addr().ok().map(|address| address.ip()),
        program: agent.shared.options.agent_program(),
        cli: (agent.shared.options.login_shell == LoginShell::Cli)
            .then(|| agent.shared.options.netconf_socket()),
        client: Some(client),
        opened,
    };
    let stopped = async {
        stop.cancelled().await;
        FAREWELL.to_owned()
    };
    server.serve(stream, settings, Arc::new(netconf), stopped).await.to_string()
}

fn directives(options: &Options, stanza: Option<&Stanza>) -> Directives {
    Directives {
        keep_alive: stanza.and_then(|stanza| stanza.keep_alive),
        netconf: stanza.is_some_and(|stanza| stanza.netconf),
        netconf_only: options.netconf_only,
        program: options.netconf_program(),
        socket: options.netconf_socket(),
        client: stanza.map(|stanza| openssh::plain_name(stanza.client.as_str())),
    }
}
