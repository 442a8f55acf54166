//! What each event leads to, once the machine knows that it fits.
//!
//! ```text
//!   begin ─▶ expect ─▶ start_ssh ─▶ carry_out ─▶ [pin] ─▶ log_in
//!                                       └─▶ hold_for_approval ─┘
//!   any of them ─▶ end ─▶ close
//! ```

use std::time::Instant;

use super::action::{Action, Pending, ProvenDevice};
use super::decide::{self, Expected, Verdict};
use super::failure::Failure;
use super::outcome::Outcome;
use super::pending::PendingReason;
use super::record::{KnownDevice, LookUp, Record};
use super::step::Step;
use super::{Admission, State};
use crate::excerpt::Excerpt;
use crate::host_key::ProvenKey;
use crate::identity::DeviceName;
use crate::initiation::Initiation;
use crate::opening::{Opened, OpeningKind};

impl Admission {
    pub(super) fn begin(&mut self, opened: Opened, now: Instant) {
        match opened.kind {
            OpeningKind::OutboundSsh(initiation) => {
                let device_id = initiation.device_id.clone();
                self.subject.device_id = Some(device_id.clone());
                let with_mac = initiation.claim.is_some();
                self.record(Step::OutboundSsh { device_id: device_id.clone(), with_mac });
                self.actions.push_back(Action::LookUp(LookUp::DeviceId(device_id)));
                self.state = State::LookingUpDevice { initiation, rest: opened.rest };
            }
            OpeningKind::CallHome => {
                self.record(Step::CallHome);
                self.start_ssh(Expected::CallHome, opened.rest);
            }
            OpeningKind::Tls => self.end(Outcome::Tls, now),
        }
    }

    pub(super) fn expect(
        &mut self,
        initiation: Initiation,
        rest: Vec<u8>,
        record: Record,
        now: Instant,
    ) {
        let with_mac = initiation.claim.is_some();
        if let [device] = record.devices.as_slice() {
            self.meet(device);
        }
        let Initiation { device_id, claim, .. } = initiation;
        let source = self.subject.source.ip();
        match decide::weigh(&device_id, claim, record, &self.arrival.listener, source) {
            Ok(expected) => {
                if let Some(device) = expected.device() {
                    let device = device.clone();
                    self.meet(&device);
                }
                match expected {
                    Expected::Vouched { is_old_secret: false, .. } => self.record(Step::MacRight),
                    Expected::Vouched { is_old_secret: true, .. } => self.record(Step::MacOld),
                    Expected::Pinned { .. } if with_mac => self.record(Step::MacUnchecked),
                    _ => {}
                }
                self.start_ssh(expected, rest);
            }
            Err(outcome) => self.end(outcome, now),
        }
    }

    pub(super) fn start_ssh(&mut self, expected: Expected, rest: Vec<u8>) {
        self.actions.push_back(Action::StartSsh { offer: expected.offer(), rest });
        self.state = State::Exchanging { expected, presented: None };
    }

    pub(super) fn carry_out(&mut self, verdict: Verdict, key: ProvenKey, now: Instant) {
        match verdict {
            Verdict::LetIn(device) => self.log_in(&device, key),
            Verdict::KnownByKey(device) => {
                self.meet(&device);
                self.record(Step::KnownByKey);
                self.log_in(&device, key);
            }
            Verdict::PinThenLetIn(device) => {
                self.pin(&device, &key);
                self.log_in(&device, key);
            }
            Verdict::Wait(reason, device) => self.hold_for_approval(reason, device, key, now),
        }
    }

    pub(super) fn pin(&mut self, device: &KnownDevice, key: &ProvenKey) {
        let (fingerprint, replaces) = (key.fingerprint(), device.fingerprints());
        self.actions.push_back(Action::PinKey {
            device: device.name.clone(),
            key: key.clone(),
            replaces: replaces.clone(),
        });
        self.record(if replaces.is_empty() {
            Step::KeyPinned { key: fingerprint }
        } else {
            Step::KeyReplaced { key: fingerprint, replaces }
        });
    }

    pub(super) fn log_in(&mut self, device: &KnownDevice, key: ProvenKey) {
        self.meet(device);
        let device = ProvenDevice {
            name: device.name.clone(),
            device_id: self.subject.device_id.clone(),
            key,
            listener: self.arrival.listener.clone(),
            source: self.subject.source,
            epoch: self.arrival.epoch,
        };
        self.actions.push_back(Action::LogIn(device.clone()));
        self.state = State::LoggingIn(device);
    }

    pub(super) fn hold_for_approval(
        &mut self,
        reason: PendingReason,
        device: Option<DeviceName>,
        key: ProvenKey,
        now: Instant,
    ) {
        let until = now + self.settings.pending_hold;
        self.record(Step::Pending(reason.clone()));
        let pending = Box::new(Pending {
            reason,
            key: key.clone(),
            device,
            device_id: self.subject.device_id.clone(),
            source: self.subject.source,
            listener: self.arrival.listener.clone(),
        });
        self.actions.push_back(Action::AwaitApproval { pending, until });
        self.state = State::Held { key, since: now, until };
    }

    pub(super) fn outcome_of(&self, failure: Failure) -> Outcome {
        match failure {
            Failure::NoCommonAlgorithm { purpose, theirs } => {
                Outcome::NoCommonAlgorithm { purpose, theirs }
            }
            Failure::Ssh(reason) => Outcome::Ssh(reason),
            Failure::LogInRefused { user, with_password, methods } => match &self.stanza {
                Some(stanza) => Outcome::LogInRefused {
                    device: stanza.device.clone(),
                    user,
                    with_password,
                    methods,
                    gateway_key: self.settings.gateway_key.clone(),
                },
                None => Outcome::Ssh(Excerpt::new("a login was refused that was not asked for")),
            },
            Failure::ChannelRefused(reason) => Outcome::ChannelRefused(reason),
            Failure::NoNetconf => match &self.stanza {
                Some(stanza) => Outcome::NoNetconf(stanza.clone()),
                None => Outcome::Ssh(Excerpt::new("NETCONF was refused before it was asked for")),
            },
            Failure::BadHello(reason) => Outcome::BadHello(reason),
            Failure::Lost => Outcome::Lost(self.stage()),
            Failure::Store => Outcome::StoreFailed,
            Failure::Overloaded => Outcome::Overloaded,
            Failure::Replaced => Outcome::Replaced,
            Failure::Stopping => Outcome::Stopping,
        }
    }

    /// Notes which enrolled device the connection is, or claims to be, from.
    pub(super) fn meet(&mut self, device: &KnownDevice) {
        self.subject.device = Some(device.name.clone());
        self.stanza = Some(decide::stanza(device));
    }

    pub(super) fn record(&mut self, step: Step) {
        self.actions.push_back(Action::Record(Box::new(step)));
    }

    /// Ends the connection. What was to be done for it and is not yet done stays undone.
    pub(super) fn end(&mut self, outcome: Outcome, now: Instant) {
        let reject_key = matches!(outcome, Outcome::KeyMismatch { .. });
        let hold = outcome.is_held();
        self.actions.retain(|action| match action {
            Action::Record(step) => {
                !matches!(**step, Step::KeyPinned { .. } | Step::KeyReplaced { .. })
            }
            _ => false,
        });
        self.record(Step::Ended(outcome));
        if hold {
            let close_at = now + self.settings.refuse_hold;
            self.actions.push_back(Action::Hold(self.settings.refuse_hold));
            self.state = State::Refused { reject_key, close_at };
        } else {
            self.close();
        }
    }

    pub(super) fn close(&mut self) {
        if let State::Refused { reject_key: true, .. } = self.take_state() {
            self.actions.push_back(Action::RejectKey);
        }
        self.actions.push_back(Action::Close);
    }

    /// Leaves `Done` behind: every caller puts a state in its place or means just that.
    pub(super) fn take_state(&mut self) -> State {
        std::mem::replace(&mut self.state, State::Done)
    }
}
