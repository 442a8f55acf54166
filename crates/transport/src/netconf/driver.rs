//! The task of a session: it moves bytes between the stream and the machine, and carries out what comes out.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use homing_proto::netconf::client::{Action, Received, RequestId, Session};
use homing_proto::netconf::hello::Hello;
use homing_proto::netconf::reply::Summary;
use homing_proto::netconf::rpc::Operation;
use homing_proto::netconf::session::{Closed, Reason};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout};

use super::desk::{Command, Desk};
use super::timer::Timer;
use super::{PieceStream, ReplyEnd, ReplySink, Rpc, RpcFailure, SinkFull};

/// How long the stream may take to be closed.
const SHUTDOWN: Duration = Duration::from_secs(2);

/// A request that the machine has.
struct Running {
    id: RequestId,
    reply: Box<dyn ReplySink>,
    /// Why it took no more.
    cut: Option<SinkFull>,
}

pub(super) struct Driver<S> {
    stream: S,
    session: Session,
    desk: Arc<Desk>,
    /// Whether a handle may still ask for something.
    asked: bool,
    /// In the order in which they were asked for.
    running: Vec<Running>,
    /// What is to be written, from `written` on.
    out: Vec<u8>,
    written: usize,
    timer: Timer,
    hello: Option<Hello>,
    closed: Option<Closed>,
}

impl<S: PieceStream> Driver<S> {
    pub(super) fn new(stream: S, session: Session, desk: Arc<Desk>) -> Self {
        Self {
            stream,
            session,
            desk,
            asked: true,
            running: Vec::new(),
            out: Vec::new(),
            written: 0,
            timer: Timer::default(),
            hello: None,
            closed: None,
        }
    }

    /// Runs until the hellos are exchanged.
    pub(super) async fn greet(&mut self) -> Result<Hello, Closed> {
        poll_fn(|cx| self.poll_until(cx, |driver| driver.hello.is_some())).await;
        if let Some(closed) = self.closed {
            self.shut_down().await;
            return Err(closed);
        }
        self.hello.take().ok_or(Closed::by_us(Reason::Stopped))
    }

    /// Runs until the session is over.
    pub(super) async fn run(mut self) {
        let over = EndOnDrop(Arc::clone(&self.desk));
        poll_fn(|cx| self.poll_until(cx, |_| false)).await;
        over.say(self.closed);
        self.shut_down().await;
    }

    /// Does all that there is to do; ready when the session is over, or `is_done`.
    fn poll_until(&mut self, cx: &mut Context<'_>, is_done: fn(&Self) -> bool) -> Poll<()> {
        loop {
            self.act();
            if self.closed.is_some() || is_done(self) {
                return Poll::Ready(());
            }
            let commanded = self.poll_command(cx);
            let written = self.poll_write(cx);
            let read = self.poll_read(cx);
            let deadline = self.session.poll_timeout().map(Instant::from_std);
            let is_late = self.timer.poll(deadline, cx);
            if is_late {
                self.session.handle_timeout(Instant::now().into_std());
            }
            if !(commanded || written || read || is_late) {
                return Poll::Pending;
            }
        }
    }

    /// Whether there was a command.
    fn poll_command(&mut self, cx: &Context<'_>) -> bool {
        if !self.asked {
            return false;
        }
        match self.desk.poll_take(cx) {
            Poll::Pending => return false,
            Poll::Ready(Some(Command::Rpc(rpc))) => self.request(rpc),
            Poll::Ready(Some(Command::Close)) => self.close(),
            Poll::Ready(None) => {
                self.asked = false;
                self.close();
            }
        }
        self.act();
        true
    }

    /// Whether something was written.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> bool {
        let unwritten = self.out.get(self.written..).unwrap_or_default();
        if unwritten.is_empty() {
            return false;
        }
        match Pin::new(&mut self.stream).poll_write(cx, unwritten) {
            Poll::Pending => return false,
            Poll::Ready(Err(_) | Ok(0)) => self.session.handle_end_of_stream(),
            Poll::Ready(Ok(count)) => {
                self.written += count;
                if self.written == self.out.len() {
                    (self.out, self.written) = (Vec::new(), 0);
                }
            }
        }
        true
    }

    /// Whether something came, or the end.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> bool {
        match self.stream.poll_piece(cx) {
            Poll::Pending => return false,
            Poll::Ready(Ok(bytes)) if !bytes.is_empty() => self.received(&bytes),
            Poll::Ready(_) => self.session.handle_end_of_stream(),
        }
        true
    }

    fn close(&mut self) {
        self.session.handle_close(Instant::now().into_std());
    }

    fn received(&mut self, bytes: &Bytes) {
        self.forget_abandoned();
        let (running, hello) = (&mut self.running, &mut self.hello);
        let now = Instant::now().into_std();
        self.session.handle_data(bytes, now, &mut |received| match received {
            Received::Hello(theirs) => *hello = Some(theirs),
            Received::Reply(id, piece) => {
                if let Some(running) = running.iter_mut().find(|running| running.id == id) {
                    running.push(part_of(bytes, piece));
                }
            }
            Received::ReplyEnd(id, summary) => {
                if let Some(running) = take(running, id) {
                    running.finish(summary);
                }
            }
        });
        if self.running.is_empty() {
            self.running = Vec::new();
        }
    }

    /// Requests that nobody waits for any more are not sent.
    fn forget_abandoned(&mut self) {
        let session = &mut self.session;
        self.running.retain(|one| !(one.reply.is_abandoned() && session.handle_cancelled(one.id)));
    }

    fn request(&mut self, rpc: Rpc) {
        let Rpc { operation, reply, deadline } = rpc;
        if reply.is_abandoned() {
            return;
        }
        let added = Operation::new(&operation).map_err(RpcFailure::from).and_then(|operation| {
            let compose = |message_id: &str| operation.compose(message_id);
            Ok(self.session.handle_request(compose, deadline.into_std())?)
        });
        match added {
            Ok(id) => self.running.push(Running { id, reply, cut: None }),
            Err(failure) => reply.ended(Err(failure)),
        }
    }

    /// Carries out what the machine wants.
    fn act(&mut self) {
        let mut given_up = Vec::new();
        while let Some(action) = self.session.poll_action() {
            match action {
                Action::Send(bytes) if self.out.is_empty() => self.out = bytes,
                Action::Send(bytes) => self.out.extend_from_slice(&bytes),
                Action::GiveUp(one) => given_up.push(one),
                Action::Close(closed) => self.closed = Some(closed),
            }
        }
        for given_up in given_up {
            if let Some(running) = take(&mut self.running, given_up.id) {
                let failure = RpcFailure::from_given_up(given_up, self.closed);
                running.reply.ended(Err(failure));
            }
        }
    }

    /// Writes what is left and closes the stream, without waiting long.
    async fn shut_down(&mut self) {
        let unwritten = self.out.get(self.written..).unwrap_or_default();
        let _ = timeout(SHUTDOWN, async {
            self.stream.write_all(unwritten).await?;
            self.stream.shutdown().await
        })
        .await;
    }
}

/// The very bytes of `piece`, which mostly is part of `whole`.
fn part_of(whole: &Bytes, piece: &[u8]) -> Bytes {
    let (all, part) = (whole.as_ptr_range(), piece.as_ptr_range());
    if all.start <= part.start && part.end <= all.end {
        whole.slice_ref(piece)
    } else {
        Bytes::copy_from_slice(piece)
    }
}

fn take(running: &mut Vec<Running>, id: RequestId) -> Option<Running> {
    let place = running.iter().position(|running| running.id == id)?;
    Some(running.remove(place))
}

/// A task that is dropped ends its session too.
struct EndOnDrop(Arc<Desk>);

impl EndOnDrop {
    /// Tells everybody how it ended.
    fn say(&self, closed: Option<Closed>) {
        let left = self.0.end(closed.unwrap_or(Closed::by_us(Reason::Stopped)));
        for command in left {
            if let Command::Rpc(rpc) = command {
                rpc.reply.ended(Err(RpcFailure::LostUnsent(closed)));
            }
        }
    }
}

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.say(None);
    }
}

impl Running {
    fn push(&mut self, piece: Bytes) {
        if self.cut.is_none() {
            self.cut = self.reply.push(piece).err();
        }
    }

    fn finish(self, summary: Summary) {
        self.reply.ended(Ok(ReplyEnd { summary, cut: self.cut }));
    }
}
