//! `homing device forget`: keys, secret and timeline go; its session ends.

use clap::Args;

use super::Context;
use crate::client::Target;
use crate::failure::Failure;
use crate::verbs::{confirm, suggest};

/// Options of `homing device forget`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The device, or a pending one's device-id or fingerprint
    name: String,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

/// Forgets the device.
pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let name = arguments.name;
    confirm::ask(&format!("forget {name}, its keys and its secret?"), arguments.yes).await?;
    let target = Target::new(&["devices", &name]);
    match context.client.delete(&target).await {
        Ok(()) => context.output.note(&format!("forgot {name}")),
        Err(failure) => return Err(suggest::device(failure, &context.client, &name).await),
    }
    Ok(())
}
