//! Commits by the clock: `commit at`, and the rollback of a confirmed commit that nobody confirmed.

use homing_proto::datastore::{Plan, ScheduledRecord, SessionId, Timestamp};
use homing_proto::fault::Fault;
use homing_proto::lock_out::{Origin, touched, warning};
use tokio::sync::OwnedMutexGuard;
use tokio::time::Instant;

use super::error::StoreError;
use super::state::State;
use super::store::{Store, to_the_end};
use crate::lock_out::Speaker;
use crate::wall_clock;

/// A commit that will be made.
#[derive(Clone, Debug)]
pub struct ToCome {
    /// When, and whose.
    pub record: ScheduledRecord,
    /// What its author should mind.
    pub warnings: Vec<String>,
}

impl Store {
    /// Checks the candidate of a session and commits it at `at`, after a restart too.
    ///
    /// # Errors
    /// It could not be committed, or the time is past.
    pub async fn schedule(
        &self,
        session: SessionId,
        comment: Option<String>,
        at: Timestamp,
    ) -> Result<ToCome, StoreError> {
        let (store, origin) = (self.clone(), Speaker::current().origin);
        to_the_end(async move { store.schedule_now(session, comment, at, &origin).await }).await
    }

    async fn schedule_now(
        &self,
        session: SessionId,
        comment: Option<String>,
        at: Timestamp,
        origin: &Origin,
    ) -> Result<ToCome, StoreError> {
        let now = Timestamp::now();
        let work = move |state: &mut State| {
            let (record, text) = state.datastore.schedule(session, comment, at, now)?;
            let next = super::store::parse("scheduled", &text)?;
            Ok::<_, StoreError>((record, text, touched(&state.datastore.running(), &next)))
        };
        let (mut state, done) = self.blocking(work).await;
        let (record, text, touched) = done?;
        let kept = state.disk.as_mut().map(|disk| disk.set_schedule(Some((&record, &text))));
        if let Some(Err(error)) = kept {
            state.datastore.clear_schedule();
            return Err(error.into());
        }
        self.wake.send_replace(state.wake());
        Ok(ToCome { record, warnings: warning(origin, &touched).into_iter().collect() })
    }

    /// Gives up the commit that waits for its time; says whether there was one.
    ///
    /// # Errors
    /// It can't be forgotten.
    pub async fn clear_schedule(&self) -> Result<bool, StoreError> {
        let store = self.clone();
        to_the_end(async move {
            let mut state = store.enter().await;
            if state.datastore.scheduled().is_none() {
                return Ok(false);
            }
            state.disk.as_mut().map(|disk| disk.set_schedule(None)).transpose()?;
            state.datastore.clear_schedule();
            state.leave(false);
            store.wake.send_replace(state.wake());
            Ok(true)
        })
        .await
    }

    /// The commit that waits for its time.
    pub async fn scheduled(&self) -> Option<ScheduledRecord> {
        self.read(|datastore| datastore.scheduled().cloned()).await
    }

    /// Rolls back when a confirmed commit was not confirmed, and makes commits whose time has come,
    /// for ever.
    pub(crate) async fn keep_time(&self) {
        let mut wake = self.wake.subscribe();
        loop {
            let next = *wake.borrow_and_update();
            tokio::select! {
                changed = wake.changed() => if changed.is_err() { return },
                () = next.wait() => {
                    let store = self.clone();
                    to_the_end(async move { store.handle_timeout().await }).await;
                }
            }
        }
    }

    /// Does what is due; what can't be done is tried again.
    async fn handle_timeout(&self) {
        let mut state = self.enter().await;
        let now = state.now();
        if let Some(plan) = state.datastore.handle_timeout(now) {
            self.commit_by_the_clock(state, plan).await;
            state = self.enter().await;
        }
        let written = state.write_unkept().and_then(|()| state.forget_schedule());
        if let Err(error) = &written {
            tracing::warn!(code = error.code(), "the journal can't be written: {error}");
        }
        let is_overdue = state.datastore.poll_timeout().is_some_and(|at| at <= now);
        state.leave(is_overdue || written.is_err());
        self.wake.send_replace(state.wake());
    }

    async fn commit_by_the_clock(&self, state: OwnedMutexGuard<State>, plan: Plan) {
        let is_scheduled = plan.is_scheduled();
        match self.carry_out(state, plan, false).await {
            Ok(done) => tracing::warn!(
                commit = done.record.number,
                "committed by the clock: {}",
                done.record.comment.as_deref().unwrap_or("commit at")
            ),
            Err(error) => {
                tracing::error!(code = error.code(), "a commit by the clock failed: {error}");
                // What the disk refuses is tried again; what is wrong stays wrong.
                if is_scheduled && error.fault() == Fault::Operator {
                    self.enter().await.datastore.clear_schedule();
                }
            }
        }
    }
}

/// When the clock must look at the datastores again.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wake {
    /// By the clock on the wall.
    pub(super) at: Option<Timestamp>,
    /// By the one that nobody can set.
    pub(super) deadline: Option<Instant>,
}

impl Wake {
    /// Waits for whichever comes first: a clock that is set forward is noticed within a minute, one
    /// that is set back makes nothing wait longer that has a deadline.
    async fn wait(self) {
        let deadline = async {
            match self.deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = wall_clock::reaches(self.at) => {}
            () = deadline => {}
        }
    }
}
