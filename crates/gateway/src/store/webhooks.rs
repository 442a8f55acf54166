//! Webhooks in the store: where events go, how far they have gone, and the sealed secret that signs them.

use homing_proto::access::Selector;
use homing_proto::api::Timestamp;
use homing_proto::host_key::Secret;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::directory::Difference;
use super::error::WriteError;
use super::rows::RowError;
use super::seal::{Place, Sealer};

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookRecord {
    /// Its name.
    pub id: String,
    /// Where events are posted.
    pub url: String,
    /// Only events with these codes; empty: all.
    pub codes: Vec<String>,
    /// Only events of these devices.
    pub selector: Selector,
    /// What signs each delivery.
    pub secret: Secret,
    /// How far it has come.
    pub progress: WebhookProgress,
    /// Who added it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
}

/// How far a webhook has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebhookProgress {
    /// The last event that was delivered or passed over.
    pub after: u64,
    /// Deliveries that failed in a row.
    pub failures: u32,
    /// Why the last one failed.
    pub last_error: Option<String>,
    /// When one succeeded last.
    pub delivered_at: Option<Timestamp>,
}

/// One change of webhooks.
#[derive(Debug, Clone)]
pub enum WebhookChange {
    /// Adds one.
    Add(Box<WebhookRecord>),
    /// Takes one away.
    Remove(String),
    /// Notes how far one has come; nothing if it is gone.
    Progress(String, WebhookProgress),
    /// Notes that one took something at this moment: its failures are forgotten, and it goes on where it was.
    Revive(String, Timestamp),
}

const COLUMN: &str = "webhook";

/// Carries a change out inside a transaction; the webhook that it touched.
pub(super) fn apply(
    db: &Connection,
    sealer: &Sealer,
    change: WebhookChange,
) -> Result<String, WriteError> {
    match change {
        WebhookChange::Add(record) => {
            let place = Place { column: COLUMN, device: &record.id };
            let sealed = sealer.seal(place, record.secret.expose());
            let sealed =
                sealed.ok_or_else(|| WriteError::Database("can't seal the secret".to_owned()))?;
            let codes = record.codes.join(",");
            let selector = record.selector.to_string();
            db.execute(
                "INSERT INTO webhook (id, url, codes, selector, secret_sealed, after, failures, created_by, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8)",
                params![
                    record.id, record.url, codes, selector, sealed, record.progress.after,
                    record.created_by, record.created_at.as_microsecond()
                ],
            )?;
            Ok(record.id)
        }
        WebhookChange::Remove(id) => {
            db.execute("DELETE FROM webhook WHERE id = ?1", [&id])?;
            Ok(id)
        }
        WebhookChange::Progress(id, progress) => {
            let delivered_at = progress.delivered_at.map(Timestamp::as_microsecond);
            db.execute(
                "UPDATE webhook SET after = ?2, failures = ?3, last_error = ?4, delivered_at = ?5 WHERE id = ?1",
                params![id, progress.after, progress.failures, progress.last_error, delivered_at],
            )?;
            Ok(id)
        }
        WebhookChange::Revive(id, now) => {
            db.execute(
                "UPDATE webhook SET failures = 0, last_error = NULL, delivered_at = ?2 WHERE id = ?1",
                params![id, now.as_microsecond()],
            )?;
            Ok(id)
        }
    }
}

/// All of them, for memory.
pub(super) fn load(db: &Connection, sealer: &Sealer) -> Result<Vec<Difference>, RowError> {
    let mut statement = db.prepare("SELECT * FROM webhook")?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let record = record(row, sealer)?;
        all.push(Difference::Webhook(record.id.clone(), Some(Box::new(record))));
    }
    Ok(all)
}

/// One as it is; none: it is gone.
pub(super) fn difference(
    db: &Connection,
    sealer: &Sealer,
    id: String,
) -> Result<Difference, RowError> {
    let mut statement = db.prepare_cached("SELECT * FROM webhook WHERE id = ?1")?;
    let found = statement.query_row([&id], |row| Ok(record(row, sealer))).optional()?;
    Ok(Difference::Webhook(id, found.transpose()?.map(Box::new)))
}

fn record(row: &Row<'_>, sealer: &Sealer) -> Result<WebhookRecord, RowError> {
    let id: String = row.get("id")?;
    let damaged = |what: &str| RowError::Damaged(format!("webhook {id}: {what}"));
    let moment = |at: i64| Timestamp::from_microsecond(at).map_err(|_| damaged("its time"));
    let sealed: Vec<u8> = row.get("secret_sealed")?;
    let place = Place { column: COLUMN, device: &id };
    let secret = sealer.unseal(place, &sealed).map_err(|reason| RowError::Unsealable {
        device: id.clone(),
        what: "secret of the webhook",
        reason,
    })?;
    let codes: String = row.get("codes")?;
    let selector: String = row.get("selector")?;
    let delivered_at: Option<i64> = row.get("delivered_at")?;
    Ok(WebhookRecord {
        url: row.get("url")?,
        codes: codes.split(',').filter(|code| !code.is_empty()).map(str::to_owned).collect(),
        selector: Selector::parse(&selector).map_err(|_| damaged("its selector"))?,
        secret: Secret::new(secret.to_vec()),
        progress: WebhookProgress {
            after: row.get("after")?,
            failures: row.get("failures")?,
            last_error: row.get("last_error")?,
            delivered_at: delivered_at.map(moment).transpose()?,
        },
        created_by: row.get("created_by")?,
        created_at: moment(row.get("created_at")?)?,
        id,
    })
}
