//! The store when something fails around it: its waiters, its disk, its clock.

use std::sync::Arc;
use std::time::Duration;

use homing_proto::datastore::{Author, Client, Commit, Edit, Mode, SessionId};
use tokio::sync::{mpsc, oneshot};

use super::*;
use crate::handle::Command;
use crate::loaded::{LoadError, Loaded};
use crate::options::{ConfigSource, Options};
use crate::supervisor::Changes;

const ONE: SessionId = SessionId(1);

type Answer = oneshot::Sender<Result<Changes, LoadError>>;

/// A store, and the commands that its agent would get.
struct House {
    store: Store,
    commands: mpsc::Receiver<Command>,
    dir: Arc<tempfile::TempDir>,
}

impl House {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("agent.conf"), "system {\n    host-name a;\n}\n").unwrap();
        Self::start(Arc::new(dir)).await
    }

    async fn start(dir: Arc<tempfile::TempDir>) -> Self {
        let file = ConfigSource::File(dir.path().join("agent.conf"));
        let (sender, commands) = mpsc::channel(4);
        let (store, _) = start(&Options::new(file, dir.path().join("state")), sender).unwrap();
        let author = Author::new("ann", Client::Cli);
        store.open(ONE, author, Mode::Shared).await.unwrap();
        Self { store, commands, dir }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    async fn set(&self, line: &str) {
        self.store.edit(ONE, Edit::Statement(format!("set {line}"))).await.unwrap();
    }

    async fn host_name(&self) -> String {
        self.store.running().await.system().host_name.unwrap()
    }

    /// What the agent is to act on next.
    async fn apply(&mut self) -> (Box<Loaded>, Answer) {
        let wait = tokio::time::timeout(Duration::from_secs(60), self.commands.recv());
        match wait.await.unwrap().unwrap() {
            Command::Apply(loaded, _, answer) => (loaded, answer),
            other => unreachable!("{other:?}"),
        }
    }

    /// Acts on everything from here on.
    fn obey(mut self) -> (Store, Arc<tempfile::TempDir>) {
        let kept = (self.store.clone(), self.dir.clone());
        tokio::spawn(async move {
            while let Some(command) = self.commands.recv().await {
                if let Command::Apply(_, _, answer) = command {
                    let _ = answer.send(Ok(Changes::default()));
                }
            }
        });
        kept
    }
}

#[tokio::test]
async fn a_commit_is_made_wholly_though_nobody_waits_for_it() {
    let mut house = House::new().await;
    house.set("system host-name b").await;
    let store = house.store.clone();
    let committing = tokio::spawn(async move { store.commit(ONE, Commit::default()).await });
    let (_, answer) = house.apply().await;
    committing.abort();
    assert!(committing.await.unwrap_err().is_cancelled());
    answer.send(Ok(Changes::default())).unwrap();
    assert_eq!(house.host_name().await, "b");
    assert!(std::fs::read_to_string(house.path("agent.conf")).unwrap().contains("host-name b;"));
    house.set("system host-name c").await;
    let (store, _dir) = house.obey();
    store.commit(ONE, Commit::default()).await.unwrap();
    assert_eq!(store.history().await.len(), 3);
}

#[tokio::test]
async fn a_commit_whose_task_died_keeps_nobody_from_committing() {
    let house = House::new().await;
    house.set("system host-name b").await;
    let now = homing_proto::datastore::Timestamp::now();
    let begun = house.store.enter().await.datastore.commit(ONE, Commit::default(), now);
    drop(begun.unwrap());
    let (store, _dir) = house.obey();
    store.commit(ONE, Commit::default()).await.unwrap();
}
