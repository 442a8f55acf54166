//! What the SSH library calls: login, channels and their requests.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use homing_proto::host_key::Secret;
use russh::server::{
    self, Auth, ChannelOpenHandle, Handle, Msg, PublicKeyOffer, Session, VerifiedPublicKey,
};
use russh::{Channel, ChannelId, ChannelOpenFailure, ChannelWriteHalf, Pty, Sig};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::channel::{ChannelInput, ChannelOutput, Control, Exit, ServerChannel, finish};
use super::{Authority, Request, RequestKind, ServerSettings, Service, Services, Size, Terminal};
use crate::device_link::signal_text;
use crate::input::{Stalled, feed};
use crate::spool::{Spool, SpoolReader};
use crate::ssh_server::{LoginState, REFUSAL, Slot, Slots, is_plain, methods, usable};
use crate::watched::Pulse;

/// Variables taken from a client.
const MOST_VARIABLES: usize = 32;
/// Longest variable taken, name and value.
const LONGEST_VARIABLE: usize = 256;
/// Longest name of a terminal.
const LONGEST_TERMINAL: usize = 64;
/// News kept for a service that does not look.
const CONTROLS: usize = 16;

/// One connection's callbacks.
pub(super) struct Handler<A: Authority, V> {
    /// Limits.
    settings: Arc<ServerSettings>,
    /// Who may log in.
    authority: Arc<A>,
    /// What they may do.
    services: Arc<V>,
    /// Who did.
    user: Option<A::User>,
    /// Seen by the connection's owner.
    login: Arc<LoginState>,
    /// By the library's number.
    channels: HashMap<ChannelId, Entry>,
    /// Those that may be open at once; each channel holds one.
    slots: Slots,
    /// Says when the connection's backlog is high.
    pulse: Arc<Pulse>,
}

/// Ends a task when dropped.
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A channel.
struct Entry {
    /// What was asked for so far, and what a service will need. Gone when it runs.
    waiting: Option<Waiting>,
    /// News for the service.
    controls: mpsc::Sender<Control>,
    /// Feeds the input.
    _input: Task,
    /// The service.
    running: Option<Task>,
}

/// A channel for which nothing runs yet.
struct Waiting {
    /// Towards the client.
    write: ChannelWriteHalf<Msg>,
    /// From the client.
    input: SpoolReader,
    /// For the service.
    controls: mpsc::Receiver<Control>,
    /// A terminal, if one was asked for.
    terminal: Option<Terminal>,
    /// Variables.
    environment: Vec<(String, String)>,
    /// Counts it.
    slot: Slot,
}

impl<A: Authority, V: Services<User = A::User>> Handler<A, V> {
    /// For one connection.
    pub(super) fn new(
        settings: Arc<ServerSettings>,
        authority: Arc<A>,
        services: Arc<V>,
        login: Arc<LoginState>,
        pulse: Arc<Pulse>,
    ) -> Self {
        let (channels, slots) = (HashMap::new(), Slots::new(settings.max_channels));
        Self { settings, authority, services, user: None, login, channels, slots, pulse }
    }

    /// The library's answer for a check of the authority.
    fn decide(&mut self, user: Option<A::User>) -> Auth {
        match user {
            Some(user) => {
                self.user = Some(user);
                Auth::Accept
            }
            None => self.refuse(),
        }
    }

    /// No, and both methods may be tried again.
    fn refuse(&self) -> Auth {
        self.login.failures.fetch_add(1, Ordering::AcqRel);
        Auth::Reject { proceed_with_methods: Some(methods()), partial_success: false }
    }

    /// Begins to feed the channel's input.
    fn adopt(&mut self, channel: Channel<Msg>, slot: Slot, handle: Handle) {
        let id = channel.id();
        let (read, write) = channel.split();
        let ServerSettings { input: limits, stall, budget, .. } = &*self.settings;
        let (limits, stall) = (*limits, *stall);
        let (writer, reader) = Spool::new(limits, budget);
        let (controls, news) = mpsc::channel(CONTROLS);
        let task = tokio::spawn(async move {
            if let Err(Stalled) = feed(read, writer, limits, stall).await {
                let _ = handle.extended_data(id, 1, STALLED).await;
                finish(&handle, id, Exit::None).await;
            }
        });
        let waiting = Waiting {
            write,
            input: reader,
            controls: news,
            terminal: None,
            environment: Vec::new(),
            slot,
        };
        let entry = Entry { waiting: Some(waiting), controls, _input: Task(task), running: None };
        self.channels.retain(|_, entry| !entry.is_over());
        self.channels.insert(id, entry);
    }

    /// Runs what `kind` asks for, if it may.
    fn start(
        &mut self,
        id: ChannelId,
        kind: RequestKind,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        let (Some(entry), Some(user)) = (self.channels.get_mut(&id), self.user.as_ref()) else {
            return session.channel_failure(id);
        };
        let Some(waiting) = entry.waiting.as_ref() else { return session.channel_failure(id) };
        let request = Request {
            kind,
            terminal: waiting.terminal.clone(),
            environment: waiting.environment.clone(),
        };
        let Some(service) = self.services.open(user, request) else {
            return session.channel_failure(id);
        };
        session.channel_success(id)?;
        if let Some(waiting) = entry.waiting.take() {
            let pulse = self.pulse.clone();
            entry.running = Some(run(service, waiting, id, session.handle(), pulse));
        }
        Ok(())
    }
}

/// Said on the error stream of a channel that is given up.
const STALLED: &str = "input was not read for too long; channel closed\r\n";

/// Runs `service` to its end and tells the client.
fn run(
    service: Service,
    waiting: Waiting,
    id: ChannelId,
    handle: Handle,
    pulse: Arc<Pulse>,
) -> Task {
    let Waiting { write, input, controls, slot, .. } = waiting;
    let channel = ServerChannel {
        input: ChannelInput(input),
        output: ChannelOutput::output(&write, pulse.clone()),
        errors: ChannelOutput::errors(&write, pulse),
        controls,
    };
    Task(tokio::spawn(async move {
        let exit = service(channel).await;
        finish(&handle, id, exit).await;
        drop(slot);
    }))
}

impl Entry {
    /// Whether its service has ended; the library does not always tell.
    fn is_over(&self) -> bool {
        self.running.as_ref().is_some_and(|task| task.0.is_finished())
    }
}

impl<A: Authority, V: Services<User = A::User>> server::Handler for Handler<A, V> {
    type Error = russh::Error;

    async fn auth_none(&mut self, _user: &str) -> Result<Auth, russh::Error> {
        Ok(Auth::Reject { proceed_with_methods: Some(methods()), partial_success: false })
    }

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, russh::Error> {
        let least = Instant::now() + REFUSAL;
        let known = self.authority.check_password(user, &Secret::new(password)).await;
        if known.is_none() {
            tokio::time::sleep_until(least).await;
        }
        Ok(self.decide(known))
    }

    async fn auth_publickey_offered(
        &mut self,
        user: &str,
        offer: PublicKeyOffer<'_>,
    ) -> Result<Auth, russh::Error> {
        let Some(key) = usable(offer.algorithm, offer.public_key) else { return Ok(self.refuse()) };
        match self.authority.check_key(user, &key).await {
            Some(_) => Ok(Auth::Accept),
            None => Ok(self.refuse()),
        }
    }

    async fn auth_publickey(
        &mut self,
        user: &str,
        proven: VerifiedPublicKey<'_>,
    ) -> Result<Auth, russh::Error> {
        let Some(key) = usable(proven.algorithm, proven.public_key) else {
            return Ok(self.refuse());
        };
        let known = self.authority.check_key(user, &key).await;
        Ok(self.decide(known))
    }

    async fn auth_succeeded(&mut self, _session: &mut Session) -> Result<(), russh::Error> {
        self.login.done.store(true, Ordering::Release);
        Ok(())
    }

    async fn authentication_banner(&mut self) -> Result<Option<String>, russh::Error> {
        Ok(self.settings.banner.clone())
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        match self.slots.take() {
            Some(slot) => {
                self.adopt(channel, slot, session.handle());
                reply.accept().await;
            }
            None => reply.reject(ChannelOpenFailure::ResourceShortage).await,
        }
        Ok(())
    }

    async fn channel_close(
        &mut self,
        id: ChannelId,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        self.channels.remove(&id);
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
        let waiting = self.channels.get_mut(&id).and_then(|entry| entry.waiting.as_mut());
        match waiting {
            Some(waiting) if is_plain(term, LONGEST_TERMINAL) => {
                waiting.terminal = Some(Terminal {
                    name: term.to_owned(),
                    size: size(columns, rows, width, height),
                    modes: modes.iter().map(|(mode, value)| (*mode as u8, *value)).collect(),
                });
                session.channel_success(id)
            }
            _ => session.channel_failure(id),
        }
    }

    async fn env_request(
        &mut self,
        id: ChannelId,
        name: &str,
        value: &str,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        let waiting = self.channels.get_mut(&id).and_then(|entry| entry.waiting.as_mut());
        let wanted = name == "LANG" || name.starts_with("LC_");
        match waiting {
            Some(waiting)
                if wanted
                    && is_plain(name, LONGEST_VARIABLE)
                    && is_plain(value, LONGEST_VARIABLE)
                    && waiting.environment.len() < MOST_VARIABLES =>
            {
                waiting.environment.push((name.to_owned(), value.to_owned()));
                session.channel_success(id)
            }
            _ => session.channel_failure(id),
        }
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
        self.start(id, RequestKind::Shell, session)
    }

    async fn exec_request(
        &mut self,
        id: ChannelId,
        command: &[u8],
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        self.start(id, RequestKind::Exec(command.to_vec()), session)
    }

    async fn subsystem_request(
        &mut self,
        id: ChannelId,
        name: &str,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        self.start(id, RequestKind::Subsystem(name.to_owned()), session)
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
        if let Some(entry) = self.channels.get(&id) {
            let news = Control::Resize(size(columns, rows, width, height));
            let _ = entry.controls.try_send(news); // a service that does not look misses it
        }
        Ok(())
    }

    async fn signal(
        &mut self,
        id: ChannelId,
        signal: Sig,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        if let Some(entry) = self.channels.get(&id) {
            let _ = entry.controls.try_send(Control::Signal(signal_text(&signal)));
        }
        Ok(())
    }
}

/// What the client says, as far as a terminal can have it.
fn size(columns: u32, rows: u32, width: u32, height: u32) -> Size {
    let fit = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
    Size { columns: fit(columns), rows: fit(rows), width: fit(width), height: fit(height) }
}
