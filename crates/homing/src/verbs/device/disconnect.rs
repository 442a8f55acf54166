//! `homing device disconnect`: ends a device's connection, or one operator's channel on it.

use clap::Args;

use super::Context;
use crate::client::Target;
use crate::failure::Failure;
use crate::verbs::{confirm, suggest};

/// Options of `homing device disconnect`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The device
    name: String,
    /// Only this channel, as `homing device sessions` numbers them
    #[arg(long, value_name = "N")]
    channel: Option<u64>,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

/// Ends the connection or the channel.
pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let name = arguments.name;
    let (target, done) = match arguments.channel {
        Some(channel) => {
            let number = channel.to_string();
            let target = Target::new(&["devices", &name, "channels", &number]);
            (target, format!("closed channel {channel} of {name}"))
        }
        None => {
            let question = format!("end the connection of {name}, and everybody's channels on it?");
            confirm::ask(&question, arguments.yes).await?;
            let done = format!("ended the connection of {name}; it will dial again");
            (Target::new(&["devices", &name, "session"]), done)
        }
    };
    match context.client.delete(&target).await {
        Ok(()) => context.output.note(&done),
        Err(failure) => return Err(suggest::device(failure, &context.client, &name).await),
    }
    Ok(())
}
