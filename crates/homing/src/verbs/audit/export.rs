//! `homing audit export`: the trail on stdout, as lines of JSON that can be verified, or of syslog.

use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::client::{Piece, Target};
use crate::failure::Failure;
use crate::output::write_bytes;
use crate::verbs::Context;

/// How long the gateway may take for the next page.
const PATIENCE: Duration = Duration::from_secs(60);

/// Options of `homing audit export`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The form of the lines
    #[arg(long, value_enum, default_value_t)]
    format: Form,
    /// Only entries after the one with this id: what is missing in an older copy
    #[arg(long, value_name = "ID")]
    after: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Form {
    /// JSON with the hashes, which `homing audit verify --file` takes
    #[default]
    Jsonl,
    /// Syslog, RFC 5424
    Syslog,
}

/// Copies the trail to stdout.
pub(super) async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let form = match arguments.format {
        Form::Jsonl => "jsonl",
        Form::Syslog => "syslog",
    };
    let target = Target::new(&["audit", "export"])
        .query("format", form)
        .optional("after", arguments.after.map(|after| after.to_string()).as_deref());
    let mut pieces = context.client.pieces(&target, PATIENCE).await?;
    while let Some(piece) = pieces.next().await? {
        if let Piece::Data(data) = piece {
            write_bytes(&data)?;
        }
    }
    Ok(())
}
