//! The shell around [`Turns`]: keeps its beat, and wakes the connections whose turn it is.
//!
//! ```text
//!   arrival ── wait ──▶ Queue (Turns, a channel for each who waits) ── Turn ──▶ key exchange
//!                         ▲ beat: how late this task runs                 │ dropped: done
//!                         └────────────────────────────────────────────────┘
//! ```

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use homing_proto::identity::Epoch;
use homing_proto::turns::{Action, Caller, Settings, Turns, Why};
use tokio::sync::{Notify, oneshot};
use tokio::time::sleep_until;

/// All connections that wait for their key exchange, or have it under way.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    /// Somebody asked: the beat is to be kept.
    asked: Notify,
}

#[derive(Debug)]
struct State {
    turns: Turns,
    waiting: HashMap<Epoch, oneshot::Sender<Result<(), Why>>>,
}

/// A place in the queue, and then among the handshakes under way; given back when dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    queue: Arc<Queue>,
    id: Epoch,
}

impl Queue {
    pub(crate) fn new(settings: Settings, seed: u64) -> Self {
        let state = State { turns: Turns::new(settings, seed), waiting: HashMap::new() };
        Self { state: Mutex::new(state), asked: Notify::new() }
    }

    /// Waits until it is the caller's turn.
    pub(crate) async fn wait(self: Arc<Self>, caller: Caller) -> Result<Turn, Why> {
        let (answer, answered) = oneshot::channel();
        let turn = Turn { id: caller.id, queue: Arc::clone(&self) };
        {
            let mut state = self.lock();
            state.waiting.insert(caller.id, answer);
            state.turns.handle_asked(caller, Instant::now());
            state.carry_out();
        }
        self.asked.notify_one();
        // Without an answer the queue is gone, and the gateway with it.
        answered.await.unwrap_or(Err(Why::Overloaded)).map(|()| turn)
    }

    /// Tells the queue how late the event loop is, for as long as there is anybody in it.
    pub(crate) async fn keep_beat(self: Arc<Self>) {
        loop {
            if self.is_empty() {
                self.asked.notified().await;
            }
            let due = tokio::time::Instant::now() + Turns::BEAT;
            sleep_until(due).await;
            tokio::task::yield_now().await;
            let lag = due.elapsed();
            let now = Instant::now();
            let mut state = self.lock();
            state.turns.handle_lag(lag, now);
            state.turns.handle_timeout(now);
            state.carry_out();
        }
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().turns.waiting()
    }

    /// How many handshakes may run at once.
    pub(crate) fn permits(&self) -> u32 {
        self.lock().turns.permits()
    }

    fn is_empty(&self) -> bool {
        let state = self.lock();
        state.turns.waiting() == 0 && state.turns.under_way() == 0
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn carry_out(&mut self) {
        while let Some(action) = self.turns.poll_action() {
            let (id, answer) = match action {
                Action::Begin(id) => (id, Ok(())),
                Action::TurnAway(id, why) => (id, Err(why)),
            };
            if let Some(waiting) = self.waiting.remove(&id) {
                // Whoever has gone gives its turn back by itself.
                let _ = waiting.send(answer);
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.waiting.remove(&self.id);
        state.turns.handle_gone(self.id);
        state.turns.handle_done(self.id, Instant::now());
        state.carry_out();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use homing_proto::turns::Standing;
    use tokio::time::timeout;

    use super::*;

    fn queue(permits: u32) -> Arc<Queue> {
        let settings = Settings { max_under_way: permits, ..Settings::new(1) };
        Arc::new(Queue::new(settings, 1))
    }

    fn caller(id: u64) -> Caller {
        let source = [192, 0, 2, 1].into();
        Caller { id: Epoch(id), claim: None, standing: Standing::Known, source }
    }

    #[tokio::test]
    async fn the_next_begins_when_a_turn_is_given_back() {
        let queue = queue(1);
        let first = Arc::clone(&queue).wait(caller(1)).await.unwrap();
        let mut second = tokio::spawn(Arc::clone(&queue).wait(caller(2)));
        assert!(timeout(Duration::from_millis(50), &mut second).await.is_err());
        assert_eq!(queue.waiting(), 1);
        drop(first);
        assert!(second.await.unwrap().is_ok());
    }

    #[tokio::test]
    async fn who_stops_waiting_leaves_nothing_behind() {
        let queue = queue(1);
        let first = Arc::clone(&queue).wait(caller(1)).await.unwrap();
        let waiting = timeout(Duration::from_millis(20), Arc::clone(&queue).wait(caller(2)));
        assert!(waiting.await.is_err());
        assert_eq!(queue.waiting(), 0);
        drop(first);
        assert!(queue.is_empty() && queue.lock().waiting.is_empty());
    }

    #[tokio::test]
    async fn the_beat_is_kept_while_somebody_is_there() {
        let queue = queue(64);
        let beat = tokio::spawn(Arc::clone(&queue).keep_beat());
        let mut turns = Vec::new();
        for id in 0..12 {
            turns.push(Arc::clone(&queue).wait(caller(id)));
        }
        let all = async {
            let mut held = Vec::new();
            for turn in turns {
                held.push(turn.await.unwrap());
            }
            held
        };
        // One core begins with ten permits: the last two begin when a beat has shown that there is time.
        let spawned = tokio::spawn(all);
        assert_eq!(timeout(Duration::from_secs(60), spawned).await.unwrap().unwrap().len(), 12);
        beat.abort();
    }
}
