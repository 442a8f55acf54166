//! The store when something fails around it: its waiters, its disk, its clock.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use homing_proto::datastore::{
    Author, Client, Commit, CommitRecord, Edit, Mode, SessionId, Timestamp,
};
use homing_proto::lock_out::Origin;
use tokio::sync::{mpsc, oneshot};

use super::*;
use crate::handle::Command;
use crate::loaded::{LoadError, Loaded};
use crate::lock_out::Speaker;
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

    fn path(&self, name: &str) -> PathBuf {
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

    /// Makes the configuration with this name running, for a time.
    async fn commit_confirmed(&mut self, host_name: &str, wait: Duration) {
        self.set(&format!("system host-name {host_name}")).await;
        let store = self.store.clone();
        let commit = Commit { confirmed: Some(wait), ..Commit::default() };
        let committing = tokio::spawn(async move { store.commit(ONE, commit).await });
        self.apply().await.1.send(Ok(Changes::default())).unwrap();
        committing.await.unwrap().unwrap();
    }

    /// Nothing can be written from here on, as on a disk that is full, until what it gives is removed.
    fn fill_disk(&self) -> PathBuf {
        let in_the_way = self.path("state/commits/journal.new");
        std::fs::create_dir(&in_the_way).unwrap();
        std::fs::write(in_the_way.join("x"), "").unwrap();
        in_the_way
    }

    fn keep_time(&self) {
        let store = self.store.clone();
        tokio::spawn(async move { store.keep_time().await });
    }

    fn journal(&self) -> String {
        std::fs::read_to_string(self.path("state/commits/journal.json")).unwrap()
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

/// Waits until `what` is so.
async fn until(mut what: impl FnMut() -> bool) {
    for _ in 0..3_000 {
        if what() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    unreachable!("it did not come to pass");
}

const WAITS: &str = "\"confirming\": {";

#[tokio::test]
async fn a_rollback_is_in_force_though_it_can_not_be_written_and_is_written_later() {
    let mut house = House::new().await;
    house.commit_confirmed("bad", Duration::from_secs(1)).await;
    let in_the_way = house.fill_disk();
    house.keep_time();
    let (loaded, answer) = house.apply().await;
    assert_eq!(loaded.configuration.system().host_name.as_deref(), Some("a"));
    answer.send(Ok(Changes::default())).unwrap();
    assert_eq!(house.host_name().await, "a");
    // A start would roll back again.
    assert!(house.journal().contains(WAITS));
    house.set("system host-name c").await;
    let refused = house.store.commit(ONE, Commit::default()).await.unwrap_err();
    assert_eq!(refused.code(), "commit-not-durable");
    std::fs::remove_dir_all(in_the_way).unwrap();
    until(|| !house.journal().contains(WAITS)).await;
    assert!(std::fs::read_to_string(house.path("agent.conf")).unwrap().contains("host-name a;"));
    let (store, _dir) = house.obey();
    store.commit(ONE, Commit::default()).await.unwrap();
    let former = store.rollback(1).await.unwrap();
    assert_eq!(former.system().host_name.as_deref(), Some("a"));
}

#[tokio::test]
async fn a_rollback_that_takes_no_trace_file_is_in_force_without_it() {
    let mut house = House::new().await;
    house.commit_confirmed("bad", Duration::from_secs(1)).await;
    house.keep_time();
    let (_, answer) = house.apply().await;
    answer.send(Err(LoadError::Trace("no space".to_owned()))).unwrap();
    let (loaded, answer) = house.apply().await;
    assert!(loaded.trace.is_none());
    answer.send(Ok(Changes::default())).unwrap();
    assert_eq!(house.host_name().await, "a");
}

#[tokio::test]
async fn a_start_rolls_back_though_it_can_not_be_written() {
    let mut house = House::new().await;
    house.commit_confirmed("bad", Duration::from_secs(1)).await;
    let in_the_way = house.fill_disk();
    let dir = house.dir.clone();
    drop(house);
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let house = House::start(dir).await;
    assert_eq!(house.host_name().await, "a");
    assert!(house.journal().contains(WAITS));
    house.keep_time();
    std::fs::remove_dir_all(in_the_way).unwrap();
    until(|| !house.journal().contains(WAITS)).await;
    assert!(std::fs::read_to_string(house.path("agent.conf")).unwrap().contains("host-name a;"));
}

const SCHEDULED: &str = "\"scheduled\": {";

#[tokio::test]
async fn a_scheduled_commit_that_can_not_be_written_is_tried_again() {
    let house = House::new().await;
    house.set("system host-name b").await;
    let at = Timestamp::now() + Duration::from_millis(1_500);
    house.store.schedule(ONE, None, at).await.unwrap();
    let in_the_way = house.fill_disk();
    house.keep_time();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(house.host_name().await, "a");
    assert!(house.store.scheduled().await.is_some());
    let journal = house.path("state/commits/journal.json");
    let (store, _dir) = house.obey();
    std::fs::remove_dir_all(in_the_way).unwrap();
    until(|| !std::fs::read_to_string(&journal).unwrap().contains(SCHEDULED)).await;
    assert_eq!(store.running().await.system().host_name.as_deref(), Some("b"));
    assert!(store.scheduled().await.is_none());
}

#[tokio::test]
async fn a_scheduled_commit_that_can_not_be_acted_on_is_given_up_for_good() {
    let mut house = House::new().await;
    house.set("system host-name b").await;
    let at = Timestamp::now() + Duration::from_millis(500);
    house.store.schedule(ONE, None, at).await.unwrap();
    house.keep_time();
    let (_, answer) = house.apply().await;
    answer.send(Err(LoadError::Trace("no such folder".to_owned()))).unwrap();
    until(|| !house.journal().contains(SCHEDULED)).await;
    assert!(house.store.scheduled().await.is_none());
    let house = House::start(house.dir.clone()).await;
    assert_eq!((house.host_name().await.as_str(), house.store.scheduled().await), ("a", None));
}

#[tokio::test]
async fn a_scheduled_commit_over_the_connection_that_it_changes_is_warned_of() {
    let house = House::new().await;
    house.set("system login user ops class read-only").await;
    let origin = Origin::Outbound("gw".to_owned());
    let at = Timestamp::now() + Duration::from_secs(3_600);
    let scheduled = Speaker { via: None, origin }.scope(house.store.schedule(ONE, None, at)).await;
    let warnings = scheduled.unwrap().warnings;
    assert!(warnings.iter().any(|text| text.contains("[edit system login]")), "{warnings:?}");
}

#[tokio::test]
async fn a_file_that_can_not_be_read_does_not_keep_the_agent_from_starting() {
    let house = House::new().await;
    house.set("system host-name b").await;
    let (store, dir) = house.obey();
    store.commit(ONE, Commit::default()).await.unwrap();
    let file = dir.path().join("agent.conf");
    for broken in [
        "system { host-name",
        "system { services { outbound-ssh { client x; } } }",
        "system { services { outbound-ssh { traceoptions { file t match \"(\"; } } } }",
    ] {
        std::fs::write(&file, broken).unwrap();
        let house = House::start(dir.clone()).await;
        assert_eq!(house.host_name().await, "b");
        assert_eq!(house.store.history().await.len(), 2);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), broken);
    }
}

#[tokio::test]
async fn a_committed_text_that_begins_like_another_form_is_read_all_the_same() {
    let house = House::new().await;
    let text = "<x> y;\nsystem {\n    host-name b;\n}\n";
    let record = CommitRecord {
        number: 2,
        at: Timestamp::now(),
        author: Author::new("ann", Client::Cli),
        comment: None,
        confirmed_until: None,
    };
    let new = disk::NewCommit {
        record: &record,
        confirming: None,
        text,
        scheduled: None,
        is_in_file: false,
    };
    let mut state = house.store.enter().await;
    let disk = state.disk.as_mut().unwrap();
    let staged = disk.stage(&new).unwrap();
    disk.finish(staged).unwrap();
    drop(state);
    let house = House::start(house.dir.clone()).await;
    assert_eq!(house.host_name().await, "b");
}

/// Time passes here, and not by the clock on the wall, as if that were set back all the while.
#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_does_not_make_a_confirmed_commit_wait_longer() {
    let mut house = House::new().await;
    house.commit_confirmed("bad", Duration::from_secs(3_600)).await;
    house.keep_time();
    let Some(Command::Apply(loaded, _, answer)) = house.commands.recv().await else {
        unreachable!("the agent is to act on the configuration before");
    };
    assert_eq!(loaded.configuration.system().host_name.as_deref(), Some("a"));
    answer.send(Ok(Changes::default())).unwrap();
    assert_eq!(house.host_name().await, "a");
    assert!(house.store.confirming().await.is_none());
}

#[tokio::test]
async fn a_commit_that_fails_leaves_the_watch_over_the_one_that_waits_as_it_was() {
    let house = House::new().await;
    let origin = Origin::Outbound("gw".to_owned());
    house.set("system services outbound-ssh client gw device-id r1").await;
    house.set("system services outbound-ssh client gw 192.0.2.1 port 4334").await;
    let in_the_way = house.path("state/commits/journal.new");
    let (store, _dir) = house.obey();
    let over =
        |commit| Speaker { via: None, origin: origin.clone() }.scope(store.commit(ONE, commit));
    let confirmed = || Commit { confirmed: Some(Duration::from_secs(3_600)), ..Commit::default() };
    over(confirmed()).await.unwrap();
    store.guard().connected("gw");
    store.guard().logged_in("gw");
    assert_eq!(store.guard().check_confirm(&origin), Ok(()));
    std::fs::create_dir(&in_the_way).unwrap();
    let line = "set system services outbound-ssh client gw device-id r2";
    store.edit(ONE, Edit::Statement(line.to_owned())).await.unwrap();
    assert!(over(confirmed()).await.is_err());
    assert_eq!(store.guard().check_confirm(&origin), Ok(()));
}

#[tokio::test]
async fn a_match_that_is_no_expression_is_found_before_the_commit() {
    let house = House::new().await;
    house.set("system services outbound-ssh traceoptions file t match (").await;
    let wrong = house.store.check(ONE).await.unwrap_err();
    assert_eq!(wrong.code(), "traceoptions-refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_changes_that_are_made_at_once_none_is_lost() {
    let house = House::new().await;
    let mut tasks = tokio::task::JoinSet::new();
    for who in 2..8 {
        let store = house.store.clone();
        tasks.spawn(async move {
            let session = SessionId(who);
            store.open(session, Author::new("bob", Client::Cli), Mode::Shared).await.unwrap();
            for at in 0..12 {
                let line = format!("set snmp view v{who}-{at} oid .1 include");
                store.edit(session, Edit::Statement(line)).await.unwrap();
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let candidate = house.store.candidate(ONE).await;
    let text = candidate.print(homing_proto::junos::Form::Set);
    for (who, at) in (2..8).flat_map(|who| (0..12).map(move |at| (who, at))) {
        assert!(text.contains(&format!("view v{who}-{at} oid")), "{who} {at}\n{text}");
    }
}
