//! The whole fleet at a glance, without making an API object of each device: counts, searches, pages.
//!
//! ```text
//!   records (by name), sessions, standings, pending keys ──▶ Seen, borrowed ──filter──▶ sort ──▶ page
//!                                                             │                             └──▶ only these are composed
//!                                                             └──▶ counts, kept until something changes
//! ```

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, RwLockReadGuard};
use std::time::Duration;

use homing_proto::access::{Operator, Right};
use homing_proto::api::{Counts, Device, DeviceState, Timestamp};
use homing_proto::attention::{RefusedDevice, Watch};
use homing_proto::identity::DeviceName;
use serde::{Deserialize, Serialize};

use super::seen::Seen;
use super::{DeviceQuery, allow, show};
use crate::session::Session;
use crate::shared::Shared;
use crate::standing::Standing;
use crate::store::{DeviceRecord, PendingRecord};

/// What was found is true for so long even if nothing changes: refusals grow old.
const KEPT: Duration = Duration::from_secs(5);
/// A fleet of so many devices is large.
const LARGE: usize = 1_000;
/// A glance at a large fleet is as good as a new one for so long.
const FRESH: Duration = Duration::from_secs(1);

/// What devices are sorted by; those that are equal, by name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// Enrolled ones first, then by name.
    #[default]
    Name,
    /// Where they stand.
    State,
    /// Since when.
    Since,
    /// Where they come from.
    Source,
    /// What they say they are.
    DeviceId,
}

/// Which devices, in which order, from where on.
#[derive(Debug, Clone, Default)]
pub struct DeviceSearch {
    /// Only these.
    pub query: DeviceQuery,
    /// The order.
    pub sort: Sort,
    /// The other way round.
    pub is_descending: bool,
    /// Only those after this place.
    pub after: Option<Place<'static>>,
    /// Only after so many, if no place is said.
    pub skip: usize,
    /// At most so many; 0: only the count.
    pub limit: usize,
}

/// A page of devices.
#[derive(Debug, Clone, Default)]
pub struct DevicePage {
    /// The devices.
    pub devices: Vec<Device>,
    /// How many there are before the first one.
    pub before: usize,
    /// How many fit in all.
    pub total: usize,
    /// Where the next page begins; none: there is none.
    pub next: Option<Place<'static>>,
    /// Where the page before begins; none: there is none, or it is the first.
    pub previous: Option<Place<'static>>,
}

/// Where a device stands in an order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place<'s> {
    value: Value<'s>,
    is_stranger: bool,
    name: Cow<'s, str>,
    fingerprint: Cow<'s, str>,
}

/// What an order looks at first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Value<'s> {
    None,
    Number(i64),
    Text(Cow<'s, str>),
}

impl Place<'_> {
    /// In the order by name.
    #[must_use]
    pub fn by_name(is_stranger: bool, name: String, fingerprint: String) -> Place<'static> {
        let (name, fingerprint) = (Cow::Owned(name), Cow::Owned(fingerprint));
        Place { value: Value::None, is_stranger, name, fingerprint }
    }

    fn of<'s>(seen: &'s Seen<'_>, sort: Sort) -> Place<'s> {
        let value = match sort {
            Sort::Name => Value::None,
            Sort::State => Value::Number(seen.state as i64),
            Sort::Since => Value::Number(seen.since.map_or(i64::MIN, Timestamp::as_microsecond)),
            Sort::Source => seen.source().map_or(Value::None, |source| Value::Text(source.into())),
            Sort::DeviceId => seen.says().map_or(Value::None, |id| Value::Text(id.into())),
        };
        let name = Cow::Borrowed(&*seen.name);
        Place {
            value,
            is_stranger: seen.record.is_none(),
            name,
            fingerprint: seen.fingerprint().into(),
        }
    }

    fn into_owned(self) -> Place<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Place {
            value: match self.value {
                Value::None => Value::None,
                Value::Number(number) => Value::Number(number),
                Value::Text(text) => Value::Text(owned(text)),
            },
            is_stranger: self.is_stranger,
            name: owned(self.name),
            fingerprint: owned(self.fingerprint),
        }
    }
}

/// What a look at the fleet needs, fetched once.
struct Survey {
    records: Vec<Arc<DeviceRecord>>,
    sessions: Vec<Arc<Session>>,
    pending: Vec<Arc<PendingRecord>>,
    now: Timestamp,
}

/// Where things are, by name, in a [`Survey`].
struct Index<'s> {
    /// Of each device those that it has, newest first.
    sessions: HashMap<&'s DeviceName, &'s [Arc<Session>]>,
    waiting: HashMap<&'s DeviceName, &'s PendingRecord>,
    standings: RwLockReadGuard<'s, HashMap<DeviceName, Standing>>,
}

impl Survey {
    fn new(shared: &Shared) -> Self {
        let mut sessions = shared.fleet.all();
        sessions.sort_unstable_by(|one, other| {
            one.device.cmp(&other.device).then(other.epoch.cmp(&one.epoch))
        });
        let (records, pending) = (shared.store.devices(), shared.store.pending());
        Self { records, sessions, pending, now: Timestamp::now() }
    }

    fn index<'s>(&'s self, shared: &'s Shared) -> Index<'s> {
        let of_device = self.sessions.chunk_by(|one, other| one.device == other.device);
        let sessions = of_device.filter_map(|all| Some((&all.first()?.device, all))).collect();
        let waiting = self.pending.iter();
        let waiting =
            waiting.filter_map(|pending| Some((pending.device.as_ref()?, &**pending))).collect();
        Index { sessions, waiting, standings: shared.standings.all() }
    }

    /// All that the operator sees: enrolled devices by name, then strangers.
    fn each<'s>(
        &'s self,
        index: &'s Index<'s>,
        operator: &'s Operator,
    ) -> impl Iterator<Item = Seen<'s>> {
        let sees_all = operator.anywhere(Right::View, self.now).is_ok();
        let is_seen = move |record: &&Arc<DeviceRecord>| {
            sees_all || operator.sees(&record.name, &record.tags, self.now)
        };
        let known = self.records.iter().filter(is_seen).map(|record| index.seen(record));
        let strangers = self.pending.iter().filter(move |pending| {
            let id = pending.device_id.as_ref();
            pending.device.is_none()
                && (sees_all || allow::stranger(operator, id, Right::View).is_ok())
        });
        known.chain(strangers.map(|pending| Seen::stranger(pending)))
    }
}

impl<'s> Index<'s> {
    fn seen(&'s self, record: &'s DeviceRecord) -> Seen<'s> {
        let sessions = self.sessions.get(&record.name).copied().unwrap_or_default();
        let waiting = self.waiting.get(&record.name).copied();
        Seen::known(record, sessions, self.standings.get(&record.name), waiting)
    }
}

/// Everything that fits, enrolled devices first, each part by name.
pub(super) fn devices(shared: &Shared, query: &DeviceQuery, operator: &Operator) -> Vec<Device> {
    let survey = Survey::new(shared);
    let index = survey.index(shared);
    let fits = |seen: &Seen<'_>| query.takes(seen, survey.now);
    survey.each(&index, operator).filter(fits).map(|seen| seen.compose()).collect()
}

/// One page of what fits.
pub(super) fn page(shared: &Shared, search: &DeviceSearch, operator: &Operator) -> DevicePage {
    let survey = Survey::new(shared);
    let index = survey.index(shared);
    let fits = |seen: &Seen<'_>| search.query.takes(seen, survey.now);
    let mut found: Vec<Seen<'_>> = survey.each(&index, operator).filter(fits).collect();
    let sort = search.sort;
    // Records are in the order of their names as they are; strangers in that of their keys.
    let strangers = found.partition_point(|seen| seen.record.is_some());
    if let Some(strangers) = found.get_mut(strangers..) {
        strangers.sort_by_cached_key(|seen| Place::of(seen, sort).into_owned());
    }
    let is_in_order = search.sort == Sort::Name && !search.is_descending;
    let mut order: Vec<(Place<'_>, usize)> = Vec::new();
    if !is_in_order {
        order = found.iter().enumerate().map(|(at, seen)| (Place::of(seen, sort), at)).collect();
        order.sort_unstable_by(|(one, _), (other, _)| match search.is_descending {
            true => other.cmp(one),
            false => one.cmp(other),
        });
    }
    let nth = |number: usize| match is_in_order {
        true => found.get(number),
        false => order.get(number).and_then(|(_, at)| found.get(*at)),
    };
    let before = match (&search.after, is_in_order) {
        // The last page is as full as the others.
        (None, _) => search.skip.min(found.len().saturating_sub(search.limit.max(1))),
        (Some(after), true) => found.partition_point(|seen| Place::of(seen, sort) <= *after),
        (Some(after), false) => order.partition_point(|(one, _)| match search.is_descending {
            true => one >= after,
            false => one <= after,
        }),
    };
    let end = before.saturating_add(search.limit).min(found.len());
    let devices = (before..end).filter_map(nth).map(Seen::compose).collect();
    let at = |number: usize| nth(number).map(|seen| Place::of(seen, sort).into_owned());
    let next = end.checked_sub(1).filter(|_| end < found.len()).and_then(at);
    let previous = before.checked_sub(search.limit.saturating_add(1)).and_then(at);
    DevicePage { devices, before, total: found.len(), next, previous }
}

/// Labels of a fleet: for each key its values, in order.
pub type Labels = BTreeMap<String, BTreeSet<String>>;

/// The labels of the devices that the operator sees: of the first `most` keys, the first `most` values each.
pub(super) fn labels(shared: &Shared, most: usize, operator: &Operator) -> Labels {
    let now = Timestamp::now();
    let sees_all = operator.anywhere(Right::View, now).is_ok();
    let mut labels = Labels::new();
    for record in shared.store.devices() {
        if !sees_all && !operator.sees(&record.name, &record.tags, now) {
            continue;
        }
        for (key, value) in &record.tags {
            let has_room = labels.len() < most;
            let Some(values) = (match labels.contains_key(key) || !has_room {
                true => labels.get_mut(key),
                false => Some(labels.entry(key.clone()).or_default()),
            }) else {
                continue;
            };
            if values.len() < most && !values.contains(value) {
                values.insert(value.clone());
            }
        }
    }
    labels
}

/// Counts, and what of the devices wants attention.
#[derive(Debug, Clone)]
pub(super) struct Glance {
    pub(super) counts: Counts,
    pub(super) watch: Watch,
}

/// A [`Glance`] of somebody who sees everything, and what it was true for.
#[derive(Debug)]
pub(crate) struct Kept {
    versions: [u64; 3],
    at: std::time::Instant,
    glance: Glance,
}

/// Where it is kept, for one who looks at a time: who waits for it holds no thread.
pub(super) type KeptGlance = tokio::sync::OwnedMutexGuard<Option<Kept>>;

/// What the operator sees of the fleet. For those who see everything it is in `kept` until something changes, and that of a large
/// fleet, in which something always does, for a second at least.
pub(super) fn glance(shared: &Shared, operator: &Operator, kept: Option<KeptGlance>) -> Glance {
    let Some(mut kept) = kept else { return look(shared, operator) };
    // Before looking: what changes meanwhile makes the next one look again.
    let versions = [shared.fleet.version(), shared.standings.version(), shared.store.version()];
    let is_large = shared.store.device_count() >= LARGE;
    if let Some(kept) = &*kept
        && kept.is_good(versions, is_large)
    {
        return kept.glance.clone();
    }
    let at = std::time::Instant::now();
    let glance = look(shared, operator);
    *kept = Some(Kept { versions, at, glance: glance.clone() });
    glance
}

impl Kept {
    /// Whether it may still be shown.
    fn is_good(&self, versions: [u64; 3], is_large: bool) -> bool {
        let age = self.at.elapsed();
        (self.versions == versions && age < KEPT) || (is_large && age < FRESH)
    }
}

fn look(shared: &Shared, operator: &Operator) -> Glance {
    let survey = Survey::new(shared);
    let index = survey.index(shared);
    let (mut counts, mut watch) = (Counts::default(), Watch::new(survey.now));
    for seen in survey.each(&index, operator) {
        let count = match seen.state {
            DeviceState::Up => &mut counts.up,
            DeviceState::Down => &mut counts.down,
            DeviceState::New => &mut counts.new,
            DeviceState::Refused => &mut counts.refused,
            DeviceState::Pending => &mut counts.pending,
            DeviceState::Blocked => &mut counts.blocked,
        };
        *count += 1;
        watch_over(&mut watch, &seen, survey.now);
    }
    Glance { counts, watch }
}

fn watch_over(watch: &mut Watch, seen: &Seen<'_>, now: Timestamp) {
    if let Some(pending) = seen.waiting {
        match seen.record.is_some() && pending.reason != show::FIRST_KEY {
            true => {
                let fingerprint = pending.key.fingerprint().to_string();
                watch.handle_changed_key(&seen.name, &fingerprint, pending.first_seen);
            }
            false => watch.handle_pending(),
        }
    }
    let Some(standing) = seen.standing else { return };
    let (refused, since) = match (&standing.ended, standing.duplicate(now)) {
        // A key that nobody accepted is told of once.
        (Some(ended), _) if seen.state == DeviceState::Refused && seen.waiting.is_none() => {
            (ended, standing.refused_since.unwrap_or(ended.at))
        }
        (_, Some(duplicate)) => (&duplicate.refused, duplicate.since),
        _ => return,
    };
    let (name, code, message) = (&seen.name, &refused.code, &refused.message);
    watch.handle_refused(RefusedDevice { name, code, message, since });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glance_at_a_large_fleet_is_good_for_a_second_whatever_changes() {
        let glance = Glance { counts: Counts::default(), watch: Watch::new(Timestamp::now()) };
        let now = std::time::Instant::now();
        let mut kept = Kept { versions: [1, 1, 1], at: now, glance };
        assert!(kept.is_good([1, 2, 1], true) && !kept.is_good([1, 2, 1], false));
        kept.at = now.checked_sub(FRESH).unwrap();
        assert!(!kept.is_good([1, 2, 1], true));
    }
}
