//! The figures of a run as they are printed: an object for programs.

use std::time::Duration;

use serde::Serialize;

use super::curve::Point;
use crate::figures::quantile;

/// How values are spread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Quantiles {
    /// Half are below.
    pub p50: f64,
    /// All but a hundredth are.
    pub p99: f64,
    /// The most.
    pub max: f64,
}

/// From the first device that was missing until all were in.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Wave {
    /// Seconds after the run began.
    pub began_s: f64,
    /// Most devices that were missing at once.
    pub missing: usize,
    /// Sessions that came about in it.
    pub came_in: usize,
    /// Seconds until all were in; none if they are not yet.
    pub all_in_s: Option<f64>,
    /// Seconds until anybody took a connection: the gateway was away.
    pub unanswered_s: Option<f64>,
    /// Seconds from then until all were in.
    pub from_first_answer_s: Option<f64>,
    /// Of each device: from the loss of its session until it was in again, in seconds.
    pub away_s: Quantiles,
    /// Of each device: from the first answer to anybody until it was in, in seconds.
    pub since_first_answer_s: Quantiles,
    /// Of the attempts that led to a session: from the dial to the gateway's hello, in milliseconds.
    pub handshake_ms: Quantiles,
    /// Attempts.
    pub dials: u64,
    /// Attempts that nobody took.
    pub refused: u64,
    /// Attempts that the gateway ended before the session.
    pub turned_away: u64,
    /// Attempts without a session in time.
    pub gave_up: u64,
    /// How often one device was turned away, at most.
    pub most_turned_away: u32,
    /// Devices that were turned away more than once.
    pub turned_away_twice: usize,
}

/// A whole run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Devices that dialled.
    pub devices: usize,
    /// Where they dialled.
    pub to: Vec<String>,
    /// How long it went, in seconds.
    pub seconds: f64,
    /// Devices in session at the end.
    pub up: usize,
    /// Attempts.
    pub dials: u64,
    /// Attempts that nobody took.
    pub refused: u64,
    /// Attempts that the gateway ended before the session.
    pub turned_away: u64,
    /// Attempts without a session in time.
    pub gave_up: u64,
    /// Sessions that came about.
    pub sessions: u64,
    /// Sessions that ended.
    pub lost: u64,
    /// Why the gateway turned devices away or sessions ended: so often each, the most frequent first.
    pub ends: Vec<End>,
    /// RPCs that were answered.
    pub rpcs: u64,
    /// Bytes of these answers.
    pub reply_bytes: u64,
    /// Processor time of this process, in milliseconds, for each attempt that was taken.
    pub cpu_ms_per_connect: f64,
    /// Resident memory of this process at the end, in KiB.
    pub resident_kib: u64,
    /// In the order of time.
    pub waves: Vec<Wave>,
    /// How many were in, over time.
    pub curve: Vec<Point>,
}

/// A reason for which connections ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct End {
    /// In words.
    pub reason: String,
    /// How often.
    pub count: u64,
}

/// In units of which a second has `scale`.
pub(super) fn quantiles(values: &[Duration], scale: f64) -> Quantiles {
    let mut values: Vec<f64> = values.iter().map(|value| value.as_secs_f64() * scale).collect();
    values.sort_by(f64::total_cmp);
    let of = |part| (quantile(&values, part) * 1e4).round() / 1e4;
    Quantiles { p50: of(0.5), p99: of(0.99), max: of(1.0) }
}
