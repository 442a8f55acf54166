//! How long the console and the API take to search a fleet: medians over HTTP, on the server's side of loopback.
//!
//! `cargo run --release -p homing-gateway --example list_rate [DEVICES] [FOLDER]`

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use homing_gateway::config::{Flags, load};
use homing_gateway::store::{Change, Limits, NewDevice, Store};
use homing_proto::api::{Event, Timestamp};
use homing_proto::host_key::Secret;
use homing_proto::identity::{DeviceId, DeviceName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

/// Requests of each kind.
const TIMES: usize = 41;
const SITES: [&str; 8] = ["fra", "lon", "ams", "par", "nyc", "sin", "syd", "gru"];

#[tokio::main]
async fn main() {
    let devices = std::env::args().nth(1).map_or(100_000, |count| count.parse().unwrap());
    let parent = std::env::args().nth(2).map_or_else(std::env::temp_dir, Into::into);
    let folder = tempfile::tempdir_in(parent).unwrap();
    let data = folder.path().join("data");
    fill(&data, devices).await;
    let flags = Flags {
        config: Some("/dev/null".into()),
        data: Some(data),
        listen: vec!["127.0.0.1:0".to_owned()],
        http: vec!["http://127.0.0.1:0".to_owned()],
        door: vec!["127.0.0.1:0".to_owned()],
        socket: Some(folder.path().join("s")),
    };
    let mut settings = load(flags).unwrap().settings;
    settings.http.rate = 1_000_000;
    let (tell, ready) = oneshot::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(homing_gateway::run(
        settings,
        |gateway| {
            let url = gateway.http().unwrap().addresses[0].clone();
            let local = homing_proto::access::Operator::local("root");
            let _ = tell.send((url, gateway.control().web_link(&local).unwrap().path));
        },
        async { drop(stopped.await) },
    ));
    let (url, path) = ready.await.unwrap();
    let address = url.trim_start_matches("http://").to_owned();
    let cookie = log_in(&address, &path).await;
    println!("{devices} devices, a quarter refused, the others away; median of {TIMES}\n");
    println!("{:<58} {:>9} {:>9} {:>9}", "request", "median", "slowest", "KiB");
    for path in [
        "/assets/none",
        "/",
        "/devices",
        "/devices?q=state:refused",
        "/devices?q=site:fra+seen:%3E1h",
        "/devices?q=d09999",
        "/devices?q=nothing-fits",
        "/devices?sort=-since",
        "/devices?q=site:lon&sort=state",
        "/events",
        "/api/v1/status",
        "/api/v1/devices?limit=100",
        "/api/v1/devices?limit=100&q=site:fra",
        "/metrics",
    ] {
        measure(&address, &cookie, path).await;
    }
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
}

/// Devices with labels and a secret each, and what became of each one last.
async fn fill(data: &std::path::Path, devices: usize) {
    let store = Store::open(data, &Limits::default()).unwrap();
    let names: Vec<DeviceName> =
        (0..devices).map(|number| DeviceName::new(format!("d{number:06}")).unwrap()).collect();
    for (chunk, names) in names.chunks(2000).enumerate() {
        let mut changes = Vec::new();
        for (number, name) in names.iter().enumerate() {
            let number = chunk * 2000 + number;
            let mut device = NewDevice::named(name.clone());
            device.device_id = DeviceId::new(name.as_str()).ok();
            device.secret = Some(Secret::new("5f3c5f3c5f3c5f3c5f3c5f3c5f3c5f3c"));
            device.tags = BTreeMap::from([
                ("site".to_owned(), SITES[number % SITES.len()].to_owned()),
                (
                    "role".to_owned(),
                    if number.is_multiple_of(10) { "core" } else { "edge" }.to_owned(),
                ),
            ]);
            changes.push(Change::Insert(Box::new(device)));
            changes.push(Change::Record(Box::new(event(name, number))));
        }
        store.write(changes).await.unwrap();
    }
    store.close().await;
}

fn event(name: &DeviceName, number: usize) -> Event {
    let ago = Duration::from_secs((number as u64 * 7919) % 86_400);
    let is_refused = number.is_multiple_of(4);
    Event {
        id: 0,
        at: Timestamp::now() - ago,
        code: if is_refused { "wrong-hmac" } else { "session-closed" }.to_owned(),
        fault: is_refused.then_some(homing_proto::fault::Fault::Operator),
        device: Some(name.clone()),
        device_id: None,
        listener: Some("4334".to_owned()),
        source: Some(format!("198.51.{}.{}:40000", number / 250 % 250, number % 250)),
        epoch: None,
        message: "the network: no answer to keep-alives for 45 s".to_owned(),
        advice: None,
        fields: BTreeMap::new(),
    }
}

async fn log_in(address: &str, path: &str) -> String {
    let secret = path.split_once("link=").unwrap().1;
    let body = format!("link={secret}");
    let head = format!(
        "POST /login HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{body}",
        body.len()
    );
    let answer = ask(address, &head).await;
    let cookie = answer.split("set-cookie: ").nth(1).unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

async fn ask(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

async fn measure(address: &str, cookie: &str, path: &str) {
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\nconnection: close\r\n\r\n"
    );
    let mut took = Vec::new();
    let mut size = 0;
    for _ in 0..TIMES {
        let began = Instant::now();
        let answer = ask(address, &request).await;
        took.push(began.elapsed());
        assert!(!answer.starts_with("HTTP/1.1 5"), "{answer}");
        size = answer.len();
    }
    took.sort_unstable();
    let (median, slowest) = (took[TIMES / 2], took[TIMES - 1]);
    println!("{path:<58} {median:>9.1?} {slowest:>9.1?} {:>9.1}", size as f64 / 1024.0);
}
