//! Requests on a bare channel, passed on one by one as somebody else made them.
//!
//! ```text
//!   pty-req ──▶   env ──▶   shell ──▶            window-change ──▶  signal ──▶
//!           ◀── Answer             ◀── Answer          (never answered)
//! ```
//!
//! The device answers in the order in which it was asked: each request made with an answer wanted gives one
//! [`Event::Answer`](super::Event::Answer) to the channel's reader.
//!
//! Source: RFC 4254 section 6.

use std::sync::Arc;

use bytes::Bytes;
use homing_proto::excerpt::Excerpt;
use russh::{Pty, Sig};

use super::WriteError;
use super::channel::Shared;

/// What a session channel is for, as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// A subsystem by its name.
    Subsystem(String),
    /// A command line, byte for byte.
    Exec(Bytes),
    /// The login shell.
    Shell,
}

impl std::fmt::Display for Start {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Subsystem(name) => write!(f, "subsystem {}", Excerpt::new(name)),
            Self::Exec(line) => {
                write!(f, "exec {}", Excerpt::new(line))
            }
            Self::Shell => f.write_str("shell"),
        }
    }
}

/// The size of a window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WindowSize {
    /// Characters across.
    pub columns: u32,
    /// Characters down.
    pub rows: u32,
    /// Pixels across, 0 if unknown.
    pub width: u32,
    /// Pixels down, 0 if unknown.
    pub height: u32,
}

/// A terminal, as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PtyRequest {
    /// As in `TERM`.
    pub name: String,
    /// Its size.
    pub size: WindowSize,
    /// Modes that the library knows, by their number in RFC 4254 section 8.
    pub(crate) modes: Vec<(Pty, u32)>,
}

impl PtyRequest {
    /// One whose modes are left to the device.
    #[must_use]
    pub fn new(name: impl Into<String>, size: WindowSize) -> Self {
        Self { name: name.into(), size, modes: Vec::new() }
    }
}

/// Passes requests on to the device.
#[derive(Debug, Clone)]
pub struct ChannelRequests {
    /// What reader and writer know, too.
    pub(super) shared: Arc<Shared>,
}

impl ChannelRequests {
    /// Asks for a terminal; the answer comes as an event.
    ///
    /// # Errors
    /// The channel is closed.
    pub async fn terminal(&self, pty: &PtyRequest) -> Result<(), WriteError> {
        let WindowSize { columns, rows, width, height } = pty.size;
        let write = &self.shared.write;
        let sent =
            write.request_pty(true, &pty.name, columns, rows, width, height, &pty.modes).await;
        sent.map_err(|_| WriteError)
    }

    /// Sets a variable of the environment; no answer is asked for.
    ///
    /// # Errors
    /// The channel is closed.
    pub async fn variable(&self, name: &str, value: &str) -> Result<(), WriteError> {
        self.shared.write.set_env(false, name, value).await.map_err(|_| WriteError)
    }

    /// Asks for what the channel is for; the answer comes as an event.
    ///
    /// # Errors
    /// The channel is closed.
    pub async fn start(&self, start: &Start) -> Result<(), WriteError> {
        let write = &self.shared.write;
        let sent = match start {
            Start::Subsystem(name) => write.request_subsystem(true, name.as_str()).await,
            Start::Exec(command) => write.exec(true, command.to_vec()).await,
            Start::Shell => write.request_shell(true).await,
        };
        sent.map_err(|_| WriteError)
    }

    /// Tells that the window's size changed.
    ///
    /// # Errors
    /// The channel is closed.
    pub async fn resize(&self, size: WindowSize) -> Result<(), WriteError> {
        let WindowSize { columns, rows, width, height } = size;
        let sent = self.shared.write.window_change(columns, rows, width, height).await;
        sent.map_err(|_| WriteError)
    }

    /// Sends a signal by its name without `SIG`.
    ///
    /// # Errors
    /// The channel is closed.
    pub async fn signal(&self, name: &str) -> Result<(), WriteError> {
        let signal = Sig::Custom(name.to_owned());
        self.shared.write.signal(signal).await.map_err(|_| WriteError)
    }
}
