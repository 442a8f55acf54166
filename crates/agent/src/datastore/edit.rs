//! Changing candidates, while others use the datastores.
//!
//! ```text
//! lock ─▶ draft ─▶ unlock ─▶ worked out beside other tasks ─▶ lock ─▶ settle ─▶ unlock
//!           ▲                                                   │ changed meanwhile
//!           └───────────────────────────────────────────────────┘
//! ```

use std::sync::Arc;

use homing_proto::datastore::{Edit, EditError, Outcome, Refused, SessionId, TestOption};
use homing_proto::junos::Configuration;

use super::error::StoreError;
use super::state::State;
use super::store::{Store, ended};
use crate::loaded::Loaded;

/// Changes that are worked out at once.
pub(super) const MOST_DRAFTS: usize = 2;
/// How often a change is worked out beside others before they have to wait for it.
const DRAFTS: u32 = 3;
impl Store {
    /// Changes a candidate, wholly or not at all.
    ///
    /// # Errors
    /// The session may not edit, or the change makes no sense.
    pub async fn edit(&self, session: SessionId, edit: Edit) -> Result<Outcome, EditError> {
        self.draft(session, edit, TestOption::Set, |_| Ok::<_, EditError>(())).await
    }

    /// Changes a candidate if `option` says so and what comes of it is right, all at once.
    ///
    /// # Errors
    /// The candidate is as it was.
    pub async fn edit_tested(
        &self,
        session: SessionId,
        edit: Edit,
        option: TestOption,
    ) -> Result<Outcome, StoreError> {
        let log_dir = self.log_dir.clone();
        let test = move |next| Ok(Loaded::new(next, &log_dir).map(|_| ())?);
        self.draft(session, edit, option, test).await
    }

    /// Works a change out while others use the datastores, again if one of them changed the same
    /// candidate meanwhile, and at last with all of them waiting.
    async fn draft<E: From<EditError> + Send + 'static>(
        &self,
        session: SessionId,
        edit: Edit,
        option: TestOption,
        test: impl Fn(Arc<Configuration>) -> Result<(), E> + Clone + Send + 'static,
    ) -> Result<Outcome, E> {
        // As many large configurations as there are drafts are in memory.
        let _turn = self.drafts.acquire().await;
        let edit = Arc::new(edit);
        for _ in 0..DRAFTS {
            let draft = self.enter().await.datastore.draft(session).map_err(EditError::from)?;
            let (edit, test) = (edit.clone(), test.clone());
            let work = move || draft.edit_tested(&edit, option, test);
            let drafted = ended(tokio::task::spawn_blocking(work)).await?;
            let settled = self.enter().await.datastore.settle(drafted);
            if let Some(outcome) = settled.map_err(EditError::from)? {
                return Ok(outcome);
            }
        }
        let work = move |state: &mut State| {
            state.datastore.edit_tested(session, Edit::clone(&edit), option, test)
        };
        self.blocking(work).await.1
    }

    /// Takes what others committed into the private candidate of a session; gives the paths of what
    /// both changed.
    ///
    /// # Errors
    /// The candidate is not a private one, or changes what others have protected.
    pub async fn update(&self, session: SessionId) -> Result<Vec<String>, Refused> {
        self.blocking(move |state| state.datastore.update(session)).await.1
    }

    /// Makes a candidate the running configuration again.
    ///
    /// # Errors
    /// The session may not edit.
    pub async fn discard(&self, session: SessionId) -> Result<(), Refused> {
        self.enter().await.datastore.discard(session)
    }
}
