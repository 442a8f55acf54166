//! A full disk refuses writes and says why, reads go on, and it mends by itself; a read-only one is refused by name.
//!
//! The test starts itself in a mount namespace of its own with a file system of 4 MiB. Where the system allows no
//! such namespace it does nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use homing_gateway::store::{EventQuery, Limits, NewDevice, Store, WriteError};
use homing_proto::api::{Event, Timestamp};
use homing_proto::identity::DeviceName;

const DISK: &str = "HOMING_TEST_STORE_FULL_DISK";

#[test]
fn a_full_disk_refuses_writes_and_serves_reads_until_it_has_room() {
    if std::env::var_os(DISK).is_some() || !namespaces_are_allowed() {
        return;
    }
    let disk = tempfile::tempdir().unwrap();
    let script = r#"mount -t tmpfs -o size=4m,mode=700 none "$1" && exec "$2" --exact on_a_small_disk --nocapture"#;
    let status = Command::new("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c", script, "sh"])
        .arg(disk.path())
        .arg(std::env::current_exe().unwrap())
        .env(DISK, disk.path())
        .status()
        .unwrap();
    assert!(status.success());
}

fn namespaces_are_allowed() -> bool {
    let mut try_it = Command::new("unshare");
    try_it.args(["--mount", "--map-root-user", "mount", "-t", "tmpfs", "none", "/mnt"]);
    let allowed = try_it.output().is_ok_and(|output| output.status.success());
    if !allowed {
        eprintln!("skipped: no mount namespace here");
    }
    allowed
}

/// Not a test by itself: what the test above starts.
#[tokio::test]
async fn on_a_small_disk() {
    let Some(disk) = std::env::var_os(DISK) else { return };
    let disk = Path::new(&disk);
    let store = Store::open(&disk.join("data"), &Limits::default()).unwrap();
    store.insert(device(0)).await.unwrap();
    fill(disk);
    let (count, error) = insert_until_refused(&store).await;
    assert_eq!((error.code(), error.is_outage()), ("store-full", true), "{error}");
    reads_go_on(&store, count).await;
    let health = store.health();
    assert!(health.is_nearly_full && health.outage.is_some(), "{health:?}");

    // What nobody waits for waits for the disk.
    store.record(event());
    tokio::time::sleep(Duration::from_millis(100)).await;
    fs::remove_file(disk.join("ballast")).unwrap();
    store.insert(device(count)).await.unwrap();
    assert_eq!(store.events(EventQuery::default()).await.unwrap().len(), 1);
    assert_eq!(store.health().outage, None);

    store.close().await;
    drop(store);
    remount(disk, "ro");
    let error = Store::open(&disk.join("data"), &Limits::default()).unwrap_err();
    assert_eq!(error.code(), "data-folder-unusable", "{error}");
    remount(disk, "rw");
    let store = Store::open(&disk.join("data"), &Limits::default()).unwrap();
    assert_eq!(store.device_count(), count + 1);
}

fn fill(disk: &Path) {
    let mut size = 4 << 20;
    while size >= 4096 {
        let ballast = fs::OpenOptions::new().create(true).append(true).open(disk.join("ballast"));
        if std::io::Write::write_all(&mut ballast.unwrap(), &vec![0; size]).is_err() {
            size /= 2;
        }
    }
}

fn remount(disk: &Path, how: &str) {
    let options = format!("remount,{how}");
    let status = Command::new("mount").args(["-o", &options]).arg(disk).status().unwrap();
    assert!(status.success());
}

async fn insert_until_refused(store: &Store) -> (usize, WriteError) {
    for number in 1..100_000 {
        if let Err(error) = store.insert(device(number)).await {
            return (number, error);
        }
    }
    panic!("the disk is never full");
}

async fn reads_go_on(store: &Store, count: usize) {
    assert_eq!(store.device_count(), count);
    assert!(store.device(&DeviceName::new("d0").unwrap()).is_some());
    store.events(EventQuery::default()).await.unwrap();
}

fn device(number: usize) -> NewDevice {
    let label = ("note".to_owned(), "x".repeat(200));
    NewDevice {
        tags: [label].into(),
        ..NewDevice::named(DeviceName::new(format!("d{number}")).unwrap())
    }
}

fn event() -> Event {
    Event {
        id: 0,
        at: Timestamp::now(),
        code: "refused".into(),
        fault: None,
        device: None,
        device_id: None,
        listener: None,
        source: None,
        epoch: None,
        message: "refused".into(),
        advice: None,
        fields: BTreeMap::new(),
    }
}
