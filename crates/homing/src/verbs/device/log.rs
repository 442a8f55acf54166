//! `homing device log`: the answer to "why is my device not in?".

use std::time::Duration;

use clap::Args;
use homing_proto::api::{Event, Timestamp};

use super::Context;
use crate::client::Target;
use crate::failure::Failure;
use crate::output::time::parse_duration;
use crate::verbs::{events, suggest};

/// Options of `homing device log`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The device, or the device-id of a stranger
    name: String,
    /// Only events that fit, such as `code:wrong-hmac` or words
    query: Vec<String>,
    /// Only the last so long, such as 10m
    #[arg(long, value_parser = parse_duration, value_name = "TIME")]
    since: Option<Duration>,
    /// At most so many lines, the newest
    #[arg(long, default_value_t = 100, value_name = "N")]
    limit: u32,
}

/// Shows the timeline.
pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let since = arguments.since.and_then(|ago| Timestamp::now().checked_sub(ago).ok());
    let target = Target::new(&["devices", &arguments.name, "log"])
        .query("limit", &arguments.limit.to_string())
        .optional("q", Some(arguments.query.join(" ")).filter(|query| !query.is_empty()).as_deref())
        .optional("since", since.map(|since| since.to_string()).as_deref());
    let log: Vec<Event> = match context.client.get(&target).await {
        Ok(log) => log,
        Err(failure) => {
            return Err(suggest::device(failure, &context.client, &arguments.name).await);
        }
    };
    events::show(&log, &context.output, "nothing happened: the device has not dialed in")
}
