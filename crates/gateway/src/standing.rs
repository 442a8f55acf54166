//! Where each device stands when it is not in session: what its latest events amount to.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use homing_proto::api::{DeviceState, Event, Timestamp};
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
}

impl Standing {
    /// `Down` or `Refused`; none if it was never here.
    pub(crate) fn state(&self) -> Option<DeviceState> {
        self.ended.as_ref().map(|event| match event.code.as_str() {
            SESSION_CLOSED => DeviceState::Down,
            _ => DeviceState::Refused,
        })
    }
}

impl Standings {
    /// Takes in what happened to a device.
    pub(crate) fn note(&self, event: &Event) {
        let Some(device) = &event.device else { return };
        let is_close = event.code == SESSION_CLOSED;
        let ends = is_close || event.fault.is_some();
        let is_in = is_close || event.code == IN_SESSION;
        self.version.fetch_add(1, Ordering::Relaxed);
        let mut of = self.of.write().unwrap_or_else(PoisonError::into_inner);
        match of.get_mut(device) {
            Some(standing) => {
                standing.last = event.clone();
                standing.refused_since = match (is_in, ends) {
                    (true, _) => None,
                    (false, true) => standing.refused_since.or(Some(event.at)),
                    (false, false) => standing.refused_since,
                };
                if ends {
                    standing.ended = Some(event.clone());
                }
            }
            None => {
                let ended = ends.then(|| event.clone());
                let refused_since = (ends && !is_in).then_some(event.at);
                let standing = Standing { last: event.clone(), ended, refused_since };
                of.insert(device.clone(), standing);
            }
        }
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
