//! All devices and pending keys in memory: what admission asks, without touching the disk.
//!
//! Loaded when the store opens, and changed by the writer after each commit, so it never shows what a crash could
//! take back.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use homing_proto::api::Timestamp;
use homing_proto::host_key::Fingerprint;
use homing_proto::identity::{DeviceId, DeviceName};

use super::accounts::{self, Accounts};
use super::record::{BlockedSource, DeviceRecord, PendingKey, PendingRecord, RejectedKey};
use super::web;
use super::webhooks::WebhookRecord;

/// Devices by name, device-id and pinned key; pending and rejected keys, blocked addresses; users and tokens.
#[derive(Debug, Default)]
pub(super) struct Directory {
    devices: BTreeMap<DeviceName, Arc<DeviceRecord>>,
    by_device_id: HashMap<DeviceId, BTreeSet<DeviceName>>,
    by_key: HashMap<Fingerprint, BTreeSet<DeviceName>>,
    pending: BTreeMap<PendingKey, Arc<PendingRecord>>,
    rejected: HashMap<Fingerprint, Arc<RejectedKey>>,
    blocked: BTreeMap<IpAddr, Arc<BlockedSource>>,
    pub(super) accounts: Accounts,
    webhooks: BTreeMap<String, Arc<WebhookRecord>>,
    pub(super) console: web::Console,
}

/// One committed difference.
#[derive(Debug)]
pub(super) enum Difference {
    /// A device as it is; none: it is gone.
    Device(DeviceName, Option<DeviceRecord>),
    /// A session proved a key.
    Seen(DeviceName, Fingerprint, Timestamp),
    /// A pending key as it is; none: it is gone.
    Pending(PendingKey, Option<PendingRecord>),
    /// A stranger's key was turned down, or is no longer.
    Rejected(Fingerprint, Option<RejectedKey>),
    /// An address was blocked, or is no longer.
    Blocked(IpAddr, Option<BlockedSource>),
    /// Of a user or token.
    Account(accounts::Difference),
    /// A webhook as it is; none: it is gone.
    Webhook(String, Option<Box<WebhookRecord>>),
    /// Of what the web console keeps.
    Web(web::Difference),
}

impl Directory {
    pub(super) fn webhooks(&self) -> impl Iterator<Item = &Arc<WebhookRecord>> {
        self.webhooks.values()
    }

    pub(super) fn webhook(&self, id: &str) -> Option<&Arc<WebhookRecord>> {
        self.webhooks.get(id)
    }

    pub(super) fn devices(&self) -> impl ExactSizeIterator<Item = &Arc<DeviceRecord>> {
        self.devices.values()
    }

    pub(super) fn device(&self, name: &DeviceName) -> Option<&Arc<DeviceRecord>> {
        self.devices.get(name)
    }

    pub(super) fn by_device_id(&self, id: &DeviceId) -> Vec<Arc<DeviceRecord>> {
        let names = self.by_device_id.get(id).into_iter().flatten();
        names.filter_map(|name| self.devices.get(name).cloned()).collect()
    }

    pub(super) fn by_key(&self, key: &Fingerprint) -> Vec<Arc<DeviceRecord>> {
        let names = self.by_key.get(key).into_iter().flatten();
        names.filter_map(|name| self.devices.get(name).cloned()).collect()
    }

    pub(super) fn pending(&self) -> impl ExactSizeIterator<Item = &Arc<PendingRecord>> {
        self.pending.values()
    }

    pub(super) fn rejected(&self, key: &Fingerprint) -> Option<&Arc<RejectedKey>> {
        self.rejected.get(key)
    }

    pub(super) fn all_rejected(&self) -> impl Iterator<Item = &Arc<RejectedKey>> {
        self.rejected.values()
    }

    pub(super) fn is_blocked(&self, source: &IpAddr) -> bool {
        self.blocked.contains_key(source)
    }

    pub(super) fn blocked(&self) -> impl Iterator<Item = &Arc<BlockedSource>> {
        self.blocked.values()
    }

    pub(super) fn apply(&mut self, difference: Difference) {
        match difference {
            Difference::Device(name, record) => {
                self.remove(&name);
                if let Some(record) = record {
                    self.put(record);
                }
            }
            Difference::Seen(name, key, at) => self.see(&name, &key, at),
            Difference::Pending(id, Some(record)) => {
                self.pending.insert(id, Arc::new(record));
            }
            Difference::Pending(id, None) => {
                self.pending.remove(&id);
            }
            Difference::Rejected(key, Some(record)) => {
                self.rejected.insert(key, Arc::new(record));
            }
            Difference::Rejected(key, None) => {
                self.rejected.remove(&key);
            }
            Difference::Blocked(source, Some(record)) => {
                self.blocked.insert(source, Arc::new(record));
            }
            Difference::Blocked(source, None) => {
                self.blocked.remove(&source);
            }
            Difference::Account(difference) => self.accounts.apply(difference),
            Difference::Web(difference) => self.console.apply(difference),
            Difference::Webhook(id, Some(record)) => {
                self.webhooks.insert(id, Arc::new(*record));
            }
            Difference::Webhook(id, None) => {
                self.webhooks.remove(&id);
            }
        }
    }

    fn put(&mut self, record: DeviceRecord) {
        if let Some(id) = &record.device_id {
            self.by_device_id.entry(id.clone()).or_default().insert(record.name.clone());
        }
        for key in record.pinned() {
            let names = self.by_key.entry(key.fingerprint).or_default();
            names.insert(record.name.clone());
        }
        self.devices.insert(record.name.clone(), Arc::new(record));
    }

    fn remove(&mut self, name: &DeviceName) {
        let Some(old) = self.devices.remove(name) else { return };
        if let Some(id) = &old.device_id
            && let Some(names) = self.by_device_id.get_mut(id)
        {
            names.remove(name);
            if names.is_empty() {
                self.by_device_id.remove(id);
            }
        }
        for key in old.pinned() {
            if let Some(names) = self.by_key.get_mut(&key.fingerprint) {
                names.remove(name);
                if names.is_empty() {
                    self.by_key.remove(&key.fingerprint);
                }
            }
        }
    }

    fn see(&mut self, name: &DeviceName, fingerprint: &Fingerprint, at: Timestamp) {
        let Some(record) = self.devices.get_mut(name) else { return };
        let record = Arc::make_mut(record);
        for key in record.keys.iter_mut().filter(|key| key.fingerprint == *fingerprint) {
            key.last_seen = key.last_seen.max(Some(at));
        }
    }
}
