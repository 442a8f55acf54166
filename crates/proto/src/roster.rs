//! The roster: which session is a device's, and which of two is newer.
//!
//! ```text
//!   claim(proven) ─▶ nobody there ─────────────────────────────▶ Entered
//!                 ─▶ an older session ── calm ─────────────────▶ TookOver { displaced }
//!                 │                  └── too often in a minute ─▶ Contested (alarm)
//!                 └▶ a newer session ──────────────────────────▶ Stale
//! ```
//!
//! Only a [`ProvenDevice`] can claim: who merely says that he is a device displaces nothing. A
//! session is identified by (device, listener). Two boxes with one key would take over from each
//! other for ever; once that shows, the one that has the place keeps it, and at most one take-over
//! a window is let through until only one of them still comes.

mod rivalry;

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::admission::ProvenDevice;
use crate::host_key::Fingerprint;
use crate::identity::{DeviceName, Epoch, ListenerName, SessionId};
use rivalry::Rivalry;

/// When two boxes are taken to fight for one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// More take-overs than these within `window` are a fight.
    pub takeovers: usize,
    /// Also the pause between two take-overs while they fight.
    pub window: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { takeovers: 4, window: Duration::from_secs(60) }
    }
}

/// Which device is where.
#[derive(Debug)]
pub struct Roster {
    settings: Settings,
    places: BTreeMap<Place, Occupancy>,
    /// The place of each session that has one.
    sessions: HashMap<SessionId, Place>,
}

/// What a session is identified by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The device.
    pub device: DeviceName,
    /// The listener that it dialled.
    pub listener: ListenerName,
}

/// A session in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The session.
    pub session: SessionId,
    /// When its connection was accepted: what makes it newer or older.
    pub epoch: Epoch,
    /// The key that it proved.
    pub key: Fingerprint,
    /// Where it dialled from.
    pub source: SocketAddr,
    /// Since when it has the place.
    pub since: Instant,
}

/// What became of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// Nobody had the place.
    Entered,
    /// The place is taken over.
    TookOver {
        /// The older session, to be closed.
        displaced: Entry,
    },
    /// A newer session has the place.
    Stale {
        /// That one.
        newer: Entry,
    },
    /// Two boxes fight for the place: the claim is refused for a while.
    Contested {
        /// The session that keeps it.
        holder: Entry,
    },
}

#[derive(Debug, Default)]
struct Occupancy {
    holder: Option<Entry>,
    rivalry: Rivalry,
}

impl Roster {
    /// An empty roster.
    pub fn new(settings: Settings) -> Self {
        Self { settings, places: BTreeMap::new(), sessions: HashMap::new() }
    }

    /// Gives `session` the place of the device that it proved to be, unless a newer one has it.
    ///
    /// Session numbers must not be used twice.
    pub fn claim(&mut self, device: &ProvenDevice, session: SessionId, now: Instant) -> Claimed {
        let place = Place { device: device.name().clone(), listener: device.listener().clone() };
        let entry = Entry {
            session,
            epoch: device.epoch(),
            key: device.key().fingerprint(),
            source: device.source(),
            since: now,
        };
        let occupancy = self.places.entry(place.clone()).or_default();
        let claimed = occupancy.claim(entry, &self.settings, now);
        match &claimed {
            Claimed::Stale { .. } | Claimed::Contested { .. } => return claimed,
            Claimed::TookOver { displaced } => _ = self.sessions.remove(&displaced.session),
            Claimed::Entered => {}
        }
        self.sessions.insert(session, place);
        claimed
    }

    /// Frees the place of `session`; `None` if it has none, because a newer one took over.
    pub fn release(&mut self, session: SessionId, now: Instant) -> Option<Entry> {
        let place = self.sessions.remove(&session)?;
        let occupancy = self.places.get_mut(&place)?;
        let entry = occupancy.holder.take();
        if occupancy.rivalry.is_over(&self.settings, now) {
            self.places.remove(&place);
        }
        entry
    }

    /// Forgets the fights that are over and the empty places they left. To be called now and then.
    pub fn tidy(&mut self, now: Instant) {
        let settings = &self.settings;
        self.places.retain(|_, occupancy| {
            occupancy.holder.is_some() || !occupancy.rivalry.is_over(settings, now)
        });
    }

    /// The session in a place.
    pub fn entry(&self, place: &Place) -> Option<&Entry> {
        self.places.get(place)?.holder.as_ref()
    }

    /// A device's sessions, by listener.
    pub fn sessions_of<'a>(
        &'a self,
        device: &'a DeviceName,
    ) -> impl Iterator<Item = (&'a Place, &'a Entry)> {
        let first = Place { device: device.clone(), listener: ListenerName::least() };
        self.places
            .range(first..)
            .take_while(move |(place, _)| place.device == *device)
            .filter_map(|(place, occupancy)| Some((place, occupancy.holder.as_ref()?)))
    }

    /// All sessions, by device and listener.
    pub fn iter(&self) -> impl Iterator<Item = (&Place, &Entry)> {
        self.places
            .iter()
            .filter_map(|(place, occupancy)| occupancy.holder.as_ref().map(|entry| (place, entry)))
    }

    /// How many sessions there are.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }
}

impl Occupancy {
    fn claim(&mut self, entry: Entry, settings: &Settings, now: Instant) -> Claimed {
        match self.holder.take() {
            None => {
                self.holder = Some(entry);
                Claimed::Entered
            }
            Some(holder) if (holder.epoch, holder.session) > (entry.epoch, entry.session) => {
                self.holder = Some(holder.clone());
                Claimed::Stale { newer: holder }
            }
            Some(holder) if !self.rivalry.admits(settings, now) => {
                self.holder = Some(holder.clone());
                Claimed::Contested { holder }
            }
            Some(displaced) => {
                self.holder = Some(entry);
                Claimed::TookOver { displaced }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a virtual clock starts somewhere")]
mod tests;
