//! What lies between the handles of a session and its task: requests on their way in, and the session's end.
//!
//! ```text
//!   handle ──put, waits for room──▶ Desk ──take──▶ task
//!          ◀──────────closed───────      ◀──end───
//! ```
//!
//! Ten thousand idle sessions have one each: nothing is allocated for what isn't asked.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use homing_proto::netconf::session::{Closed, Reason};
use tokio::sync::{Notify, Semaphore, oneshot};

use super::{ReplyEnd, Rpc, RpcFailure};

/// Commands that may lie here; the machine has its own queue.
const ROOM: usize = 4;

/// What a handle asks of the task.
#[derive(Debug)]
pub(super) enum Command {
    Rpc(Box<Request>),
    Close,
}

/// A request and where its outcome goes.
pub(super) struct Request {
    pub(super) rpc: Rpc,
    pub(super) outcome: oneshot::Sender<Result<ReplyEnd, RpcFailure>>,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request").finish_non_exhaustive()
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Desk {
    state: Mutex<State>,
    /// Places for commands.
    room: Semaphore,
    /// Wakes the task.
    put: Notify,
    /// Wakes who waits for the end.
    ended: Notify,
}

#[derive(Debug, Default)]
struct State {
    commands: VecDeque<Command>,
    /// Nobody can ask for anything more.
    is_left: bool,
    closed: Option<Closed>,
}

impl Desk {
    pub(super) fn new() -> Arc<Self> {
        let (put, ended) = (Notify::new(), Notify::new());
        Arc::new(Self { state: Mutex::default(), room: Semaphore::new(ROOM), put, ended })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a command there when there is room.
    ///
    /// # Errors
    /// The session is over, and how it ended.
    pub(super) async fn put(&self, command: Command) -> Result<(), Closed> {
        let Ok(place) = self.room.acquire().await else {
            return Err(self.is_closed().unwrap_or(Closed::by_us(Reason::Stopped)));
        };
        let mut state = self.lock();
        if let Some(closed) = state.closed {
            return Err(closed);
        }
        place.forget();
        state.commands.push_back(command);
        drop(state);
        self.put.notify_one();
        Ok(())
    }

    /// The next command; none once all handles are gone. Nothing is lost if the future is dropped.
    pub(super) async fn take(&self) -> Option<Command> {
        loop {
            {
                let mut state = self.lock();
                if let Some(command) = state.commands.pop_front() {
                    if state.commands.is_empty() {
                        state.commands = VecDeque::new();
                    }
                    self.room.add_permits(1);
                    return Some(command);
                }
                if state.is_left {
                    return None;
                }
            }
            self.put.notified().await;
        }
    }

    /// The session is over; gives what was asked and is not begun. The first to say so decides how.
    pub(super) fn end(&self, closed: Closed) -> VecDeque<Command> {
        let mut state = self.lock();
        state.closed.get_or_insert(closed);
        let left = std::mem::take(&mut state.commands);
        drop(state);
        self.room.close();
        self.ended.notify_waiters();
        left
    }

    /// How the session ended, if it has.
    pub(super) fn is_closed(&self) -> Option<Closed> {
        self.lock().closed
    }

    /// Waits for the session's end.
    pub(super) async fn closed(&self) -> Closed {
        loop {
            let mut ended = pin!(self.ended.notified());
            ended.as_mut().enable();
            if let Some(closed) = self.is_closed() {
                return closed;
            }
            ended.await;
        }
    }
}

/// What all clones of a handle share.
#[derive(Debug)]
pub(super) struct Handle(Arc<Desk>);

impl Handle {
    pub(super) fn new(desk: Arc<Desk>) -> Self {
        Self(desk)
    }

    pub(super) fn desk(&self) -> &Desk {
        &self.0
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.lock().is_left = true;
        self.0.put.notify_one();
    }
}
