//! A fleet that comes back all at once, in virtual time: small storms of the kinds that `homing-sim storm` shows in full.

use std::time::Duration;

use homing_sim::storm::{Storm, run};

/// As long as 50,000 devices at 1 ms, with a twenty-fifth of the devices.
fn storm(cores: usize, seed: u64) -> Storm {
    Storm { devices: 2_000, cores, handshake: Duration::from_millis(25), ..Storm::new(seed) }
}

const LONGEST: Duration = Duration::from_secs(600);

#[test]
fn without_a_queue_it_takes_several_times_as_long() {
    let with = run(storm(2, 1), LONGEST).all;
    let without = run(Storm { takes_everybody: true, ..storm(2, 1) }, LONGEST).all;
    let times = |all: Option<Duration>| all.map_or(f64::INFINITY, |at| at.as_secs_f64()) / 25.0;
    assert!(times(with) < 1.5 && times(without) > 3.0, "{with:?} and {without:?}");
}

#[test]
fn everybody_is_back_within_one_and_a_half_times_what_the_cores_need() {
    for cores in [1, 2, 4, 8] {
        for patience in [15, 60].map(Duration::from_secs) {
            for seed in 0..8 {
                let storm = Storm { patience, ..storm(cores, seed) };
                let passed = run(storm, LONGEST);
                let all = passed.all.map_or(f64::INFINITY, |at| at.as_secs_f64());
                let times = all / storm.floor().as_secs_f64();
                assert!(
                    times <= 1.5,
                    "{storm:?} took {all:.1} s, {times:.2} times the floor: {passed:?}"
                );
            }
        }
    }
}

#[test]
fn a_fleet_that_calls_home_is_back_as_soon() {
    for cores in [1, 4] {
        let storm = Storm { calls_home: true, ..storm(cores, 3) };
        let all = run(storm, LONGEST).all.map_or(f64::INFINITY, |at| at.as_secs_f64());
        let times = all / storm.floor().as_secs_f64();
        assert!(times <= 1.5, "{storm:?} took {all:.1} s, {times:.2} times the floor");
    }
}

#[test]
fn nobody_is_left_out_where_packets_are_lost_and_connections_break() {
    for seed in 0..8 {
        let storm = Storm { loss: 0.05, half_open: 0.05, half_open_later: true, ..storm(2, seed) };
        assert_eq!(run(storm, LONGEST).in_session, storm.devices, "{storm:?}");
    }
}

#[test]
fn with_faults_it_takes_at_most_half_as_long_again_as_any_gateway_would_in_the_same_storm() {
    for (loss, half_open) in [(0.02, 0.0), (0.0, 0.02), (0.02, 0.02)] {
        for (cores, patience) in [(1, 60), (4, 15)] {
            for seed in 100..103 {
                let patience = Duration::from_secs(patience);
                let storm = Storm { loss, half_open, patience, ..storm(cores, seed) };
                let passed = run(storm, LONGEST);
                let all = passed.all.map_or(f64::INFINITY, |at| at.as_secs_f64());
                let least = storm.least(1.0).as_secs_f64();
                assert!(all >= least, "{storm:?}: nothing is faster than the least");
                assert!(all <= 1.5 * least, "{storm:?}: {all:.1} s of {least:.1}: {passed:?}");
            }
        }
    }
}

#[test]
fn the_same_seed_is_the_same_storm() {
    let storm = Storm { loss: 0.02, half_open: 0.02, ..storm(2, 7) };
    assert_eq!(run(storm, LONGEST), run(storm, LONGEST));
}
