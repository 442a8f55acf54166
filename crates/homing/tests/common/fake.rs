//! Scripted answers, and a record of what was asked.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use homing_gateway::control::{ControlError, DeviceQuery, EventQuery, RpcReply};
use homing_gateway::http::{Operate, Oversee};
use homing_proto::access::{Grant, Operator, Role, Via};
use homing_proto::api;
use homing_proto::fault::Fault;
use homing_transport::spool::{Budget, Spool, SpoolLimits};
use serde_json::json;
use tokio::sync::{broadcast, oneshot};

/// How scripted RPCs go.
#[derive(Clone, Debug)]
pub struct Script {
    pub pieces: Vec<String>,
    /// Between two pieces.
    pub pause: Duration,
    pub outcome: api::Outcome,
}

#[derive(Clone, Debug)]
pub struct Fake {
    pub asked: Arc<Mutex<Vec<String>>>,
    pub devices: Arc<Mutex<Vec<api::Device>>>,
    pub events: Arc<Mutex<Vec<api::Event>>>,
    pub script: Arc<Mutex<Script>>,
    live: broadcast::Sender<api::Event>,
    /// How often stored events were looked for by whoever gets the live ones, too.
    looks: Arc<AtomicUsize>,
}

type Answer<T> = Result<T, ControlError>;

impl Fake {
    pub fn new() -> Fake {
        let script = Script {
            pieces: vec!["<rpc-reply><ok/></rpc-reply>".into()],
            pause: Duration::ZERO,
            outcome: api::Outcome::Ok,
        };
        Fake {
            asked: Arc::default(),
            devices: Arc::default(),
            events: Arc::default(),
            script: Arc::new(Mutex::new(script)),
            live: broadcast::channel(64).0,
            looks: Arc::default(),
        }
    }

    pub fn add(&self, name: &str, state: &str) {
        self.devices.lock().unwrap().push(device(name, state));
    }

    pub fn reply(&self, pieces: &[&str], outcome: api::Outcome) {
        let pieces = pieces.iter().map(|piece| (*piece).to_owned()).collect();
        *self.script.lock().unwrap() = Script { pieces, pause: Duration::ZERO, outcome };
    }

    pub fn happen(&self, event: api::Event) {
        self.events.lock().unwrap().push(event.clone());
        let _ = self.live.send(event);
    }

    /// Waits until somebody follows events: what happens from here on reaches them.
    pub fn wait_for_follower(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.looks.load(Ordering::SeqCst) == 0 {
            assert!(Instant::now() < deadline, "nobody follows events");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn note(&self, what: impl Into<String>) {
        self.asked.lock().unwrap().push(what.into());
    }

    fn find(&self, name: &str) -> Answer<api::Device> {
        let devices = self.devices.lock().unwrap();
        let found = devices.iter().find(|device| device.name == name).cloned();
        found.ok_or_else(|| ControlError::UnknownDevice(name.to_owned()))
    }
}

pub fn event(id: u64, code: &str, fault: Option<&str>, device: &str) -> api::Event {
    serde_json::from_value(json!({
        "id": id, "at": "2026-11-23T14:57:58Z", "code": code, "fault": fault, "device": device,
        "device_id": null, "listener": null, "source": "192.0.2.1:1", "epoch": null,
        "message": format!("{code} happened"), "advice": fault.map(|_| "type this")
    }))
    .unwrap()
}

pub fn device(name: &str, state: &str) -> api::Device {
    serde_json::from_value(json!({
        "name": name, "state": state, "since": "2026-11-23T14:57:58Z", "enrolled": true,
        "device_id": null, "user": null, "addresses": [], "tags": {"site": "fra"},
        "listener": null, "has_secret": true, "secret_issued_at": null, "has_password": false,
        "keys": [], "session": null, "pending": null, "last_event": null, "created_at": null
    }))
    .unwrap()
}

pub fn status() -> api::Status {
    serde_json::from_value(json!({
        "version": "0.1.0", "started_at": "2026-11-23T14:57:58Z",
        "listeners": [{"name": "4334", "address": "[::]:4334"}], "addresses": ["gw:4334"],
        "gateway_key": "ssh-ed25519 AAAA",
        "front_door": {"addresses": ["[::]:2022"], "host_key": "ssh-ed25519 BBBB door@gw", "fingerprint": "SHA256:cD/eFgHiJkLm"},
        "devices": {"up": 1, "down": 0, "new": 0, "refused": 0, "pending": 0, "blocked": 0},
        "arriving": {"handshaking": 0, "waiting": 0, "held": 0}, "attention": []
    }))
    .unwrap()
}

impl Oversee for Fake {}

impl Operate for Fake {
    fn by_token(&self, token: &str, source: SocketAddr) -> Result<Operator, api::Problem> {
        match token {
            "hmt_good" => {
                let grants = vec![Grant::of(Role::Admin)];
                Ok(Operator::new("ops", grants, Via::Api, Some(source), "token hmt_good"))
            }
            _ => Err(api::Problem::new(401, "unknown-token", Fault::Operator, "no such token")),
        }
    }

    fn ready(&self) -> Answer<()> {
        Ok(())
    }

    async fn status(&self, _: &Operator) -> Answer<api::Status> {
        Ok(status())
    }

    async fn devices(&self, query: &DeviceQuery, _: &Operator) -> Answer<Vec<api::Device>> {
        let devices = self.devices.lock().unwrap();
        let is_meant =
            |device: &&api::Device| query.states.is_empty() || query.states.contains(&device.state);
        Ok(devices.iter().filter(is_meant).cloned().collect())
    }

    async fn device(&self, name: &str, _: &Operator) -> Answer<api::Device> {
        self.find(name)
    }

    async fn enroll(&self, request: api::Enroll, _: &Operator) -> Answer<api::Enrolled> {
        let password = request.password.as_ref().map(|password| password.expose().to_owned());
        self.note(format!("{} {:?} {password:?}", request.name, request.tags));
        let device = device(request.name.as_str(), "new");
        let stanza = "set system services outbound-ssh client homing secret \"s3\"".into();
        Ok(api::Enrolled { device, stanza, format: request.format })
    }

    async fn change(&self, name: &str, change: api::Change, _: &Operator) -> Answer<api::Device> {
        self.note(serde_json::to_string(&change).unwrap());
        self.find(name)
    }

    async fn forget(&self, name: &str, _: &Operator) -> Answer<()> {
        let device = self.find(name)?;
        self.devices.lock().unwrap().retain(|other| other.name != device.name);
        Ok(())
    }

    async fn accept(&self, decision: api::Decision, _: &Operator) -> Answer<api::Device> {
        self.note(serde_json::to_string(&decision).unwrap());
        self.find(&decision.subject)
    }

    async fn reject(&self, decision: api::Decision, _: &Operator) -> Answer<api::Device> {
        Err(ControlError::NothingPending(decision.subject))
    }

    async fn events(&self, query: &EventQuery, _: &Operator) -> Answer<Vec<api::Event>> {
        let events = self.events.lock().unwrap();
        if self.live.receiver_count() > 0 {
            self.looks.fetch_add(1, Ordering::SeqCst);
        }
        let is_meant = |event: &&api::Event| query.after.is_none_or(|after| event.id > after);
        let mut events: Vec<api::Event> = events.iter().filter(is_meant).cloned().collect();
        let limit = query.limit.unwrap_or(1000) as usize;
        match query.after {
            Some(_) => events.truncate(limit),
            None => drop(events.drain(..events.len().saturating_sub(limit))),
        }
        Ok(events)
    }

    fn subscribe(&self) -> broadcast::Receiver<api::Event> {
        self.live.subscribe()
    }

    fn shows(&self, _: &api::Event, _: &Operator) -> bool {
        true
    }

    async fn rpc(
        &self,
        name: &str,
        xml: Bytes,
        timeout: Duration,
        _: &Operator,
    ) -> Answer<RpcReply> {
        let device = self.find(name)?;
        self.note(format!("{} in {timeout:?}", String::from_utf8_lossy(&xml)));
        let name = homing_proto::identity::DeviceName::new(name).unwrap();
        match device.state {
            api::DeviceState::Up => {}
            api::DeviceState::New => return Err(ControlError::NotSent(name)),
            _ => {
                let reason = "last seen 6m ago".into();
                return Err(ControlError::Offline { name, reason });
            }
        }
        let (mut pieces, reply) = Spool::new(SpoolLimits::default(), &Budget::default());
        let (tell, outcome) = oneshot::channel();
        let script = self.script.lock().unwrap().clone();
        tokio::spawn(async move {
            for piece in script.pieces {
                let _ = pieces.write(piece);
                // Each is read by itself.
                pieces.drained_to(0).await;
                tokio::time::sleep(script.pause).await;
            }
            pieces.finish();
            let _ = tell.send(script.outcome);
        });
        Ok(RpcReply::scripted(reply, outcome))
    }
}
