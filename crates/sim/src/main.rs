//! `homing-sim`: simulated devices against a real gateway, and the figures that come of it.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::{Parser, Subcommand};
use homing_sim::figures::{Round, Spread, spread};
use homing_sim::storm_table::StormGrid;
use homing_sim::{manager, measure, process};

/// Simulated devices against a real gateway.
#[derive(Debug, Parser)]
#[command(name = "homing-sim", version)]
struct CommandLine {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// A fleet dials at once: sessions per second, and memory per idle session
    Measure(Measure),
    /// A fleet comes back all at once, in virtual time: how the gateway's queue brings it in
    Storm(StormGrid),
    /// The gateway as one more manager of the harness that measures peers
    Manager(manager::Arguments),
}

#[derive(Debug, clap::Args)]
struct Measure {
    /// How many devices
    #[arg(long, default_value_t = 1000)]
    devices: usize,
    /// How many rounds, each with a fresh gateway
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// The gateway's program
    #[arg(long, value_name = "FILE", default_value = "target/release/homing")]
    gateway: PathBuf,
    /// Print every round as a line of JSON
    #[arg(long)]
    json: bool,
}

fn main() -> Result<()> {
    match CommandLine::parse().verb {
        Verb::Measure(arguments) => measure(arguments),
        Verb::Storm(grid) => Ok(grid.run()?),
        Verb::Manager(arguments) => manage(arguments),
    }
}

/// On the runtime, and with the log, that `homing gateway` has.
fn manage(arguments: manager::Arguments) -> Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(false)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(manager::run(arguments))?;
    // What is left of the gateway waits for nobody.
    runtime.shutdown_background();
    Ok(())
}

fn measure(arguments: Measure) -> Result<()> {
    // Core 0 is the gateway's.
    process::pin(std::process::id(), 1)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let settings = measure::Settings {
        gateway: arguments.gateway,
        devices: arguments.devices,
        idle: Duration::from_secs(3),
        deadline: Duration::from_secs(120),
    };
    let mut rounds = Vec::new();
    for _ in 0..arguments.rounds {
        let round = runtime.block_on(measure::round(&settings))?;
        if arguments.json {
            println!("{}", serde_json::to_string(&round)?);
        }
        rounds.push(round);
    }
    if !arguments.json {
        table(settings.devices, &rounds);
    }
    Ok(())
}

fn table(devices: usize, rounds: &[Round]) {
    println!("{devices} devices at once, {} rounds: median (least to most)", rounds.len());
    line("connects/s", spread(rounds, |round| round.connects_per_s));
    line("gateway CPU, ms/connect", spread(rounds, |round| round.cpu_ms_per_connect));
    line("dial to hello, p50 ms", spread(rounds, |round| round.p50_ms));
    line("dial to hello, p99 ms", spread(rounds, |round| round.p99_ms));
    line("gateway before, KiB", spread(rounds, |round| round.base_kib as f64));
    line("KiB per idle session", spread(rounds, |round| round.kib_per_session));
}

fn line(what: &str, spread: Option<Spread>) {
    if let Some(Spread { median, min, max }) = spread {
        println!("{what:<26}{median:>10.2}   ({min:.2} to {max:.2})");
    }
}
