//! One channel of an operator: opened on the device, relayed, ended with a reason.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use russh::server::{ChannelOpenHandle, Handle, Msg};
use russh::{Channel, ChannelOpenFailure, ChannelReadHalf};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};

use super::frames::{FrameReader, FrameWriter};
use super::outward::{Gone, Outward};
use super::relay::{End, Relay, Towards};
use super::window::Grants;
use super::{Door, DoorSettings, Ended, Opened, Patience, Refusal, Traffic, Why};
use crate::device_link::{Opening, PtyRequest, Start, WindowSize};
use crate::input::{Stalled, feed};
use crate::spool::{Cut, Spool};
use crate::watched::Pulse;

/// How long a channel that only says why it can't be of use waits for being asked.
const EXPLAINING: Duration = Duration::from_secs(20);
/// Codes of RFC 4254 section 5.1.
const PROHIBITED: u32 = 1;
const CONNECT_FAILED: u32 = 2;
const SHORTAGE: u32 = 4;

/// A request of the operator.
#[derive(Debug)]
pub(super) enum Ask {
    /// A terminal.
    Terminal(PtyRequest),
    /// A variable, name and value.
    Variable(String, String),
    /// What the channel is for.
    Start(Start),
    /// The window has a new size.
    Resize(WindowSize),
    /// A signal, without `SIG`.
    Signal(String),
}

/// A request, and where its answer goes.
#[derive(Debug)]
pub(super) struct Asked {
    /// What is asked for.
    pub(super) ask: Ask,
    /// Whether it is granted; dropped when the channel ends.
    pub(super) answer: oneshot::Sender<bool>,
}

/// What a channel needs of its connection.
pub(super) struct Line<D: Door> {
    /// Who leads on.
    pub(super) door: Arc<D>,
    /// Who asks.
    pub(super) guest: Arc<D::Guest>,
    /// Limits.
    pub(super) settings: Arc<DoorSettings>,
    /// For what the library's channel can't say.
    pub(super) handle: Handle,
    /// Says when the connection's backlog is high.
    pub(super) pulse: Arc<Pulse>,
    /// What the operator grants on this channel.
    pub(super) grants: Arc<Grants>,
}

/// Opens the channel on the device and relays it to its end.
pub(super) async fn serve<D: Door>(
    line: Line<D>,
    opening: Opening,
    channel: Channel<Msg>,
    reply: ChannelOpenHandle,
    asks: mpsc::Receiver<Asked>,
) {
    let is_session = opening == Opening::Session;
    let (read, write) = channel.split();
    let Line { handle, pulse, grants, .. } = &line;
    let outward = Outward::new(write, handle.clone(), pulse.clone(), grants.clone(), is_session);
    match line.door.open(&line.guest, opening).await {
        Ok(opened) => {
            reply.accept().await;
            relay(&line.settings, opened, outward, read, asks).await;
        }
        Err(Refusal::Unreachable(reason)) if is_session => {
            reply.accept().await;
            explain(outward, read, asks, &reason).await;
        }
        Err(refusal) => {
            let (code, reason) = match refusal {
                Refusal::Full(reason) => (SHORTAGE, reason),
                Refusal::Prohibited(reason) => (PROHIBITED, reason),
                Refusal::Unreachable(reason) => (CONNECT_FAILED, reason),
            };
            reply.reject(ChannelOpenFailure::Other { code, reason }).await;
        }
    }
}

/// Grants what is asked for, says why it can't be, and ends.
async fn explain(
    mut outward: Outward,
    mut read: ChannelReadHalf,
    mut asks: mpsc::Receiver<Asked>,
    reason: &str,
) {
    let asked = async {
        while let Some(Asked { ask, answer }) = asks.recv().await {
            let is_start = matches!(ask, Ask::Start(_));
            if matches!(ask, Ask::Terminal(_)) {
                outward.has_terminal.store(true, Ordering::Relaxed);
            }
            let _ = answer.send(true);
            if is_start {
                break;
            }
        }
    };
    let gone = async { while read.wait().await.is_some() {} };
    tokio::select! {
        () = asked => {}
        () = gone => return,
        () = sleep(EXPLAINING) => {}
    }
    outward.close(Some(reason)).await;
}

/// Relays an opened channel to its end, and tells its keeper.
async fn relay(
    settings: &DoorSettings,
    opened: Opened,
    mut outward: Outward,
    read: ChannelReadHalf,
    asks: mpsc::Receiver<Asked>,
) {
    let Opened { device, channel, mut keeper, output, budget, traffic, killed } = opened;
    let (input, from_operator) = Spool::new(settings.input, &budget);
    let (frames, to_operator) = Spool::new(output, &budget);
    let feeding = feed(read, input, settings.input, settings.stall);
    let towards = Towards {
        frames: FrameWriter::new(frames),
        traffic: traffic.clone(),
        has_terminal: outward.has_terminal.clone(),
    };
    let name = device.clone();
    let is_started = !outward.is_session;
    let (relay, writing) = Relay::new(device, channel, is_started, from_operator, towards);
    let relaying = beside(relay.run(asks, keeper.as_mut()), writing);
    let delivering = outward.deliver(FrameReader::new(to_operator), &traffic);
    let why = until_over(relaying, delivering, feeding, killed, &traffic, settings.patience).await;
    let why = why.filter(|_| !outward.is_complete()); // whatever came after its end did not end it
    let told = why.as_ref().filter(|why| **why != Why::OperatorGone);
    let told = told.map(|why| last_words(&name, why));
    outward.close(told.as_deref()).await;
    keeper.ended(Ended {
        exit_status: outward.exit_status,
        exit_signal: outward.exit_signal,
        reason: why,
    });
}

/// Runs `main` to its end, and `side` beside it.
pub(super) async fn beside<T>(main: impl Future<Output = T>, side: impl Future<Output = ()>) -> T {
    let (mut main, mut side) = (pin!(main), pin!(side));
    tokio::select! {
        end = &mut main => return end,
        () = &mut side => {}
    }
    main.await
}

/// Waits until the device's side has ended and what it said is delivered, or something ends the channel before. Gives the reason,
/// if it ends before its time.
pub(super) async fn until_over(
    relaying: impl Future<Output = End>,
    delivering: impl Future<Output = Result<Option<Cut>, Gone>>,
    feeding: impl Future<Output = Result<(), Stalled>>,
    mut killed: Pin<Box<dyn Future<Output = String> + Send>>,
    traffic: &Traffic,
    patience: Patience,
) -> Option<Why> {
    let mut delivering = pin!(delivering);
    let mut feeding = pin!(feeding);
    let early = tokio::select! {
        end = relaying => match end {
            End::Whole => None,
            End::Early(why) => Some(why),
        },
        delivered = &mut delivering => return Some(undelivered(delivered)),
        result = &mut feeding => return Some(operators_end(result)),
        reason = &mut killed => return Some(Why::Killed(reason)),
    };
    let patience = match &early {
        Some(Why::OutputFull(_)) => patience.cut,
        _ => patience.ended,
    };
    tokio::select! {
        biased;
        delivered = &mut delivering => match delivered {
            Ok(None) => early,
            delivered => early.or(Some(undelivered(delivered))),
        },
        reason = &mut killed => Some(Why::Killed(reason)),
        () = ended(&mut feeding) => early.or(Some(Why::OperatorGone)),
        () = out_of_patience(traffic, patience) => early.or(Some(Why::OperatorStalled)),
    }
}

/// Resolves when the operator's side has ended. That the device took too little matters no more.
async fn ended(feeding: &mut Pin<&mut impl Future<Output = Result<(), Stalled>>>) {
    if feeding.await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Why not everything was delivered.
fn undelivered(delivered: Result<Option<Cut>, Gone>) -> Why {
    match delivered {
        Ok(Some(cut)) => Why::OutputFull(cut.to_string()),
        Ok(None) | Err(Gone) => Why::OperatorGone,
    }
}

/// What the end of the operator's side means.
fn operators_end(result: Result<(), Stalled>) -> Why {
    match result {
        Ok(()) => Why::OperatorGone,
        Err(Stalled) => Why::InputStalled,
    }
}

/// The reason as the operator reads it.
pub(super) fn last_words(device: &str, why: &Why) -> String {
    match why {
        Why::Refused(reason) => reason.clone(),
        why => format!("{device}: {why}"),
    }
}

/// Resolves when nothing of what waits has been taken for `patience`.
async fn out_of_patience(traffic: &Traffic, patience: Duration) {
    let mut waiting = traffic.waiting();
    let mut since = Instant::now();
    loop {
        sleep(Duration::from_secs(1).min(patience)).await;
        let now = traffic.waiting();
        if now < waiting {
            (waiting, since) = (now, Instant::now());
        } else if since.elapsed() >= patience {
            return;
        }
    }
}
