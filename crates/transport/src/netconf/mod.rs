//! A NETCONF client's session over any stream.
//!
//! ```text
//!   NetconfClient ──commands──▶ task: stream ⇄ session machine ──pieces──▶ ReplySink (a spool)
//!      ▲   (clones)                                                           │
//!      └───────────────── ReplyEnd │ RpcFailure ◀─────────────────────────────┘
//! ```
//!
//! One task owns the stream and the machine. It always reads: a sink that is full or gone makes the rest of
//! its reply be dropped, never the stream be left unread, because an unread channel stops its whole SSH connection.
//!
//! An idle session has a read buffer of [`IDLE_BUFFER`] bytes and no timer.

mod desk;
mod driver;
mod failure;
mod sink;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use homing_proto::netconf::client::{Session, Settings};
use homing_proto::netconf::hello::Hello;
use homing_proto::netconf::reply::Summary;
use homing_proto::netconf::session::Closed;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use self::desk::{Command, Desk, Handle, Request};
use self::driver::Driver;
pub use self::failure::{RpcFailure, StartError};
pub use self::sink::{ReplySink, SinkFull};

/// Bytes of the read buffer while no reply is coming in.
pub const IDLE_BUFFER: usize = 256;

/// One request.
pub struct Rpc {
    /// The element inside `<rpc>`.
    pub operation: Bytes,
    /// Takes the reply's bytes, from `<rpc-reply` to its end.
    pub reply: Box<dyn ReplySink>,
    /// Until when the reply must be complete.
    pub deadline: Instant,
}

/// A reply that came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyEnd {
    /// What was seen in it, `<rpc-error>`s included.
    pub summary: Summary,
    /// Why the sink did not get all of it, if it didn't.
    pub cut: Option<SinkFull>,
}

/// A handle of a session; when the last clone is gone, the session is closed.
#[derive(Debug, Clone)]
pub struct NetconfClient(Arc<Handle>);

impl NetconfClient {
    /// Exchanges hellos and starts the session's task.
    ///
    /// # Errors
    /// [`StartError`]: the hellos were not exchanged until `deadline`, or don't fit.
    pub async fn start<S>(
        stream: S,
        settings: Settings,
        deadline: Instant,
    ) -> Result<(Self, Hello), StartError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let now = Instant::now();
        let settings = Settings { hello_timeout: deadline.duration_since(now), ..settings };
        let desk = Desk::new();
        let session = Session::new(settings, now.into_std());
        let mut driver = Driver::new(stream, session, Arc::clone(&desk));
        let hello = driver.greet().await.map_err(|closed| StartError { closed })?;
        tokio::spawn(driver.run());
        Ok((Self(Arc::new(Handle::new(desk))), hello))
    }

    /// Sends a request when its turn comes and waits for the end of its reply.
    ///
    /// If the returned future is dropped, a request that was not sent yet never will be; the reply to
    /// one that was is read and dropped.
    ///
    /// # Errors
    /// [`RpcFailure`], which says whether the outcome is unknown. An `<rpc-error>` is a reply.
    pub async fn rpc(&self, rpc: Rpc) -> Result<ReplyEnd, RpcFailure> {
        let desk = self.0.desk();
        let (outcome, ended) = oneshot::channel();
        let deadline = rpc.deadline;
        let request = Command::Rpc(Box::new(Request { rpc, outcome }));
        match timeout_at(deadline, desk.put(request)).await {
            Ok(Ok(())) => {}
            Ok(Err(closed)) => return Err(RpcFailure::LostUnsent(Some(closed))),
            Err(_) => return Err(RpcFailure::LateUnsent),
        }
        match ended.await {
            Ok(outcome) => outcome,
            Err(_) => Err(RpcFailure::LostSent(desk.is_closed())),
        }
    }

    /// Closes the session with `<close-session>`, behind the request that is on the wire.
    pub async fn close(&self) -> Closed {
        // If it is closed already, that is what is waited for.
        let _ = self.0.desk().put(Command::Close).await;
        self.closed().await
    }

    /// Waits for the session's end.
    pub async fn closed(&self) -> Closed {
        self.0.desk().closed().await
    }
}
