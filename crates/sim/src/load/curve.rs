//! How many were in, over time: at most so many points, the finer the shorter the run.

use std::time::Duration;

use serde::Serialize;

/// Points that are kept.
const MOST: usize = 2_000;
/// The distance of points at first.
const FINEST: Duration = Duration::from_millis(50);

/// A moment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// Seconds since the run began.
    pub at_s: f64,
    /// Devices in session.
    pub up: usize,
    /// Devices that have a connection, or wait for one.
    pub on_their_way: usize,
}

/// A run over time.
#[derive(Debug, Clone)]
pub(super) struct Curve {
    points: Vec<Point>,
    step: Duration,
}

impl Default for Curve {
    fn default() -> Self {
        Self { points: Vec::new(), step: FINEST }
    }
}

impl Curve {
    /// It stands like this from `elapsed` on; time does not go back.
    pub(super) fn set(&mut self, elapsed: Duration, up: usize, on_their_way: usize) {
        let point = Point { at_s: round(elapsed), up, on_their_way };
        let step = self.step.as_secs_f64();
        match self.points.last_mut() {
            Some(last) if (last.at_s / step).floor() == (point.at_s / step).floor() => {
                *last = point
            }
            _ => self.points.push(point),
        }
        if self.points.len() > MOST {
            self.thin();
        }
    }

    /// In the order of time.
    #[must_use]
    pub(super) fn points(&self) -> &[Point] {
        &self.points
    }

    fn thin(&mut self) {
        self.step *= 2;
        let step = self.step.as_secs_f64();
        let mut kept: Vec<Point> = Vec::with_capacity(MOST);
        for point in self.points.drain(..) {
            match kept.last_mut() {
                Some(last) if (last.at_s / step).floor() == (point.at_s / step).floor() => {
                    *last = point;
                }
                _ => kept.push(point),
            }
        }
        self.points = kept;
    }
}

fn round(elapsed: Duration) -> f64 {
    (elapsed.as_secs_f64() * 1e3).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_has_no_more_points_than_a_short_one() {
        let mut curve = Curve::default();
        for millis in (0..1_000_000).step_by(7) {
            curve.set(Duration::from_millis(millis), millis as usize, 1);
        }
        let points = curve.points();
        assert!((MOST / 2..=MOST).contains(&points.len()), "{}", points.len());
        assert!(points.is_sorted_by(|one, other| one.at_s < other.at_s));
        assert_eq!(points.last().unwrap().up, 999_999);
    }

    #[test]
    fn within_a_step_the_last_word_counts() {
        let mut curve = Curve::default();
        for (millis, up) in [(0, 1), (10, 2), (49, 3), (50, 4)] {
            curve.set(Duration::from_millis(millis), up, 0);
        }
        let ups: Vec<usize> = curve.points().iter().map(|point| point.up).collect();
        assert_eq!(ups, [3, 4]);
    }
}
