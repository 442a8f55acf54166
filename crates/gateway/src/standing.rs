//! Where each device stands when it is not in session: what its latest events amount to.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use homing_proto::api::{DeviceState, Event, Timestamp};
use homing_proto::attention::{REFUSED_FOR, is_duplicate};
use homing_proto::identity::DeviceName;

use crate::timeline::{IN_SESSION, SESSION_CLOSED};

/// The latest events of all enrolled devices.
#[derive(Debug, Default)]
pub(crate) struct Standings {
    of: RwLock<HashMap<DeviceName, Standing>>,
    /// Counts changes.
    version: AtomicU64,
}

/// What is remembered of one device: little, since there may be a hundred thousand of them.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    /// Its latest event as JSON, a quarter of the event's own size.
    last: Box<[u8]>,
    /// What ended its latest attempt or session.
    pub(crate) ended: Option<Ended>,
    /// Since when one attempt after another was refused.
    pub(crate) refused_since: Option<Timestamp>,
    /// A second device under its name: it may well be in session itself.
    duplicate: Option<Box<Duplicate>>,
}

/// The end of an attempt or of a session.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    pub(crate) at: Timestamp,
    /// `Down` after a session, `Refused` after an attempt.
    pub(crate) state: DeviceState,
    pub(crate) code: Box<str>,
    pub(crate) message: Box<str>,
}

/// A second device that comes under the name of one, again and again.
#[derive(Debug, Clone)]
pub(crate) struct Duplicate {
    /// Since when.
    pub(crate) since: Timestamp,
    /// Its latest refusal.
    pub(crate) refused: Ended,
}

impl Standing {
    fn new() -> Self {
        Self { last: Box::default(), ended: None, refused_since: None, duplicate: None }
    }

    fn note(&mut self, event: &Event) {
        let ended = Ended::new(event);
        self.refused_since = match &ended {
            Some(Ended { state: DeviceState::Down, .. }) => None,
            _ if event.code == IN_SESSION => None,
            Some(ended) => self.refused_since.or(Some(ended.at)),
            None => self.refused_since,
        };
        if let Some(ended) = ended {
            if is_duplicate(&ended.code) {
                let since = self.duplicate(ended.at).map_or(ended.at, |old| old.since);
                self.duplicate = Some(Box::new(Duplicate { since, refused: ended.clone() }));
            }
            self.ended = Some(ended);
        }
        self.last = serde_json::to_vec(event).unwrap_or_default().into();
    }

    /// Its latest event.
    pub(crate) fn last(&self) -> Option<Event> {
        serde_json::from_slice(&self.last).ok()
    }

    /// The second device under its name, if it came not long ago: a device dials again within minutes.
    pub(crate) fn duplicate(&self, now: Timestamp) -> Option<&Duplicate> {
        let duplicate = self.duplicate.as_deref();
        duplicate.filter(|one| now.duration_since(one.refused.at).unsigned_abs() < REFUSED_FOR)
    }
}

impl Ended {
    /// None: the event ends nothing.
    fn new(event: &Event) -> Option<Self> {
        let state = match event.code == SESSION_CLOSED {
            true => DeviceState::Down,
            false if event.fault.is_some() => DeviceState::Refused,
            false => return None,
        };
        let (code, message) = (event.code.as_str().into(), event.message.as_str().into());
        Some(Self { at: event.at, state, code, message })
    }
}

impl Standings {
    /// Takes in what happened to a device.
    pub(crate) fn note(&self, event: &Event) {
        let Some(device) = &event.device else { return };
        self.version.fetch_add(1, Ordering::Relaxed);
        let mut of = self.of.write().unwrap_or_else(PoisonError::into_inner);
        of.entry(device.clone()).or_insert_with(Standing::new).note(event);
    }

    /// What is remembered of a device.
    pub(crate) fn of(&self, device: &DeviceName) -> Option<Standing> {
        self.of.read().unwrap_or_else(PoisonError::into_inner).get(device).cloned()
    }

    /// All of them, for as long as the guard is held; what happens meanwhile waits.
    pub(crate) fn all(&self) -> RwLockReadGuard<'_, HashMap<DeviceName, Standing>> {
        self.of.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another number after each change.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Relaxed)
    }

    /// Since when a device is away, and why; none if it was never in session.
    pub(crate) fn away(&self, device: &DeviceName) -> Option<String> {
        let ended = self.of(device)?.ended?;
        let at = ended.at.strftime("%Y-%m-%d %H:%M:%SZ");
        Some(format!("since {at}: {}", ended.message))
    }

    /// The device is forgotten.
    pub(crate) fn forget(&self, device: &DeviceName) {
        self.version.fetch_add(1, Ordering::Relaxed);
        self.of.write().unwrap_or_else(PoisonError::into_inner).remove(device);
    }
}

#[cfg(test)]
mod tests {
    use homing_proto::fault::Fault;

    use super::*;

    fn event(second: i64, code: &str) -> Event {
        let at = Timestamp::from_second(second).unwrap();
        let fault = (code != IN_SESSION).then_some(Fault::Operator);
        Event { at, fault, ..crate::timeline::event(code, "") }
    }

    #[test]
    fn a_second_device_under_a_name_is_known_of_while_the_first_is_in_session() {
        let mut standing = Standing::new();
        standing.note(&event(0, IN_SESSION));
        for (second, code) in
            [(10, "duplicate-device"), (20, IN_SESSION), (30, "duplicate-device"), (40, IN_SESSION)]
        {
            standing.note(&event(second, code));
        }
        let at = |second| standing.duplicate(Timestamp::from_second(second).unwrap());
        let duplicate = at(100).unwrap();
        assert_eq!((duplicate.since.as_second(), duplicate.refused.at.as_second()), (10, 30));
        assert!(standing.refused_since.is_none());
        assert_eq!(standing.last().unwrap().at.as_second(), 40);
        assert!(at(630).is_none(), "a device dials again within minutes: it is gone");
    }

    #[test]
    fn a_duplicate_that_comes_back_later_is_told_of_from_then_on() {
        let mut standing = Standing::new();
        standing.note(&event(0, IN_SESSION));
        standing.note(&event(10, "cloned-key"));
        standing.note(&event(5_000, "cloned-key"));
        assert_eq!(
            standing.duplicate(Timestamp::from_second(5_001).unwrap()).unwrap().since.as_second(),
            5_000
        );
    }
}
