//! Commits by the clock: `commit at`, and the rollback of a confirmed commit that nobody confirmed.

use std::time::Duration;

use homing_proto::datastore::{ScheduledRecord, SessionId, Timestamp};

use super::error::StoreError;
use super::store::{State, Store, to_the_end};

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
    ) -> Result<ScheduledRecord, StoreError> {
        let store = self.clone();
        to_the_end(async move { store.schedule_now(session, comment, at).await }).await
    }

    async fn schedule_now(
        &self,
        session: SessionId,
        comment: Option<String>,
        at: Timestamp,
    ) -> Result<ScheduledRecord, StoreError> {
        let now = Timestamp::now();
        let work = move |state: &mut State| state.datastore.schedule(session, comment, at, now);
        let (mut state, done) = self.blocking(work).await;
        let (record, text) = done?;
        let kept = state.disk.as_mut().map(|disk| disk.set_schedule(Some((&record, &text))));
        if let Some(Err(error)) = kept {
            state.datastore.clear_schedule();
            return Err(error.into());
        }
        self.timeout.send_replace(state.datastore.poll_timeout());
        Ok(record)
    }

    /// Gives up the commit that waits for its time; says whether there was one.
    ///
    /// # Errors
    /// It can't be forgotten.
    pub async fn clear_schedule(&self) -> Result<bool, StoreError> {
        let mut state = self.enter().await;
        if state.datastore.scheduled().is_none() {
            return Ok(false);
        }
        state.disk.as_mut().map(|disk| disk.set_schedule(None)).transpose()?;
        state.datastore.clear_schedule();
        self.timeout.send_replace(state.datastore.poll_timeout());
        Ok(true)
    }

    /// The commit that waits for its time.
    pub async fn scheduled(&self) -> Option<ScheduledRecord> {
        self.read(|datastore| datastore.scheduled().cloned()).await
    }

    /// Rolls back when a confirmed commit was not confirmed, for ever.
    pub(crate) async fn keep_time(&self) {
        let mut timeout = self.timeout.subscribe();
        loop {
            let until = *timeout.borrow_and_update();
            let wait = async {
                match until {
                    Some(until) => sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = timeout.changed() => if changed.is_err() { return },
                () = wait => self.handle_timeout().await,
            }
        }
    }

    async fn handle_timeout(&self) {
        let mut state = self.enter().await;
        let Some(plan) = state.datastore.handle_timeout(Timestamp::now()) else { return };
        match self.carry_out(state, plan, false).await {
            Ok(done) => tracing::warn!(
                commit = done.record.number,
                "committed by the clock: {}",
                done.record.comment.as_deref().unwrap_or("commit at")
            ),
            Err(error) => {
                tracing::error!(code = error.code(), "a commit by the clock failed: {error}");
                // It is tried again, and must not spin.
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
        }
    }
}

/// Waits until the clock says `until`; a clock that is set forward is noticed within a minute.
async fn sleep_until(until: Timestamp) {
    const LOOK: Duration = Duration::from_secs(60);
    loop {
        let left = Duration::try_from(until.duration_since(Timestamp::now())).unwrap_or_default();
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(LOOK)).await;
    }
}
