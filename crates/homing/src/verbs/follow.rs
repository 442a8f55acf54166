//! Following events, or audit entries: a live stream that survives a restart of the gateway without losing an event.
//!
//! ```text
//!   ask after=N ──▶ events ──broken──▶ ask after=last … for a minute ──▶ events
//! ```

use std::time::{Duration, Instant};

use std::marker::PhantomData;

use homing_proto::api::Event;
use homing_proto::audit::Sealed;
use serde::de::DeserializeOwned;

use crate::client::{Client, Lines, Target};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// The gateway sends at least a blank line every 15 seconds.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a lost gateway is waited for.
const COME_BACK: Duration = Duration::from_secs(60);
/// Pause between attempts to reach it again.
const PAUSE: Duration = Duration::from_secs(1);

/// What has an id that rises.
pub(crate) trait Numbered: DeserializeOwned {
    /// The id: what `after=` takes.
    fn id(&self) -> u64;
}

impl Numbered for Event {
    fn id(&self) -> u64 {
        self.id
    }
}

impl Numbered for Sealed {
    fn id(&self) -> u64 {
        self.entry.id
    }
}

/// A stream of events from the gateway.
#[derive(Debug)]
pub(crate) struct Follow<'c, T = Event> {
    client: &'c Client,
    /// The question, without `after`.
    target: Target,
    after: Option<u64>,
    /// The end of an answer is no end: the gateway was stopped.
    is_endless: bool,
    lines: Lines,
    of: PhantomData<T>,
}

impl<'c, T: Numbered> Follow<'c, T> {
    /// Reads what is stored, and ends.
    ///
    /// # Errors
    /// When the gateway cannot be asked.
    pub(crate) async fn list(
        client: &'c Client,
        target: Target,
        after: Option<u64>,
    ) -> Result<Follow<'c, T>, Failure> {
        let lines = client.lines(&resumed(&target, after), PATIENCE).await?;
        Ok(Follow { client, target, after, is_endless: false, lines, of: PhantomData })
    }

    /// Reads events after `after`, or what the question asks for, and then those that happen.
    ///
    /// # Errors
    /// When the gateway cannot be asked.
    pub(crate) async fn start(
        client: &'c Client,
        target: Target,
        after: Option<u64>,
    ) -> Result<Follow<'c, T>, Failure> {
        let target = target.query("follow", "true");
        Ok(Follow { is_endless: true, ..Follow::list(client, target, after).await? })
    }

    /// The next event; none at the end of a list.
    ///
    /// # Errors
    /// When the gateway is lost for longer than a minute.
    pub(crate) async fn next(&mut self, output: &Output) -> Result<Option<T>, Failure> {
        loop {
            match self.lines.next().await {
                Ok(Some(line)) => return self.read(&line).map(Some),
                Ok(None) if !self.is_endless => return Ok(None),
                Err(failure) if !self.is_endless => return Err(failure),
                Ok(None) | Err(_) => {
                    output.note("homing: the gateway was lost, waiting for it");
                    self.lines = self.come_back().await?;
                }
            }
        }
    }

    fn read(&mut self, line: &str) -> Result<T, Failure> {
        let event: T = serde_json::from_str(line).map_err(|error| {
            let message = format!("the gateway sent an event this homing does not know: {error}");
            Failure::new(Exit::Failed, "foreign-answer", message).hint("homing version")
        })?;
        self.after = Some(event.id());
        Ok(event)
    }

    async fn come_back(&self) -> Result<Lines, Failure> {
        let give_up = Instant::now() + COME_BACK;
        loop {
            tokio::time::sleep(PAUSE).await;
            match self.client.lines(&resumed(&self.target, self.after), PATIENCE).await {
                Ok(lines) => return Ok(lines),
                Err(failure) if Instant::now() > give_up => return Err(failure),
                Err(_) => {}
            }
        }
    }
}

/// The newest event's id: where "from here on" begins, whatever happens to the gateway.
///
/// # Errors
/// When the gateway cannot be asked.
pub(crate) async fn newest(client: &Client) -> Result<u64, Failure> {
    let target = Target::new(&["events"]).query("limit", "1");
    let mut list: Follow<'_> = Follow::list(client, target, None).await?;
    let newest = list.lines.next().await?.map(|line| list.read(&line)).transpose()?;
    Ok(newest.map_or(0, |event| event.id))
}

fn resumed(target: &Target, after: Option<u64>) -> Target {
    target.clone().optional("after", after.map(|after| after.to_string()).as_deref())
}
