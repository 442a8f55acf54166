//! `homing device sessions`: who is on a device, one line a channel.

use clap::Args;
use homing_proto::api::DeviceChannel;

use super::Context;
use crate::client::Target;
use crate::failure::Failure;
use crate::output::table::{Cell, Column, Table};
use crate::verbs::suggest;

const COLUMNS: &[Column] = &[
    ("CHANNEL", 0),
    ("OPERATOR", 0),
    ("FROM", 0),
    ("SINCE", 0),
    ("FOR", 0),
    ("IN", 0),
    ("OUT", 0),
    ("WAITING", 0),
];

/// Options of `homing device sessions`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The device
    name: String,
}

/// Lists the channels.
pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let name = arguments.name;
    let target = Target::new(&["devices", &name, "channels"]);
    let channels: Vec<DeviceChannel> = match context.client.list(&target).await {
        Ok(channels) => channels,
        Err(failure) => return Err(suggest::device(failure, &context.client, &name).await),
    };
    context.output.list(&channels, || table(&channels), "nobody is on it by the front door")?;
    if channels.iter().any(|channel| channel.waiting > 0) {
        context.output.hint(&format!(
            "an operator reads slowly; to close a channel: homing device disconnect {name} --channel N"
        ));
    }
    Ok(())
}

fn table(channels: &[DeviceChannel]) -> Table {
    let mut table = Table::new(COLUMNS);
    for channel in channels {
        let terminal = if channel.terminal { ", on a terminal" } else { "" };
        table.row(vec![
            Cell::Text(channel.channel.to_string()),
            Cell::Text(channel.operator.clone()),
            Cell::optional(channel.source.clone()),
            Cell::optional_age(Some(channel.since)),
            Cell::Text(format!("{}{terminal}", channel.purpose)),
            Cell::Text(channel.bytes_in.to_string()),
            Cell::Text(channel.bytes_out.to_string()),
            Cell::Text(channel.waiting.to_string()),
        ]);
    }
    table
}
