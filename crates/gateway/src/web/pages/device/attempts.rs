//! A device's timeline as attempts: how far each came, where it stopped, and what to type.
//!
//! ```text
//!   connected ─▶ identified ─▶ key proven ─▶ key trusted ─▶ logged in ─▶ in session
//!                            └ wrong-hmac   └ key-changed   └ login-refused: each stops before the step that follows
//! ```
//!
//! The codes are those of the timeline; one that is not known here is told as it is.

use homing_proto::api::{Event, Timestamp};

use crate::web::when::When;

/// The steps of an attempt.
const STEPS: [&str; 6] =
    ["connected", "identified", "key proven", "key trusted", "logged in", "in session"];
/// The last of them.
const IN_SESSION: usize = 5;

/// The last step that a code shows to be done; none: it is no progress.
fn reached(code: &str) -> Option<usize> {
    match code {
        "outbound-ssh" | "call-home" | "hmac-right" | "hmac-unchecked" => Some(1),
        "key-proven" | "known-by-key" => Some(2),
        "key-pinned" | "key-replaced" | "approved" => Some(3),
        "logged-in" => Some(4),
        "in-session" | "took-over" => Some(IN_SESSION),
        _ => None,
    }
}

/// The last step that must have been done for an attempt to fail so.
fn implied(code: &str) -> Option<usize> {
    match code {
        "login-refused" => Some(3),
        "channel-refused" | "no-netconf" | "bad-hello" => Some(4),
        _ => None,
    }
}

/// One step of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) name: &'static str,
    /// `done`, `stopped` or `ahead`.
    pub(super) state: &'static str,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::web) struct Advice {
    /// `on the device`, `on the gateway`; empty: no place.
    pub(in crate::web) place: String,
    /// What to type or to do.
    pub(in crate::web) text: String,
}

impl Advice {
    /// The lines of an event's advice.
    pub(in crate::web) fn of(event: &Event) -> Vec<Self> {
        let lines = event.advice.as_deref().unwrap_or_default().lines();
        lines.filter(|line| !line.is_empty()).map(Self::line).collect()
    }

    fn line(line: &str) -> Self {
        match line.split_once(": ") {
            Some((place, text)) if place.starts_with("on ") => {
                Self { place: place.to_owned(), text: text.to_owned() }
            }
            _ => Self { place: String::new(), text: line.to_owned() },
        }
    }

    /// Whether it is to be typed.
    pub(in crate::web) fn is_command(&self) -> bool {
        !self.place.is_empty()
    }
}

/// Events of one connection, or one event of none.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub(super) at: When,
    /// What to call it on the page.
    pub(super) id: u64,
    pub(super) source: Option<String>,
    /// Empty: it is no connection.
    pub(super) steps: Vec<Step>,
    /// `ok`, `failed`, `over` or `note`.
    pub(super) state: &'static str,
    /// What it came to.
    pub(super) code: String,
    pub(super) message: String,
    pub(super) advice: Vec<Advice>,
    pub(super) events: Vec<(When, Event)>,
}

/// The newest attempt first; `events` are oldest first.
pub(super) fn attempts(events: Vec<Event>, now: Timestamp) -> Vec<Attempt> {
    let mut groups: Vec<(Option<u64>, Vec<Event>)> = Vec::new();
    for event in events {
        let epoch = event.epoch;
        let same = groups.iter_mut().rev().find(|(of, _)| epoch.is_some() && *of == epoch);
        match same {
            Some((_, group)) => group.push(event),
            None => groups.push((epoch, vec![event])),
        }
    }
    let mut attempts: Vec<_> =
        groups.into_iter().filter_map(|(epoch, group)| attempt(epoch, group, now)).collect();
    attempts.reverse();
    attempts
}

fn attempt(epoch: Option<u64>, events: Vec<Event>, now: Timestamp) -> Option<Attempt> {
    let last = events.last()?.clone();
    let first = events.first()?;
    let shown = |event: &Event| reached(&event.code).max(implied(&event.code));
    let furthest = events.iter().filter_map(shown).max();
    let (steps, state) = match epoch {
        None => (Vec::new(), "note"),
        Some(_) => {
            let furthest = furthest.unwrap_or(0);
            let is_over = reached(&last.code).is_none();
            let state = match (furthest, is_over) {
                (IN_SESSION, false) => "ok",
                (IN_SESSION, true) => "over",
                (_, true) => "failed",
                (_, false) => "note",
            };
            (steps(furthest, state == "failed"), state)
        }
    };
    Some(Attempt {
        at: When::new(first.at, now),
        id: first.id,
        source: events.iter().find_map(|event| event.source.clone()),
        steps,
        state,
        code: last.code.clone(),
        message: last.message.clone(),
        advice: if state == "over" { Vec::new() } else { Advice::of(&last) },
        events: events.into_iter().map(|event| (When::new(event.at, now), event)).collect(),
    })
}

fn steps(furthest: usize, has_failed: bool) -> Vec<Step> {
    let step = |(number, name): (usize, &&'static str)| Step {
        name,
        state: match number {
            number if number <= furthest => "done",
            number if has_failed && number == furthest + 1 => "stopped",
            _ => "ahead",
        },
    };
    STEPS.iter().enumerate().map(step).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn event(id: u64, epoch: Option<u64>, code: &str, advice: Option<&str>) -> Event {
        Event {
            id,
            at: Timestamp::UNIX_EPOCH,
            code: code.to_owned(),
            fault: None,
            device: None,
            device_id: None,
            listener: None,
            source: epoch.map(|_| "192.0.2.1:5000".to_owned()),
            epoch,
            message: format!("it is {code}"),
            advice: advice.map(str::to_owned),
            fields: BTreeMap::new(),
        }
    }

    #[test]
    fn an_attempt_shows_where_it_stopped_and_what_to_type() {
        let advice = "on the gateway: homing enroll r1 --rotate-secret\nthen wait";
        let events = vec![
            event(1, None, "enrolled", None),
            event(2, Some(7), "outbound-ssh", None),
            event(3, Some(8), "outbound-ssh", None),
            event(4, Some(7), "wrong-hmac", Some(advice)),
            event(5, Some(8), "hmac-right", None),
            event(6, Some(8), "key-proven", None),
            event(7, Some(8), "logged-in", None),
            event(8, Some(8), "in-session", None),
        ];
        let all = attempts(events, Timestamp::UNIX_EPOCH);
        let told: Vec<_> = all.iter().map(|one| (one.id, one.state, one.code.as_str())).collect();
        let expected =
            [(3, "ok", "in-session"), (2, "failed", "wrong-hmac"), (1, "note", "enrolled")];
        assert_eq!(told, expected);
        let states: Vec<_> = all[1].steps.iter().map(|step| step.state).collect();
        assert_eq!(states, ["done", "done", "stopped", "ahead", "ahead", "ahead"]);
        assert!(all[0].steps.iter().all(|step| step.state == "done"));
        let refused = vec![
            event(1, Some(7), "call-home", None),
            event(2, Some(7), "key-proven", None),
            event(3, Some(7), "login-refused", None),
        ];
        let all_of_it = attempts(refused, Timestamp::UNIX_EPOCH);
        assert_eq!(all_of_it[0].steps[4].state, "stopped", "its key was trusted");
        let [first, second] = all[1].advice.as_slice() else { panic!() };
        assert_eq!((first.place.as_str(), first.is_command()), ("on the gateway", true));
        assert_eq!(first.text, "homing enroll r1 --rotate-secret");
        assert_eq!((second.text.as_str(), second.is_command()), ("then wait", false));
    }
}
