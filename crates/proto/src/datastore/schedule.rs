//! `commit at`: a commit that waits for its time.
//!
//! ```text
//! schedule ─▶ the candidate is checked and kept aside ─▶ handle_timeout ─▶ Plan
//!                          clear_schedule ─▶ it is gone
//! ```
//!
//! Nobody else commits meanwhile. Source: Junos, *commit at*, *clear system commit*.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::author::{Author, SessionId};
use super::commit::{Plan, check_length, prepare};
use super::error::Refused;
use super::{Datastore, Timestamp};
use crate::junos::Configuration;

/// How far away the time of a commit may be: nobody else commits until then.
const FARTHEST: Duration = Duration::from_secs(366 * 86_400);

/// A commit that waits for its time, as the shell keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduledRecord {
    /// When it is made.
    pub at: Timestamp,
    /// Who asked for it.
    pub author: Author,
    /// What the log shall say.
    pub comment: Option<String>,
}

/// A commit that waits for its time.
#[derive(Clone, Debug)]
pub(super) struct Scheduled {
    pub(super) record: ScheduledRecord,
    configuration: Arc<Configuration>,
}

impl Datastore {
    /// Checks the candidate of a session and keeps it aside until `at`; gives what the shell must
    /// keep, with the text.
    ///
    /// # Errors
    /// It could not be committed, a commit waits for its confirmation, the time is past or far away, or another commit waits.
    pub fn schedule(
        &mut self,
        session: SessionId,
        comment: Option<String>,
        at: Timestamp,
        now: Timestamp,
    ) -> Result<(ScheduledRecord, String), Refused> {
        let author = self.sessions.get(&session).map(|session| session.author.clone());
        let author = author.ok_or(Refused::NotOpen(session))?;
        check_length("comment", comment.as_ref())?;
        self.check_free()?;
        self.check_confirmed()?;
        self.check_holder(self.running_holder, session)?;
        if at <= now {
            return Err(Refused::TimeIsPast(at));
        }
        if at > now + FARTHEST {
            return Err(Refused::TimeIsFar(at));
        }
        let candidate = self.joined(session)?;
        let (configuration, text) = prepare(&candidate, self.is_strict)?;
        let record = ScheduledRecord { at, author, comment };
        self.scheduled = Some(Scheduled { record: record.clone(), configuration });
        Ok((record, text))
    }

    /// Goes on waiting for the time of a commit that was scheduled before a restart.
    pub fn resume_schedule(&mut self, record: ScheduledRecord, configuration: Arc<Configuration>) {
        let configuration = super::settled(configuration);
        self.scheduled = Some(Scheduled { record, configuration });
    }

    /// Gives up the commit that waits for its time; says whether there was one.
    pub fn clear_schedule(&mut self) -> bool {
        self.scheduled.take().is_some()
    }

    /// The commit that waits for its time.
    pub fn scheduled(&self) -> Option<&ScheduledRecord> {
        self.scheduled.as_ref().map(|scheduled| &scheduled.record)
    }

    /// The commit that goes on waiting for its time when `plan` is done.
    pub fn scheduled_after(&self, plan: &Plan) -> Option<&ScheduledRecord> {
        self.scheduled().filter(|_| !plan.is_scheduled())
    }

    /// The plan of the commit whose time has come. It waits on until it is made or given up; one that
    /// can't be made any more is given up here.
    pub(super) fn due(&mut self, now: Timestamp) -> Option<Plan> {
        let scheduled = self.scheduled.as_ref().filter(|it| it.record.at <= now)?;
        let record = scheduled.record.clone();
        let Ok((configuration, text)) = prepare(&scheduled.configuration, false) else {
            self.scheduled = None;
            return None;
        };
        let plan = self.plan_of(configuration, text, record.author, record.comment, now);
        Some(plan.scheduled())
    }
}
