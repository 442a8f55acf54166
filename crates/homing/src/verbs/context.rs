//! `homing context`: which of the gateways that one has logged in to is meant.

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::contexts::{Contexts, LOCAL};
use crate::failure::Failure;
use crate::output::Output;
use crate::output::table::{Cell, Table};

const EXAMPLES: &str = "\
Examples:
  homing context ls
  homing context use gw1
  homing context use local        the socket of this machine
  homing --context gw2 device ls";

/// Options of `homing context`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the gateways that you have logged in to
    Ls,
    /// Mean this one from here on; `local` is this machine's socket
    Use {
        /// The context
        name: String,
    },
    /// Forget one, and its token
    Rm {
        /// The context
        name: String,
    },
}

/// A context as it is shown: without its token.
#[derive(Debug, Serialize)]
struct Shown {
    name: String,
    current: bool,
    url: Option<String>,
    fingerprint: Option<String>,
}

/// Runs one of the verbs.
pub(crate) fn run(arguments: Arguments, output: &Output) -> Result<(), Failure> {
    let mut contexts = Contexts::load()?;
    match arguments.verb {
        Verb::Ls => return list(&contexts, output),
        Verb::Use { name } => {
            contexts.switch(&name)?;
            contexts.save()?;
            output.note(&format!("{name} is meant from here on"));
        }
        Verb::Rm { name } => {
            contexts.remove(&name)?;
            contexts.save()?;
            output.note(&format!("forgot {name}"));
        }
    }
    Ok(())
}

fn list(contexts: &Contexts, output: &Output) -> Result<(), Failure> {
    let current = contexts.current();
    let local =
        Shown { name: LOCAL.to_owned(), current: current.is_none(), url: None, fingerprint: None };
    let others = contexts.all().map(|(name, context)| Shown {
        name: name.to_owned(),
        current: current == Some(name),
        url: Some(context.url.clone()),
        fingerprint: context.fingerprint.clone(),
    });
    let all: Vec<Shown> = std::iter::once(local).chain(others).collect();
    let table = || {
        let mut table = Table::new(&[("CURRENT", 0), ("NAME", 0), ("URL", 0), ("FINGERPRINT", 0)]);
        for one in &all {
            table.row(vec![
                Cell::optional(one.current.then(|| "*".to_owned())),
                Cell::Text(one.name.clone()),
                Cell::optional(one.url.clone()),
                Cell::optional(one.fingerprint.clone()),
            ]);
        }
        table
    };
    output.list(&all, table, "")
}
