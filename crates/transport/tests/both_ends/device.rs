//! A device to talk to: users and services of a test, and the two ends joined.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use homing_proto::host_key::{HostKey, Secret};
use homing_transport::Closed;
use homing_transport::device_link::*;
use homing_transport::device_server::{
    Authority, Exit, Request, RequestKind, ServerChannel, ServerSettings, Service, Services, serve,
    service,
};
use homing_transport::keys::{KeyKind, PrivateKey};
use homing_transport::spool::Budget;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

pub(crate) const MIB: usize = 1024 * 1024;

/// One key per kind for all tests: RSA takes seconds to make.
pub(crate) fn key(kind: KeyKind) -> PrivateKey {
    static KEYS: OnceLock<Vec<(KeyKind, PrivateKey)>> = OnceLock::new();
    let make = || KeyKind::ALL.map(|kind| (kind, PrivateKey::generate(kind).unwrap())).to_vec();
    let keys = KEYS.get_or_init(make);
    keys.iter().find(|(of, _)| *of == kind).unwrap().1.clone()
}

pub(crate) fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

pub(crate) struct Users {
    pub(crate) key: HostKey,
    pub(crate) password: &'static str,
}

impl Authority for Users {
    type User = String;

    async fn check_key(&self, user: &str, key: &HostKey) -> Option<String> {
        (user == "netops" && *key == self.key).then(|| user.to_owned())
    }

    async fn check_password(&self, user: &str, password: &Secret) -> Option<String> {
        (user == "netops" && password.expose() == self.password.as_bytes()).then(|| user.to_owned())
    }
}

pub(crate) struct Programs;

impl Services for Programs {
    type User = String;

    fn open(&self, user: &String, request: Request) -> Option<Service> {
        assert_eq!(user, "netops");
        match request.kind.clone() {
            RequestKind::Subsystem(name) if name == "netconf" => Some(service(echo)),
            RequestKind::Subsystem(_) => None,
            RequestKind::Shell => Some(service(move |channel| shell(channel, request))),
            RequestKind::Exec(line) => {
                let line = String::from_utf8(line).unwrap();
                Some(service(move |channel| exec(channel, line)))
            }
        }
    }
}

async fn echo(channel: ServerChannel) -> Exit {
    let (mut input, mut output) = tokio::io::split(channel.into_stream());
    let _ = tokio::io::copy(&mut input, &mut output).await;
    Exit::None
}

async fn shell(mut channel: ServerChannel, request: Request) -> Exit {
    let text = format!("{:?} {:?}\n", request.terminal, request.environment);
    channel.output.write_all(text.as_bytes()).await.unwrap();
    while let Some(news) = channel.controls.recv().await {
        channel.output.write_all(format!("{news:?}\n").as_bytes()).await.unwrap();
    }
    Exit::None
}

async fn exec(mut channel: ServerChannel, line: String) -> Exit {
    let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
    match word {
        "exit" => {
            channel.output.write_all(b"out").await.unwrap();
            channel.errors.write_all(b"err").await.unwrap();
            Exit::Status(rest.parse().unwrap())
        }
        "killed" => Exit::Signal("TERM".into()),
        "flood" => {
            let piece: Vec<u8> = (0..MIB).map(|i| (i % 251) as u8).collect();
            for _ in 0..rest.parse().unwrap() {
                channel.output.write_all(&piece).await.unwrap();
            }
            Exit::Status(0)
        }
        "count" => {
            let mut all = 0;
            let mut piece = vec![0; 64 * 1024];
            loop {
                match channel.input.read(&mut piece).await.unwrap() {
                    0 => break,
                    n => all += n,
                }
            }
            channel.output.write_all(all.to_string().as_bytes()).await.unwrap();
            Exit::Status(0)
        }
        "beat" => loop {
            channel.output.write_all(b".").await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        },
        "never-read" => std::future::pending().await,
        other => panic!("no program {other}"),
    }
}

pub(crate) fn settings(kind: KeyKind) -> ServerSettings {
    ServerSettings::new(vec![key(kind)], Budget::default())
}

/// The device's end, running.
pub(crate) struct Device {
    pub(crate) ended: JoinHandle<Closed>,
    pub(crate) shutdown: Option<oneshot::Sender<String>>,
}

/// Runs a device on one end of a stream; the other is for the gateway.
pub(crate) fn device(settings: ServerSettings) -> (DuplexStream, Device) {
    let (near, far) = tokio::io::duplex(256 * 1024);
    (near, device_on(far, settings))
}

pub(crate) fn device_on(stream: DuplexStream, settings: ServerSettings) -> Device {
    let users = Users { key: key(KeyKind::Ed25519).host_key().clone(), password: "s3cret" };
    let (shutdown, told) = oneshot::channel();
    let ended =
        tokio::spawn(serve(stream, settings, Arc::new(users), Arc::new(Programs), async move {
            match told.await {
                Ok(reason) => reason,
                Err(_) => std::future::pending().await,
            }
        }));
    Device { ended, shutdown: Some(shutdown) }
}

pub(crate) async fn reach(stream: DuplexStream) -> Unauthenticated {
    let any = HostKeyAlgorithms::Any;
    connect(stream, &LinkSettings::default(), &any, soon(), async |_| true).await.unwrap()
}

/// Logged in with the key, on a device with default settings.
pub(crate) async fn linked() -> (DeviceLink, Device) {
    linked_to(settings(KeyKind::Ed25519)).await
}

pub(crate) async fn linked_to(settings: ServerSettings) -> (DeviceLink, Device) {
    let (stream, device) = device(settings);
    let credential = Credential::Key(key(KeyKind::Ed25519));
    let link = reach(stream).await.log_in("netops", &[credential], soon()).await.unwrap();
    (link, device)
}

pub(crate) async fn exec_on(link: &DeviceLink, line: &str) -> DeviceChannel {
    link.open(Kind::Exec(line.into()), soon()).await.unwrap()
}

/// A shell on a terminal.
pub(crate) async fn shell_on(
    link: &DeviceLink,
    terminal: PtyRequest,
) -> (ChannelReader, ChannelRequests) {
    let channel = link.open_bare(Opening::Session, soon()).await.unwrap();
    let requests = channel.requests();
    let (mut reader, _writer) = channel.split();
    requests.terminal(&terminal).await.unwrap();
    requests.start(&Start::Shell).await.unwrap();
    for _ in 0..2 {
        assert_eq!(reader.next().await, Some(Event::Answer(true)));
    }
    (reader, requests)
}

/// What the gateway sends to a device, held back at will.
pub(crate) struct Wire(watch::Sender<bool>);

impl Wire {
    pub(crate) fn hold(&self) {
        self.0.send_replace(true);
    }
}

/// As [`linked`], with a wire between the two.
pub(crate) async fn linked_by_a_wire() -> (DeviceLink, Device, Wire) {
    let (near, device) = device(settings(KeyKind::Ed25519));
    let (gateway, far) = tokio::io::duplex(256 * 1024);
    let (mut from_device, mut to_device) = tokio::io::split(near);
    let (mut from_gateway, mut to_gateway) = tokio::io::split(far);
    let (hold, mut is_held) = watch::channel(false);
    tokio::spawn(async move { tokio::io::copy(&mut from_device, &mut to_gateway).await });
    tokio::spawn(async move {
        let mut piece = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from_gateway.read(&mut piece).await {
            if is_held.wait_for(|is_held| !is_held).await.is_err()
                || to_device.write_all(&piece[..length]).await.is_err()
            {
                return;
            }
        }
    });
    let credential = Credential::Key(key(KeyKind::Ed25519));
    let link = reach(gateway).await.log_in("netops", &[credential], soon()).await.unwrap();
    (link, device, Wire(hold))
}
