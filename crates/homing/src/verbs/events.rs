//! `homing events`: what happened, and with `-w` what happens.

use clap::Args;
use homing_proto::api::Event;

use super::follow::{Follow, newest};
use super::{Context, timeline};
use crate::client::Target;
use crate::failure::Failure;
use crate::output::{Format, Output, table, write};

const EXAMPLES: &str = "\
Examples:
  homing events --device mx1.fra
  homing events -w --kind in-session,session-closed
  homing events fault:operator 'at:<1h'        whom somebody must help
  homing events -w -o ndjson --after 8123      go on after event 8123

Each event has an id that rises; --after takes the last one seen, so that a
program that was stopped misses nothing.";

/// Options of `homing events`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Only events that fit, such as `source:198.51.100.* -code:in-session` or words
    query: Vec<String>,
    /// Go on showing events as they happen
    #[arg(short, long)]
    watch: bool,
    /// Only events with these codes
    #[arg(long, value_delimiter = ',', value_name = "CODE,…")]
    kind: Vec<String>,
    /// Only events of this device, or of a stranger with this device-id
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    /// Only events after the one with this id
    #[arg(long, value_name = "ID")]
    after: Option<u64>,
    /// At most so many, the newest [default: 100; with -w or --after: all]
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
}

/// Lists or follows events.
pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    match arguments.watch {
        true => follow(&arguments, context).await,
        false => list(&arguments, context).await,
    }
}

/// The question, but for `after`.
fn target(arguments: &Arguments) -> Target {
    let codes = Some(arguments.kind.join(",")).filter(|codes| !codes.is_empty());
    let few = (!arguments.watch && arguments.after.is_none()).then_some(100);
    let limit = arguments.limit.or(few).map(|limit| limit.to_string());
    let query = Some(arguments.query.join(" ")).filter(|query| !query.is_empty());
    Target::new(&["events"])
        .optional("q", query.as_deref())
        .optional("device", arguments.device.as_deref())
        .optional("code", codes.as_deref())
        .optional("limit", limit.as_deref())
}

async fn list(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let mut follow = Follow::list(&context.client, target(arguments), arguments.after).await?;
    let mut events = Vec::new();
    while let Some(event) = follow.next(&context.output).await? {
        events.push(event);
    }
    show(&events, &context.output, "no event fits")
}

/// Prints a finite list of events.
///
/// # Errors
/// When stdout cannot be written.
pub(crate) fn show(events: &[Event], output: &Output, when_empty: &str) -> Result<(), Failure> {
    if output.format != Format::Table {
        return output.list(events, || table::Table::new(&[]), when_empty);
    }
    if events.is_empty() {
        output.hint(when_empty);
        return Ok(());
    }
    let rows = events.iter().map(|event| timeline::row(event, &output.style));
    write(&(timeline::header(&output.style) + &rows.collect::<String>()))
}

async fn follow(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let output = &context.output;
    let after = match (arguments.after, arguments.limit) {
        (None, None) => Some(newest(&context.client).await?),
        (after, _) => after,
    };
    let mut follow = Follow::start(&context.client, target(arguments), after).await?;
    if output.format == Format::Table {
        write(&timeline::header(&output.style))?;
    }
    while let Some(event) = follow.next(output).await? {
        show_live(&event, output)?;
    }
    Ok(())
}

/// Prints one event at once; of the JSON forms always one object a line.
///
/// # Errors
/// When stdout cannot be written.
pub(crate) fn show_live(event: &Event, output: &Output) -> Result<(), Failure> {
    match output.format {
        Format::Table => write(&timeline::row(event, &output.style)),
        Format::Json | Format::Ndjson => output.json_line(event),
    }
}
