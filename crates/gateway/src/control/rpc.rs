//! One RPC on a device: queued, sent, its reply spooled, its end told.
//!
//! ```text
//!   run ──▶ NETCONF session's task ──pieces──▶ Line ──▶ spool ──▶ RpcReply
//!                                  ───end────▶   └──▶ audit trail, then RpcReply
//! ```
//!
//! The session's task holds the [`Line`], so that a caller who goes away changes nothing on the wire or in the trail.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use homing_proto::identity::DeviceName;
use homing_transport::netconf::{ReplySink, Rpc, RpcFailure, SinkFull};
use homing_transport::spool::{Spool, SpoolLimits, SpoolWriter};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::ControlError;
use super::judge::{Judged, Told};
use super::reply::{Ended, RpcReply};
use crate::session::Session;
use crate::shared::Shared;
use crate::store::DeviceRecord;

/// Sends what was judged to the device; answers when its reply begins, or it is sure that none will.
pub(super) async fn run(
    shared: &Arc<Shared>,
    record: &DeviceRecord,
    judged: Judged,
    told: Told,
    timeout: Duration,
) -> Result<RpcReply, ControlError> {
    let begun = match session(shared, record) {
        Ok(session) => told.begin(&judged).await.map(|()| session),
        Err(error) => Err(error),
    };
    let session = match begun {
        Ok(session) => session,
        Err(error) => {
            told.refused(&error);
            return Err(error);
        }
    };
    let limits = SpoolLimits {
        memory: usize::try_from(shared.settings.spool.memory).unwrap_or(usize::MAX),
        disk: shared.settings.spool.reply.saturating_sub(shared.settings.spool.memory),
    };
    let (writer, mut pieces) = Spool::new(limits, &shared.budget);
    let (reply, ended) = Line::new(&session, writer, told);
    let deadline = Instant::now() + timeout;
    session.netconf.begin(Rpc { operation: judged.text, reply: Box::new(reply), deadline });
    let cut = match pieces.next().await {
        Ok(Some(first)) => return Ok(RpcReply::begun(record.name.clone(), first, pieces, ended)),
        Ok(None) => None,
        Err(cut) => Some(cut),
    };
    // Not a byte of a reply: the RPC is over, and mostly because it failed.
    let early = ended.await.map_err(|_| ControlError::Stopping)?;
    early.as_ref().map_err(|failure| refusal(&record.name, failure))?;
    Ok(RpcReply::empty(&record.name, cut, pieces, early))
}

fn session(shared: &Shared, record: &DeviceRecord) -> Result<Arc<Session>, ControlError> {
    if *shared.stopping.borrow() {
        return Err(ControlError::Stopping);
    }
    shared.fleet.session(&record.name).ok_or_else(|| offline(shared, &record.name))
}

/// When and why the device left.
pub(super) fn offline(shared: &Shared, name: &DeviceName) -> ControlError {
    let away = shared.standings.away(name);
    let reason = away.unwrap_or_else(|| "it was never in session".to_owned());
    ControlError::Offline { name: name.clone(), reason }
}

/// Takes a reply into its spool, and tells how it ended: the reader, the audit trail, then whoever asked.
struct Line {
    session: Arc<Session>,
    /// Until the end.
    spool: Option<SpoolWriter>,
    told: Option<Told>,
    end: Option<oneshot::Sender<Ended>>,
}

impl Line {
    fn new(
        session: &Arc<Session>,
        spool: SpoolWriter,
        told: Told,
    ) -> (Self, oneshot::Receiver<Ended>) {
        let (end, ended) = oneshot::channel();
        session.rpcs.fetch_add(1, Ordering::Relaxed);
        let session = Arc::clone(session);
        (Self { session, spool: Some(spool), told: Some(told), end: Some(end) }, ended)
    }

    fn end(&mut self, ended: Ended) {
        if let Some(told) = self.told.take() {
            told.ended(&ended);
            self.session.rpcs.fetch_sub(1, Ordering::Relaxed);
        }
        match (self.spool.take(), &ended) {
            (Some(spool), Ok(_)) => spool.finish(),
            (Some(spool), Err(failure)) => spool.give_up(failure.to_string()),
            (None, _) => {}
        }
        if let Some(end) = self.end.take() {
            // Nobody may be there to hear it.
            let _ = end.send(ended);
        }
    }
}

impl ReplySink for Line {
    fn push(&mut self, piece: Bytes) -> Result<(), SinkFull> {
        self.spool.as_mut().map_or(Ok(()), |spool| spool.push(piece))
    }

    fn ended(mut self: Box<Self>, ended: Ended) {
        self.end(ended);
    }
}

/// The session's task is gone, and did not say how it ended.
impl Drop for Line {
    fn drop(&mut self) {
        if self.told.is_some() {
            self.end(Err(RpcFailure::LostSent(None)));
        }
    }
}

/// What is answered where there is no reply.
pub(super) fn refusal(name: &DeviceName, failure: &RpcFailure) -> ControlError {
    let name = name.clone();
    let reason = failure.to_string();
    match failure {
        RpcFailure::Operation(_) | RpcFailure::Unsendable(_) => {
            ControlError::Invalid { message: reason, hint: None }
        }
        RpcFailure::QueueFull(_) => ControlError::Busy(name),
        RpcFailure::LateUnsent => ControlError::NotSent(name),
        RpcFailure::LostUnsent(_) => ControlError::Offline { name, reason },
        RpcFailure::LateSent | RpcFailure::LostSent(_) => {
            ControlError::OutcomeUnknown { name, reason }
        }
    }
}
