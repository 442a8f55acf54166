//! The agent's side of the sockets.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use homing_proto::datastore::Client;
use homing_proto::lock_out::Origin;
use nix::fcntl::{Flock, FlockArg};
use nix::unistd::{Uid, User};
use serde::Serialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::request::{Caller, LONGEST, Request, Task};
use super::{Answer, Refusal};
use crate::handle::AgentHandle;
use crate::options::Options;

/// Connections at once on each socket.
const MOST_CONNECTIONS: usize = 32;
/// How long a caller may take over its request line, and over taking the answer.
const DEADLINE: Duration = Duration::from_secs(10);

/// Why the sockets can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// Another agent uses the same state directory.
    #[error(
        "{}: another agent is running with this state directory; stop it, or give this one \
         its own with --state-dir", .0.display()
    )]
    InUse(PathBuf),
    /// A socket or the lock can't be made.
    #[error("{}: {error}; the agent needs a folder that it may write to (--state-dir)", path.display())]
    File {
        /// What could not be made.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

/// The two sockets and the lock on the state directory.
#[derive(Debug)]
pub(crate) struct Doors {
    control: Door,
    netconf: Door,
    _lock: Flock<File>,
}

#[derive(Debug)]
struct Door {
    listener: UnixListener,
    path: PathBuf,
}

impl Drop for Door {
    fn drop(&mut self) {
        // What is left over is replaced at the next start.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Doors {
    /// Makes the state directory and opens both sockets in it.
    ///
    /// # Errors
    /// Another agent is there, or the file system refuses.
    pub(crate) fn open(options: &Options) -> Result<Self, DoorError> {
        let at = |path: &Path, error| DoorError::File { path: path.to_owned(), error };
        let dir = &options.state_dir;
        crate::state::make_state_directory(dir).map_err(|error| at(dir, error))?;
        let lock_path = dir.join("agent.lock");
        let lock = File::create(&lock_path).map_err(|error| at(&lock_path, error))?;
        let lock = Flock::lock(lock, FlockArg::LockExclusiveNonblock)
            .map_err(|_| DoorError::InUse(dir.clone()))?;
        Ok(Self {
            control: Door::open(options.control_socket(), 0o600)?,
            netconf: Door::open(options.netconf_socket(), 0o666)?,
            _lock: lock,
        })
    }

    /// Answers callers for ever.
    pub(crate) async fn serve(&self, agent: &AgentHandle) {
        tokio::join!(self.control.serve(agent), self.netconf.serve(agent));
    }
}

impl Door {
    fn open(path: PathBuf, mode: u32) -> Result<Self, DoorError> {
        match bind(&path, mode) {
            Ok(listener) => Ok(Self { listener, path }),
            Err(error) => Err(DoorError::File { path, error }),
        }
    }

    async fn serve(&self, agent: &AgentHandle) {
        // Dropped with this future, and every connection with it.
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept(), if connections.len() < MOST_CONNECTIONS => accepted,
                Some(_) = connections.join_next() => continue,
            };
            match accepted {
                Ok((stream, _)) => {
                    connections.spawn(answer(stream, agent.clone()));
                }
                Err(error) => {
                    // Out of descriptors, most likely: it passes, and must not spin.
                    tracing::warn!(%error, socket = %self.path.display(), "can't accept");
                    sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }
}

/// Takes the place of a socket that is left over; the lock is ours, so it has no owner.
fn bind(path: &Path, mode: u32) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, Permissions::from_mode(mode))?;
    Ok(listener)
}

/// Serves one connection.
async fn answer(mut stream: UnixStream, agent: AgentHandle) {
    let Ok(Ok(line)) = timeout(DEADLINE, read_line(&mut stream)).await else { return };
    match Request::parse(&line).and_then(|request| request.permit(&caller(&stream))) {
        Ok(Task::Netconf { user, is_cli, client }) => {
            let via = if is_cli { Client::Cli } else { Client::Netconf };
            let origin = client.map_or(Origin::Local, Origin::Outbound);
            agent.serve_netconf(stream, user, via, origin).await;
        }
        Ok(Task::Reload) => {
            let done = agent.reload().await;
            reply(stream, done.map_err(|error| Refusal::new(error.code(), error.to_string())))
                .await;
        }
        Ok(Task::Show) => {
            let shown = agent.show().await;
            reply(stream, shown.map_err(|error| Refusal::new(error.code(), error.to_string())))
                .await;
        }
        Err(refusal) => reply::<()>(stream, Err(refusal)).await,
    }
}

/// Reads byte by byte, since NETCONF may follow the line and belongs to another reader.
async fn read_line(stream: &mut UnixStream) -> io::Result<String> {
    let mut line = Vec::new();
    loop {
        match stream.read_u8().await? {
            b'\n' => break,
            _ if line.len() >= LONGEST => return Err(io::ErrorKind::InvalidData.into()),
            byte => line.push(byte),
        }
    }
    String::from_utf8(line).map_err(|_| io::ErrorKind::InvalidData.into())
}

fn caller(stream: &UnixStream) -> Caller {
    let Ok(peer) = stream.peer_cred() else {
        return Caller { is_trusted: false, name: None };
    };
    let uid = Uid::from_raw(peer.uid());
    Caller {
        is_trusted: uid.is_root() || uid == Uid::effective(),
        name: User::from_uid(uid).ok().flatten().map(|user| user.name),
    }
}

async fn reply<T: Serialize>(mut stream: UnixStream, answer: Result<T, Refusal>) {
    let answer = match answer {
        Ok(value) => Answer::Ok(value),
        Err(refusal) => Answer::Error(refusal),
    };
    let Ok(mut text) = serde_json::to_string(&answer) else { return };
    text.push('\n');
    // A caller that went away needs no answer.
    let _ = timeout(DEADLINE, stream.write_all(text.as_bytes())).await;
}
