//! `homing role`: what each role may.

use clap::{Args, Subcommand};
use homing_proto::access::Right;
use homing_proto::api::RoleDescription;

use super::Context;
use crate::client::Target;
use crate::failure::Failure;
use crate::output::table::{Column, Table};

const COLUMNS: &[Column] = &[("ROLE", 0), ("MAY", 0), ("THAT IS", 0)];

/// Options of `homing role`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List roles, the least first
    Ls,
}

/// Lists the roles.
pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let Verb::Ls = arguments.verb;
    let roles: Vec<RoleDescription> = context.client.get(&Target::new(&["roles"])).await?;
    context.output.list(&roles, || table(&roles), "no role")
}

fn table(roles: &[RoleDescription]) -> Table {
    let mut table = Table::new(COLUMNS);
    for role in roles {
        let rights: Vec<&str> = role.rights.iter().map(|right| Right::as_str(*right)).collect();
        let words = role.description.as_str();
        table.row(vec![role.role.as_str().into(), rights.join(", ").into(), words.into()]);
    }
    table
}
