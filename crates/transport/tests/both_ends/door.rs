//! The front door between an operator and a device: three real SSH ends.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use homing_proto::host_key::{HostKey, Secret};
use homing_transport::device_link::*;
use homing_transport::device_server::ServerSettings;
use homing_transport::front_door::*;
use homing_transport::keys::KeyKind;
use homing_transport::spool::{Budget, SpoolLimits};
use tokio::io::DuplexStream;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::device::*;

/// Leads everybody to one device.
struct Porter {
    link: DeviceLink,
    output: SpoolLimits,
    budget: Budget,
    kill: watch::Receiver<Option<String>>,
    ended: Arc<Mutex<Vec<Ended>>>,
}

/// Allows everything but `forbidden`.
struct Lenient {
    ended: Arc<Mutex<Vec<Ended>>>,
    cut: bool,
}

impl Keeper for Lenient {
    fn start<'a>(
        &'a mut self,
        start: &'a Start,
        _terminal: Option<&'a PtyRequest>,
    ) -> Pin<Box<dyn Future<Output = Result<Plan, String>> + Send + 'a>> {
        Box::pin(async move {
            match start {
                Start::Exec(line) if line.starts_with(b"forbidden") => Err("not you".to_owned()),
                _ => Ok(Plan::default()),
            }
        })
    }

    fn cut(&mut self, _: &Why) {
        self.cut = true;
    }

    fn ended(self: Box<Self>, ended: Ended) {
        assert_eq!(self.cut, matches!(ended.reason, Some(Why::OutputFull(_))));
        self.ended.lock().unwrap().push(ended);
    }
}

impl Door for Porter {
    type Guest = String;

    async fn knows_key(&self, login: &str, offered: &HostKey) -> bool {
        self.check_key(login, offered).await.is_some()
    }

    async fn check_key(&self, login: &str, known: &HostKey) -> Option<String> {
        (*known == *key(KeyKind::Ed25519).host_key()).then(|| login.to_owned())
    }

    async fn check_certificate(&self, _: &str, _: &Certificate) -> Option<String> {
        None
    }

    async fn check_password(&self, login: &str, password: &Secret) -> Option<String> {
        (password.expose() == b"once").then(|| login.to_owned())
    }

    fn takes_certificates(&self) -> bool {
        false
    }

    fn refused(&self, _: &str, _: &'static str) {}

    fn entered(&self, _: &Arc<String>) {}

    async fn open(&self, guest: &Arc<String>, opening: Opening) -> Result<Opened, Refusal> {
        if guest.as_str() == "ops:gone" {
            return Err(Refusal::Unreachable("gone: offline since yesterday".into()));
        }
        let channel = match self.link.open_bare(opening, soon()).await {
            Ok(channel) => channel,
            Err(OpenError::TooMany) => return Err(Refusal::Full("too many".into())),
            Err(error) => return Err(Refusal::Prohibited(error.to_string())),
        };
        let mut kill = self.kill.clone();
        Ok(Opened {
            device: "edge-7".into(),
            channel,
            keeper: Box::new(Lenient { ended: self.ended.clone(), cut: false }),
            output: self.output,
            budget: self.budget.clone(),
            traffic: Arc::default(),
            killed: Box::pin(async move {
                let said = kill.wait_for(Option::is_some).await.ok().and_then(|said| said.clone());
                match said {
                    Some(reason) => reason,
                    None => std::future::pending().await,
                }
            }),
        })
    }
}

/// Operator, door and device.
struct House {
    operator: DeviceLink,
    device: Device,
    link: DeviceLink,
    budget: Budget,
    kill: watch::Sender<Option<String>>,
    ended: Arc<Mutex<Vec<Ended>>>,
    _stop: tokio::sync::oneshot::Sender<String>,
}

fn door_settings() -> DoorSettings {
    DoorSettings {
        host_key: key(KeyKind::Ed25519),
        post_quantum_only: false,
        login_grace: Duration::from_secs(20),
        max_tries: 6,
        max_channels: 64,
        keep_alive: (Duration::from_secs(30), 3),
        input: SpoolLimits { memory: 64 * 1024, disk: 4 * MIB as u64 },
        stall: Duration::from_secs(1),
        patience: Patience { ended: Duration::from_secs(600), cut: Duration::from_secs(2) },
    }
}

async fn enter(stream: DuplexStream, login: &str) -> DeviceLink {
    let credential = Credential::Key(key(KeyKind::Ed25519));
    reach(stream).await.log_in(login, &[credential], soon()).await.unwrap()
}

async fn house_with(login: &str, settings: ServerSettings, output: SpoolLimits) -> House {
    house_of(login, linked_to(settings).await, output).await
}

async fn house_of(login: &str, linked: (DeviceLink, Device), output: SpoolLimits) -> House {
    let (link, device) = linked;
    let (kill, killed) = watch::channel(None);
    let (ended, budget) = (Arc::default(), Budget::default());
    let porter = Porter {
        link: link.clone(),
        output,
        budget: budget.clone(),
        kill: killed,
        ended: Arc::clone(&ended),
    };
    let (near, far) = tokio::io::duplex(256 * 1024);
    let (stop, stopped) = tokio::sync::oneshot::channel::<String>();
    tokio::spawn(serve(far, door_settings().into(), porter.into(), async move {
        match stopped.await {
            Ok(reason) => reason,
            Err(_) => std::future::pending().await,
        }
    }));
    let operator = enter(near, login).await;
    House { operator, device, link, budget, kill, ended, _stop: stop }
}

async fn house() -> House {
    let output = SpoolLimits { memory: MIB, disk: 128 * MIB as u64 };
    house_with("ops:edge-7", settings(KeyKind::Ed25519), output).await
}

/// All of a channel: output, errors, exit status.
async fn all(mut channel: DeviceChannel) -> (Vec<u8>, String, Option<u32>) {
    let (mut out, mut err, mut status) = (Vec::new(), Vec::new(), None);
    while let Some(event) = channel.next().await {
        match event {
            Event::Data(bytes) => out.extend_from_slice(&bytes),
            Event::Stderr(bytes) => err.extend_from_slice(&bytes),
            Event::ExitStatus(exit) => status = Some(exit),
            _ => {}
        }
    }
    (out, String::from_utf8(err).unwrap(), status)
}

#[tokio::test]
async fn a_command_passes_with_output_errors_and_exit_status() {
    let house = house().await;
    let (out, err, status) = all(exec_on(&house.operator, "exit 7").await).await;
    assert_eq!((out.as_slice(), err.as_str(), status), (&b"out"[..], "err", Some(7)));
    until("its end is told", || !house.ended.lock().unwrap().is_empty()).await;
    let ended = house.ended.lock().unwrap().clone();
    assert_eq!(ended, [Ended { exit_status: Some(7), exit_signal: None, reason: None }]);
}

#[tokio::test]
async fn a_signal_that_killed_the_command_passes() {
    let house = house().await;
    let event = exec_on(&house.operator, "killed").await.next().await;
    let Some(Event::ExitSignal(signal)) = event else { panic!("{event:?}") };
    assert_eq!(signal.name.as_str(), "TERM");
}

#[tokio::test]
async fn a_subsystem_passes_in_both_directions_and_one_that_is_not_there_is_refused() {
    let house = house().await;
    let netconf = Kind::Subsystem("netconf".into());
    let mut channel = house.operator.open(netconf, soon()).await.unwrap();
    channel.write("<hello/>").await.unwrap();
    assert_eq!(channel.next().await, Some(Event::Data("<hello/>".into())));
    let (mut reader, mut writer) = channel.split();
    writer.eof().await.unwrap();
    while let Some(event) = reader.next().await {
        assert!(!matches!(event, Event::Stderr(_)), "{event:?}");
    }
    let error = house.operator.open(Kind::Subsystem("no".into()), soon()).await.unwrap_err();
    assert_eq!(error.code(), "subsystem-refused");
}

#[tokio::test]
async fn terminal_environment_window_and_signals_pass() {
    let house = house().await;
    let channel = house.operator.open_bare(Opening::Session, soon()).await.unwrap();
    let requests = channel.requests();
    let (mut reader, _writer) = channel.split();
    requests.variable("LANG", "C.UTF-8").await.unwrap();
    requests.start(&Start::Shell).await.unwrap();
    assert_eq!(reader.next().await, Some(Event::Answer(true)));
    let said = text(reader.next().await);
    assert!(said.contains(r#"("LANG", "C.UTF-8")"#), "{said}");
    let size = WindowSize { columns: 120, rows: 50, width: 0, height: 0 };
    requests.resize(size).await.unwrap();
    let said = text(reader.next().await);
    assert!(said.contains("columns: 120, rows: 50"), "{said}");
    requests.signal("USR1").await.unwrap();
    assert!(text(reader.next().await).contains("USR1"));
    let size = WindowSize { columns: 80, rows: 24, ..WindowSize::default() };
    let (mut shell, _requests) = shell_on(&house.operator, PtyRequest::new("vt100", size)).await;
    let said = text(shell.next().await);
    assert!(said.contains(r#"name: "vt100", size: Size { columns: 80, rows: 24"#), "{said}");
}

fn text(event: Option<Event>) -> String {
    match event {
        Some(Event::Data(bytes) | Event::Stderr(bytes)) => String::from_utf8(bytes.into()).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn large_data_is_whole_in_both_directions_also_over_new_session_keys() {
    let house = house().await;
    let flood = exec_on(&house.operator, "flood 24").await;
    house.operator.rekey().await;
    house.link.rekey().await;
    let (out, _, status) = all(flood).await;
    assert_eq!((out.len(), status), (24 * MIB, Some(0)));
    assert!(out.iter().enumerate().all(|(at, byte)| *byte as usize == at % MIB % 251));
    let (reader, mut writer) = exec_on(&house.operator, "count").await.split();
    let writing = tokio::spawn(async move {
        for _ in 0..24 {
            writer.write(vec![7; MIB]).await.unwrap();
        }
        writer.eof().await.unwrap();
        writer
    });
    house.operator.rekey().await;
    house.link.rekey().await;
    let mut reader = reader;
    assert_eq!(text(reader.next().await), (24 * MIB).to_string());
    writing.await.unwrap();
}

#[tokio::test]
async fn what_is_not_allowed_says_so_and_never_reaches_the_device() {
    let house = house().await;
    let (out, err, status) = all(exec_on(&house.operator, "forbidden").await).await;
    assert_eq!((out.len(), err.as_str(), status), (0, "edge-7: not you\n", Some(255)));
}

#[tokio::test]
async fn a_device_that_is_not_there_is_explained_on_the_channel() {
    let output = SpoolLimits { memory: MIB, disk: 0 };
    let house = house_with("ops:gone", settings(KeyKind::Ed25519), output).await;
    let (_, err, status) = all(exec_on(&house.operator, "exit 0").await).await;
    assert_eq!((err.as_str(), status), ("gone: offline since yesterday\n", Some(255)));
}

#[tokio::test]
async fn the_eleventh_channel_is_refused_at_once() {
    let house = house().await;
    let mut open = Vec::new();
    for _ in 0..10 {
        open.push(house.operator.open_bare(Opening::Session, soon()).await.unwrap());
    }
    let start = Instant::now();
    let error = house.operator.open_bare(Opening::Session, soon()).await.unwrap_err();
    assert_eq!(error, OpenError::TooMany);
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn a_killed_channel_says_why_and_the_others_go_on() {
    let house = house().await;
    let channel = exec_on(&house.operator, "never-read").await;
    house.kill.send(Some("ada closed this channel".into())).unwrap();
    let (_, err, status) = all(channel).await;
    assert_eq!((err.as_str(), status), ("edge-7: ada closed this channel\n", Some(255)));
    assert!(house.link.ping(soon()).await.is_some());
}

#[tokio::test]
async fn a_command_that_has_ended_keeps_its_exit_status_and_hears_no_reason() {
    let house = house().await;
    let mut channel = exec_on(&house.operator, "exit 7").await;
    // The operator's side ends by itself a moment later.
    while channel.next().await != Some(Event::Eof) {}
    house.kill.send(Some("ada closed this channel".into())).unwrap();
    let after = channel.next().await;
    assert_eq!(after, None, "OpenSSH ends the whole connection over data after its end");
    until("its end is told", || !house.ended.lock().unwrap().is_empty()).await;
    let ended = house.ended.lock().unwrap().clone();
    assert_eq!(ended, [Ended { exit_status: Some(7), exit_signal: None, reason: None }]);
}

#[tokio::test]
async fn a_device_that_is_taken_over_ends_every_channel_with_the_reason() {
    let house = house().await;
    let one = exec_on(&house.operator, "never-read").await;
    let two = house.operator.open(Kind::Subsystem("netconf".into()), soon()).await.unwrap();
    house.link.close("a newer session of the device took over").await;
    for channel in [one, two] {
        let (_, err, status) = all(channel).await;
        let expected = "edge-7: the device's connection ended: \
                        a newer session of the device took over\n";
        assert_eq!((err.as_str(), status), (expected, Some(255)));
    }
}

#[tokio::test]
async fn a_device_that_vanishes_ends_every_channel_with_a_reason() {
    let house = house().await;
    let channel = exec_on(&house.operator, "never-read").await;
    house.device.ended.abort();
    let (_, err, status) = all(channel).await;
    assert!(err.starts_with("edge-7: the device's connection ended: "), "{err}");
    assert_eq!(status, Some(255));
}

/// Waits until `is_so`.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    let end = soon();
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_cut_channel_gives_its_room_back_and_its_operator_still_hears_why() {
    let output = SpoolLimits { memory: MIB, disk: 15 * MIB as u64 };
    let house = house_with("ops:edge-7", settings(KeyKind::Ed25519), output).await;
    let unread = exec_on(&house.operator, "flood 64").await;
    until("the spool fills", || house.budget.disk_used() > 0).await;
    until("nothing is kept for who reads nothing", || {
        !house.ended.lock().unwrap().is_empty() && house.budget.disk_used() == 0
    })
    .await;
    assert_eq!(house.budget.memory_used(), 0);
    assert!(house.link.ping(soon()).await.is_some(), "the device goes on");
    let (out, err, status) = all(unread).await;
    assert!(out.len() < 16 * MIB, "{}", out.len());
    let reason =
        format!("edge-7: channel closed: the reader is too slow: more than {} bytes", 16 * MIB);
    assert!(err.starts_with(&reason), "{err}");
    assert_eq!(status, Some(255));
}

#[tokio::test]
async fn a_cut_channel_delivers_what_fitted_to_who_reads_on() {
    let output = SpoolLimits { memory: MIB, disk: 15 * MIB as u64 };
    let house = house_with("ops:edge-7", settings(KeyKind::Ed25519), output).await;
    let mut slow = exec_on(&house.operator, "flood 64").await;
    let (mut read, mut err) = (0, String::new());
    while let Some(event) = slow.next().await {
        match event {
            Event::Data(bytes) => read += bytes.len(),
            Event::Stderr(bytes) => err.push_str(std::str::from_utf8(&bytes).unwrap()),
            _ => {}
        }
        if read < 2 * MIB {
            tokio::time::sleep(Duration::from_millis(20)).await; // slower than the device, and never still
        }
    }
    assert!(err.contains("the reader is too slow"), "{err}");
    assert!(read >= 16 * MIB, "{read}");
}

#[tokio::test]
async fn a_device_that_takes_no_input_for_too_long_loses_the_channel() {
    let mut device = settings(KeyKind::Ed25519);
    device.input = SpoolLimits { memory: 64 * 1024, disk: MIB as u64 };
    device.stall = Duration::from_secs(600);
    let output = SpoolLimits { memory: MIB, disk: 0 };
    let house = house_with("ops:edge-7", device, output).await;
    let (reader, mut writer) = exec_on(&house.operator, "never-read").await.split();
    let writing = tokio::spawn(async move { writer.write(vec![0; 32 * MIB]).await });
    let mut reader = reader;
    let mut said = String::new();
    while let Some(event) = reader.next().await {
        if let Event::Stderr(bytes) = event {
            said.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }
    assert!(said.contains("did not read its input"), "{said}");
    assert_eq!(writing.await.unwrap(), Err(WriteError));
    assert!(house.operator.ping(soon()).await.is_some(), "the operator's connection goes on");
}

#[tokio::test]
async fn a_window_that_is_resized_while_the_device_takes_nothing_is_still_read() {
    let (link, device, wire) = linked_by_a_wire().await;
    let output = SpoolLimits { memory: MIB, disk: 128 * MIB as u64 };
    let house = house_of("ops:edge-7", (link, device), output).await;
    let mut beats = exec_on(&house.operator, "beat").await;
    let requests = beats.requests();
    wire.hold();
    house.link.rekey().await;
    for columns in 1..=200 {
        let beat = tokio::time::timeout(Duration::from_secs(60), beats.next()).await;
        assert!(matches!(beat, Ok(Some(Event::Data(_)))), "{columns}: {beat:?}");
        requests.resize(WindowSize { columns, rows: 24, width: 0, height: 0 }).await.unwrap();
    }
}
