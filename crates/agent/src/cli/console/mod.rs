//! `homing-agent cli`: Junos's command line on this machine.
//!
//! ```text
//!   keys ─▶ interactive ─┐                                   ┌─▶ link: NETCONF on the agent's socket
//!   -c, stdin ─▶ script ─┴▶ shell ⇄ Console (homing-proto) ──┴─▶ terminal, files
//! ```

mod history;
mod interactive;
mod keys;
mod link;
mod pager;
mod script;
mod shell;

use homing_proto::junos_cli::{Console, Who};
use nix::unistd::{User, geteuid};

use self::link::Link;
use self::shell::Shell;
use super::Failure;
use super::arguments::CliArguments;

/// What the agent sets for programs that run on a connection that it dialled: the client's name.
pub(crate) const CLIENT_VARIABLE: &str = "HOMING_OUTBOUND_CLIENT";

/// Runs the command line until its user leaves.
pub(super) fn run(arguments: &CliArguments) -> Result<(), Failure> {
    let fail = |error: link::LinkError| Failure::new(error.exit_status(), error.to_string());
    let mut link = Link::open(&arguments.socket(), &request(arguments)).map_err(fail)?;
    let host = host_name(&mut link).map_err(fail)?;
    let who = Who { user: user(arguments), host };
    let shell = Shell::new(Console::new(who), link, arguments.restricted);
    match &arguments.command {
        Some(commands) => script::commands(shell, commands),
        None if shell::is_interactive() => interactive::run(shell),
        None => script::lines(shell),
    }
    .map_err(fail)
    .and_then(|status| if status == 0 { Ok(()) } else { Err(Failure::silent(status)) })
}

/// The line that opens the session.
fn request(arguments: &CliArguments) -> String {
    let mut request = "netconf via=cli".to_owned();
    if let Some(user) = &arguments.user {
        request.push_str(&format!(" user={user}"));
    }
    let plain = |name: &String| !name.is_empty() && !name.contains(char::is_whitespace);
    if let Some(client) = std::env::var(CLIENT_VARIABLE).ok().filter(plain) {
        request.push_str(&format!(" client={client}"));
    }
    request
}

fn user(arguments: &CliArguments) -> String {
    let own = || User::from_uid(geteuid()).ok().flatten().map(|user| user.name);
    arguments.user.clone().or_else(own).unwrap_or_else(|| geteuid().to_string())
}

/// The name that the configuration gives this machine.
fn host_name(link: &mut Link) -> Result<String, link::LinkError> {
    let reply = link.ask("<get-system-information/>")?;
    let name =
        reply.at(&["system-information", "host-name"]).map(|name| name.text.trim().to_owned());
    let own = || nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    Ok(name.filter(|name| !name.is_empty()).or_else(own).unwrap_or_else(|| "localhost".to_owned()))
}
