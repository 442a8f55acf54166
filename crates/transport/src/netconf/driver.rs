//! The task of a session: it moves bytes between the stream and the machine, and carries out what comes out.

use std::collections::HashMap;
use std::future::pending;
use std::io;
use std::sync::Arc;

use homing_proto::netconf::client::{Action, GivenUp, Received, RequestId, Session};
use homing_proto::netconf::hello::Hello;
use homing_proto::netconf::reply::Summary;
use homing_proto::netconf::rpc::Operation;
use homing_proto::netconf::session::{Closed, Reason};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout};

use super::desk::{Command, Desk, Request};
use super::{IDLE_BUFFER, ReplyEnd, ReplySink, RpcFailure, SinkFull};

/// Bytes of the read buffer while much comes in.
const BUSY_BUFFER: usize = 32 * 1024;

/// How long the stream may take to be closed.
const SHUTDOWN: std::time::Duration = std::time::Duration::from_secs(2);

/// A request that the machine has.
struct Running {
    /// None once it took no more.
    reply: Option<Box<dyn ReplySink>>,
    cut: Option<SinkFull>,
    outcome: oneshot::Sender<Result<ReplyEnd, RpcFailure>>,
}

pub(super) struct Driver<S> {
    reader: ReadHalf<S>,
    writer: WriteHalf<S>,
    session: Session,
    desk: Arc<Desk>,
    /// Whether a handle may still ask for something.
    asked: bool,
    running: HashMap<RequestId, Running>,
    given_up: Vec<GivenUp>,
    buffer: Vec<u8>,
    /// What is to be written, from `written` on.
    out: Vec<u8>,
    written: usize,
    hello: Option<Hello>,
    closed: Option<Closed>,
}

/// What happened while the task waited.
enum Event {
    Read(io::Result<usize>),
    Written(io::Result<usize>),
    Command(Option<Command>),
    Timeout,
}

impl<S: AsyncRead + AsyncWrite> Driver<S> {
    pub(super) fn new(stream: S, session: Session, desk: Arc<Desk>) -> Self {
        let (reader, writer) = split(stream);
        Self {
            reader,
            writer,
            session,
            desk,
            asked: true,
            running: HashMap::new(),
            given_up: Vec::new(),
            buffer: vec![0; IDLE_BUFFER],
            out: Vec::new(),
            written: 0,
            hello: None,
            closed: None,
        }
    }

    /// Runs until the hellos are exchanged.
    pub(super) async fn greet(&mut self) -> Result<Hello, Closed> {
        loop {
            self.act();
            if let Some(closed) = self.closed {
                self.shut_down().await;
                return Err(closed);
            }
            if let Some(hello) = self.hello.take() {
                return Ok(hello);
            }
            self.turn().await;
        }
    }

    /// Runs until the session is over.
    pub(super) async fn run(mut self) {
        let over = EndOnDrop(Arc::clone(&self.desk));
        loop {
            self.act();
            if self.closed.is_some() {
                break;
            }
            self.turn().await;
        }
        over.say(self.closed);
        self.shut_down().await;
    }

    /// Waits for one thing to happen and hands it to the machine.
    async fn turn(&mut self) {
        let deadline = self.session.poll_timeout().map(Instant::from_std);
        let unwritten = self.out.get(self.written..).unwrap_or_default();
        let event = tokio::select! {
            read = self.reader.read(&mut self.buffer) => Event::Read(read),
            sent = self.writer.write(unwritten), if !unwritten.is_empty() => Event::Written(sent),
            command = self.desk.take(), if self.asked => Event::Command(command),
            () = sleep_to(deadline), if deadline.is_some() => Event::Timeout,
        };
        match event {
            Event::Read(Ok(count)) if count > 0 => self.received(count),
            Event::Read(_) | Event::Written(Err(_) | Ok(0)) => self.session.handle_end_of_stream(),
            Event::Written(Ok(count)) => {
                self.written += count;
                if self.written == self.out.len() {
                    (self.out, self.written) = (Vec::new(), 0);
                }
            }
            Event::Command(Some(Command::Rpc(request))) => self.request(*request),
            Event::Command(Some(Command::Close)) => self.close(),
            Event::Command(None) => {
                self.asked = false;
                self.close();
            }
            Event::Timeout => self.session.handle_timeout(Instant::now().into_std()),
        }
    }

    fn close(&mut self) {
        self.session.handle_close(Instant::now().into_std());
    }

    fn received(&mut self, count: usize) {
        for (id, running) in &self.running {
            if running.outcome.is_closed() {
                self.session.handle_cancelled(*id);
            }
        }
        let (running, hello) = (&mut self.running, &mut self.hello);
        let bytes = self.buffer.get(..count).unwrap_or_default();
        self.session.handle_data(
            bytes,
            Instant::now().into_std(),
            &mut |received| match received {
                Received::Hello(theirs) => *hello = Some(theirs),
                Received::Reply(id, piece) => {
                    if let Some(running) = running.get_mut(&id) {
                        running.push(piece);
                    }
                }
                Received::ReplyEnd(id, summary) => {
                    if let Some(running) = running.remove(&id) {
                        running.finish(summary);
                    }
                }
            },
        );
        self.fit_buffer(count);
    }

    /// A large buffer while much comes in, a small one while nothing is due.
    fn fit_buffer(&mut self, count: usize) {
        if self.running.is_empty() {
            if self.buffer.len() > IDLE_BUFFER {
                self.buffer = vec![0; IDLE_BUFFER];
            }
            self.running = HashMap::new();
        } else if count == self.buffer.len() && count < BUSY_BUFFER {
            self.buffer = vec![0; BUSY_BUFFER.min(count * 8)];
        }
    }

    fn request(&mut self, request: Request) {
        let Request { rpc, outcome } = request;
        if outcome.is_closed() {
            return;
        }
        let added =
            Operation::new(&rpc.operation).map_err(RpcFailure::from).and_then(|operation| {
                let compose = |message_id: &str| operation.compose(message_id);
                Ok(self.session.handle_request(compose, rpc.deadline.into_std())?)
            });
        let running = Running { reply: Some(rpc.reply), cut: None, outcome };
        match added {
            Ok(id) => drop(self.running.insert(id, running)),
            Err(failure) => running.fail(failure),
        }
    }

    /// Carries out what the machine wants.
    fn act(&mut self) {
        while let Some(action) = self.session.poll_action() {
            match action {
                Action::Send(bytes) if self.out.is_empty() => self.out = bytes,
                Action::Send(bytes) => self.out.extend_from_slice(&bytes),
                Action::GiveUp(given_up) => self.given_up.push(given_up),
                Action::Close(closed) => self.closed = Some(closed),
            }
        }
        for given_up in std::mem::take(&mut self.given_up) {
            if let Some(running) = self.running.remove(&given_up.id) {
                running.fail(RpcFailure::from_given_up(given_up, self.closed));
            }
        }
    }

    /// Writes what is left and closes the stream, without waiting long.
    async fn shut_down(&mut self) {
        let unwritten = self.out.get(self.written..).unwrap_or_default();
        let _ = timeout(SHUTDOWN, async {
            self.writer.write_all(unwritten).await?;
            self.writer.shutdown().await
        })
        .await;
    }
}

/// A task that is dropped ends its session too.
struct EndOnDrop(Arc<Desk>);

impl EndOnDrop {
    /// Tells everybody how it ended.
    fn say(&self, closed: Option<Closed>) {
        let left = self.0.end(closed.unwrap_or(Closed::by_us(Reason::Stopped)));
        for command in left {
            if let Command::Rpc(request) = command {
                // Whoever asked may be gone.
                let _ = request.outcome.send(Err(RpcFailure::LostUnsent(closed)));
            }
        }
    }
}

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.say(None);
    }
}

async fn sleep_to(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => pending().await,
    }
}

impl Running {
    fn push(&mut self, piece: &[u8]) {
        if let Some(reply) = &mut self.reply
            && let Err(full) = reply.push(piece)
        {
            if let Some(reply) = self.reply.take() {
                reply.give_up(&full.reason);
            }
            self.cut = Some(full);
        }
    }

    fn finish(self, summary: Summary) {
        if let Some(reply) = self.reply {
            reply.finish();
        }
        let _ = self.outcome.send(Ok(ReplyEnd { summary, cut: self.cut }));
    }

    fn fail(self, failure: RpcFailure) {
        if let Some(reply) = self.reply {
            reply.give_up(&failure.to_string());
        }
        let _ = self.outcome.send(Err(failure));
    }
}
