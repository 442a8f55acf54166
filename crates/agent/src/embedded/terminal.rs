//! A command or login shell on a terminal of its own.

use homing_transport::device_server::{
    Control, Exit, Request, RequestKind, ServerChannel, Size, Terminal,
};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};

use super::account::Account;
use super::process::{Group, exit_of};

/// Runs the account's shell on a terminal until it ends; it ends with the channel.
pub(super) async fn run(
    channel: ServerChannel,
    account: Account,
    request: Request,
    wanted: Terminal,
) -> Exit {
    let ServerChannel { mut input, mut output, mut errors, mut controls } = channel;
    let opened = pty_process::open().and_then(|(pty, pts)| {
        pty.resize(size(&wanted.size))?;
        Ok((pty, command(&account, &request, &wanted).spawn(pts)?))
    });
    let (pty, mut child) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            // If the client is gone, nobody needs the sentence.
            let _ = errors.write_all(format!("no terminal: {error}\r\n").as_bytes()).await;
            return Exit::Status(1);
        }
    };
    // A session leader: its group bears its number.
    let group = Group::of(child.id());
    let (mut screen, mut keys) = pty.into_split();
    let mut typed = [0; 1024];
    let showing = async {
        // The terminal fails with EIO when the last program on it has gone.
        let _ = copy(&mut screen, &mut output).await;
        let _ = output.flush().await;
    };
    tokio::pin!(showing);
    let (mut shown, mut open) = (false, true);
    let status = loop {
        tokio::select! {
            () = &mut showing, if !shown => shown = true,
            status = child.wait() => break status,
            read = input.read(&mut typed), if open => match read {
                Ok(count @ 1..) => {
                    open = keys.write_all(typed.get(..count).unwrap_or_default()).await.is_ok();
                }
                _ => open = false,
            },
            Some(control) = controls.recv() => match control {
                // A terminal that can't be resized keeps its size.
                Control::Resize(new) => _ = keys.resize(size(&new)),
                signal => group.pass_on(&signal),
            },
        }
    };
    if !shown {
        let _ = tokio::time::timeout(std::time::Duration::from_secs(1), showing).await;
    }
    group.let_go();
    status.map_or(Exit::None, exit_of)
}

fn command(account: &Account, request: &Request, terminal: &Terminal) -> pty_process::Command {
    let mut command = pty_process::Command::new(&account.shell)
        .env_clear()
        .envs(account.environment())
        .envs(request.environment.iter().cloned())
        .env("TERM", &terminal.name)
        .current_dir(account.folder())
        .kill_on_drop(true);
    if let Some((user, group)) = account.ids {
        command = command.uid(user).gid(group);
    }
    match &request.kind {
        RequestKind::Exec(line) => command.arg("-c").arg(OsStr::from_bytes(line)),
        _ => command.arg("-l"),
    }
}

fn size(size: &Size) -> pty_process::Size {
    pty_process::Size::new_with_pixel(size.rows, size.columns, size.width, size.height)
}
