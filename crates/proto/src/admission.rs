//! The life of a device's connection on the gateway, from accept to session.
//!
//! ```text
//!        shell hands in          machine hands out                       then
//!   ──────────────────────────────────────────────────────────────────────────────────────
//!    1   handle_data …            LookUp(DeviceId)      Junos only         handle_record
//!    2                            StartSsh { offer, rest }                 handle_host_key
//!    3   handle_host_key          AcceptKey                                handle_exchanged
//!                                 … or Hold, RejectKey, Close
//!    4   handle_exchanged         LookUp(Key)           if it must be      handle_record
//!    5                            [PinKey] LogIn        a key in force     handle_logged_in
//!                                 … or AwaitApproval                       handle_approved, or
//!                                                                          handle_rejected, or time
//!    6   handle_logged_in         –                                        handle_hello
//!    7   handle_hello             Admit                                    handle_claimed
//!    8   handle_claimed           –                     in session: the machine is done
//!
//!    any time:  handle_timeout, handle_failed      ─▶ Hold … Close, or Close at once
//!               Record(Step)                       ◀─ a line for the timeline
//! ```
//!
//! The shell reads the socket while [`Admission::wants_data`] says so, and not otherwise. After
//! every `handle_*` it carries out what [`Admission::poll_action`] gives until that is empty, in
//! order; it wakes the machine at [`Admission::poll_timeout`]. Whatever does not work it reports by
//! `handle_failed`, a closed connection as [`Failure::Lost`]. After `Hold` it leaves the connection
//! as it is (the SSH engine's question about the key, if it stands, unanswered), goes on
//! listening for its end, and waits for `Close`.
//!
//! Nothing is sent to a device whose key is not proven but the SSH key exchange itself.
//!
//! Source: Junos, *Configuring Outbound SSH Service*; RFC 8071 (call home).

mod action;
mod advice;
mod decide;
mod failure;
mod outcome;
mod pending;
mod record;
mod remedy;
mod settings;
mod step;
mod transitions;

use std::collections::VecDeque;
use std::time::Instant;

use crate::excerpt::Excerpt;
use crate::host_key::{HostKey, ProvenKey};
use crate::initiation::Initiation;
use crate::opening::Opening;
use crate::roster::Claimed;
use decide::Expected;

pub use action::{Action, Offer, Pending, ProvenDevice, Subject};
pub use advice::{Advice, AdviceLine, Place, Stanza};
pub use failure::{Failure, Stage};
pub use outcome::Outcome;
pub use pending::PendingReason;
pub use record::{KnownDevice, LookUp, Record};
pub use settings::{Arrival, Settings};
pub use step::Step;

/// One connection on its way to be a session.
#[derive(Debug)]
pub struct Admission {
    settings: Settings,
    arrival: Arrival,
    subject: Subject,
    stanza: Option<Stanza>,
    state: State,
    actions: VecDeque<Action>,
    opening_deadline: Instant,
    setup_deadline: Instant,
}

#[derive(Debug)]
enum State {
    Opening(Opening),
    LookingUpDevice {
        initiation: Initiation,
        rest: Vec<u8>,
    },
    Exchanging {
        expected: Expected,
        presented: Option<HostKey>,
    },
    LookingUpKey {
        expected: Expected,
        key: ProvenKey,
    },
    Held {
        key: ProvenKey,
        since: Instant,
        until: Instant,
    },
    LoggingIn(ProvenDevice),
    Greeting(ProvenDevice),
    Claiming(ProvenDevice),
    /// Refused, and kept so long.
    Refused {
        reject_key: bool,
        close_at: Instant,
    },
    Done,
}

impl Admission {
    /// A connection just accepted.
    pub fn new(settings: Settings, arrival: Arrival, now: Instant) -> Self {
        Self {
            opening_deadline: now + settings.opening_timeout.min(settings.setup_timeout),
            setup_deadline: now + settings.setup_timeout,
            subject: Subject { device: None, device_id: None, key: None, source: arrival.source },
            stanza: None,
            state: State::Opening(Opening::new(arrival.proxy_trusted)),
            actions: VecDeque::new(),
            settings,
            arrival,
        }
    }

    /// Whether the shell should read the socket for [`Self::handle_data`].
    pub fn wants_data(&self) -> bool {
        matches!(self.state, State::Opening(_))
    }

    /// Takes the first bytes of the connection.
    pub fn handle_data(&mut self, bytes: &[u8], now: Instant) {
        match &mut self.state {
            State::Opening(opening) => {
                let opened = opening.handle_data(bytes);
                self.subject.source = opening.source().unwrap_or(self.arrival.source);
                self.subject.device_id = opening.device_id().cloned();
                match opened {
                    Ok(None) => {}
                    Ok(Some(opened)) => self.begin(opened, now),
                    Err(error) => self.end(Outcome::Opening(error), now),
                }
            }
            State::LookingUpDevice { rest, .. } => rest.extend_from_slice(bytes),
            _ => {}
        }
    }

    /// Takes the store's answer to the last look-up.
    pub fn handle_record(&mut self, record: Record, now: Instant) {
        match self.take_state() {
            State::LookingUpDevice { initiation, rest } => {
                self.expect(initiation, rest, record, now);
            }
            State::LookingUpKey { expected, key } => {
                let device_id = self.subject.device_id.as_ref();
                let (listener, source) = (&self.arrival.listener, self.subject.source.ip());
                match expected.judge(&key, device_id, record, listener, source) {
                    Ok(verdict) => self.carry_out(verdict, key, now),
                    Err(outcome) => self.end(outcome, now),
                }
            }
            other => self.state = other,
        }
    }

    /// Takes the host key that the device presents in the key exchange.
    pub fn handle_host_key(&mut self, key: HostKey, now: Instant) {
        let State::Exchanging { expected, presented } = &mut self.state else { return };
        self.subject.key = Some(key.fingerprint());
        match expected.check(&key) {
            Ok(()) => {
                *presented = Some(key);
                self.actions.push_back(Action::AcceptKey);
            }
            Err(outcome) => self.end(outcome, now),
        }
    }

    /// The key exchange is complete, its signature is right.
    pub fn handle_exchanged(&mut self, now: Instant) {
        match self.take_state() {
            State::Exchanging { expected, presented: Some(key) } => {
                let key = ProvenKey::exchanged(key);
                self.record(Step::KeyProven { key: key.fingerprint() });
                if let Some(device) = expected.settled_by(&key) {
                    let device = device.clone();
                    return self.log_in(&device, key);
                }
                self.actions.push_back(Action::LookUp(LookUp::Key(key.key().clone())));
                self.state = State::LookingUpKey { expected, key };
            }
            State::Exchanging { .. } => {
                let reason = Excerpt::new("the key exchange ended without a host key");
                self.end(Outcome::Ssh(reason), now);
            }
            other => self.state = other,
        }
    }

    /// An operator accepted the key while the connection was held; `device` is what is known of
    /// it after that.
    pub fn handle_approved(&mut self, device: KnownDevice, now: Instant) {
        match self.take_state() {
            State::Held { .. } if device.blocked => {
                self.end(Outcome::Blocked { device: device.name }, now);
            }
            State::Held { key, .. } if !device.has_key(key.key()) => {
                self.end(Outcome::Rejected { key: key.fingerprint() }, now);
            }
            State::Held { key, since, .. } => {
                self.setup_deadline += now.saturating_duration_since(since);
                self.subject.device = Some(device.name.clone());
                self.record(Step::Approved);
                self.log_in(&device, key);
            }
            other => self.state = other,
        }
    }

    /// An operator rejected the key while the connection was held.
    pub fn handle_rejected(&mut self, now: Instant) {
        if let State::Held { key, .. } = &self.state {
            let key = key.fingerprint();
            self.end(Outcome::Rejected { key }, now);
        }
    }

    /// The device let the gateway in.
    pub fn handle_logged_in(&mut self, user: &str, _now: Instant) {
        match self.take_state() {
            State::LoggingIn(device) => {
                self.record(Step::LoggedIn { user: Excerpt::new(user) });
                self.state = State::Greeting(device);
            }
            other => self.state = other,
        }
    }

    /// The NETCONF hellos are exchanged.
    pub fn handle_hello(&mut self, _now: Instant) {
        match self.take_state() {
            State::Greeting(device) => {
                self.actions.push_back(Action::Admit(device.clone()));
                self.state = State::Claiming(device);
            }
            other => self.state = other,
        }
    }

    /// Takes what the roster said to the claim for the session's place.
    pub fn handle_claimed(&mut self, claimed: &Claimed, now: Instant) {
        let State::Claiming(device) = &self.state else { return };
        let step = match claimed {
            Claimed::Entered => Step::InSession,
            Claimed::TookOver { displaced } => Step::TookOver { displaced: displaced.session },
            Claimed::Stale { .. } => return self.end(Outcome::Stale, now),
            Claimed::Contested { .. } => {
                let (device, key) = (device.name.clone(), device.key.fingerprint());
                return self.end(Outcome::DuplicateDevice { device, key }, now);
            }
        };
        self.record(step);
        self.state = State::Done;
    }

    /// Something did not work, or the connection is closed.
    pub fn handle_failed(&mut self, failure: Failure, now: Instant) {
        match (&self.state, failure) {
            (State::Done, _) => {}
            (State::Held { .. } | State::Refused { .. }, Failure::Lost) => self.close(),
            (State::Refused { .. }, _) => {}
            (State::Opening(opening), Failure::Lost) => {
                let outcome = match opening.error_at_end() {
                    Some(error) => Outcome::Opening(error),
                    None if opening.is_silent() => Outcome::ClosedSilently,
                    None => Outcome::Lost(Stage::Opening),
                };
                self.end(outcome, now);
            }
            (_, failure) => {
                let outcome = self.outcome_of(failure);
                self.end(outcome, now);
            }
        }
    }

    /// Acts on the deadlines that have passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_none_or(|deadline| now < deadline) {
            return;
        }
        match &self.state {
            State::Done => {}
            State::Held { .. } | State::Refused { .. } => self.close(),
            State::Opening(opening) => {
                let outcome = match opening.error_at_end() {
                    Some(error) => Outcome::Opening(error),
                    None if opening.is_silent() => Outcome::Silent,
                    None => Outcome::TimedOut(Stage::Opening),
                };
                self.end(outcome, now);
            }
            _ => self.end(Outcome::TimedOut(self.stage()), now),
        }
    }

    /// What the shell must do next.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When to wake the machine.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Opening(_) => Some(self.opening_deadline),
            State::Held { until, .. } => Some(*until),
            State::Refused { close_at, .. } => Some(*close_at),
            State::Done => None,
            _ => Some(self.setup_deadline),
        }
    }

    /// Where the connection stands.
    pub fn stage(&self) -> Stage {
        match &self.state {
            State::Opening(_) => Stage::Opening,
            State::LookingUpDevice { .. } | State::LookingUpKey { .. } => Stage::LookUp,
            State::Exchanging { .. } => Stage::KeyExchange,
            State::Held { .. } => Stage::Approval,
            State::LoggingIn(_) => Stage::LogIn,
            State::Greeting(_) => Stage::Hello,
            State::Claiming(_) => Stage::Roster,
            State::Refused { .. } | State::Done => Stage::Over,
        }
    }

    /// Whose connection it is, as far as is known: whose timeline a step belongs to.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// What was known when it was accepted.
    pub fn arrival(&self) -> &Arrival {
        &self.arrival
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a virtual clock starts somewhere")]
pub(crate) mod tests;
