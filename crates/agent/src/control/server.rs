//! The agent's side of the sockets.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::FutureExt as _;
use homing_proto::datastore::Client;
use homing_proto::lock_out::Origin;
use nix::fcntl::{Flock, FlockArg};
use nix::unistd::{Uid, User};
use serde::Serialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::places::{Entry, Places};
use super::request::{Caller, LONGEST, Request, Task};
use super::{Answer, Refusal};
use crate::handle::AgentHandle;
use crate::options::Options;

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
        let mut places = Places::default();
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                Some(left) = connections.join_next() => {
                    // A panic keeps its place: it is a fault of ours, and rare.
                    left.into_iter().for_each(|entry| places.leave(entry));
                    continue;
                }
            };
            match accepted {
                Ok((stream, _)) => {
                    let (uid, is_trusted) = owner(&stream);
                    match places.enter(uid, is_trusted) {
                        Some(entry @ Entry::Refused) => {
                            connections.spawn(refuse(stream).map(move |()| entry));
                        }
                        Some(entry) => {
                            connections.spawn(answer(stream, agent.clone()).map(move |()| entry));
                        }
                        None => {}
                    }
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

/// Says why a connection is not served.
async fn refuse(mut stream: UnixStream) {
    // Closed with a request unread, the stream would break before the answer is seen.
    if let Ok(Ok(_)) = timeout(DEADLINE, read_line(&mut stream)).await {
        let message = "your user has too many connections to the agent; end some of them";
        reply::<()>(stream, Err(Refusal::new("too-many-connections", message))).await;
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
    let (uid, is_trusted) = owner(stream);
    let name = uid.and_then(|uid| User::from_uid(Uid::from_raw(uid)).ok().flatten());
    Caller { is_trusted, name: name.map(|user| user.name) }
}

/// The user at the other end, and whether it is root or the one that the agent runs as.
fn owner(stream: &UnixStream) -> (Option<u32>, bool) {
    let Ok(peer) = stream.peer_cred() else { return (None, false) };
    let uid = Uid::from_raw(peer.uid());
    (Some(uid.as_raw()), uid.is_root() || uid == Uid::effective())
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
