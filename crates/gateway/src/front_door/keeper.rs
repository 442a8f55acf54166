//! What one channel may be for, and its record in the audit trail.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use homing_proto::access::{Operator, Right};
use homing_proto::api::Timestamp;
use homing_proto::audit::Entry;
use homing_proto::excerpt::Excerpt;
use homing_transport::device_link::{PtyRequest, Start};
use homing_transport::front_door::{Ended, Keeper, Plan, Why};

use super::needs;
use super::register::Entered;
use super::visit::{Terms, denied_entry};
use crate::shared::Shared;
use crate::{audit, timeline};

/// Keeps one channel.
pub(super) struct Warden {
    shared: Arc<Shared>,
    operator: Operator,
    entered: Entered,
    terms: Terms,
    since: Instant,
    /// It was told that something began.
    has_begun: bool,
}

impl Warden {
    pub(super) fn new(
        shared: Arc<Shared>,
        operator: Operator,
        entered: Entered,
        terms: Terms,
    ) -> Self {
        let since = Instant::now();
        Self { shared, operator, entered, terms, since, has_begun: false }
    }

    /// Tells the audit trail that the channel is used for something that may change the device, before it is.
    pub(super) async fn begin(&self, purpose: &str) -> Result<(), String> {
        let mut entry = self.entry("channel-opened");
        entry.operation = Some(purpose.to_owned());
        entry.result = "begun".to_owned();
        audit::begin(&self.shared.store, entry).await.map_err(|error| error.to_string())
    }

    fn entry(&self, action: &str) -> Entry {
        let place = &self.entered.place;
        Entry { session: Some(place.number), ..audit::on(&self.operator, &place.device, action) }
    }

    /// Whether the channel may be for `start`.
    async fn judge(
        &mut self,
        start: &Start,
        terminal: Option<&PtyRequest>,
    ) -> Result<Plan, String> {
        let place = Arc::clone(&self.entered.place);
        let operator = self.shared.access.renew(&self.operator);
        self.operator = operator.ok_or("your key or user was removed from the gateway")?;
        let record = self.shared.store.device(&place.device);
        let record = record.ok_or("the device was forgotten just now")?;
        let (purpose, right) = (start.to_string(), needs(start));
        let may = self.operator.on(&record.name, &record.tags, right, Timestamp::now());
        may.map_err(|denied| {
            denied_entry(&self.shared, &self.operator, &record.name, &purpose, denied.code());
            denied.to_string()
        })?;
        self.check_terms(start, terminal)?;
        place.set_purpose(purpose.clone(), terminal.is_some(), right);
        if right > Right::View {
            self.begin(&purpose).await?;
        } else {
            let mut entry = self.entry("channel-opened");
            entry.operation = Some(purpose);
            entry.result = "begun".to_owned();
            audit::note(&self.shared, entry);
        }
        self.has_begun = true;
        Ok(Plan::default())
    }

    /// What the operator's certificate forbids.
    fn check_terms(&self, start: &Start, terminal: Option<&PtyRequest>) -> Result<(), String> {
        if terminal.is_some() && !self.terms.permits_terminal {
            return Err("your certificate does not allow a terminal (permit-pty)".to_owned());
        }
        match (&self.terms.force_command, start) {
            (None, _) => Ok(()),
            (Some(forced), Start::Exec(line)) if line.as_ref() == forced.as_bytes() => Ok(()),
            (Some(forced), _) => {
                Err(format!("your certificate is for one command alone: {}", Excerpt::new(forced)))
            }
        }
    }
}

impl Keeper for Warden {
    fn start<'a>(
        &'a mut self,
        start: &'a Start,
        terminal: Option<&'a PtyRequest>,
    ) -> Pin<Box<dyn Future<Output = Result<Plan, String>> + Send + 'a>> {
        Box::pin(self.judge(start, terminal))
    }

    fn ended(self: Box<Self>, ended: Ended) {
        let place = &self.entered.place;
        let mut entry = self.entry("channel-closed");
        entry.operation = Some(place.purpose());
        entry.bytes_in = Some(place.traffic.to_device());
        entry.bytes_out = Some(place.traffic.from_device());
        entry.duration_ms = u64::try_from(self.since.elapsed().as_millis()).ok();
        entry.result = match &ended.reason {
            None | Some(Why::OperatorGone) => "ok".to_owned(),
            Some(why) => why.code().to_owned(),
        };
        entry.message = ended.reason.as_ref().map(ToString::to_string).unwrap_or_default();
        if let Some(status) = ended.exit_status {
            entry.fields.insert("exit-status".to_owned(), status.to_string());
        }
        if let Some(signal) = &ended.exit_signal {
            entry.fields.insert("exit-signal".to_owned(), Excerpt::new(signal).to_string());
        }
        audit::note(&self.shared, entry);
        if let Some(why @ (Why::OutputFull(_) | Why::InputStalled)) = &ended.reason {
            let message = format!("a channel of {} was closed: {why}", self.operator);
            let event = timeline::by_operator(
                Some(&place.device),
                "channel-cut",
                message,
                self.operator.name(),
            );
            timeline::record(&self.shared, event);
        }
    }
}
