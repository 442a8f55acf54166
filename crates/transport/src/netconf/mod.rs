//! A NETCONF client's session over any stream.
//!
//! ```text
//!   NetconfClient ──commands──▶ task: stream ⇄ session machine ──pieces, end──▶ ReplySink (a spool)
//!      (clones)
//! ```
//!
//! One task owns the stream and the machine. It always reads: a sink that is full or gone makes the rest of
//! its reply be dropped, never the stream be left unread, because an unread channel stops its whole SSH connection.
//!
//! An idle session has no buffer and, once the last request's deadline is past, no timer.

mod desk;
mod driver;
mod failure;
mod pieces;
mod sink;
#[cfg(test)]
mod tests;
mod timer;

use std::sync::Arc;

use bytes::Bytes;
use homing_proto::netconf::client::{Session, Settings};
use homing_proto::netconf::hello::Hello;
use homing_proto::netconf::reply::Summary;
use homing_proto::netconf::session::Closed;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use self::desk::{Command, Desk, Handle, NoPlace};
use self::driver::Driver;
pub use self::failure::{RpcFailure, StartError};
pub use self::pieces::{PieceStream, Pieces};
use self::sink::Awaited;
pub use self::sink::{ReplySink, SinkFull};

/// One request.
pub struct Rpc {
    /// The element inside `<rpc>`.
    pub operation: Bytes,
    /// Takes the reply's bytes, from `<rpc-reply` to its end, and how it ended.
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
    pub async fn start(
        stream: impl PieceStream,
        settings: Settings,
        deadline: Instant,
    ) -> Result<(Self, Hello), StartError> {
        let now = Instant::now();
        let settings = Settings { hello_timeout: deadline.duration_since(now), ..settings };
        let desk = Desk::new();
        let session = Session::new(settings, now.into_std());
        let mut driver = Driver::new(stream, session, Arc::clone(&desk));
        let hello = driver.greet().await.map_err(|closed| StartError { closed })?;
        tokio::spawn(driver.run());
        Ok((Self(Arc::new(Handle::new(desk))), hello))
    }

    /// Sends a request when its turn comes; its sink is told how it ended. Does not wait.
    pub fn begin(&self, rpc: Rpc) {
        let desk = self.0.desk();
        match desk.place() {
            Ok(place) => desk.put_rpc(place, rpc),
            Err(NoPlace::Over(closed)) => rpc.reply.ended(Err(RpcFailure::LostUnsent(closed))),
            Err(NoPlace::Yet) => {
                let desk = Arc::clone(desk);
                tokio::spawn(async move {
                    match timeout_at(rpc.deadline, desk.wait_for_place()).await {
                        Ok(Ok(place)) => desk.put_rpc(place, rpc),
                        Ok(Err(closed)) => {
                            rpc.reply.ended(Err(RpcFailure::LostUnsent(Some(closed))));
                        }
                        Err(_) => rpc.reply.ended(Err(RpcFailure::LateUnsent)),
                    }
                });
            }
        }
    }

    /// Sends a request when its turn comes and waits for the end of its reply.
    ///
    /// If the returned future is dropped, a request that was not sent yet never will be; the reply to
    /// one that was is read and dropped.
    ///
    /// # Errors
    /// [`RpcFailure`], which says whether the outcome is unknown. An `<rpc-error>` is a reply.
    pub async fn rpc(&self, rpc: Rpc) -> Result<ReplyEnd, RpcFailure> {
        let (outcome, ended) = oneshot::channel();
        let reply = Box::new(Awaited { sink: rpc.reply, outcome });
        self.begin(Rpc { reply, ..rpc });
        match ended.await {
            Ok(outcome) => outcome,
            Err(_) => Err(RpcFailure::LostSent(self.0.desk().is_closed())),
        }
    }

    /// Closes the session with `<close-session>`, behind the request that is on the wire.
    pub async fn close(&self) -> Closed {
        let desk = self.0.desk();
        // If it is closed already, that is what is waited for.
        if let Ok(place) = desk.wait_for_place().await {
            let _ = desk.put(place, Command::Close);
        }
        self.closed().await
    }

    /// Waits for the session's end.
    pub async fn closed(&self) -> Closed {
        self.0.desk().closed().await
    }
}
