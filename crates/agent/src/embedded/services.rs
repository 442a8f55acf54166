//! What a logged-in user gets on a channel.
//!
//! | asked for | given if |
//! |---|---|
//! | `netconf` | the stanza says `services netconf` |
//! | `sftp`, a command, a shell | the user's class is `super-user` or has `permissions all`, and the agent does not run with `--netconf-only` |

use std::path::{Path, PathBuf};

use homing_transport::device_server::{
    Exit, Request, RequestKind, ServerChannel, Service, Services, service,
};

use super::account::Account;
use super::authority::LoggedIn;
use super::{process, terminal};
use crate::handle::AgentHandle;

/// Where distributions keep OpenSSH's SFTP server.
const SFTP_SERVERS: [&str; 4] = [
    "/usr/lib/openssh/sftp-server",
    "/usr/libexec/openssh/sftp-server",
    "/usr/lib/ssh/sftp-server",
    "/usr/libexec/sftp-server",
];

/// What one connection offers.
#[derive(Debug)]
pub(super) struct Programs {
    pub(super) handle: AgentHandle,
    /// `services netconf`.
    pub(super) netconf: bool,
    pub(super) netconf_only: bool,
}

impl Services for Programs {
    type User = LoggedIn;

    fn open(&self, user: &LoggedIn, request: Request) -> Option<Service> {
        match &request.kind {
            RequestKind::Subsystem(name) if name == "netconf" => self.netconf(user),
            _ if self.netconf_only || !user.may_run => {
                tracing::info!(user = user.name, "refused: only NETCONF is allowed");
                None
            }
            RequestKind::Subsystem(name) if name == "sftp" => sftp(user),
            RequestKind::Subsystem(_) => None,
            RequestKind::Exec(_) | RequestKind::Shell => command(user, request),
        }
    }
}

impl Programs {
    fn netconf(&self, user: &LoggedIn) -> Option<Service> {
        let (handle, name) = (self.handle.clone(), user.name.clone());
        self.netconf.then(|| {
            service(move |channel: ServerChannel| async move {
                handle.serve_netconf(channel.into_stream(), name).await;
                Exit::None
            })
        })
    }
}

/// Runs the system's SFTP server as the user.
fn sftp(user: &LoggedIn) -> Option<Service> {
    let server = SFTP_SERVERS.iter().map(Path::new).find(|path| path.is_file());
    let server: PathBuf = match server {
        Some(server) => server.to_owned(),
        None => {
            tracing::warn!("refused: there is no SFTP server; install openssh-sftp-server");
            return None;
        }
    };
    let account = account(user)?;
    Some(service(move |channel| async move {
        process::run(channel, process::program(&account, &server), Vec::new()).await
    }))
}

fn command(user: &LoggedIn, request: Request) -> Option<Service> {
    let account = account(user)?;
    Some(match request.terminal.clone() {
        Some(size) => service(move |channel| terminal::run(channel, account, request, size)),
        None => service(move |channel| async move {
            let command = process::shell(&account, &request.kind);
            process::run(channel, command, request.environment).await
        }),
    })
}

fn account(user: &LoggedIn) -> Option<Account> {
    match Account::of(&user.name) {
        Ok(account) => Some(account),
        Err(error) => {
            tracing::warn!(user = user.name, %error, "refused a command");
            None
        }
    }
}
