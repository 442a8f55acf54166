//! A shell on a terminal for an operator who did not come by SSH: the same relay, with messages where the SSH channel would be.
//!
//! ```text
//!   operator ──Typed──▶ [ spool ] ──▶ ┌───────┐ ──▶ device
//!            ◀──Bytes── [ spool ] ◀── │ relay │ ◀──
//!                                     └───────┘   Keeper, Inspector, Witness, Budget: as on an SSH channel
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::channel::{Ask, Asked, beside, last_words, until_over};
use super::frames::{Frame, FrameReader, FrameWriter};
use super::outward::Gone;
use super::relay::{Relay, Towards};
use super::{Ended, Opened, Patience, Traffic, Why};
use crate::device_link::{PtyRequest, Start, WindowSize};
use crate::input::{Stalled, store};
use crate::spool::{Cut, Spool, SpoolLimits, SpoolWriter};

/// Requests that wait for the relay.
const ASKS: usize = 16;

/// What may wait on a terminal, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct TerminalLimits {
    /// See [`DoorSettings::input`](super::DoorSettings::input).
    pub input: SpoolLimits,
    /// See [`DoorSettings::stall`](super::DoorSettings::stall).
    pub stall: Duration,
    /// See [`DoorSettings::patience`](super::DoorSettings::patience).
    pub patience: Patience,
}

/// What the operator does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// Types, or pastes.
    Keys(Bytes),
    /// Gives the window another size.
    Resized(WindowSize),
}

/// How a terminal ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TerminalEnd {
    /// The exit status that the device told.
    pub exit_status: Option<u32>,
    /// The signal that the device told.
    pub exit_signal: Option<String>,
    /// Why it ended before its time, as the operator reads it.
    pub reason: Option<String>,
}

/// Runs a shell on a terminal to its end, which is also when `typed` is closed or `shown` is no longer read.
pub async fn terminal(
    limits: TerminalLimits,
    opened: Opened,
    pty: PtyRequest,
    typed: mpsc::Receiver<Typed>,
    shown: mpsc::Sender<Bytes>,
) -> TerminalEnd {
    let Opened { device, channel, mut keeper, output, budget, traffic, killed } = opened;
    let (input, from_operator) = Spool::new(limits.input, &budget);
    let (frames, to_operator) = Spool::new(output, &budget);
    let (ask, asks) = mpsc::channel(ASKS);
    let towards = Towards {
        frames: FrameWriter::new(frames),
        traffic: traffic.clone(),
        has_terminal: Arc::new(AtomicBool::new(false)),
    };
    let name = device.clone();
    let mut hand = Hand { ask, input: Some(input), limits, refused: None };
    let mut screen = Screen { shown, exit_status: None, exit_signal: None };
    let (relay, writing) = Relay::new(device, channel, false, from_operator, towards);
    let relaying = beside(relay.run(asks, keeper.as_mut()), writing);
    let delivering = screen.deliver(FrameReader::new(to_operator), &traffic);
    let feeding = hand.feed(pty, typed);
    let why = until_over(relaying, delivering, feeding, killed, &traffic, limits.patience).await;
    let has_ended = screen.exit_status.is_some() || screen.exit_signal.is_some();
    let why = why.filter(|_| !has_ended); // whatever came after its end did not end it
    let why = match hand.refused {
        Some(what) => Some(Why::Refused(format!("{name}: the device refused {what}"))),
        None => why,
    };
    let Screen { exit_status, exit_signal, .. } = screen;
    let end = TerminalEnd {
        exit_status,
        exit_signal: exit_signal.clone(),
        reason: why.as_ref().map(|why| last_words(&name, why)),
    };
    keeper.ended(Ended { exit_status, exit_signal, reason: why });
    end
}

/// The operator's hand.
struct Hand {
    ask: mpsc::Sender<Asked>,
    input: Option<SpoolWriter>,
    limits: TerminalLimits,
    /// What the device did not grant.
    refused: Option<&'static str>,
}

impl Hand {
    /// Asks for a shell on a terminal, then passes on what is typed, until the operator or the device has had enough.
    async fn feed(
        &mut self,
        pty: PtyRequest,
        mut typed: mpsc::Receiver<Typed>,
    ) -> Result<(), Stalled> {
        let terminal = self.asked(Ask::Terminal(pty)).await;
        let shell = self.asked(Ask::Start(Start::Shell)).await;
        let granted = async {
            if !terminal.await.unwrap_or(true) {
                return Some("a terminal");
            }
            (!shell.await.unwrap_or(true)).then_some("a shell")
        };
        tokio::pin!(granted);
        let mut is_granted = false;
        loop {
            tokio::select! {
                refused = &mut granted, if !is_granted => {
                    is_granted = true;
                    self.refused = refused;
                    if refused.is_some() {
                        return Ok(());
                    }
                }
                next = typed.recv() => match next {
                    Some(next) => self.pass(next).await?,
                    None => return Ok(()),
                },
            }
        }
    }

    /// One thing that the operator did.
    async fn pass(&mut self, typed: Typed) -> Result<(), Stalled> {
        match typed {
            Typed::Keys(bytes) => {
                let Some(input) = &mut self.input else { return Ok(()) };
                match store(input, bytes, self.limits.input, self.limits.stall).await {
                    Ok(()) => Ok(()),
                    Err(Cut::ReaderGone) => {
                        self.input = None;
                        Ok(())
                    }
                    Err(_) => Err(Stalled),
                }
            }
            Typed::Resized(size) => {
                drop(self.asked(Ask::Resize(size)).await);
                Ok(())
            }
        }
    }

    /// Hands a request to the relay.
    async fn asked(&self, ask: Ask) -> oneshot::Receiver<bool> {
        let (answer, answered) = oneshot::channel();
        let _ = self.ask.send(Asked { ask, answer }).await; // a relay that is gone tells so by itself
        answered
    }
}

/// What the operator sees.
struct Screen {
    shown: mpsc::Sender<Bytes>,
    exit_status: Option<u32>,
    exit_signal: Option<String>,
}

impl Screen {
    /// Passes on everything, to the last or until the spool was cut.
    async fn deliver(
        &mut self,
        mut frames: FrameReader,
        traffic: &Traffic,
    ) -> Result<Option<Cut>, Gone> {
        loop {
            match frames.next().await {
                Ok(Some(Frame::Data(bytes) | Frame::Errors(bytes))) => {
                    let len = bytes.len() as u64;
                    self.shown.send(bytes).await.map_err(|_| Gone)?;
                    traffic.waiting.fetch_sub(len, Relaxed);
                }
                Ok(Some(Frame::Status(status))) => self.exit_status = Some(status),
                Ok(Some(Frame::Signal(signal))) => {
                    self.exit_signal = Some(signal.name.as_str().to_owned());
                }
                Ok(Some(Frame::Eof)) => {}
                Ok(None) => return Ok(None),
                Err(cut) => return Ok(Some(cut)),
            }
        }
    }
}
