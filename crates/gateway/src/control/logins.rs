//! Logins to the HTTP API in the audit trail: one entry when a token is first used from somewhere, one when it has been quiet, and as
//! many refusals as a person can read.
//!
//! ```text
//!   token taken ──▶ first from this address in a quarter of an hour? ──yes──▶ login        silence ──▶ logout
//!   token refused ──▶ 60 at once, one a second ──▶ login-refused          beyond: counted, told by the next
//! ```

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use homing_proto::access::visits::{Visit, Visits};
use homing_proto::access::{Operator, Via};
use homing_proto::api::Problem;
use homing_proto::audit::Entry;
use homing_proto::rate::{Rate, Rates};

use super::Control;
use crate::access::TokenRefused;
use crate::audit;
use crate::shared::Shared;

/// After so long without a request a token is logged out.
const SILENCE: Duration = Duration::from_secs(900);
/// Tokens and sources that are remembered.
const MOST: usize = 4_096;
/// Refusals that are told one by one.
const REFUSALS: Rate = Rate { per_second: 1, burst: 60 };

/// Who is in by a token, and who was not let in.
#[derive(Debug)]
pub(crate) struct Logins {
    visits: Mutex<Visits<(String, Option<IpAddr>), Operator>>,
    refusals: Mutex<Rates<()>>,
    /// Refusals since the last that was told.
    untold: AtomicU64,
}

impl Logins {
    /// Nobody yet.
    pub(crate) fn new() -> Self {
        Self {
            visits: Mutex::new(Visits::new(SILENCE, MOST)),
            refusals: Mutex::new(Rates::new(REFUSALS, 1)),
            untold: AtomicU64::new(0),
        }
    }
}

/// Tells of those who have been quiet for too long.
pub(crate) fn tell_of_quiet(shared: &Shared) {
    let now = Instant::now();
    loop {
        let mut visits = shared.logins.visits.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = visits.poll_ended(now);
        drop(visits);
        let Some(ended) = ended else { return };
        audit::note(shared, logout(&ended));
    }
}

fn logout(visit: &Visit<Operator>) -> Entry {
    let (who, requests) = (&visit.who, visit.requests);
    let minutes = SILENCE.as_secs() / 60;
    let said = match requests {
        1 => format!("{who} made 1 request, and none for {minutes} minutes"),
        _ => format!("{who} made {requests} requests, and none for {minutes} minutes"),
    };
    let mut entry = audit::by(who, "logout").saying(said);
    entry.duration_ms = u64::try_from(visit.lasted.as_millis()).ok();
    entry.fields.insert("credential".to_owned(), who.credential().to_owned());
    entry
}

impl Control {
    /// Tells the trail of a token that was taken, when it is the first time in a while.
    pub(super) fn token_taken(&self, operator: &Operator) {
        let place = (operator.credential().to_owned(), operator.source().map(|at| at.ip()));
        let mut visits = self.shared.logins.visits.lock().unwrap_or_else(PoisonError::into_inner);
        let (is_first, ended) = visits.handle_request(place, || operator.clone(), Instant::now());
        drop(visits);
        if let Some(ended) = ended {
            audit::note(&self.shared, logout(&ended));
        }
        if !is_first {
            return;
        }
        self.shared.metrics.login("api", "ok");
        let mut entry = audit::by(operator, "login").saying(format!("{operator} logged in"));
        entry.fields.insert("credential".to_owned(), operator.credential().to_owned());
        audit::note(&self.shared, entry);
    }

    /// Tells the trail of a token that was not taken. Whoever tries on and on is throttled, and all together are told at a rate that
    /// leaves the trail readable.
    pub(super) fn token_refused(&self, refused: &TokenRefused, source: SocketAddr) -> Problem {
        self.shared.metrics.login("api", refused.code());
        let name = match refused {
            TokenRefused::Expired(id) => format!("token:{id}"),
            TokenRefused::Unknown => "unknown".to_owned(),
            TokenRefused::Throttled(_) => return refused.problem(),
        };
        let logins = &self.shared.logins;
        let mut rate = logins.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        let is_told = rate.take((), Instant::now()).is_ok();
        drop(rate);
        if !is_told {
            logins.untold.fetch_add(1, Ordering::Relaxed);
            return refused.problem();
        }
        let entry = audit::stranger(&name, Via::Api, Some(source), "login-refused");
        let mut entry = entry.saying(refused.to_string()).refused(refused.code());
        let untold = logins.untold.swap(0, Ordering::Relaxed);
        if untold > 0 {
            entry.fields.insert("not-told".to_owned(), untold.to_string());
        }
        audit::note(&self.shared, entry);
        refused.problem()
    }
}
