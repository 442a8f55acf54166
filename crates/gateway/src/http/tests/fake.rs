//! A gateway without devices' connections: scripted answers, and a record of who asked.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use homing_proto::access::{Grant, Operator, Role, Via};
use homing_transport::spool::{Budget, Spool, SpoolLimits};

use super::*;
use crate::access::Access;
use crate::control::Accounts;
use crate::store::{Limits, Store};

/// How a scripted RPC goes.
#[derive(Clone, Debug)]
pub(super) struct Script {
    pub(super) pieces: Vec<&'static str>,
    /// None: the session's task dies without a word.
    pub(super) outcome: Option<api::Outcome>,
}

#[derive(Clone, Debug)]
pub(super) struct Fake {
    pub(super) asked: Arc<Mutex<Vec<String>>>,
    pub(super) stored: Arc<Mutex<Vec<api::Event>>>,
    pub(super) live: broadcast::Sender<api::Event>,
    pub(super) script: Arc<Mutex<Script>>,
    /// Whether everybody's token was revoked.
    pub(super) is_revoked: Arc<AtomicBool>,
    /// Whoever holds it keeps enrolments from ending.
    pub(super) slow: Arc<tokio::sync::Mutex<()>>,
    accounts: Arc<OnceLock<(tempfile::TempDir, Accounts)>>,
}

impl Fake {
    pub(super) fn new() -> Fake {
        let script = Script { pieces: vec!["<rpc-reply/>"], outcome: Some(api::Outcome::Ok) };
        Fake {
            asked: Arc::default(),
            slow: Arc::default(),
            stored: Arc::default(),
            live: broadcast::channel(4).0,
            script: Arc::new(Mutex::new(script)),
            is_revoked: Arc::default(),
            accounts: Arc::default(),
        }
    }

    pub(super) fn happen(&self, id: u64, code: &str, device: &str) {
        let event = event(id, code, device);
        self.stored.lock().unwrap().push(event.clone());
        let _ = self.live.send(event);
    }

    fn note(&self, what: String) {
        self.asked.lock().unwrap().push(what);
    }
}

pub(super) fn event(id: u64, code: &str, device: &str) -> api::Event {
    serde_json::from_value(serde_json::json!({
        "id": id, "at": "2026-11-23T14:57:58Z", "code": code, "fault": null, "device": device,
        "device_id": null, "listener": null, "source": null, "epoch": null, "message": "m",
        "advice": null
    }))
    .unwrap()
}

pub(super) fn device(name: &str) -> api::Device {
    serde_json::from_value(serde_json::json!({
        "name": name, "state": "up", "since": null, "enrolled": true, "device_id": null,
        "user": null, "addresses": [], "tags": {}, "listener": null, "has_secret": false,
        "secret_issued_at": null, "has_password": false, "keys": [], "session": null,
        "pending": null, "last_event": null, "created_at": null
    }))
    .unwrap()
}

type Answer<T> = Result<T, ControlError>;

impl Operate for Fake {
    fn accounts(&self) -> Answer<Accounts> {
        let (_, accounts) = self.accounts.get_or_init(|| {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::open(folder.path(), &Limits::default()).unwrap();
            let access = Access::new(store.clone(), Vec::new());
            (folder, Accounts::new(store, access))
        });
        Ok(accounts.clone())
    }

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
        Err(ControlError::Stopping)
    }

    async fn devices(&self, query: &DeviceQuery, _: &Operator) -> Answer<Vec<api::Device>> {
        self.note(format!("{query:?}"));
        Ok(vec![device("mx1")])
    }

    async fn device(&self, name: &str, _: &Operator) -> Answer<api::Device> {
        match name {
            "mx1" => Ok(device("mx1")),
            name => Err(ControlError::UnknownDevice(name.to_owned())),
        }
    }

    async fn enroll(&self, request: api::Enroll, operator: &Operator) -> Answer<api::Enrolled> {
        self.note(format!("enroll {} by {operator}", request.name));
        drop(self.slow.lock().await);
        let device = device(request.name.as_str());
        Ok(api::Enrolled { device, stanza: "set x\n".into(), format: request.format })
    }

    async fn change(&self, name: &str, _: api::Change, operator: &Operator) -> Answer<api::Device> {
        self.note(format!("change {name} by {operator}"));
        Ok(device(name))
    }

    async fn forget(&self, name: &str, operator: &Operator) -> Answer<()> {
        self.note(format!("forget {name} by {operator}"));
        Ok(())
    }

    async fn accept(&self, decision: api::Decision, operator: &Operator) -> Answer<api::Device> {
        self.note(format!("accept {} by {operator}", decision.subject));
        Ok(device("mx1"))
    }

    async fn reject(&self, decision: api::Decision, _: &Operator) -> Answer<api::Device> {
        Err(ControlError::NothingPending(decision.subject))
    }

    async fn events(&self, query: &EventQuery, _: &Operator) -> Answer<Vec<api::Event>> {
        let stored = self.stored.lock().unwrap();
        let is_meant = |event: &&api::Event| {
            query.after.is_none_or(|after| event.id > after)
                && query.device.as_ref().is_none_or(|device| {
                    event.device.as_ref().is_some_and(|name| name.as_str() == device)
                })
        };
        let mut events: Vec<api::Event> = stored.iter().filter(is_meant).cloned().collect();
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

    fn shows(&self, event: &api::Event, _: &Operator) -> bool {
        event.code != "hidden"
    }

    fn may_ask(&self, name: &str, _: &Operator) -> Answer<()> {
        match name {
            "mx1" => Ok(()),
            name => Err(ControlError::UnknownDevice(name.to_owned())),
        }
    }

    fn is_in(&self, _: &Operator) -> bool {
        !self.is_revoked.load(Ordering::Relaxed)
    }

    async fn rpc(
        &self,
        name: &str,
        xml: Bytes,
        timeout: Duration,
        operator: &Operator,
    ) -> Answer<RpcReply> {
        self.device(name, operator).await?;
        self.note(format!("{} in {timeout:?} by {operator}", String::from_utf8_lossy(&xml)));
        let (mut pieces, reply) = Spool::new(SpoolLimits::default(), &Budget::default());
        let (tell, outcome) = oneshot::channel();
        let script = self.script.lock().unwrap().clone();
        tokio::spawn(async move {
            for piece in script.pieces {
                let _ = pieces.write(piece);
                // Each is read by itself.
                pieces.drained_to(0).await;
            }
            pieces.finish();
            if let Some(outcome) = script.outcome {
                let _ = tell.send(outcome);
            }
        });
        Ok(RpcReply::scripted(reply, outcome))
    }
}
