//! The command line of `homing-agent`.
//!
//! ```text
//!   run                    the agent itself, in the foreground
//!   cli                    Junos's command line
//!   reload, show, netconf  ask the running one over its sockets
//!   check, convert         look at a file; nothing runs
//!   completion, man        documents made of the command line itself
//! ```

mod arguments;
pub(crate) mod console;
mod documents;
mod files;
mod raw;
mod service;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use crate::control::client::{self, AskError};
use crate::report::ClientReport;
use crate::show;
use crate::supervisor::Changes;
use arguments::{Arguments, NetconfArguments, SessionArguments, ShowArguments, Socket, Verb};

/// Why a command failed: the exit status, and the words for stderr.
struct Failure {
    status: u8,
    message: String,
}

impl Failure {
    fn new(status: u8, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    /// Everything was said already.
    fn silent(status: u8) -> Self {
        Self { status, message: String::new() }
    }
}

impl From<AskError> for Failure {
    fn from(error: AskError) -> Self {
        Self::new(error.exit_status(), error.to_string())
    }
}

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    let done = match parse().verb {
        Verb::Run(arguments) => service::run(&arguments),
        Verb::Reload(socket) => reload(&socket),
        Verb::Show(arguments) => show(&arguments),
        Verb::Netconf(arguments) => netconf(&arguments),
        Verb::Cli(arguments) => console::run(&arguments),
        Verb::Check(arguments) => files::check(&arguments.file),
        Verb::Convert(arguments) => files::convert(&arguments.file, arguments.to),
        Verb::Completion(arguments) => documents::completion(arguments.shell),
        Verb::Man(arguments) => documents::manual(&arguments.folder),
        Verb::SftpServer => sftp_server(),
        Verb::Session(arguments) => session(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Diagnostics have several lines and speak for themselves.
            let prefix = if failure.message.contains('\n') { "" } else { "homing-agent: " };
            if !failure.message.is_empty() {
                eprintln!("{prefix}{}", failure.message.trim_end());
            }
            ExitCode::from(failure.status)
        }
    }
}

/// Called as `homing-cli`, as a login shell is, it is the command line alone.
fn parse() -> Arguments {
    let mut words: Vec<std::ffi::OsString> = std::env::args_os().collect();
    let name = words.first().map(std::path::PathBuf::from);
    let name = name.as_ref().and_then(|name| name.file_name()?.to_str());
    if name.is_some_and(|name| name.trim_start_matches('-') == "homing-cli") {
        words.splice(..1, ["homing-agent".into(), "cli".into()]);
    }
    Arguments::parse_from(words)
}

fn reload(socket: &Socket) -> Result<(), Failure> {
    let changes: Changes = client::ask(&socket.control(), "reload")?;
    let mut text = String::new();
    let words = [
        ("added", &changes.added),
        ("removed", &changes.removed),
        ("changed", &changes.changed),
        ("unchanged", &changes.unchanged),
        ("refused", &changes.refused),
    ];
    for (word, clients) in words {
        for name in clients {
            text.push_str(&format!("{word:<9}  {name}\n"));
        }
    }
    print(if text.is_empty() { "no clients are configured\n" } else { &text })
}

fn show(arguments: &ShowArguments) -> Result<(), Failure> {
    let mut clients: Vec<ClientReport> = client::ask(&arguments.socket.control(), "show")?;
    if let Some(name) = &arguments.client {
        clients.retain(|client| client.client == *name);
        if clients.is_empty() {
            return Err(Failure::new(5, format!("no active client is named `{name}`")));
        }
    }
    if arguments.json {
        let json = serde_json::to_string_pretty(&clients);
        let json = json.map_err(|error| Failure::new(1, error.to_string()))?;
        return print(&format!("{json}\n"));
    }
    print(&if arguments.detail { show::detail(&clients) } else { show::brief(&clients) })
}

/// `--forced` is what sshd's ForceCommand runs where a connection is narrowed to NETCONF alone:
/// the command that was asked for must then be this very one.
fn netconf(arguments: &NetconfArguments) -> Result<(), Failure> {
    if arguments.forced {
        let asked = std::env::var("SSH_ORIGINAL_COMMAND").unwrap_or_default();
        let client = arguments.client.as_ref().map(|name| format!(" --client {name}"));
        let client = client.unwrap_or_default();
        let own = format!(" netconf --socket {}{client}", arguments.socket().display());
        if !asked.ends_with(&own) {
            return Err(Failure::new(4, "this connection is for the NETCONF subsystem only"));
        }
    }
    let mut request = "netconf".to_owned();
    for (word, value) in [("user", &arguments.user), ("client", &arguments.client)] {
        if let Some(value) = value {
            request.push_str(&format!(" {word}={value}"));
        }
    }
    let _raw = raw::Raw::standard_input();
    Ok(client::netconf(&arguments.socket(), &request)?)
}

/// Serves files until the channel ends.
fn sftp_server() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(1, error.to_string()))?;
    runtime.block_on(crate::embedded::sftp::serve());
    runtime.shutdown_background(); // a thread may still wait for stdin
    Ok(())
}

/// Returns only if the program could not be run.
fn session(arguments: &SessionArguments) -> Result<(), Failure> {
    let SessionArguments { user, login, program } = arguments;
    let error = crate::embedded::session::become_program(user, *login, program);
    let name = program.first().map(|name| name.display().to_string()).unwrap_or_default();
    Err(Failure::new(126, format!("can't run {name} as {user}: {error}")))
}

/// Writes to stdout; a reader that is gone wants no more, which is no failure.
fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new(1, format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}
