//! What has to happen until an enrolled device is in session, and how far it came.

use homing_proto::access::Operator;
use homing_proto::api::{Device, DeviceState, Event, Timestamp};

use crate::control::EventQuery;
use crate::web::pages::device::Advice;
use crate::web::when::When;
use crate::web::{Console, Trouble};

/// So many events of the device are looked at.
const EVENTS: u32 = 100;

/// The steps, and the codes of the timeline that show each to be done.
const STEPS: &[(&str, &[&str])] = &[
    ("It dialled and said who it is", &["outbound-ssh", "call-home"]),
    ("Its secret is the right one", &["hmac-right", "hmac-unchecked", "approved"]),
    ("It proved its host key", &["key-proven"]),
    ("The gateway is logged in", &["logged-in"]),
    ("NETCONF answers: it is in session", &["in-session", "took-over"]),
];

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) says: &'static str,
    /// `done`, `stopped`, `waiting` or `ahead`.
    pub(super) state: &'static str,
    pub(super) message: String,
    pub(super) at: Option<When>,
}

/// The list.
#[derive(Debug, Clone)]
pub(super) struct Checklist {
    pub(super) lines: Vec<Line>,
    /// What to do about the line that stopped.
    pub(super) advice: Vec<Advice>,
    pub(super) is_up: bool,
    pub(super) source: Option<String>,
}

/// The list of a device.
pub(super) async fn of(
    console: &Console,
    device: &Device,
    operator: &Operator,
) -> Result<Checklist, Trouble> {
    let query = EventQuery {
        device: Some(device.name.clone()),
        limit: Some(EVENTS),
        ..EventQuery::default()
    };
    let events = console.control.events(&query, operator).await?;
    Ok(checklist(&events, device.state == DeviceState::Up, Timestamp::now()))
}

/// The newest attempt; nothing that came before the stanza was made counts.
fn checklist(events: &[Event], is_up: bool, now: Timestamp) -> Checklist {
    let is_made = |event: &Event| matches!(event.code.as_str(), "enrolled" | "secret-rotated");
    let made = events.iter().rposition(is_made).map_or(0, |at| at + 1);
    let since = events.get(made..).unwrap_or_default();
    let newest = since.iter().rev().find_map(|event| event.epoch);
    let attempt: Vec<_> =
        since.iter().filter(|event| newest.is_some() && event.epoch == newest).collect();
    let done = |codes: &[&str]| attempt.iter().find(|event| codes.contains(&event.code.as_str()));
    let furthest = STEPS.iter().rposition(|(_, codes)| done(codes).is_some());
    let stopped = attempt.last().filter(|last| {
        !is_up
            && last.fault.is_some()
            && STEPS.iter().all(|(_, codes)| !codes.contains(&last.code.as_str()))
    });
    let ahead = furthest.map_or(0, |at| at + 1);
    let line = |(number, (says, codes)): (usize, &(&'static str, &[&str]))| {
        let event = done(codes).copied();
        let state = match (number, stopped) {
            (number, _) if number < ahead || is_up => "done",
            (number, Some(_)) if number == ahead => "stopped",
            (number, None) if number == ahead => "waiting",
            _ => "ahead",
        };
        let event = event.or(stopped.copied().filter(|_| state == "stopped"));
        Line {
            says,
            state,
            message: event.map(|event| event.message.clone()).unwrap_or_default(),
            at: event.map(|event| When::new(event.at, now)),
        }
    };
    Checklist {
        lines: STEPS.iter().enumerate().map(line).collect(),
        advice: stopped.map(|event| Advice::of(event)).unwrap_or_default(),
        is_up,
        source: attempt.iter().find_map(|event| event.source.clone()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use homing_proto::fault::Fault;

    use super::*;

    fn event(epoch: Option<u64>, code: &str, fault: Option<Fault>) -> Event {
        Event {
            id: 1,
            at: Timestamp::UNIX_EPOCH,
            code: code.to_owned(),
            fault,
            device: None,
            device_id: None,
            listener: None,
            source: None,
            epoch,
            message: code.to_owned(),
            advice: fault.map(|_| "on the device: set secret".to_owned()),
            fields: BTreeMap::new(),
        }
    }

    fn states(events: &[Event], is_up: bool) -> Vec<&'static str> {
        let list = checklist(events, is_up, Timestamp::UNIX_EPOCH);
        list.lines.iter().map(|line| line.state).collect()
    }

    #[test]
    fn a_device_that_nobody_heard_of_is_waited_for() {
        let expected = ["waiting", "ahead", "ahead", "ahead", "ahead"];
        assert_eq!(states(&[event(None, "enrolled", None)], false), expected);
        assert_eq!(states(&[], false), expected);
    }

    #[test]
    fn the_newest_attempt_shows_where_it_stopped() {
        let mut events = vec![
            event(None, "enrolled", None),
            event(Some(1), "outbound-ssh", None),
            event(Some(1), "wrong-hmac", Some(Fault::Operator)),
        ];
        assert_eq!(states(&events, false), ["done", "stopped", "ahead", "ahead", "ahead"]);
        let list = checklist(&events, false, Timestamp::UNIX_EPOCH);
        assert_eq!(list.advice[0].text, "set secret");
        assert_eq!(list.lines[1].message, "wrong-hmac");
        events.push(event(None, "secret-rotated", None));
        assert_eq!(states(&events, false), ["waiting", "ahead", "ahead", "ahead", "ahead"]);
        for code in ["outbound-ssh", "hmac-right", "key-proven", "logged-in", "in-session"] {
            events.push(event(Some(2), code, None));
        }
        assert_eq!(states(&events, true), ["done"; 5]);
    }
}
