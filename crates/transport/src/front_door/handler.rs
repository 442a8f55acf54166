//! What the SSH library calls: login, channels and their requests.
//!
//! The library answers a request by the wish for an answer that came with the *latest* request of the channel. A terminal and what a
//! channel is for are therefore waited for on the spot, which holds up this operator's connection for one round trip to the device;
//! a device that takes longer than [`PATIENCE`] is waited for beside.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use homing_proto::host_key::Secret;
use russh::server::{
    self, Auth, ChannelOpenHandle, Handle, Msg, PublicKeyOffer, Session, VerifiedPublicKey,
};
use russh::{Channel, ChannelId, ChannelOpenFailure, Pty, Sig};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};

use super::certificate::Certificate;
use super::channel::{self, Ask, Asked, Line};
use super::window::Grants;
use super::{Door, DoorSettings};
use crate::device_link::{Opening, PtyRequest, Start, WindowSize, signal_text};
use crate::settled::settled;
use crate::ssh_server::{LoginState, REFUSAL, Slots, is_plain, methods, usable};
use crate::watched::Pulse;

/// How long an answer of the device is waited for on the spot.
const PATIENCE: Duration = Duration::from_secs(2);
/// Requests kept for a channel.
const ASKS: usize = 64;
/// Longest name of a terminal, variable, subsystem or host.
const LONGEST_NAME: usize = 255;
/// Longest value of a variable.
const LONGEST_VALUE: usize = 4096;

/// One connection's callbacks.
pub(super) struct Handler<D: Door> {
    /// Limits.
    settings: Arc<DoorSettings>,
    /// Who decides and leads on.
    door: Arc<D>,
    /// Who is in.
    guest: Option<Arc<D::Guest>>,
    /// Seen by the connection's owner.
    login: Arc<LoginState>,
    /// Where requests go, by channel.
    asks: HashMap<ChannelId, mpsc::Sender<Asked>>,
    /// What the operator grants, by channel.
    grants: HashMap<ChannelId, Weak<Grants>>,
    /// Those that may be open at once; each channel holds one.
    slots: Slots,
    /// Says when the connection's backlog is high.
    pulse: Arc<Pulse>,
}

impl<D: Door> Handler<D> {
    /// For one connection.
    pub(super) fn new(
        settings: Arc<DoorSettings>,
        door: Arc<D>,
        login: Arc<LoginState>,
        pulse: Arc<Pulse>,
    ) -> Self {
        let (asks, grants) = (HashMap::new(), HashMap::new());
        let slots = Slots::new(settings.max_channels);
        Self { settings, door, guest: None, login, asks, grants, slots, pulse }
    }

    /// The library's answer to a proof.
    fn decide(&mut self, login: &str, method: &'static str, guest: Option<D::Guest>) -> Auth {
        match guest {
            Some(guest) => {
                self.guest = Some(Arc::new(guest));
                Auth::Accept
            }
            None => {
                self.door.refused(login, method);
                self.refuse()
            }
        }
    }

    /// No, and every method may be tried again.
    fn refuse(&self) -> Auth {
        self.login.failures.fetch_add(1, Ordering::AcqRel);
        Auth::Reject { proceed_with_methods: Some(methods()), partial_success: false }
    }

    /// Serves a new channel on a task of its own.
    async fn adopt(
        &mut self,
        opening: Opening,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        handle: Handle,
    ) {
        let Some(guest) = self.guest.clone() else {
            return reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await;
        };
        let Some(slot) = self.slots.take() else {
            let most = self.settings.max_channels;
            let reason = format!("this connection has {most} channels open, as many as it may");
            return reply.reject(ChannelOpenFailure::Other { code: 4, reason }).await;
        };
        let (asks, asked) = mpsc::channel(ASKS);
        self.asks.retain(|_, asks| !asks.is_closed());
        self.asks.insert(channel.id(), asks);
        let grants = Arc::new(Grants::default());
        self.grants.retain(|_, grants| grants.strong_count() > 0);
        self.grants.insert(channel.id(), Arc::downgrade(&grants));
        let line = Line {
            door: self.door.clone(),
            guest,
            settings: self.settings.clone(),
            handle,
            pulse: self.pulse.clone(),
            grants,
        };
        tokio::spawn(settled(async move {
            channel::serve(line, opening, channel, reply, asked).await;
            drop(slot);
        }));
    }

    /// Hands a request to its channel; none if there is no such channel, or it is overrun.
    fn ask(&self, id: ChannelId, ask: Ask) -> Option<oneshot::Receiver<bool>> {
        let (answer, answered) = oneshot::channel();
        self.asks.get(&id)?.try_send(Asked { ask, answer }).ok()?;
        Some(answered)
    }

    /// Hands a request on and gives its answer back.
    async fn request(
        &self,
        id: ChannelId,
        ask: Ask,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        let Some(mut answered) = self.ask(id, ask) else { return session.channel_failure(id) };
        match timeout(PATIENCE, &mut answered).await {
            Ok(Ok(true)) => session.channel_success(id),
            Ok(Ok(false) | Err(_)) => session.channel_failure(id),
            Err(_) => {
                let handle = session.handle();
                tokio::spawn(async move {
                    let _ = match answered.await {
                        Ok(true) => handle.channel_success(id).await,
                        Ok(false) | Err(_) => handle.channel_failure(id).await,
                    };
                });
                Ok(())
            }
        }
    }
}

impl<D: Door> server::Handler for Handler<D> {
    type Error = russh::Error;

    async fn auth_none(&mut self, _login: &str) -> Result<Auth, russh::Error> {
        Ok(Auth::Reject { proceed_with_methods: Some(methods()), partial_success: false })
    }

    async fn auth_password(&mut self, login: &str, password: &str) -> Result<Auth, russh::Error> {
        let least = Instant::now() + REFUSAL;
        let guest = self.door.check_password(login, &Secret::new(password)).await;
        if guest.is_none() {
            tokio::time::sleep_until(least).await;
        }
        Ok(self.decide(login, "password", guest))
    }

    async fn auth_publickey_offered(
        &mut self,
        login: &str,
        offer: PublicKeyOffer<'_>,
    ) -> Result<Auth, russh::Error> {
        let Some(key) = usable(offer.algorithm, offer.public_key) else { return Ok(self.refuse()) };
        let opens = self.door.knows_key(login, &key).await;
        Ok(if opens || self.door.takes_certificates() { Auth::Accept } else { self.refuse() })
    }

    async fn auth_publickey(
        &mut self,
        login: &str,
        proven: VerifiedPublicKey<'_>,
    ) -> Result<Auth, russh::Error> {
        let Some(key) = usable(proven.algorithm, proven.public_key) else {
            return Ok(self.refuse());
        };
        let guest = self.door.check_key(login, &key).await;
        Ok(self.decide(login, "publickey", guest))
    }

    async fn auth_openssh_certificate(
        &mut self,
        login: &str,
        certificate: &russh::keys::Certificate,
    ) -> Result<Auth, russh::Error> {
        let guest = match Certificate::judge(certificate) {
            Some(certificate) => self.door.check_certificate(login, &certificate).await,
            None => None,
        };
        Ok(self.decide(login, "certificate", guest))
    }

    async fn auth_succeeded(&mut self, _session: &mut Session) -> Result<(), russh::Error> {
        self.login.done.store(true, Ordering::Release);
        if let Some(guest) = &self.guest {
            self.door.entered(guest);
        }
        Ok(())
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        self.adopt(Opening::Session, channel, reply, session.handle()).await;
        Ok(())
    }

    #[allow(clippy::too_many_arguments)]
    async fn channel_open_direct_tcpip(
        &mut self,
        channel: Channel<Msg>,
        host: &str,
        port: u32,
        originator: &str,
        originator_port: u32,
        reply: ChannelOpenHandle,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        if !is_plain(host, LONGEST_NAME) || !is_plain(originator, LONGEST_NAME) || port > 65_535 {
            reply.reject(ChannelOpenFailure::ConnectFailed).await;
            return Ok(());
        }
        let originator = (originator.to_owned(), originator_port);
        let opening = Opening::Tcp { host: host.to_owned(), port, originator };
        self.adopt(opening, channel, reply, session.handle()).await;
        Ok(())
    }

    async fn channel_open_direct_streamlocal(
        &mut self,
        channel: Channel<Msg>,
        path: &str,
        reply: ChannelOpenHandle,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        if !is_plain(path, LONGEST_NAME) {
            reply.reject(ChannelOpenFailure::ConnectFailed).await;
            return Ok(());
        }
        self.adopt(Opening::Unix { path: path.to_owned() }, channel, reply, session.handle()).await;
        Ok(())
    }

    async fn channel_close(
        &mut self,
        id: ChannelId,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        self.asks.remove(&id);
        Ok(())
    }

    async fn window_adjusted(
        &mut self,
        id: ChannelId,
        window: u32,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        if let Some(grants) = self.grants.get(&id).and_then(Weak::upgrade) {
            grants.grant(window);
        }
        Ok(())
    }

    #[allow(clippy::too_many_arguments)]
    async fn pty_request(
        &mut self,
        id: ChannelId,
        term: &str,
        columns: u32,
        rows: u32,
        width: u32,
        height: u32,
        modes: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        if !is_plain(term, LONGEST_NAME) {
            return session.channel_failure(id);
        }
        // The library leaves an end of modes where one stood that it does not know.
        let modes = modes.iter().filter(|(mode, _)| *mode != Pty::TTY_OP_END).copied().collect();
        let size = WindowSize { columns, rows, width, height };
        let terminal = PtyRequest { name: term.to_owned(), size, modes };
        self.request(id, Ask::Terminal(terminal), session).await
    }

    async fn env_request(
        &mut self,
        id: ChannelId,
        name: &str,
        value: &str,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        if !is_plain(name, LONGEST_NAME) || value.len() > LONGEST_VALUE || value.contains('\0') {
            return session.channel_failure(id);
        }
        self.request(id, Ask::Variable(name.to_owned(), value.to_owned()), session).await
    }

    async fn x11_request(
        &mut self,
        id: ChannelId,
        _single: bool,
        _protocol: &str,
        _cookie: &str,
        _screen: u32,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        session.channel_failure(id)
    }

    async fn shell_request(
        &mut self,
        id: ChannelId,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        self.request(id, Ask::Start(Start::Shell), session).await
    }

    async fn exec_request(
        &mut self,
        id: ChannelId,
        command: &[u8],
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        let command = Bytes::copy_from_slice(command);
        self.request(id, Ask::Start(Start::Exec(command)), session).await
    }

    async fn subsystem_request(
        &mut self,
        id: ChannelId,
        name: &str,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        if !is_plain(name, LONGEST_NAME) {
            return session.channel_failure(id);
        }
        self.request(id, Ask::Start(Start::Subsystem(name.to_owned())), session).await
    }

    #[allow(clippy::too_many_arguments)]
    async fn window_change_request(
        &mut self,
        id: ChannelId,
        columns: u32,
        rows: u32,
        width: u32,
        height: u32,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        drop(self.ask(id, Ask::Resize(WindowSize { columns, rows, width, height })));
        Ok(())
    }

    async fn signal(
        &mut self,
        id: ChannelId,
        signal: Sig,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        drop(self.ask(id, Ask::Signal(signal_text(&signal))));
        Ok(())
    }
}
