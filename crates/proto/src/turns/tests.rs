//! Handshakes in their turn, in virtual time.

#![allow(clippy::disallowed_methods, reason = "a virtual clock starts somewhere")]

use proptest::prelude::*;

use super::*;

const FRANKFURT: [u8; 4] = [192, 0, 2, 7];
const PARIS: [u8; 4] = [198, 51, 100, 7];

/// A queue with a clock, and what it said.
struct House {
    turns: Turns,
    now: Instant,
    begun: Vec<u64>,
    away: Vec<(u64, Why)>,
}

impl House {
    fn new(cores: u32) -> Self {
        Self::with(Settings::new(cores))
    }

    /// With so many permits and no more.
    fn narrow(permits: u32) -> Self {
        Self::with(Settings { max_under_way: permits, ..Settings::new(permits) })
    }

    fn with(settings: Settings) -> Self {
        let turns = Turns::new(settings, 7);
        Self { turns, now: Instant::now(), begun: Vec::new(), away: Vec::new() }
    }

    fn ask(&mut self, id: u64, standing: Standing, source: [u8; 4]) {
        self.ask_as(id, standing, source, None);
    }

    fn ask_as(&mut self, id: u64, standing: Standing, source: [u8; 4], device: Option<&str>) {
        let claim = device
            .map(|it| (ListenerName::new("4334").unwrap(), DeviceId::new(it.to_owned()).unwrap()));
        let caller = Caller { id: Epoch(id), claim, standing, source: source.into() };
        self.turns.handle_asked(caller, self.now);
        self.look();
    }

    fn done(&mut self, id: u64) {
        self.turns.handle_done(Epoch(id), self.now);
        self.look();
    }

    fn beat(&mut self, lag: u64) {
        self.now += Turns::BEAT;
        self.turns.handle_lag(Duration::from_millis(lag), self.now);
        self.turns.handle_timeout(self.now);
        self.look();
    }

    fn look(&mut self) {
        while let Some(action) = self.turns.poll_action() {
            match action {
                Action::Begin(id) => self.begun.push(id.0),
                Action::TurnAway(id, why) => self.away.push((id.0, why)),
            }
        }
    }
}

#[test]
fn whoever_asks_an_idle_gateway_begins_at_once() {
    let mut house = House::new(2);
    (1..=20).for_each(|id| house.ask(id, Standing::Known, FRANKFURT));
    assert_eq!(house.begun, (1..=20).collect::<Vec<_>>());
    house.ask(21, Standing::Known, FRANKFURT);
    assert_eq!((house.begun.len(), house.turns.waiting()), (20, 1));
    house.done(3);
    assert_eq!(house.begun.last(), Some(&21));
}

#[test]
fn networks_have_their_turn_one_after_the_other() {
    let mut house = House::narrow(2);
    house.ask(1, Standing::Known, FRANKFURT);
    house.ask(2, Standing::Known, FRANKFURT);
    (10..20).for_each(|id| house.ask(id, Standing::Known, FRANKFURT));
    (30..32).for_each(|id| house.ask(id, Standing::Known, PARIS));
    house.done(1);
    house.done(2);
    assert_eq!(house.begun.get(2..), Some(&[30, 10][..]), "Paris, which has none under way");
}

#[test]
fn a_network_whose_handshakes_hang_leaves_half_of_the_permits_to_others() {
    let mut house = House::narrow(10);
    (0..20).for_each(|id| house.ask(id, Standing::Known, FRANKFURT));
    (20..40).for_each(|id| house.ask(id, Standing::Known, PARIS));
    assert_eq!(house.begun.len(), 10, "Frankfurt was alone");
    (0..10).for_each(|id| house.done(id));
    let of_paris = house.begun.iter().skip(10).filter(|id| **id >= 20).count();
    assert_eq!((house.begun.len(), of_paris), (20, 5));
}

#[test]
fn the_known_come_first_and_strangers_have_a_twentieth() {
    let mut house = House::narrow(20);
    (0..30).for_each(|id| house.ask(id, Standing::Unknown, PARIS));
    assert_eq!(house.begun, [0], "one of twenty");
    (100..130).for_each(|id| house.ask(id, Standing::CallHome, FRANKFURT));
    assert_eq!(house.begun.len(), 11, "and ten that call home");
    (200..230).for_each(|id| house.ask(id, Standing::Known, FRANKFURT));
    assert_eq!(house.begun.len(), 20);
    house.done(100);
    assert_eq!(house.begun.last(), Some(&209), "the known before those who call home");
}

#[test]
fn a_second_dial_takes_the_place_of_the_first() {
    let mut house = House::narrow(1);
    house.ask(1, Standing::Known, FRANKFURT);
    house.ask_as(2, Standing::Known, FRANKFURT, Some("r1"));
    house.ask_as(3, Standing::Known, FRANKFURT, Some("r1"));
    assert_eq!(house.away, [(2, Why::Replaced)]);
    house.done(1);
    assert_eq!(house.begun, [1, 3]);
}

#[test]
fn a_claim_from_elsewhere_pushes_nobody_out() {
    let mut house = House::narrow(1);
    house.ask(1, Standing::Known, FRANKFURT);
    house.ask_as(2, Standing::Known, FRANKFURT, Some("r1"));
    house.ask_as(3, Standing::Known, PARIS, Some("r1"));
    assert_eq!((house.away.len(), house.turns.waiting()), (0, 2));
}

#[test]
fn the_newest_is_served_once_the_oldest_waits_too_long() {
    let mut house = House::narrow(1);
    (1..=4).for_each(|id| house.ask(id, Standing::Known, FRANKFURT));
    house.done(1);
    assert_eq!(house.begun, [1, 2]);
    house.now += Duration::from_millis(5_001);
    house.done(2);
    assert_eq!(house.begun, [1, 2, 4]);
}

#[test]
fn who_has_gone_is_not_served() {
    let mut house = House::narrow(1);
    (1..=3).for_each(|id| house.ask(id, Standing::Known, FRANKFURT));
    house.turns.handle_gone(Epoch(2));
    house.done(1);
    assert_eq!((house.begun, house.turns.waiting()), (vec![1, 3], 0));
}

#[test]
fn permits_follow_the_lag() {
    let mut house = House::new(1);
    (0..5_000).for_each(|id| house.ask(id, Standing::Known, FRANKFURT));
    let mut limits = Vec::new();
    for lag in [0, 0, 25, 0, 50, 150, 150, 0] {
        house.beat(lag);
        limits.push(house.turns.permits());
    }
    assert_eq!(limits, [20, 40, 40, 45, 45, 22, 22, 24]);
}

#[test]
fn a_fleet_that_calls_home_gets_more_permits_though_half_of_them_are_free_and_strangers_do_not() {
    for (standing, expected) in
        [(Standing::Known, 40), (Standing::CallHome, 40), (Standing::Unknown, 10)]
    {
        let mut house = House::new(1);
        (0..300).for_each(|id| house.ask(id, standing, FRANKFURT));
        (0..2).for_each(|_| house.beat(0));
        assert_eq!(house.turns.permits(), expected, "{standing:?}");
    }
}

#[test]
fn however_late_the_event_loop_is_a_few_handshakes_run() {
    let mut house = House::new(2);
    (0..300).for_each(|id| house.ask(id, Standing::CallHome, FRANKFURT));
    (0..100).for_each(|_| house.beat(500));
    assert_eq!(house.turns.permits(), 8);
}

#[test]
fn those_who_would_wait_in_vain_are_turned_away_each_at_its_own_time() {
    let mut house = House::narrow(10);
    (0..2_000).for_each(|id| house.ask(id, Standing::Known, FRANKFURT));
    // 100 handshakes a second: 1,200 can be served before the devices lose patience.
    for beat in 0..12 {
        (beat * 10..beat * 10 + 10).for_each(|id| house.done(id));
        house.beat(30);
    }
    assert_eq!(house.turns.count_parting + house.away.len(), 2_000 - 10 - 11 * 10 - 1_200);
    let mut moments = Vec::new();
    while let Some(at) = house.turns.poll_timeout() {
        house.now = house.now.max(at);
        moments.push(house.now);
        house.turns.handle_timeout(house.now);
    }
    house.look();
    assert_eq!(house.away.len(), 680);
    assert!(house.away.iter().all(|(id, why)| *id >= 1_320 && *why == Why::Overloaded));
    let spread = *moments.last().unwrap() - *moments.first().unwrap();
    assert!(spread > Duration::from_secs(4) && spread < Duration::from_secs(15), "{spread:?}");
}

#[test]
fn one_more_than_may_wait_is_turned_away_at_once() {
    let mut house = House::with(Settings { max_waiting: 2, max_under_way: 1, ..Settings::new(1) });
    (1..=4).for_each(|id| house.ask(id, Standing::Known, FRANKFURT));
    assert_eq!(house.away, [(4, Why::Overloaded)]);
}

#[test]
fn what_comes_and_goes_leaves_nothing_behind() {
    let mut house = House::narrow(1);
    house.ask(0, Standing::Known, FRANKFURT);
    house.ask(1, Standing::Known, PARIS);
    for id in 2..50_000 {
        house.ask(id, Standing::Known, [10, (id >> 8) as u8, id as u8, 1]);
        house.turns.handle_gone(Epoch(id));
        if id % 1_000 == 0 {
            house.beat(0);
            assert!(house.turns.arrivals.len() < 2_000);
        }
    }
    house.beat(0);
    let [known, ..] = &house.turns.staying;
    assert!(format!("{known:?}").len() < 2_000, "{known:?}");
}

#[derive(Debug, Clone)]
enum Happening {
    Ask(u8, u8, u8),
    Gone(u8),
    Done(u8),
    Beat(u16),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => (any::<u8>(), 0..6_u8, 0..4_u8)
            .prop_map(|(device, standing, network)| Happening::Ask(device, standing, network)),
        1 => any::<u8>().prop_map(Happening::Gone),
        3 => any::<u8>().prop_map(Happening::Done),
        2 => (0..200_u16).prop_map(Happening::Beat),
    ]
}

proptest! {
    /// Whoever asked waits, runs, or has been told to go, exactly once; permits are never passed.
    #[test]
    fn nobody_is_lost(happenings in prop::collection::vec(happening(), 1..300)) {
        let mut house = House::with(Settings { max_waiting: 40, ..Settings::new(1) });
        let mut asked = 0_u64;
        let mut gone = 0;
        let mut done = 0;
        for happening in happenings {
            let begun = house.begun.len();
            match happening {
                Happening::Ask(device, standing, network) => {
                    asked += 1;
                    let standing = match standing {
                        0 => Standing::Unknown,
                        1 => Standing::CallHome,
                        _ => Standing::Known,
                    };
                    let device = format!("d{}", device % 16);
                    house.ask_as(asked, standing, [10, 0, network, 1], Some(&device));
                }
                Happening::Gone(id) => {
                    let before = house.turns.waiting();
                    house.turns.handle_gone(Epoch(id.into()));
                    gone += before - house.turns.waiting();
                }
                Happening::Done(id) => {
                    let before = house.turns.under_way();
                    let was = house.begun.len();
                    house.done(id.into());
                    done += before + (house.begun.len() - was) - house.turns.under_way();
                }
                Happening::Beat(lag) => house.beat(lag.into()),
            }
            let has_begun = house.begun.len() > begun;
            prop_assert!(!has_begun || house.turns.under_way() <= house.turns.permits() as usize);
        }
        let known = house.turns.waiting() + gone + house.begun.len() + house.away.len();
        prop_assert_eq!(known as u64, asked);
        prop_assert_eq!(house.begun.len(), done + house.turns.under_way());
        let mut seen: Vec<u64> =
            house.begun.iter().copied().chain(house.away.iter().map(|(id, _)| *id)).collect();
        seen.sort_unstable();
        seen.dedup();
        prop_assert_eq!(seen.len(), house.begun.len() + house.away.len());
    }
}
