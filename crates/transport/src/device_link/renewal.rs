//! When the session keys with a device are renewed.
//!
//! ```text
//!   a GiB or an hour ──▶ due ── few channels │ a quiet moment ──▶ new keys
//!                          └─ much comes on many channels: later; the device renews by its own limits
//! ```
//!
//! What a device sent before it heard of the exchange still arrives. The library takes no more of that than two windows and ends the
//! connection over the rest, so the keys are not renewed while more channels than two may bring a window each.
//!
//! Source: RFC 4253 section 9 (when), section 7.1 (what may still arrive).

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::Instant;

/// Bytes in both directions after which keys are renewed.
const BYTES: u64 = 1 << 30;
/// Time after which they are.
const AGE: Duration = Duration::from_secs(3600);
/// Channels whose windows fit in what the library takes during an exchange.
const FEW: usize = 2;

/// What the keys of one connection have served.
#[derive(Debug)]
pub(super) struct Renewal(Mutex<State>);

/// See [`Renewal`].
#[derive(Debug)]
struct State {
    /// Bytes when the keys were new.
    bytes: u64,
    /// When they were new.
    since: Instant,
    /// Bytes received when it was last looked.
    seen: u64,
}

impl Renewal {
    /// Of new keys.
    pub(super) fn new(now: Instant) -> Self {
        Self(Mutex::new(State { bytes: 0, since: now, seen: 0 }))
    }

    /// Whether the keys are to be renewed at this moment; if so, those that follow are new. Looked at from time to time, with what
    /// was received and sent in all, and the number of open channels.
    pub(super) fn is_due(
        &self,
        (received, sent): (u64, u64),
        channels: usize,
        now: Instant,
    ) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_quiet = state.seen == received;
        state.seen = received;
        let bytes = received.saturating_add(sent);
        let is_old = now.duration_since(state.since) >= AGE;
        let is_worn = bytes.saturating_sub(state.bytes) >= BYTES;
        let is_due = (is_old || is_worn) && (channels <= FEW || is_quiet);
        if is_due {
            (state.bytes, state.since) = (bytes, now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[tokio::test(start_paused = true)]
    async fn keys_are_renewed_after_a_gib_or_an_hour() {
        let start = Instant::now();
        let keys = Renewal::new(start);
        assert!(!keys.is_due((1023 * MIB, 0), 1, start));
        assert!(keys.is_due((1023 * MIB, MIB), 1, start));
        assert!(!keys.is_due((1024 * MIB, MIB), 1, start), "they are new again");
        assert!(!keys.is_due((1024 * MIB, MIB), 1, start + AGE - Duration::from_secs(1)));
        assert!(keys.is_due((1024 * MIB, MIB), 1, start + AGE));
    }

    #[tokio::test(start_paused = true)]
    async fn not_while_much_comes_on_many_channels() {
        let start = Instant::now();
        let keys = Renewal::new(start);
        assert!(!keys.is_due((2048 * MIB, 0), 8, start));
        assert!(!keys.is_due((2049 * MIB, 0), 3, start));
        assert!(keys.is_due((2049 * MIB, MIB), 3, start), "nothing came since");
        assert!(!keys.is_due((4096 * MIB, MIB), 3, start));
        assert!(keys.is_due((4097 * MIB, MIB), 2, start));
    }
}
