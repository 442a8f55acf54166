//! A command without a terminal: its streams are the channel's.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use homing_transport::device_server::{Control, Exit, RequestKind, ServerChannel};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy};
use tokio::process::Command;
use tokio::time::timeout;

use super::account::Account;

/// How long output may still come after the command has ended, from what it left in the background.
const LINGER: Duration = Duration::from_secs(2);

/// The exit status of a command that could not be started, as in shells.
const NOT_STARTED: u32 = 127;

/// A program, as the account's user.
pub(super) fn program(account: &Account, path: &Path) -> Command {
    let mut command = Command::new(path);
    command.env_clear().envs(account.environment()).current_dir(account.folder());
    if let Some((user, group)) = account.ids {
        command.uid(user).gid(group);
    }
    command
}

/// The account's shell with a command line, or as a login shell.
pub(super) fn shell(account: &Account, kind: &RequestKind) -> Command {
    let mut command = program(account, &account.shell);
    match kind {
        RequestKind::Exec(line) => _ = command.arg("-c").arg(OsStr::from_bytes(line)),
        _ => _ = command.arg("-l"),
    }
    command
}

/// Runs `command` until it ends; it and all that it started end with the channel.
pub(super) async fn run(
    channel: ServerChannel,
    mut command: Command,
    environment: Vec<(String, String)>,
) -> Exit {
    command
        .envs(environment)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    let ServerChannel { mut input, mut output, mut errors, mut controls } = channel;
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            // If the client is gone, nobody needs the sentence.
            let _ = errors.write_all(format!("cannot start: {error}\n").as_bytes()).await;
            return Exit::Status(NOT_STARTED);
        }
    };
    let group = Group::of(child.id());
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let feeding = async {
        if let Some(mut stdin) = stdin {
            // A command may end without reading all.
            let _ = copy(&mut input, &mut stdin).await;
        }
        std::future::pending::<()>().await
    };
    let draining = async {
        tokio::join!(drain(stdout, &mut output), drain(stderr, &mut errors));
    };
    tokio::pin!(feeding, draining);
    let mut drained = false;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status,
            () = &mut draining, if !drained => drained = true,
            () = &mut feeding => {}
            Some(control) = controls.recv() => group.pass_on(&control),
        }
    };
    if !drained {
        let _ = timeout(LINGER, draining).await;
    }
    group.let_go();
    status.map_or(Exit::None, exit_of)
}

async fn drain(from: Option<impl AsyncRead + Unpin>, to: &mut (impl AsyncWrite + Unpin)) {
    if let Some(mut from) = from {
        // If the client is gone, the channel ends and with it all this.
        let _ = copy(&mut from, to).await;
        let _ = to.flush().await;
    }
}

pub(super) fn exit_of(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Status(u32::try_from(code).unwrap_or(NOT_STARTED)),
        (None, Some(number)) => {
            let name = Signal::try_from(number).map_or("KILL", Signal::as_str);
            Exit::Signal(name.trim_start_matches("SIG").to_owned())
        }
        (None, None) => Exit::None,
    }
}

/// A process group that gets SIGHUP when its channel goes first.
pub(super) struct Group(Option<Pid>);

impl Group {
    pub(super) fn of(leader: Option<u32>) -> Self {
        Self(leader.and_then(|pid| i32::try_from(pid).ok()).map(Pid::from_raw))
    }

    /// Sends what the client sent.
    pub(super) fn pass_on(&self, control: &Control) {
        let Control::Signal(name) = control else { return };
        if let (Some(group), Ok(signal)) = (self.0, format!("SIG{name}").parse::<Signal>()) {
            // The group may have ended meanwhile.
            let _ = killpg(group, signal);
        }
    }

    /// The leader has ended: what it left in the background stays.
    pub(super) fn let_go(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            let _ = killpg(group, Signal::SIGHUP);
        }
    }
}
