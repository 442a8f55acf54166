//! What operators may ask of the gateway, in one place: the HTTP API and the demo are two faces of it.

mod change;
mod decide;
mod error;
mod rpc;
mod show;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use homing_proto::access::Operator;
use homing_proto::api;
use homing_proto::fault::Fault;
use homing_proto::identity::DeviceName;
use tokio::sync::{broadcast, mpsc, oneshot};

pub use error::ControlError;

use crate::enroll::{self, Terms};
use crate::shared::Shared;
use crate::store::{self, Change, DeviceRecord};
use crate::{stanza, timeline};

/// Which devices to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeviceQuery {
    /// Only these states; empty: all.
    pub states: Vec<api::DeviceState>,
    /// Only devices with all of these labels.
    pub tags: Vec<(String, String)>,
}

impl DeviceQuery {
    fn takes(&self, device: &api::Device) -> bool {
        let state = self.states.is_empty() || self.states.contains(&device.state);
        state && self.tags.iter().all(|(key, value)| device.tags.get(key) == Some(value))
    }
}

/// Which events to list or to follow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventQuery {
    /// Only events after this one.
    pub after: Option<u64>,
    /// Only this device's: by name, or by device-id for an unknown one.
    pub device: Option<String>,
    /// Only these codes; empty: all.
    pub codes: Vec<String>,
    /// Only events at or after this moment.
    pub since: Option<api::Timestamp>,
    /// At most so many, the newest.
    pub limit: Option<u32>,
}

/// A running RPC's reply.
#[derive(Debug)]
pub struct RpcReply {
    /// The `<rpc-reply>` element, piece by piece as it comes. The channel holds little: the rest waits in a spool,
    /// so a slow reader never stalls the device.
    pub body: mpsc::Receiver<Bytes>,
    /// How it ended; arrives after the last piece.
    pub outcome: oneshot::Receiver<api::Outcome>,
}

/// The gateway as operators see it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Control {
    shared: Arc<Shared>,
    terms: Arc<Terms>,
}

impl Control {
    pub(crate) fn new(shared: Arc<Shared>, terms: Terms) -> Self {
        Self { shared, terms: Arc::new(terms) }
    }

    /// The operator whose token this is.
    ///
    /// # Errors
    /// Nobody's, or it is not in force.
    pub fn by_token(&self, _token: &str, _source: SocketAddr) -> Result<Operator, api::Problem> {
        let title = "the token is not known";
        Err(api::Problem::new(401, "unknown-token", Fault::Operator, title))
    }

    /// Whether work can be done: the store takes writes, and the gateway is not stopping.
    ///
    /// # Errors
    /// What is in the way.
    pub fn ready(&self) -> Result<(), ControlError> {
        if *self.shared.stopping.borrow() {
            return Err(ControlError::Stopping);
        }
        match self.shared.store.health().outage {
            Some((error, _)) => Err(ControlError::Store(error.to_string())),
            None => Ok(()),
        }
    }

    /// The gateway and its fleet, in short.
    pub async fn status(&self) -> Result<api::Status, ControlError> {
        Ok(show::status(&self.shared, &self.terms))
    }

    /// Devices, enrolled and pending, by name.
    pub async fn devices(&self, query: &DeviceQuery) -> Result<Vec<api::Device>, ControlError> {
        let mut devices = show::devices(&self.shared);
        devices.retain(|device| query.takes(device));
        Ok(devices)
    }

    /// One device, by name; a pending one by device-id or fingerprint.
    pub async fn device(&self, name: &str) -> Result<api::Device, ControlError> {
        if let Some(record) = self.record(name) {
            return Ok(show::device(&self.shared, &record));
        }
        let pending = decide::find(&self.shared.store, name)?;
        Ok(show::stranger(&pending))
    }

    /// Enrols a device, or gives an enrolled one a new secret. `actor` is who asks, for the record.
    pub async fn enroll(
        &self,
        request: api::Enroll,
        actor: &str,
    ) -> Result<api::Enrolled, ControlError> {
        let fresh = stanza::new_secret().map_err(|error| ControlError::Store(error.to_string()))?;
        let plan = enroll::plan(&request, &self.shared.store, &self.terms, fresh)?;
        let stanza = plan.stanza.print(request.format);
        let stanza = stanza
            .map_err(|error| ControlError::Invalid { message: error.to_string(), hint: None })?;
        let (code, message) = match plan.is_rotation {
            true => ("secret-rotated", "an operator had a new secret made"),
            false => ("enrolled", "an operator enrolled the device"),
        };
        self.write(plan.changes, &request.name, code, message.to_owned(), actor).await?;
        let device = self.device(request.name.as_str()).await?;
        Ok(api::Enrolled { device, stanza, format: request.format })
    }

    /// Changes a device.
    pub async fn change(
        &self,
        name: &str,
        change: api::Change,
        actor: &str,
    ) -> Result<api::Device, ControlError> {
        let record = self.known(name)?;
        let blocked = change.blocked;
        let changes = change::plan(&record, change, &self.shared.store, &self.terms)?;
        let (code, message) = match blocked {
            Some(true) => ("device-blocked", "an operator blocked the device"),
            Some(false) => ("device-unblocked", "an operator unblocked the device"),
            None => ("device-changed", "an operator changed the device"),
        };
        self.write(changes, &record.name, code, message.to_owned(), actor).await?;
        if blocked == Some(true) {
            self.end_sessions(&record.name);
        }
        self.device(name).await
    }

    /// Forgets a device, or a pending key.
    pub async fn forget(&self, name: &str, actor: &str) -> Result<(), ControlError> {
        let Some(record) = self.record(name) else {
            let pending = decide::find(&self.shared.store, name)?;
            return Ok(self.shared.store.write(vec![Change::TakePending(pending.id())]).await?);
        };
        let name = record.name.clone();
        let message = "an operator forgot the device".to_owned();
        let changes = vec![Change::Forget(name.clone())];
        self.write(changes, &name, "device-forgotten", message, actor).await?;
        self.end_sessions(&name);
        self.shared.standings.forget(&name);
        Ok(())
    }

    /// Accepts a pending key.
    pub async fn accept(
        &self,
        decision: api::Decision,
        actor: &str,
    ) -> Result<api::Device, ControlError> {
        decide::accept(self, decision, actor).await
    }

    /// Turns a pending key down.
    pub async fn reject(
        &self,
        decision: api::Decision,
        actor: &str,
    ) -> Result<api::Device, ControlError> {
        decide::reject(self, &decision, actor).await
    }

    /// Stored events, oldest first.
    pub async fn events(&self, query: &EventQuery) -> Result<Vec<api::Event>, ControlError> {
        let query = store::EventQuery {
            after: query.after,
            device: query.device.clone(),
            codes: query.codes.clone(),
            since: query.since,
            limit: query.limit,
        };
        Ok(self.shared.store.events(query).await?)
    }

    /// Events from here on. A receiver that lags is told so, and reads the gap with [`Self::events`].
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<api::Event> {
        self.shared.store.subscribe()
    }

    /// Runs one RPC. `operation` is the XML inside `<rpc>`. Answers when the reply begins, or the RPC has failed.
    pub async fn rpc(
        &self,
        name: &str,
        operation: Bytes,
        timeout: Duration,
        _actor: &str,
    ) -> Result<RpcReply, ControlError> {
        let record = self.known(name)?;
        rpc::run(&self.shared, &record, operation, timeout).await
    }

    fn record(&self, name: &str) -> Option<Arc<DeviceRecord>> {
        self.shared.store.device(&DeviceName::new(name).ok()?)
    }

    fn known(&self, name: &str) -> Result<Arc<DeviceRecord>, ControlError> {
        self.record(name).ok_or_else(|| ControlError::UnknownDevice(name.to_owned()))
    }

    /// Makes changes durable together with the event that tells who made them.
    async fn write(
        &self,
        mut changes: Vec<Change>,
        device: &DeviceName,
        code: &str,
        message: String,
        actor: &str,
    ) -> Result<(), ControlError> {
        let event = timeline::by_operator(Some(device), code, message, actor);
        timeline::log(&event);
        self.shared.standings.note(&event);
        changes.push(Change::Record(Box::new(event)));
        Ok(self.shared.store.write(changes).await?)
    }

    fn end_sessions(&self, device: &DeviceName) {
        for session in self.shared.fleet.sessions_of(device) {
            session.end(crate::session::End::Withdrawn);
        }
    }
}
