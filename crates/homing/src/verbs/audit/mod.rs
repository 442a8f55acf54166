//! `homing audit`: who did what, proof that nothing was changed, copies to keep, sessions to watch again.

mod export;
mod harmless;
mod list;
mod replay;
mod row;
mod verify;

use clap::{Args, Subcommand};

use super::Context;
use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  homing audit tail -w                         what is being done
  homing audit search --device mx1.fra --since 2h --action rpc
  homing audit search --result refused         who tried what they may not
  homing audit verify                          note the head it prints elsewhere
  homing audit verify --head 8123:5f2c…        … and compare with it later
  homing audit export > trail.jsonl
  homing audit replay                          the recorded terminal sessions";

/// Options of `homing audit`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The newest entries, and with -w those that come
    Tail(list::TailArguments),
    /// Entries by who, what, where and when
    Search(list::SearchArguments),
    /// Prove that no entry was altered, removed or moved
    Verify(verify::Arguments),
    /// The whole trail, to keep it elsewhere
    Export(export::Arguments),
    /// Watch a recorded terminal session; without an id: list them
    Replay(replay::Arguments),
}

/// Runs one of the verbs.
pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    match arguments.verb {
        Verb::Tail(arguments) => list::tail(arguments, context).await,
        Verb::Search(arguments) => list::search(arguments, context).await,
        Verb::Verify(arguments) => verify::run(arguments, context).await,
        Verb::Export(arguments) => export::run(arguments, context).await,
        Verb::Replay(arguments) => replay::run(arguments, context).await,
    }
}
