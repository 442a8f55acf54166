//! A running program: its process group, its end, and its pipes to a channel.
//!
//! ```text
//!   channel.input ──▶ stdin      stdout ──▶ channel.output      stderr ──▶ channel.errors
//!   channel gone ──▶ SIGHUP to the group ──2 s──▶ SIGKILL
//! ```

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::str::FromStr as _;
use std::time::Duration;

use homing_transport::device_server::{ChannelInput, Control, Exit, ServerChannel};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// What a program may still do after SIGHUP.
const MERCY: Duration = Duration::from_secs(2);
/// How long after a program's end its output is waited for: a child of it may hold the pipe open for ever.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// Bytes moved at once.
const PIECE: usize = 32 * 1024;

/// A program and its process group. Dropped before its end, the whole group is ended.
#[derive(Debug)]
pub(super) struct Group {
    /// The leader's number, which is the group's.
    id: Option<Pid>,
    /// The leader, until its end was seen.
    child: Option<Child>,
}

impl Group {
    /// Takes over a program that leads its own group.
    pub(super) fn new(child: Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        Self { id, child: Some(child) }
    }

    /// Sends the signal of this name, without `SIG`, to the group.
    pub(super) fn signal(id: Option<Pid>, name: &str) {
        if let (Some(id), Ok(signal)) = (id, Signal::from_str(&format!("SIG{name}"))) {
            let _ = killpg(id, signal); // a group that has ended needs none
        }
    }

    /// The group's number.
    pub(super) fn id(&self) -> Option<Pid> {
        self.id
    }

    /// Waits for the leader's end; what it left running goes on.
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        let Some(child) = self.child.as_mut() else { return Err(io::ErrorKind::NotFound.into()) };
        let status = child.wait().await;
        self.child = None;
        status
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let (Some(mut child), Some(id)) = (self.child.take(), self.id) else { return };
        let _ = killpg(id, Signal::SIGHUP);
        let _ = killpg(id, Signal::SIGCONT);
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            let _ = killpg(id, Signal::SIGKILL);
            return;
        };
        runtime.spawn(async move {
            // The leader is not waited for before, so that the group's number stays its own.
            tokio::time::sleep(MERCY).await;
            let _ = killpg(id, Signal::SIGKILL);
            let _ = child.wait().await;
        });
    }
}

/// Runs `command` on the channel, without a terminal.
pub(super) async fn run(mut command: Command, channel: ServerChannel) -> Exit {
    let ServerChannel { input, mut output, mut errors, controls } = channel;
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return failed(&mut errors, &error).await,
    };
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let mut group = Group::new(child);
    let id = group.id();
    let ended = CancellationToken::new();
    let work = async {
        let waiting = async {
            let status = group.wait().await;
            ended.cancel();
            status
        };
        let (status, (), ()) = tokio::join!(
            waiting,
            pump(stdout, &mut output, &ended),
            pump(stderr, &mut errors, &ended)
        );
        exit_of(status)
    };
    tokio::select! {
        exit = work => exit,
        () = aside(feed(input, stdin), signals(controls, id)) => Exit::None,
    }
}

/// Runs two that serve the program; it alone decides when all is over.
pub(super) async fn aside(one: impl Future<Output = ()>, other: impl Future<Output = ()>) {
    tokio::join!(one, other);
    std::future::pending::<()>().await;
}

/// Says why nothing runs.
pub(super) async fn failed(
    errors: &mut (impl AsyncWrite + Unpin),
    error: &(impl std::fmt::Display + Sync),
) -> Exit {
    tracing::warn!(%error, "a program could not be run");
    let _ = errors.write_all(format!("homing-agent: {error}\r\n").as_bytes()).await;
    Exit::Status(255)
}

/// What the client is told.
pub(super) fn exit_of(status: io::Result<ExitStatus>) -> Exit {
    let Ok(status) = status else { return Exit::Status(255) };
    match (status.code(), status.signal().and_then(|number| Signal::try_from(number).ok())) {
        (Some(code), _) => Exit::Status(code as u32),
        (None, Some(signal)) => Exit::Signal(signal.as_str().trim_start_matches("SIG").to_owned()),
        (None, None) => Exit::Status(255),
    }
}

/// Gives the program its input, then its end.
async fn feed(mut input: ChannelInput, stdin: Option<tokio::process::ChildStdin>) {
    if let Some(mut stdin) = stdin {
        // A program that reads no more has its reasons.
        let _ = tokio::io::copy(&mut input, &mut stdin).await;
    }
}

/// Passes signals on.
async fn signals(mut controls: mpsc::Receiver<Control>, id: Option<Pid>) {
    while let Some(control) = controls.recv().await {
        if let Control::Signal(name) = control {
            Group::signal(id, &name);
        }
    }
}

/// Moves the program's output to the channel, to its end or soon after the program's.
pub(super) async fn pump(
    from: Option<impl AsyncRead + Unpin>,
    to: &mut (impl AsyncWrite + Unpin),
    ended: &CancellationToken,
) {
    let Some(mut from) = from else { return };
    let mut piece = vec![0; PIECE];
    loop {
        let last_words = async {
            ended.cancelled().await;
            tokio::time::sleep(LAST_WORDS).await;
        };
        let n = tokio::select! {
            biased;
            read = from.read(&mut piece) => read.unwrap_or(0), // a terminal ends with an error
            () = last_words => 0,
        };
        match piece.get(..n) {
            Some(bytes) if n > 0 => {
                if to.write_all(bytes).await.is_err() {
                    return;
                }
            }
            _ => return,
        }
    }
}
