//! What the agent runs with after a start: the file, the last commit, or the one before an
//! unconfirmed one.
//!
//! ```text
//! the file is what was committed last      ─▶ it
//! the file can't be used                   ─▶ what was committed last; the log says so
//! a person changed the file meanwhile      ─▶ it, a commit by `start`
//! a confirmed commit waits, time is left   ─▶ it, and the timer goes on
//!                           its time is up ─▶ the configuration before it, before anything dials
//! ```

use std::sync::Arc;

use homing_proto::datastore::{Author, Client, CommitRecord, Datastore, Timestamp};
use homing_proto::junos::Configuration;
use tokio::sync::mpsc;

use super::disk::{Disk, NewCommit};
use super::journal;
use super::replace::DiskError;
use super::state::State;
use super::store::{Store, parse};
use crate::handle::Command;
use crate::loaded::{self, LoadError, Loaded};
use crate::options::{ConfigSource, Options};

/// Reads the configuration to start with.
///
/// # Errors
/// It can't be read or is wrong.
pub(crate) fn start(
    options: &Options,
    commands: mpsc::Sender<Command>,
) -> Result<(Store, Loaded), LoadError> {
    let disk = open_disk(options);
    let (configuration, text) = match (read(options), &disk) {
        (Ok(read), _) => read,
        (Err(error), Some(disk)) => committed_last(disk, options, error)?,
        (Err(error), None) => return Err(error),
    };
    let mut state = begin(disk, configuration, text, options.strict);
    if let Err(error) = resume(&mut state) {
        tracing::error!(code = error.code(), "a confirmed commit can't be rolled back: {error}");
    }
    if let Err(error) = resume_schedule(&mut state) {
        tracing::error!(code = error.code(), "a scheduled commit is lost: {error}");
    }
    let loaded = Loaded::new(state.datastore.running(), &options.log_dir)?;
    Ok((Store::new(state, options, commands), loaded))
}

/// What the file says, or the text that stands in its place.
fn read(options: &Options) -> Result<(Arc<Configuration>, String), LoadError> {
    let (configuration, text) = match &options.configuration {
        ConfigSource::File(path) => loaded::read_file(path)?,
        ConfigSource::Text(text) => {
            let read = Configuration::parse("configuration", text);
            (read.map_err(LoadError::Statements)?, text.clone())
        }
    };
    let configuration = Arc::new(configuration);
    Loaded::new(configuration.clone(), &options.log_dir)?;
    Ok((configuration, text))
}

/// What was committed last, in place of a file that can't be used: a slip in the file must not keep
/// the device from being reached. The file stays as it is.
fn committed_last(
    disk: &Disk,
    options: &Options,
    error: LoadError,
) -> Result<(Arc<Configuration>, String), LoadError> {
    let Some(newest) = disk.journal.commits.first() else { return Err(error) };
    let number = newest.record.number;
    let text = disk.text(number).map_err(super::StoreError::from);
    let kept = text.and_then(|text| Ok((parse("commit", &text)?, text)));
    match kept {
        Ok(kept) if Loaded::new(kept.0.clone(), &options.log_dir).is_ok() => {
            tracing::error!(
                code = error.code(),
                commit = number,
                "the configuration can't be used, so the agent goes on with what was committed last; \
                 mend it and reload: {error}"
            );
            Ok(kept)
        }
        _ => Err(error),
    }
}

/// The folder of the commits; an agent that can't use it still runs.
fn open_disk(options: &Options) -> Option<Disk> {
    let file = match &options.configuration {
        ConfigSource::File(path) => Some(path.as_path()),
        ConfigSource::Text(_) => None,
    };
    Disk::open(&options.state_dir, file).map_err(|error| told(&error)).ok()
}

fn told(error: &DiskError) {
    tracing::error!(code = error.code(), "commits can't be kept: {error}");
}

/// Takes up the history; what the file says and no commit did is a commit by `start`.
fn begin(
    disk: Option<Disk>,
    configuration: Arc<Configuration>,
    text: String,
    is_strict: bool,
) -> State {
    let Some(mut disk) = disk else {
        let datastore = Datastore::new(configuration, Vec::new()).strict(is_strict);
        return State::new(datastore, None);
    };
    if disk.journal.newest() != Some(journal::digest(text.as_bytes()).as_str()) {
        let number = disk.journal.commits.first().map_or(0, |entry| entry.record.number) + 1;
        let record = CommitRecord {
            number,
            at: Timestamp::now(),
            author: Author::new("root", Client::Start),
            comment: None,
            confirmed_until: None,
        };
        let kept = keep(&mut disk, &record, &text);
        kept.unwrap_or_else(|error| told(&error));
    }
    let history = disk.journal.commits.iter().map(|entry| entry.record.clone()).collect();
    State::new(Datastore::new(configuration, history).strict(is_strict), Some(disk))
}

fn keep(disk: &mut Disk, record: &CommitRecord, text: &str) -> Result<(), DiskError> {
    let scheduled = disk.journal.scheduled.clone();
    let staged = disk.stage(&NewCommit {
        record,
        confirming: None,
        text,
        scheduled: scheduled.as_ref(),
        is_in_file: true,
    })?;
    disk.finish(staged)
}

/// Goes on waiting for the time of a commit; one whose time is past is made as soon as the agent runs.
fn resume_schedule(state: &mut State) -> Result<(), super::StoreError> {
    let Some(disk) = &state.disk else { return Ok(()) };
    let Some(record) = disk.journal.scheduled.clone() else { return Ok(()) };
    let configuration = parse("scheduled", &disk.schedule_text()?)?;
    state.datastore.resume_schedule(record, configuration);
    Ok(())
}

/// Goes on with a confirmed commit, or rolls it back if its time is up.
fn resume(state: &mut State) -> Result<(), super::StoreError> {
    let Some(disk) = &state.disk else { return Ok(()) };
    let Some(confirming) = disk.journal.confirming.clone() else { return Ok(()) };
    let former = parse("former", &disk.text(confirming.former)?)?;
    let now = Timestamp::now();
    state.datastore.resume(confirming, former, now);
    if let Some(plan) = state.datastore.handle_timeout(now) {
        // It is in force, whether it can be written or not.
        state.keep_rollback(&plan);
        state.datastore.handle_committed(plan);
        tracing::warn!(
            "a confirmed commit was not confirmed before the agent stopped: rolled back"
        );
    }
    Ok(())
}
