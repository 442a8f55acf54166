//! What those ask who watch over operators: the audit trail, recordings, metrics.
//!
//! Who may look at every device may read the trail: an auditor is a viewer of everything. A recording shows all that was
//! on a terminal, so it takes an admin.

use std::path::PathBuf;

use homing_proto::access::{Denied, Operator, Right, Selector};
use homing_proto::api;
use homing_proto::audit::{Head, Report, Sealed};
use homing_proto::identity::DeviceName;
use tokio::sync::broadcast;

use super::{Control, ControlError, DeviceQuery, allow};
use crate::store::{AuditQuery, Exported};
use crate::{audit, metrics};

impl Control {
    /// Stored entries of the audit trail, oldest first.
    pub async fn audit(
        &self,
        query: AuditQuery,
        operator: &Operator,
    ) -> Result<Vec<Sealed>, ControlError> {
        self.is_auditor(operator)?;
        Ok(self.shared.store.audit(query).await?)
    }

    /// Entries from here on. A receiver that lags is told so, and reads the gap with [`Self::audit`].
    pub fn follow_audit(
        &self,
        operator: &Operator,
    ) -> Result<broadcast::Receiver<Sealed>, ControlError> {
        self.is_auditor(operator)?;
        Ok(self.shared.store.subscribe_audit())
    }

    /// The newest entry.
    pub fn audit_head(&self, operator: &Operator) -> Result<Head, ControlError> {
        self.is_auditor(operator)?;
        Ok(self.shared.store.audit_head())
    }

    /// Verifies the whole trail, and that it holds `noted`.
    pub async fn verify_audit(
        &self,
        noted: Option<Head>,
        operator: &Operator,
    ) -> Result<Report, ControlError> {
        self.is_auditor(operator)?;
        if self.shared.store.is_verifying() {
            let message = "the audit trail is being verified for somebody else".to_owned();
            let hint = Some("try again in a minute".to_owned());
            return Err(ControlError::Conflict { message, hint });
        }
        // What was noted a moment ago is to be in it.
        let _ = self.shared.store.flush().await;
        Ok(self.shared.store.verify_audit(noted).await?)
    }

    /// The next links after `after`, as they are hashed. The first page is told of in the trail.
    pub async fn export_audit(
        &self,
        after: u64,
        limit: u32,
        is_first: bool,
        operator: &Operator,
    ) -> Result<Vec<Exported>, ControlError> {
        self.is_auditor(operator)?;
        if is_first {
            let entry = audit::by(operator, "audit-exported").with("after", after);
            audit::note(&self.shared, entry);
        }
        Ok(self.shared.store.export_audit(after, limit).await?)
    }

    /// All recordings, oldest first.
    pub fn recordings(&self, operator: &Operator) -> Result<Vec<api::Recording>, ControlError> {
        allow::anywhere(operator, Right::Administer)?;
        Ok(self.shared.recordings.list())
    }

    /// One recording, to be read; the trail tells who did.
    pub fn recording(
        &self,
        id: &str,
        operator: &Operator,
    ) -> Result<(api::Recording, PathBuf), ControlError> {
        allow::anywhere(operator, Right::Administer)?;
        let found = self.shared.recordings.find(id);
        let (recording, path) =
            found.ok_or_else(|| ControlError::UnknownRecording(id.to_owned()))?;
        let entry = audit::on(operator, &recording.device, "recording-read");
        audit::note(&self.shared, entry.with("recording", id));
        Ok((recording, path))
    }

    /// The gateway, for Prometheus.
    pub async fn metrics(&self, operator: &Operator) -> Result<String, ControlError> {
        allow::anywhere(operator, Right::View)?;
        let status = self.status(operator).await?;
        Ok(metrics::gateway(&self.shared, &status))
    }

    /// The devices that `selector` means and `operator` sees, one by one, for Prometheus.
    pub async fn device_metrics(
        &self,
        selector: &Selector,
        operator: &Operator,
    ) -> Result<String, ControlError> {
        let mut devices = self.devices(&DeviceQuery::default(), operator).await?;
        devices.retain(|device| match DeviceName::new(&*device.name) {
            Ok(name) if device.enrolled => selector.matches(&name, &device.tags),
            _ => false,
        });
        if devices.len() > metrics::MOST_DEVICES {
            let message = format!(
                "{selector} means {} devices, more than the {} of one answer",
                devices.len(),
                metrics::MOST_DEVICES
            );
            let hint = Some("ask for a part: selector=site=fra".to_owned());
            return Err(ControlError::Invalid { message, hint });
        }
        Ok(metrics::devices(&devices))
    }

    /// With the rights that it has at this moment: a stream may outlast them.
    fn is_auditor(&self, operator: &Operator) -> Result<(), ControlError> {
        Ok(allow::anywhere(&self.renewed(operator), Right::View)?)
    }

    /// The operator with the rights that it has at this moment: none, if it is let in no longer.
    pub(super) fn renewed(&self, operator: &Operator) -> Operator {
        self.shared.access.renew(operator).unwrap_or_else(|| {
            let (name, credential) = (operator.name(), operator.credential());
            Operator::new(name, Vec::new(), operator.via(), operator.source(), credential)
        })
    }

    /// Changes of the gateway itself; who tried without the right is told to the trail.
    pub(super) fn administers(&self, operator: &Operator) -> Result<(), ControlError> {
        allow::anywhere(operator, Right::Administer)
            .map_err(|denied| self.denied(operator, None, Right::Administer, denied))
    }

    /// Tells the trail of somebody who was refused, unless it was only a look.
    pub(super) fn denied(
        &self,
        operator: &Operator,
        device: Option<&DeviceName>,
        right: Right,
        denied: Denied,
    ) -> ControlError {
        if right > Right::View {
            let mut entry = audit::by(operator, "access-denied");
            entry.device = device.cloned();
            let entry = entry.with("right", right).saying(denied.to_string());
            audit::note(&self.shared, entry.refused(denied.code()));
        }
        denied.into()
    }
}

#[cfg(test)]
mod tests;
