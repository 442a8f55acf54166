//! The confirmed commit, which rolls back by itself.
//!
//! ```text
//! running ──commit confirmed──▶ running ──▶ the next commit        ─▶ it stays
//!                               until       cancel, handle_timeout ─▶ Plan: the former one
//! ```
//!
//! Source: RFC 6241 section 8.4; Junos, *commit*, *commit-configuration*.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::author::{Author, Client, SessionId};
use super::commit::{Commit, Kind, Plan, prepare};
use super::error::Refused;
use super::{Datastore, Timestamp};
use crate::junos::{Configuration, Form};

/// A commit that waits for its confirmation, as the shell keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfirmingRecord {
    /// When it rolls back.
    pub until: Timestamp,
    /// How long it waited when it was made, in seconds.
    pub seconds: u64,
    /// The word that another session may confirm it with.
    pub persist: Option<String>,
    /// The commit whose configuration it rolls back to.
    pub former: u64,
}

/// A commit that waits for its confirmation.
#[derive(Clone, Debug)]
pub(super) struct Confirming {
    pub(super) record: ConfirmingRecord,
    /// Whose end rolls it back, unless it persists.
    pub(super) session: Option<SessionId>,
    /// Who made it, as long as that session is there.
    pub(super) maker: Option<SessionId>,
    pub(super) former: Arc<Configuration>,
}

/// How a confirmed commit was undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Cancelled,
    TimedOut,
}

impl Datastore {
    /// Begins to undo a confirmed commit.
    ///
    /// # Errors
    /// None waits, or under another name, or it is another session's alone.
    pub fn cancel(
        &mut self,
        session: SessionId,
        persist_id: Option<String>,
        now: Timestamp,
    ) -> Result<Plan, Refused> {
        let author = self.sessions.get(&session).map(|session| session.author.clone());
        let author = author.ok_or(Refused::NotOpen(session))?;
        if self.is_committing {
            return Err(Refused::InProgress);
        }
        let Some(confirming) = &self.confirming else { return Err(Refused::NothingToConfirm) };
        let is_own = confirming.session.is_none_or(|own| own == session);
        if confirming.record.persist != persist_id || !is_own {
            return Err(Refused::WrongPersistId);
        }
        self.roll_back(author, Ending::Cancelled, now)
    }

    /// Goes on waiting for the confirmation of a commit that was made before a restart.
    pub fn resume(&mut self, record: ConfirmingRecord, former: Arc<Configuration>, now: Timestamp) {
        // A clock that was set back must not make the wait longer than it was.
        let longest = now + Duration::from_secs(record.seconds);
        let record = ConfirmingRecord { until: record.until.min(longest), ..record };
        let former = super::settled(former);
        self.confirming = Some(Confirming { record, session: None, maker: None, former });
    }

    /// The commit that waits for its confirmation.
    pub fn confirming(&self) -> Option<&ConfirmingRecord> {
        self.confirming.as_ref().map(|confirming| &confirming.record)
    }

    /// Whether the end of this session undoes a confirmed commit (RFC 6241 section 8.4.1).
    pub fn is_confirming(&self, session: SessionId) -> bool {
        self.confirming.as_ref().is_some_and(|confirming| confirming.session == Some(session))
    }

    /// When to wake this machine.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let until = self.confirming.as_ref().map(|confirming| confirming.record.until);
        let at = self.scheduled().map(|record| record.at);
        until.into_iter().chain(at).min()
    }

    /// Begins the automatic rollback, or the commit that was scheduled, if its time has come.
    pub fn handle_timeout(&mut self, now: Timestamp) -> Option<Plan> {
        if self.is_committing {
            return None;
        }
        let until = self.confirming.as_ref().map(|confirming| confirming.record.until);
        if until.is_none_or(|until| now < until) {
            return self.due(now);
        }
        self.roll_back(Author::new("root", Client::Other), Ending::TimedOut, now).ok()
    }

    fn roll_back(
        &mut self,
        author: Author,
        ending: Ending,
        now: Timestamp,
    ) -> Result<Plan, Refused> {
        let Some(confirming) = &self.confirming else { return Err(Refused::NothingToConfirm) };
        // It was in force before: nothing that is looked at here may keep it from being so again.
        let former = &confirming.former;
        let (configuration, text) =
            prepare(former, false).unwrap_or_else(|_| (former.clone(), former.print(Form::Curly)));
        let comment = match ending {
            Ending::Cancelled => "the confirmed commit was cancelled",
            Ending::TimedOut => "the confirmed commit was not confirmed",
        };
        self.is_committing = true;
        let record = self.record(author, Some(comment.to_owned()), now, None);
        let kind = Kind::RollBack(ending);
        Ok(Plan { configuration, text, record, confirming: None, kind, former: None })
    }

    /// Fails while a commit waits for its confirmation, which nothing but a commit that says so gives.
    pub(super) fn check_confirmed(&self) -> Result<(), Refused> {
        match &self.confirming {
            Some(confirming) => Err(Refused::AwaitsConfirmation {
                until: confirming.record.until,
                session: confirming.maker,
            }),
            None => Ok(()),
        }
    }

    /// Whether the commit that waits, if any, was made by this session.
    pub(super) fn is_confirmed_by(&self, session: SessionId) -> bool {
        self.confirming.as_ref().is_some_and(|confirming| confirming.maker == Some(session))
    }

    /// A session is gone; its number may be another's one day.
    pub(super) fn forget_confirmer(&mut self, session: SessionId) {
        if let Some(confirming) = &mut self.confirming {
            confirming.maker = confirming.maker.filter(|maker| *maker != session);
        }
    }

    pub(super) fn check_persist_id(
        &self,
        session: SessionId,
        commit: &Commit,
    ) -> Result<(), Refused> {
        match (&self.confirming, &commit.persist_id) {
            (None, Some(_)) => Err(Refused::NothingToConfirm),
            (Some(confirming), given) => {
                let is_own = confirming.session.is_none_or(|own| own == session);
                let fits = confirming.record.persist == *given && is_own;
                if fits { Ok(()) } else { Err(Refused::WrongPersistId) }
            }
            (None, None) => Ok(()),
        }
    }
}
