//! The agent's own SSH server, for machines without sshd.
//!
//! ```text
//!   connection ─▶ SSH ─▶ login (users of the `login` statements) ─▶ netconf │ sftp │ exec │ shell
//!                  │                                                 as the stanza, the class and the
//!                  └ host keys of the state directory                `--netconf-only` setting allow
//! ```
//!
//! Commands and shells run as the user who logged in; an agent that is not root can do that for its own user only.

mod account;
mod authority;
mod host_keys;
mod password;
mod process;
mod services;
mod terminal;

use std::sync::Arc;

use homing_proto::host_key::HostKey;
use homing_transport::device_server::{ServerSettings, serve};
use homing_transport::keys::KeyFileError;
use homing_transport::spool::{Budget, BudgetLimits};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::handle::AgentHandle;
use crate::options::Options;
use crate::stanza::Stanza;
use authority::Users;
use host_keys::HostKeys;
use services::Programs;

/// What all channels together may keep for programs that don't read their input.
const BUDGET: BudgetLimits = BudgetLimits { memory: 4 << 20, disk: 256 << 20 };

/// What gateways are told when the agent ends a connection.
const FAREWELL: &str = "the device ends this connection";

/// The server, one for all connections of an agent.
#[derive(Debug)]
pub(crate) struct Embedded {
    host_keys: HostKeys,
    budget: Budget,
}

impl Embedded {
    /// Reads the host keys, and makes those that are missing.
    ///
    /// # Errors
    /// The state directory can't be written, or a key in it is no key.
    pub(crate) fn open(options: &Options) -> Result<Self, KeyFileError> {
        Ok(Self { host_keys: HostKeys::open(&options.state_dir)?, budget: Budget::new(BUDGET) })
    }

    /// The key to claim: the one that a gateway negotiates unless it is told otherwise.
    pub(crate) fn claimed(&self) -> HostKey {
        self.host_keys.first().host_key().clone()
    }

    /// Serves one connection until it ends or is stopped; says why it ended.
    pub(crate) async fn serve(
        &self,
        stream: TcpStream,
        stanza: &Stanza,
        agent: &AgentHandle,
        stop: &CancellationToken,
    ) -> String {
        let settings = ServerSettings {
            keep_alive: stanza.keep_alive.map(|settings| (settings.timeout, settings.retry)),
            ..ServerSettings::new(self.host_keys.all(), self.budget.clone())
        };
        let programs = Programs {
            handle: agent.clone(),
            netconf: stanza.netconf,
            netconf_only: agent.shared.options.netconf_only,
        };
        let users = Users::new(Arc::clone(&agent.shared));
        let stopped = async {
            stop.cancelled().await;
            FAREWELL.to_owned()
        };
        serve(stream, settings, Arc::new(users), Arc::new(programs), stopped).await.to_string()
    }
}
