//! Webhooks: events sent to a URL.

use serde::{Deserialize, Serialize};

use super::{Password, Timestamp};
use crate::access::Selector;

/// Asks for events to be sent to a URL from here on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AddWebhook {
    /// Where each event is posted: `https://…` or `http://…`.
    pub url: String,
    /// Only events with these codes; empty: all.
    #[serde(default)]
    pub codes: Vec<String>,
    /// Only events of these devices; default: all events, those of no device too.
    #[serde(default)]
    pub selector: Selector,
}

/// A webhook, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Webhook {
    /// Its name.
    pub id: String,
    /// Where events are posted.
    pub url: String,
    /// Only events with these codes; empty: all.
    pub codes: Vec<String>,
    /// Only events of these devices.
    pub selector: Selector,
    /// How it fares.
    pub state: WebhookState,
    /// The last event that was delivered or passed over.
    pub after: u64,
    /// Deliveries that failed in a row.
    pub failures: u32,
    /// Why the last one failed.
    pub last_error: Option<String>,
    /// When one succeeded last.
    pub delivered_at: Option<Timestamp>,
    /// Who added it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
}

/// How a webhook fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum WebhookState {
    /// Deliveries succeed.
    Active,
    /// The last delivery failed; it is tried again.
    Failing,
    /// Too many failed in a row: nothing is tried any more.
    Dead,
}

impl WebhookState {
    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Failing => "failing",
            Self::Dead => "dead",
        }
    }
}

/// A webhook's secret, shown this once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IssuedWebhook {
    /// What signs each delivery.
    pub secret: Password,
    /// The webhook.
    pub details: Webhook,
}
