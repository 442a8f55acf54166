//! Who gets as far as a login.

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use super::*;
use crate::config::{Flags, load};
use crate::gateway::Gateway;

#[tokio::test]
async fn failed_logins_close_the_door_to_nobody_who_shares_their_address() {
    let folder = tempfile::tempdir().unwrap();
    let settings = load(Flags::within(folder.path())).unwrap().settings;
    let mut gateway = Gateway::start(settings.clone()).await.unwrap();
    gateway.serve_front_door(FrontDoor::open(&settings).unwrap());
    let source = Some("127.0.0.1:1".parse().unwrap());
    (0..40).for_each(|_| gateway.access().note_failure(source, None));
    assert!(gateway.access().check(source, None).is_err());
    let door = gateway.front_door().unwrap().addresses[0].clone();
    let mut banner = [0; 8];
    TcpStream::connect(door).await.unwrap().read_exact(&mut banner).await.unwrap();
    assert_eq!(&banner, b"SSH-2.0-");
    gateway.stop().await;
}
