//! `homing proxy`: the bytes of a connection to the door on stdin and stdout, for `ProxyCommand`.

use clap::Args;
use tokio::io::{AsyncWriteExt as _, copy, stdin, stdout};
use tokio::net::TcpStream;
use tokio::time::{Duration, timeout};

use super::door::{Door, Place};
use super::presence;
use super::wait::Wait;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::verbs::Context;

/// How long the door may take to accept.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

const EXAMPLES: &str = "\
Examples:
  ssh -o ProxyCommand='homing proxy mx1.fra --wait' ops:mx1.fra@mx1.fra
  homing ssh-config --proxy >> ~/.ssh/config

Only the way to the door: the ssh that uses it logs in by itself.";

/// Options of `homing proxy`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The device
    device: String,
    /// Wait until the device calls home [at most 10m, or so long]
    #[arg(long, num_args = 0..=1, default_missing_value = "10m", value_name = "TIME")]
    wait: Option<Wait>,
    /// Where the door is [default: what the gateway says]
    #[arg(long, value_name = "HOST[:PORT]")]
    door: Option<Place>,
}

/// Carries bytes until either side ends.
pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let door = Door::find(arguments.door.as_ref(), context).await?;
    if door.key.is_some() {
        presence::require(&arguments.device, arguments.wait, context).await?;
    }
    let place = door.place;
    let connecting = TcpStream::connect((place.host.as_str(), place.port));
    let stream = match timeout(CONNECT_TIMEOUT, connecting).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(closed(&place, &error)),
        Err(_) => return Err(closed(&place, &"no answer in 10 seconds")),
    };
    // What ssh writes is whole packets.
    let _ = stream.set_nodelay(true);
    carry(stream).await
}

async fn carry(stream: TcpStream) -> Result<(), Failure> {
    let (mut from_door, mut to_door) = stream.into_split();
    let sending = async {
        let sent = copy(&mut stdin(), &mut to_door).await;
        let _ = to_door.shutdown().await;
        match sent {
            // The door may have more to say.
            Ok(_) => std::future::pending::<std::io::Result<()>>().await,
            Err(error) => Err(error),
        }
    };
    let receiving = async {
        let mut out = stdout();
        copy(&mut from_door, &mut out).await?;
        out.flush().await
    };
    // The door's end is the end: a broken connection is for ssh to explain.
    tokio::select! {
        _ = sending => Ok(()),
        _ = receiving => Ok(()),
    }
}

fn closed(place: &Place, reason: &dyn std::fmt::Display) -> Failure {
    Failure::new(
        Exit::NoConnection,
        "door-unreachable",
        format!("no front door at {place}: {reason}"),
    )
    .hint("homing status")
}
