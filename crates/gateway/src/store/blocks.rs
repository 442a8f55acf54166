//! What operators shut out: keys of strangers, and addresses.
//!
//! ```text
//!   rejected_key     whoever proves the key is refused, until it is pinned or unblocked
//!   blocked_source   from the address only enrolled devices are taken in, until it is unblocked
//! ```
//!
//! Only operators add to them, so they are small; both are in memory as a whole.

use std::net::IpAddr;
use std::sync::Arc;

use homing_proto::host_key::Fingerprint;
use homing_proto::identity::DeviceId;
use rusqlite::{Connection, params};

use super::Store;
use super::change::{Applier, Touched};
use super::error::WriteError;
use super::record::{BlockedSource, RejectedKey};
use super::rows::{RowError, moment, optional, text};

type Done = Result<(), WriteError>;

impl Applier<'_> {
    pub(super) fn reject(&self, rejected: RejectedKey, touched: &mut Touched) -> Done {
        let fingerprint = rejected.key.fingerprint();
        self.db
            .prepare_cached(
                "INSERT INTO rejected_key (fingerprint, key, device_id, operator, at) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO UPDATE SET device_id = excluded.device_id, operator = excluded.operator, at = excluded.at",
            )?
            .execute(params![
                fingerprint.to_string(),
                rejected.key.text(),
                rejected.device_id.as_ref().map(DeviceId::as_str),
                rejected.operator,
                rejected.at.as_microsecond()
            ])?;
        touched.rejected.push((fingerprint, Some(rejected)));
        Ok(())
    }

    pub(super) fn unreject(&self, fingerprint: Fingerprint, touched: &mut Touched) -> Done {
        self.db
            .prepare_cached("DELETE FROM rejected_key WHERE fingerprint = ?1")?
            .execute([fingerprint.to_string()])?;
        touched.rejected.push((fingerprint, None));
        Ok(())
    }

    pub(super) fn block_source(&self, blocked: BlockedSource, touched: &mut Touched) -> Done {
        let source = blocked.source;
        self.db
            .prepare_cached(
                "INSERT INTO blocked_source (source, device_id, operator, at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET device_id = excluded.device_id, operator = excluded.operator, at = excluded.at",
            )?
            .execute(params![
                source.to_string(),
                blocked.device_id.as_ref().map(DeviceId::as_str),
                blocked.operator,
                blocked.at.as_microsecond()
            ])?;
        touched.blocked.push((source, Some(blocked)));
        Ok(())
    }

    pub(super) fn unblock_source(&self, source: IpAddr, touched: &mut Touched) -> Done {
        self.db
            .prepare_cached("DELETE FROM blocked_source WHERE source = ?1")?
            .execute([source.to_string()])?;
        touched.blocked.push((source, None));
        Ok(())
    }
}

/// The keys of strangers that an operator turned down.
pub(super) fn rejected(db: &Connection) -> Result<Vec<RejectedKey>, RowError> {
    let mut statement = db.prepare("SELECT key, device_id, operator, at FROM rejected_key")?;
    let mut rows = statement.query([])?;
    let mut rejected = Vec::new();
    while let Some(row) = rows.next()? {
        rejected.push(RejectedKey {
            key: text(row, "key")?,
            device_id: optional(row, "device_id")?,
            operator: row.get("operator")?,
            at: moment(row, "at")?,
        });
    }
    Ok(rejected)
}

/// The addresses that an operator blocked.
pub(super) fn sources(db: &Connection) -> Result<Vec<BlockedSource>, RowError> {
    let mut statement = db.prepare("SELECT source, device_id, operator, at FROM blocked_source")?;
    let mut rows = statement.query([])?;
    let mut sources = Vec::new();
    while let Some(row) = rows.next()? {
        sources.push(BlockedSource {
            source: text(row, "source")?,
            device_id: optional(row, "device_id")?,
            operator: row.get("operator")?,
            at: moment(row, "at")?,
        });
    }
    Ok(sources)
}

impl Store {
    /// Whether an operator turned this stranger's key down.
    #[must_use]
    pub fn is_rejected(&self, key: &Fingerprint) -> bool {
        self.rejected(key).is_some()
    }

    /// A key that an operator turned down.
    #[must_use]
    pub fn rejected(&self, key: &Fingerprint) -> Option<Arc<RejectedKey>> {
        self.shared.state.directory().rejected(key).cloned()
    }

    /// All of them.
    #[must_use]
    pub fn all_rejected(&self) -> Vec<Arc<RejectedKey>> {
        self.shared.state.directory().all_rejected().cloned().collect()
    }

    /// Whether an operator blocked this address.
    #[must_use]
    pub fn is_blocked(&self, source: &IpAddr) -> bool {
        self.shared.state.directory().is_blocked(source)
    }

    /// All addresses that are blocked.
    #[must_use]
    pub fn blocked_sources(&self) -> Vec<Arc<BlockedSource>> {
        self.shared.state.directory().blocked().cloned().collect()
    }
}
