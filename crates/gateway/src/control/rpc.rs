//! One RPC on a device: queued, sent, its reply spooled and passed on.
//!
//! ```text
//!   device ──▶ NETCONF session ──▶ spool (memory, file) ──▶ channel of a few pieces ──▶ whoever reads
//! ```
//!
//! The device's side never waits for the reader: the spool takes what comes, up to its limits.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use homing_proto::api::{self, Outcome, RpcErrorSummary};
use homing_proto::identity::DeviceName;
use homing_proto::netconf::error::RpcError;
use homing_transport::netconf::{ReplyEnd, Rpc, RpcFailure};
use homing_transport::spool::{Cut, Spool, SpoolLimits, SpoolReader};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::judge::{Judged, Told};
use super::{ControlError, RpcReply};
use crate::session::Session;
use crate::shared::Shared;
use crate::store::DeviceRecord;

/// Pieces between the spool and the reader.
const AHEAD: usize = 4;

type Ended = Result<ReplyEnd, RpcFailure>;

/// Sends what was judged to the device; answers when its reply begins, or it is sure that none will.
pub(super) async fn run(
    shared: &Arc<Shared>,
    record: &DeviceRecord,
    judged: Judged,
    told: Told,
    timeout: Duration,
) -> Result<RpcReply, ControlError> {
    let session = session(shared, record).inspect_err(|error| told.refused(error))?;
    told.begin(&judged).await.inspect_err(|error| told.refused(error))?;
    let limits = SpoolLimits {
        memory: usize::try_from(shared.settings.spool.memory).unwrap_or(usize::MAX),
        disk: shared.settings.spool.reply.saturating_sub(shared.settings.spool.memory),
    };
    let (writer, mut reader) = Spool::new(limits, &shared.budget);
    let (operation, reply) = (judged.text, Box::new(writer));
    let rpc = Rpc { operation, reply, deadline: Instant::now() + timeout };
    let ended = start(Arc::clone(&session), rpc, told);
    let name = session.device.clone();
    let first = reader.next().await;
    if matches!(first, Ok(Some(_))) {
        return Ok(passing(name, first, reader, async { ended.await.ok() }));
    }
    // Not a byte of a reply: the RPC is over, and mostly because it failed.
    let early = ended.await.map_err(|_| ControlError::Stopping)?;
    early.as_ref().map_err(|failure| refusal(&name, failure))?;
    Ok(passing(name, first, reader, async { Some(early) }))
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

/// Runs the RPC in a task of its own, so that a caller who goes away changes nothing on the wire.
fn start(session: Arc<Session>, rpc: Rpc, told: Told) -> oneshot::Receiver<Ended> {
    let (end, ended) = oneshot::channel();
    tokio::spawn(async move {
        session.rpcs.fetch_add(1, Ordering::Relaxed);
        let result = session.netconf.rpc(rpc).await;
        told.ended(&result);
        session.rpcs.fetch_sub(1, Ordering::Relaxed);
        let _ = end.send(result);
    });
    ended
}

/// Passes a reply on from its first piece to its outcome.
fn passing(
    name: DeviceName,
    first: Result<Option<Bytes>, Cut>,
    reader: SpoolReader,
    ended: impl Future<Output = Option<Ended>> + Send + 'static,
) -> RpcReply {
    let (pieces, body) = mpsc::channel(AHEAD);
    let (told, outcome) = oneshot::channel();
    tokio::spawn(async move {
        let cut = pass_on(first, reader, pieces).await;
        // Nobody may be there to hear it.
        let _ = told.send(outcome_of(&name, cut, ended.await));
    });
    RpcReply { body, outcome }
}

/// Passes the spool on until it ends, is cut, or the reader is gone.
async fn pass_on(
    first: Result<Option<Bytes>, Cut>,
    mut reader: SpoolReader,
    pieces: mpsc::Sender<Bytes>,
) -> Option<Cut> {
    let mut next = first;
    loop {
        match next {
            Ok(Some(piece)) => {
                if pieces.send(piece).await.is_err() {
                    return Some(Cut::ReaderGone);
                }
            }
            Ok(None) => return None,
            Err(cut) => return Some(cut),
        }
        next = reader.next().await;
    }
}

fn outcome_of(name: &DeviceName, cut: Option<Cut>, ended: Option<Ended>) -> Outcome {
    let failed = |problem| Outcome::Failed { problem };
    match (ended, cut) {
        (None, _) => failed(ControlError::Stopping.problem()),
        (Some(Err(failure)), _) => failed(refusal(name, &failure).problem()),
        (Some(Ok(_)), Some(cut)) => {
            let error = ControlError::Failed { name: name.clone(), reason: cut.to_string() };
            failed(api::Problem {
                code: cut.code().to_owned(),
                fault: cut.fault(),
                ..error.problem()
            })
        }
        (Some(Ok(end)), None) => match &end.summary.malformed {
            Some(error) => {
                let reason = format!("the reply is not well-formed: {error}");
                failed(ControlError::Failed { name: name.clone(), reason }.problem())
            }
            None if end.summary.error_count > 0 => {
                Outcome::RpcError { errors: end.summary.errors.iter().map(summary).collect() }
            }
            None => Outcome::Ok,
        },
    }
}

fn refusal(name: &DeviceName, failure: &RpcFailure) -> ControlError {
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

fn summary(error: &RpcError) -> RpcErrorSummary {
    RpcErrorSummary {
        severity: error.severity.as_str().to_owned(),
        tag: error.tag.as_str().to_owned(),
        message: error.message.clone().unwrap_or_default(),
        path: error.path.clone(),
    }
}
