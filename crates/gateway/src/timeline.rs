//! Events on their way to the timeline: stored, remembered and logged in one place.

use std::collections::BTreeMap;

use homing_proto::access::Operator;
use homing_proto::admission::{Arrival, Outcome, Step, Subject};
use homing_proto::api::{Event, Timestamp};
use homing_proto::fault::Fault;
use homing_proto::identity::DeviceName;
use homing_transport::closed::{Closed, ClosedBy, Reason};

use crate::session::Session;
use crate::shared::Shared;

/// The code of a session's end.
pub(crate) const SESSION_CLOSED: &str = "session-closed";

/// The code of its begin.
pub(crate) const IN_SESSION: &str = "in-session";

/// An event of which only code and message are known.
pub(crate) fn event(code: &str, message: impl Into<String>) -> Event {
    Event {
        id: 0,
        at: Timestamp::now(),
        code: code.to_owned(),
        fault: None,
        device: None,
        device_id: None,
        listener: None,
        source: None,
        epoch: None,
        message: message.into(),
        advice: None,
        fields: BTreeMap::new(),
    }
}

/// Records one line of an arriving connection.
pub(crate) fn step(shared: &Shared, step: &Step, subject: &Subject, arrival: &Arrival) {
    let mut event = Event {
        fault: step.fault(),
        device: subject.device.clone(),
        device_id: subject.device_id.clone(),
        listener: Some(arrival.listener.to_string()),
        source: Some(subject.source.to_string()),
        epoch: Some(arrival.epoch.0),
        advice: step.advice().map(|advice| advice.to_string()),
        ..event(step.code(), step.message())
    };
    if let Some(key) = &subject.key {
        event.fields.insert("key".to_owned(), key.to_string());
    }
    if let Step::Ended(Outcome::Silent | Outcome::ClosedSilently) = step {
        // Port scans and health checks: worth a count, not a place among what somebody must mend.
        event.fault = None;
    }
    record(shared, event);
}

/// Records the end of a session.
pub(crate) fn session_closed(
    shared: &Shared,
    session: &Session,
    closed: &Closed,
    held_place: bool,
) {
    shared.metrics.disconnected(closed.reason.code());
    let mut event = Event {
        fault: match closed.by {
            ClosedBy::Us => None,
            ClosedBy::Peer | ClosedBy::Network => Some(closed.reason.fault()),
        },
        ..event(SESSION_CLOSED, closed.to_string())
    };
    event.fields.insert("reason".to_owned(), closed.reason.code().to_owned());
    event.fields.insert("by".to_owned(), closed.by.as_str().to_owned());
    if !held_place {
        event.fields.insert("superseded".to_owned(), "true".to_owned());
    }
    if closed.reason == Reason::Silent {
        let patience = shared.keep_alive().patience().unwrap_or_default();
        event.message = format!("keep-alive: no answer for {} s", patience.as_secs());
    }
    record(shared, about(session, event));
}

/// Records that a device would open channels towards the gateway.
pub(crate) fn channels_refused(shared: &Shared, session: &Session, refused: u64) {
    let message =
        format!("the device would open channels towards the gateway: {refused} refused so far");
    let mut event = Event {
        fault: Some(Fault::Peer),
        advice: Some(
            "take forwarding (such as a `tcpip-forward` of its own) out of the device's SSH server"
                .to_owned(),
        ),
        ..event("channels-refused", message)
    };
    event.fields.insert("refused".to_owned(), refused.to_string());
    record(shared, about(session, event));
}

/// Fills in whose event it is.
fn about(session: &Session, event: Event) -> Event {
    Event {
        device: Some(session.device.clone()),
        device_id: session.device_id.clone(),
        listener: Some(session.listener.to_string()),
        source: Some(session.source.to_string()),
        epoch: Some(session.epoch.0),
        ..event
    }
}

/// Records what an operator did: its name, then `done`.
pub(crate) fn by_operator(
    device: Option<&DeviceName>,
    code: &str,
    done: &str,
    operator: &Operator,
) -> Event {
    let message = format!("{operator} {done}");
    let mut event = Event { device: device.cloned(), ..event(code, message) };
    event.fields.insert("actor".to_owned(), operator.name().to_owned());
    event.fields.insert("via".to_owned(), operator.via().to_string());
    event.source = operator.source().map(|source| source.to_string());
    event
}

/// Stores, remembers and logs an event.
pub(crate) fn record(shared: &Shared, event: Event) {
    log(&event);
    shared.standings.note(&event);
    shared.store.record(event);
}

/// WARN means that someone should look.
pub(crate) fn log(event: &Event) {
    let device = event.device.as_ref().map(DeviceName::as_str);
    let device_id = event.device_id.as_ref().map(|id| id.as_str());
    let source = event.source.as_deref();
    let code = event.code.as_str();
    match event.fault {
        Some(Fault::Operator | Fault::Local) => {
            tracing::warn!(code, device, device_id, source, "{}", event.message);
        }
        _ => tracing::info!(code, device, device_id, source, "{}", event.message),
    }
}
