//! The store as a whole: what is written is there, also after it is opened anew.

use std::path::Path;
use std::time::Duration;

use homing_proto::api::{Event, KeySource, KeyState, Timestamp};
use homing_proto::filter::RowFilter;
use homing_proto::host_key::{HostKey, Secret};
use homing_proto::identity::{DeviceId, DeviceName, ListenerName};

use super::*;

fn open(folder: &Path) -> Store {
    Store::open(folder, &Limits::default()).unwrap()
}

fn name(text: &str) -> DeviceName {
    DeviceName::new(text).unwrap()
}

/// A well-formed ssh-ed25519 key that only `number` tells from others.
fn key(number: u32) -> HostKey {
    let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
    blob.extend_from_slice(&[9; 28]);
    blob.extend_from_slice(&number.to_be_bytes());
    HostKey::from_blob(&blob).unwrap()
}

fn event(code: &str, device: Option<&str>) -> Event {
    Event {
        id: 0,
        at: Timestamp::now(),
        code: code.into(),
        fault: None,
        device: device.map(name),
        device_id: None,
        listener: None,
        source: None,
        epoch: None,
        message: "something happened".into(),
        advice: None,
        fields: [("n".to_owned(), "1".to_owned())].into(),
    }
}

fn stranger(number: u32, source: &str) -> PendingRecord {
    PendingRecord {
        key: key(number),
        device_id: None,
        device: None,
        listener: ListenerName::new("4334").unwrap(),
        source: source.into(),
        reason: "unknown-device".into(),
        first_seen: Timestamp::now(),
        last_seen: Timestamp::now(),
        attempts: 1,
    }
}

fn mx1() -> NewDevice {
    NewDevice {
        device_id: Some(DeviceId::new("site7.mx1").unwrap()),
        user: Some("homing".into()),
        addresses: vec!["gw.example.net:4334".into()],
        tags: [("site".to_owned(), "fra".to_owned())].into(),
        listener: Some(ListenerName::new("4334").unwrap()),
        secret: Some(Secret::new("s3cret")),
        password: Some(Secret::new("pässword")),
        keys: vec![(key(1), KeySource::Enrolled), (key(2), KeySource::Import)],
        ..NewDevice::named(name("mx1"))
    }
}

#[tokio::test]
async fn a_device_is_the_same_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.insert(mx1()).await.unwrap();
    let before = store.device(&name("mx1")).unwrap();
    let id = store.gateway_id().to_owned();
    drop(store);
    let store = open(folder.path());
    let after = store.by_device_id(&DeviceId::new("site7.mx1").unwrap()).pop().unwrap();
    assert_eq!(after.secret, Some(Secret::new("s3cret")));
    assert_eq!(after.password, Some(Secret::new("pässword")));
    assert_eq!(format!("{before:?}"), format!("{after:?}"));
    assert_eq!(store.gateway_id(), id);
}

#[tokio::test]
async fn no_secret_and_no_password_stands_in_any_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.insert(mx1()).await.unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for secret in ["s3cret".as_bytes(), "pässword".as_bytes()] {
            let found = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!found, "{}", path.display());
        }
        use std::os::unix::fs::MetadataExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600, "{}", path.display());
    }
}

#[tokio::test]
async fn names_and_device_ids_are_taken_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.insert(mx1()).await.unwrap();
    assert_eq!(store.insert(mx1()).await, Err(WriteError::NameTaken(name("mx1"))));
    let twin = NewDevice { name: name("mx2"), ..mx1() };
    let taken = WriteError::DeviceIdTaken {
        device_id: DeviceId::new("site7.mx1").unwrap(),
        name: name("mx1"),
    };
    assert_eq!(store.insert(twin).await, Err(taken));
    assert_eq!(store.device_count(), 1);
}

#[tokio::test]
async fn a_device_id_is_taken_once_for_each_listener() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let device_id = DeviceId::new("site7.mx1").unwrap();
    let on = |device: &str, listener: Option<&str>| NewDevice {
        device_id: Some(device_id.clone()),
        listener: listener.map(|name| ListenerName::new(name).unwrap()),
        ..NewDevice::named(name(device))
    };
    for device in [on("any", None), on("west", Some("west")), on("east", Some("east"))] {
        store.insert(device).await.unwrap();
    }
    let taken = |holder| {
        Err(WriteError::DeviceIdTaken { device_id: device_id.clone(), name: name(holder) })
    };
    assert_eq!(store.insert(on("east2", Some("east"))).await, taken("east"));
    let listener = Some(Some(ListenerName::new("east").unwrap()));
    let moved = DeviceUpdate { listener, ..DeviceUpdate::default() };
    assert_eq!(store.update(name("west"), moved).await, taken("east"));
    let freed = DeviceUpdate { listener: Some(None), ..DeviceUpdate::default() };
    assert_eq!(store.update(name("west"), freed).await, taken("any"));
    store.forget(name("any")).await.unwrap();
    let left: Vec<_> = store.by_device_id(&device_id).iter().map(|d| d.name.clone()).collect();
    assert_eq!(left, [name("east"), name("west")]);
    store.close().await;
    assert_eq!(open(folder.path()).by_device_id(&device_id).len(), 2);
}

#[tokio::test]
async fn of_a_write_that_fails_nothing_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let changes = vec![
        Change::Insert(Box::new(mx1())),
        Change::Record(Box::new(event("enrolled", Some("mx1")))),
        Change::Forget(name("mx9")),
    ];
    assert_eq!(store.write(changes).await, Err(WriteError::UnknownDevice(name("mx9"))));
    assert!(store.device(&name("mx1")).is_none());
    assert_eq!(store.events(EventQuery::default()).await.unwrap(), []);
}

#[tokio::test]
async fn a_replaced_key_leaves_force_but_not_the_history() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.insert(mx1()).await.unwrap();
    let old = key(1).fingerprint();
    store.pin_key(name("mx1"), key(3), KeySource::Hmac, vec![old]).await.unwrap();
    assert!(store.by_host_key(&key(1)).is_empty());
    assert_eq!(store.by_host_key(&key(3)).len(), 1);
    let device = store.device(&name("mx1")).unwrap();
    let state = |number| {
        let fingerprint = key(number).fingerprint();
        device.keys.iter().find(|key| key.fingerprint == fingerprint).map(|key| key.state)
    };
    assert_eq!(state(1), Some(KeyState::Replaced));
    assert_eq!(state(2), Some(KeyState::Pinned));
    assert_eq!(state(3), Some(KeyState::Pinned));
}

#[tokio::test]
async fn a_forgotten_device_leaves_its_events_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.insert(mx1()).await.unwrap();
    store.note_pending(PendingRecord { device: Some(name("mx1")), ..stranger(7, "192.0.2.1:1") });
    store.record(event("connected", Some("mx1")));
    store.forget(name("mx1")).await.unwrap();
    assert!(store.devices().is_empty() && store.pending().is_empty());
    assert!(store.by_host_key(&key(1)).is_empty());
    assert_eq!(store.events(EventQuery::default()).await.unwrap().len(), 1);
    drop(store);
    assert!(open(folder.path()).devices().is_empty());
}

#[tokio::test]
async fn an_update_changes_only_what_it_names() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.insert(mx1()).await.unwrap();
    let update = DeviceUpdate { blocked: Some(true), user: Some(None), ..DeviceUpdate::default() };
    store.update(name("mx1"), update).await.unwrap();
    let device = store.device(&name("mx1")).unwrap();
    assert!(device.blocked && device.user.is_none());
    assert_eq!(device.addresses, ["gw.example.net:4334"]);
    let update = DeviceUpdate { secret: Some(None), ..DeviceUpdate::default() };
    store.update(name("mx1"), update).await.unwrap();
    let device = store.device(&name("mx1")).unwrap();
    assert!(device.secret.is_none() && device.secret_issued_at.is_none());
    assert!(device.password.is_some());
}

#[tokio::test]
async fn events_are_found_by_device_code_and_place_oldest_first() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mut follower = store.subscribe();
    for number in 0..10 {
        store.record(event(["even", "odd"][number % 2], Some("mx1")));
    }
    store.record(event("even", None));
    store.flush().await.unwrap();
    let all = store.events(EventQuery::default()).await.unwrap();
    assert_eq!(all.len(), 11);
    assert!(all.is_sorted_by_key(|event| event.id));
    assert_eq!(follower.recv().await.unwrap(), all[0]);
    let query = EventQuery {
        device: Some("mx1".into()),
        codes: vec!["even".into()],
        limit: Some(2),
        ..EventQuery::default()
    };
    let ids = |events: Vec<Event>| events.into_iter().map(|event| event.id).collect::<Vec<_>>();
    let newest = ids(store.events(query.clone()).await.unwrap());
    assert_eq!(newest, [all[6].id, all[8].id]);
    let next = EventQuery { after: Some(all[0].id), ..query };
    assert_eq!(ids(store.events(next).await.unwrap()), [all[2].id, all[4].id]);
    // What does not fit a filter does not count.
    let filter = RowFilter::parse("-code:odd device:mx1", &["code", "device"]).unwrap();
    let fitting = EventQuery { filter, limit: Some(2), ..EventQuery::default() };
    assert_eq!(ids(store.events(fitting.clone()).await.unwrap()), [all[6].id, all[8].id]);
    let older = EventQuery { before: Some(all[6].id), ..fitting };
    assert_eq!(ids(store.events(older).await.unwrap()), [all[2].id, all[4].id]);
}

#[tokio::test]
async fn pending_keys_are_counted_and_taken_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.note_pending(stranger(1, "192.0.2.1:1"));
    store.flush().await.unwrap();
    store.note_pending(stranger(1, "192.0.2.1:2"));
    store.note_pending(stranger(1, "192.0.2.1:3"));
    store.flush().await.unwrap();
    let pending = store.pending();
    assert_eq!(pending.len(), 1);
    assert_eq!((pending[0].attempts, pending[0].source.as_str()), (3, "192.0.2.1:3"));
    let take = || vec![Change::TakePending(pending[0].id())];
    store.write(take()).await.unwrap();
    let gone = WriteError::NothingPending(pending[0].key.fingerprint());
    assert_eq!(store.write(take()).await, Err(gone));
    assert!(store.pending().is_empty());
}

#[tokio::test]
async fn a_key_in_force_waits_for_no_decision() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let keys = vec![(key(1), KeySource::Operator)];
    let device_id = DeviceId::new("sw1").unwrap();
    let device = NewDevice {
        device_id: Some(device_id.clone()),
        listener: Some(ListenerName::new("west").unwrap()),
        keys,
        ..NewDevice::named(name("sw1"))
    };
    store.insert(device).await.unwrap();
    let on = |listener: &str, id: Option<&DeviceId>| PendingRecord {
        device_id: id.cloned(),
        listener: ListenerName::new(listener).unwrap(),
        ..stranger(1, "192.0.2.1:1")
    };
    // Noted while it was still unknown, written after it was accepted.
    store.note_pending(on("west", Some(&device_id)));
    store.note_pending(PendingRecord { device: Some(name("sw1")), ..stranger(1, "192.0.2.1:1") });
    store.flush().await.unwrap();
    assert_eq!(store.pending(), []);
    // The same box elsewhere, or by another name, is not what was accepted.
    store.note_pending(on("east", Some(&device_id)));
    store.note_pending(on("west", None));
    store.flush().await.unwrap();
    assert_eq!(store.pending().len(), 2);
}

#[tokio::test]
async fn a_change_made_out_of_an_old_record_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.insert(mx1()).await.unwrap();
    let expected = Some(store.device(&name("mx1")).unwrap().updated_at);
    let block =
        |blocked| DeviceUpdate { expected, blocked: Some(blocked), ..DeviceUpdate::default() };
    store.update(name("mx1"), block(true)).await.unwrap();
    let refused = store.update(name("mx1"), block(false)).await;
    assert_eq!(refused, Err(WriteError::ChangedMeanwhile(name("mx1"))));
    assert!(store.device(&name("mx1")).unwrap().blocked);
}

#[tokio::test]
async fn an_old_secret_ends_only_if_the_present_one_was_proven() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.insert(NewDevice { secret: Some(Secret::new("one")), ..mx1() }).await.unwrap();
    let issued = || store.device(&name("mx1")).unwrap().secret_issued_at.unwrap();
    let first = issued();
    let rotate = |old: &str, new: &str| DeviceUpdate {
        secret: Some(Some(Secret::new(new))),
        old_secret: Some(Some((Secret::new(old), Timestamp::now() + Duration::from_secs(60)))),
        ..DeviceUpdate::default()
    };
    store.update(name("mx1"), rotate("one", "two")).await.unwrap();
    let end = |issued| store.write(vec![Change::EndOldSecret(name("mx1"), issued)]);
    // It came with the first one while the second was made.
    assert_eq!(end(first).await, Err(WriteError::ChangedMeanwhile(name("mx1"))));
    assert!(store.device(&name("mx1")).unwrap().old_secret.is_some());
    end(issued()).await.unwrap();
    let record = store.device(&name("mx1")).unwrap();
    assert!(record.old_secret.is_none() && record.secret.is_some());
}

#[tokio::test]
async fn a_flood_of_strangers_pushes_out_itself_first() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { pending: 100, ..Limits::default() };
    let store = Store::open(folder.path(), &limits).unwrap();
    for number in 0..10 {
        store.note_pending(stranger(number, &format!("198.51.100.{number}:1")));
    }
    for number in 100..400 {
        store.note_pending(stranger(number, "192.0.2.1:1"));
    }
    store.flush().await.unwrap();
    let pending = store.pending();
    assert!(pending.len() <= 100, "{}", pending.len());
    let honest = pending.iter().filter(|record| record.source.starts_with("198.51.100."));
    assert_eq!(honest.count(), 10);
    drop(store);
    assert_eq!(open(folder.path()).pending().len(), pending.len());
}

#[tokio::test]
async fn a_rejected_key_stays_rejected_until_it_is_pinned() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let at = Timestamp::from_second(1_000_000_000).unwrap();
    let rejected =
        RejectedKey { key: key(1), device_id: None, operator: Some("jane".to_owned()), at };
    store.write(vec![Change::RejectKey(Box::new(rejected.clone()))]).await.unwrap();
    drop(store);
    let store = open(folder.path());
    assert_eq!(*store.rejected(&key(1).fingerprint()).unwrap(), rejected);
    store.insert(mx1()).await.unwrap();
    assert!(!store.is_rejected(&key(1).fingerprint()));
}

#[tokio::test]
async fn an_address_stays_blocked_until_it_is_unblocked() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let source: std::net::IpAddr = "2001:db8::7".parse().unwrap();
    let at = Timestamp::from_second(1_000_000_000).unwrap();
    let blocked = BlockedSource { source, device_id: None, operator: "jane".to_owned(), at };
    store.write(vec![Change::BlockSource(Box::new(blocked.clone()))]).await.unwrap();
    drop(store);
    let store = open(folder.path());
    assert_eq!(store.blocked_sources(), [std::sync::Arc::new(blocked)]);
    assert!(store.is_blocked(&source) && !store.is_blocked(&"2001:db8::8".parse().unwrap()));
    store.write(vec![Change::UnblockSource(source)]).await.unwrap();
    assert!(!store.is_blocked(&source));
    drop(store);
    assert_eq!(open(folder.path()).blocked_sources(), []);
}

#[tokio::test]
async fn a_sighting_is_written_and_never_goes_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.insert(mx1()).await.unwrap();
    let late = Timestamp::from_second(2_000_000_000).unwrap();
    let early = Timestamp::from_second(1_000_000_000).unwrap();
    store.note_seen(name("mx1"), key(1).fingerprint(), late);
    store.flush().await.unwrap();
    store.note_seen(name("mx1"), key(1).fingerprint(), early);
    store.flush().await.unwrap();
    assert_eq!(store.device(&name("mx1")).unwrap().last_seen(), Some(late));
    drop(store);
    assert_eq!(open(folder.path()).device(&name("mx1")).unwrap().last_seen(), Some(late));
}

#[tokio::test]
async fn events_beyond_the_queue_are_counted_and_the_count_is_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { waiting_events: 10, ..Limits::default() };
    let store = Store::open(folder.path(), &limits).unwrap();
    for _ in 0..1000 {
        store.record(event("noise", None));
    }
    store.flush().await.unwrap();
    store.flush().await.unwrap();
    let events = store.events(EventQuery::default()).await.unwrap();
    let noise = events.iter().filter(|event| event.code == "noise").count();
    let lost = events.iter().filter(|event| event.code == "events-dropped");
    let lost: usize = lost.map(|event| event.fields["count"].parse::<usize>().unwrap()).sum();
    assert!(lost > 0);
    assert_eq!(noise + lost, 1000);
}

#[tokio::test]
async fn strangers_cannot_push_out_the_events_of_devices() {
    let folder = tempfile::tempdir().unwrap();
    let keep = Retention { devices: 50, others: 20, age: Duration::from_secs(3600) };
    let store = Store::open(folder.path(), &Limits { events: keep, ..Limits::default() }).unwrap();
    for _ in 0..40 {
        store.record(event("connected", Some("mx1")));
    }
    for _ in 0..3_000 {
        store.record(event("refused", None));
    }
    store.flush().await.unwrap();
    store.close().await;
    drop(store);
    let store = open(folder.path());
    let events = store.events(EventQuery::default()).await.unwrap();
    let count = |code| events.iter().filter(|event| event.code == code).count();
    assert_eq!((count("connected"), count("refused")), (40, 20));
}

#[tokio::test]
async fn a_closed_store_refuses_writes() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.close().await;
    assert_eq!(store.insert(mx1()).await, Err(WriteError::Closed));
}
