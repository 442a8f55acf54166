//! `homing demo`: a gateway and a few devices in one process, nothing installed, everything in a temporary folder.
//!
//! ```text
//!   temporary folder ─▶ gateway ─▶ enrol ─▶ agents dial ─▶ what happens, live ─▶ one RPC ─▶ what to try ─▶ Ctrl-C
//! ```

mod fleet;
mod operator;
mod show;

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};

use clap::Args;
use homing_gateway::config::{DialAddress, Flags, Settings, load};
use homing_gateway::control::{Control, DeviceQuery};
use homing_proto::api::{Device, Event};
use tokio::sync::{broadcast, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::exit::Exit;
use crate::failure::Failure;
use fleet::Member;

/// The port that the documentation names; another one if it is taken.
const PORT: u16 = 4334;
/// The port of the console; another one if it is taken.
const WEB_PORT: u16 = 8080;
/// How long the demo waits until every device has met its fate.
const ARRIVAL: Duration = Duration::from_secs(10);

const ABOUT: &str = "\
Runs a gateway and a few devices in a temporary folder, shows them dialling in,
runs an RPC on one of them, and says what to try next from a second terminal.
Ctrl-C stops and removes everything.

The first five devices differ: one with a secret, one whose key was carried by
hand, one with an outdated secret, one that nobody enrolled, and one that opens
as NETCONF call home does (RFC 8071). All others have a secret.

Three more show the remaining states: one that is blocked, one that was in
session and left, and one that is enrolled and has never dialled.";

/// Options of `homing demo`.
#[derive(Debug, Args)]
#[command(after_help = ABOUT)]
pub(crate) struct Arguments {
    /// How many devices
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=200))]
    devices: u16,
}

/// Runs the demo until Ctrl-C.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let start = Instant::now();
    let folder = tempfile::Builder::new().prefix("homing-demo-").tempdir();
    let folder = folder.map_err(|error| failed("no-folder", &error))?;
    let stop = CancellationToken::new();
    let tasks = TaskTracker::new();
    let demo = async {
        let (control, address) = start_gateway(folder.path(), &stop, &tasks).await?;
        show::greeting(usize::from(arguments.devices), address.port);
        let mut events = control.subscribe();
        let fleet = fleet::start(&control, folder.path(), arguments.devices, &stop, &tasks).await?;
        let fates = arrivals(&control, &mut events, &fleet, start).await?;
        show::fates(&fates);
        show::rpc(&control, &fates).await?;
        let key = operator::admit(&control, folder.path()).await?;
        let link = control.web_link(&operator::local());
        let link = link.map_err(|error| failed(error.code(), &error))?;
        show::next(folder.path(), &key, &fates, &link);
        std::future::pending().await
    };
    let ended = tokio::select! {
        ended = demo => ended,
        _ = tokio::signal::ctrl_c() => {
            show::stopping();
            Ok(())
        }
        () = terminated() => Ok(()),
    };
    stop.cancel();
    tasks.close();
    // Every task has a deadline of its own; this is for a machine that stands still.
    let _ = tokio::time::timeout(Duration::from_secs(10), tasks.wait()).await;
    ended
}

async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut signal) => _ = signal.recv().await,
        Err(_) => std::future::pending().await,
    }
}

fn failed(code: &'static str, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Exit::Failed, code, error.to_string())
}

async fn start_gateway(
    folder: &Path,
    stop: &CancellationToken,
    tasks: &TaskTracker,
) -> Result<(Control, DialAddress), Failure> {
    let port = match std::net::TcpListener::bind(("127.0.0.1", PORT)) {
        Ok(_) => PORT,
        Err(_) => 0,
    };
    let web_port = match std::net::TcpListener::bind(("127.0.0.1", WEB_PORT)) {
        Ok(_) => WEB_PORT,
        Err(_) => 0,
    };
    let (tell, ready) = oneshot::channel();
    let stopping = stop.clone().cancelled_owned();
    let settings = settings(folder, port, web_port)?;
    let running = tasks.spawn(async move {
        let ready = |gateway: &homing_gateway::Gateway| {
            let port = gateway.listeners().first().map_or(PORT, |(_, address)| address.port());
            // The demo is waiting for it.
            let _ = tell.send((gateway.control(), port));
        };
        homing_gateway::run(settings, ready, stopping).await
    });
    match ready.await {
        Ok((control, port)) => Ok((control, dial_address(port)?)),
        Err(_) => match running.await {
            Ok(Err(error)) => Err(failed("no-gateway", &error)),
            _ => Err(failed("no-gateway", &"the gateway ended before it was ready")),
        },
    }
}

fn dial_address(port: u16) -> Result<DialAddress, Failure> {
    DialAddress::parse("127.0.0.1", port).map_err(|error| failed("no-address", &error))
}

/// The defaults, but all in the folder, on loopback, and with what the environment says left aside.
fn settings(folder: &Path, port: u16, web_port: u16) -> Result<Settings, Failure> {
    let flags = Flags {
        config: Some(Path::new("/dev/null").to_owned()),
        data: Some(folder.join("gateway")),
        listen: vec![format!("127.0.0.1:{port}")],
        socket: Some(folder.join("homing.sock")),
        http: vec![format!("http://127.0.0.1:{web_port}")],
        door: vec!["127.0.0.1:0".to_owned()],
    };
    let mut settings = load(flags).map_err(|error| failed("bad-environment", &error))?.settings;
    settings.refuse_hold = Duration::from_secs(5);
    if port != 0 {
        settings.addresses = vec![dial_address(port)?];
    }
    settings.stop_timeout = Duration::from_secs(2);
    // The devices are this machine: a shell on them is this user's.
    if let Ok(Some(user)) = nix::unistd::User::from_uid(nix::unistd::geteuid()) {
        settings.user = user.name;
    }
    Ok(settings)
}

/// Shows events until every device has met its fate and all of them have a line.
async fn arrivals(
    control: &Control,
    events: &mut broadcast::Receiver<Event>,
    fleet: &[Member],
    start: Instant,
) -> Result<Vec<Device>, Failure> {
    let deadline = Instant::now() + ARRIVAL;
    let mut unheard: HashSet<&str> = fleet
        .iter()
        .filter(|member| member.is_heard())
        .map(|member| member.name.as_str())
        .collect();
    let mut first = true;
    loop {
        let event = tokio::time::timeout_at(deadline.into(), events.recv()).await;
        if let Ok(Ok(event)) = &event
            && let Some(line) = show::line(event)
        {
            first &= !show::event(&line, start.elapsed(), first);
            match fleet.iter().find(|member| member.name.as_str() == line.name) {
                Some(member) if line.is_in => member.came_in(),
                _ => {}
            }
            unheard.remove(line.name.as_str());
        }
        let all = control.devices(&DeviceQuery::default(), &operator::local()).await;
        let all = all.map_err(|error| failed(error.code(), &error))?;
        let stands = |member: &Member| {
            all.iter()
                .any(|device| device.name == member.name.as_str() && device.state == member.fate)
        };
        if event.is_err() || (unheard.is_empty() && fleet.iter().all(stands)) {
            return Ok(all);
        }
    }
}
