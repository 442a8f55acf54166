//! Who has opened the configuration, and who holds it alone.
//!
//! ```text
//! shared     the one candidate of all          its changes stay when the session ends
//! private    a copy of running                 merged at commit; gone when the session ends
//! exclusive  the shared one, locked            gone when the session ends
//! ```
//!
//! As on Junos nobody edits the shared candidate while private ones are in use, and none of those
//! is opened while the shared one has changes.

use std::sync::Arc;

use super::author::{Author, SessionId};
use super::error::Refused;
use super::{Datastore, MOST_PRIVATE, MOST_SESSIONS};
use crate::junos::Configuration;

/// Which candidate a session edits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// That of all.
    #[default]
    Shared,
    /// A copy of its own.
    Private,
    /// That of all, nobody else meanwhile.
    Exclusive,
}

/// What a lock is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The shared candidate.
    Candidate,
    /// The running configuration: nobody else commits.
    Running,
}

/// A session that has opened the configuration.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) author: Author,
    pub(super) mode: Mode,
    pub(super) private: Option<Private>,
}

/// A private candidate.
#[derive(Debug)]
pub(super) struct Private {
    /// The running configuration that it began as.
    pub(super) base: Arc<Configuration>,
    pub(super) candidate: Arc<Configuration>,
}

impl Session {
    pub(super) fn private(&self) -> Option<&Arc<Configuration>> {
        self.private.as_ref().map(|private| &private.candidate)
    }
}

impl Datastore {
    /// Lets a session edit.
    ///
    /// # Errors
    /// Others are in the way.
    pub fn open(&mut self, session: SessionId, author: Author, mode: Mode) -> Result<(), Refused> {
        if self.sessions.contains_key(&session) {
            return Err(Refused::AlreadyOpen(session));
        }
        if self.sessions.len() >= MOST_SESSIONS {
            return Err(Refused::TooManySessions);
        }
        match mode {
            Mode::Shared => {}
            Mode::Private if self.is_modified() => return Err(Refused::Modified),
            Mode::Private if self.private_count() >= MOST_PRIVATE => {
                return Err(Refused::TooManyPrivate);
            }
            Mode::Private => self.check_holder(self.candidate_holder, session)?,
            Mode::Exclusive => self.take_candidate(session)?,
        }
        let private = (mode == Mode::Private)
            .then(|| Private { base: self.running.clone(), candidate: self.running.clone() });
        self.sessions.insert(session, Session { author, mode, private });
        Ok(())
    }

    /// As [`Datastore::open`], for a session that may be open in the shared mode: it is in the other one
    /// then.
    ///
    /// # Errors
    /// Others are in the way, or the session holds something; it is open as it was.
    pub fn reopen(
        &mut self,
        session: SessionId,
        author: Author,
        mode: Mode,
    ) -> Result<(), Refused> {
        if self.mode(session) != Some(Mode::Shared) || mode == Mode::Shared {
            return self.open(session, author, mode);
        }
        let holders = [self.candidate_holder, self.running_holder];
        if holders.contains(&Some(session)) || self.is_confirming(session) {
            return Err(Refused::Holds(session));
        }
        let former = self.sessions.remove(&session);
        let opened = self.open(session, author, mode);
        if let (Err(_), Some(former)) = (&opened, former) {
            self.sessions.insert(session, former);
        }
        opened
    }

    /// The mode of a session that has opened the configuration.
    pub fn mode(&self, session: SessionId) -> Option<Mode> {
        self.sessions.get(&session).map(|session| session.mode)
    }

    /// Every session that has opened the configuration.
    pub fn sessions(&self) -> impl Iterator<Item = (SessionId, &Author, Mode)> {
        self.sessions.iter().map(|(id, session)| (*id, &session.author, session.mode))
    }

    /// Ends a session: its locks are free, its private or exclusive changes gone.
    pub fn close(&mut self, session: SessionId) {
        self.sessions.remove(&session);
        self.forget_confirmer(session);
        if self.candidate_holder == Some(session) {
            self.candidate_holder = None;
            self.shared = self.running.clone();
        }
        if self.running_holder == Some(session) {
            self.running_holder = None;
        }
    }

    /// Locks the shared candidate or the running configuration for a session.
    ///
    /// # Errors
    /// Someone else holds it, the candidate has changes, or a commit of someone else's waits for its
    /// confirmation.
    pub fn lock(&mut self, session: SessionId, target: Target) -> Result<(), Refused> {
        if !self.sessions.contains_key(&session) {
            return Err(Refused::NotOpen(session));
        }
        match target {
            Target::Candidate => self.take_candidate(session),
            Target::Running => {
                if let Some(holder) = self.running_holder {
                    return Err(self.locked_by(holder));
                }
                // Nobody is locked out of a commit that they must still confirm.
                if !self.is_confirmed_by(session) {
                    self.check_confirmed()?;
                }
                self.running_holder = Some(session);
                Ok(())
            }
        }
    }

    /// Gives a lock back; changes of the candidate under it are discarded.
    ///
    /// # Errors
    /// The session does not hold it.
    pub fn unlock(&mut self, session: SessionId, target: Target) -> Result<(), Refused> {
        let holder = match target {
            Target::Candidate => &mut self.candidate_holder,
            Target::Running => &mut self.running_holder,
        };
        if *holder != Some(session) {
            return Err(Refused::NotLocked(session));
        }
        *holder = None;
        if target == Target::Candidate {
            self.shared = self.running.clone();
        }
        Ok(())
    }

    /// Who holds a lock, if anyone.
    pub fn holder(&self, target: Target) -> Option<(SessionId, &Author)> {
        let holder = match target {
            Target::Candidate => self.candidate_holder,
            Target::Running => self.running_holder,
        }?;
        self.sessions.get(&holder).map(|session| (holder, &session.author))
    }

    /// Makes a session's candidate the running configuration again.
    ///
    /// # Errors
    /// The session may not edit.
    pub fn discard(&mut self, session: SessionId) -> Result<(), Refused> {
        let running = self.running.clone();
        let candidate = self.editable(session)?;
        *candidate = running.clone();
        if let Some(private) = self.private_mut(session) {
            private.base = running;
        }
        Ok(())
    }

    /// The candidate that `session` may edit.
    pub(super) fn editable(
        &mut self,
        session: SessionId,
    ) -> Result<&mut Arc<Configuration>, Refused> {
        let mode = self.mode(session).ok_or(Refused::NotOpen(session))?;
        if mode != Mode::Private {
            self.check_holder(self.candidate_holder, session)?;
            if self.private_count() > 0 && self.candidate_holder != Some(session) {
                return Err(Refused::PrivateInUse);
            }
        }
        match self.sessions.get_mut(&session).and_then(|session| session.private.as_mut()) {
            Some(private) => Ok(&mut private.candidate),
            None => Ok(&mut self.shared),
        }
    }

    pub(super) fn private_mut(&mut self, session: SessionId) -> Option<&mut Private> {
        self.sessions.get_mut(&session)?.private.as_mut()
    }

    fn private_count(&self) -> usize {
        self.sessions.values().filter(|session| session.mode == Mode::Private).count()
    }

    fn take_candidate(&mut self, session: SessionId) -> Result<(), Refused> {
        if let Some(holder) = self.candidate_holder {
            return Err(self.locked_by(holder));
        }
        if self.is_modified() {
            return Err(Refused::Modified);
        }
        self.candidate_holder = Some(session);
        Ok(())
    }

    /// Fails if someone else than `session` holds the lock.
    pub(super) fn check_holder(
        &self,
        holder: Option<SessionId>,
        session: SessionId,
    ) -> Result<(), Refused> {
        match holder {
            Some(holder) if holder != session => Err(self.locked_by(holder)),
            _ => Ok(()),
        }
    }

    pub(super) fn locked_by(&self, session: SessionId) -> Refused {
        let by = self.sessions.get(&session).map(|session| session.author.clone());
        let by = by.unwrap_or_else(|| Author::new("", super::Client::Other));
        Refused::Locked { by, session }
    }
}
