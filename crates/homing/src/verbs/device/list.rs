//! `homing device ls`: one line a device.

use clap::Args;
use homing_proto::api::{Device, DeviceState};

use super::Context;
use crate::client::Target;
use crate::failure::Failure;
use crate::output::table::{Cell, Column, Table, Tone};
use crate::verbs::labels::Label;

const COLUMNS: &[Column] = &[
    ("DEVICE", 0),
    ("STATE", 0),
    ("SINCE", 0),
    ("SOURCE", 0),
    ("LAST EVENT", 0),
    ("KEY", 0),
    ("TAGS", 0),
];

const EXAMPLES: &str = "\
Examples:
  homing device ls state:down site:fra
  homing device ls 'seen:>1h' role:edge,core
  homing device ls -- -site:fra fra

KEY:VALUE: state, name, id, user, listener, source, key, has, seen, or a label;
commas between values, * and ? in them; - in front for not; words are looked
for in names and labels.";

/// Options of `homing device ls`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// What to look for: `state:down site:fra seen:>1h`, or words
    #[arg(value_name = "QUERY")]
    query: Vec<String>,
    /// Only these states: up, down, new, refused, pending, blocked
    #[arg(long, value_delimiter = ',', value_parser = parse_state, value_name = "STATE,…")]
    state: Vec<DeviceState>,
    /// Only devices with this label; may be given again
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    tags: Vec<Label>,
}

/// The states, as typed.
const STATES: [DeviceState; 6] = [
    DeviceState::Up,
    DeviceState::Down,
    DeviceState::New,
    DeviceState::Refused,
    DeviceState::Pending,
    DeviceState::Blocked,
];

fn parse_state(text: &str) -> Result<DeviceState, String> {
    let known = STATES.into_iter().find(|state| state.as_str() == text);
    known.ok_or_else(|| {
        let words = STATES.map(DeviceState::as_str).join(", ");
        format!("expected one of {words}")
    })
}

/// Lists the devices.
pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let devices: Vec<Device> = context.client.list(&target(&arguments)).await?;
    let output = &context.output;
    output.list(&devices, || table(&devices), when_empty(&arguments))?;
    if devices.iter().any(|device| device.pending.is_some()) {
        output.hint("a key waits for a decision: homing device show NAME, then accept or reject");
    }
    Ok(())
}

fn target(arguments: &Arguments) -> Target {
    let states: Vec<&str> = arguments.state.iter().map(|state| state.as_str()).collect();
    let states = Some(states.join(",")).filter(|states| !states.is_empty());
    let query = Some(arguments.query.join(" ")).filter(|query| !query.is_empty());
    let target = Target::new(&["devices"])
        .optional("state", states.as_deref())
        .optional("q", query.as_deref());
    arguments.tags.iter().fold(target, |target, tag| target.query("tag", &tag.to_string()))
}

fn when_empty(arguments: &Arguments) -> &'static str {
    let is_whole = arguments.state.is_empty() && arguments.tags.is_empty();
    match is_whole && arguments.query.is_empty() {
        true => "no device yet: homing enroll NAME",
        false => "no device fits",
    }
}

fn table(devices: &[Device]) -> Table {
    let mut table = Table::new(COLUMNS);
    for device in devices {
        table.row(row(device));
    }
    table
}

fn row(device: &Device) -> Vec<Cell> {
    let last = device.last_event.as_ref();
    vec![
        Cell::Text(device.name.clone()),
        Cell::Toned(state(device), tone(device.state)),
        Cell::optional_age(device.since),
        Cell::optional(source(device)),
        Cell::optional(last.map(|event| event.code.clone())),
        Cell::optional(fingerprint(device)),
        Cell::optional(Some(tags(device))),
    ]
}

/// The state; `!` marks an enrolled device with a key that waits.
fn state(device: &Device) -> String {
    let waits = device.pending.is_some() && device.state != DeviceState::Pending;
    format!("{}{}", device.state.as_str(), if waits { " !key" } else { "" })
}

/// The colour of a state.
pub(super) fn tone(state: DeviceState) -> Tone {
    match state {
        DeviceState::Up => Tone::Good,
        DeviceState::New | DeviceState::Pending => Tone::Warn,
        DeviceState::Down | DeviceState::Refused => Tone::Bad,
        DeviceState::Blocked => Tone::Dim,
    }
}

/// Where it dials from, the latest that is known, and by how many other listeners it is in.
fn source(device: &Device) -> Option<String> {
    let others = match device.other_sessions.len() {
        0 => String::new(),
        others => format!(" +{others}"),
    };
    let session = device.session.as_ref().map(|session| session.source.clone() + &others);
    let pending = || device.pending.as_ref().map(|pending| pending.source.clone());
    let last = || device.last_event.as_ref().and_then(|event| event.source.clone());
    session.or_else(pending).or_else(last)
}

/// The key to decide about, else the one proven, else the newest known.
fn fingerprint(device: &Device) -> Option<String> {
    let pending = device.pending.as_ref().map(|pending| &pending.fingerprint);
    let proven = || device.session.as_ref().map(|session| &session.fingerprint);
    let known = || device.keys.first().map(|key| &key.fingerprint);
    pending.or_else(proven).or_else(known).map(ToString::to_string)
}

/// `k=v` for each label.
pub(super) fn tags(device: &Device) -> String {
    let tags: Vec<String> =
        device.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    tags.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_typed_as_they_are_shown() {
        for state in STATES {
            assert_eq!(parse_state(state.as_str()), Ok(state));
        }
        assert!(parse_state("UP").unwrap_err().contains("up, down"));
    }

    #[test]
    fn the_question_carries_every_filter() {
        let arguments = Arguments {
            query: vec!["seen:>1h".into(), "edge".into()],
            state: vec![DeviceState::Up, DeviceState::Down],
            tags: vec!["site=fra".parse().unwrap(), "role=edge".parse().unwrap()],
        };
        assert_eq!(
            target(&arguments).as_str(),
            "/api/v1/devices?state=up%2Cdown&q=seen%3A%3E1h%20edge&tag=site%3Dfra&tag=role%3Dedge"
        );
    }
}
