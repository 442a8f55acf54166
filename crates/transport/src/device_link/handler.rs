//! What the SSH library calls: the host key check, channels that the device would open, and the end.
//!
//! A device serves; it has no business opening channels towards the gateway. The library takes them unless it is told otherwise, any
//! number of them, so every one is refused here and counted.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use homing_proto::excerpt::Excerpt;
use homing_proto::host_key::HostKey;
use russh::client::{self, ChannelOpenHandle, DisconnectReason, Msg, Session};
use russh::keys::PublicKeyOrCertificate;
use russh::{Channel, Names};

use super::LinkError;
use crate::algorithms;
use crate::closed::{Closed, ClosedBy, Ending, Reason};
use crate::keys::host_key_of;
use crate::watched::Pulse;

/// The caller's answer on its way.
pub(super) type Checking = Pin<Box<dyn Future<Output = bool> + Send>>;
/// The caller's check.
pub(super) type Check = Box<dyn FnOnce(HostKey) -> Checking + Send>;

/// What the check saw and what became of it, shared with `connect`.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// The proven key.
    key: OnceLock<HostKey>,
    /// What was agreed on that only old devices need.
    old_algorithms: OnceLock<String>,
    /// Why the key could not even be checked.
    problem: Mutex<Option<LinkError>>,
}

impl Answer {
    /// Nothing asked yet.
    pub(super) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Whether the caller's check was begun.
    pub(super) fn is_asked(&self) -> bool {
        self.key.get().is_some()
    }

    /// The proven key.
    pub(super) fn key(&self) -> Option<HostKey> {
        self.key.get().cloned()
    }

    /// What was agreed on that only old devices need.
    pub(super) fn old_algorithms(&self) -> Option<String> {
        self.old_algorithms.get().cloned()
    }

    /// Why the key could not even be checked.
    pub(super) fn take_problem(&self) -> Option<LinkError> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Refuses the key for `problem`.
    fn refuse(&self, problem: LinkError) -> bool {
        *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = Some(problem);
        false
    }
}

/// One link's callbacks.
pub(super) struct Handler {
    /// Asked once.
    check: Option<Check>,
    /// Where `connect` reads what came of it.
    answer: Arc<Answer>,
    /// Told when it is over.
    ending: Arc<Ending>,
    /// Counts channels that the device would open.
    pulse: Arc<Pulse>,
}

impl Handler {
    /// For one link.
    pub(super) fn new(
        check: Check,
        answer: Arc<Answer>,
        ending: Arc<Ending>,
        pulse: Arc<Pulse>,
    ) -> Self {
        Self { check: Some(check), answer, ending, pulse }
    }

    /// Refuses a channel: an unanswered handle says "administratively prohibited" when it is dropped.
    fn refuse(&self, reply: ChannelOpenHandle) -> Result<(), russh::Error> {
        self.pulse.count_refused();
        drop(reply);
        Ok(())
    }
}

impl client::Handler for Handler {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        presented: &PublicKeyOrCertificate,
    ) -> Result<bool, russh::Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = presented else {
            return Ok(self.answer.refuse(LinkError::Certificate));
        };
        let key = match host_key_of(key) {
            Ok(key) => key,
            Err(error) => return Ok(self.answer.refuse(LinkError::UnusableKey(error))),
        };
        let Some(check) = self.check.take() else { return Ok(false) };
        let _ = self.answer.key.set(key.clone());
        Ok(check(key).await)
    }

    async fn kex_done(
        &mut self,
        _secret: Option<&[u8]>,
        names: &Names,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        if let Some(old) = algorithms::old_one(names) {
            let _ = self.answer.old_algorithms.set(old);
        }
        Ok(())
    }

    async fn server_channel_open_session(
        &mut self,
        _channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        self.refuse(reply)
    }

    async fn server_channel_open_forwarded_tcpip(
        &mut self,
        _channel: Channel<Msg>,
        _address: &str,
        _port: u32,
        _originator: &str,
        _from: u32,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        self.refuse(reply)
    }

    async fn server_channel_open_forwarded_streamlocal(
        &mut self,
        _channel: Channel<Msg>,
        _path: &str,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        self.refuse(reply)
    }

    async fn server_channel_open_direct_tcpip(
        &mut self,
        _channel: Channel<Msg>,
        _host: &str,
        _port: u32,
        _originator: &str,
        _from: u32,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        self.refuse(reply)
    }

    async fn server_channel_open_direct_streamlocal(
        &mut self,
        _channel: Channel<Msg>,
        _path: &str,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        self.refuse(reply)
    }

    async fn server_channel_open_agent_forward(
        &mut self,
        _channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        self.refuse(reply)
    }

    async fn server_channel_open_x11(
        &mut self,
        _channel: Channel<Msg>,
        _originator: &str,
        _from: u32,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        self.refuse(reply)
    }

    async fn disconnected(
        &mut self,
        reason: DisconnectReason<russh::Error>,
    ) -> Result<(), russh::Error> {
        self.ending.set(match reason {
            DisconnectReason::ReceivedDisconnect(said) => Closed {
                by: ClosedBy::Peer,
                reason: Reason::Disconnected {
                    code: said.reason_code as u32,
                    text: Excerpt::new(said.message),
                },
            },
            DisconnectReason::Error(error) => Closed::from_error(&error),
        });
        Ok(())
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        self.ending.set(Closed { by: ClosedBy::Network, reason: Reason::HungUp });
    }
}
