//! Figures of several rounds, as median and range.

use serde::Serialize;

/// What one round measured.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Round {
    /// Sessions per second, from the first dial to the last hello.
    pub connects_per_s: f64,
    /// Processor time of the gateway for each, in milliseconds.
    pub cpu_ms_per_connect: f64,
    /// Half of the devices were up after so many milliseconds from their dial.
    pub p50_ms: f64,
    /// All but a hundredth.
    pub p99_ms: f64,
    /// Resident memory of the gateway before the first dial, in KiB.
    pub base_kib: u64,
    /// What each idle session added to it, in KiB.
    pub kib_per_session: f64,
}

/// Median, least and most.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// Half are below.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
}

/// Puts rounds together.
#[must_use]
pub fn spread(rounds: &[Round], of: impl Fn(&Round) -> f64) -> Option<Spread> {
    let mut values: Vec<f64> = rounds.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    let median = *values.get(values.len() / 2)?;
    Some(Spread { median, min: *values.first()?, max: *values.last()? })
}

/// The value below which the share `part` of the sorted `values` lies.
#[must_use]
pub fn quantile(values: &[f64], part: f64) -> f64 {
    let last = values.len().saturating_sub(1);
    let index = (last as f64 * part).round() as usize;
    values.get(index).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(quantile(&values, 0.5), 51.0);
        assert_eq!(quantile(&values, 0.99), 99.0);
        assert_eq!(quantile(&[], 0.5), 0.0);
    }

    #[test]
    fn a_spread_has_its_median_between_its_ends() {
        let round = |rate| Round {
            connects_per_s: rate,
            cpu_ms_per_connect: 0.0,
            p50_ms: 0.0,
            p99_ms: 0.0,
            base_kib: 0,
            kib_per_session: 0.0,
        };
        let rounds = [round(3.0), round(1.0), round(2.0)];
        let expected = Spread { median: 2.0, min: 1.0, max: 3.0 };
        assert_eq!(spread(&rounds, |round| round.connects_per_s), Some(expected));
        assert_eq!(spread(&[], |round| round.connects_per_s), None);
    }
}
