//! Verifying a chain, link by link, in constant memory.
//!
//! ```text
//!   handle_link(text, hash) ──▶ … ──▶ handle_end() ──▶ Report { head, broken: altered | removed | reordered | rewritten }
//! ```
//!
//! A chain that does not begin with entry 1 hangs in the air until its `audit-pruned` entry is met, which knows the
//! hash before its first link; until then the first link's text is kept.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ChainHash, Entry, Head, Pruned};

/// The first place where a chain is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum Broken {
    /// The entry, or the one before it, is not what was hashed.
    Altered {
        /// The entry whose hash does not fit.
        id: u64,
    },
    /// Entries are missing.
    Removed {
        /// The first of them.
        id: u64,
        /// The last of them.
        last: u64,
    },
    /// An entry stands in another's place.
    Reordered {
        /// The one whose place it is.
        id: u64,
    },
    /// All fits, but it is not the chain that the noted head was taken of: it was made anew.
    Rewritten {
        /// The noted entry.
        id: u64,
    },
}

impl Broken {
    /// The first entry that is not right.
    #[must_use]
    pub fn id(&self) -> u64 {
        match *self {
            Self::Altered { id }
            | Self::Removed { id, .. }
            | Self::Reordered { id }
            | Self::Rewritten { id } => id,
        }
    }

    /// A stable word for logs, metrics and the API.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Altered { .. } => "audit-altered",
            Self::Removed { .. } => "audit-removed",
            Self::Reordered { .. } => "audit-reordered",
            Self::Rewritten { .. } => "audit-rewritten",
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered { id } => {
                write!(
                    f,
                    "entry {id} does not follow from the one before it: one of the two was altered"
                )
            }
            Self::Removed { id, last } if id == last => write!(f, "entry {id} was removed"),
            Self::Removed { id, last } => write!(f, "entries {id} to {last} were removed"),
            Self::Reordered { id } => write!(f, "entry {id} is not in its place"),
            Self::Rewritten { id } => {
                write!(f, "entry {id} is not the one that was noted: the chain was made anew")
            }
        }
    }
}

/// What verifying came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Report {
    /// Whether nothing is broken.
    pub intact: bool,
    /// The first entry that is there; 0: there is none.
    pub first: u64,
    /// How many entries were read.
    pub entries: u64,
    /// The newest entry: note it elsewhere, and compare.
    pub head: Head,
    /// What was taken away in due order before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pruned: Option<Pruned>,
    /// Whether the noted head was found in its place; none: none was given, or it was pruned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noted: Option<bool>,
    /// The first place where it is broken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<Broken>,
}

/// Verifies a chain.
#[derive(Debug)]
pub struct Verifier {
    first: u64,
    entries: u64,
    /// The latest link in its place.
    head: Head,
    /// The first link, while the hash before it is not known.
    hanging: Option<(u64, String, ChainHash)>,
    pruned: Option<Pruned>,
    noted: Option<Head>,
    noted_found: Option<bool>,
    broken: Option<Broken>,
    /// The hash before the first link, if it is a part of a chain.
    part_of: Option<ChainHash>,
}

impl Verifier {
    /// A verifier of a whole chain, or of what pruning left of it.
    #[must_use]
    pub fn new() -> Self {
        Self {
            first: 0,
            entries: 0,
            head: Head::START,
            hanging: None,
            pruned: None,
            noted: None,
            noted_found: None,
            broken: None,
            part_of: None,
        }
    }

    /// A verifier of a part, in front of which `previous` stands: true as far as that is.
    #[must_use]
    pub fn of_part(previous: ChainHash) -> Self {
        Self { part_of: Some(previous), ..Self::new() }
    }

    /// Also compares with a head that was noted elsewhere.
    #[must_use]
    pub fn expecting(mut self, noted: Head) -> Self {
        self.noted = Some(noted);
        self
    }

    /// Takes the next link as it is stored.
    pub fn handle_link(&mut self, canonical: &str, hash: ChainHash) {
        self.entries += 1;
        let entry = serde_json::from_str::<Entry>(canonical).ok();
        let Some(entry) = entry else {
            let id = self.head.id.saturating_add(1);
            return self.broke(Broken::Altered { id });
        };
        if self.first == 0 {
            self.first = entry.id;
            self.begin(entry.id, canonical, hash);
        } else {
            self.follow(entry.id, canonical, hash);
        }
        if let Some(pruned) = entry.as_pruned() {
            self.meet(pruned);
        }
        self.compare(Head { id: entry.id, hash });
    }

    fn begin(&mut self, id: u64, canonical: &str, hash: ChainHash) {
        let before = match self.part_of {
            None if id != 1 => {
                self.hanging = Some((id, canonical.to_owned(), hash));
                self.head = Head { id, hash };
                return;
            }
            previous => previous.unwrap_or(ChainHash::START),
        };
        self.head = Head { id: id.saturating_sub(1), hash: before };
        self.follow(id, canonical, hash);
    }

    fn follow(&mut self, id: u64, canonical: &str, hash: ChainHash) {
        let due = self.head.id.saturating_add(1);
        match self.broken {
            // What seemed to be missing only stands later.
            Some(Broken::Removed { id: missing, .. }) if missing == id => {
                self.broken = Some(Broken::Reordered { id });
            }
            Some(_) => {}
            None if id > due => self.broke(Broken::Removed { id: due, last: id - 1 }),
            None if id < due => self.broke(Broken::Reordered { id: due }),
            None if self.head.hash.next(canonical) != hash => self.broke(Broken::Altered { id }),
            None => {}
        }
        self.head = Head { id, hash };
    }

    /// An entry that knows where pruning ended.
    fn meet(&mut self, pruned: Pruned) {
        let Some((id, canonical, hash)) = &self.hanging else { return };
        if pruned.last.checked_add(1) != Some(*id) {
            return;
        }
        let fits = pruned.hash.next(canonical) == *hash;
        let id = *id;
        self.hanging = None;
        self.pruned = Some(pruned);
        if !fits {
            self.broken = Some(Broken::Altered { id });
        }
        self.compare(Head { id: pruned.last, hash: pruned.hash });
    }

    fn compare(&mut self, link: Head) {
        let Some(noted) = self.noted.filter(|noted| noted.id == link.id) else { return };
        self.noted_found = Some(noted == link);
        if noted != link {
            self.broke(Broken::Rewritten { id: link.id });
        }
    }

    /// The first counts.
    fn broke(&mut self, broken: Broken) {
        self.broken.get_or_insert(broken);
    }

    /// No link follows.
    #[must_use]
    pub fn handle_end(mut self) -> Report {
        if let Some((id, ..)) = self.hanging {
            // Nothing tells of the pruning: the front is gone by other means.
            self.broken = Some(Broken::Removed { id: 1, last: id.saturating_sub(1) });
        }
        if let Some(noted) = self.noted
            && noted.id > self.head.id
        {
            self.noted_found = Some(false);
            self.broke(Broken::Removed { id: self.head.id.saturating_add(1), last: noted.id });
        }
        Report {
            intact: self.broken.is_none(),
            first: self.first,
            entries: self.entries,
            head: self.head,
            pruned: self.pruned,
            noted: self.noted_found,
            broken: self.broken,
        }
    }
}

impl Default for Verifier {
    fn default() -> Self {
        Self::new()
    }
}
