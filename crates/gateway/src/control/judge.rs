//! An operation that an operator wants sent: read, judged, and told of in the audit trail.

use std::sync::Arc;

use bytes::Bytes;
use homing_proto::access::{Operator, Policy, Right};
use homing_proto::identity::DeviceName;
use homing_proto::netconf::passage::{Malformed, Operation, Outcome, Record, read_operation};
use homing_proto::netconf::scan::Limits;
use homing_transport::netconf::{ReplyEnd, RpcFailure};

use super::ControlError;
use crate::passage::{Begun, Trail};
use crate::shared::Shared;

/// Operations that are about the session itself: over the API it is the gateway's own, and everybody's.
const OF_THE_SESSION: [&str; 3] =
    ["close-session", "create-subscription", "establish-subscription"];

/// An operation and the right that it needs.
#[derive(Debug)]
pub(super) struct Judged {
    operation: Operation,
    pub(super) right: Right,
    /// What is sent: the operation written anew, so that the device reads what was judged.
    pub(super) text: Bytes,
}

/// Reads an operation and says which right it needs.
///
/// # Errors
/// [`ControlError::Invalid`]: not one element, or one that may not be sent here.
pub(super) fn judge(text: &[u8], policy: &Policy) -> Result<Judged, ControlError> {
    let (operation, text) = read_operation(text, Limits::default()).map_err(|error| {
        let message = match error {
            Malformed::NestedRpc => {
                "expected the element inside <rpc>, not <rpc> itself".to_owned()
            }
            error => error.to_string(),
        };
        ControlError::Invalid { message: format!("operation: {message}"), hint: None }
    })?;
    if OF_THE_SESSION.contains(&operation.name.as_str()) {
        let name = &operation.name;
        return Err(ControlError::Invalid {
            message: format!("{name} needs a session of its own"),
            hint: Some("homing netconf DEVICE".to_owned()),
        });
    }
    let right = policy.right(&operation);
    Ok(Judged { operation, right, text: Bytes::from(text) })
}

/// What the audit trail is told of an RPC over the API.
pub(super) struct Told {
    trail: Trail,
    begun: Begun,
    record: Record,
}

impl Told {
    /// Of what was judged, from this moment on.
    pub(super) fn new(
        shared: &Arc<Shared>,
        operator: &Operator,
        device: &DeviceName,
        judged: &Judged,
    ) -> Self {
        let bytes = judged.text.len() as u64;
        Self {
            trail: Trail::new(shared, operator, device, None),
            begun: Begun::now(judged.right),
            record: Record::of(&judged.operation, bytes, Outcome::Unknown),
        }
    }

    /// It is about to be sent: told before it is, if it needs more than looking.
    ///
    /// # Errors
    /// The trail can't be written.
    pub(super) async fn begin(&self, judged: &Judged) -> Result<(), ControlError> {
        match judged.right {
            Right::View => Ok(()),
            _ => Ok(self.trail.begin(&judged.operation).await?),
        }
    }

    /// It was not sent.
    pub(super) fn refused(self, error: &ControlError) {
        self.tell(Outcome::Refused { tag: error.code().to_owned() }, 0);
    }

    /// It was answered, or will not be.
    pub(super) fn ended(self, ended: &Result<ReplyEnd, RpcFailure>) {
        match ended {
            Ok(end) => self.tell(Outcome::of_reply(&end.summary), end.summary.bytes),
            Err(failure) if failure.outcome_is_unknown() => self.tell(Outcome::Unknown, 0),
            Err(failure) => self.tell(Outcome::Refused { tag: failure.code().to_owned() }, 0),
        }
    }

    fn tell(self, outcome: Outcome, bytes_out: u64) {
        let record = Record { outcome, bytes_out, ..self.record };
        self.trail.ended(record, Some(self.begun));
    }
}
