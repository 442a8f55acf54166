//! How many acknowledged writes a second the store takes, by the number of writers that wait at once.
//!
//! `cargo run --release -p homing-gateway --example store_rate [FOLDER]`

#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use homing_gateway::store::{Limits, NewDevice, Store};
use homing_proto::host_key::Secret;
use homing_proto::identity::DeviceName;

const TIME: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() {
    let parent = std::env::args().nth(1).map_or_else(std::env::temp_dir, Into::into);
    let folder = tempfile::tempdir_in(parent).unwrap();
    let store = Store::open(folder.path(), &Limits::default()).unwrap();
    println!("{:>8} {:>10} {:>14} {:>10}", "writers", "writes/s", "writes/commit", "mean wait");
    for writers in [1, 8, 64, 512] {
        measure(&store, writers).await;
    }
    let count = store.device_count();
    store.close().await;
    drop(store);
    let began = Instant::now();
    drop(Store::open(folder.path(), &Limits::default()).unwrap());
    println!("opened with {count} devices in {:.0?}", began.elapsed());
}

async fn measure(store: &Store, writers: u32) {
    let before = store.health().commits;
    let began = Instant::now();
    let tasks = (0..writers).map(|writer| tokio::spawn(write(store.clone(), writers, writer)));
    let mut writes = 0;
    for task in tasks.collect::<Vec<_>>() {
        writes += task.await.unwrap();
    }
    let took = began.elapsed();
    let commits = store.health().commits - before;
    let rate = f64::from(writes) / took.as_secs_f64();
    println!(
        "{writers:>8} {rate:>10.0} {:>14.1} {:>10.1?}",
        f64::from(writes) / commits as f64,
        took * writers / writes,
    );
}

async fn write(store: Store, writers: u32, writer: u32) -> u32 {
    let began = Instant::now();
    let mut count = 0;
    while began.elapsed() < TIME {
        let name = DeviceName::new(format!("w{writers}-{writer}-{count}")).unwrap();
        let secret = Some(Secret::new("5f3c5f3c5f3c5f3c5f3c5f3c5f3c5f3c"));
        store.insert(NewDevice { secret, ..NewDevice::named(name) }).await.unwrap();
        count += 1;
    }
    count
}
