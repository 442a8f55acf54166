//! A change that is worked out beside the datastore, which others use meanwhile.
//!
//! ```text
//! draft ──▶ Draft ──edit_tested──▶ Drafted ──settle──▶ the candidate is changed
//!           (long, holds nothing)             └──▶ none: it was changed meanwhile; draft again
//! ```

use std::sync::Arc;

use super::commit::prepare;
use super::edit::{apply, check_size};
use super::{Datastore, Edit, EditError, Outcome, Refused, SessionId, TestOption};
use crate::junos::Configuration;

/// A candidate as it was when somebody began to change it.
#[derive(Clone, Debug)]
pub struct Draft {
    session: SessionId,
    before: Arc<Configuration>,
    is_strict: bool,
}

/// A change that was worked out.
#[derive(Debug)]
pub struct Drafted {
    draft: Draft,
    /// None if the candidate is to stay as it is.
    after: Option<Arc<Configuration>>,
    outcome: Outcome,
}

impl Datastore {
    /// Begins a change of a session's candidate.
    ///
    /// # Errors
    /// The session may not edit.
    pub fn draft(&mut self, session: SessionId) -> Result<Draft, Refused> {
        let is_strict = self.is_strict;
        let before = self.editable(session)?.clone();
        Ok(Draft { session, before, is_strict })
    }

    /// Makes the change; `None`, and nothing is changed, if the candidate is not what it was.
    ///
    /// # Errors
    /// The session may not edit any more.
    pub fn settle(&mut self, drafted: Drafted) -> Result<Option<Outcome>, Refused> {
        let Drafted { draft, after, outcome } = drafted;
        let candidate = self.editable(draft.session)?;
        if !Arc::ptr_eq(candidate, &draft.before) {
            return Ok(None);
        }
        if let Some(after) = after {
            *candidate = after;
        }
        Ok(Some(outcome))
    }
}

impl Draft {
    /// Works the change out, and tests what comes of it as [`Datastore::edit_tested`] does.
    ///
    /// # Errors
    /// As there.
    pub fn edit_tested<E: From<EditError>>(
        self,
        edit: &Edit,
        option: TestOption,
        test: impl FnOnce(Arc<Configuration>) -> Result<(), E>,
    ) -> Result<Drafted, E> {
        let mut next = self.before.clone();
        let outcome = apply(&mut next, edit)?;
        check_size(&next)?;
        if option != TestOption::Set && outcome.errors.is_empty() {
            test(prepare(&next, self.is_strict).map_err(EditError::from)?.0)?;
        }
        let after = (option != TestOption::TestOnly).then_some(next);
        Ok(Drafted { draft: self, after, outcome })
    }
}
