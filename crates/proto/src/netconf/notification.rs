//! Notifications: subscriptions, the events that a server tells, and those it still remembers.
//!
//! ```text
//!   <create-subscription> ─▶ [replay … <replayComplete/>] ─▶ live ─▶ [<notificationComplete/>]
//!                             └─ startTime                          └─ stopTime
//! ```
//!
//! Source: RFC 5277 (subscriptions, replay); RFC 6470 (the events).

use std::collections::VecDeque;
use std::time::Duration;

use super::element::Element;
use super::error::{ErrorTag, ErrorType, RpcError};
use crate::api::Timestamp;

/// The namespace of `<notification>` and `<create-subscription>`.
pub const NAMESPACE: &str = "urn:ietf:params:xml:ns:netconf:notification:1.0";
/// The namespace of `<replayComplete>` and of the list of streams.
pub const STREAMS: &str = "urn:ietf:params:xml:ns:netmod:notification";
/// The namespace of the events.
pub const EVENTS: &str = "urn:ietf:params:xml:ns:yang:ietf-netconf-notifications";

/// The only stream.
pub const STREAM: &str = "NETCONF";

/// What a subscriber asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subscription {
    /// The events wanted; all if there is no filter.
    pub filter: Option<Vec<Element>>,
    /// From when on what is remembered is told again.
    pub start: Option<Timestamp>,
    /// When it ends.
    pub stop: Option<Timestamp>,
}

impl Subscription {
    /// Reads `<create-subscription>`.
    ///
    /// # Errors
    /// The `<rpc-error>` to answer with.
    pub fn of(operation: &Element, now: Timestamp) -> Result<Self, RpcError> {
        let known = ["stream", "filter", "startTime", "stopTime"];
        if let Some(other) = operation.children.iter().find(|it| !known.contains(&&*it.name)) {
            let message = format!("create-subscription has no element {}", other.name);
            return Err(RpcError::new(ErrorType::Protocol, ErrorTag::UnknownElement, message)
                .with_info("bad-element", &other.name));
        }
        if let Some(stream) = operation.child_text("stream").filter(|own| *own != STREAM) {
            let message = format!("there is no stream {stream}; expected {STREAM}");
            return Err(RpcError::new(ErrorType::Protocol, ErrorTag::InvalidValue, message)
                .with_info("bad-element", "stream"));
        }
        let (start, stop) = (time(operation, "startTime")?, time(operation, "stopTime")?);
        match (start, stop) {
            (None, Some(_)) => return Err(RpcError::missing_element("startTime")),
            (Some(start), _) if start > now => {
                let message = "startTime is in the future: only what was can be replayed";
                return Err(RpcError::bad_element("startTime", message));
            }
            (Some(start), Some(stop)) if stop < start => {
                return Err(RpcError::bad_element("stopTime", "stopTime is before startTime"));
            }
            _ => {}
        }
        let filter = operation.child("filter");
        if let Some(other) = filter.and_then(|filter| filter.attribute("type"))
            && other != "subtree"
        {
            let message = format!("filter type {other} is not supported; expected subtree");
            return Err(RpcError::new(ErrorType::Protocol, ErrorTag::BadAttribute, message)
                .with_info("bad-attribute", "type")
                .with_info("bad-element", "filter"));
        }
        if let Some(filter) = filter {
            super::subtree::check(&filter.children)?;
        }
        Ok(Self { filter: filter.map(|filter| filter.children.clone()), start, stop })
    }

    /// The message for an event, if it is wanted.
    pub fn message(&self, notification: &Notification) -> Option<String> {
        let filter = self.filter.as_deref();
        let event = match filter {
            None => notification.event.clone(),
            Some(filter) => {
                super::subtree::select(filter, std::slice::from_ref(&notification.event)).pop()?
            }
        };
        Some(message(notification.at, event))
    }
}

fn time(operation: &Element, name: &str) -> Result<Option<Timestamp>, RpcError> {
    let Some(text) = operation.child_text(name) else { return Ok(None) };
    let wrong = |_| RpcError::bad_element(name, "expected a time such as 2026-01-02T03:04:05Z");
    text.parse().map(Some).map_err(wrong)
}

/// An event and when it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: Element,
}

/// `<notification>` around an event.
fn message(at: Timestamp, event: Element) -> String {
    let time = Element::with_text("eventTime", at.to_string()).in_namespace(NAMESPACE);
    let mut whole = Element::new("notification").in_namespace(NAMESPACE).with(time);
    whole.children.push(event);
    let mut out = String::new();
    whole.write(&mut out, None, 0);
    out
}

/// The message behind everything that was replayed.
pub fn replay_complete(at: Timestamp) -> String {
    message(at, Element::new("replayComplete").in_namespace(STREAMS))
}

/// The last message of a subscription with an end.
pub fn notification_complete(at: Timestamp) -> String {
    message(at, Element::new("notificationComplete").in_namespace(STREAMS))
}

/// The list of streams, as `<get>` shows it.
pub fn streams(since: Timestamp) -> Element {
    let stream = Element::new("stream")
        .with(Element::with_text("name", STREAM))
        .with(Element::with_text(
            "description",
            "what happens to the configuration and to sessions",
        ))
        .with(Element::with_text("replaySupport", "true"))
        .with(Element::with_text("replayLogCreationTime", since.to_string()));
    Element::new("netconf").with(Element::new("streams").with(stream)).in_namespace(STREAMS)
}

/// Whose session it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Login name.
    pub user: String,
    /// The session's number, 0 if it is none of NETCONF.
    pub session: u32,
}

impl Party {
    fn elements(&self) -> [Element; 2] {
        let session = self.session.to_string();
        [Element::with_text("username", &self.user), Element::with_text("session-id", session)]
    }
}

fn event(name: &str, children: impl IntoIterator<Item = Element>) -> Element {
    let mut event = Element::new(name);
    event.children.extend(children);
    event.in_namespace(EVENTS)
}

/// The running configuration was changed; by the agent itself if by nobody.
pub fn config_change(by: Option<&Party>) -> Element {
    let mut changed_by = Element::new("changed-by");
    match by {
        Some(party) => changed_by.children.extend(party.elements()),
        None => changed_by.children.push(Element::new("server")),
    }
    event("netconf-config-change", [changed_by, Element::with_text("datastore", "running")])
}

/// A session has begun.
pub fn session_start(party: &Party) -> Element {
    event("netconf-session-start", party.elements())
}

/// A session has ended: `closed`, `killed`, `dropped`, `timeout`, `bad-hello` or `other`.
pub fn session_end(party: &Party, reason: &str) -> Element {
    let reason = Element::with_text("termination-reason", reason);
    event("netconf-session-end", party.elements().into_iter().chain([reason]))
}

/// What became of a confirmed commit: `start`, `cancel`, `timeout`, `extend` or `complete`.
pub fn confirmed_commit(by: Option<&Party>, what: &str, timeout: Option<Duration>) -> Element {
    let mut children: Vec<Element> = by.into_iter().flat_map(Party::elements).collect();
    children.push(Element::with_text("confirm-event", what));
    let seconds = timeout.map(|timeout| timeout.as_secs().to_string());
    children.extend(seconds.map(|seconds| Element::with_text("timeout", seconds)));
    event("netconf-confirmed-commit", children)
}

/// What is remembered, the oldest first.
#[derive(Debug)]
pub struct Replay {
    most: usize,
    kept: VecDeque<Notification>,
}

impl Replay {
    /// Remembers at most `most` notifications.
    pub fn new(most: usize) -> Self {
        Self { most, kept: VecDeque::new() }
    }

    /// Remembers one more, and forgets the oldest if there are too many.
    pub fn push(&mut self, notification: Notification) {
        self.kept.push_back(notification);
        while self.kept.len() > self.most {
            self.kept.pop_front();
        }
    }

    /// Those of `start` and later, up to `stop`.
    pub fn since(&self, start: Timestamp, stop: Option<Timestamp>) -> Vec<Notification> {
        let wanted = |it: &&Notification| it.at >= start && stop.is_none_or(|stop| it.at <= stop);
        self.kept.iter().filter(wanted).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netconf::scan::Limits;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn subscription(inside: &str) -> Result<Subscription, RpcError> {
        let text = format!("<create-subscription>{inside}</create-subscription>");
        let operation = Element::parse(text.as_bytes(), Limits::default(), 100).unwrap();
        Subscription::of(&operation, at(1_000))
    }

    fn tag(inside: &str) -> ErrorTag {
        subscription(inside).unwrap_err().tag
    }

    #[test]
    fn a_subscription_is_read_and_times_that_make_no_sense_are_refused() {
        let whole = "<stream>NETCONF</stream><startTime>1970-01-01T00:00:10Z</startTime>\
                     <stopTime>1970-01-01T00:00:20Z</stopTime>";
        let read = subscription(whole).unwrap();
        assert_eq!((read.start, read.stop), (Some(at(10)), Some(at(20))));
        assert_eq!(tag("<stream>SYSLOG</stream>"), ErrorTag::InvalidValue);
        assert_eq!(tag("<stopTime>1970-01-01T00:00:20Z</stopTime>"), ErrorTag::MissingElement);
        assert_eq!(tag("<startTime>2970-01-01T00:00:20Z</startTime>"), ErrorTag::BadElement);
        assert_eq!(tag("<startTime>yesterday</startTime>"), ErrorTag::BadElement);
        let backwards =
            "<startTime>1970-01-01T00:00:20Z</startTime><stopTime>1970-01-01T00:00:10Z</stopTime>";
        assert_eq!(tag(backwards), ErrorTag::BadElement);
        assert_eq!(tag("<filter type='xpath' select='/'/>"), ErrorTag::BadAttribute);
        assert_eq!(tag("<x/>"), ErrorTag::UnknownElement);
    }

    #[test]
    fn a_filter_chooses_events() {
        let party = Party { user: "ops".into(), session: 4 };
        let read = subscription("<filter><netconf-session-start/></filter>").unwrap();
        let start = Notification { at: at(5), event: session_start(&party) };
        let message = read.message(&start).unwrap();
        assert!(message.contains("<eventTime>1970-01-01T00:00:05Z</eventTime>"), "{message}");
        assert!(message.contains("<session-id>4</session-id>"), "{message}");
        let end = Notification { at: at(6), event: session_end(&party, "closed") };
        assert_eq!(read.message(&end), None);
        assert!(Subscription::default().message(&end).is_some());
    }

    #[test]
    fn the_oldest_is_forgotten_and_a_window_is_replayed() {
        let mut replay = Replay::new(3);
        for second in 1..=5 {
            replay.push(Notification { at: at(second), event: config_change(None) });
        }
        let seconds = |from: i64, to: Option<i64>| {
            let all = replay.since(at(from), to.map(at));
            all.iter().map(|it| it.at.as_second()).collect::<Vec<_>>()
        };
        assert_eq!(seconds(0, None), [3, 4, 5]);
        assert_eq!(seconds(4, Some(4)), [4]);
    }
}
