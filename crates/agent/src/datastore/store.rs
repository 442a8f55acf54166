//! The one owner of the device's configuration; clones are the same one.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use homing_proto::datastore::{
    Author, Client, Commit, CommitRecord, ConfirmingRecord, Datastore, Event, Mode, Refused,
    SessionId, Target, Timestamp,
};
use homing_proto::junos::{Configuration, Form};
use homing_proto::lock_out::{Origin, touched, warning};
use tokio::sync::{Mutex, OwnedMutexGuard, Semaphore, broadcast, mpsc, watch};
use tokio::task::{JoinError, JoinHandle};

use super::clock::Wake;
use super::disk::Disk;
use super::error::StoreError;
use super::journal;
use super::state::State;
use crate::handle::{Command, Gone};
use crate::loaded::{LoadError, Loaded};
use crate::lock_out::{Guard, Speaker};
use crate::options::{ConfigSource, Options};
use crate::supervisor::Changes;

/// Events that may wait for one listener; one that is slower misses the oldest.
const EVENT_QUEUE: usize = 64;
/// How long a connection that a commit ends lives on, so that the reply can pass over it.
pub(crate) const GRACE: Duration = Duration::from_secs(1);

/// What a commit did.
#[derive(Clone, Debug)]
pub struct Committed {
    /// Its line of the history.
    pub record: CommitRecord,
    /// What became of the clients.
    pub changes: Changes,
    /// Statements that are kept without being acted on, each with its place.
    pub mentions: Vec<String>,
    /// What its author should mind.
    pub warnings: Vec<String>,
}

/// The configuration of a running agent.
#[derive(Clone, Debug)]
pub struct Store {
    pub(super) state: Arc<Mutex<State>>,
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) events: broadcast::Sender<Event>,
    /// When the clock must look again.
    pub(super) wake: watch::Sender<Wake>,
    guard: Guard,
    /// Who may work a change out.
    pub(super) drafts: Arc<Semaphore>,
    source: ConfigSource,
    pub(super) log_dir: PathBuf,
}

impl Store {
    pub(super) fn new(state: State, options: &Options, commands: mpsc::Sender<Command>) -> Self {
        let mut state = state;
        let wake = watch::Sender::new(state.wake());
        Self {
            state: Arc::new(Mutex::new(state)),
            commands,
            events: broadcast::Sender::new(EVENT_QUEUE),
            wake,
            guard: Guard::default(),
            drafts: Arc::new(Semaphore::new(super::edit::MOST_DRAFTS)),
            source: options.configuration.clone(),
            log_dir: options.log_dir.clone(),
        }
    }

    /// Who watches commits that could lock their author out.
    pub(crate) fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Lets a session edit.
    ///
    /// # Errors
    /// Others are in the way.
    pub async fn open(
        &self,
        session: SessionId,
        author: Author,
        mode: Mode,
    ) -> Result<(), Refused> {
        let via = Speaker::current().via.unwrap_or(author.via);
        self.enter().await.datastore.open(session, Author { via, ..author }, mode)
    }

    /// As [`Store::open`], for a session that may be open in the shared mode: it is in the other one
    /// then.
    ///
    /// # Errors
    /// Others are in the way, or the session holds something; it is open as it was.
    pub async fn reopen(
        &self,
        session: SessionId,
        author: Author,
        mode: Mode,
    ) -> Result<(), Refused> {
        let via = Speaker::current().via.unwrap_or(author.via);
        self.enter().await.datastore.reopen(session, Author { via, ..author }, mode)
    }

    /// Ends a session: its locks are free, its private changes gone, and a confirmed commit that was
    /// bound to it is undone.
    pub async fn close(&self, session: SessionId) {
        let store = self.clone();
        to_the_end(async move { store.close_now(session).await }).await;
    }

    async fn close_now(&self, session: SessionId) {
        let mut state = self.enter().await;
        let plan = if state.datastore.is_confirming(session) {
            state.datastore.cancel(session, None, Timestamp::now()).ok()
        } else {
            None
        };
        state.datastore.close(session);
        if let Some(plan) = plan
            && let Err(error) = self.carry_out(state, plan, false).await
        {
            tracing::error!(code = error.code(), "a confirmed commit was not undone: {error}");
        }
    }

    /// Locks a datastore for a session.
    ///
    /// # Errors
    /// Someone else holds it, or the candidate has changes.
    pub async fn lock(&self, session: SessionId, target: Target) -> Result<(), Refused> {
        self.enter().await.datastore.lock(session, target)
    }

    /// Gives a lock back.
    ///
    /// # Errors
    /// The session does not hold it.
    pub async fn unlock(&self, session: SessionId, target: Target) -> Result<(), Refused> {
        self.enter().await.datastore.unlock(session, target)
    }

    /// Looks at the datastore.
    pub async fn read<T>(&self, look: impl FnOnce(&Datastore) -> T) -> T {
        look(&self.enter().await.datastore)
    }

    /// The candidate of a session, or the shared one.
    pub async fn candidate(&self, session: SessionId) -> Arc<Configuration> {
        self.read(|datastore| datastore.candidate(session)).await
    }

    /// The configuration in force.
    pub async fn running(&self) -> Arc<Configuration> {
        self.read(Datastore::running).await
    }

    /// The commits, the newest, which is rollback 0, first.
    pub async fn history(&self) -> Vec<CommitRecord> {
        self.read(|datastore| datastore.history().cloned().collect()).await
    }

    /// An earlier configuration; 0 is the running one.
    ///
    /// # Errors
    /// There is none, or it can't be read.
    pub async fn rollback(&self, number: usize) -> Result<Arc<Configuration>, StoreError> {
        let (_, text) = self.blocking(move |state| rollback_text(state, number)).await;
        match text? {
            Some(text) => parse(&format!("rollback {number}"), &text),
            None => Ok(self.running().await),
        }
    }

    /// The rescue configuration.
    ///
    /// # Errors
    /// None was saved, or it can't be read.
    pub async fn rescue(&self) -> Result<Arc<Configuration>, StoreError> {
        let state = self.enter().await;
        let text = state.disk.as_ref().map(Disk::rescue).transpose()?.flatten();
        parse("rescue", &text.ok_or(StoreError::NoRescue)?)
    }

    /// Saves the running configuration as the rescue one.
    ///
    /// # Errors
    /// It can't be written.
    pub async fn save_rescue(&self) -> Result<(), StoreError> {
        let state = self.enter().await;
        let text = state.datastore.running().print(Form::Curly);
        let Some(disk) = &state.disk else { return Err(StoreError::NoRescue) };
        disk.set_rescue(Some(&text))?;
        Ok(())
    }

    /// Deletes the rescue configuration; says whether there was one.
    ///
    /// # Errors
    /// It can't be deleted.
    pub async fn delete_rescue(&self) -> Result<bool, StoreError> {
        let state = self.enter().await;
        let deleted = state.disk.as_ref().map(|disk| disk.set_rescue(None)).transpose()?;
        Ok(deleted.unwrap_or(false))
    }

    /// Whether the candidate of a session could be committed; gives what would not be acted on.
    ///
    /// # Errors
    /// What is wrong with it.
    pub async fn check(&self, session: SessionId) -> Result<Vec<String>, StoreError> {
        let (_, checked) = self.blocking(move |state| state.datastore.check(session)).await;
        Ok(Loaded::new(checked?, &self.log_dir)?.mentions)
    }

    /// Commits the candidate of a session.
    ///
    /// # Errors
    /// Nothing was changed.
    pub async fn commit(
        &self,
        session: SessionId,
        commit: Commit,
    ) -> Result<Committed, StoreError> {
        let (store, origin) = (self.clone(), Speaker::current().origin);
        to_the_end(async move { store.commit_now(session, commit, origin).await }).await
    }

    async fn commit_now(
        &self,
        session: SessionId,
        commit: Commit,
        origin: Origin,
    ) -> Result<Committed, StoreError> {
        let now = Timestamp::now();
        let (guard, from) = (self.guard.clone(), origin.clone());
        let is_confirmed = commit.confirmed.is_some();
        let (state, plan) = self
            .blocking(move |state| {
                if state.datastore.confirming().is_some() && !is_confirmed {
                    guard.check_confirm(&from)?;
                }
                Ok::<_, StoreError>(state.datastore.commit(session, commit, now)?)
            })
            .await;
        let plan = plan?;
        let (before, after) = (state.datastore.running(), plan.configuration.clone());
        let until = plan.confirming.as_ref().map(|confirming| confirming.until);
        // A connection that is dialled at once must find the watch in place.
        let watched = self.guard.watched();
        let redial = until.and_then(|until| self.guard.watch(&origin, &before, &after, until));
        let done = self.carry_out(state, plan, false).await;
        if done.is_err() {
            self.guard.put_back(watched);
        }
        let mut done = done?;
        if let Some(client) = redial {
            self.commands.send(Command::Redial(client, GRACE)).await.map_err(|_| Gone)?;
        }
        if until.is_none() {
            done.warnings.extend(warning(&origin, &touched(&before, &after)));
        }
        Ok(done)
    }

    /// Undoes the confirmed commit that waits.
    ///
    /// # Errors
    /// None waits, or under another name.
    pub async fn cancel(
        &self,
        session: SessionId,
        persist_id: Option<String>,
    ) -> Result<Committed, StoreError> {
        let store = self.clone();
        to_the_end(async move {
            let mut state = store.enter().await;
            let plan = state.datastore.cancel(session, persist_id, Timestamp::now())?;
            store.carry_out(state, plan, false).await
        })
        .await
    }

    /// The commit that waits for its confirmation.
    pub async fn confirming(&self) -> Option<ConfirmingRecord> {
        self.read(|datastore| datastore.confirming().cloned()).await
    }

    /// Every event from here on.
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Reads the file again, commits it if a person changed it, and follows it.
    pub(crate) async fn reload(&self, author: Author) -> Result<Changes, StoreError> {
        let store = self.clone();
        to_the_end(async move { store.reload_now(author).await }).await
    }

    async fn reload_now(&self, author: Author) -> Result<Changes, StoreError> {
        let ConfigSource::File(path) = &self.source else {
            let loaded = Loaded::new(self.running().await, &self.log_dir)?;
            return self.act_on(loaded, Duration::ZERO).await;
        };
        let mut state = self.enter().await;
        let (configuration, text) = crate::loaded::read_file(path)?;
        let known = state.disk.as_ref().and_then(|disk| disk.journal.newest().map(str::to_owned));
        let configuration = Arc::new(configuration);
        if known == Some(journal::digest(text.as_bytes())) {
            let loaded = Loaded::new(configuration, &self.log_dir)?;
            return self.act_on(loaded, Duration::ZERO).await;
        }
        let plan = state.datastore.reload(configuration, text, author, Timestamp::now())?;
        Ok(self.carry_out(state, plan, true).await?.changes)
    }

    /// Runs what may take long beside the other tasks; gives the lock back with the result.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut State) -> T + Send + 'static,
    ) -> (OwnedMutexGuard<State>, T) {
        let mut state = self.enter().await;
        let done = tokio::task::spawn_blocking(move || {
            let done = work(&mut state);
            (state, done)
        });
        ended(done).await
    }

    /// Waits for the datastores. Whoever has them is the only one that commits.
    pub(super) async fn enter(&self) -> OwnedMutexGuard<State> {
        let mut state = self.state.clone().lock_owned().await;
        state.datastore.handle_commit_abandoned();
        state
    }
}

/// Does `work` wholly, though nobody may wait for it any more: a session can end at any moment,
/// and a commit must not stop half way.
pub(crate) async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> T {
    ended(tokio::spawn(work)).await
}

/// What a task gives; its panic is the caller's.
pub(super) async fn ended<T>(task: JoinHandle<T>) -> T {
    match task.await.map_err(JoinError::try_into_panic) {
        Ok(done) => done,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        // The runtime is going down, and this task with it.
        Err(Err(_)) => std::future::pending().await,
    }
}

/// The text of an earlier configuration; none if it is the running one.
fn rollback_text(state: &State, number: usize) -> Result<Option<String>, StoreError> {
    if number == 0 {
        return Ok(None);
    }
    let record = state.datastore.history().nth(number);
    let (Some(record), Some(disk)) = (record, &state.disk) else {
        return Err(StoreError::NoRollback(number));
    };
    Ok(Some(disk.text(record.number)?))
}

/// Reads a text that was committed. A text of braces may begin like another form, and was written
/// by this agent all the same.
pub(super) fn parse(name: &str, text: &str) -> Result<Arc<Configuration>, StoreError> {
    let parsed = Configuration::parse(name, text).or_else(|found| {
        Configuration::parse_as(name, text, Form::Curly).map_err(|_| LoadError::Statements(found))
    });
    Ok(Arc::new(parsed?))
}

/// Who `reload` is, if nothing better is known.
pub(crate) fn reloader() -> Author {
    Author::new("root", Client::Reload)
}
