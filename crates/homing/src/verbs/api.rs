//! `homing api`: one request of the HTTP API as it is, with the gateway and the token of the context.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use homing_proto::api::{OUTCOME_TRAILER, Outcome};
use hyper::{HeaderMap, Method, header};

use super::Context;
use crate::client::{Piece, Target, of_problem};
use crate::failure::Failure;
use crate::output::write_bytes;

const EXAMPLES: &str = "\
Examples:
  homing api GET /api/v1/devices
  homing api GET '/api/v1/devices?state=down'
  homing api POST /api/v1/accept --input decision.json
  echo '<get-config><source><running/></source></get-config>' |
    homing api POST /api/v1/devices/mx1/rpc --input - --type application/xml

The answer goes to stdout as it comes. A path without /api/v1 gets it.";

/// Largest request.
const LIMIT: u64 = 16 * 1024 * 1024;
/// How long the gateway may say nothing.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);

/// Options of `homing api`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// GET, POST, PATCH, PUT or DELETE
    #[arg(value_name = "METHOD")]
    method: String,
    /// The path, with its query
    #[arg(value_name = "PATH")]
    path: String,
    /// Send this file; `-` is stdin
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// What is sent is of this kind
    #[arg(long = "type", value_name = "TYPE", default_value = "application/json")]
    kind: String,
    /// Ask for an answer of this kind
    #[arg(long, value_name = "TYPE")]
    accept: Option<String>,
}

/// Asks, and hands the answer on.
pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let method = Method::from_bytes(arguments.method.to_ascii_uppercase().as_bytes())
        .map_err(|_| Failure::usage(format!("{:?} is no method", arguments.method)))?;
    let target = Target::raw(&arguments.path)?;
    let body = match &arguments.input {
        Some(file) => Some((arguments.kind.as_str(), Bytes::from(read(file)?))),
        None => None,
    };
    let accept = arguments.accept.as_deref().map(|kind| (header::ACCEPT, kind));
    let mut pieces = context.client.ask(method, &target, body, accept, PATIENCE).await?;
    let mut ends_line = true;
    while let Some(piece) = pieces.next().await? {
        match piece {
            Piece::Data(data) => {
                write_bytes(&data)?;
                ends_line = data.last().map_or(ends_line, |byte| *byte == b'\n');
            }
            Piece::Trailers(trailers) => outcome(&trailers)?,
        }
    }
    match ends_line {
        true => Ok(()),
        false => write_bytes(b"\n"),
    }
}

/// What the end of a reply says of it.
fn outcome(trailers: &HeaderMap) -> Result<(), Failure> {
    let Some(value) = trailers.get(OUTCOME_TRAILER) else { return Ok(()) };
    match serde_json::from_slice(value.as_bytes()) {
        Ok(Outcome::Failed { problem }) => Err(of_problem(&problem)),
        _ => Ok(()),
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = match file.as_os_str() == "-" {
        true => std::io::stdin().take(LIMIT + 1).read_to_end(&mut bytes),
        false => {
            std::fs::File::open(file).and_then(|file| file.take(LIMIT + 1).read_to_end(&mut bytes))
        }
    };
    read.map_err(|error| Failure::usage(format!("cannot read {}: {error}", file.display())))?;
    match u64::try_from(bytes.len()) {
        Ok(length) if length <= LIMIT => Ok(bytes),
        _ => Err(Failure::usage(format!("{} is longer than 16 MiB", file.display()))),
    }
}
