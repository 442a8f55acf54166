//! `homing device blocks`, `block` and `unblock`: keys and addresses that are shut out.

use std::net::IpAddr;

use clap::Args;
use homing_proto::api::{AddBlock, Block};
use hyper::Method;

use super::Context;
use crate::client::Target;
use crate::failure::Failure;
use crate::output::table::{Cell, Column, Table};

const COLUMNS: &[Column] =
    &[("BLOCKED", 0), ("KIND", 0), ("DEVICE-ID", 0), ("BY", 0), ("SINCE", 0)];

/// Options of `homing device block`.
#[derive(Debug, Args)]
pub(crate) struct BlockArguments {
    /// The address from which only enrolled devices are taken in
    #[arg(value_name = "ADDRESS")]
    source: IpAddr,
}

/// Options of `homing device unblock`.
#[derive(Debug, Args)]
pub(crate) struct UnblockArguments {
    /// The address, or the fingerprint of a key that was rejected
    #[arg(value_name = "ADDRESS|FINGERPRINT")]
    subject: String,
}

/// Lists what is shut out.
pub(crate) async fn list(context: &Context) -> Result<(), Failure> {
    let blocks: Vec<Block> = context.client.list(&Target::new(&["blocks"])).await?;
    context.output.list(&blocks, || table(&blocks), "nothing is blocked")
}

fn table(blocks: &[Block]) -> Table {
    let mut table = Table::new(COLUMNS);
    for one in blocks {
        table.row(vec![
            Cell::Text(one.subject.clone()),
            Cell::Text(one.kind.as_str().to_owned()),
            Cell::optional(one.device_id.as_ref().map(ToString::to_string)),
            Cell::optional(one.by.clone()),
            Cell::Text(one.at.to_string()),
        ]);
    }
    table
}

/// Blocks an address.
pub(crate) async fn block(arguments: BlockArguments, context: &Context) -> Result<(), Failure> {
    let asked = AddBlock { source: arguments.source };
    let block: Block = context.client.send(Method::POST, &Target::new(&["blocks"]), &asked).await?;
    context.output.note(&format!(
        "blocked {}: enrolled devices come in from there, nobody else",
        block.subject
    ));
    Ok(())
}

/// Ends a block.
pub(crate) async fn unblock(arguments: UnblockArguments, context: &Context) -> Result<(), Failure> {
    let subject = &arguments.subject;
    context.client.delete(&Target::new(&["blocks", subject])).await?;
    context.output.note(&format!("unblocked {subject}: its next attempt waits for a decision"));
    Ok(())
}
