//! What the audit trail says of an RPC.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use homing_proto::access::{Denied, Operator, Right};
use homing_proto::audit::Entry;
use homing_proto::identity::DeviceName;
use homing_proto::netconf::BASE_NAMESPACE;
use homing_proto::netconf::passage::{Operation, Outcome, Record};
use tokio::time::Instant;

use crate::audit;
use crate::metrics::RpcResult;
use crate::shared::Shared;
use crate::store::WriteError;

/// Who works on which device.
#[derive(Clone)]
pub(crate) struct Trail {
    shared: Arc<Shared>,
    operator: Operator,
    device: DeviceName,
    channel: Option<u64>,
}

/// When an RPC was judged, and what it needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Begun {
    right: Right,
    at: Instant,
    /// How long it took, once it is over.
    took: Option<Duration>,
}

impl Begun {
    /// At this moment.
    pub(crate) fn now(right: Right) -> Self {
        Self { right, at: Instant::now(), took: None }
    }

    /// Whether it needs no more than looking.
    pub(crate) fn only_looks(&self) -> bool {
        self.right < Right::Operate
    }

    /// Over at this moment, whenever it is told.
    pub(crate) fn over(self) -> Self {
        Self { took: Some(self.at.elapsed()), ..self }
    }

    /// How long it took.
    fn took(&self) -> Duration {
        self.took.unwrap_or_else(|| self.at.elapsed())
    }
}

impl Trail {
    /// Of an operator on a device; `channel` is the front door's.
    pub(crate) fn new(
        shared: &Arc<Shared>,
        operator: &Operator,
        device: &DeviceName,
        channel: Option<u64>,
    ) -> Self {
        let (shared, operator) = (Arc::clone(shared), operator.clone());
        Self { shared, operator, device: device.clone(), channel }
    }

    /// The right that an operation needs.
    pub(crate) fn right(&self, operation: &Operation) -> Right {
        self.shared.settings.policy.right(operation)
    }

    /// Asks whether the operator may, at this moment.
    ///
    /// # Errors
    /// [`Denied`].
    pub(crate) fn ask(&self, right: Right) -> Result<(), Denied> {
        super::ask(&self.shared, &self.operator, &self.device, right)
    }

    /// Writes that an operation is about to be sent; it may be once this is durable.
    pub(crate) fn begin(
        &self,
        operation: &Operation,
    ) -> impl Future<Output = Result<(), WriteError>> + Send + use<> {
        let record = Record::of(operation, 0, Outcome::Unknown);
        let entry = Entry {
            result: Entry::BEGUN.to_owned(),
            bytes_in: None,
            bytes_out: None,
            ..self.entry(record)
        };
        let shared = Arc::clone(&self.shared);
        async move { audit::begin(&shared.store, entry).await }
    }

    /// Writes how an RPC ended.
    pub(crate) fn ended(&self, mut record: Record, begun: Option<Begun>) {
        self.count(&record, begun);
        let ended = std::mem::replace(&mut record.outcome, Outcome::Unknown);
        let mut entry = self.entry(record);
        entry.result = ended.code();
        if let Some(begun) = begun {
            entry.duration_ms = u64::try_from(begun.took().as_millis()).ok();
            entry = entry.with("right", begun.right);
        }
        if let Outcome::Errors { tags, count } = &ended {
            entry = entry.with("errors", count).with("error-tags", tags.join(" "));
        }
        audit::note(&self.shared, entry);
    }

    fn count(&self, record: &Record, begun: Option<Begun>) {
        let result = match &record.outcome {
            Outcome::Ok => RpcResult::Ok,
            Outcome::Errors { .. } | Outcome::Malformed => RpcResult::Error,
            Outcome::Refused { .. } => RpcResult::Refused,
            Outcome::NotSent => RpcResult::Offline,
            Outcome::Unknown => RpcResult::Unknown,
        };
        let kind = begun.map_or("none", |begun| begun.right.as_str());
        let took = begun.filter(|_| result != RpcResult::Refused).map(|begun| begun.took());
        self.shared.metrics.rpc(kind, result, took);
    }

    fn entry(&self, record: Record) -> Entry {
        let mut entry = Entry {
            operation: Some(record.operation).filter(|name| !name.is_empty()),
            datastore: record.datastore,
            message_id: record.message_id,
            bytes_in: Some(record.bytes_in),
            bytes_out: Some(record.bytes_out),
            session: self.channel,
            result: record.outcome.code(),
            ..audit::on(&self.operator, &self.device, "rpc")
        };
        if let Some(command) = &record.command {
            entry = entry.with("command", command);
        }
        match record.namespace {
            Some(own) if own != BASE_NAMESPACE => entry.with("namespace", own),
            _ => entry,
        }
    }
}
