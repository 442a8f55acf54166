//! Where each client stands, told by its task and read by whoever asks.

use std::time::Instant;

use tokio::sync::watch;

use crate::status::ConnectionStatus;

/// Where one client stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress {
    /// `host:port` connected to, being tried or tried last.
    pub(crate) server: Option<String>,
    pub(crate) phase: Phase,
    /// Attempts since the last connection, the present one included.
    pub(crate) attempts: u64,
    /// Why the last attempt or connection ended.
    pub(crate) last_error: Option<String>,
}

/// The part of [`Progress`] that is exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Phase {
    /// An attempt is under way, or about to be.
    #[default]
    Connecting,
    /// Connected since that instant.
    Connected(Instant),
    /// The next attempt begins at that instant.
    Waiting(Instant),
}

impl Phase {
    /// The phase as `show` names it.
    pub(crate) fn status(self) -> ConnectionStatus {
        match self {
            Self::Connecting => ConnectionStatus::Connecting,
            Self::Connected(_) => ConnectionStatus::Connected,
            Self::Waiting(_) => ConnectionStatus::Waiting,
        }
    }
}

/// How many clients are connected, of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Clients in a connection.
    pub connected: usize,
    /// Clients that the agent acts for.
    pub active: usize,
    /// Clients whose stanza was refused.
    pub refused: usize,
}

/// The writing end of one client's progress.
#[derive(Debug)]
pub(crate) struct Reporter {
    progress: watch::Sender<Progress>,
    summary: watch::Sender<Summary>,
}

impl Reporter {
    pub(crate) fn new(summary: watch::Sender<Summary>) -> (Self, watch::Receiver<Progress>) {
        let (progress, receiver) = watch::channel(Progress::default());
        (Self { progress, summary }, receiver)
    }

    /// An attempt on `server` begins.
    pub(crate) fn connecting(&self, server: String) {
        self.progress.send_modify(|progress| {
            progress.phase = Phase::Connecting;
            progress.server = Some(server);
            progress.attempts = progress.attempts.saturating_add(1);
        });
    }

    /// The attempt succeeded.
    pub(crate) fn connected(&self, now: Instant) {
        self.progress.send_modify(|progress| {
            progress.phase = Phase::Connected(now);
            progress.last_error = None;
        });
        self.summary.send_modify(|summary| summary.connected += 1);
    }

    /// The attempt failed, or the connection ended.
    pub(crate) fn ended(&self, why: String) {
        let was_connected = matches!(self.progress.borrow().phase, Phase::Connected(_));
        self.progress.send_modify(|progress| {
            progress.phase = Phase::Connecting;
            progress.last_error = Some(why);
            if was_connected {
                progress.attempts = 0;
            }
        });
        if was_connected {
            self.summary.send_modify(|summary| {
                summary.connected = summary.connected.saturating_sub(1);
            });
        }
    }

    /// Whether `why` differs from what ended the attempt before.
    pub(crate) fn is_news(&self, why: &str) -> bool {
        self.progress.borrow().last_error.as_deref() != Some(why)
    }

    /// Nothing happens until `due`.
    pub(crate) fn waiting(&self, due: Instant) {
        self.progress.send_modify(|progress| progress.phase = Phase::Waiting(due));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_follows_connections_and_attempts_start_anew_after_each() {
        let summary = watch::Sender::new(Summary::default());
        let (reporter, progress) = Reporter::new(summary.clone());
        let now = Instant::now();
        reporter.connecting("gw:4334".to_owned());
        reporter.ended("refused".to_owned());
        reporter.waiting(now);
        assert_eq!(progress.borrow().phase, Phase::Waiting(now));
        reporter.connecting("gw:4334".to_owned());
        assert_eq!(progress.borrow().attempts, 2);
        reporter.connected(now);
        assert_eq!(summary.borrow().connected, 1);
        assert_eq!(progress.borrow().last_error, None);
        reporter.ended("closed".to_owned());
        assert_eq!((summary.borrow().connected, progress.borrow().attempts), (0, 0));
    }
}
