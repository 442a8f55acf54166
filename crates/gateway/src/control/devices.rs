//! Devices enrolled, changed and forgotten by operators.

use homing_proto::access::{Denied, Operator, Right, Tags};
use homing_proto::api;
use homing_proto::host_key::Secret;
use homing_proto::identity::DeviceName;

use super::{Control, ControlError, allow, change};
use crate::store::Change;
use crate::{audit, enroll, stanza, timeline};

impl Control {
    /// Enrols a device, or gives an enrolled one a new secret.
    pub async fn enroll(
        &self,
        request: api::Enroll,
        operator: &Operator,
    ) -> Result<api::Enrolled, ControlError> {
        again(|| self.enroll_once(&request, operator)).await
    }

    async fn enroll_once(
        &self,
        request: &api::Enroll,
        operator: &Operator,
    ) -> Result<api::Enrolled, ControlError> {
        self.may_enroll(request, operator).map_err(|denied| {
            self.denied(operator, Some(&request.name), Right::Administer, denied)
        })?;
        let fresh =
            stanza::new_secret().map_err(|error| ControlError::failed(error.to_string()))?;
        let plan =
            enroll::plan(request, &self.shared.store, &self.terms, fresh, api::Timestamp::now())?;
        let stanza = plan.stanza.print(request.format);
        let stanza = stanza
            .map_err(|error| ControlError::Invalid { message: error.to_string(), hint: None })?;
        let (code, done) = match plan.is_rotation {
            true if request.at_once => {
                ("secret-rotated", "had a new secret made, and the old one counts no more")
            }
            true => (
                "secret-rotated",
                "had a new secret made; the old one counts until the new one is seen, at most 7 days",
            ),
            false => ("enrolled", "enrolled the device"),
        };
        self.write(plan.changes, &request.name, code, done, operator).await?;
        if request.listener.is_some() {
            self.end_unfit_sessions(&request.name);
        }
        let device = self.device(request.name.as_str(), operator).await?;
        Ok(api::Enrolled { device, stanza, format: request.format })
    }

    /// Whether a device could be enrolled so; nothing is done.
    ///
    /// # Errors
    /// As [`Self::enroll`].
    pub fn check_enroll(
        &self,
        request: &api::Enroll,
        operator: &Operator,
    ) -> Result<(), ControlError> {
        self.may_enroll(request, operator)?;
        let unused = Secret::new("unused");
        Ok(enroll::plan(request, &self.shared.store, &self.terms, unused, api::Timestamp::now())
            .map(drop)?)
    }

    /// Whoever enrols a device must administer it as it was and as it will be.
    fn may_enroll(&self, request: &api::Enroll, operator: &Operator) -> Result<(), Denied> {
        let mut tags = Tags::new();
        if let Some(record) = self.shared.store.device(&request.name) {
            allow::on(operator, &record, Right::Administer)?;
            tags.clone_from(&record.tags);
        }
        tags.extend(request.tags.clone());
        allow::named(operator, &request.name, &tags, Right::Administer)
    }

    /// Changes a device. Whoever changes its labels must administer it before and after.
    pub async fn change(
        &self,
        name: &str,
        change: api::Change,
        operator: &Operator,
    ) -> Result<api::Device, ControlError> {
        again(|| self.change_once(name, &change, operator)).await
    }

    /// Rights and labels are those of the record that is changed: if somebody else changes it first, nothing is done.
    async fn change_once(
        &self,
        name: &str,
        change: &api::Change,
        operator: &Operator,
    ) -> Result<api::Device, ControlError> {
        let record = self.known(name, operator, Right::Administer)?;
        let blocked = change.blocked;
        allow::named(operator, &record.name, &change::tags(&record, change), Right::Administer)?;
        let changes = change::plan(&record, change, &self.shared.store, &self.terms)?;
        let (code, done) = match blocked {
            Some(true) => ("device-blocked", "blocked the device"),
            Some(false) => ("device-unblocked", "unblocked the device"),
            None => ("device-changed", "changed the device"),
        };
        self.write(changes, &record.name, code, done, operator).await?;
        let keys_change = !change.retire_keys.is_empty();
        if change.blocked.is_some() || change.listener.is_some() || keys_change {
            self.end_unfit_sessions(&record.name);
        }
        self.device(name, operator).await
    }

    /// Forgets a device, or a pending key.
    pub async fn forget(&self, name: &str, operator: &Operator) -> Result<(), ControlError> {
        if self.record(name).is_none() {
            let pending = self.waiting(name, operator, Right::Administer)?;
            let entry =
                audit::by(operator, "pending-forgotten").with("key", pending.key.fingerprint());
            let changes = vec![Change::TakePending(pending.id()), audit::change(entry)];
            return Ok(self.shared.store.write(changes).await?);
        }
        let name = self.known(name, operator, Right::Administer)?.name.clone();
        let changes = vec![Change::Forget(name.clone())];
        self.write(changes, &name, "device-forgotten", "forgot the device", operator).await?;
        self.end_unfit_sessions(&name);
        self.shared.standings.forget(&name);
        Ok(())
    }

    /// Makes changes durable together with the event that tells who made them: its name, then `done`.
    pub(super) async fn write(
        &self,
        mut changes: Vec<Change>,
        device: &DeviceName,
        code: &str,
        done: &str,
        operator: &Operator,
    ) -> Result<(), ControlError> {
        let event = timeline::by_operator(Some(device), code, done, operator);
        let entry = audit::on(operator, device, code).saying(&event.message);
        changes.push(audit::change(entry));
        changes.push(Change::Record(Box::new(event.clone())));
        self.shared.store.write(changes).await?;
        timeline::log(&event);
        self.shared.standings.note(&event);
        Ok(())
    }

    /// Ends the sessions of a device that may not be, as it is enrolled now.
    pub(super) fn end_unfit_sessions(&self, device: &DeviceName) {
        let record = self.shared.store.device(device);
        for session in self.shared.fleet.sessions_of(device) {
            if let Some(end) = session.unfit(record.as_deref()) {
                session.end(end);
            }
        }
    }
}

/// How often a change is tried that somebody else comes before.
const TRIES: usize = 8;

/// Tries anew, out of what is then, as long as somebody else came before.
async fn again<T, W>(mut work: impl FnMut() -> W) -> Result<T, ControlError>
where
    W: Future<Output = Result<T, ControlError>>,
{
    for _ in 1..TRIES {
        match work().await {
            Err(ControlError::ChangedMeanwhile(_)) => {}
            done => return done,
        }
    }
    work().await
}
