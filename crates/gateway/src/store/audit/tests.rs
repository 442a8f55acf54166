//! The trail in the store: durable with what it tells of, chained, pruned, searched.

use std::path::Path;
use std::time::Duration;

use homing_proto::access::Via;
use homing_proto::api::Timestamp;
use homing_proto::audit::{Broken, Entry, Head, Verifier};
use homing_proto::identity::DeviceName;
use rusqlite::Connection;

use super::*;
use crate::store::{Change, Limits, NewDevice, Store};

fn open(folder: &Path) -> Store {
    Store::open(folder, &Limits::default()).unwrap()
}

fn entry(action: &str, operator: &str) -> Entry {
    Entry { via: Some(Via::Ssh), ..Entry::new(action, operator, Timestamp::now()) }
}

fn audit(entry: Entry) -> Change {
    Change::Audit(Box::new(entry))
}

fn device(text: &str) -> DeviceName {
    DeviceName::new(text).unwrap()
}

/// A closed folder with `count` entries.
async fn used(count: usize) -> (tempfile::TempDir, Head) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for number in 0..count {
        store.write(vec![audit(entry("login", "ops").with("n", number))]).await.unwrap();
    }
    let head = store.audit_head();
    store.close().await;
    (folder, head)
}

/// What somebody does who can write the file.
fn tamper(folder: &Path, sql: &str) {
    let db = Connection::open(folder.join("homing.db")).unwrap();
    db.execute_batch(sql).unwrap();
}

async fn broken(folder: &Path) -> Option<Broken> {
    open(folder).verify_audit(None).await.unwrap().broken
}

#[tokio::test]
async fn a_change_and_the_entry_that_tells_of_it_are_there_together_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let insert = || Change::Insert(Box::new(NewDevice::named(device("mx1"))));
    store.write(vec![insert(), audit(entry("enrolled", "ops"))]).await.unwrap();
    store.write(vec![audit(entry("enrolled", "eve")), insert()]).await.unwrap_err();
    store.write(vec![audit(entry("login", "ops"))]).await.unwrap();
    let entries = store.audit(AuditQuery::default()).await.unwrap();
    let told: Vec<_> =
        entries.iter().map(|one| (one.entry.id, one.entry.action.as_str())).collect();
    assert_eq!(told, [(1, "enrolled"), (2, "login")]);
    assert!(store.verify_audit(None).await.unwrap().intact);
}

#[tokio::test]
async fn the_chain_goes_on_after_a_restart_and_followers_hear_of_it_when_it_is_durable() {
    let (folder, head) = used(3).await;
    let store = open(folder.path());
    assert_eq!((store.audit_head(), head.id), (head, 3));
    let mut follower = store.subscribe_audit();
    assert!(store.note_audit(entry("logout", "ops")));
    let heard = follower.recv().await.unwrap();
    assert_eq!(heard.entry.id, 4);
    assert_eq!(store.audit_head(), Head { id: 4, hash: heard.hash });
    let report = store.verify_audit(Some(head)).await.unwrap();
    assert_eq!((report.intact, report.noted, report.entries), (true, Some(true), 4));
    store.close().await;
    assert!(!store.note_audit(entry("logout", "ops")), "after the end nothing is taken silently");
}

#[tokio::test]
async fn whoever_alters_removes_or_swaps_rows_is_found_out() {
    let (folder, _) = used(6).await;
    tamper(folder.path(), "UPDATE audit SET entry = replace(entry, 'ops', 'eve') WHERE id = 3");
    assert_eq!(broken(folder.path()).await, Some(Broken::Altered { id: 3 }));

    let (folder, _) = used(6).await;
    tamper(folder.path(), "DELETE FROM audit WHERE id IN (3, 4)");
    assert_eq!(broken(folder.path()).await, Some(Broken::Removed { id: 3, last: 4 }));

    let (folder, _) = used(6).await;
    let swap = "UPDATE audit SET id = 99 WHERE id = 3; UPDATE audit SET id = 3 WHERE id = 5;
                UPDATE audit SET id = 5 WHERE id = 99";
    tamper(folder.path(), swap);
    assert_eq!(broken(folder.path()).await, Some(Broken::Reordered { id: 3 }));

    let (folder, _) = used(6).await;
    tamper(folder.path(), "DELETE FROM audit WHERE id < 3");
    assert_eq!(broken(folder.path()).await, Some(Broken::Removed { id: 1, last: 2 }));

    let (folder, head) = used(6).await;
    tamper(folder.path(), "DELETE FROM audit WHERE id > 4");
    let report = open(folder.path()).verify_audit(Some(head)).await.unwrap();
    assert_eq!(report.broken, Some(Broken::Removed { id: 5, last: 6 }));

    let (folder, _) = used(6).await;
    tamper(folder.path(), "UPDATE audit SET entry = '{}', hash = x'00' WHERE id = 2");
    // A row that can't be read breaks the chain, not the opening of the store.
    assert_eq!(broken(folder.path()).await, Some(Broken::Altered { id: 2 }));
}

#[tokio::test]
async fn queries_find_what_they_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let on = |name, entry| Entry { device: Some(device(name)), ..entry };
    let long_ago = "2026-01-01T00:00:00.5Z".parse().unwrap();
    let entries = [
        Entry { at: long_ago, ..entry("login", "ops") },
        on("mx1", entry("rpc", "ops")).saying("said \"hello\""),
        on("mx2", entry("rpc", "eve")).refused("access-denied"),
        on("mx1", entry("rpc", "eve")),
        entry("logout", "ops"),
    ];
    store.write(entries.map(audit).into()).await.unwrap();
    let all = AuditQuery::default;
    let ids = async |query| {
        let found = store.audit(query).await.unwrap();
        found.iter().map(|one| one.entry.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(AuditQuery { after: Some(1), limit: Some(2), ..all() }).await, [2, 3]);
    assert_eq!(ids(AuditQuery { before: Some(4), limit: Some(2), ..all() }).await, [2, 3]);
    let filter = homing_proto::filter::RowFilter::parse("-device:mx2 mx", &["device"]).unwrap();
    assert_eq!(ids(AuditQuery { filter: filter.clone(), limit: Some(1), ..all() }).await, [4]);
    assert_eq!(ids(AuditQuery { filter, before: Some(4), ..all() }).await, [2]);
    assert_eq!(ids(AuditQuery { operator: Some("eve".into()), ..all() }).await, [3, 4]);
    assert_eq!(ids(AuditQuery { device: Some("mx1".into()), ..all() }).await, [2, 4]);
    let actions = vec!["login".into(), "logout".into()];
    assert_eq!(ids(AuditQuery { actions, ..all() }).await, [1, 5]);
    assert_eq!(ids(AuditQuery { result: Some("refused".into()), ..all() }).await, [3]);
    assert_eq!(ids(AuditQuery { result: Some("ok".into()), ..all() }).await, [1, 2, 4, 5]);
    assert_eq!(ids(AuditQuery { text: Some("\"HELLO\"".into()), ..all() }).await, [2]);
    assert_eq!(ids(AuditQuery { text: Some("' OR 1=1 --".into()), ..all() }).await, [0u64; 0]);
    let between = "2026-01-01T00:00:00.4Z".parse().unwrap();
    let after = "2026-01-01T00:00:01Z".parse().unwrap();
    assert_eq!(ids(AuditQuery { since: Some(between), until: Some(after), ..all() }).await, [1]);
    assert_eq!(ids(AuditQuery { since: Some(after), ..all() }).await, [2, 3, 4, 5]);
}

#[tokio::test]
async fn pruning_by_number_keeps_a_chain_that_can_be_verified() {
    let folder = tempfile::tempdir().unwrap();
    let retention = AuditRetention { keep: 100, age: Duration::from_secs(86_400) };
    let limits = Limits { audit: retention, ..Limits::default() };
    let store = Store::open(folder.path(), &limits).unwrap();
    let mut noted = Head::START;
    for number in 0..60 {
        let batch = (0..10).map(|_| audit(entry("login", "ops").with("n", number)));
        store.write(batch.collect()).await.unwrap();
        if number == 58 {
            noted = store.audit_head();
        }
    }
    store.close().await;
    let store = Store::open(folder.path(), &limits).unwrap();
    let report = store.verify_audit(Some(noted)).await.unwrap();
    assert!(report.intact, "{report:?}");
    assert_eq!((report.pruned.unwrap().last + 1, report.noted), (report.first, Some(true)));
    assert!(report.entries <= 104, "{report:?}");
    let exported = store.export_audit(0, 10).await.unwrap();
    assert_eq!((exported[0].id, exported[0].previous), (report.first, report.pruned.unwrap().hash));
    let mut verifier = Verifier::of_part(exported[0].previous);
    exported.iter().for_each(|link| verifier.handle_link(&link.canonical, link.hash));
    assert!(verifier.handle_end().intact);
}

#[tokio::test]
async fn entries_past_their_age_are_pruned_and_the_newest_stays() {
    let folder = tempfile::tempdir().unwrap();
    let retention = AuditRetention { keep: 1_000, age: Duration::from_secs(86_400) };
    let limits = Limits { audit: retention, ..Limits::default() };
    let store = Store::open(folder.path(), &limits).unwrap();
    let long_ago: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let old = |_| audit(Entry { at: long_ago, ..entry("login", "ops") });
    store.write((0..5).map(old).collect()).await.unwrap();
    store.close().await;
    let store = Store::open(folder.path(), &limits).unwrap();
    let report = store.verify_audit(None).await.unwrap();
    assert!(report.intact, "{report:?}");
    let left = store.audit(AuditQuery::default()).await.unwrap();
    assert!(left.iter().all(|one| one.entry.action == Entry::PRUNED), "{left:?}");
    assert!(!left.is_empty());
}

#[tokio::test]
async fn notes_beyond_the_queue_are_counted_in_the_chain() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { waiting_audit: 4, ..Limits::default() };
    let store = Store::open(folder.path(), &limits).unwrap();
    for _ in 0..5_000 {
        store.note_audit(entry("login", "ops"));
    }
    store.flush().await.unwrap();
    store.flush().await.unwrap();
    let entries = store.audit(AuditQuery::default()).await.unwrap();
    let (kept, counts): (Vec<_>, Vec<_>) =
        entries.iter().partition(|one| one.entry.action != Entry::OVERFLOWED);
    let missing: usize =
        counts.iter().map(|one| one.entry.fields["count"].parse::<usize>().unwrap()).sum();
    assert_eq!(kept.len() + missing, 5_000);
    assert!(missing > 0);
    assert!(store.verify_audit(None).await.unwrap().intact);
}

#[tokio::test]
async fn while_the_disk_refuses_notes_wait_and_none_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { size: Some(256 << 10), ..Limits::default() };
    let store = Store::open(folder.path(), &limits).unwrap();
    let tags = [("note".to_owned(), "x".repeat(300))];
    let mut count = 0;
    let mut insert = || {
        count += 1;
        NewDevice { tags: tags.clone().into(), ..NewDevice::named(device(&format!("d{count}"))) }
    };
    while store.insert(insert()).await.is_ok() {}
    let long = || entry("login", "ops").saying("y".repeat(900));
    for _ in 0..20 {
        store.note_audit(long());
    }
    let error = store.write((0..60).map(|_| audit(long())).collect()).await.unwrap_err();
    assert_eq!(error.code(), "store-full");
    for number in 1..150 {
        // Refused only if it shares a transaction with notes that find no room yet.
        while store.forget(device(&format!("d{number}"))).await.is_err() {}
    }
    store.flush().await.unwrap();
    let entries = store.audit(AuditQuery::default()).await.unwrap();
    assert_eq!(entries.len(), 20, "the refused write is not among them");
    assert!(store.verify_audit(None).await.unwrap().intact);
}

/// A runtime with one thread for what blocks.
fn narrow() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().max_blocking_threads(1).build().unwrap()
}

#[test]
fn readers_that_wait_for_a_slow_search_hold_no_thread() {
    let folder = tempfile::tempdir().unwrap();
    narrow().block_on(async {
        let store = open(folder.path());
        let slow = store.shared.archive.lock().await;
        let searches: Vec<_> = (0..10)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move { store.audit(AuditQuery::default()).await })
            })
            .collect();
        tokio::task::yield_now().await;
        let other = tokio::task::spawn_blocking(|| 7);
        let other = tokio::time::timeout(Duration::from_secs(60), other).await;
        drop(slow);
        assert_eq!(other.unwrap().unwrap(), 7);
        for search in searches {
            assert_eq!(search.await.unwrap().unwrap(), []);
        }
    });
}

#[test]
fn a_verification_that_nobody_waits_for_keeps_its_turn_until_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    narrow().block_on(async {
        let store = open(folder.path());
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let busy = tokio::task::spawn_blocking(move || wait.recv());
        let verifying = {
            let store = store.clone();
            tokio::spawn(async move { store.verify_audit(None).await })
        };
        tokio::task::yield_now().await;
        verifying.abort();
        assert!(verifying.await.unwrap_err().is_cancelled());
        assert!(store.is_verifying());
        go.send(()).unwrap();
        busy.await.unwrap().unwrap();
        assert!(store.verify_audit(None).await.unwrap().intact);
        assert!(!store.is_verifying());
    });
}
