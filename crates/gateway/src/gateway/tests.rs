//! What a gateway does when a part of itself fails.

use super::*;
use crate::config::{Flags, load};

#[tokio::test]
async fn a_task_that_ends_unasked_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let settings = load(Flags::within(folder.path())).unwrap().settings;
    for at_the_door in [false, true] {
        let mut gateway = Gateway::start(settings.clone()).await.unwrap();
        gateway.serve_front_door(FrontDoor::open(&settings).unwrap());
        let fault = async { panic!("a fault of the program") };
        match (&mut gateway.front_door, at_the_door) {
            (Some(door), true) => door.spawn(fault),
            _ => drop(gateway.accepting.spawn(fault)),
        }
        tokio::time::timeout(Duration::from_secs(60), gateway.broken()).await.unwrap();
        gateway.stop().await;
    }
}
