//! `homing device`: look at devices, decide about pending ones, change and forget.

mod blocks;
mod decide;
mod disconnect;
mod forget;
mod list;
mod log;
mod sessions;
mod set;
mod show;

use clap::{Args, Subcommand};
use homing_proto::api::Device;

use super::{Context, suggest};
use crate::client::Target;
use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  homing device ls --state down,refused --tag site=fra
  homing device log mx1.fra                    why is it not in?
  homing device ls --state pending             who asks to come in
  homing device accept SHA256:9fK… --name mx1.fra
  homing device sessions mx1.fra               who is on it?
  homing device disconnect mx1.fra --channel 17
  homing device set mx1.fra --tag role=edge --tag old=";

/// Options of `homing device`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List devices, enrolled and pending
    Ls(list::Arguments),
    /// All about one device
    Show(show::Arguments),
    /// What happened at every attempt, and what to do
    Log(log::Arguments),
    /// Let a pending key in
    Accept(decide::AcceptArguments),
    /// Turn a pending key down
    Reject(decide::RejectArguments),
    /// Keys and addresses that are shut out
    Blocks,
    /// Take only enrolled devices in from an address
    Block(blocks::BlockArguments),
    /// Let strangers from an address, or with a rejected key, ask again
    Unblock(blocks::UnblockArguments),
    /// Who is on a device by the front door
    Sessions(sessions::Arguments),
    /// End a device's connection, or one operator's channel on it
    Disconnect(disconnect::Arguments),
    /// Change a device
    Set(Box<set::Arguments>),
    /// Forget a device, its keys and its secret
    Forget(forget::Arguments),
}

/// Runs one of the verbs.
pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    match arguments.verb {
        Verb::Ls(arguments) => list::run(arguments, context).await,
        Verb::Show(arguments) => show::run(arguments, context).await,
        Verb::Log(arguments) => log::run(arguments, context).await,
        Verb::Accept(arguments) => decide::accept(arguments, context).await,
        Verb::Reject(arguments) => decide::reject(arguments, context).await,
        Verb::Blocks => blocks::list(context).await,
        Verb::Block(arguments) => blocks::block(arguments, context).await,
        Verb::Unblock(arguments) => blocks::unblock(arguments, context).await,
        Verb::Sessions(arguments) => sessions::run(arguments, context).await,
        Verb::Disconnect(arguments) => disconnect::run(arguments, context).await,
        Verb::Set(arguments) => set::run(*arguments, context).await,
        Verb::Forget(arguments) => forget::run(arguments, context).await,
    }
}

/// Reads one device; a mistyped name is answered with the nearest one.
async fn read(name: &str, context: &Context) -> Result<Device, Failure> {
    match context.client.get(&Target::new(&["devices", name])).await {
        Ok(device) => Ok(device),
        Err(failure) => Err(suggest::device(failure, &context.client, name).await),
    }
}
