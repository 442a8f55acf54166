//! The operator's window, of which a little is kept for the last words.
//!
//! ```text
//!   window ├──────────── data ────────────┤ KEPT ┤
//!                                          why the channel was closed: on its error stream, so in the same window
//! ```
//!
//! Who reads nothing leaves no window. Without what is kept they would find an end without a reason when they look again.
//!
//! The library tells of the window no more than one packet. What is surely there beyond that is known from the operator's last grant.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use russh::ChannelWriteHalf;
use russh::server::Msg;
use tokio::sync::Notify;

/// Bytes for the last words.
const KEPT: usize = 1024;
/// A window that never showed as much is used up to its end.
const LARGE: usize = 16 * 1024;
/// Bytes that may be on their way to the session when a grant is counted there, and more.
const ON_THE_WAY: usize = 512 * 1024;

/// What the operator granted last.
#[derive(Debug, Default)]
pub(super) struct Grants {
    /// The whole window at that moment, as the session counts it; 0 if nothing is new.
    latest: AtomicU32,
    /// Rung at every grant.
    bell: Notify,
}

impl Grants {
    /// The window is so large.
    pub(super) fn grant(&self, window: u32) {
        self.latest.store(window, Ordering::Release);
        self.bell.notify_one();
    }
}

/// One channel's window.
#[derive(Debug)]
pub(super) struct Window {
    /// What is granted.
    grants: Arc<Grants>,
    /// The most that the library ever told: the largest packet, or a small window.
    widest: usize,
    /// Bytes that are surely there.
    sure: usize,
}

impl Window {
    /// Of which nothing is known.
    pub(super) fn new(grants: Arc<Grants>) -> Self {
        Self { grants, widest: 0, sure: 0 }
    }

    /// Waits until data may be sent, and tells how much at once. All of what is told, or less, must be sent next.
    pub(super) async fn room(&mut self, write: &ChannelWriteHalf<Msg>, wanted: usize) -> usize {
        loop {
            if let Some(room) = self.room_in(write.writable_packet_size().await) {
                let taken = room.min(wanted);
                self.sure = self.sure.saturating_sub(taken);
                return taken;
            }
            self.grants.bell.notified().await;
        }
    }

    /// How much may be sent when the library tells of `told` bytes; none while only what is kept is left.
    fn room_in(&mut self, told: usize) -> Option<usize> {
        let latest = self.grants.latest.swap(0, Ordering::AcqRel) as usize;
        self.widest = self.widest.max(told);
        self.sure = match told == self.widest {
            true => self.sure.max(told).max(latest.saturating_sub(ON_THE_WAY)),
            false => told,
        };
        let kept = if self.widest < LARGE { 0 } else { KEPT };
        let room = told.min(self.sure.saturating_sub(kept));
        (room > 0).then_some(room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKET: usize = 32 * 1024;

    fn window() -> (Arc<Grants>, Window) {
        let grants = Arc::new(Grants::default());
        (grants.clone(), Window::new(grants))
    }

    /// Sends packets until nothing may be sent, as the library would count it; gives what is left.
    fn fill(window: &mut Window, mut left: usize) -> usize {
        while let Some(room) = window.room_in(left.min(PACKET)) {
            window.sure = window.sure.saturating_sub(room);
            left = left.checked_sub(room).unwrap();
        }
        left
    }

    #[test]
    fn whatever_the_window_the_last_words_have_room() {
        for size in [PACKET, PACKET + 1, 2 * PACKET, 64 * PACKET, 64 * PACKET + 7, LARGE] {
            let (_grants, mut window) = window();
            assert_eq!(fill(&mut window, size), KEPT, "{size}");
        }
    }

    #[test]
    fn a_large_grant_is_used_by_whole_packets() {
        let (grants, mut window) = window();
        assert_eq!(window.room_in(PACKET), Some(PACKET - KEPT), "nothing is known beyond it");
        grants.grant(64 * PACKET as u32);
        assert_eq!(window.room_in(PACKET), Some(PACKET));
        assert_eq!(fill(&mut window, 64 * PACKET), KEPT);
    }

    #[test]
    fn a_small_window_is_used_up_to_its_end() {
        let (_grants, mut window) = window();
        assert_eq!(fill(&mut window, 2000), 0);
        assert_eq!(window.room_in(0), None);
    }
}
