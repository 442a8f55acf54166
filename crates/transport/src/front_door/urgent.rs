//! What goes to the device beside the data of a running channel: the window's size and signals.
//!
//! ```text
//!   relay ──▶ the latest size, a few signals ──▶ requests to the device
//! ```
//!
//! They wait for no window of the device, and nobody waits for them: while session keys are exchanged the library takes nothing, and a
//! channel that is not read meanwhile would hold up the whole connection.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::device_link::{ChannelRequests, WindowSize};

/// Signals that wait; more are lost, as those of a process are.
const SIGNALS: usize = 64;

/// What waits for one channel.
#[derive(Debug, Default)]
pub(super) struct Urgent {
    /// In the order in which it is sent.
    waiting: Mutex<Waiting>,
    /// Something waits.
    changed: Notify,
}

/// See [`Urgent`].
#[derive(Debug, Default)]
struct Waiting {
    /// Only the latest counts.
    size: Option<WindowSize>,
    /// By name.
    signals: VecDeque<String>,
}

/// One of it.
#[derive(Debug, PartialEq, Eq)]
enum Request {
    /// A new size.
    Resize(WindowSize),
    /// A signal.
    Signal(String),
}

impl Urgent {
    /// The window has a new size.
    pub(super) fn resize(&self, size: WindowSize) {
        self.put(|waiting| waiting.size = Some(size));
    }

    /// A signal for the program.
    pub(super) fn signal(&self, name: String) {
        self.put(|waiting| {
            if waiting.signals.len() < SIGNALS {
                waiting.signals.push_back(name);
            }
        });
    }

    /// Changes what waits, and wakes the writer.
    fn put(&self, change: impl FnOnce(&mut Waiting)) {
        change(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_one();
    }

    /// The next one.
    fn take(&self) -> Option<Request> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let resize = waiting.size.take().map(Request::Resize);
        resize.or_else(|| waiting.signals.pop_front().map(Request::Signal))
    }
}

/// Sends what is urgent, until the channel is closed.
pub(super) async fn send_urgent(requests: ChannelRequests, urgent: Arc<Urgent>) {
    loop {
        let sent = match urgent.take() {
            Some(Request::Resize(size)) => requests.resize(size).await,
            Some(Request::Signal(name)) => requests.signal(&name).await,
            None => {
                urgent.changed.notified().await;
                continue;
            }
        };
        if sent.is_err() {
            return; // told by the reader
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_sizes_the_latest_is_sent_and_of_signals_the_first_few() {
        let urgent = Urgent::default();
        let size = |columns| WindowSize { columns, ..WindowSize::default() };
        (0..1000).for_each(|columns| urgent.resize(size(columns)));
        (0..1000).for_each(|number| urgent.signal(number.to_string()));
        assert_eq!(urgent.take(), Some(Request::Resize(size(999))));
        for number in 0..SIGNALS {
            assert_eq!(urgent.take(), Some(Request::Signal(number.to_string())));
        }
        assert_eq!(urgent.take(), None);
    }
}
