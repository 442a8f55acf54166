//! What happens on this device, told to whoever subscribed.
//!
//! ```text
//!   Store (commits) ─┐
//!   sessions ────────┴─▶ Events ─▶ replay (the last 1,000) and live ─▶ <notification>
//! ```

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use homing_proto::datastore::{Author, Client, Event, Timestamp};
use homing_proto::netconf::element::Element;
use homing_proto::netconf::notification::{self, Notification, Party, Replay, Subscription};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::sessions::Sessions;
use crate::datastore::Store;
use crate::wall_clock;

/// Notifications that are remembered.
const REPLAY: usize = 1_000;
/// Notifications that may wait for one subscriber; one that is slower misses the oldest.
const QUEUE: usize = 256;

/// Everything that is told; clones are the same.
#[derive(Debug, Clone)]
pub struct Events {
    replay: Arc<Mutex<Replay>>,
    live: broadcast::Sender<Arc<Notification>>,
}

impl Default for Events {
    fn default() -> Self {
        let replay = Arc::new(Mutex::new(Replay::new(REPLAY)));
        Self { replay, live: broadcast::Sender::new(QUEUE) }
    }
}

/// One subscriber's side.
#[derive(Debug)]
pub(super) struct Subscribed {
    subscription: Subscription,
    live: broadcast::Receiver<Arc<Notification>>,
}

/// What a subscriber hears next.
#[derive(Debug)]
pub(super) enum Heard {
    /// A message to send.
    Message(String),
    /// The last one.
    End(String),
}

impl Events {
    /// Tells an event.
    pub(super) fn tell(&self, event: Element) {
        let notification = Notification { at: Timestamp::now(), event };
        let mut replay = self.replay.lock().unwrap_or_else(PoisonError::into_inner);
        replay.push(notification.clone());
        // Nobody may be listening. Told under the lock, so that a subscriber has each one once.
        let _ = self.live.send(Arc::new(notification));
    }

    /// Begins a subscription; gives the messages that are replayed.
    pub(super) fn subscribe(&self, subscription: Subscription) -> (Subscribed, Vec<String>) {
        let replay = self.replay.lock().unwrap_or_else(PoisonError::into_inner);
        let live = self.live.subscribe();
        let mut messages = Vec::new();
        if let Some(start) = subscription.start {
            let past = replay.since(start, subscription.stop);
            messages.extend(past.iter().filter_map(|own| subscription.message(own)));
            messages.push(notification::replay_complete(Timestamp::now()));
        }
        drop(replay);
        (Subscribed { subscription, live }, messages)
    }
}

impl Subscribed {
    /// Waits for the next message. Dropping the wait loses nothing.
    pub(super) async fn next(&mut self) -> Heard {
        loop {
            let received = tokio::select! {
                received = self.live.recv() => received,
                () = wall_clock::reaches(self.subscription.stop) => {
                    return Heard::End(notification::notification_complete(Timestamp::now()));
                }
            };
            match received {
                Ok(event) => {
                    if let Some(message) = self.subscription.message(&event) {
                        return Heard::Message(message);
                    }
                }
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!(missed, "a subscriber is too slow and misses notifications");
                }
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}

/// Tells what the store does, for ever.
pub(crate) async fn follow(store: &Store, sessions: &Sessions) {
    let mut events = store.subscribe();
    loop {
        match events.recv().await {
            Ok(event) => sessions.events().tell(told(&event, sessions)),
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return std::future::pending().await,
        }
    }
}

fn told(event: &Event, sessions: &Sessions) -> Element {
    let party = |author: &Author| Party {
        user: author.user.clone(),
        session: if matches!(author.via, Client::Netconf | Client::Cli) {
            sessions.committer()
        } else {
            0
        },
    };
    let confirmed = |author: &Author, what: &str, wait: Option<Duration>| {
        notification::confirmed_commit(Some(&party(author)), what, wait)
    };
    match event {
        Event::Changed(record) => {
            let by = (record.author.via != Client::Other).then(|| party(&record.author));
            notification::config_change(by.as_ref())
        }
        Event::ConfirmStart(author, wait) => confirmed(author, "start", Some(*wait)),
        Event::ConfirmExtend(author, wait) => confirmed(author, "extend", Some(*wait)),
        Event::ConfirmComplete(author) => confirmed(author, "complete", None),
        Event::ConfirmCancel(author) => confirmed(author, "cancel", None),
        Event::ConfirmTimeout => notification::confirmed_commit(None, "timeout", None),
    }
}
