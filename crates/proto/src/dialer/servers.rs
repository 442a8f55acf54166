//! The order of a client stanza's attempts: servers, `retry`, `timeout`, `reconnect-strategy`.
//!
//! ```text
//!            ┌───────────── failed: same server until `retry`, then the next, then the first again
//!            ▼                                   │
//!  new ─▶ waiting ──due──▶ Connect ──────────────┤
//!            ▲                                   └─ connected ──closed──┐
//!            └── in-order: first server; sticky: the one it was on ─────┘
//! ```
//!
//! `timeout` is the pause between two attempts on one server, counted from the end of a failed
//! attempt and from the beginning of a connection that came about. So a connection that lasted
//! reconnects at once, one that the gateway closes at once does not hammer, and another server is
//! tried without a pause. It never ends: a device has no other way to be reached.
//!
//! One attempt means the name resolved anew and every address it gives tried; that is the shell's.
//!
//! Source: Junos, *Configuring Outbound SSH Service*; statements `servers`, `reconnect-strategy`.

use std::time::{Duration, Instant};

/// The shortest pause between attempts on one server; `timeout 0` would be a busy loop.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);

/// One `servers` entry of a client stanza.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Server {
    /// IP address or host name, resolved anew at each attempt.
    pub host: String,
    /// TCP port; Junos has no default.
    pub port: u16,
    /// Attempts before the next server; 0 counts as 1.
    pub retry: u32,
    /// Pause between attempts on this server; under a second counts as a second.
    pub timeout: Duration,
}

impl Server {
    /// A server with Junos's defaults: retry 3, timeout 15 s.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port, retry: 3, timeout: Duration::from_secs(15) }
    }

    fn pause(&self) -> Duration {
        self.timeout.max(SHORTEST_PAUSE)
    }
}

/// Where to begin after a connection was lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ReconnectStrategy {
    /// At the first server of the list.
    #[default]
    InOrder,
    /// At the server that the device was connected to last.
    Sticky,
}

/// What the shell must do next: connect, and answer with [`Dialer::handle_connected`] or
/// [`Dialer::handle_failed`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Position of the server in the stanza, from 0.
    pub server: usize,
    /// Name or address to resolve.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Number of this attempt in a row on this server, from 1.
    pub number: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The attempt starts when its time has come.
    Waiting,
    /// The shell is connecting.
    Connecting,
    /// In a connection since that instant.
    Connected(Instant),
}

/// The dialer of one client stanza.
#[derive(Clone, Debug)]
pub struct Dialer {
    servers: Vec<Server>,
    strategy: ReconnectStrategy,
    state: State,
    /// The server of this or the next attempt.
    current: usize,
    /// The number of this or the next attempt in a row on `current`.
    number: u32,
    /// The server that was connected last; where sticky begins.
    favourite: usize,
    /// Per server: no attempt before this instant.
    not_before: Vec<Instant>,
    action: Option<Attempt>,
}

impl Dialer {
    /// Starts at the first server, at once. Without servers it never does anything.
    pub fn new(servers: Vec<Server>, strategy: ReconnectStrategy, now: Instant) -> Self {
        let not_before = vec![now; servers.len()];
        let mut dialer = Self {
            servers,
            strategy,
            state: State::Waiting,
            current: 0,
            number: 1,
            favourite: 0,
            not_before,
            action: None,
        };
        dialer.handle_timeout(now);
        dialer
    }

    /// The attempt succeeded: a TCP connection stands.
    pub fn handle_connected(&mut self, now: Instant) {
        if self.state == State::Connecting {
            self.state = State::Connected(now);
            self.favourite = self.current;
        }
    }

    /// The attempt failed on every address of the name.
    pub fn handle_failed(&mut self, now: Instant) {
        if self.state != State::Connecting {
            return;
        }
        self.rest(now);
        if self.is_exhausted() {
            self.go_to((self.current + 1) % self.servers.len(), now);
        } else {
            self.number = self.number.saturating_add(1);
            self.wait(now);
        }
    }

    /// The connection ended, whoever ended it.
    pub fn handle_closed(&mut self, now: Instant) {
        if let State::Connected(since) = self.state {
            self.rest(since);
            let first = match self.strategy {
                ReconnectStrategy::InOrder => 0,
                ReconnectStrategy::Sticky => self.favourite,
            };
            self.go_to(first, now);
        }
    }

    /// The time of [`Self::poll_timeout`] has come; harmless at any other time.
    pub fn handle_timeout(&mut self, now: Instant) {
        let Some(server) = self.servers.get(self.current) else { return };
        if self.poll_timeout().is_some_and(|due| due <= now) {
            self.state = State::Connecting;
            self.action = Some(Attempt {
                server: self.current,
                host: server.host.clone(),
                port: server.port,
                number: self.number,
            });
        }
    }

    /// What the shell must do next.
    pub fn poll_action(&mut self) -> Option<Attempt> {
        self.action.take()
    }

    /// When to call [`Self::handle_timeout`]; nothing while connecting or connected.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Waiting => self.not_before.get(self.current).copied(),
            State::Connecting | State::Connected(_) => None,
        }
    }

    /// The server of this or the next attempt or of the connection.
    pub fn current(&self) -> Option<&Server> {
        self.servers.get(self.current)
    }

    /// The last attempt on `current` before another server has its turn; with one server there is
    /// no other.
    fn is_exhausted(&self) -> bool {
        let allowed = self.current().map_or(1, |server| server.retry.max(1));
        self.servers.len() > 1 && self.number >= allowed
    }

    /// Keeps `current` from being tried again within its pause after `from`.
    fn rest(&mut self, from: Instant) {
        let pause = self.current().map_or(SHORTEST_PAUSE, Server::pause);
        if let Some(slot) = self.not_before.get_mut(self.current) {
            *slot = from.checked_add(pause).unwrap_or(from);
        }
    }

    fn go_to(&mut self, server: usize, now: Instant) {
        self.current = server;
        self.number = 1;
        self.wait(now);
    }

    fn wait(&mut self, now: Instant) {
        self.state = State::Waiting;
        self.handle_timeout(now);
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a virtual clock starts somewhere")]
mod tests;
