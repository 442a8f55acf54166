//! Who may send which RPC to a device, asked at the door as in the API, and what the audit trail says of it.
//!
//! ```text
//!   Decide(operation) ─▶ right ─▶ the operator's grants at this moment ─ no ──▶ rpc-error access-denied
//!                                     │ View           │ Operate and more
//!                                     │                └─▶ audit: begun, durable
//!                                     └─▶ Allow ◀────────────┘
//!   Ended(record) ─▶ audit: how it went; of what only looked, after the reply is on its way
//! ```
//!
//! An operator who lost a grant, or is no more, is refused the next RPC on a channel that is open.

mod trail;

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use homing_proto::access::{Denied, Operator, Right};
use homing_proto::api::Timestamp;
use homing_proto::identity::DeviceName;
use homing_proto::netconf::error::{ErrorTag, ErrorType, RpcError};
use homing_proto::netconf::passage::{Action, Operation, Passage, Record, Settings, Verdict};
use homing_transport::front_door::{Inspected, Inspector};

use crate::shared::Shared;
use crate::store::WriteError;

pub(crate) use self::trail::{Begun, Trail};

/// Asks whether `operator` may, with the grants that it has at this moment, do on a device what needs `right`.
///
/// # Errors
/// [`Denied`]; also of a user or a device that is no more.
pub(crate) fn ask(
    shared: &Shared,
    operator: &Operator,
    device: &DeviceName,
    right: Right,
) -> Result<(), Denied> {
    let now = Timestamp::now();
    let tags = shared.store.device(device).map(|record| record.tags.clone()).unwrap_or_default();
    match shared.access.renew(operator) {
        Some(operator) => operator.on(device, &tags, right, now),
        None => {
            let nobody = Operator::new(operator.name(), Vec::new(), operator.via(), None, "none");
            nobody.on(device, &tags, right, now)
        }
    }
}

type Beginning = Pin<Box<dyn Future<Output = Result<(), WriteError>> + Send>>;

/// Ends of RPCs that may wait to be told.
const MOST_OVER: usize = 64;

/// A [`Passage`] on a channel of the front door.
pub(crate) struct Gate {
    passage: Passage,
    trail: Trail,
    /// What was begun and has not ended, by the operation's number.
    begun: HashMap<u64, Begun>,
    /// The entry of an operation that may pass once it is durable.
    beginning: Option<Beginning>,
    /// What only looked and is over, to be told once its reply is on its way.
    over: Vec<(Box<Record>, Begun)>,
    /// Lets other tasks go first: the one that writes the reply.
    after: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Gate {
    /// The gate of an operator's NETCONF channel to a device; `channel` is its number in the audit trail.
    pub(crate) fn new(
        shared: &Arc<Shared>,
        operator: &Operator,
        device: &DeviceName,
        channel: u64,
    ) -> Self {
        Self {
            passage: Passage::new(Settings::default()),
            trail: Trail::new(shared, operator, device, Some(channel)),
            begun: HashMap::new(),
            beginning: None,
            over: Vec::new(),
            after: None,
        }
    }

    fn decide(&mut self, operation: &Operation) {
        self.tell_over();
        let right = self.trail.right(operation);
        self.begun.insert(operation.number, Begun::now(right));
        if let Err(denied) = self.trail.ask(right) {
            return self.passage.handle_verdict(Verdict::from(Err(denied)));
        }
        if right < Right::Operate {
            return self.passage.handle_verdict(Verdict::Allow);
        }
        self.beginning = Some(Box::pin(self.trail.begin(operation)));
    }

    fn begun(&mut self, written: &Result<(), WriteError>) {
        self.passage.handle_verdict(match written {
            Ok(()) => Verdict::Allow,
            Err(error) => {
                let message = format!("not sent: the gateway can't write its audit trail: {error}");
                let (kind, tag) = (ErrorType::Application, ErrorTag::ResourceDenied);
                Verdict::Refuse(RpcError::new(kind, tag, message))
            }
        });
    }

    fn ended(&mut self, record: Box<Record>) {
        match self.begun.remove(&record.number) {
            Some(begun) if begun.only_looks() && self.over.len() < MOST_OVER => {
                self.over.push((record, begun.over()));
            }
            begun => self.trail.ended(*record, begun),
        }
    }

    /// Tells the trail what has not been told.
    fn tell_over(&mut self) {
        self.after = None;
        for (record, begun) in std::mem::take(&mut self.over) {
            self.trail.ended(*record, Some(begun));
        }
    }

    /// Tells it when other tasks have had their turn.
    fn poll_over(&mut self, cx: &mut Context<'_>) {
        if self.over.is_empty() {
            return;
        }
        let after = self.after.get_or_insert_with(|| Box::pin(tokio::task::yield_now()));
        if after.as_mut().poll(cx).is_ready() {
            self.tell_over();
        }
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").field("passage", &self.passage).finish_non_exhaustive()
    }
}

impl Inspector for Gate {
    fn handle_operator(&mut self, bytes: &[u8]) {
        self.passage.handle_operator(bytes);
    }

    fn handle_operator_eof(&mut self) {
        self.passage.handle_operator_end();
    }

    fn handle_device(&mut self, bytes: &[u8]) {
        self.passage.handle_device(bytes);
    }

    fn poll_action(&mut self) -> Option<Inspected> {
        loop {
            match self.passage.poll_action()? {
                Action::ToDevice(bytes) => return Some(Inspected::ToDevice(Bytes::from(bytes))),
                Action::ToOperator(bytes) => {
                    return Some(Inspected::ToOperator(Bytes::from(bytes)));
                }
                Action::Decide(operation) => self.decide(&operation),
                Action::Ended(record) => self.ended(record),
                Action::EndToDevice => return Some(Inspected::DeviceEof),
                Action::EndToOperator => {}
                Action::Close(closed) => return Some(Inspected::Close(closed.to_string())),
            }
        }
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_over(cx);
        let Some(beginning) = &mut self.beginning else {
            return Poll::Pending;
        };
        let Poll::Ready(written) = beginning.as_mut().poll(cx) else {
            return Poll::Pending;
        };
        self.beginning = None;
        self.begun(&written);
        Poll::Ready(())
    }

    fn takes_more(&self) -> bool {
        self.passage.wants_operator()
    }
}

/// The channel is gone: what was sent and not answered is told as such.
impl Drop for Gate {
    fn drop(&mut self) {
        self.passage.handle_device_end();
        self.passage.handle_verdict(Verdict::Allow);
        while let Some(action) = self.passage.poll_action() {
            if let Action::Ended(record) = action {
                self.ended(record);
            }
        }
        self.tell_over();
    }
}
