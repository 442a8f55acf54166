//! Joining what was edited with what others committed meanwhile.
//!
//! ```text
//! base ──edited──▶ candidate
//!   └──committed──▶ running ──▶ running with the edits; where both changed the same, a misfit
//!
//! commit   a misfit refuses it          update   the edit stays, and the misfit is told
//! ```
//!
//! Source: Junos, *Updating the configure private Configuration*.

use std::sync::Arc;

use super::author::SessionId;
use super::commit::{Kind, Plan};
use super::compare::{hunks, same};
use super::error::Refused;
use super::hunk::Misfit;
use super::{Datastore, hunk, protect};
use crate::junos::Configuration;
use crate::junos::tree::Word;

impl Datastore {
    /// Takes what others committed into the private candidate of a session, which keeps its own changes;
    /// gives the paths of what both changed, where its own stays.
    ///
    /// # Errors
    /// The candidate is not a private one, or changes what others have protected.
    pub fn update(&mut self, session: SessionId) -> Result<Vec<String>, Refused> {
        let running = self.running.clone();
        if self.mode(session).is_none() {
            return Err(Refused::NotOpen(session));
        }
        let Some(private) = self.private_mut(session) else {
            return Err(Refused::NotPrivate(session));
        };
        let (mut joined, misfits) = joined(&private.base, &private.candidate, &running);
        keep(&private.candidate, &mut joined, &misfits);
        if let Some(path) = protected(&private.base, &running, &joined) {
            return Err(Refused::Conflict(vec![Misfit::at(path).path()]));
        }
        private.base = running;
        private.candidate = joined;
        Ok(misfits.iter().map(Misfit::path).collect())
    }

    /// What a commit of `session` would make running.
    pub(super) fn joined(&self, session: SessionId) -> Result<Arc<Configuration>, Refused> {
        let (candidate, misfits) = self.to_commit(session)?;
        if misfits.is_empty() {
            return Ok(candidate);
        }
        Err(Refused::Conflict(misfits.iter().map(Misfit::path).collect()))
    }

    /// What a commit of `session` would make running; a private candidate is joined with what
    /// others committed since it was opened.
    fn to_commit(&self, session: SessionId) -> Result<(Arc<Configuration>, Vec<Misfit>), Refused> {
        // Whoever edits alone is not overtaken by private candidates either.
        self.check_holder(self.candidate_holder, session)?;
        let Some(private) = self.sessions.get(&session).and_then(|it| it.private.as_ref()) else {
            return Ok((self.shared.clone(), Vec::new()));
        };
        if Arc::ptr_eq(&private.base, &self.running) {
            return Ok((private.candidate.clone(), Vec::new()));
        }
        let (joined, mut misfits) = joined(&private.base, &private.candidate, &self.running);
        misfits.extend(protected(&private.base, &self.running, &joined).map(Misfit::at));
        Ok((joined, misfits))
    }

    /// After a commit: who edits goes on from the configuration that is running.
    pub(super) fn settle_candidates(&mut self, plan: &Plan, before: &Arc<Configuration>) {
        let running = self.running.clone();
        let committed = match plan.kind {
            Kind::Commit(session, _) => Some(session),
            _ => None,
        };
        if let Some(private) = committed.and_then(|session| self.private_mut(session)) {
            private.base = running.clone();
            private.candidate = running.clone();
        }
        let by_shared =
            committed.is_some_and(|session| self.mode(session) != Some(super::Mode::Private));
        if by_shared || Arc::ptr_eq(&self.shared, before) || same(&self.shared, before) {
            self.shared = running;
        } else {
            // What was edited and not committed stays edited, on top of the new configuration.
            let (mut shared, misfits) = joined(before, &self.shared, &running);
            keep(&self.shared, &mut shared, &misfits);
            self.shared = shared;
        }
    }
}

/// `running` with what was edited in `candidate` since `base`, and what could not be done so.
fn joined(
    base: &Configuration,
    candidate: &Configuration,
    running: &Arc<Configuration>,
) -> (Arc<Configuration>, Vec<Misfit>) {
    let mut joined = running.clone();
    let changes = hunks(base, candidate);
    let misfits = hunk::apply(Arc::make_mut(&mut joined).statements_mut(), changes);
    (joined, misfits)
}

/// Where both changed the same, what was edited stays as it was edited, and nothing else.
fn keep(candidate: &Configuration, joined: &mut Arc<Configuration>, misfits: &[Misfit]) {
    let statements = Arc::make_mut(joined).statements_mut();
    misfits.iter().for_each(|it| it.take_from(candidate.statements(), statements));
}

/// What is protected since `base`, and changed in `joined` all the same.
fn protected(
    base: &Configuration,
    running: &Configuration,
    joined: &Configuration,
) -> Option<Vec<Word>> {
    protect::changed_since(base.statements(), running.statements(), joined.statements())
}
