//! The answers to admission's questions.

use std::net::IpAddr;
use std::sync::Arc;

use homing_proto::admission::{KnownDevice, LookUp, Record};
use homing_proto::api::Timestamp;
use homing_proto::identity::ClientId;

use super::{DeviceRecord, Store};
use crate::stanza::CLIENT_ID;

impl From<&DeviceRecord> for KnownDevice {
    fn from(record: &DeviceRecord) -> Self {
        Self {
            device_id: record.device_id.clone(),
            secret: record.secret.clone(),
            old_secret: record.old_secret_at(Timestamp::now()).cloned(),
            keys: record.pinned().map(|key| key.key.clone()).collect(),
            listener: record.listener.clone(),
            blocked: record.blocked,
            client_id: ClientId::new(CLIENT_ID).ok(),
            ..Self::new(record.name.clone())
        }
    }
}

impl Store {
    /// What is known of a device-id or a key, and of the address that it came from.
    #[must_use]
    pub fn look_up(&self, question: &LookUp, source: &IpAddr) -> Record {
        let known = |record: &Arc<DeviceRecord>| KnownDevice::from(&**record);
        let source_blocked = self.is_blocked(source);
        match question {
            LookUp::DeviceId(id) => Record {
                devices: self.by_device_id(id).iter().map(known).collect(),
                rejected: false,
                source_blocked,
            },
            LookUp::Key(key) => Record {
                devices: self.by_host_key(key).iter().map(known).collect(),
                rejected: self.is_rejected(&key.fingerprint()),
                source_blocked,
            },
        }
    }
}
