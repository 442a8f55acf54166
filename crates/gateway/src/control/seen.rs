//! One device as the gateway holds it, borrowed: what a query may look at without an API object being made.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use homing_proto::api::{Device, DeviceState, Timestamp};
use homing_proto::filter::Subject;
use homing_proto::host_key::Fingerprint;

use super::show;
use crate::session::Session;
use crate::standing::Standing;
use crate::store::{DeviceRecord, PendingRecord};

/// Nobody enrolled a stranger, so nobody gave it labels.
static NO_TAGS: BTreeMap<String, String> = BTreeMap::new();

/// What it was found as.
#[derive(Clone, Copy)]
enum Origin<'s> {
    Record(&'s DeviceRecord),
    Stranger(&'s PendingRecord),
}

/// One device, as it was found.
pub(super) struct Seen<'s> {
    pub(super) name: Cow<'s, str>,
    pub(super) state: DeviceState,
    pub(super) since: Option<Timestamp>,
    origin: Origin<'s>,
    /// None: nobody enrolled it.
    pub(super) record: Option<&'s DeviceRecord>,
    /// Newest first.
    pub(super) sessions: &'s [Arc<Session>],
    pub(super) standing: Option<&'s Standing>,
    pub(super) waiting: Option<&'s PendingRecord>,
}

impl<'s> Seen<'s> {
    pub(super) fn known(
        record: &'s DeviceRecord,
        sessions: &'s [Arc<Session>],
        standing: Option<&'s Standing>,
        waiting: Option<&'s PendingRecord>,
    ) -> Self {
        let session = sessions.first().map(|session| &**session);
        let (state, since) = show::stands(record, session, standing, waiting);
        let name = Cow::Borrowed(record.name.as_str());
        let origin = Origin::Record(record);
        Self { name, state, since, origin, record: Some(record), sessions, standing, waiting }
    }

    pub(super) fn stranger(pending: &'s PendingRecord) -> Self {
        let name = match &pending.device_id {
            Some(id) => Cow::Borrowed(id.as_str()),
            None => Cow::Owned(pending.key.fingerprint().to_string()),
        };
        Self {
            name,
            state: DeviceState::Pending,
            since: Some(pending.first_seen),
            origin: Origin::Stranger(pending),
            record: None,
            sessions: &[],
            standing: None,
            waiting: Some(pending),
        }
    }

    /// As the API shows it.
    pub(super) fn compose(&self) -> Device {
        match self.origin {
            Origin::Record(record) => {
                show::compose(record, self.sessions, self.standing, self.waiting)
            }
            Origin::Stranger(pending) => show::stranger(pending),
        }
    }

    /// Where it comes from, `ip:port`.
    pub(super) fn source(&self) -> Option<String> {
        let of_session = self.sessions.first().map(|session| session.source.to_string());
        of_session.or_else(|| self.waiting.map(|pending| pending.source.clone()))
    }

    /// What it says it is.
    pub(super) fn says(&self) -> Option<&str> {
        let id = match self.record {
            Some(record) => record.device_id.as_ref(),
            None => self.waiting.and_then(|pending| pending.device_id.as_ref()),
        };
        id.map(|id| id.as_str())
    }

    /// What tells strangers of one name from each other; empty for an enrolled device.
    pub(super) fn fingerprint(&self) -> String {
        let waiting = self.waiting.filter(|_| self.record.is_none());
        waiting.map(|pending| pending.key.fingerprint().to_string()).unwrap_or_default()
    }
}

impl Subject for Seen<'_> {
    fn name(&self) -> &str {
        &self.name
    }

    fn device_id(&self) -> Option<&str> {
        self.says()
    }

    fn user(&self) -> Option<&str> {
        self.record?.user.as_deref()
    }

    fn tags(&self) -> &BTreeMap<String, String> {
        self.record.map_or(&NO_TAGS, |record| &record.tags)
    }

    fn state(&self) -> DeviceState {
        self.state
    }

    fn came_in_by(&self, is_wanted: impl Fn(&str) -> bool) -> bool {
        if !self.sessions.is_empty() {
            return self.sessions.iter().any(|session| is_wanted(session.listener.as_ref()));
        }
        let of_pending = self.waiting.map(|pending| &pending.listener);
        let bound = self.record.and_then(|record| record.listener.as_ref());
        of_pending.or(bound).is_some_and(|listener| is_wanted(listener.as_ref()))
    }

    fn came_from(&self, is_wanted: impl Fn(&str) -> bool) -> bool {
        if !self.sessions.is_empty() {
            return self.sessions.iter().any(|session| is_wanted(&session.source.to_string()));
        }
        self.waiting.is_some_and(|pending| is_wanted(&pending.source))
    }

    fn has_key(&self, is_wanted: impl Fn(&Fingerprint) -> bool) -> bool {
        let known = self.record.into_iter().flat_map(|record| &record.keys);
        known.map(|key| key.fingerprint).any(|key| is_wanted(&key))
            || self.waiting.is_some_and(|pending| is_wanted(&pending.key.fingerprint()))
    }

    fn has_secret(&self) -> bool {
        self.record.is_some_and(|record| record.secret.is_some())
    }

    fn has_password(&self) -> bool {
        self.record.is_some_and(|record| record.password.is_some())
    }

    fn has_session(&self) -> bool {
        !self.sessions.is_empty()
    }

    fn has_pending(&self) -> bool {
        self.waiting.is_some()
    }

    fn last_there(&self, now: Timestamp) -> Option<Timestamp> {
        if self.has_session() {
            return Some(now);
        }
        let proven = self.record.and_then(DeviceRecord::last_seen);
        let left = self.since.filter(|_| self.state == DeviceState::Down);
        let tried = self.waiting.map(|pending| pending.last_seen);
        proven.max(left).max(tried)
    }
}
