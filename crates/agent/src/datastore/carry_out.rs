//! Making a plan durable and acting on it.
//!
//! ```text
//! commit     staged ─▶ acted on ─▶ renamed     what fails leaves everything as it was
//! rollback   acted on ─▶ staged ─▶ renamed     what can't be written is tried again
//! ```
//!
//! A rollback may be all that brings a device back that nobody can reach: no disk keeps it from
//! being in force.

use std::time::Duration;

use homing_proto::datastore::Plan;
use tokio::sync::{OwnedMutexGuard, oneshot};

use super::disk::NewCommit;
use super::error::StoreError;
use super::state::State;
use super::store::{Committed, GRACE, Store};
use crate::handle::{Command, Gone};
use crate::loaded::{LoadError, Loaded};
use crate::supervisor::Changes;

/// What the agent made of a plan, and what it does not act on.
type Done = (Changes, Vec<String>);

impl Store {
    /// Makes a plan durable and lets the agent act on it.
    pub(super) async fn carry_out(
        &self,
        state: OwnedMutexGuard<State>,
        plan: Plan,
        is_in_file: bool,
    ) -> Result<Committed, StoreError> {
        let mut state = state;
        let done = match plan.is_rollback() {
            true => self.roll_back(&plan).await,
            false => self.try_out(&mut state, &plan, is_in_file).await,
        };
        match done {
            Ok((changes, mentions)) => {
                let record = plan.record.clone();
                if plan.is_rollback() {
                    state.keep_rollback(&plan);
                }
                state.datastore.handle_committed(plan);
                while let Some(event) = state.datastore.poll_event() {
                    // Nobody may be listening.
                    let _ = self.events.send(event);
                }
                self.wake.send_replace(state.wake());
                if state.datastore.confirming().is_none() {
                    self.guard().over();
                }
                Ok(Committed { record, changes, mentions, warnings: Vec::new() })
            }
            Err(error) => {
                state.datastore.handle_commit_failed(plan);
                Err(error)
            }
        }
    }

    async fn try_out(
        &self,
        state: &mut State,
        plan: &Plan,
        is_in_file: bool,
    ) -> Result<Done, StoreError> {
        state.write_unkept()?;
        let loaded = Loaded::new(plan.configuration.clone(), &self.log_dir)?;
        let former = state.datastore.running();
        let mentions = loaded.mentions.clone();
        let staged = state.disk.as_ref().map(|disk| {
            disk.stage(&NewCommit {
                record: &plan.record,
                confirming: plan.confirming.as_ref(),
                text: &plan.text,
                scheduled: state.datastore.scheduled_after(plan),
                is_in_file,
            })
        });
        let staged = staged.transpose()?;
        let grace = if is_in_file { Duration::ZERO } else { GRACE };
        let changes = self.act_on(loaded, grace).await?;
        if let (Some(disk), Some(staged)) = (state.disk.as_mut(), staged)
            && let Err(error) = disk.finish(staged)
        {
            let former = Loaded::new(former, &self.log_dir)?;
            self.act_on(former, Duration::ZERO).await?;
            return Err(error.into());
        }
        Ok((changes, mentions))
    }

    /// Acts on the configuration before, whatever else fails.
    async fn roll_back(&self, plan: &Plan) -> Result<Done, StoreError> {
        let loaded = || Loaded::new(plan.configuration.clone(), &self.log_dir);
        let first = loaded()?;
        let mentions = first.mentions.clone();
        let changes = match self.act_on(first, GRACE).await {
            // Traces are no reason to stay unreachable.
            Err(StoreError::Load(LoadError::Trace(error))) => {
                tracing::error!("rolling back without traceoptions: {error}");
                self.act_on(Loaded { trace: None, ..loaded()? }, GRACE).await?
            }
            done => done?,
        };
        Ok((changes, mentions))
    }

    /// Lets the agent follow a configuration.
    pub(super) async fn act_on(
        &self,
        loaded: Loaded,
        grace: Duration,
    ) -> Result<Changes, StoreError> {
        let (answer, answered) = oneshot::channel();
        let command = Command::Apply(Box::new(loaded), grace, answer);
        self.commands.send(command).await.map_err(|_| Gone)?;
        Ok(answered.await.map_err(|_| Gone)??)
    }
}
