//! A program on a terminal.

use std::io;

use homing_transport::device_server::{ChannelInput, Control, Exit, ServerChannel, Size, Terminal};
use nix::sys::stat::{Mode, fchmod};
use nix::unistd::{Pid, fchown};
use pty_process::{OwnedWritePty, Pts, Pty};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::account::Account;
use super::process::{Group, aside, exit_of, failed, pump};

/// Bytes moved at once; a person types less.
const PIECE: usize = 4096;

/// Runs `command` on a new terminal that belongs to `account`.
pub(super) async fn run(
    command: Command,
    terminal: &Terminal,
    account: &Account,
    channel: ServerChannel,
) -> Exit {
    let ServerChannel { input, mut output, mut errors, controls } = channel;
    let started = open(terminal.size, account).and_then(|(pty, pts)| {
        let child = pty_process::Command::from(command).spawn(pts).map_err(io::Error::other)?;
        Ok((pty, child))
    });
    let (pty, child) = match started {
        Ok(started) => started,
        Err(error) => return failed(&mut errors, &error).await,
    };
    let (screen, keys) = pty.into_split();
    let mut group = Group::new(child);
    let id = group.id();
    let ended = CancellationToken::new();
    let work = async {
        let waiting = async {
            let status = group.wait().await;
            ended.cancel();
            status
        };
        let (status, ()) = tokio::join!(waiting, pump(Some(screen), &mut output, &ended));
        exit_of(status)
    };
    tokio::select! {
        exit = work => exit,
        () = aside(attend(input, controls, keys, id), async {}) => Exit::None,
    }
}

/// A new terminal of this size.
fn open(size: Size, account: &Account) -> io::Result<(Pty, Pts)> {
    let (pty, pts) = pty_process::open().map_err(io::Error::other)?;
    resize(|size| pty.resize(size), size);
    if account.is_other {
        fchown(&pts, Some(account.uid), None)?;
        fchmod(&pts, Mode::from_bits_truncate(0o620))?;
    }
    Ok((pty, pts))
}

/// Passes on what is typed, new sizes and signals.
async fn attend(
    mut input: ChannelInput,
    mut controls: mpsc::Receiver<Control>,
    mut keys: OwnedWritePty,
    id: Option<Pid>,
) {
    let mut piece = vec![0; PIECE];
    let (mut typing, mut news) = (true, true);
    while typing || news {
        tokio::select! {
            read = input.read(&mut piece), if typing => {
                let n = read.unwrap_or(0);
                let bytes = piece.get(..n).unwrap_or_default();
                typing = n > 0 && keys.write_all(bytes).await.is_ok();
            }
            control = controls.recv(), if news => match control {
                Some(Control::Resize(size)) => resize(|size| keys.resize(size), size),
                Some(Control::Signal(name)) => Group::signal(id, &name),
                None => news = false,
            },
        }
    }
}

/// Sets the size; a terminal without one keeps what it has.
fn resize(set: impl Fn(pty_process::Size) -> pty_process::Result<()>, size: Size) {
    if size.columns > 0 && size.rows > 0 {
        let Size { columns, rows, width, height } = size;
        let _ = set(pty_process::Size::new_with_pixel(rows, columns, width, height));
    }
}
