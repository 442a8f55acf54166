//! Storms of every kind, many seeds each, as a table.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::storm::{Passed, Storm, run};

/// Every combination of these, with every seed.
#[derive(Debug, Clone, clap::Args)]
pub struct StormGrid {
    /// Devices that dial within half a second
    #[arg(long, default_value_t = 50_000)]
    devices: usize,
    /// Cores of the gateway
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2, 4, 8])]
    cores: Vec<usize>,
    /// What a handshake costs one core, in microseconds
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 2_000, 3_000])]
    handshake: Vec<u64>,
    /// After how many seconds a device gives up
    #[arg(long, value_delimiter = ',', default_values_t = [15, 60])]
    patience: Vec<u64>,
    /// How likely a round trip loses a packet
    #[arg(long, value_delimiter = ',', default_values_t = [0.0, 0.02])]
    loss: Vec<f64>,
    /// How likely a dial leaves half a connection
    #[arg(long, value_delimiter = ',', default_values_t = [0.0, 0.02])]
    half_open: Vec<f64>,
    /// Any dial may leave half a connection, instead of the first ones of a device
    #[arg(long)]
    half_open_later: bool,
    /// How many seeds each
    #[arg(long, default_value_t = 10)]
    seeds: u64,
    /// The devices call home instead of saying who they are
    #[arg(long)]
    call_home: bool,
    /// Take in everybody at once, as a gateway without a queue does
    #[arg(long)]
    takes_everybody: bool,
    /// The first of the seeds
    #[arg(long, default_value_t = 0)]
    first_seed: u64,
    /// Print each combination as a line of JSON
    #[arg(long)]
    json: bool,
}

impl StormGrid {
    /// Prints a line for each combination as it is done.
    ///
    /// # Errors
    /// None of a table; a line that can't be written as JSON.
    pub fn run(&self) -> serde_json::Result<()> {
        if !self.json {
            println!(
                "Times of the floor (worst) / of the least (worst)\n\
                 cores    ms  gives up  loss  half-open   floor       least                              99 % in  \
                              all in  dials/device  turned away  wasted  left out"
            );
        }
        for storm in self.storms() {
            let seeds = self.first_seed..self.first_seed.saturating_add(self.seeds);
            let pairs: Vec<Pair> = seeds.map(|seed| Pair::of(storm, seed)).collect();
            let kind = Kind::of(&storm, &pairs);
            match self.json {
                true => println!("{}", serde_json::to_string(&kind)?),
                false => println!("{kind}"),
            }
        }
        Ok(())
    }

    fn storms(&self) -> Vec<Storm> {
        let mut storms = Vec::new();
        for cores in self.cores.iter().copied() {
            for handshake in self.handshake.iter().copied().map(Duration::from_micros) {
                for patience in self.patience.iter().copied().map(Duration::from_secs) {
                    for loss in self.loss.iter().copied() {
                        for half_open in self.half_open.iter().copied() {
                            storms.push(Storm {
                                devices: self.devices,
                                cores,
                                handshake,
                                patience,
                                loss,
                                half_open,
                                half_open_later: self.half_open_later,
                                calls_home: self.call_home,
                                takes_everybody: self.takes_everybody,
                                ..Storm::new(0)
                            });
                        }
                    }
                }
            }
        }
        storms
    }
}

/// A storm that has not passed by then does not pass.
const LONGEST: Duration = Duration::from_secs(900);

/// One storm against this gateway, and what it would take any.
struct Pair {
    passed: Passed,
    least_most: Duration,
    least_all: Duration,
}

impl Pair {
    fn of(storm: Storm, seed: u64) -> Self {
        let storm = Storm { seed, ..storm };
        let (least_most, least_all) = (storm.least(0.99), storm.least(1.0));
        Self { passed: run(storm, LONGEST), least_most, least_all }
    }

    /// Until 99 of 100 were in: how long it took, how often what the cores need for all, how often the least.
    fn most(&self, storm: &Storm) -> [f64; 3] {
        times(self.passed.most, storm.floor(), self.least_most)
    }

    /// The same until all were.
    fn all(&self, storm: &Storm) -> [f64; 3] {
        times(self.passed.all, storm.floor(), self.least_all)
    }
}

fn times(took: Option<Duration>, floor: Duration, least: Duration) -> [f64; 3] {
    let took = took.map_or(f64::INFINITY, |at| at.as_secs_f64());
    [took, took / floor.as_secs_f64(), took / least.as_secs_f64()]
}

/// A combination, over all seeds.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Kind {
    devices: usize,
    cores: usize,
    handshake_ms: f64,
    patience_s: u64,
    loss: f64,
    half_open: f64,
    half_open_later: bool,
    calls_home: bool,
    takes_everybody: bool,
    seeds: usize,
    /// What the cores need for the handshakes alone.
    floor_s: f64,
    /// The least that any gateway needs in the same storm, on average.
    least_s: f64,
    /// Until 99 of 100 are in.
    most: Times,
    /// Until all are.
    all: Times,
    dials_per_device: f64,
    turned_away: f64,
    wasted: f64,
    /// Devices that were not in at the end, in the worst of the seeds.
    left_out: usize,
}

/// How long it took, and how often what the cores need that is, and how often the least that any gateway needs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Times {
    median_s: f64,
    of_floor: Often,
    of_least: Often,
}

/// Over all seeds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Often {
    median: f64,
    worst: f64,
}

impl Often {
    fn of(mut all: Vec<f64>) -> Self {
        all.sort_by(f64::total_cmp);
        let at = |index: usize| all.get(index).copied().unwrap_or_default();
        Self { median: at(all.len() / 2), worst: at(all.len().saturating_sub(1)) }
    }
}

impl Kind {
    fn of(storm: &Storm, pairs: &[Pair]) -> Self {
        let times = |of: fn(&Pair, &Storm) -> [f64; 3]| {
            let column = |pick: fn([f64; 3]) -> f64| {
                Often::of(pairs.iter().map(|pair| pick(of(pair, storm))).collect())
            };
            let median_s = column(|[took, ..]| took).median;
            let [of_floor, of_least] = [column(|[_, it, _]| it), column(|[_, _, it]| it)];
            Times { median_s, of_floor, of_least }
        };
        let mean =
            |of: fn(&Pair) -> f64| pairs.iter().map(of).sum::<f64>() / pairs.len().max(1) as f64;
        Self {
            devices: storm.devices,
            cores: storm.cores,
            handshake_ms: storm.handshake.as_secs_f64() * 1e3,
            patience_s: storm.patience.as_secs(),
            loss: storm.loss,
            half_open: storm.half_open,
            half_open_later: storm.half_open_later,
            calls_home: storm.calls_home,
            takes_everybody: storm.takes_everybody,
            seeds: pairs.len(),
            floor_s: storm.floor().as_secs_f64(),
            least_s: mean(|it| it.least_all.as_secs_f64()),
            most: times(Pair::most),
            all: times(Pair::all),
            dials_per_device: mean(|it| it.passed.dials as f64) / storm.devices as f64,
            turned_away: mean(|it| it.passed.turned_away as f64),
            wasted: mean(|it| it.passed.wasted as f64),
            left_out: pairs
                .iter()
                .map(|it| storm.devices - it.passed.in_session)
                .max()
                .unwrap_or(0),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times = |it: Times| {
            let Times { median_s, of_floor, of_least } = it;
            format!(
                "{median_s:>6.1} s = {:>4.2} ({:>4.2}) / {:>4.2} ({:>4.2})",
                of_floor.median, of_floor.worst, of_least.median, of_least.worst
            )
        };
        write!(
            f,
            "{:>5} {:>5.1} {:>7} s {:>4.0} % {:>8.0} % {:>5.1} s {:>9.1} s {} {} {:>13.2} {:>12.0} {:>7.0} {:>9}",
            self.cores,
            self.handshake_ms,
            self.patience_s,
            self.loss * 100.0,
            self.half_open * 100.0,
            self.floor_s,
            self.least_s,
            times(self.most),
            times(self.all),
            self.dials_per_device,
            self.turned_away,
            self.wasted,
            self.left_out,
        )
    }
}
