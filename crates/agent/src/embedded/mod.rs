//! The agent's own SSH server, for systems without OpenSSH.
//!
//! ```text
//!   connection ─▶ login (users of the configuration) ─▶ netconf  ─▶ the agent's NETCONF server
//!                                                      ├▶ exec, shell ─▶ the user's shell, run as that user
//!                                                      └▶ sftp     ─▶ `homing-agent sftp-server` (or the system's), run as that user
//! ```
//!
//! What a user may do:
//!
//! | class | NETCONF | shell, exec, SFTP |
//! |---|---|---|
//! | `super-user` | with `services netconf` | yes |
//! | `operator`, `read-only`, `unauthorized` | with `services netconf`; it decides by class | no |
//! | a class of its own | the same | with permission `all` or `shell` |
//!
//! With `--login-shell cli` every class has a shell and commands, which are Junos's command line; that decides by class too.
//!
//! `--netconf-only` leaves the first column alone. Shell, exec and SFTP need an account of the same name on the system; an agent
//! that is not root serves its own account only.
//!
//! Source: Junos, *outbound-ssh* (the device serves its ordinary SSH server), *login*.

mod access;
mod account;
mod from;
mod host_keys;
mod login;
mod password;
mod process;
mod program;
mod services;
pub(crate) mod session;
pub(crate) mod sftp;
mod terminal;

use std::future::Future;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use homing_proto::dialer::keep_alive;
use homing_proto::host_key::HostKey;
use homing_proto::junos::Login;
use homing_transport::Closed;
use homing_transport::device_server::{self, ServerSettings};
use homing_transport::keys::KeyFileError;
use homing_transport::spool::{Budget, BudgetLimits};
use tokio::io::{AsyncRead, AsyncWrite};

pub use host_keys::HostKeys;
use login::Users;
use password::Verifier;
use services::Programs;

/// What all channels may hold of input that nobody has read yet: a device is small.
const UNREAD: BudgetLimits = BudgetLimits { memory: 8 * 1024 * 1024, disk: 256 * 1024 * 1024 };

/// A stream in both directions.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

/// Who speaks NETCONF on the subsystem's channel.
pub trait Netconf: Send + Sync + 'static {
    /// Serves `user`, who is logged in, until the session ends.
    fn serve(
        self: Arc<Self>,
        stream: Box<dyn Duplex>,
        user: String,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// How one connection is served.
#[derive(Clone)]
pub struct EmbeddedSettings {
    /// Who may log in, asked at each login.
    pub login: Arc<dyn Fn() -> Login + Send + Sync>,
    /// `services netconf`.
    pub netconf: bool,
    /// Nothing but NETCONF.
    pub netconf_only: bool,
    /// Ask for signs of life.
    pub keep_alive: Option<keep_alive::Settings>,
    /// Where the connection goes: keys with `from` count only there.
    pub peer: Option<IpAddr>,
    /// The program with the verbs `sftp-server` and `session`, if there is one.
    pub program: Option<PathBuf>,
    /// Junos's command line, which finds the agent on this socket, is the shell of everyone but root.
    pub cli: Option<PathBuf>,
    /// The outbound-ssh client whose connection it is; programs are told.
    pub client: Option<String>,
    /// Called when somebody who is logged in opens something.
    pub opened: Arc<dyn Fn() + Send + Sync>,
}

/// The server, the same for all connections of an agent.
#[derive(Debug)]
pub struct Embedded {
    /// Made at the first start.
    host_keys: HostKeys,
    /// Checks passwords, few at a time.
    verifier: Verifier,
    /// What channels may hold of unread input.
    budget: Budget,
}

impl Embedded {
    /// Reads the host keys in `state_dir`, and makes those that aren't there.
    ///
    /// # Errors
    /// A key file can't be read or made.
    pub async fn open(state_dir: &Path) -> Result<Self, KeyFileError> {
        let host_keys = HostKeys::load_or_create(state_dir).await?;
        Ok(Self { host_keys, verifier: Verifier::default(), budget: Budget::new(UNREAD) })
    }

    /// The host key to claim in the initiation sequence.
    pub fn host_key(&self) -> &HostKey {
        self.host_keys.announced()
    }

    /// The host keys.
    pub fn host_keys(&self) -> &HostKeys {
        &self.host_keys
    }

    /// Serves one connection to its end; `shutdown` ends it, with words for the peer.
    pub async fn serve<S>(
        &self,
        stream: S,
        settings: EmbeddedSettings,
        netconf: Arc<dyn Netconf>,
        shutdown: impl Future<Output = String>,
    ) -> Closed
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut server = ServerSettings::new(self.host_keys.all(), self.budget.clone());
        server.keep_alive = settings.keep_alive.map(|alive| (alive.timeout, alive.retry));
        let users =
            Users { login: settings.login, verifier: self.verifier.clone(), peer: settings.peer };
        let programs = Programs {
            netconf: settings.netconf.then_some(netconf),
            netconf_only: settings.netconf_only,
            program: settings.program,
            cli: settings.cli,
            client: settings.client,
            opened: settings.opened,
        };
        device_server::serve(stream, server, Arc::new(users), Arc::new(programs), shutdown).await
    }
}
