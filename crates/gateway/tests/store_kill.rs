//! `kill -9` at any moment loses nothing that was acknowledged, and leaves no half of a write.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod killed;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use homing_gateway::store::{
    AccountChange, Change, DeviceUpdate, EventQuery, Limits, NewDevice, Store, TokenRecord,
};
use homing_proto::access::{Grant, OneTimePassword, Role, Token, UserName};
use homing_proto::api::{Event, Timestamp};
use homing_proto::host_key::Secret;
use homing_proto::identity::DeviceName;

const KILLS: u32 = 200;
/// A folder serves so many kills, then a fresh one is taken.
const KILLS_PER_FOLDER: u32 = 20;
const WRITERS: u32 = 8;

#[test]
fn kill_9_two_hundred_times_loses_nothing_acknowledged() {
    if killed::errand().is_some() {
        return;
    }
    let mut acknowledged = 0;
    let mut users = 0;
    for folder in 0..KILLS / KILLS_PER_FOLDER {
        let data = tempfile::tempdir().unwrap();
        let mut secrets = Acknowledged::default();
        for kill in 0..KILLS_PER_FOLDER {
            let round = folder * KILLS_PER_FOLDER + kill;
            run_and_kill(data.path(), round, &mut secrets);
            // Now and then a crash is followed by the next without a look in between.
            if kill % 3 != 0 {
                verify(data.path(), &secrets);
            }
        }
        verify(data.path(), &secrets);
        acknowledged += secrets.devices.len();
        users += secrets.users.len();
    }
    println!("{KILLS} kills, {acknowledged} devices and {users} users acknowledged, none lost");
    assert!(acknowledged > KILLS as usize, "too few writes to mean anything: {acknowledged}");
    assert!(users > KILLS as usize / 4, "too few users to mean anything: {users}");
}

/// What was acknowledged: the secret of each device, and how far each user came.
#[derive(Default)]
struct Acknowledged {
    devices: BTreeMap<String, String>,
    users: BTreeMap<String, String>,
}

/// Runs a child until it is killed, and notes what it acknowledged.
fn run_and_kill(folder: &Path, round: u32, acknowledged: &mut Acknowledged) {
    killed::run_and_kill(folder, round, |what| {
        let (name, state) = what.split_once(' ').unwrap();
        let of = match name.strip_prefix("user-") {
            Some(_) => &mut acknowledged.users,
            None => &mut acknowledged.devices,
        };
        of.insert(name.to_owned(), state.to_owned());
    });
}

fn verify(folder: &Path, acknowledged: &Acknowledged) {
    let store = Store::open(folder, &Limits::default()).unwrap();
    for (name, state) in &acknowledged.users {
        verify_user(&store, name, state);
    }
    for (name, secret) in &acknowledged.devices {
        let device = store.device(&DeviceName::new(name.as_str()).unwrap());
        let device = device.unwrap_or_else(|| panic!("{name} was acknowledged and is lost"));
        let stored = device.secret.as_ref().unwrap().expose();
        // The kill may have hit between a later commit and its acknowledgement.
        let (stored, acknowledged) = (generation(stored), generation(secret.as_bytes()));
        assert!(stored == acknowledged || stored == acknowledged + 1, "{name}");
    }
    let events = events(&store);
    for device in store.devices() {
        let generation = generation(device.secret.as_ref().unwrap().expose());
        assert_eq!(events.get(device.name.as_str()), Some(&(generation + 1)), "{}", device.name);
    }
    assert_eq!(events.len(), store.device_count(), "an event without its device");
}

/// A user comes with its grant and password or not at all; a password that let somebody in never does again.
fn verify_user(store: &Store, name: &str, state: &str) {
    let user = store.user(&UserName::new(name).unwrap());
    let user = user.unwrap_or_else(|| panic!("{name} was acknowledged and is lost"));
    assert_eq!(user.grants.len(), 1, "{name}");
    let tokens = store.tokens();
    let has_token = tokens.iter().any(|token| token.user.as_ref() == Some(&user.name));
    match state {
        // The kill may have hit between a later commit and its acknowledgement.
        "added" => assert!(user.password.is_some() || has_token, "{name}"),
        "taken" => assert!(user.password.is_none() && has_token, "{name}"),
        other => panic!("{other}"),
    }
}

fn generation(secret: &[u8]) -> usize {
    std::str::from_utf8(secret).unwrap().parse().unwrap()
}

/// How many events each device has.
fn events(store: &Store) -> BTreeMap<String, usize> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut count = BTreeMap::new();
    let mut after = 0;
    loop {
        let query = EventQuery { after: Some(after), ..EventQuery::default() };
        let page = runtime.block_on(store.events(query)).unwrap();
        let Some(last) = page.last() else { return count };
        after = last.id;
        for event in page {
            *count.entry(event.device.unwrap().to_string()).or_default() += 1;
        }
    }
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
        let users = tokio::spawn(write_users(store.clone(), format!("user-{round}")));
        for writer in writers.chain([users]).collect::<Vec<_>>() {
            writer.await.unwrap();
        }
    });
}

/// Enrols devices, each with an event, and gives some of them a new secret, with another event.
async fn write(store: Store, prefix: String) {
    for number in 0.. {
        let name = DeviceName::new(format!("{prefix}-{number}")).unwrap();
        let device = NewDevice { secret: Some(Secret::new("0")), ..NewDevice::named(name.clone()) };
        let insert = Change::Insert(Box::new(device));
        store.write(vec![insert, record(&name)]).await.unwrap();
        acknowledge(&name, 0);
        if number % 2 == 0 {
            let secret = Some(Some(Secret::new("1")));
            let update = Box::new(DeviceUpdate { secret, ..DeviceUpdate::default() });
            store.write(vec![record(&name), Change::Update(name.clone(), update)]).await.unwrap();
            acknowledge(&name, 1);
        }
    }
}

/// Adds users, each with a grant and a one-time password, and then takes the password for a token.
async fn write_users(store: Store, prefix: String) {
    for number in 0u32.. {
        let user = UserName::new(format!("{prefix}-{number}")).unwrap();
        let digest = OneTimePassword::digest("secret", &user);
        let end = Timestamp::now() + Duration::from_secs(900);
        let added = [
            AccountChange::AddUser(user.clone()),
            AccountChange::Grant {
                user: user.clone(),
                grant: Grant::of(Role::Viewer),
                by: "root".into(),
            },
            AccountChange::SetPassword(user.clone(), digest, end),
        ];
        store.write(added.map(Change::Account).into()).await.unwrap();
        acknowledge(&user, "added");
        // The id is made of the first five bytes.
        let mut random = [0; Token::RANDOM];
        let unique = std::process::id().wrapping_shl(12) | number & 0xfff;
        random[..4].copy_from_slice(&unique.to_be_bytes());
        let token = Token::compose(&random);
        let record = TokenRecord {
            id: token.id(),
            user: Some(user.clone()),
            label: String::new(),
            scope: Grant::of(Role::Viewer),
            digest: token.digest(),
            created_by: "root".into(),
            created_at: Timestamp::now(),
            last_used: None,
        };
        let taken = [
            AccountChange::TakePassword(user.clone(), digest),
            AccountChange::AddToken(Box::new(record)),
        ];
        store.write(taken.map(Change::Account).into()).await.unwrap();
        acknowledge(&user, "taken");
    }
}

fn acknowledge(name: impl std::fmt::Display, generation: impl std::fmt::Display) {
    killed::acknowledge(format_args!("{name} {generation}"));
}

fn record(name: &DeviceName) -> Change {
    Change::Record(Box::new(Event {
        id: 0,
        at: Timestamp::now(),
        code: "enrolled".into(),
        fault: None,
        device: Some(name.clone()),
        device_id: None,
        listener: None,
        source: None,
        epoch: None,
        message: "enrolled".into(),
        advice: None,
        fields: BTreeMap::new(),
    }))
}
