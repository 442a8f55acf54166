//! What a query looks at: a device as the API shows it, or as the gateway holds it, without a copy.

use std::collections::BTreeMap;

use crate::api::{Device, DeviceState, Session, Timestamp};
use crate::host_key::Fingerprint;

/// A device, as far as queries ask.
pub trait Subject {
    /// Its name.
    fn name(&self) -> &str;
    /// What it says it is.
    fn device_id(&self) -> Option<&str>;
    /// The login user on it.
    fn user(&self) -> Option<&str>;
    /// Its labels.
    fn tags(&self) -> &BTreeMap<String, String>;
    /// Where it stands.
    fn state(&self) -> DeviceState;
    /// Whether a listener is wanted: of its sessions, else of its last attempt, else the one that it is bound to.
    fn came_in_by(&self, is_wanted: impl Fn(&str) -> bool) -> bool;
    /// Whether a place that it comes from is wanted: of its sessions, else of its last attempt, `ip:port`.
    fn came_from(&self, is_wanted: impl Fn(&str) -> bool) -> bool;
    /// Whether one of its keys, pending ones too, is wanted.
    fn has_key(&self, is_wanted: impl Fn(&Fingerprint) -> bool) -> bool;
    /// Whether a secret was issued.
    fn has_secret(&self) -> bool;
    /// Whether the gateway logs in with a password.
    fn has_password(&self) -> bool;
    /// Whether it is in session.
    fn has_session(&self) -> bool;
    /// Whether a key of it waits for a decision.
    fn has_pending(&self) -> bool;
    /// When it was last there, as far as anybody knows.
    fn last_there(&self, now: Timestamp) -> Option<Timestamp>;
}

fn sessions(device: &Device) -> impl Iterator<Item = &Session> {
    device.session.iter().chain(&device.other_sessions)
}

impl Subject for Device {
    fn name(&self) -> &str {
        &self.name
    }

    fn device_id(&self) -> Option<&str> {
        self.device_id.as_ref().map(|id| id.as_str())
    }

    fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    fn tags(&self) -> &BTreeMap<String, String> {
        &self.tags
    }

    fn state(&self) -> DeviceState {
        self.state
    }

    fn came_in_by(&self, is_wanted: impl Fn(&str) -> bool) -> bool {
        if self.session.is_some() {
            return sessions(self).any(|session| is_wanted(&session.listener));
        }
        let of_pending = self.pending.as_ref().map(|pending| pending.listener.as_str());
        of_pending.or(self.listener.as_deref()).is_some_and(is_wanted)
    }

    fn came_from(&self, is_wanted: impl Fn(&str) -> bool) -> bool {
        if self.session.is_some() {
            return sessions(self).any(|session| is_wanted(&session.source));
        }
        self.pending.as_ref().is_some_and(|pending| is_wanted(&pending.source))
    }

    fn has_key(&self, is_wanted: impl Fn(&Fingerprint) -> bool) -> bool {
        let known = self.keys.iter().map(|key| &key.fingerprint);
        known.chain(self.pending.as_ref().map(|pending| &pending.fingerprint)).any(is_wanted)
    }

    fn has_secret(&self) -> bool {
        self.has_secret
    }

    fn has_password(&self) -> bool {
        self.has_password
    }

    fn has_session(&self) -> bool {
        self.session.is_some()
    }

    fn has_pending(&self) -> bool {
        self.pending.is_some()
    }

    fn last_there(&self, now: Timestamp) -> Option<Timestamp> {
        if self.session.is_some() {
            return Some(now);
        }
        let proven = self.keys.iter().filter_map(|key| key.last_seen).max();
        let left = self.since.filter(|_| self.state == DeviceState::Down);
        let tried = self.pending.as_ref().map(|pending| pending.last_seen);
        proven.max(left).max(tried)
    }
}
