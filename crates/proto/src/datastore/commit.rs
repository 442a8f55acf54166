//! Commit in two steps.
//!
//! ```text
//! commit ─▶ Plan ─▶ shell makes it durable and acts on it ─▶ handle_committed ─▶ running
//!                   shell can't                           ─▶ handle_commit_failed: as before
//! ```
//!
//! Source: RFC 6241 section 8.4; Junos, *commit*, *commit-configuration*.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::author::{Author, SessionId};
use super::confirm::{Confirming, ConfirmingRecord, Ending};
use super::error::Refused;
use super::{CANDIDATE, Datastore, MOST_COMMITS, Timestamp};
use crate::junos::{Configuration, Form, MAX_BYTES, detect};

/// Characters of a comment or persist-id at most.
const LONGEST_COMMENT: usize = 512;

/// What is asked of a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commit {
    /// What the log shall say.
    pub comment: Option<String>,
    /// Roll back after this time unless confirmed.
    pub confirmed: Option<Duration>,
    /// Let the confirmation come from another session that knows this word.
    pub persist: Option<String>,
    /// The word under which the commit that waits was made.
    pub persist_id: Option<String>,
    /// The end of this session undoes the confirmed commit, and only this session confirms it, unless
    /// `persist` is given (RFC 6241). Not so on Junos.
    pub is_bound: bool,
}

/// One line of `show system commit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitRecord {
    /// Counts all commits of this device, from 1.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub author: Author,
    /// What the log says.
    pub comment: Option<String>,
    /// Until when a confirmed commit waits.
    pub confirmed_until: Option<Timestamp>,
}

/// What the shell must make durable and act on.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The configuration, as it was read back from `text`.
    pub configuration: Arc<Configuration>,
    /// The same in the curly form, as it is kept.
    pub text: String,
    /// The line of the history; none if only a confirmation is to be kept.
    pub record: CommitRecord,
    /// The commit that waits for confirmation when this is done.
    pub confirming: Option<ConfirmingRecord>,
    pub(super) kind: Kind,
    pub(super) former: Option<Arc<Configuration>>,
}

impl Plan {
    /// Whether it undoes a confirmed commit: it is acted on even if it can't be made durable at once.
    pub fn is_rollback(&self) -> bool {
        matches!(self.kind, Kind::RollBack(_))
    }

    /// Whether it is the commit that waited for its time.
    pub fn is_scheduled(&self) -> bool {
        self.kind == Kind::Scheduled
    }

    pub(super) fn scheduled(self) -> Self {
        Self { kind: Kind::Scheduled, ..self }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Commit(SessionId, bool),
    Reload,
    /// The commit whose time has come.
    Scheduled,
    RollBack(Ending),
}

/// What others should be told (RFC 6470).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The running configuration is another.
    Changed(CommitRecord),
    /// A confirmed commit began to wait.
    ConfirmStart(Author, Duration),
    /// It waits longer.
    ConfirmExtend(Author, Duration),
    /// It was confirmed.
    ConfirmComplete(Author),
    /// It was cancelled.
    ConfirmCancel(Author),
    /// Nobody confirmed it.
    ConfirmTimeout,
}

impl Datastore {
    /// Whether the candidate of a session could be committed.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, session: SessionId) -> Result<Arc<Configuration>, Refused> {
        Ok(prepare(&self.candidate(session), self.is_strict)?.0)
    }

    /// Begins a commit; the shell ends it with [`Datastore::handle_committed`] or
    /// [`Datastore::handle_commit_failed`].
    ///
    /// # Errors
    /// It makes no sense; nothing was changed.
    pub fn commit(
        &mut self,
        session: SessionId,
        commit: Commit,
        now: Timestamp,
    ) -> Result<Plan, Refused> {
        let Some(author) = self.sessions.get(&session).map(|session| session.author.clone()) else {
            return Err(Refused::NotOpen(session));
        };
        check_length("comment", commit.comment.as_ref())?;
        check_length("persist", commit.persist.as_ref())?;
        self.check_free()?;
        self.check_holder(self.running_holder, session)?;
        self.check_persist_id(session, &commit)?;
        let candidate = self.joined(session)?;
        let (configuration, text) = prepare(&candidate, self.is_strict)?;
        let confirming = commit.confirmed.map(|wait| ConfirmingRecord {
            until: now + wait,
            seconds: wait.as_secs(),
            persist: commit.persist.clone(),
            former: match &self.confirming {
                Some(confirming) => confirming.record.former,
                None => self.history.front().map_or(0, |record| record.number),
            },
        });
        self.is_committing = true;
        let is_bound = commit.is_bound && commit.persist.is_none();
        let kind = Kind::Commit(session, is_bound);
        let record = self.record(author, commit.comment, now, confirming.as_ref());
        let former = confirming.is_some().then(|| match &self.confirming {
            Some(confirming) => confirming.former.clone(),
            None => self.running.clone(),
        });
        Ok(Plan { configuration, text, record, confirming, kind, former })
    }

    /// Begins a commit of a configuration that a person wrote into the file.
    ///
    /// # Errors
    /// Another commit is in progress or waits, or someone keeps others from committing.
    pub fn reload(
        &mut self,
        configuration: Arc<Configuration>,
        text: String,
        author: Author,
        now: Timestamp,
    ) -> Result<Plan, Refused> {
        self.check_free()?;
        self.check_confirmed()?;
        if let Some(holder) = self.running_holder {
            return Err(self.locked_by(holder));
        }
        Ok(self.plan_of(super::settled(configuration), text, author, None, now))
    }

    /// A commit that no session waits for.
    pub(super) fn plan_of(
        &mut self,
        configuration: Arc<Configuration>,
        text: String,
        author: Author,
        comment: Option<String>,
        now: Timestamp,
    ) -> Plan {
        self.is_committing = true;
        let record = self.record(author, comment, now, None);
        Plan { configuration, text, record, confirming: None, kind: Kind::Reload, former: None }
    }

    /// The plan is durable and acted on.
    pub fn handle_committed(&mut self, plan: Plan) {
        self.is_committing = false;
        let before = std::mem::replace(&mut self.running, plan.configuration.clone());
        let author = plan.record.author.clone();
        let was_confirming = self.confirming.take();
        if plan.is_scheduled() {
            self.clear_schedule();
        }
        self.settle_candidates(&plan, &before);
        self.history.push_front(plan.record.clone());
        self.history.truncate(MOST_COMMITS);
        self.events.push_back(Event::Changed(plan.record));
        match (plan.kind, plan.confirming, plan.former) {
            (Kind::RollBack(Ending::Cancelled), ..) => {
                self.events.push_back(Event::ConfirmCancel(author));
            }
            (Kind::RollBack(Ending::TimedOut), ..) => self.events.push_back(Event::ConfirmTimeout),
            (kind, Some(record), Some(former)) => {
                let wait = Duration::from_secs(record.seconds);
                self.events.push_back(match was_confirming {
                    Some(_) => Event::ConfirmExtend(author, wait),
                    None => Event::ConfirmStart(author, wait),
                });
                let (session, maker) = match kind {
                    Kind::Commit(session, is_bound) => (is_bound.then_some(session), Some(session)),
                    _ => (None, None),
                };
                self.confirming = Some(Confirming { record, session, maker, former });
            }
            _ if was_confirming.is_some() => self.events.push_back(Event::ConfirmComplete(author)),
            _ => {}
        }
    }

    /// The plan could not be made durable or acted on.
    pub fn handle_commit_failed(&mut self, _plan: Plan) {
        self.is_committing = false;
    }

    /// Whoever carried a plan out is gone, and said neither.
    pub fn handle_commit_abandoned(&mut self) {
        self.is_committing = false;
    }

    pub(super) fn check_free(&self) -> Result<(), Refused> {
        if self.is_committing {
            return Err(Refused::InProgress);
        }
        match self.scheduled() {
            Some(record) => Err(Refused::Scheduled(record.at)),
            None => Ok(()),
        }
    }

    pub(super) fn record(
        &self,
        author: Author,
        comment: Option<String>,
        at: Timestamp,
        confirming: Option<&ConfirmingRecord>,
    ) -> CommitRecord {
        CommitRecord {
            number: self.history.front().map_or(0, |record| record.number) + 1,
            at,
            author,
            comment: comment.filter(|text| !text.is_empty()),
            confirmed_until: confirming.map(|confirming| confirming.until),
        }
    }
}

pub(super) fn check_length(what: &'static str, text: Option<&String>) -> Result<(), Refused> {
    match text {
        Some(text) if text.chars().count() > LONGEST_COMMENT => {
            Err(Refused::TooLong(what, LONGEST_COMMENT))
        }
        _ => Ok(()),
    }
}

/// The candidate as it will be read back, and as it is kept.
pub(super) fn prepare(
    candidate: &Configuration,
    is_strict: bool,
) -> Result<(Arc<Configuration>, String), Refused> {
    let text = candidate.print(Form::Curly);
    if text.len() > MAX_BYTES {
        return Err(Refused::TooBig);
    }
    if detect(&text) != Form::Curly {
        return Err(Refused::Misleading(text.lines().next().unwrap_or_default().to_owned()));
    }
    let read =
        Configuration::parse_as(CANDIDATE, &text, Form::Curly).map_err(Refused::Statements)?;
    read.outbound_ssh().map_err(Refused::Statements)?;
    read.login().map_err(Refused::Statements)?;
    if is_strict {
        read.check_known().map_err(Refused::Statements)?;
    }
    Ok((super::settled(Arc::new(read)), text))
}
