//! The session with the running agent: NETCONF on its Unix socket, one request after the other.

use std::io::Read as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use homing_proto::netconf::client::Settings;
use homing_proto::netconf::element::Element;
use homing_proto::netconf::scan::Limits;
use homing_transport::Prefixed;
use homing_transport::netconf::{
    NetconfClient, Pieces, ReplyEnd, ReplySink, Rpc, RpcFailure, SinkFull,
};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

use crate::control::client::{AskError, refusal};

/// How long the hellos may take.
const GREETING: Duration = Duration::from_secs(10);
/// How long an answer may take; a `ping` has a minute for itself.
const PATIENCE: Duration = Duration::from_secs(300);
/// The most bytes of an answer; the longest configuration has 4 MiB, and XML several bytes for each of its.
const LONGEST: usize = 64 * 1024 * 1024;
/// The most elements of an answer.
const MOST_ELEMENTS: usize = 1_000_000;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    #[error(transparent)]
    Ask(#[from] AskError),
    #[error("the agent does not speak NETCONF: {0}")]
    Start(String),
    #[error("the agent did not answer: {0}")]
    Lost(String),
    #[error("interrupted; whether it was done is not known")]
    Interrupted,
    #[error("the answer can't be read: {0}")]
    Unreadable(String),
    #[error("can't start: {0}")]
    System(std::io::Error),
}

impl LinkError {
    /// Whether the session is over.
    pub(super) fn is_final(&self) -> bool {
        !matches!(self, Self::Unreadable(_))
    }

    /// The exit status of the command.
    pub(super) fn exit_status(&self) -> u8 {
        match self {
            Self::Ask(error) => error.exit_status(),
            _ => 1,
        }
    }
}

/// The session.
pub(super) struct Link {
    runtime: Runtime,
    client: NetconfClient,
    interrupts: Signal,
}

impl Link {
    /// Greets the agent behind `socket`, with this request line.
    ///
    /// # Errors
    /// There is no agent, or it refuses.
    pub(super) fn open(socket: &Path, request: &str) -> Result<Self, LinkError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(LinkError::System)?;
        let stream = crate::control::client::dial(socket, request)?;
        let first = first_byte(&stream)?;
        let (client, interrupts) = runtime.block_on(async {
            stream.set_nonblocking(true).map_err(LinkError::System)?;
            let stream = tokio::net::UnixStream::from_std(stream).map_err(LinkError::System)?;
            let stream = Pieces::new(Prefixed::new(vec![first], stream));
            let deadline = Instant::now() + GREETING;
            let started = NetconfClient::start(stream, Settings::default(), deadline).await;
            let (client, _) = started.map_err(|error| LinkError::Start(error.to_string()))?;
            // From here on an interrupt ends a request, not the program.
            let interrupts = signal(SignalKind::interrupt()).map_err(LinkError::System)?;
            Ok::<_, LinkError>((client, interrupts))
        })?;
        Ok(Self { runtime, client, interrupts })
    }

    /// Asks for an operation, and waits for the reply.
    ///
    /// # Errors
    /// There is none, or it can't be read.
    pub(super) fn ask(&mut self, operation: &str) -> Result<Element, LinkError> {
        let reply = Collected::default();
        let rpc = Rpc {
            operation: Bytes::copy_from_slice(operation.as_bytes()),
            reply: Box::new(reply.clone()),
            deadline: Instant::now() + PATIENCE,
        };
        let (client, interrupts) = (&self.client, &mut self.interrupts);
        let done = self.runtime.block_on(async {
            tokio::select! {
                done = client.rpc(rpc) => done.map_err(|error| LinkError::Lost(error.to_string())),
                _ = interrupts.recv() => Err(LinkError::Interrupted),
            }
        })?;
        if let Some(cut) = done.cut {
            return Err(LinkError::Unreadable(cut.reason));
        }
        let bytes = reply.take();
        let parsed = Element::parse(&bytes, Limits::default(), MOST_ELEMENTS);
        parsed.map_err(|error| LinkError::Unreadable(error.to_string()))
    }

    /// Ends the session in order.
    pub(super) fn close(self) {
        self.runtime.block_on(self.client.close());
        self.runtime.shutdown_background();
    }
}

/// The first byte tells a NETCONF stream from a refusal.
fn first_byte(mut stream: &UnixStream) -> Result<u8, LinkError> {
    let mut first = [0];
    stream.set_read_timeout(Some(GREETING)).map_err(AskError::NoAnswer)?;
    stream.read_exact(&mut first).map_err(AskError::NoAnswer)?;
    if first != *b"{" {
        return Ok(b'<');
    }
    let mut line = vec![b'{'];
    let _ = stream.take(64 * 1024).read_to_end(&mut line);
    Err(refusal(&line).into())
}

/// A reply in memory.
#[derive(Clone, Default)]
struct Collected(Arc<Mutex<Vec<u8>>>);

impl Collected {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ReplySink for Collected {
    fn push(&mut self, bytes: Bytes) -> Result<(), SinkFull> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() + bytes.len() > LONGEST {
            let reason = format!("the answer is longer than {} MiB", LONGEST / 1024 / 1024);
            return Err(SinkFull { code: "answer-too-long", reason });
        }
        all.extend_from_slice(&bytes);
        Ok(())
    }

    fn ended(self: Box<Self>, _: Result<ReplyEnd, RpcFailure>) {}
}
