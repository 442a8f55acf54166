//! The configuration of a device: running, candidates, commit and rollback.
//!
//! ```text
//!            open              edit, load               commit ─▶ Plan
//!  session ───────▶ candidate ────────────▶ candidate ───────────────▶ shell: durable, acted on
//!                      ▲ shared, private or exclusive                   │
//!                      └─────────────── running ◀── handle_committed ───┘
//!                                          └── handle_commit_failed: nothing changed
//! ```
//!
//! It is pure: who comes in as an [`Author`], when as a [`Timestamp`], and what must be written
//! goes out as a [`Plan`]. Statements that the agent does not act on are data here, kept and
//! compared like all others. Earlier configurations are files of the shell's; here are their
//! [`CommitRecord`]s.
//!
//! Source: Junos, *CLI User Guide* (configuration, commit); RFC 6241 sections 7.5, 8.3, 8.4.

mod author;
mod batch;
mod commit;
mod compare;
mod compare_xml;
mod confirm;
mod delete;
mod draft;
mod edit;
mod error;
mod hunk;
mod hunk_set;
mod hunk_text;
mod join;
#[cfg(test)]
mod laws;
mod merge;
mod patch;
mod path;
mod protect;
mod schedule;
mod sessions;
mod statement;
mod switch;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

pub use crate::api::Timestamp;
pub use author::{Author, Client, SessionId};
pub use commit::{Commit, CommitRecord, Event, Plan};
pub use compare::{compare, compare_set, same};
pub use compare_xml::compare_xml;
pub use confirm::ConfirmingRecord;
pub use draft::{Draft, Drafted};
pub use edit::{Action, DefaultOperation, Edit, ErrorOption, Outcome, TestOption};
pub use error::{EditError, Refused};
pub use schedule::ScheduledRecord;
pub use sessions::{Mode, Target};

use crate::junos::schema::Area;
use crate::junos::{Configuration, identity};
use confirm::Confirming;
use sessions::Session;

/// Earlier configurations that are kept, the running one among them.
pub const MOST_COMMITS: usize = 50;
/// Sessions at once.
pub const MOST_SESSIONS: usize = 128;
/// Private candidates at once.
pub const MOST_PRIVATE: usize = 16;

/// What a candidate is called in errors.
pub const CANDIDATE: &str = "candidate";

/// The datastores of one device.
#[derive(Debug)]
pub struct Datastore {
    running: Arc<Configuration>,
    shared: Arc<Configuration>,
    sessions: BTreeMap<SessionId, Session>,
    /// Who holds the candidate: by lock or in exclusive mode.
    candidate_holder: Option<SessionId>,
    running_holder: Option<SessionId>,
    history: VecDeque<CommitRecord>,
    confirming: Option<Confirming>,
    scheduled: Option<schedule::Scheduled>,
    is_committing: bool,
    is_strict: bool,
    events: VecDeque<Event>,
}

impl Datastore {
    /// A datastore whose running configuration is `running`; `history` has the newest first.
    pub fn new(running: Arc<Configuration>, history: Vec<CommitRecord>) -> Self {
        let running = settled(running);
        Self {
            shared: running.clone(),
            running,
            sessions: BTreeMap::new(),
            candidate_holder: None,
            running_holder: None,
            history: history.into_iter().take(MOST_COMMITS).collect(),
            confirming: None,
            scheduled: None,
            is_committing: false,
            is_strict: false,
            events: VecDeque::new(),
        }
    }

    /// Makes statements that the schema does not know an error at commit.
    #[must_use]
    pub fn strict(self, is_strict: bool) -> Self {
        Self { is_strict, ..self }
    }

    /// The configuration in force.
    pub fn running(&self) -> Arc<Configuration> {
        self.running.clone()
    }

    /// The candidate of a session: its private one, or the shared one.
    pub fn candidate(&self, session: SessionId) -> Arc<Configuration> {
        let private = self.sessions.get(&session).and_then(Session::private);
        private.unwrap_or(&self.shared).clone()
    }

    /// Whether the shared candidate differs from the running configuration.
    pub fn is_modified(&self) -> bool {
        !Arc::ptr_eq(&self.shared, &self.running) && !same(&self.shared, &self.running)
    }

    /// The commits, the newest first.
    pub fn history(&self) -> impl ExactSizeIterator<Item = &CommitRecord> {
        self.history.iter()
    }

    /// What others should be told, oldest first.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }
}

/// The configuration with statements that name the same thing joined.
fn settled(configuration: Arc<Configuration>) -> Arc<Configuration> {
    let mut configuration = configuration;
    let settled = Arc::make_mut(&mut configuration);
    identity::settle(settled.statements_mut(), Area::TOP);
    configuration
}
