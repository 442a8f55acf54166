//! Open files and sockets: how many the process may have, and what is kept back so that it can be looked at when they run short.
//!
//! ```text
//!   0 ───────────────── devices ────────────────┤ operators over TCP ┤ local API, store, spools │ limit
//!
//!   enough ──a connection beyond its share: closed at once──▶ short ──none for 30 s──▶ enough
//! ```
//!
//! A new descriptor gets the lowest number that is free. So one whose number is beyond a share tells that all of the share is in use,
//! and nothing need be counted.
//!
//! Source: accept(2), getrlimit(2).

use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use homing_proto::api::Event;
use homing_proto::fault::Fault;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::time::sleep;

use crate::shared::Shared;
use crate::timeline;

/// How long a loop that accepts rests when it can't.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Nobody was turned away for so long: there are enough again.
const QUIET: Duration = Duration::from_secs(30);
/// How often it is looked whether there are.
const LOOK: Duration = Duration::from_secs(5);
/// What is kept back is an eighth, within these bounds.
const LEAST_KEPT: u64 = 16;
const MOST_KEPT: u64 = 1024;

/// The code of the event that tells that they run short.
const SHORT: &str = "descriptors-short";
/// The code of its end.
const ENOUGH: &str = "descriptors-enough";

/// Whose connections they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Devices on their way in, the first to be turned away.
    Devices,
    /// Operators by the front door or the HTTP API over TCP.
    Operators,
}

/// The descriptors of this process.
#[derive(Debug)]
pub(crate) struct Descriptors {
    limit: u64,
    short: Mutex<Option<Short>>,
}

#[derive(Debug, Clone, Copy)]
struct Short {
    last: Instant,
    refused: u64,
}

impl Descriptors {
    /// As many as the system lets this process have: the soft limit is for programs that use select(2).
    pub(crate) fn of_process() -> Self {
        let limit = match getrlimit(Resource::RLIMIT_NOFILE) {
            Ok((soft, hard)) if soft < hard => {
                setrlimit(Resource::RLIMIT_NOFILE, hard, hard).map_or(soft, |()| hard)
            }
            Ok((soft, _)) => soft,
            Err(_) => u64::MAX,
        };
        Self { limit, short: Mutex::default() }
    }

    /// Whether a connection that was just accepted may stay.
    pub(crate) fn has_room(&self, socket: &impl AsRawFd, whose: Whose) -> bool {
        u64::try_from(socket.as_raw_fd()).unwrap_or(0) < share(self.limit, whose)
    }

    /// One was refused; whether it is the first of a shortage.
    fn note(&self, now: Instant) -> bool {
        let mut short = self.short.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = short.map_or(0, |short| short.refused);
        short.replace(Short { last: now, refused: refused + 1 }).is_none()
    }

    /// How many were refused in the shortage that is over.
    fn recover(&self, now: Instant) -> Option<u64> {
        let mut short = self.short.lock().unwrap_or_else(PoisonError::into_inner);
        let over = short.is_some_and(|short| now.duration_since(short.last) >= QUIET);
        if over { short.take().map(|short| short.refused) } else { None }
    }

    /// The limit, while it is reached.
    pub(crate) fn shortage(&self) -> Option<u64> {
        let short = self.short.lock().unwrap_or_else(PoisonError::into_inner);
        short.map(|_| self.limit)
    }
}

/// Numbers below this one are theirs.
fn share(limit: u64, whose: Whose) -> u64 {
    let kept = (limit / 8).clamp(LEAST_KEPT, MOST_KEPT);
    limit.saturating_sub(match whose {
        Whose::Devices => kept,
        Whose::Operators => kept / 2,
    })
}

/// A connection was refused for want of descriptors: told at the first one, and when it is over.
pub(crate) fn ran_short(shared: &Arc<Shared>) {
    let descriptors = &shared.descriptors;
    if !descriptors.note(Instant::now()) {
        return;
    }
    let limit = descriptors.limit;
    let message = format!(
        "the limit of {limit} open files is reached: no further connections are taken, those in session stay"
    );
    let advice = format!("ulimit -n, or LimitNOFILE= of the service: more than {limit}");
    let mut event = Event {
        fault: Some(Fault::Local),
        advice: Some(advice),
        ..timeline::event(SHORT, message)
    };
    event.fields.insert("limit".to_owned(), limit.to_string());
    timeline::record(shared, event);
    tokio::spawn(tell_of_recovery(Arc::clone(shared)));
}

async fn tell_of_recovery(shared: Arc<Shared>) {
    loop {
        sleep(LOOK).await;
        if let Some(refused) = shared.descriptors.recover(Instant::now()) {
            let message = format!("connections are taken again: {refused} were turned away");
            let mut event = timeline::event(ENOUGH, message);
            event.fields.insert("refused".to_owned(), refused.to_string());
            return timeline::record(&shared, event);
        }
    }
}

/// No connection can be accepted at a door: told, and waited out.
pub(crate) async fn accept_failed(shared: &Arc<Shared>, error: &std::io::Error, door: &str) {
    if is_want_of(error) {
        ran_short(shared);
    } else {
        tracing::warn!(%error, door, "no connection can be accepted");
    }
    sleep(ACCEPT_PAUSE).await;
}

/// What the system says when a process has no descriptor left, or the whole machine has none.
pub(crate) fn is_want_of(error: &std::io::Error) -> bool {
    use nix::errno::Errno;
    matches!(error.raw_os_error().map(Errno::from_raw), Some(Errno::EMFILE | Errno::ENFILE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_leave_some_to_operators_and_operators_some_to_whoever_sits_at_the_machine() {
        for (limit, devices, operators) in
            [(256, 224, 240), (64, 48, 56), (20_000, 18_976, 19_488), (8, 0, 0)]
        {
            assert_eq!(share(limit, Whose::Devices), devices);
            assert_eq!(share(limit, Whose::Operators), operators);
        }
    }

    #[test]
    fn a_shortage_is_told_of_once_and_over_when_nobody_is_turned_away_any_more() {
        let descriptors = Descriptors { limit: 256, short: Mutex::default() };
        let start = Instant::now();
        assert_eq!(descriptors.shortage(), None);
        assert!(descriptors.note(start));
        assert!(!descriptors.note(start + QUIET));
        assert_eq!(descriptors.shortage(), Some(256));
        assert_eq!(descriptors.recover(start + QUIET + QUIET / 2), None);
        assert_eq!(descriptors.recover(start + QUIET + QUIET), Some(2));
        assert_eq!(descriptors.shortage(), None);
        assert!(descriptors.note(start + 3 * QUIET));
    }
}
