//! What operators may ask of the gateway, in one place: the HTTP API and the demo are two faces of it.

mod accounts;
mod allow;
mod blocks;
mod change;
mod channels;
mod decide;
mod devices;
mod error;
mod judge;
mod logins;
mod oversee;
mod reply;
mod rpc;
mod seen;
mod show;
mod survey;
mod terminal;
#[cfg(test)]
mod tests;
mod web;
mod webhooks;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use homing_proto::access::{Operator, Right};
use homing_proto::api;
use homing_proto::filter::{Filter, RowFilter, Subject};
use tokio::sync::broadcast;

pub use accounts::Accounts;
pub use error::ControlError;
pub(crate) use logins::{Logins, tell_of_quiet};
pub use reply::RpcReply;
pub(crate) use survey::Kept;
pub use survey::{DevicePage, DeviceSearch, Labels, Place, Sort};
pub use terminal::{Terminal, TerminalEnd};

use crate::audit;
use crate::enroll::Terms;
use crate::shared::Shared;
use crate::store::{self, Change};

/// Which devices to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeviceQuery {
    /// Only these states; empty: all.
    pub states: Vec<api::DeviceState>,
    /// Only devices with all of these labels.
    pub tags: Vec<(String, String)>,
    /// Only devices that fit.
    pub filter: Filter,
}

impl DeviceQuery {
    /// Whether a device is meant.
    pub(crate) fn takes<S: Subject>(&self, device: &S, now: api::Timestamp) -> bool {
        let state = self.states.is_empty() || self.states.contains(&device.state());
        state
            && self.tags.iter().all(|(key, value)| device.tags().get(key) == Some(value))
            && self.filter.matches(device, now)
    }
}

/// Which events to list or to follow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventQuery {
    /// Only events after this one.
    pub after: Option<u64>,
    /// Only events before this one.
    pub before: Option<u64>,
    /// Only this device's: by name, or by device-id for an unknown one.
    pub device: Option<String>,
    /// Only these codes; empty: all.
    pub codes: Vec<String>,
    /// Only events at or after this moment.
    pub since: Option<api::Timestamp>,
    /// Only those that fit.
    pub filter: RowFilter,
    /// At most so many, the newest.
    pub limit: Option<u32>,
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
    /// Nobody's, or it is not in force, or this source failed too often.
    pub fn by_token(&self, token: &str, source: SocketAddr) -> Result<Operator, api::Problem> {
        match self.shared.access.by_token(token, Some(source)) {
            Ok(operator) => {
                self.token_taken(&operator);
                Ok(operator)
            }
            Err(refused) => Err(self.token_refused(&refused, source)),
        }
    }

    /// Answers to requests with a key of their own that were kept before the gateway ended; once.
    #[must_use]
    pub fn take_kept_answers(&self) -> Vec<store::KeptAnswer> {
        self.shared.store.take_kept_answers()
    }

    /// Keeps what became of such a request; durable when it answers.
    ///
    /// # Errors
    /// The store can't be written.
    pub async fn keep_answer(&self, change: store::OnceChange) -> Result<(), ControlError> {
        Ok(self.shared.store.write(vec![Change::Once(change)]).await?)
    }

    /// Users, their keys and grants, and tokens.
    #[must_use]
    pub fn accounts(&self) -> Accounts {
        Accounts::new(self.shared.store.clone(), self.shared.access.clone())
    }

    /// How many devices' sessions there are.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.shared.fleet.len()
    }

    /// How many channels operators have open by the front door.
    #[must_use]
    pub fn channels_open(&self) -> usize {
        self.shared.channels.len()
    }

    /// Whether the gateway takes nothing more in, because it stops.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        *self.shared.stopping.borrow()
    }

    /// Whether work can be done: the store takes writes, and the gateway is not stopping.
    ///
    /// # Errors
    /// What is in the way.
    pub fn ready(&self) -> Result<(), ControlError> {
        if self.is_stopping() {
            return Err(ControlError::Stopping);
        }
        match self.shared.store.health().outage {
            Some((error, _)) => Err(ControlError::from(error.clone())),
            None => Ok(()),
        }
    }

    /// The gateway and the part of its fleet that `operator` sees, in short.
    pub async fn status(&self, operator: &Operator) -> Result<api::Status, ControlError> {
        let kept = match allow::anywhere(operator, Right::View) {
            Ok(()) => Some(Arc::clone(&self.shared.glance).lock_owned().await),
            Err(_) => None,
        };
        let (shared, terms) = (Arc::clone(&self.shared), Arc::clone(&self.terms));
        let operator = operator.clone();
        let look = move || show::status(&shared, &terms, &operator, kept);
        let looked = tokio::task::spawn_blocking(look).await;
        looked.map_err(|error| ControlError::failed(error.to_string()))
    }

    /// The devices that `operator` sees, enrolled and pending, by name.
    pub async fn devices(
        &self,
        query: &DeviceQuery,
        operator: &Operator,
    ) -> Result<Vec<api::Device>, ControlError> {
        let (shared, query, operator) = (self.shared.clone(), query.clone(), operator.clone());
        let look = move || survey::devices(&shared, &query, &operator);
        Ok(tokio::task::spawn_blocking(look).await.unwrap_or_default())
    }

    /// One page of the devices that `operator` sees, and how many there are in all.
    pub async fn search(
        &self,
        search: &DeviceSearch,
        operator: &Operator,
    ) -> Result<DevicePage, ControlError> {
        let (shared, search, operator) = (self.shared.clone(), search.clone(), operator.clone());
        let look = move || survey::page(&shared, &search, &operator);
        Ok(tokio::task::spawn_blocking(look).await.unwrap_or_default())
    }

    /// The labels of the devices that the operator sees; at most `most` keys with at most `most` values each.
    pub(crate) async fn labels(&self, most: usize, operator: &Operator) -> Labels {
        let (shared, operator) = (self.shared.clone(), operator.clone());
        let look = move || survey::labels(&shared, most, &operator);
        tokio::task::spawn_blocking(look).await.unwrap_or_default()
    }

    /// One device, by name; a pending one by device-id or fingerprint.
    pub async fn device(
        &self,
        name: &str,
        operator: &Operator,
    ) -> Result<api::Device, ControlError> {
        if self.record(name).is_some() {
            let record = self.known(name, operator, Right::View)?;
            return Ok(show::device(&self.shared, &record));
        }
        Ok(show::stranger(&*self.waiting(name, operator, Right::View)?))
    }

    /// Accepts a pending key.
    pub async fn accept(
        &self,
        decision: api::Decision,
        operator: &Operator,
    ) -> Result<api::Device, ControlError> {
        decide::accept(self, decision, operator).await
    }

    /// Turns a pending key down.
    pub async fn reject(
        &self,
        decision: api::Decision,
        operator: &Operator,
    ) -> Result<api::Device, ControlError> {
        decide::reject(self, &decision, operator).await
    }

    /// Stored events of what `operator` sees with the rights that it has at this moment, oldest first.
    pub async fn events(
        &self,
        query: &EventQuery,
        operator: &Operator,
    ) -> Result<Vec<api::Event>, ControlError> {
        let query = store::EventQuery {
            after: query.after,
            before: query.before,
            filter: query.filter.clone(),
            device: query.device.clone(),
            of: self.visible(&self.renewed(operator)),
            codes: query.codes.clone(),
            since: query.since,
            limit: query.limit,
        };
        Ok(self.shared.store.events(query).await?)
    }

    /// Events from here on, of everything: [`Self::shows`] says which are whose. A receiver that lags is told so, and
    /// reads the gap with [`Self::events`].
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<api::Event> {
        self.shared.store.subscribe()
    }

    /// Whether an event is shown to `operator`, with the rights that it has at this moment.
    #[must_use]
    pub fn shows(&self, event: &api::Event, operator: &Operator) -> bool {
        let Some(operator) = self.shared.access.renew(operator) else { return false };
        allow::sees_event(&operator, event, |name| self.shared.store.device(name))
    }

    /// Whether `operator` is let in as before: its key, its token, its user are there.
    #[must_use]
    pub fn is_in(&self, operator: &Operator) -> bool {
        self.shared.access.renew(operator).is_some()
    }

    /// Whether an RPC of `operator` to this device is worth reading; a refusal is told in the trail as that of an RPC.
    ///
    /// # Errors
    /// The operator may not look at the device, or there is none.
    pub fn may_ask(&self, name: &str, operator: &Operator) -> Result<(), ControlError> {
        self.known(name, operator, Right::View).map(drop).inspect_err(|error| {
            if let Some(record) = self.record(name) {
                let entry = audit::on(operator, &record.name, "rpc").saying(error.to_string());
                audit::note(&self.shared, entry.refused(error.code()));
            }
        })
    }

    /// Runs one RPC. `operation` is the XML inside `<rpc>`. Answers when the reply begins, or the RPC has failed.
    ///
    /// One that needs more than [`Right::View`] is written to the audit trail before it is sent.
    pub async fn rpc(
        &self,
        name: &str,
        operation: Bytes,
        timeout: Duration,
        operator: &Operator,
    ) -> Result<RpcReply, ControlError> {
        let judged = judge::judge(&operation, &self.shared.settings.policy)?;
        let record = match self.known(name, operator, judged.right) {
            Ok(record) => record,
            Err(error) => {
                if let Some(record) = self.record(name) {
                    judge::Told::new(&self.shared, operator, &record.name, &judged).refused(&error);
                }
                return Err(error);
            }
        };
        let told = judge::Told::new(&self.shared, operator, &record.name, &judged);
        rpc::run(&self.shared, &record, judged, told, timeout).await
    }
}
