//! What one channel may be for, and its record in the audit trail.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use homing_proto::access::{Operator, Right, Tags};
use homing_proto::api::Timestamp;
use homing_proto::audit::{Entry, blank};
use homing_proto::excerpt::Excerpt;
use homing_transport::device_link::{PtyRequest, Start};
use homing_transport::front_door::{Ended, Inspector, Keeper, Plan, Why, Witness};

use super::register::Entered;
use super::visit::{Terms, denied_entry};
use super::{NETCONF, kind, needs};
use crate::metrics::OpenChannel;
use crate::passage::Gate;
use crate::recording::{Recorder, Subject};
use crate::shared::Shared;
use crate::{audit, timeline};

/// Keeps one channel.
pub(super) struct Warden {
    shared: Arc<Shared>,
    operator: Operator,
    entered: Entered,
    terms: Terms,
    since: Instant,
    /// Counted, once it is for something.
    open: Option<OpenChannel>,
}

impl Warden {
    pub(super) fn new(
        shared: Arc<Shared>,
        operator: Operator,
        entered: Entered,
        terms: Terms,
    ) -> Self {
        let since = Instant::now();
        Self { shared, operator, entered, terms, since, open: None }
    }

    /// Tells the audit trail what the channel is used for; what may change the device is durable before it begins.
    pub(super) async fn begin(
        &self,
        purpose: &str,
        right: Right,
        recording: Option<String>,
    ) -> Result<(), String> {
        let mut entry = self.entry("channel-opened");
        entry.operation = Some(purpose.to_owned());
        entry.result = "begun".to_owned();
        entry.fields.extend(recording.map(|id| ("recording".to_owned(), id)));
        if right < Right::Operate {
            audit::note(&self.shared, entry);
            return Ok(());
        }
        let written = audit::begin(&self.shared.store, entry).await;
        written.map_err(|error| format!("the gateway can't write its audit trail: {error}"))
    }

    /// It leads to a port or socket of the device.
    pub(super) fn forwards(&mut self) {
        self.open = Some(self.shared.metrics.channel("forward"));
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
        // Whoever is on the device is shown to others: no secret of a command line is.
        let purpose = blank(&start.to_string());
        let right = needs(start, terminal.is_some(), &self.shared.settings.policy);
        let may = self.operator.on(&record.name, &record.tags, right, Timestamp::now());
        may.map_err(|denied| {
            denied_entry(&self.shared, &self.operator, &record.name, &purpose, denied.code());
            denied.to_string()
        })?;
        self.check_terms(start, terminal)?;
        let is_netconf = *start == Start::Subsystem(NETCONF.to_owned());
        if is_netconf && terminal.is_some() {
            // A terminal takes some characters for commands: the device would read something else.
            return Err("NETCONF needs a channel without a terminal: ssh -T".to_owned());
        }
        place.set_purpose(purpose.clone(), terminal.is_some(), right);
        let recorder = self.recorder(&record.tags, terminal).await?;
        let recording = recorder.as_ref().map(|recorder| recorder.id().to_owned());
        self.begin(&purpose, right, recording).await?;
        self.open = Some(self.shared.metrics.channel(kind(start)));
        let witness = recorder.map(|recorder| Box::new(Film(recorder)) as Box<dyn Witness>);
        let gate = is_netconf
            .then(|| Gate::new(&self.shared, &self.operator, &place.device, place.number));
        let inspector = gate.map(|gate| Box::new(gate) as Box<dyn Inspector>);
        Ok(Plan { inspector, witness })
    }

    /// A recorder, if the role asks for one.
    async fn recorder(
        &self,
        tags: &Tags,
        terminal: Option<&PtyRequest>,
    ) -> Result<Option<Recorder>, String> {
        let Some(terminal) = terminal else { return Ok(None) };
        let place = &self.entered.place;
        if !self.shared.settings.recordings.wants(&self.operator, &place.device, tags) {
            return Ok(None);
        }
        let subject = Subject {
            operator: self.operator.name().to_owned(),
            device: place.device.clone(),
            session: Some(place.number),
            columns: terminal.size.columns,
            rows: terminal.size.rows,
        };
        let started = self.shared.recordings.start(subject).await;
        started.map(Some).map_err(|error| {
            tracing::error!(code = error.code(), fault = ?error.fault(), "{error}");
            error.to_string()
        })
    }

    /// On the device's timeline.
    fn tell_of_cut(&self, why: &Why) {
        let place = &self.entered.place;
        let done = format!("lost a channel: {why}");
        let event =
            timeline::by_operator(Some(&place.device), "channel-cut", &done, &self.operator);
        timeline::record(&self.shared, event);
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

/// Records what a terminal shows.
struct Film(Recorder);

impl Witness for Film {
    fn output(&mut self, bytes: &[u8]) {
        self.0.output(bytes);
    }

    /// What is typed is not kept: it may be a password. What the device echoes is output.
    fn input(&mut self, _bytes: &[u8]) {}

    fn resized(&mut self, columns: u32, rows: u32) {
        self.0.resize(columns, rows);
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

    /// The channel's end may be long after: it is when the operator has read what fitted, or is given up.
    fn cut(&mut self, why: &Why) {
        let place = &self.entered.place;
        let mut entry = self.entry("channel-cut");
        entry.operation = Some(place.purpose());
        entry.bytes_in = Some(place.traffic.to_device());
        entry.bytes_out = Some(place.traffic.from_device());
        entry.result = why.code().to_owned();
        entry.message = why.to_string();
        audit::note(&self.shared, entry);
        self.tell_of_cut(why);
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
        if let Some(why @ Why::InputStalled) = &ended.reason {
            self.tell_of_cut(why);
        }
    }
}
