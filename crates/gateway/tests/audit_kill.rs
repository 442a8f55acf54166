//! `kill -9` at any moment loses no audit entry that was acknowledged, and leaves a chain that can be verified.
//!
//! ```text
//! test ──starts itself──▶ child: enrols devices, each with its entry, notes others, prints acknowledgements ──kill -9──▶
//! the test opens the folder, verifies the chain against the last head that it noted, and looks each entry up
//! ```

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod killed;

use std::collections::BTreeSet;
use std::path::Path;

use homing_gateway::store::{AuditQuery, Change, Limits, NewDevice, Store};
use homing_proto::api::Timestamp;
use homing_proto::audit::{Entry, Head};
use homing_proto::identity::DeviceName;

const KILLS: u32 = 100;
const WRITERS: u32 = 6;

#[test]
fn kill_9_a_hundred_times_loses_no_acknowledged_entry() {
    if killed::errand().is_some() {
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeSet::new();
    let mut noted = None;
    for round in 0..KILLS {
        killed::run_and_kill(data.path(), round, |name| {
            acknowledged.insert(name.to_owned());
        });
        if round % 4 == 3 {
            noted = Some(verify(data.path(), &acknowledged, noted));
        }
    }
    println!("{KILLS} kills, {} entries acknowledged, none lost", acknowledged.len());
    assert!(acknowledged.len() > KILLS as usize, "too few to mean anything");
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
    let Some((folder, round)) = killed::errand() else { return };
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
        killed::acknowledge(&name);
    }
}
