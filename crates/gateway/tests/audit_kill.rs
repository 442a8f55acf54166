//! `kill -9` at any moment loses no audit entry that was acknowledged, and leaves a chain that can be verified.
//!
//! ```text
//! test ──starts itself──▶ child: enrols devices, each with its entry, notes others, prints acknowledgements ──kill -9──▶
//! the test opens the folder, verifies the chain against the last head that it noted, and looks each entry up
//! ```

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use homing_gateway::store::{AuditQuery, Change, Limits, NewDevice, Store};
use homing_proto::api::Timestamp;
use homing_proto::audit::{Entry, Head};
use homing_proto::identity::DeviceName;

const FOLDER: &str = "HOMING_TEST_AUDIT_KILL_FOLDER";
const ROUND: &str = "HOMING_TEST_AUDIT_KILL_ROUND";
const KILLS: u32 = 100;
const WRITERS: u32 = 6;

#[test]
fn kill_9_a_hundred_times_loses_no_acknowledged_entry() {
    if std::env::var_os(FOLDER).is_some() {
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeSet::new();
    let mut noted = None;
    for round in 0..KILLS {
        run_and_kill(data.path(), round, &mut acknowledged);
        if round % 4 == 3 {
            noted = Some(verify(data.path(), &acknowledged, noted));
        }
    }
    println!("{KILLS} kills, {} entries acknowledged, none lost", acknowledged.len());
    assert!(acknowledged.len() > KILLS as usize, "too few to mean anything");
}

/// Starts a child, lets it acknowledge for a few milliseconds, kills it, and notes what it acknowledged.
fn run_and_kill(folder: &Path, round: u32, acknowledged: &mut BTreeSet<String>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_writes_until_it_is_killed", "--nocapture"])
        .env(FOLDER, folder)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut killer = None;
    loop {
        let mut line = String::new();
        // What has no line end was cut off by the kill, and so was not acknowledged.
        if lines.read_line(&mut line).unwrap() == 0 || !line.ends_with('\n') {
            break;
        }
        let Some(("ack", name)) = line.trim_end().split_once(' ') else { continue };
        acknowledged.insert(name.to_owned());
        if killer.is_none() {
            let pid = nix::unistd::Pid::from_raw(child.id().try_into().unwrap());
            let delay = Duration::from_micros(u64::from(round) * 7_919 % 40_000);
            killer = Some(std::thread::spawn(move || {
                std::thread::sleep(delay);
                nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
            }));
        }
    }
    killer.expect("the child acknowledged nothing").join().unwrap();
    assert!(!child.wait().unwrap().success(), "the child ended by itself");
}

/// The chain is whole, holds the head that was noted before, and all that was acknowledged; gives its head.
fn verify(folder: &Path, acknowledged: &BTreeSet<String>, noted: Option<Head>) -> Head {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(folder, &Limits::default()).unwrap();
        let report = store.verify_audit(noted).await.unwrap();
        assert!(report.intact, "{report:?}");
        assert_eq!(report.noted, noted.map(|_| true));
        let (mut told, mut after) = (BTreeSet::new(), 0);
        loop {
            let actions = vec!["enrolled".to_owned()];
            let query = AuditQuery { after: Some(after), actions, ..AuditQuery::default() };
            let page = store.audit(query).await.unwrap();
            let Some(last) = page.last() else { break };
            after = last.entry.id;
            told.extend(page.into_iter().map(|one| one.entry.device.unwrap().to_string()));
        }
        let lost: Vec<_> = acknowledged.difference(&told).collect();
        assert!(lost.is_empty(), "{lost:?}");
        let devices: BTreeSet<_> =
            store.devices().iter().map(|device| device.name.to_string()).collect();
        assert_eq!(devices, told, "a change without its entry, or an entry without its change");
        report.head
    })
}

/// Not a test by itself: what the test above starts.
#[test]
fn child_that_writes_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let round = std::env::var(ROUND).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(Path::new(&folder), &Limits::default()).unwrap();
        let writers = (0..WRITERS)
            .map(|writer| tokio::spawn(write(store.clone(), format!("r{round}-w{writer}"))));
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
    });
}

/// Enrols devices, each with its entry, between entries that nobody waits for.
async fn write(store: Store, prefix: String) {
    for number in 0.. {
        let name = DeviceName::new(format!("{prefix}-{number}")).unwrap();
        store.note_audit(Entry::new("login", "ops", Timestamp::now()));
        let entry = Entry::new("enrolled", "ops", Timestamp::now());
        let entry = Entry { device: Some(name.clone()), ..entry };
        let insert = Change::Insert(Box::new(NewDevice::named(name.clone())));
        store.write(vec![Change::Audit(Box::new(entry)), insert]).await.unwrap();
        // The test harness captures `println!`, and not this.
        let line = format!("ack {name}\n");
        std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
    }
}
