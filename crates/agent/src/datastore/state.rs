//! What the store's lock is around: the datastores, their disk, and what is still to be done.

use std::time::Duration;

use homing_proto::datastore::{CommitRecord, Datastore, Plan, Timestamp};
use tokio::time::Instant;

use super::clock::Wake;
use super::disk::{Disk, NewCommit};
use super::replace::DiskError;
use crate::wall_clock;

/// The longest time until what failed is tried again.
const LONGEST_RETRY: Duration = Duration::from_secs(60);

/// The datastores and their disk.
#[derive(Debug)]
pub(super) struct State {
    pub(super) datastore: Datastore,
    /// Absent if the folder could not be used at start.
    pub(super) disk: Option<Disk>,
    /// A rollback that is in force and not on the disk yet.
    unkept: Option<Unkept>,
    /// When the commit that waits rolls back, by the clock that nobody can set.
    deadline: Option<(Timestamp, Instant)>,
    /// Times in a row that the clock left something undone.
    failures: u32,
    /// When it tries again.
    retry: Option<Instant>,
}

/// What is in force and must still be written. Until then the journal says that a commit waits for
/// its confirmation: a start rolls back again.
#[derive(Debug)]
struct Unkept {
    record: CommitRecord,
    text: String,
}

impl State {
    pub(super) fn new(datastore: Datastore, disk: Option<Disk>) -> Self {
        Self { datastore, disk, unkept: None, deadline: None, failures: 0, retry: None }
    }

    /// Keeps the rollback of `plan`, which is in force already, or else remembers to.
    pub(super) fn keep_rollback(&mut self, plan: &Plan) {
        self.unkept = Some(Unkept { record: plan.record.clone(), text: plan.text.clone() });
        if let Err(error) = self.write_unkept() {
            tracing::error!(
                code = error.code(),
                "rolled back, but it can't be written down: {error}; it is tried again"
            );
            self.leave(true);
        }
    }

    /// Writes down the rollback that could not be written before, if there is one.
    ///
    /// # Errors
    /// It still can't be.
    pub(super) fn write_unkept(&mut self) -> Result<(), DiskError> {
        if let (Some(unkept), Some(disk)) = (&self.unkept, &mut self.disk) {
            let staged = disk.stage(&NewCommit {
                record: &unkept.record,
                confirming: None,
                text: &unkept.text,
                scheduled: self.datastore.scheduled(),
                is_in_file: false,
            })?;
            disk.finish(staged)?;
        }
        self.unkept = None;
        Ok(())
    }

    /// Makes the disk forget a scheduled commit that was given up.
    ///
    /// # Errors
    /// It can't be: a start would make that commit.
    pub(super) fn forget_schedule(&mut self) -> Result<(), DiskError> {
        let is_given_up = self.datastore.scheduled().is_none();
        match &mut self.disk {
            Some(disk) if is_given_up && disk.journal.scheduled.is_some() => {
                disk.set_schedule(None)
            }
            _ => Ok(()),
        }
    }

    /// Says whether the clock left something undone, which it tries again: soon, then less often.
    pub(super) fn leave(&mut self, is_left: bool) {
        if !is_left {
            (self.failures, self.retry) = (0, None);
            return;
        }
        let pause = Duration::from_secs(1 << self.failures.min(10)).min(LONGEST_RETRY);
        self.failures += 1;
        self.retry = Some(Instant::now() + pause);
    }

    /// When the clock must look again.
    pub(super) fn wake(&mut self) -> Wake {
        let until = self.datastore.confirming().map(|confirming| confirming.until);
        if self.deadline.map(|(until, _)| until) != until {
            self.deadline = until.map(|until| (until, Instant::now() + wall_clock::left(until)));
        }
        let deadline = self.deadline.map(|(_, deadline)| deadline);
        match self.retry {
            // Whatever is overdue was tried just before, and must not spin.
            Some(retry) => Wake { at: None, deadline: Some(retry) },
            None => Wake { at: self.datastore.poll_timeout(), deadline },
        }
    }

    /// The time, as far as a confirmed commit is concerned: one that has waited long enough is over,
    /// wherever the clock was set meanwhile.
    pub(super) fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        match self.deadline {
            Some((until, deadline)) if deadline <= Instant::now() => now.max(until),
            _ => now,
        }
    }
}
