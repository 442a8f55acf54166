//! Channels that the gateway is done with and the device is not.
//!
//! ```text
//!   let go ──▶ EOF ──▶ lingers ──device closes──▶ gone; nothing is kept
//!                        │ LONGEST, MOST_BYTES or MOST is reached, or the device has no room for another channel
//!                        └──▶ CLOSE ──▶ gone; the library keeps some 2 KiB until the connection ends
//! ```
//!
//! The library forgets a channel when the device's CLOSE comes to one that is still open. One that it has closed itself it takes for
//! unknown then, and keeps the queue towards its reader. So the device is given the chance to be first: end of input makes NETCONF
//! servers and most commands stop. Whoever let the channel go does not wait for any of this.
//!
//! Source: RFC 4254 section 5.3; the library's `client/encrypted.rs`, `CHANNEL_CLOSE`.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use russh::{ChannelMsg, ChannelReadHalf};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::channel::Shared;

/// How long the device may take to close a channel.
const LONGEST: Duration = Duration::from_secs(5);
/// What it may still send on it: a command that goes on talking would go on until the end of time.
const MOST_BYTES: usize = super::WINDOW as usize;
/// How many channels of one connection linger. One more ends the wait for the oldest.
const MOST: usize = 64;
/// How long after the waits were ended a device may still be about to find room.
const HOPE: Duration = Duration::from_secs(1);

/// A channel's number among those that linger, and the end of its wait.
pub(super) type Place = (u64, oneshot::Receiver<()>);

/// The channels of one connection that linger.
#[derive(Debug, Default)]
pub(super) struct Lingering {
    /// The oldest first.
    waiting: Mutex<Waiting>,
    /// Channels that the gateway had to close first.
    closed_first: AtomicU64,
}

/// Who waits.
#[derive(Debug, Default)]
struct Waiting {
    /// The number of the next one.
    next: u64,
    /// By number. A wait ends when its sender is dropped.
    channels: VecDeque<(u64, oneshot::Sender<()>)>,
    /// When the waits were last ended for want of room.
    hurried: Option<Instant>,
}

impl Lingering {
    /// One more; for [`see_off`].
    pub(super) fn join(&self) -> Place {
        let (hurry, hurried) = oneshot::channel();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let number = waiting.next;
        waiting.next += 1;
        waiting.channels.push_back((number, hurry));
        if waiting.channels.len() > MOST {
            waiting.channels.pop_front();
        }
        (number, hurried)
    }

    /// One less.
    fn leave(&self, number: u64) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.channels.retain(|(of, _)| *of != number);
        if waiting.channels.is_empty() {
            waiting.channels = VecDeque::new();
        }
    }

    /// Ends all waits at once: the device needs the room. Whether room is to be hoped for.
    pub(super) fn hurry(&self, now: Instant) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::take(&mut waiting.channels).is_empty() {
            waiting.hurried = Some(now);
        }
        waiting.hurried.is_some_and(|hurried| now < hurried + HOPE)
    }

    /// How many channels linger.
    pub(super) fn count(&self) -> usize {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).channels.len()
    }

    /// How many channels the gateway had to close first.
    pub(super) fn closed_first(&self) -> u64 {
        self.closed_first.load(Ordering::Relaxed)
    }
}

/// Sees a channel to its end that nobody reads any more.
pub(super) async fn see_off(
    shared: Arc<Shared>,
    mut read: ChannelReadHalf,
    (number, hurried): Place,
) {
    let lingering = shared.link().lingering();
    let ending = async {
        let _ = shared.end().await;
        is_closed_by_device(&mut read).await
    };
    let ended = tokio::select! {
        ended = ending => ended,
        _ = hurried => false,
        () = tokio::time::sleep(LONGEST) => false,
    };
    lingering.leave(number);
    if !ended {
        lingering.closed_first.fetch_add(1, Ordering::Relaxed);
        let _ = shared.close().await;
    }
}

/// Throws away what still comes until the device closes the channel, or the connection ends. `false`: too much came.
async fn is_closed_by_device(read: &mut ChannelReadHalf) -> bool {
    let mut bytes = 0;
    loop {
        match read.wait().await {
            None | Some(ChannelMsg::Close) => return true,
            Some(ChannelMsg::Data { data } | ChannelMsg::ExtendedData { data, .. }) => {
                bytes += data.len();
                if bytes > MOST_BYTES {
                    return false;
                }
            }
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_channel_too_many_ends_the_wait_for_the_oldest() {
        let lingering = Lingering::default();
        let mut waits: Vec<_> = (0..=MOST).map(|_| lingering.join()).collect();
        assert_eq!(lingering.count(), MOST);
        let ended =
            |wait: &mut Place| wait.1.try_recv() == Err(oneshot::error::TryRecvError::Closed);
        let over: Vec<bool> = waits.iter_mut().map(ended).collect();
        assert!(over[0] && !over[1..].contains(&true));
    }

    #[test]
    fn hurry_ends_every_wait_and_says_whether_there_is_hope_of_room() {
        let (lingering, now) = (Lingering::default(), Instant::now());
        assert!(!lingering.hurry(now));
        let (first, _kept) = lingering.join();
        let (_, mut wait) = lingering.join();
        lingering.leave(first);
        assert_eq!(lingering.count(), 1);
        assert!(lingering.hurry(now));
        assert_eq!(wait.try_recv(), Err(oneshot::error::TryRecvError::Closed));
        assert_eq!(lingering.count(), 0);
        assert!(lingering.hurry(now + HOPE / 2) && !lingering.hurry(now + HOPE));
    }
}
