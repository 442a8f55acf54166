//! Which server is tried when, in numbers.

use super::*;
use ReconnectStrategy::{InOrder, Sticky};
use proptest::prelude::*;

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn server(host: &str, retry: u32, timeout: u64) -> Server {
    Server { retry, timeout: seconds(timeout), ..Server::new(host, 4334) }
}

/// A dialer on a clock that counts seconds from 0.
struct Bench {
    dialer: Dialer,
    start: Instant,
    now: u64,
}

impl Bench {
    fn new(servers: Vec<Server>, strategy: ReconnectStrategy) -> Self {
        let start = Instant::now();
        Self { dialer: Dialer::new(servers, strategy, start), start, now: 0 }
    }

    fn clock(&self) -> Instant {
        self.start + seconds(self.now)
    }

    /// Waits for the next attempt: its second, its host, its number.
    fn attempt(&mut self) -> (u64, String, u32) {
        if let Some(due) = self.dialer.poll_timeout() {
            self.now = (due - self.start).as_secs();
            self.dialer.handle_timeout(due);
        }
        let attempt = self.dialer.poll_action().expect("an attempt is due");
        (self.now, attempt.host, attempt.number)
    }

    fn fails(&mut self, attempts: usize) -> Vec<(u64, String, u32)> {
        let mut seen = Vec::new();
        for _ in 0..attempts {
            seen.push(self.attempt());
            self.dialer.handle_failed(self.clock());
        }
        seen
    }

    fn connects_for(&mut self, lasting: u64) -> (u64, String, u32) {
        let seen = self.attempt();
        self.dialer.handle_connected(self.clock());
        assert_eq!(self.dialer.poll_timeout(), None, "a connection needs no timer");
        self.now += lasting;
        self.dialer.handle_closed(self.clock());
        seen
    }
}

fn seen(list: &[(u64, &str, u32)]) -> Vec<(u64, String, u32)> {
    list.iter().map(|(at, host, number)| (*at, (*host).to_owned(), *number)).collect()
}

#[test]
fn the_first_attempt_is_made_at_once() {
    let mut bench = Bench::new(vec![Server::new("gw", 4334)], InOrder);
    let attempt = bench.dialer.poll_action();
    let expected = Attempt { server: 0, host: "gw".to_owned(), port: 4334, number: 1 };
    assert_eq!(attempt, Some(expected));
    assert_eq!(bench.dialer.poll_action(), None);
}

#[test]
fn a_single_server_is_tried_every_timeout_for_ever() {
    let mut bench = Bench::new(vec![server("gw", 3, 15)], InOrder);
    let expected: Vec<_> = (0..1_000).map(|n| (n * 15, "gw".to_owned(), n as u32 + 1)).collect();
    assert_eq!(bench.fails(1_000), expected);
}

#[test]
fn after_retry_attempts_the_next_server_has_its_turn_and_after_the_last_the_first() {
    let mut bench = Bench::new(vec![server("a", 3, 15), server("b", 2, 5)], InOrder);
    let expected = seen(&[
        (0, "a", 1),
        (15, "a", 2),
        (30, "a", 3),
        (30, "b", 1),
        (35, "b", 2),
        (45, "a", 1),
        (60, "a", 2),
        (75, "a", 3),
        (75, "b", 1),
    ]);
    assert_eq!(bench.fails(9), expected);
}

#[test]
fn in_order_begins_at_the_first_server_after_a_connection() {
    let mut bench = Bench::new(vec![server("a", 1, 15), server("b", 1, 15)], InOrder);
    bench.fails(1);
    assert_eq!(bench.connects_for(100), (0, "b".to_owned(), 1));
    assert_eq!(bench.attempt(), (100, "a".to_owned(), 1));
}

#[test]
fn sticky_begins_where_it_was_and_goes_on_down_the_list() {
    let servers = vec![server("a", 1, 15), server("b", 2, 5), server("c", 1, 15)];
    let mut bench = Bench::new(servers, Sticky);
    bench.fails(1);
    bench.connects_for(100);
    let expected = seen(&[(100, "b", 1), (105, "b", 2), (105, "c", 1), (105, "a", 1)]);
    assert_eq!(bench.fails(4), expected);
    assert_eq!(bench.connects_for(7), (110, "b".to_owned(), 1));
    assert_eq!(bench.attempt(), (117, "b".to_owned(), 1));
}

#[test]
fn a_connection_that_is_closed_at_once_is_not_repeated_within_the_timeout() {
    let mut bench = Bench::new(vec![server("gw", 3, 15)], InOrder);
    bench.connects_for(2);
    assert_eq!(bench.connects_for(40), (15, "gw".to_owned(), 1));
    assert_eq!(bench.attempt(), (55, "gw".to_owned(), 1));
}

#[test]
fn a_slow_failure_is_followed_by_the_whole_pause() {
    let mut bench = Bench::new(vec![server("gw", 3, 15)], InOrder);
    bench.attempt();
    bench.now += 20;
    bench.dialer.handle_failed(bench.clock());
    assert_eq!(bench.attempt(), (35, "gw".to_owned(), 2));
}

#[test]
fn a_retry_of_zero_is_one_attempt_and_a_timeout_of_zero_one_second() {
    let mut bench = Bench::new(vec![server("a", 0, 0), server("b", 0, 0)], InOrder);
    let expected = seen(&[(0, "a", 1), (0, "b", 1), (1, "a", 1), (1, "b", 1), (2, "a", 1)]);
    assert_eq!(bench.fails(5), expected);
}

#[test]
fn an_early_wake_up_or_a_late_answer_changes_nothing() {
    let mut bench = Bench::new(vec![server("gw", 3, 15)], InOrder);
    bench.fails(1);
    bench.now = 14;
    bench.dialer.handle_timeout(bench.clock());
    bench.dialer.handle_connected(bench.clock());
    bench.dialer.handle_closed(bench.clock());
    bench.dialer.handle_failed(bench.clock());
    assert_eq!(bench.dialer.poll_action(), None);
    assert_eq!(bench.attempt(), (15, "gw".to_owned(), 2));
}

#[test]
fn without_servers_nothing_happens() {
    let mut bench = Bench::new(Vec::new(), Sticky);
    bench.dialer.handle_timeout(bench.clock());
    assert_eq!(bench.dialer.poll_action(), None);
    assert_eq!(bench.dialer.poll_timeout(), None);
}

/// What the network makes of an attempt.
#[derive(Clone, Copy, Debug)]
enum Fate {
    FailsAfter(u64),
    LastsFor(u64),
}

/// The reference: the whole round written out, walked by an index, times looked up in the history.
fn reference(servers: &[Server], strategy: ReconnectStrategy, fates: &[Fate]) -> Vec<(u64, usize)> {
    let round: Vec<usize> = servers
        .iter()
        .enumerate()
        .flat_map(|(index, server)| vec![index; server.retry.max(1) as usize])
        .collect();
    let first_place = |index: usize| round.iter().position(|at| *at == index).unwrap();
    let mut place = 0;
    let mut free_at = 0;
    let mut history: Vec<(u64, usize)> = Vec::new();
    let mut rests: Vec<(usize, u64)> = Vec::new();
    for fate in fates {
        let index = round[place % round.len()];
        let rest = rests.iter().rev().find(|(of, _)| *of == index).map_or(0, |(_, until)| *until);
        let at = free_at.max(rest);
        history.push((at, index));
        let pause = servers[index].timeout.as_secs().max(1);
        match fate {
            Fate::FailsAfter(after) => {
                free_at = at + after;
                rests.push((index, free_at + pause));
                place += 1;
            }
            Fate::LastsFor(lasting) => {
                free_at = at + lasting;
                rests.push((index, at + pause));
                place = if strategy == Sticky { first_place(index) } else { 0 };
            }
        }
    }
    history
}

fn any_fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        3 => (0_u64..40).prop_map(Fate::FailsAfter),
        1 => (0_u64..200).prop_map(Fate::LastsFor),
    ]
}

proptest! {
    #[test]
    fn the_order_and_the_times_are_those_of_the_reference(
        servers in prop::collection::vec((0_u32..5, 0_u64..30), 1..5),
        sticky in any::<bool>(),
        fates in prop::collection::vec(any_fate(), 1..80),
    ) {
        let servers: Vec<_> = servers
            .into_iter()
            .enumerate()
            .map(|(index, (retry, timeout))| server(&index.to_string(), retry, timeout))
            .collect();
        let strategy = if sticky { Sticky } else { InOrder };
        let mut bench = Bench::new(servers.clone(), strategy);
        let mut walked = Vec::new();
        for fate in &fates {
            let (at, host, _) = bench.attempt();
            walked.push((at, host.parse::<usize>().unwrap()));
            match fate {
                Fate::FailsAfter(after) => {
                    bench.now += after;
                    bench.dialer.handle_failed(bench.clock());
                }
                Fate::LastsFor(lasting) => {
                    bench.dialer.handle_connected(bench.clock());
                    bench.now += lasting;
                    bench.dialer.handle_closed(bench.clock());
                }
            }
        }
        prop_assert_eq!(walked, reference(&servers, strategy, &fates));
    }
}
