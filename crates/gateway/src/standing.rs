//! Where each device stands when it is not in session: what its latest events amount to.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use homing_proto::api::{DeviceState, Event};
use homing_proto::identity::DeviceName;

use crate::timeline::SESSION_CLOSED;

/// The latest events of all enrolled devices.
#[derive(Debug, Default)]
pub(crate) struct Standings {
    of: RwLock<HashMap<DeviceName, Standing>>,
}

/// What is remembered of one device.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    /// Its latest event.
    pub(crate) last: Event,
    /// The latest event that ended an attempt or a session.
    pub(crate) ended: Option<Event>,
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
        let ends = event.code == SESSION_CLOSED || event.fault.is_some();
        let mut of = self.of.write().unwrap_or_else(PoisonError::into_inner);
        match of.get_mut(device) {
            Some(standing) => {
                standing.last = event.clone();
                if ends {
                    standing.ended = Some(event.clone());
                }
            }
            None => {
                let ended = ends.then(|| event.clone());
                of.insert(device.clone(), Standing { last: event.clone(), ended });
            }
        }
    }

    /// What is remembered of a device.
    pub(crate) fn of(&self, device: &DeviceName) -> Option<Standing> {
        self.of.read().unwrap_or_else(PoisonError::into_inner).get(device).cloned()
    }

    /// Since when a device is away, and why; none if it was never in session.
    pub(crate) fn away(&self, device: &DeviceName) -> Option<String> {
        let event = self.of(device)?.ended?;
        let at = event.at.strftime("%Y-%m-%d %H:%M:%SZ");
        Some(format!("since {at}: {}", event.message))
    }

    /// The device is forgotten.
    pub(crate) fn forget(&self, device: &DeviceName) {
        self.of.write().unwrap_or_else(PoisonError::into_inner).remove(device);
    }
}
