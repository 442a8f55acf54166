//! One channel between operator and device, from the device's confirmation to its end.
//!
//! ```text
//!   asks ───────────────────▶ ┌───────┐ ──requests──────────▶
//!   input spool ────────────▶ │ relay │ ──chunks, in window─▶  device
//!   ◀── Outward ◀── frames ── └───────┘ ◀──events, at once ──
//! ```
//!
//! Nothing here waits for the operator, and of what runs only the chunks and what is urgent wait for the device, beside the reading.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc::OwnedPermit;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::answers::{Answers, Wanted};
use super::channel::{Ask, Asked};
use super::chunks::{Chunk, write_chunks};
use super::frames::{Frame, FrameWriter};
use super::inspect::Inspected;
use super::urgent::{Urgent, send_urgent};
use super::{Keeper, Plan, Traffic, Why};
use crate::device_link::{ChannelReader, ChannelRequests, DeviceChannel, Event, PtyRequest, Start};
use crate::spool::{Cut, SpoolReader};

/// How long a session may take until something is asked for.
const IDLE: Duration = Duration::from_secs(60);
/// How long the end of a session's data waits for its exit status. A client that has nothing more to say itself closes the channel
/// at that end, and then hears nothing more: without its exit status, `ssh` by a control master ends with 255.
const EOF_HELD: Duration = Duration::from_secs(1);
/// Chunks on their way to the device.
const CHUNKS: usize = 2;

/// How the device's side ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// In good order.
    Whole,
    /// Before its time; what came before is still delivered.
    Early(Why),
}

/// Everything about one channel but the operator's side.
pub(super) struct Relay {
    /// What reasons begin with.
    device: String,
    /// From the device.
    reader: ChannelReader,
    /// To the device, in order, until the channel has begun.
    requests: ChannelRequests,
    /// To the device, once it has.
    urgent: Arc<Urgent>,
    /// How the connection ended, when it has.
    lost: Pin<Box<dyn Future<Output = String> + Send>>,
    /// From the operator.
    input: SpoolReader,
    /// Towards the writer of chunks.
    chunks: mpsc::Sender<Chunk>,
    /// Room for the next chunk.
    permit: Option<OwnedPermit<Chunk>>,
    /// Inspected, and not yet handed to the writer.
    outbox: VecDeque<Chunk>,
    /// No more comes from the operator.
    input_over: bool,
    /// Where the device's answers go, the oldest first.
    answers: Answers,
    /// Data may pass.
    is_started: bool,
    /// An exit status or signal is to be expected.
    awaits_status: bool,
    /// An exit status or signal has come.
    has_status: bool,
    /// The end of data has come.
    has_eof: bool,
    /// Until when the end of data waits for it.
    held_eof: Option<Instant>,
    /// The terminal that was asked for.
    terminal: Option<PtyRequest>,
    /// What goes along.
    plan: Plan,
    /// The writer of chunks is at work.
    is_writing: bool,
    /// Towards the operator.
    towards: Towards,
}

/// The way to the operator.
pub(super) struct Towards {
    /// Where everything waits.
    pub(super) frames: FrameWriter,
    /// Counted.
    pub(super) traffic: Arc<Traffic>,
    /// Set when a terminal is granted.
    pub(super) has_terminal: Arc<AtomicBool>,
}

impl Relay {
    /// Takes a bare channel over; the future is the writer of chunks and of what is urgent, to be polled beside it.
    pub(super) fn new(
        device: String,
        channel: DeviceChannel,
        is_started: bool,
        input: SpoolReader,
        towards: Towards,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let requests = channel.requests();
        let lost = Box::pin(channel.lost());
        let (reader, writer) = channel.split();
        let (chunks, waiting) = mpsc::channel(CHUNKS);
        let writing = write_chunks(writer, waiting, towards.traffic.clone());
        let urgent = Arc::new(Urgent::default());
        let sending = send_urgent(requests.clone(), Arc::clone(&urgent));
        let writing = async move {
            tokio::join!(writing, sending);
        };
        let relay = Self {
            device,
            reader,
            requests,
            urgent,
            lost,
            input,
            chunks,
            permit: None,
            outbox: VecDeque::new(),
            input_over: false,
            answers: Answers::default(),
            is_started,
            awaits_status: !is_started,
            has_status: false,
            has_eof: false,
            held_eof: None,
            terminal: None,
            plan: Plan::default(),
            is_writing: true,
            towards,
        };
        (relay, writing)
    }

    /// Runs until the device's side has ended, then closes the spool towards the operator.
    pub(super) async fn run(
        mut self,
        mut asks: mpsc::Receiver<Asked>,
        keeper: &mut dyn Keeper,
    ) -> End {
        let end = self.until_end(&mut asks, keeper).await;
        match &end {
            End::Whole => self.towards.frames.finish(),
            End::Early(why) => {
                if matches!(why, Why::OutputFull(_)) {
                    keeper.cut(why);
                }
                self.towards.frames.give_up(&why.to_string());
            }
        }
        end
    }

    /// The loop.
    async fn until_end(
        &mut self,
        asks: &mut mpsc::Receiver<Asked>,
        keeper: &mut dyn Keeper,
    ) -> End {
        let idle = Instant::now() + IDLE;
        let mut asks_open = true;
        loop {
            self.hand_over();
            let takes_input = self.takes_input();
            let inspecting = self.plan.inspector.is_some();
            let inspector = &mut self.plan.inspector;
            let ready = std::future::poll_fn(|cx| match inspector {
                Some(inspector) => inspector.poll_ready(cx),
                None => std::task::Poll::Pending,
            });
            let chunks = &self.chunks;
            let (is_writing, has_permit) = (self.is_writing, self.permit.is_some());
            let is_idle = !self.is_started;
            let held = self.held_eof;
            let done = tokio::select! {
                event = self.reader.next() => match event {
                    Some(event) => self.handle_event(event),
                    None => Err(self.channel_ended().await),
                },
                asked = asks.recv(), if asks_open => match asked {
                    Some(asked) => self.asked(asked, keeper).await,
                    None => {
                        asks_open = false;
                        Ok(())
                    }
                },
                piece = self.input.next(), if takes_input => self.handle_piece(piece),
                permit = chunks.clone().reserve_owned(), if is_writing && !has_permit => {
                    self.is_writing = permit.is_ok();
                    self.permit = permit.ok();
                    Ok(())
                }
                () = ready, if inspecting => self.inspected(),
                why = &mut self.lost => Err(End::Early(Why::DeviceLost(why))),
                () = tokio::time::sleep_until(idle), if is_idle => Err(End::Early(Why::Idle)),
                () = at(held) => self.let_eof_go(),
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    /// Whether the next piece of the operator can be dealt with.
    fn takes_input(&self) -> bool {
        let inspector = self.plan.inspector.as_ref();
        self.is_started
            && !self.input_over
            && self.permit.is_some()
            && self.outbox.is_empty()
            && inspector.is_none_or(|inspector| inspector.takes_more())
    }

    /// Gives the writer what it has room for.
    fn hand_over(&mut self) {
        while let Some(permit) = self.permit.take() {
            let Some(chunk) = self.outbox.pop_front() else {
                self.permit = Some(permit);
                return;
            };
            permit.send(chunk);
            self.permit = self.chunks.clone().try_reserve_owned().ok();
        }
    }

    /// One thing that the device said.
    fn handle_event(&mut self, event: Event) -> Result<(), End> {
        match event {
            Event::Data(bytes) => {
                self.towards.traffic.from_device.fetch_add(bytes.len() as u64, Relaxed);
                if let Some(inspector) = &mut self.plan.inspector {
                    inspector.handle_device(&bytes);
                    return self.inspected();
                }
                self.pass_on(Frame::Data(bytes))
            }
            Event::Stderr(bytes) => {
                self.towards.traffic.from_device.fetch_add(bytes.len() as u64, Relaxed);
                self.pass_on(Frame::Errors(bytes))
            }
            Event::Eof => {
                self.has_eof = true;
                if !self.awaits_status {
                    return self.pass_on(Frame::Eof);
                }
                self.held_eof = Some(Instant::now() + EOF_HELD);
                Ok(())
            }
            Event::ExitStatus(status) => {
                self.has_status = true;
                self.pass_on(Frame::Status(status))?;
                self.let_eof_go()
            }
            Event::ExitSignal(signal) => {
                self.has_status = true;
                self.pass_on(Frame::Signal(signal))?;
                self.let_eof_go()
            }
            Event::Answer(granted) => {
                self.answered(granted);
                Ok(())
            }
        }
    }

    /// The end of data waits for nothing more.
    fn let_eof_go(&mut self) -> Result<(), End> {
        self.awaits_status = false;
        match self.held_eof.take() {
            Some(_) => self.pass_on(Frame::Eof),
            None => Ok(()),
        }
    }

    /// The device granted or refused the oldest request.
    fn answered(&mut self, granted: bool) {
        let Some((answer, wanted)) = self.answers.next() else { return };
        match (wanted, granted) {
            (Wanted::Terminal, true) => self.towards.has_terminal.store(true, Relaxed),
            (Wanted::Start, false) => {
                self.is_started = false;
                self.plan = Plan::default();
            }
            _ => {}
        }
        let _ = answer.send(granted);
    }

    /// Puts a frame where it waits for the operator.
    fn pass_on(&mut self, frame: Frame) -> Result<(), End> {
        if let Frame::Data(bytes) | Frame::Errors(bytes) = &frame {
            self.towards.traffic.waiting.fetch_add(bytes.len() as u64, Relaxed);
            if let Some(witness) = &mut self.plan.witness {
                witness.output(bytes);
            }
        }
        self.towards.frames.write(frame).map_err(|cut| match cut {
            Cut::ReaderGone => End::Early(Why::OperatorGone),
            cut => End::Early(Why::OutputFull(cut.to_string())),
        })
    }

    /// One piece of the operator, or the end of them.
    fn handle_piece(&mut self, piece: Result<Option<Bytes>, Cut>) -> Result<(), End> {
        match piece {
            Ok(Some(bytes)) => {
                if let Some(witness) = &mut self.plan.witness {
                    witness.input(&bytes);
                }
                if let Some(inspector) = &mut self.plan.inspector {
                    inspector.handle_operator(&bytes);
                    return self.inspected();
                }
                self.outbox.push_back(Chunk::Data(bytes));
            }
            Ok(None) => {
                self.input_over = true;
                if let Some(inspector) = &mut self.plan.inspector {
                    inspector.handle_operator_eof();
                    return self.inspected();
                }
                self.outbox.push_back(Chunk::Eof);
            }
            Err(_) => self.input_over = true, // whoever cut it tells why
        }
        Ok(())
    }

    /// Carries out what the inspector says.
    fn inspected(&mut self) -> Result<(), End> {
        while let Some(action) = self.plan.inspector.as_mut().and_then(|it| it.poll_action()) {
            match action {
                Inspected::ToDevice(bytes) => self.outbox.push_back(Chunk::Data(bytes)),
                Inspected::ToOperator(bytes) => self.pass_on(Frame::Data(bytes))?,
                Inspected::DeviceEof => self.outbox.push_back(Chunk::Eof),
                Inspected::Close(reason) => return Err(End::Early(Why::Refused(reason))),
            }
        }
        Ok(())
    }

    /// The device closed the channel, or is gone altogether.
    async fn channel_ended(&mut self) -> End {
        if self.has_status && self.has_eof {
            return End::Whole;
        }
        // The link's end may be known a moment later than its channels'.
        match tokio::time::timeout(Duration::from_millis(50), &mut self.lost).await {
            Ok(why) => End::Early(Why::DeviceLost(why)),
            Err(_) => {
                self.answers.refuse();
                End::Whole
            }
        }
    }

    /// Passes a request on, or refuses it.
    async fn asked(&mut self, asked: Asked, keeper: &mut dyn Keeper) -> Result<(), End> {
        let Asked { ask, answer } = asked;
        let passed = match ask {
            Ask::Terminal(_) | Ask::Variable(..) | Ask::Start(_) if self.is_started => {
                let _ = answer.send(false);
                return Ok(());
            }
            Ask::Terminal(terminal) => {
                let passed = self.requests.terminal(&terminal).await;
                self.terminal = Some(terminal);
                self.answers.expect(answer, Wanted::Terminal);
                passed
            }
            Ask::Variable(name, value) => {
                let _ = answer.send(true);
                self.requests.variable(&name, &value).await
            }
            Ask::Start(start) => return self.start(start, answer, keeper).await,
            Ask::Resize(size) => {
                if let Some(witness) = &mut self.plan.witness {
                    witness.resized(size.columns, size.rows);
                }
                if self.is_started {
                    self.urgent.resize(size);
                    return Ok(());
                }
                self.requests.resize(size).await
            }
            Ask::Signal(name) if self.is_started => {
                self.urgent.signal(name);
                return Ok(());
            }
            Ask::Signal(name) => self.requests.signal(&name).await,
        };
        let _ = passed; // a closed channel is told by its reader
        Ok(())
    }

    /// Asks the keeper, then the device.
    async fn start(
        &mut self,
        start: Start,
        answer: oneshot::Sender<bool>,
        keeper: &mut dyn Keeper,
    ) -> Result<(), End> {
        // Kept where it is granted if the channel ends in the meantime.
        self.answers.expect(answer, Wanted::Start);
        match keeper.start(&start, self.terminal.as_ref()).await {
            Ok(plan) => {
                self.plan = plan;
                self.is_started = true;
                let _ = self.requests.start(&start).await;
                self.inspected()
            }
            Err(reason) => {
                let reason = format!("{}: {reason}", self.device);
                Err(End::Early(Why::Refused(reason)))
            }
        }
    }
}

/// Resolves at that moment; never, if there is none.
async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
