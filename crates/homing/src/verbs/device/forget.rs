//! `homing device forget`: keys, secret and timeline go; its session ends.

use std::io::{BufRead, IsTerminal};

use clap::Args;

use super::Context;
use crate::client::Target;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::escape::escape;
use crate::verbs::suggest;

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
    if !arguments.yes && is_person() && !confirmed(&name).await {
        return Err(Failure::new(Exit::Failed, "not-confirmed", format!("{name} is kept")));
    }
    let target = Target::new(&["devices", &name]);
    match context.client.delete(&target).await {
        Ok(()) => context.output.note(&format!("forgot {name}")),
        Err(failure) => return Err(suggest::device(failure, &context.client, &name).await),
    }
    Ok(())
}

/// Only a person is asked; a script has decided.
fn is_person() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

async fn confirmed(name: &str) -> bool {
    eprint!("forget {}, its keys and its secret? [y/N] ", escape(name));
    let read = tokio::task::spawn_blocking(|| {
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer).map(|_| answer)
    });
    matches!(read.await, Ok(Ok(answer)) if answer.trim().eq_ignore_ascii_case("y"))
}
