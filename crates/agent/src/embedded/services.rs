//! What a user who is logged in may start.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use homing_transport::device_server::{
    Exit, Request, RequestKind, ServerChannel, Service, Services, service,
};
use tokio::task::spawn_blocking;

use super::Netconf;
use super::account::Account;
use super::login::LoggedIn;
use super::process;
use super::program::{Cli, Launch, Program};
use super::terminal;
use crate::cli::console::CLIENT_VARIABLE;

/// What one connection offers.
pub(super) struct Programs {
    /// With `services netconf`.
    pub(super) netconf: Option<Arc<dyn Netconf>>,
    /// Nothing but NETCONF.
    pub(super) netconf_only: bool,
    /// The program with the verbs `sftp-server` and `session`, if there is one.
    pub(super) program: Option<PathBuf>,
    /// The socket of Junos's command line, if that is everyone's shell.
    pub(super) cli: Option<PathBuf>,
    /// The outbound-ssh client whose connection it is.
    pub(super) client: Option<String>,
    /// Called when somebody who is logged in opens something.
    pub(super) opened: Arc<dyn Fn() + Send + Sync>,
}

impl Services for Programs {
    type User = LoggedIn;

    fn open(&self, user: &LoggedIn, request: Request) -> Option<Service> {
        let service = self.choose(user, &request);
        if service.is_some() {
            (self.opened)();
        }
        if service.is_none() {
            let wanted = match &request.kind {
                RequestKind::Subsystem(name) => format!("subsystem {name:?}"),
                RequestKind::Exec(_) => "a command".to_owned(),
                RequestKind::Shell => "a shell".to_owned(),
            };
            tracing::info!(user = user.name, wanted, "refused");
        }
        service
    }
}

impl Programs {
    /// What to run, if the user may.
    fn choose(&self, user: &LoggedIn, request: &Request) -> Option<Service> {
        let program = match &request.kind {
            RequestKind::Subsystem(name) if name == "netconf" => return self.netconf(user),
            RequestKind::Subsystem(name) if name == "sftp" => Program::Sftp,
            RequestKind::Subsystem(_) => return None,
            RequestKind::Exec(line) => Program::Line(OsString::from_vec(line.clone())),
            RequestKind::Shell => Program::Shell,
        };
        let program = self.as_cli(user, program);
        let may = user.has_shell || matches!(program, Program::Cli(_));
        if self.netconf_only || !may {
            return None;
        }
        let (agent, user, mut request) = (self.program.clone(), user.name.clone(), request.clone());
        if let Some(client) = &self.client {
            let client = crate::openssh::plain_name(client);
            request.environment.push((CLIENT_VARIABLE.to_owned(), client));
        }
        Some(service(move |channel| start(program, agent, user, request, channel)))
    }

    /// Junos's command line in place of a shell, if that is what shells are here.
    fn as_cli(&self, user: &LoggedIn, program: Program) -> Program {
        let (Some(socket), true) = (&self.cli, self.program.is_some()) else { return program };
        let line = match program {
            _ if user.name == homing_proto::junos::ROOT => return program,
            Program::Shell => None,
            Program::Line(line) => Some(line),
            other => return other,
        };
        Program::Cli(Cli { socket: socket.clone(), line, restricted: !user.has_shell })
    }

    /// The NETCONF server, if it is offered.
    fn netconf(&self, user: &LoggedIn) -> Option<Service> {
        let (netconf, user) = (self.netconf.clone()?, user.name.clone());
        Some(service(async move |channel| {
            netconf.serve(Box::new(channel.into_stream()), user).await;
            Exit::None
        }))
    }
}

/// Runs the program as the user.
async fn start(
    program: Program,
    agent: Option<PathBuf>,
    user: String,
    request: Request,
    mut channel: ServerChannel,
) -> Exit {
    let account = match spawn_blocking(move || Account::of(&user)).await {
        Ok(Ok(account)) => account,
        Ok(Err(error)) => return process::failed(&mut channel.errors, &error).await,
        Err(error) => return process::failed(&mut channel.errors, &error).await,
    };
    let Request { terminal, environment, .. } = request;
    let terminal = terminal.filter(|_| program != Program::Sftp);
    let launch = Launch {
        program: &program,
        account: &account,
        environment: &environment,
        terminal: terminal.as_ref(),
        agent: agent.as_deref(),
    };
    let Some(command) = launch.command() else {
        let missing = "there is no SFTP server; install openssh-sftp-server";
        return process::failed(&mut channel.errors, &missing).await;
    };
    match terminal {
        Some(terminal) => terminal::run(command, &terminal, &account, channel).await,
        None => process::run(command, channel).await,
    }
}
