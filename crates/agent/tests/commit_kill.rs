//! `kill -9` at any moment leaves the old or the new configuration, never a mixture of both, and an
//! unconfirmed commit does not outlive its time.
//!
//! ```text
//! test ──starts itself──▶ child: commits without end, prints each acknowledgement ──kill -9──▶ the test starts an agent there
//! ```

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use homing_agent::datastore::Store;
use homing_agent::{Agent, ConfigSource, Options, SshServer};
use homing_proto::datastore::{Author, Client, Commit, Edit, Mode, SessionId};
use homing_proto::junos::{Configuration, Form};

const FOLDER: &str = "HOMING_TEST_COMMIT_KILL_FOLDER";
const CONFIRM_FOLDER: &str = "HOMING_TEST_CONFIRM_KILL_FOLDER";
/// Kills of a commit that confirms another.
const CONFIRM_KILLS: u32 = 40;
const KILLS: u32 = 200;
/// A folder serves so many kills, then a fresh one is taken.
const KILLS_PER_FOLDER: u32 = 20;
const SESSION: SessionId = SessionId(1);
/// Statements of each configuration that all have the same number.
const FILLER: u32 = 40;

#[test]
fn kill_9_two_hundred_times_leaves_the_old_or_the_new_configuration() {
    if std::env::var_os(FOLDER).is_some() {
        return;
    }
    let mut commits = 0;
    for _ in 0..KILLS / KILLS_PER_FOLDER {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), 0);
        let mut acknowledged = 0;
        for kill in 0..KILLS_PER_FOLDER {
            let child = ("child_that_commits_until_it_is_killed", FOLDER);
            acknowledged = run_and_kill(child, dir.path(), kill).max(acknowledged);
            let file = number(&file_of(dir.path()));
            assert!(file == acknowledged || file == acknowledged + 1 || file + 1 == acknowledged);
            // Now and then a crash is followed by the next without a look in between.
            if kill % 3 != 0 {
                acknowledged = verify(dir.path(), acknowledged);
            }
        }
        commits += verify(dir.path(), acknowledged);
    }
    println!("{KILLS} kills, {commits} commits, none lost and none half done");
    assert!(commits > KILLS, "too few commits to mean anything: {commits}");
}

fn options(dir: &Path) -> Options {
    let mut options = Options::new(ConfigSource::File(dir.join("agent.conf")), dir.join("state"));
    options.ssh_server = SshServer::Embedded;
    options.log_dir = dir.to_owned();
    options
}

fn write(dir: &Path, number: u32) {
    let lines: String = lines(number).iter().map(|line| format!("{line}\n")).collect();
    let configuration = Configuration::parse("first", &lines).unwrap();
    std::fs::write(dir.join("agent.conf"), configuration.print(Form::Curly)).unwrap();
}

/// A configuration that says `number` in many places.
fn lines(number: u32) -> Vec<String> {
    let filler = (0..FILLER).map(|at| format!("set snmp view v{at} oid .{number} include"));
    filler.chain([format!("set system host-name h{number}")]).collect()
}

fn file_of(dir: &Path) -> Configuration {
    let text = std::fs::read_to_string(dir.join("agent.conf")).unwrap();
    Configuration::parse("agent.conf", &text).unwrap()
}

/// The number that a configuration says everywhere.
fn number(configuration: &Configuration) -> u32 {
    let host = configuration.system().host_name.unwrap();
    let number = host.strip_prefix('h').unwrap().parse().unwrap();
    let set = configuration.print(Form::Set);
    let expected = lines(number);
    let mut said: Vec<&str> = set.lines().collect();
    let mut expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    said.sort_unstable();
    expected.sort_unstable();
    assert_eq!(said, expected, "a mixture");
    number
}

/// Lets an agent run while `work` is done with its store.
fn with_agent<T>(dir: &Path, work: impl AsyncFnOnce(&Store) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let done = runtime.block_on(async {
        let agent = Agent::start(options(dir)).await.unwrap();
        let handle = agent.handle();
        let store = handle.store();
        tokio::select! {
            () = agent.run(std::future::pending()) => panic!("the agent ended"),
            done = work(store) => done,
        }
    });
    runtime.shutdown_background();
    done
}

/// An agent that starts now runs what was committed last, and has what was before it.
fn verify(dir: &Path, acknowledged: u32) -> u32 {
    let running = with_agent(dir, async |store| {
        let running = number(&*store.running().await);
        if running > 0 && store.history().await.len() > 1 {
            assert_eq!(number(&store.rollback(1).await.unwrap()) + 1, running);
        }
        running
    });
    // The kill may have hit between a commit and its acknowledgement.
    assert!(running == acknowledged || running == acknowledged + 1, "{running} {acknowledged}");
    assert_eq!(number(&file_of(dir)), running);
    running
}

/// Starts a child, lets it commit for a few milliseconds, kills it; gives what it acknowledged.
fn run_and_kill((name, variable): (&str, &str), dir: &Path, kill: u32) -> u32 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(variable, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut last = 0;
    let mut killer = None;
    loop {
        let mut line = String::new();
        // What has no line end was cut off by the kill, and so was not acknowledged.
        if lines.read_line(&mut line).unwrap() == 0 || !line.ends_with('\n') {
            break;
        }
        let Some(number) = line.trim_end().strip_prefix("ack ") else { continue };
        last = number.parse().unwrap();
        if killer.is_none() {
            let pid = nix::unistd::Pid::from_raw(child.id().try_into().unwrap());
            let delay = Duration::from_micros(u64::from(kill) * 1_700);
            killer = Some(std::thread::spawn(move || {
                std::thread::sleep(delay);
                nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
            }));
        }
    }
    killer.expect("the child acknowledged nothing").join().unwrap();
    assert!(!child.wait().unwrap().success(), "the child ended by itself");
    last
}

/// Not a test by itself: what the test above starts.
#[test]
fn child_that_commits_until_it_is_killed() {
    let Some(dir) = std::env::var_os(FOLDER) else { return };
    with_agent(Path::new(&dir), async |store| {
        let author = Author::new("ann", Client::Cli);
        store.open(SESSION, author, Mode::Shared).await.unwrap();
        let first = number(&*store.running().await) + 1;
        for number in first.. {
            commit(store, number, Commit::default()).await;
            acknowledge(number);
        }
    });
}

/// The test harness captures `println!`, and not this.
fn acknowledge(number: u32) {
    let line = format!("ack {number}\n");
    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
}

#[test]
fn kill_9_of_the_commit_that_confirms_leaves_it_waiting_or_confirmed() {
    let mut waiting = 0;
    for kill in 0..CONFIRM_KILLS {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), 1);
        let child = ("child_that_confirms_until_it_is_killed", CONFIRM_FOLDER);
        let acknowledged = run_and_kill(child, dir.path(), kill);
        with_agent(dir.path(), async |store| {
            let is_waiting = store.confirming().await.is_some();
            let running = number(&*store.running().await);
            assert_eq!(running, if is_waiting { 2 } else { 3 });
            assert!(running >= acknowledged, "{running} {acknowledged}");
            assert_eq!(number(&file_of(dir.path())), running);
            if is_waiting {
                waiting += 1;
                store.open(SESSION, Author::new("ann", Client::Cli), Mode::Shared).await.unwrap();
                store.cancel(SESSION, None).await.unwrap();
                assert_eq!(number(&*store.running().await), 1);
                assert_eq!(number(&file_of(dir.path())), 1);
            }
        });
    }
    println!("{CONFIRM_KILLS} kills: {waiting} left the commit waiting, the others confirmed it");
}

/// Not a test by itself: what the test above starts.
#[test]
fn child_that_confirms_until_it_is_killed() {
    let Some(dir) = std::env::var_os(CONFIRM_FOLDER) else { return };
    with_agent(Path::new(&dir), async |store| {
        store.open(SESSION, Author::new("ann", Client::Cli), Mode::Shared).await.unwrap();
        let confirmed = Some(Duration::from_secs(3600));
        commit(store, 2, Commit { confirmed, ..Commit::default() }).await;
        acknowledge(2);
        commit(store, 3, Commit::default()).await;
        acknowledge(3);
        std::future::pending::<()>().await;
    });
}

async fn commit(store: &Store, number: u32, commit: Commit) {
    let delete = (0..FILLER).map(|at| format!("delete snmp view v{at}"));
    let text: Vec<String> = delete.chain(lines(number)).collect();
    let load = Edit::Load {
        action: homing_proto::datastore::Action::Set,
        form: Some(Form::Set),
        text: text.join("\n"),
    };
    store.edit(SESSION, load).await.unwrap();
    store.commit(SESSION, commit).await.unwrap();
}

#[test]
fn an_unconfirmed_commit_is_undone_at_the_next_start_or_its_timer_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), 1);
    let confirmed =
        |seconds| Commit { confirmed: Some(Duration::from_secs(seconds)), ..Commit::default() };
    let open = async |store: &Store| {
        store.open(SESSION, Author::new("ann", Client::Cli), Mode::Shared).await.unwrap();
    };
    with_agent(dir.path(), async |store| {
        open(store).await;
        commit(store, 2, confirmed(3600)).await;
    });
    with_agent(dir.path(), async |store| {
        assert_eq!(number(&*store.running().await), 2);
        assert!(store.confirming().await.is_some(), "the timer goes on");
        open(store).await;
        commit(store, 3, confirmed(1)).await;
    });
    std::thread::sleep(Duration::from_millis(1_500));
    with_agent(dir.path(), async |store| {
        assert_eq!(number(&*store.running().await), 1);
        assert!(store.confirming().await.is_none());
        let history = store.history().await;
        assert_eq!(history[0].author.via, Client::Other);
        open(store).await;
        commit(store, 4, confirmed(1)).await;
        let mut waited = 0;
        while number(&*store.running().await) != 1 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            waited += 1;
            assert!(waited < 300, "it was not rolled back");
        }
    });
    assert_eq!(number(&file_of(dir.path())), 1);
}

#[test]
fn what_can_not_be_kept_is_refused_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), 1);
    with_agent(dir.path(), async |store| {
        store.open(SESSION, Author::new("ann", Client::Cli), Mode::Shared).await.unwrap();
        let in_the_way = dir.path().join("state/commits/journal.new");
        std::fs::create_dir(&in_the_way).unwrap();
        let line = Edit::Statement("set system host-name h2".to_owned());
        store.edit(SESSION, line).await.unwrap();
        let refused = store.commit(SESSION, Commit::default()).await.unwrap_err();
        assert_eq!(refused.code(), "commit-not-durable");
        assert_eq!(number(&*store.running().await), 1);
        assert_eq!(number(&file_of(dir.path())), 1);
        std::fs::remove_dir(&in_the_way).unwrap();
        store.commit(SESSION, Commit::default()).await.unwrap();
    });
    assert_eq!(file_of(dir.path()).system().host_name.as_deref(), Some("h2"));
}

#[test]
fn a_file_that_a_person_changed_is_a_commit_and_stays_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), 1);
    with_agent(dir.path(), async |store| assert_eq!(store.history().await.len(), 1));
    let text = "/* mine */\nsystem { host-name edited; }\n";
    std::fs::write(dir.path().join("agent.conf"), text).unwrap();
    with_agent(dir.path(), async |store| {
        let history = store.history().await;
        assert_eq!((history.len(), history[0].author.via), (2, Client::Start));
        assert_eq!(number(&store.rollback(1).await.unwrap()), 1);
    });
    assert_eq!(std::fs::read_to_string(dir.path().join("agent.conf")).unwrap(), text);
}
