//! What is shut out: keys that were turned down, and addresses from which only enrolled devices are taken in.
//!
//! ```text
//!   reject KEY --block ──▶ the key is rejected ─┬─ of a stranger: its address is blocked, and what waits from there goes
//!                                               └─ of an enrolled device: the device is blocked
//!   unblock KEY|ADDRESS ──▶ its next attempt waits for a decision again
//! ```

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use homing_proto::access::{Operator, Right};
use homing_proto::api::{AddBlock, Block, BlockKind, Timestamp};
use homing_proto::host_key::Fingerprint;
use homing_proto::identity::DeviceId;

use super::{Control, ControlError, allow};
use crate::shared::Decided;
use crate::store::{BlockedSource, Change, PendingRecord};
use crate::{audit, timeline};

/// The most addresses: each was chosen by a person.
const MOST: usize = 4096;

impl Control {
    /// What is shut out and the operator sees, newest first.
    pub async fn blocks(&self, operator: &Operator) -> Result<Vec<Block>, ControlError> {
        let store = &self.shared.store;
        let sees = |id: Option<&DeviceId>| allow::stranger(operator, id, Right::View).is_ok();
        let keys = store.all_rejected().into_iter().filter(|one| sees(one.device_id.as_ref()));
        let keys = keys.map(|one| Block {
            subject: one.key.fingerprint().to_string(),
            kind: BlockKind::Key,
            device_id: one.device_id.clone(),
            by: one.operator.clone(),
            at: one.at,
        });
        let sources = store.blocked_sources().into_iter().filter(|_| sees(None));
        let sources = sources.map(|one| Block {
            subject: one.source.to_string(),
            kind: BlockKind::Source,
            device_id: one.device_id.clone(),
            by: Some(one.operator.clone()),
            at: one.at,
        });
        let mut blocks: Vec<_> = keys.chain(sources).collect();
        blocks.sort_by(|one, other| (other.at, &one.subject).cmp(&(one.at, &other.subject)));
        Ok(blocks)
    }

    /// Blocks an address.
    ///
    /// # Errors
    /// The operator does not administer the gateway, or there are too many.
    pub async fn block(&self, asked: AddBlock, operator: &Operator) -> Result<Block, ControlError> {
        let source = asked.source.to_canonical();
        self.may_block(operator)?;
        let waiting = self.strangers_of(source);
        self.shared.store.write(blocking(source, None, &waiting, operator)).await?;
        self.turn_away(&waiting);
        let subject = source.to_string();
        let blocks = self.blocks(operator).await?;
        let found = blocks.into_iter().find(|block| block.subject == subject);
        found.ok_or(ControlError::UnknownBlock(subject))
    }

    /// Ends a block: of a key by its fingerprint, or of an address.
    ///
    /// # Errors
    /// The operator may not, or nothing of that kind is blocked.
    pub async fn unblock(&self, subject: &str, operator: &Operator) -> Result<(), ControlError> {
        let unknown = || ControlError::UnknownBlock(subject.to_owned());
        let (change, code, done) = match subject.parse::<IpAddr>() {
            Ok(source) => {
                let source = source.to_canonical();
                self.administers(operator)?;
                if !self.shared.store.is_blocked(&source) {
                    return Err(unknown());
                }
                (Change::UnblockSource(source), "address-unblocked", format!("unblocked {source}"))
            }
            Err(_) => {
                let key: Fingerprint = subject.parse().map_err(|_| unknown())?;
                let rejected = self.shared.store.rejected(&key).ok_or_else(unknown)?;
                allow::stranger(operator, rejected.device_id.as_ref(), Right::Administer)
                    .map_err(|denied| self.denied(operator, None, Right::Administer, denied))?;
                (Change::UnrejectKey(key), "key-unblocked", format!("unblocked the host key {key}"))
            }
        };
        let event = timeline::by_operator(None, code, &done, operator);
        let entry = audit::by(operator, code).saying(&event.message);
        let changes = vec![change, audit::change(entry), Change::Record(Box::new(event.clone()))];
        self.shared.store.write(changes).await?;
        timeline::log(&event);
        Ok(())
    }

    /// An address is everybody's who comes from there.
    pub(super) fn may_block(&self, operator: &Operator) -> Result<(), ControlError> {
        self.administers(operator)?;
        match self.shared.store.blocked_sources().len() < MOST {
            true => Ok(()),
            false => Err(ControlError::Conflict {
                message: format!("{MOST} addresses are blocked already"),
                hint: Some("homing device blocks".to_owned()),
            }),
        }
    }

    /// Connections that wait for a decision are told.
    pub(super) fn turn_away(&self, waiting: &[Arc<PendingRecord>]) {
        for one in waiting {
            // Nobody may be waiting for it just now.
            let key = one.key.fingerprint();
            let _ = self.shared.decisions.send(Decided { key, device: None });
        }
    }

    /// Strangers' keys that wait, and came from this address last.
    pub(super) fn strangers_of(&self, source: IpAddr) -> Vec<Arc<PendingRecord>> {
        let mut waiting = self.shared.store.pending();
        waiting.retain(|one| one.device.is_none() && address(&one.source) == Some(source));
        waiting
    }
}

/// What blocks an address: strangers that wait from there wait no longer.
pub(super) fn blocking(
    source: IpAddr,
    device_id: Option<DeviceId>,
    waiting: &[Arc<PendingRecord>],
    operator: &Operator,
) -> Vec<Change> {
    let done = format!("blocked {source}: only enrolled devices are taken in from there");
    let event = timeline::by_operator(None, "address-blocked", &done, operator);
    let entry = audit::by(operator, "address-blocked").saying(&event.message);
    timeline::log(&event);
    let (operator, at) = (operator.name().to_owned(), Timestamp::now());
    let blocked = BlockedSource { source, device_id, operator, at };
    let mut changes = vec![
        audit::change(entry),
        Change::BlockSource(Box::new(blocked)),
        Change::Record(Box::new(event)),
    ];
    changes.extend(waiting.iter().map(|one| Change::TakePending(one.id())));
    changes
}

/// The address of `ip:port`.
pub(super) fn address(source: &str) -> Option<IpAddr> {
    source.parse::<SocketAddr>().ok().map(|source| source.ip().to_canonical())
}
