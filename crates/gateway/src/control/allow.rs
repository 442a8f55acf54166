//! Who may: asked before anything is done, and before anything is shown.
//!
//! ```text
//!   device, known       the grants on its name and labels
//!   device, unknown     the grants on its name: who may not see it is not told whether it is there
//!   pending key         of a device: as the device; of a stranger: the grants on the name it would get
//!   the gateway         the grants on every device
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use homing_proto::access::{Denied, Operator, Right, Tags};
use homing_proto::api::{Event, Timestamp};
use homing_proto::identity::{DeviceId, DeviceName};

use super::{Control, ControlError, decide};
use crate::store::{DeviceRecord, PendingRecord};

/// On a device.
pub(super) fn on(operator: &Operator, device: &DeviceRecord, right: Right) -> Result<(), Denied> {
    named(operator, &device.name, &device.tags, right)
}

/// On a device of this name with these labels, known or not.
pub(super) fn named(
    operator: &Operator,
    name: &DeviceName,
    tags: &Tags,
    right: Right,
) -> Result<(), Denied> {
    operator.on(name, tags, right, Timestamp::now())
}

/// On the gateway itself.
pub(super) fn anywhere(operator: &Operator, right: Right) -> Result<(), Denied> {
    operator.anywhere(right, Timestamp::now())
}

/// On what nobody enrolled yet.
pub(super) fn stranger(
    operator: &Operator,
    device_id: Option<&DeviceId>,
    right: Right,
) -> Result<(), Denied> {
    match device_id.map(|id| DeviceName::new(id.as_str())) {
        Some(Ok(name)) => named(operator, &name, &BTreeMap::new(), right),
        _ => anywhere(operator, right),
    }
}

/// Whether an event is of something that the operator sees. A device that was forgotten has no labels.
pub(super) fn sees_event(
    operator: &Operator,
    event: &Event,
    device: impl FnOnce(&DeviceName) -> Option<Arc<DeviceRecord>>,
) -> bool {
    let Some(name) = &event.device else { return anywhere(operator, Right::View).is_ok() };
    let record = device(name);
    let none = BTreeMap::new();
    let tags = record.as_ref().map_or(&none, |record| &record.tags);
    named(operator, name, tags, Right::View).is_ok()
}

impl Control {
    pub(super) fn record(&self, name: &str) -> Option<Arc<DeviceRecord>> {
        self.shared.store.device(&DeviceName::new(name).ok()?)
    }

    /// The enrolled device of that name, if the operator has `right` on it.
    pub(super) fn known(
        &self,
        name: &str,
        operator: &Operator,
        right: Right,
    ) -> Result<Arc<DeviceRecord>, ControlError> {
        match self.record(name) {
            Some(record) => match on(operator, &record, right) {
                Ok(()) => Ok(record),
                Err(denied) => Err(self.denied(operator, Some(&record.name), right, denied)),
            },
            None => Err(self.unknown(name, operator)),
        }
    }

    fn unknown(&self, name: &str, operator: &Operator) -> ControlError {
        let denied = match DeviceName::new(name) {
            Ok(name) => named(operator, &name, &BTreeMap::new(), Right::View),
            Err(_) => anywhere(operator, Right::View),
        };
        match denied {
            Ok(()) => ControlError::UnknownDevice(name.to_owned()),
            Err(denied) => denied.into(),
        }
    }

    /// The pending key that `subject` means, if the operator has `right` on whose it is.
    pub(super) fn waiting(
        &self,
        subject: &str,
        operator: &Operator,
        right: Right,
    ) -> Result<Arc<PendingRecord>, ControlError> {
        let found = decide::find(&self.shared.store, subject, |pending| {
            self.on_pending(operator, pending, Right::View).is_ok()
        });
        let pending = found.map_err(|error| match error {
            ControlError::NothingPending(_) => match self.unknown(subject, operator) {
                ControlError::UnknownDevice(_) => error,
                denied => denied,
            },
            error => error,
        })?;
        match self.on_pending(operator, &pending, right) {
            Ok(()) => Ok(pending),
            Err(denied) => Err(self.denied(operator, pending.device.as_ref(), right, denied)),
        }
    }

    fn on_pending(
        &self,
        operator: &Operator,
        pending: &PendingRecord,
        right: Right,
    ) -> Result<(), Denied> {
        let device = pending.device.as_ref().and_then(|name| self.shared.store.device(name));
        match device {
            Some(record) => on(operator, &record, right),
            None => stranger(operator, pending.device_id.as_ref(), right),
        }
    }

    /// Whether the operator may decide on a key that is to be of the device `name`.
    pub(super) fn may_decide(&self, operator: &Operator, name: &DeviceName) -> Result<(), Denied> {
        match self.shared.store.device(name) {
            Some(record) => on(operator, &record, Right::Administer),
            None => named(operator, name, &BTreeMap::new(), Right::Administer),
        }
    }

    /// The devices whose events the operator sees; none: everything.
    pub(super) fn visible(&self, operator: &Operator) -> Option<Vec<String>> {
        if anywhere(operator, Right::View).is_ok() {
            return None;
        }
        let devices = self.shared.store.devices();
        let seen = devices.iter().filter(|device| on(operator, device, Right::View).is_ok());
        Some(seen.map(|device| device.name.to_string()).collect())
    }
}
