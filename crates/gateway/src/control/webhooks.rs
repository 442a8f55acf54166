//! Webhooks, managed: every change is recorded with who made it.

use homing_proto::access::{Operator, Right};
use homing_proto::api::{self, Timestamp, WebhookState};
use homing_proto::hex::hex;
use homing_proto::host_key::Secret;

use super::{Control, ControlError, EventQuery, allow};
use crate::store::{Change, WebhookChange, WebhookProgress, WebhookRecord};
use crate::{audit, random, timeline, webhooks};

/// The most webhooks: each is a task that reads events.
const MOST: usize = 64;
/// The most codes of one.
const MOST_CODES: usize = 64;

impl Control {
    /// All webhooks.
    ///
    /// # Errors
    /// The operator does not administer the gateway.
    pub async fn webhooks(&self, operator: &Operator) -> Result<Vec<api::Webhook>, ControlError> {
        allow::anywhere(operator, Right::Administer)?;
        Ok(self.shared.store.webhooks().iter().map(|record| shown(record)).collect())
    }

    /// Adds a webhook; it gets what happens from here on.
    ///
    /// # Errors
    /// The operator may not, or something in the request does not fit.
    pub async fn add_webhook(
        &self,
        request: api::AddWebhook,
        operator: &Operator,
    ) -> Result<api::IssuedWebhook, ControlError> {
        self.administers(operator)?;
        let invalid = |message: String| ControlError::Invalid { message, hint: None };
        webhooks::check(&request.url).map_err(|expected| invalid(format!("url: {expected}")))?;
        let is_code = |code: &String| {
            !code.is_empty()
                && code.bytes().all(|b| b.is_ascii_lowercase() || b"-0123456789".contains(&b))
        };
        if request.codes.len() > MOST_CODES || !request.codes.iter().all(is_code) {
            return Err(invalid(format!("codes: expected at most {MOST_CODES} codes of events")));
        }
        if self.shared.store.webhooks().len() >= MOST {
            let message = format!("there are {MOST} webhooks already");
            return Err(ControlError::Conflict {
                message,
                hint: Some("homing api GET webhooks".into()),
            });
        }
        let latest = EventQuery { limit: Some(1), ..EventQuery::default() };
        let latest = self.events(&latest, operator).await?;
        let secret = format!("whs_{}", hex(&*random::bytes::<32>()?));
        let record = WebhookRecord {
            id: format!("wh_{}", hex(&*random::bytes::<5>()?)),
            url: request.url,
            codes: request.codes,
            selector: request.selector,
            secret: Secret::new(secret.clone()),
            progress: WebhookProgress {
                after: latest.last().map_or(0, |event| event.id),
                ..WebhookProgress::default()
            },
            created_by: operator.name().to_owned(),
            created_at: Timestamp::now(),
        };
        let details = shown(&record);
        let done = format!("added webhook {} to {}", record.id, webhooks::origin(&record.url));
        let change = WebhookChange::Add(Box::new(record));
        self.write_webhook(change, "webhook-added", &done, operator).await?;
        Ok(api::IssuedWebhook { secret: api::Password::new(secret), details })
    }

    /// Takes a webhook away.
    ///
    /// # Errors
    /// The operator may not, or there is none of that name.
    pub async fn remove_webhook(&self, id: &str, operator: &Operator) -> Result<(), ControlError> {
        let record = self.webhook(id, operator)?;
        let done = format!("removed webhook {} to {}", record.id, webhooks::origin(&record.url));
        let change = WebhookChange::Remove(record.id.clone());
        self.write_webhook(change, "webhook-removed", &done, operator).await
    }

    /// Delivers a trial event at once, and sets a dead webhook going again.
    ///
    /// # Errors
    /// The operator may not, there is none of that name, or the delivery failed.
    pub async fn test_webhook(
        &self,
        id: &str,
        operator: &Operator,
    ) -> Result<api::Webhook, ControlError> {
        let record = self.webhook(id, operator)?;
        let event = timeline::event("webhook-test", "a trial, asked for by an operator");
        let now = Timestamp::now();
        let posted = webhooks::post(&record.url, &record.id, record.secret.expose(), now, &event);
        posted.await.map_err(|reason| ControlError::Invalid {
            message: format!("{} did not take it: {reason}", webhooks::origin(&record.url)),
            hint: None,
        })?;
        let change = WebhookChange::Revive(record.id.clone(), now);
        self.shared.store.write(vec![Change::Webhook(change)]).await?;
        self.webhook(id, operator).map(|record| shown(&record))
    }

    fn webhook(
        &self,
        id: &str,
        operator: &Operator,
    ) -> Result<std::sync::Arc<WebhookRecord>, ControlError> {
        self.administers(operator)?;
        self.shared.store.webhook(id).ok_or_else(|| ControlError::UnknownWebhook(id.to_owned()))
    }

    async fn write_webhook(
        &self,
        change: WebhookChange,
        code: &str,
        done: &str,
        operator: &Operator,
    ) -> Result<(), ControlError> {
        let event = timeline::by_operator(None, code, done, operator);
        let entry = homing_proto::audit::Entry {
            message: event.message.clone(),
            ..audit::by(operator, code)
        };
        let record = Change::Record(Box::new(event.clone()));
        let changes = vec![Change::Webhook(change), record, audit::change(entry)];
        self.shared.store.write(changes).await?;
        timeline::log(&event);
        Ok(())
    }
}

fn shown(record: &WebhookRecord) -> api::Webhook {
    let progress = record.progress.clone();
    let state = match progress.failures {
        0 => WebhookState::Active,
        _ if webhooks::is_dead(record) => WebhookState::Dead,
        _ => WebhookState::Failing,
    };
    api::Webhook {
        id: record.id.clone(),
        url: record.url.clone(),
        codes: record.codes.clone(),
        selector: record.selector.clone(),
        state,
        after: progress.after,
        failures: progress.failures,
        last_error: progress.last_error,
        delivered_at: progress.delivered_at,
        created_by: record.created_by.clone(),
        created_at: record.created_at,
    }
}
