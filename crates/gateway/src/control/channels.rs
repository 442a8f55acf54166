//! Who is on a device, and sending them away.

use homing_proto::access::{Operator, Right};
use homing_proto::api::DeviceChannel;

use super::{Control, ControlError, rpc};
use crate::audit;
use crate::session::End;

impl Control {
    /// The channels that operators have open on a device by the front door, the oldest first.
    ///
    /// # Errors
    /// The device is not known, or not to be seen.
    pub fn channels(
        &self,
        name: &str,
        operator: &Operator,
    ) -> Result<Vec<DeviceChannel>, ControlError> {
        let record = self.known(name, operator, Right::View)?;
        Ok(self.shared.channels.on(&record.name).iter().map(|place| place.shown()).collect())
    }

    /// Closes one channel of a device at once. One's own needs no right but to see the device.
    ///
    /// # Errors
    /// The device or the channel is not known; the operator may not; the audit trail can't be written.
    pub async fn close_channel(
        &self,
        name: &str,
        number: u64,
        operator: &Operator,
    ) -> Result<(), ControlError> {
        let record = self.known(name, operator, Right::View)?;
        let open = self.shared.channels.on(&record.name);
        let place = open.into_iter().find(|place| place.number == number);
        let place = place.ok_or_else(|| ControlError::UnknownChannel {
            name: record.name.clone(),
            channel: number,
        })?;
        if place.operator.name() != operator.name() {
            self.known(name, operator, Right::Configure)?;
        }
        let mut entry = audit::on(operator, &record.name, "channel-killed");
        entry.session = Some(number);
        entry.message = format!("{operator} closed a channel of {}", place.operator);
        self.shared.store.write(vec![audit::change(entry)]).await?;
        place.kill(format!("{operator} closed this channel"));
        Ok(())
    }

    /// Ends the device's connection. It will dial again.
    ///
    /// # Errors
    /// The device is not known or not in session; the operator may not; the audit trail can't be written.
    pub async fn disconnect(&self, name: &str, operator: &Operator) -> Result<(), ControlError> {
        let record = self.known(name, operator, Right::Configure)?;
        let sessions = self.shared.fleet.sessions_of(&record.name);
        if sessions.is_empty() {
            return Err(rpc::offline(&self.shared, &record.name));
        }
        let done = "ended the device's connection";
        self.write(Vec::new(), &record.name, "device-disconnected", done, operator).await?;
        for place in self.shared.channels.on(&record.name) {
            place.kill(format!("{operator} ended the device's connection"));
        }
        for session in sessions {
            session.end(End::Disconnected);
        }
        Ok(())
    }
}
