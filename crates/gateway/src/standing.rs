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

/// What is remembered of one device.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    /// Its latest event.
    pub(crate) last: Event,
    /// The latest event that ended an attempt or a session.
    pub(crate) ended: Option<Event>,
    /// Since when one attempt after another was refused.
    pub(crate) refused_since: Option<Timestamp>,
    /// The latest refusal of a second device under its name: it may well be in session itself.
    duplicate: Option<Box<Duplicate>>,
}

/// A second device that comes under the name of one, again and again.
#[derive(Debug, Clone)]
pub(crate) struct Duplicate {
    /// Since when.
    pub(crate) since: Timestamp,
    /// Its latest refusal.
    pub(crate) event: Event,
}

impl Standing {
    fn new(event: &Event) -> Self {
        Self { last: event.clone(), ended: None, refused_since: None, duplicate: None }
    }

    fn note(&mut self, event: &Event) {
        let is_close = event.code == SESSION_CLOSED;
        let ends = is_close || event.fault.is_some();
        self.refused_since = match is_close || event.code == IN_SESSION {
            true => None,
            false => self.refused_since.or(ends.then_some(event.at)),
        };
        if ends {
            self.ended = Some(event.clone());
        }
        if let Some(mut new) = Duplicate::new(event) {
            new.since = self.duplicate(event.at).map_or(new.since, |old| old.since);
            self.duplicate = Some(new);
        }
        self.last = event.clone();
    }

    /// The second device under its name, if it came not long ago: a device dials again within minutes.
    pub(crate) fn duplicate(&self, now: Timestamp) -> Option<&Duplicate> {
        let duplicate = self.duplicate.as_deref();
        duplicate.filter(|one| now.duration_since(one.event.at).unsigned_abs() < REFUSED_FOR)
    }

    /// `Down` or `Refused`; none if it was never here.
    pub(crate) fn state(&self) -> Option<DeviceState> {
        self.ended.as_ref().map(|event| match event.code.as_str() {
            SESSION_CLOSED => DeviceState::Down,
            _ => DeviceState::Refused,
        })
    }
}

impl Duplicate {
    fn new(event: &Event) -> Option<Box<Self>> {
        let is_one = event.fault.is_some() && is_duplicate(&event.code);
        is_one.then(|| Box::new(Self { since: event.at, event: event.clone() }))
    }
}

impl Standings {
    /// Takes in what happened to a device.
    pub(crate) fn note(&self, event: &Event) {
        let Some(device) = &event.device else { return };
        self.version.fetch_add(1, Ordering::Relaxed);
        let mut of = self.of.write().unwrap_or_else(PoisonError::into_inner);
        of.entry(device.clone()).or_insert_with(|| Standing::new(event)).note(event);
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
        let event = self.of(device)?.ended?;
        let at = event.at.strftime("%Y-%m-%d %H:%M:%SZ");
        Some(format!("since {at}: {}", event.message))
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
        let mut standing = Standing::new(&event(0, IN_SESSION));
        for (second, code) in
            [(10, "duplicate-device"), (20, IN_SESSION), (30, "duplicate-device"), (40, IN_SESSION)]
        {
            standing.note(&event(second, code));
        }
        let at = |second| standing.duplicate(Timestamp::from_second(second).unwrap());
        let duplicate = at(100).unwrap();
        assert_eq!((duplicate.since.as_second(), duplicate.event.at.as_second()), (10, 30));
        assert!(standing.refused_since.is_none());
        assert!(at(630).is_none(), "a device dials again within minutes: it is gone");
    }

    #[test]
    fn a_duplicate_that_comes_back_later_is_told_of_from_then_on() {
        let mut standing = Standing::new(&event(0, IN_SESSION));
        standing.note(&event(10, "cloned-key"));
        standing.note(&event(5_000, "cloned-key"));
        assert_eq!(
            standing.duplicate(Timestamp::from_second(5_001).unwrap()).unwrap().since.as_second(),
            5_000
        );
    }
}
