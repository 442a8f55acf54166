//! What the routes of audit, recordings, metrics and webhooks ask of the gateway: [`Control`], or a stand-in for it in tests.

use std::future::Future;
use std::path::PathBuf;

use homing_proto::access::{Operator, Selector};
use homing_proto::api;
use homing_proto::audit::{Head, Report, Sealed};
use tokio::sync::broadcast;

use crate::control::{Control, ControlError};
use crate::store::{AuditQuery, Exported};

type Answer<T> = Result<T, ControlError>;

/// The operations behind the routes; [`Control`] documents each. A stand-in answers what its tests ask.
#[expect(missing_docs, reason = "each is documented at Control, which it mirrors")]
#[expect(unused_variables, reason = "a stand-in need not answer everything")]
pub trait Oversee: Send + Sync {
    fn audit(
        &self,
        query: AuditQuery,
        operator: &Operator,
    ) -> impl Future<Output = Answer<Vec<Sealed>>> + Send {
        async { Err(ControlError::Stopping) }
    }
    fn follow_audit(&self, operator: &Operator) -> Answer<broadcast::Receiver<Sealed>> {
        Err(ControlError::Stopping)
    }
    fn audit_head(&self, operator: &Operator) -> Answer<Head> {
        Err(ControlError::Stopping)
    }
    fn verify_audit(
        &self,
        noted: Option<Head>,
        operator: &Operator,
    ) -> impl Future<Output = Answer<Report>> + Send {
        async { Err(ControlError::Stopping) }
    }
    fn export_audit(
        &self,
        after: u64,
        limit: u32,
        is_first: bool,
        operator: &Operator,
    ) -> impl Future<Output = Answer<Vec<Exported>>> + Send {
        async { Err(ControlError::Stopping) }
    }
    fn blocks(&self, operator: &Operator) -> impl Future<Output = Answer<Vec<api::Block>>> + Send {
        async { Err(ControlError::Stopping) }
    }
    fn block(
        &self,
        asked: api::AddBlock,
        operator: &Operator,
    ) -> impl Future<Output = Answer<api::Block>> + Send {
        async { Err(ControlError::Stopping) }
    }
    fn unblock(
        &self,
        subject: &str,
        operator: &Operator,
    ) -> impl Future<Output = Answer<()>> + Send {
        async { Err(ControlError::Stopping) }
    }
    fn webhooks(
        &self,
        operator: &Operator,
    ) -> impl Future<Output = Answer<Vec<api::Webhook>>> + Send {
        async { Err(ControlError::Stopping) }
    }
    fn add_webhook(
        &self,
        request: api::AddWebhook,
        operator: &Operator,
    ) -> impl Future<Output = Answer<api::IssuedWebhook>> + Send {
        async { Err(ControlError::Stopping) }
    }
    fn remove_webhook(
        &self,
        id: &str,
        operator: &Operator,
    ) -> impl Future<Output = Answer<()>> + Send {
        async { Err(ControlError::Stopping) }
    }
    fn test_webhook(
        &self,
        id: &str,
        operator: &Operator,
    ) -> impl Future<Output = Answer<api::Webhook>> + Send {
        async { Err(ControlError::Stopping) }
    }
    fn recordings(&self, operator: &Operator) -> Answer<Vec<api::Recording>> {
        Err(ControlError::Stopping)
    }
    fn recording(&self, id: &str, operator: &Operator) -> Answer<(api::Recording, PathBuf)> {
        Err(ControlError::Stopping)
    }
    fn metrics(&self, operator: &Operator) -> impl Future<Output = Answer<String>> + Send {
        async { Err(ControlError::Stopping) }
    }
    fn device_metrics(
        &self,
        selector: &Selector,
        operator: &Operator,
    ) -> impl Future<Output = Answer<String>> + Send {
        async { Err(ControlError::Stopping) }
    }
}

impl Oversee for Control {
    async fn blocks(&self, operator: &Operator) -> Answer<Vec<api::Block>> {
        Control::blocks(self, operator).await
    }

    async fn block(&self, asked: api::AddBlock, operator: &Operator) -> Answer<api::Block> {
        Control::block(self, asked, operator).await
    }

    async fn unblock(&self, subject: &str, operator: &Operator) -> Answer<()> {
        Control::unblock(self, subject, operator).await
    }

    async fn audit(&self, query: AuditQuery, operator: &Operator) -> Answer<Vec<Sealed>> {
        Control::audit(self, query, operator).await
    }

    fn follow_audit(&self, operator: &Operator) -> Answer<broadcast::Receiver<Sealed>> {
        Control::follow_audit(self, operator)
    }

    fn audit_head(&self, operator: &Operator) -> Answer<Head> {
        Control::audit_head(self, operator)
    }

    async fn verify_audit(&self, noted: Option<Head>, operator: &Operator) -> Answer<Report> {
        Control::verify_audit(self, noted, operator).await
    }

    async fn export_audit(
        &self,
        after: u64,
        limit: u32,
        is_first: bool,
        operator: &Operator,
    ) -> Answer<Vec<Exported>> {
        Control::export_audit(self, after, limit, is_first, operator).await
    }

    async fn webhooks(&self, operator: &Operator) -> Answer<Vec<api::Webhook>> {
        Control::webhooks(self, operator).await
    }

    async fn add_webhook(
        &self,
        request: api::AddWebhook,
        operator: &Operator,
    ) -> Answer<api::IssuedWebhook> {
        Control::add_webhook(self, request, operator).await
    }

    async fn remove_webhook(&self, id: &str, operator: &Operator) -> Answer<()> {
        Control::remove_webhook(self, id, operator).await
    }

    async fn test_webhook(&self, id: &str, operator: &Operator) -> Answer<api::Webhook> {
        Control::test_webhook(self, id, operator).await
    }

    fn recordings(&self, operator: &Operator) -> Answer<Vec<api::Recording>> {
        Control::recordings(self, operator)
    }

    fn recording(&self, id: &str, operator: &Operator) -> Answer<(api::Recording, PathBuf)> {
        Control::recording(self, id, operator)
    }

    async fn metrics(&self, operator: &Operator) -> Answer<String> {
        Control::metrics(self, operator).await
    }

    async fn device_metrics(&self, selector: &Selector, operator: &Operator) -> Answer<String> {
        Control::device_metrics(self, selector, operator).await
    }
}
