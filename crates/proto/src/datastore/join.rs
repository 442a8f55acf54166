//! Joining a candidate with what others committed meanwhile.
//!
//! ```text
//! base ──edited──▶ private candidate
//!   └──committed──▶ running ──▶ running with the edits; where both changed the same, a conflict
//! ```

use std::sync::Arc;

use super::author::SessionId;
use super::commit::{Kind, Plan};
use super::compare::{hunks, same};
use super::error::Refused;
use super::{Datastore, hunk, protect};
use crate::junos::Configuration;

impl Datastore {
    /// What a commit of `session` would make running.
    pub(super) fn joined(&self, session: SessionId) -> Result<Arc<Configuration>, Refused> {
        let (candidate, misfits) = self.to_commit(session)?;
        if misfits.is_empty() {
            return Ok(candidate);
        }
        Err(Refused::Conflict(misfits.iter().map(hunk::Misfit::path).collect()))
    }

    /// What a commit of `session` would make running; a private candidate is joined with what
    /// others committed since it was opened.
    fn to_commit(
        &self,
        session: SessionId,
    ) -> Result<(Arc<Configuration>, Vec<hunk::Misfit>), Refused> {
        // Whoever edits alone is not overtaken by private candidates either.
        self.check_holder(self.candidate_holder, session)?;
        let Some(private) = self.sessions.get(&session).and_then(|it| it.private.as_ref()) else {
            return Ok((self.shared.clone(), Vec::new()));
        };
        if Arc::ptr_eq(&private.base, &self.running) {
            return Ok((private.candidate.clone(), Vec::new()));
        }
        let mut joined = self.running.clone();
        let changes = hunks(&private.base, &private.candidate);
        let mut misfits = hunk::apply(Arc::make_mut(&mut joined).statements_mut(), changes);
        let (base, running) = (private.base.statements(), self.running.statements());
        let guarded = protect::changed_since(base, running, joined.statements());
        misfits.extend(guarded.map(hunk::Misfit::at));
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
            let changes = hunks(before, &self.shared);
            let mut shared = running;
            let misfits = hunk::apply(Arc::make_mut(&mut shared).statements_mut(), changes);
            // Where both changed the same, what was edited stays as it was edited, and nothing else.
            let statements = Arc::make_mut(&mut shared).statements_mut();
            misfits.iter().for_each(|it| it.take_from(self.shared.statements(), statements));
            self.shared = shared;
        }
    }
}
