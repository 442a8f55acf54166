//! From the spool to the operator, in the operator's window, and the channel's last words.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use russh::server::{Handle, Msg};
use russh::{ChannelWriteHalf, Sig};

use super::Traffic;
use super::frames::{Frame, FrameReader};
use super::window::{Grants, Window};
use crate::spool::Cut;
use crate::watched::Pulse;

/// How long the last words may wait for the operator's window.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// The exit status of a channel that ends before its time, as `ssh` itself gives.
const BROKEN_OFF: u32 = 255;

/// The operator's connection is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gone;

/// The operator's side of a channel.
pub(super) struct Outward {
    /// Towards the library.
    pub(super) write: ChannelWriteHalf<Msg>,
    /// For what the library's channel can't say.
    pub(super) handle: Handle,
    /// Says when the connection's backlog is high.
    pub(super) pulse: Arc<Pulse>,
    /// What data may take of the operator's window.
    pub(super) window: Window,
    /// A session channel: it has an error stream and an exit status.
    pub(super) is_session: bool,
    /// A terminal was granted: lines end with carriage return and line feed.
    pub(super) has_terminal: Arc<AtomicBool>,
    /// The end of data was told.
    pub(super) told_eof: bool,
    /// An exit status or signal was told, and which.
    pub(super) exit_status: Option<u32>,
    /// See [`exit_status`](Self::exit_status).
    pub(super) exit_signal: Option<String>,
}

impl Outward {
    /// Nothing said yet.
    pub(super) fn new(
        write: ChannelWriteHalf<Msg>,
        handle: Handle,
        pulse: Arc<Pulse>,
        grants: Arc<Grants>,
        is_session: bool,
    ) -> Self {
        Self {
            write,
            handle,
            pulse,
            window: Window::new(grants),
            is_session,
            has_terminal: Arc::default(),
            told_eof: false,
            exit_status: None,
            exit_signal: None,
        }
    }

    /// Passes on everything, to the last or until the spool was cut.
    pub(super) async fn deliver(
        &mut self,
        mut frames: FrameReader,
        traffic: &Traffic,
    ) -> Result<Option<Cut>, Gone> {
        loop {
            match frames.next().await {
                Ok(Some(frame)) => self.pass(frame, traffic).await?,
                Ok(None) => return Ok(None),
                Err(cut) => return Ok(Some(cut)),
            }
        }
    }

    /// Passes one thing on.
    async fn pass(&mut self, frame: Frame, traffic: &Traffic) -> Result<(), Gone> {
        match frame {
            Frame::Data(bytes) => self.data(bytes, None, traffic).await,
            Frame::Errors(bytes) => self.data(bytes, Some(1), traffic).await,
            Frame::Eof => {
                self.write.eof().await.map_err(|_| Gone)?;
                self.told_eof = true;
                Ok(())
            }
            Frame::Status(status) => {
                self.write.exit_status(status).await.map_err(|_| Gone)?;
                self.exit_status = Some(status);
                Ok(())
            }
            Frame::Signal(signal) => {
                let name = Sig::Custom(signal.name.as_str().to_owned());
                let message = signal.message.as_str().to_owned();
                let id = self.write.id();
                let sent = self.handle.exit_signal_request(
                    id,
                    name,
                    signal.core_dumped,
                    message,
                    String::new(),
                );
                sent.await.map_err(|()| Gone)?;
                self.exit_signal = Some(signal.name.as_str().to_owned());
                Ok(())
            }
        }
    }

    /// Data in the operator's window.
    async fn data(
        &mut self,
        mut bytes: Bytes,
        kind: Option<u32>,
        traffic: &Traffic,
    ) -> Result<(), Gone> {
        while !bytes.is_empty() {
            self.pulse.room().await;
            let room = self.window.room(&self.write, bytes.len()).await;
            let piece = bytes.split_to(room);
            let len = piece.len() as u64;
            let sent = match kind {
                None => self.write.data_bytes(piece).await,
                Some(kind) => self.write.extended_data_bytes(kind, piece).await,
            };
            sent.map_err(|_| Gone)?;
            traffic.waiting.fetch_sub(len, Relaxed);
        }
        Ok(())
    }

    /// Whether the operator was told how the command ended, and that nothing more comes.
    pub(super) fn is_complete(&self) -> bool {
        self.told_eof && self.has_ended()
    }

    /// Whether an exit status or signal was told.
    fn has_ended(&self) -> bool {
        self.exit_status.is_some() || self.exit_signal.is_some()
    }

    /// Ends the channel; with `reason`, before its time. A session that was given no exit status and no reason ends without.
    pub(super) async fn close(&mut self, reason: Option<&str>) {
        if let Some(reason) = reason.filter(|_| self.is_session) {
            self.say(reason).await;
            if !self.has_ended() {
                let _ = self.write.exit_status(BROKEN_OFF).await;
            }
        }
        if !self.told_eof {
            let _ = self.write.eof().await;
        }
        let _ = self.write.close().await;
    }

    /// On the error stream. Not after the end of data: OpenSSH then ends the whole connection, with every channel on it.
    async fn say(&self, reason: &str) {
        if self.told_eof {
            return;
        }
        let end = if self.has_terminal.load(Relaxed) { "\r\n" } else { "\n" };
        let said = self.write.extended_data_bytes(1, format!("{reason}{end}"));
        // An operator who does not read has no window for it either.
        let _ = tokio::time::timeout(LAST_WORDS, said).await;
    }
}
