//! A running RPC's reply, as whoever asked for it reads it.
//!
//! ```text
//!   device ──▶ NETCONF session ──▶ spool (memory, file) ──recv──▶ whoever reads
//!                      └── how it ended ────────────────outcome─▶
//! ```
//!
//! The device's side never waits for the reader: the spool takes what comes, up to its limits.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use homing_proto::api::{Outcome, Problem, RpcErrorSummary};
use homing_proto::identity::DeviceName;
use homing_proto::netconf::error::RpcError;
use homing_transport::netconf::{ReplyEnd, RpcFailure};
use homing_transport::spool::{Cut, SpoolReader};
use tokio::sync::oneshot;

use super::ControlError;
use super::rpc::refusal;

/// How an RPC ended.
pub(super) type Ended = Result<ReplyEnd, RpcFailure>;

/// A running RPC's reply: first its pieces, then how it ended.
#[derive(Debug)]
pub struct RpcReply {
    /// What was waited for before the answer.
    first: Option<Bytes>,
    pieces: SpoolReader,
    /// Why not all pieces came.
    cut: Option<Cut>,
    ending: Ending,
}

/// Who knows how it ended.
#[derive(Debug)]
enum Ending {
    Known(Outcome),
    Running(DeviceName, oneshot::Receiver<Ended>),
    Scripted(oneshot::Receiver<Outcome>),
    Past,
}

impl RpcReply {
    /// One that does not come from a device.
    #[must_use]
    pub fn scripted(pieces: SpoolReader, outcome: oneshot::Receiver<Outcome>) -> Self {
        Self { first: None, pieces, cut: None, ending: Ending::Scripted(outcome) }
    }

    /// One that has begun.
    pub(super) fn begun(
        name: DeviceName,
        first: Bytes,
        pieces: SpoolReader,
        ended: oneshot::Receiver<Ended>,
    ) -> Self {
        Self { first: Some(first), pieces, cut: None, ending: Ending::Running(name, ended) }
    }

    /// One that has ended without a piece.
    pub(super) fn empty(
        name: &DeviceName,
        cut: Option<Cut>,
        pieces: SpoolReader,
        ended: Ended,
    ) -> Self {
        let ending = Ending::Known(outcome_of(name, cut.clone(), Some(ended)));
        Self { first: None, pieces, cut, ending }
    }

    /// The next piece of the `<rpc-reply>` element; none after the last.
    pub async fn recv(&mut self) -> Option<Bytes> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// As [`Self::recv`].
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(first));
        }
        if self.cut.is_some() {
            return Poll::Ready(None);
        }
        Poll::Ready(ready!(self.pieces.poll_next(cx)).unwrap_or_else(|cut| {
            self.cut = Some(cut);
            None
        }))
    }

    /// How it ended; to be asked once, after the last piece. None if the gateway lost track of it.
    pub async fn outcome(&mut self) -> Option<Outcome> {
        poll_fn(|cx| self.poll_outcome(cx)).await
    }

    /// As [`Self::outcome`].
    pub fn poll_outcome(&mut self, cx: &mut Context<'_>) -> Poll<Option<Outcome>> {
        let outcome = match &mut self.ending {
            Ending::Known(outcome) => Some(outcome.clone()),
            Ending::Past => None,
            Ending::Scripted(outcome) => ready!(Pin::new(outcome).poll(cx)).ok(),
            Ending::Running(name, ended) => {
                let ended = ready!(Pin::new(ended).poll(cx)).ok();
                Some(outcome_of(name, self.cut.take(), ended))
            }
        };
        self.ending = Ending::Past;
        Poll::Ready(outcome)
    }
}

fn outcome_of(name: &DeviceName, cut: Option<Cut>, ended: Option<Ended>) -> Outcome {
    let failed = |problem| Outcome::Failed { problem };
    match (ended, cut) {
        (None, _) => failed(ControlError::Stopping.problem()),
        (Some(Err(failure)), _) => failed(refusal(name, &failure).problem()),
        (Some(Ok(_)), Some(cut)) => {
            let error = ControlError::Failed { name: name.clone(), reason: cut.to_string() };
            failed(Problem { code: cut.code().to_owned(), fault: cut.fault(), ..error.problem() })
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

fn summary(error: &RpcError) -> RpcErrorSummary {
    RpcErrorSummary {
        severity: error.severity.as_str().to_owned(),
        tag: error.tag.as_str().to_owned(),
        message: error.message.clone().unwrap_or_default(),
        path: error.path.clone(),
    }
}
