//! What the routes ask of the gateway: [`Control`], or a stand-in for it in tests.

use std::fmt::Debug;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use homing_proto::access::Operator;
use homing_proto::api;
use tokio::sync::broadcast;

use crate::control::{Control, ControlError, DeviceQuery, EventQuery, RpcReply};

/// The answer to a question that the gateway may refuse.
type Answer<T> = Result<T, ControlError>;

/// The operations behind the routes; [`Control`] documents each.
#[expect(missing_docs, reason = "each is documented at Control, which it mirrors")]
pub trait Operate: Clone + Debug + Send + Sync + 'static {
    fn by_token(&self, token: &str, source: SocketAddr) -> Result<Operator, api::Problem>;
    fn ready(&self) -> Answer<()>;
    fn status(&self) -> impl Future<Output = Answer<api::Status>> + Send;
    fn devices(&self, query: &DeviceQuery)
    -> impl Future<Output = Answer<Vec<api::Device>>> + Send;
    fn device(&self, name: &str) -> impl Future<Output = Answer<api::Device>> + Send;
    fn enroll(
        &self,
        request: api::Enroll,
        actor: &str,
    ) -> impl Future<Output = Answer<api::Enrolled>> + Send;
    fn change(
        &self,
        name: &str,
        change: api::Change,
        actor: &str,
    ) -> impl Future<Output = Answer<api::Device>> + Send;
    fn forget(&self, name: &str, actor: &str) -> impl Future<Output = Answer<()>> + Send;
    fn accept(
        &self,
        decision: api::Decision,
        actor: &str,
    ) -> impl Future<Output = Answer<api::Device>> + Send;
    fn reject(
        &self,
        decision: api::Decision,
        actor: &str,
    ) -> impl Future<Output = Answer<api::Device>> + Send;
    fn events(&self, query: &EventQuery) -> impl Future<Output = Answer<Vec<api::Event>>> + Send;
    fn subscribe(&self) -> broadcast::Receiver<api::Event>;
    fn rpc(
        &self,
        name: &str,
        operation: Bytes,
        timeout: Duration,
        actor: &str,
    ) -> impl Future<Output = Answer<RpcReply>> + Send;
}

impl Operate for Control {
    fn by_token(&self, token: &str, source: SocketAddr) -> Result<Operator, api::Problem> {
        Control::by_token(self, token, source)
    }

    fn ready(&self) -> Answer<()> {
        Control::ready(self)
    }

    async fn status(&self) -> Answer<api::Status> {
        Control::status(self).await
    }

    async fn devices(&self, query: &DeviceQuery) -> Answer<Vec<api::Device>> {
        Control::devices(self, query).await
    }

    async fn device(&self, name: &str) -> Answer<api::Device> {
        Control::device(self, name).await
    }

    async fn enroll(&self, request: api::Enroll, actor: &str) -> Answer<api::Enrolled> {
        Control::enroll(self, request, actor).await
    }

    async fn change(&self, name: &str, change: api::Change, actor: &str) -> Answer<api::Device> {
        Control::change(self, name, change, actor).await
    }

    async fn forget(&self, name: &str, actor: &str) -> Answer<()> {
        Control::forget(self, name, actor).await
    }

    async fn accept(&self, decision: api::Decision, actor: &str) -> Answer<api::Device> {
        Control::accept(self, decision, actor).await
    }

    async fn reject(&self, decision: api::Decision, actor: &str) -> Answer<api::Device> {
        Control::reject(self, decision, actor).await
    }

    async fn events(&self, query: &EventQuery) -> Answer<Vec<api::Event>> {
        Control::events(self, query).await
    }

    fn subscribe(&self) -> broadcast::Receiver<api::Event> {
        Control::subscribe(self)
    }

    async fn rpc(
        &self,
        name: &str,
        operation: Bytes,
        timeout: Duration,
        actor: &str,
    ) -> Answer<RpcReply> {
        Control::rpc(self, name, operation, timeout, actor).await
    }
}
