//! What the routes ask of the gateway: [`Control`], or a stand-in for it in tests.

use std::fmt::Debug;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use homing_proto::access::Operator;
use homing_proto::api;
use tokio::sync::broadcast;

use super::oversee::Oversee;
use crate::control::{
    Accounts, Control, ControlError, DevicePage, DeviceQuery, DeviceSearch, EventQuery, RpcReply,
};
use crate::store::{KeptAnswer, OnceChange};
use crate::web::Console;

/// The answer to a question that the gateway may refuse.
type Answer<T> = Result<T, ControlError>;

/// The operations behind the routes; [`Control`] documents each.
#[expect(missing_docs, reason = "each is documented at Control, which it mirrors")]
pub trait Operate: Oversee + Clone + Debug + Send + Sync + 'static {
    fn by_token(&self, token: &str, source: SocketAddr) -> Result<Operator, api::Problem>;
    fn ready(&self) -> Answer<()>;
    fn console(&self) -> Option<Console> {
        None
    }
    /// Answers that were kept before the gateway ended.
    fn take_kept_answers(&self) -> Vec<KeptAnswer> {
        Vec::new()
    }
    /// Keeps what became of a request; durable when it answers.
    fn keep_answer(&self, _change: OnceChange) -> impl Future<Output = Answer<()>> + Send {
        async { Ok(()) }
    }
    fn accounts(&self) -> Answer<Accounts> {
        Err(ControlError::Stopping)
    }
    fn status(&self, operator: &Operator) -> impl Future<Output = Answer<api::Status>> + Send;
    fn devices(
        &self,
        query: &DeviceQuery,
        operator: &Operator,
    ) -> impl Future<Output = Answer<Vec<api::Device>>> + Send;
    fn search(
        &self,
        search: &DeviceSearch,
        operator: &Operator,
    ) -> impl Future<Output = Answer<DevicePage>> + Send {
        async move {
            let mut devices = self.devices(&search.query, operator).await?;
            devices.retain(|device| search.query.takes(device, api::Timestamp::now()));
            let total = devices.len();
            Ok(DevicePage { devices, total, ..DevicePage::default() })
        }
    }
    fn device(
        &self,
        name: &str,
        operator: &Operator,
    ) -> impl Future<Output = Answer<api::Device>> + Send;
    fn enroll(
        &self,
        request: api::Enroll,
        operator: &Operator,
    ) -> impl Future<Output = Answer<api::Enrolled>> + Send;
    fn change(
        &self,
        name: &str,
        change: api::Change,
        operator: &Operator,
    ) -> impl Future<Output = Answer<api::Device>> + Send;
    fn forget(&self, name: &str, operator: &Operator) -> impl Future<Output = Answer<()>> + Send;
    fn accept(
        &self,
        decision: api::Decision,
        operator: &Operator,
    ) -> impl Future<Output = Answer<api::Device>> + Send;
    fn reject(
        &self,
        decision: api::Decision,
        operator: &Operator,
    ) -> impl Future<Output = Answer<api::Device>> + Send;
    fn events(
        &self,
        query: &EventQuery,
        operator: &Operator,
    ) -> impl Future<Output = Answer<Vec<api::Event>>> + Send;
    fn subscribe(&self) -> broadcast::Receiver<api::Event>;
    fn shows(&self, event: &api::Event, operator: &Operator) -> bool;
    fn may_ask(&self, _name: &str, _operator: &Operator) -> Answer<()> {
        Ok(())
    }
    fn is_in(&self, _operator: &Operator) -> bool {
        true
    }
    fn rpc(
        &self,
        name: &str,
        operation: Bytes,
        timeout: Duration,
        operator: &Operator,
    ) -> impl Future<Output = Answer<RpcReply>> + Send;
    fn channels(&self, _name: &str, _operator: &Operator) -> Answer<Vec<api::DeviceChannel>> {
        Err(ControlError::Stopping)
    }
    fn close_channel(
        &self,
        _name: &str,
        _number: u64,
        _operator: &Operator,
    ) -> impl Future<Output = Answer<()>> + Send {
        async { Err(ControlError::Stopping) }
    }
    fn disconnect(
        &self,
        _name: &str,
        _operator: &Operator,
    ) -> impl Future<Output = Answer<()>> + Send {
        async { Err(ControlError::Stopping) }
    }
}

impl Operate for Control {
    fn by_token(&self, token: &str, source: SocketAddr) -> Result<Operator, api::Problem> {
        Control::by_token(self, token, source)
    }

    fn ready(&self) -> Answer<()> {
        Control::ready(self)
    }

    fn console(&self) -> Option<Console> {
        Some(Control::console(self))
    }

    fn take_kept_answers(&self) -> Vec<KeptAnswer> {
        Control::take_kept_answers(self)
    }

    async fn keep_answer(&self, change: OnceChange) -> Answer<()> {
        Control::keep_answer(self, change).await
    }

    fn accounts(&self) -> Answer<Accounts> {
        Ok(Control::accounts(self))
    }

    async fn status(&self, operator: &Operator) -> Answer<api::Status> {
        Control::status(self, operator).await
    }

    async fn devices(&self, query: &DeviceQuery, operator: &Operator) -> Answer<Vec<api::Device>> {
        Control::devices(self, query, operator).await
    }

    async fn search(&self, search: &DeviceSearch, operator: &Operator) -> Answer<DevicePage> {
        Control::search(self, search, operator).await
    }

    async fn device(&self, name: &str, operator: &Operator) -> Answer<api::Device> {
        Control::device(self, name, operator).await
    }

    async fn enroll(&self, request: api::Enroll, operator: &Operator) -> Answer<api::Enrolled> {
        Control::enroll(self, request, operator).await
    }

    async fn change(
        &self,
        name: &str,
        change: api::Change,
        operator: &Operator,
    ) -> Answer<api::Device> {
        Control::change(self, name, change, operator).await
    }

    async fn forget(&self, name: &str, operator: &Operator) -> Answer<()> {
        Control::forget(self, name, operator).await
    }

    async fn accept(&self, decision: api::Decision, operator: &Operator) -> Answer<api::Device> {
        Control::accept(self, decision, operator).await
    }

    async fn reject(&self, decision: api::Decision, operator: &Operator) -> Answer<api::Device> {
        Control::reject(self, decision, operator).await
    }

    async fn events(&self, query: &EventQuery, operator: &Operator) -> Answer<Vec<api::Event>> {
        Control::events(self, query, operator).await
    }

    fn subscribe(&self) -> broadcast::Receiver<api::Event> {
        Control::subscribe(self)
    }

    fn shows(&self, event: &api::Event, operator: &Operator) -> bool {
        Control::shows(self, event, operator)
    }

    fn may_ask(&self, name: &str, operator: &Operator) -> Answer<()> {
        Control::may_ask(self, name, operator)
    }

    fn is_in(&self, operator: &Operator) -> bool {
        Control::is_in(self, operator)
    }

    async fn rpc(
        &self,
        name: &str,
        operation: Bytes,
        timeout: Duration,
        operator: &Operator,
    ) -> Answer<RpcReply> {
        Control::rpc(self, name, operation, timeout, operator).await
    }

    fn channels(&self, name: &str, operator: &Operator) -> Answer<Vec<api::DeviceChannel>> {
        Control::channels(self, name, operator)
    }

    async fn close_channel(&self, name: &str, number: u64, operator: &Operator) -> Answer<()> {
        Control::close_channel(self, name, number, operator).await
    }

    async fn disconnect(&self, name: &str, operator: &Operator) -> Answer<()> {
        Control::disconnect(self, name, operator).await
    }
}
