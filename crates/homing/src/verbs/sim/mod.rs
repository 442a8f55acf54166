//! `homing sim`: thousands of simulated devices that dial a gateway, and what came of it in figures.
//!
//! ```text
//!   --enroll: the gateway's API ──▶ the fleet is known ─▶ devices dial ─▶ stderr: how it stands, once a second
//!                                                                      └▶ stdout: waves and sums     --plot: SVG
//! ```

mod arguments;
mod fleet;
mod show;

use std::net::SocketAddr;
use std::path::Path;

use homing_proto::identity::DeviceId;
use homing_sim::load::{self, Habits, Member, Plan, Replies, Report, Seen};
use tokio::runtime::{Builder, Runtime};

use crate::client::{Client, Told};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

pub(crate) use arguments::Arguments;

/// A thread of its own unless more are asked for, so that it can be bound to a core.
///
/// # Errors
/// The system gives no threads.
pub(crate) fn runtime(arguments: &Arguments) -> std::io::Result<Runtime> {
    match arguments.threads {
        1 => Builder::new_current_thread().enable_all().build(),
        threads => Builder::new_multi_thread().worker_threads(threads.into()).enable_all().build(),
    }
}

/// Enrols, dials or forgets the fleet.
pub(crate) async fn run(arguments: Arguments, told: &Told, output: &Output) -> Result<(), Failure> {
    let fleet = arguments.fleet();
    if arguments.forget {
        return fleet::forget(&Client::find(told)?, &fleet, arguments.devices, output).await;
    }
    let mut secrets = fleet::Secrets::read(arguments.secrets.as_deref())?;
    if arguments.enroll {
        let client = Client::find(told)?;
        fleet::enroll(&client, &fleet, arguments.devices, &mut secrets, output).await?;
    }
    if arguments.to.is_empty() {
        return Ok(());
    }
    let plan = plan(&arguments, &secrets).await?;
    let ends = plan.waves.is_some() || plan.at_most.is_some();
    let all = plan.all;
    let report = load::run(plan, interrupted(), |seen| match seen {
        Seen::Standing(standing) => show::standing(&standing, output),
        Seen::Wave(wave) => show::wave(wave, output),
    })
    .await;
    show::end_of_line(output);
    if let Some(file) = &arguments.plot {
        plot(file, &report)?;
    }
    show::report(&report, output)?;
    match report.up < all && ends {
        true => Err(Failure::new(
            Exit::Failed,
            "not-all-in",
            format!("{} of {all} devices were in session at the end", report.up),
        )
        .hint(format!("homing device log {}", fleet.name(0)))),
        false => Ok(()),
    }
}

/// Resolves at Ctrl-C or SIGTERM.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => _ = signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}

async fn plan(arguments: &Arguments, secrets: &fleet::Secrets) -> Result<Plan, Failure> {
    let all = arguments.devices;
    let connections = all + arguments.clones;
    load::raise(u64::from(connections)).map_err(|error| {
        Failure::new(Exit::Failed, "too-few-descriptors", error.to_string())
            .hint("ulimit -n 20000, as root; or LimitNOFILE= of its unit; or fewer --devices")
    })?;
    let servers = addresses(&arguments.to).await?;
    let clones = (0..arguments.clones).map(|number| number % all.max(1));
    let members = (0..all).chain(clones).map(|number| member(arguments, secrets, number));
    Ok(Plan {
        members: members.collect::<Result<_, _>>()?,
        all: all as usize,
        sources: arguments.sources(&servers, connections),
        servers,
        habits: Habits {
            retry: arguments.retry,
            timeout: arguments.timeout,
            patience: arguments.give_up,
            within: arguments.within.unwrap_or_default(),
            half_open: arguments.half_open,
            slow: arguments.slow,
            seed: arguments.seed,
        },
        distance: arguments.distance(),
        replies: Replies::new(arguments.reply, arguments.config),
        at_once: arguments.at_once as usize,
        keep_alive: arguments.keep_alive.map(|interval| (interval, 3)),
        post_quantum: arguments.post_quantum,
        waves: arguments.waves,
        at_most: arguments.r#for,
    })
}

fn member(arguments: &Arguments, secrets: &fleet::Secrets, number: u32) -> Result<Member, Failure> {
    let fleet = arguments.fleet();
    let name = fleet.name(number);
    let secret = secrets.of(&name)?;
    let device_id = (!arguments.call_home).then(|| DeviceId::new(name)).transpose();
    let device_id = device_id.map_err(|error| Failure::usage(error.to_string()))?;
    let key = fleet.key(number).map_err(|error| {
        Failure::new(Exit::Failed, error.code(), format!("cannot make a key: {error}"))
    })?;
    Ok(Member { device_id, key, secret })
}

/// The first address of each name.
async fn addresses(names: &[String]) -> Result<Vec<SocketAddr>, Failure> {
    let mut addresses = Vec::new();
    for name in names {
        let found = tokio::net::lookup_host(name.as_str()).await;
        let found = found.map_err(|error| {
            Failure::usage(format!("cannot find {name}: {error}")).hint("--to HOST:PORT")
        })?;
        addresses.extend(found.into_iter().next());
    }
    Ok(addresses)
}

fn plot(file: &Path, report: &Report) -> Result<(), Failure> {
    let title = format!("{} simulated devices", report.devices);
    std::fs::write(file, load::svg(&title, &report.curve)).map_err(|error| {
        let message = format!("cannot write {}: {error}", file.display());
        Failure::new(Exit::Failed, "plot-failed", message)
    })
}
