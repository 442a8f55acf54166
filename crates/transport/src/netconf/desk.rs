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
use std::task::{Context, Poll, Waker};

use homing_proto::netconf::session::{Closed, Reason};
use tokio::sync::{Notify, Semaphore, SemaphorePermit, TryAcquireError};

use super::{Rpc, RpcFailure};

/// Commands that may lie here; the machine has its own queue.
const ROOM: usize = 4;

/// What a handle asks of the task.
pub(super) enum Command {
    Rpc(Rpc),
    Close,
}

/// Why nothing can be put here.
pub(super) enum NoPlace {
    /// All places are taken.
    Yet,
    /// The session is over, and how it ended.
    Over(Option<Closed>),
}

/// See the module.
#[derive(Debug)]
pub(super) struct Desk {
    state: Mutex<State>,
    /// Places for commands.
    room: Semaphore,
    /// Wakes who waits for the end.
    ended: Notify,
}

#[derive(Default)]
struct State {
    commands: VecDeque<Command>,
    /// The task, while it waits for a command.
    task: Option<Waker>,
    /// Nobody can ask for anything more.
    is_left: bool,
    closed: Option<Closed>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("closed", &self.closed).finish_non_exhaustive()
    }
}

impl Desk {
    pub(super) fn new() -> Arc<Self> {
        let ended = Notify::new();
        Arc::new(Self { state: Mutex::default(), room: Semaphore::new(ROOM), ended })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place, if there is one at once.
    ///
    /// # Errors
    /// [`NoPlace`].
    pub(super) fn place(&self) -> Result<SemaphorePermit<'_>, NoPlace> {
        self.room.try_acquire().map_err(|error| match error {
            TryAcquireError::NoPermits => NoPlace::Yet,
            TryAcquireError::Closed => NoPlace::Over(self.is_closed()),
        })
    }

    /// Waits for a place.
    ///
    /// # Errors
    /// The session is over, and how it ended.
    pub(super) async fn wait_for_place(&self) -> Result<SemaphorePermit<'_>, Closed> {
        let place = self.room.acquire().await;
        place.map_err(|_| self.is_closed().unwrap_or(Closed::by_us(Reason::Stopped)))
    }

    /// Puts a command there, and wakes the task.
    ///
    /// # Errors
    /// The command, and how the session ended.
    pub(super) fn put(
        &self,
        place: SemaphorePermit<'_>,
        command: Command,
    ) -> Result<(), (Closed, Command)> {
        let mut state = self.lock();
        if let Some(closed) = state.closed {
            return Err((closed, command));
        }
        place.forget();
        state.commands.push_back(command);
        let task = state.task.take();
        drop(state);
        task.into_iter().for_each(Waker::wake);
        Ok(())
    }

    /// Puts a request there, or tells its sink that the session is over.
    pub(super) fn put_rpc(&self, place: SemaphorePermit<'_>, rpc: Rpc) {
        if let Err((closed, Command::Rpc(rpc))) = self.put(place, Command::Rpc(rpc)) {
            rpc.reply.ended(Err(RpcFailure::LostUnsent(Some(closed))));
        }
    }

    /// The next command; none once all handles are gone.
    pub(super) fn poll_take(&self, cx: &Context<'_>) -> Poll<Option<Command>> {
        let mut state = self.lock();
        if let Some(command) = state.commands.pop_front() {
            if state.commands.is_empty() {
                state.commands = VecDeque::new();
            }
            drop(state);
            self.room.add_permits(1);
            return Poll::Ready(Some(command));
        }
        if state.is_left {
            return Poll::Ready(None);
        }
        if !state.task.as_ref().is_some_and(|task| task.will_wake(cx.waker())) {
            state.task = Some(cx.waker().clone());
        }
        Poll::Pending
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

    pub(super) fn desk(&self) -> &Arc<Desk> {
        &self.0
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.is_left = true;
        let task = state.task.take();
        drop(state);
        task.into_iter().for_each(Waker::wake);
    }
}
