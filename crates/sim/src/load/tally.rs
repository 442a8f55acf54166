//! What the devices met with, as figures: who is in, how each wave came back, how it went over time.
//!
//! ```text
//!   all in ──one is lost──▶ a wave begins ──all in again──▶ it ends            the first one begins with the first dial
//! ```

use std::time::{Duration, Instant};

use super::curve::Curve;
use super::report::{Wave, quantiles};

/// What happened to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// It dials.
    Dialled,
    /// Nobody took the connection.
    Refused,
    /// A TCP connection stands.
    Connected,
    /// The gateway closed it before the session was up.
    TurnedAway,
    /// There was no session in time: it hung up.
    GaveUp,
    /// The gateway's hello has come.
    InSession,
    /// A session that was up has ended.
    Lost,
}

/// Something that happened.
#[derive(Debug, Clone, Copy)]
pub(super) struct Happened {
    /// The number of the device.
    pub(super) device: u32,
    /// What.
    pub(super) what: What,
    /// When.
    pub(super) at: Instant,
}

/// Waves that are kept.
const MOST_WAVES: usize = 1_000;

#[derive(Debug, Clone, Copy, Default)]
struct Device {
    is_in: bool,
    /// A TCP connection stands, or is being made.
    is_on_its_way: bool,
    /// Since when it is not in session.
    out_since: Option<Instant>,
    /// When its present attempt began.
    dialled: Option<Instant>,
    /// How often it was turned away in this wave.
    turned_away: u32,
}

/// A wave that has not ended.
#[derive(Debug)]
struct Open {
    began: Instant,
    first_answer: Option<Instant>,
    /// Per device, from its loss until it is in.
    away: Vec<Duration>,
    /// Per device, from the first answer to anybody until it is in.
    since_answer: Vec<Duration>,
    /// Of the attempt that led to the session, from dial to hello.
    handshakes: Vec<Duration>,
    wave: Wave,
}

/// Sums over the whole run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sums {
    /// Attempts.
    pub(super) dials: u64,
    /// Of these, nobody took the connection.
    pub(super) refused: u64,
    /// Of these, the gateway closed the connection before the session.
    pub(super) turned_away: u64,
    /// Of these, the device hung up because there was no session in time.
    pub(super) gave_up: u64,
    /// Sessions that came about.
    pub(super) sessions: u64,
    /// Sessions that ended.
    pub(super) lost: u64,
}

/// All figures of a fleet.
#[derive(Debug)]
pub(super) struct Tally {
    began: Instant,
    devices: Vec<Device>,
    /// How many are in when all are.
    all: usize,
    count_in: usize,
    on_their_way: usize,
    open: Option<Open>,
    waves: Vec<Wave>,
    curve: Curve,
    sums: Sums,
}

impl Tally {
    /// Nobody is in. `all` of the devices are expected to be; the others share their names.
    #[must_use]
    pub(super) fn new(devices: usize, all: usize, now: Instant) -> Self {
        let device = Device { out_since: Some(now), ..Device::default() };
        let mut tally = Self {
            began: now,
            devices: vec![device; devices],
            all,
            count_in: 0,
            on_their_way: 0,
            open: None,
            waves: Vec::new(),
            curve: Curve::default(),
            sums: Sums::default(),
        };
        tally.begin(now);
        tally
    }

    /// Counts it in. Gives the wave that ends with it.
    pub(super) fn handle(&mut self, happened: Happened) -> Option<&Wave> {
        let Happened { device, what, at } = happened;
        let was_open = self.open.is_some();
        self.sum(what);
        match what {
            What::Dialled => self.dialled(device, at),
            What::Refused => self.refused(device),
            What::Connected => {
                if let Some(open) = &mut self.open {
                    open.first_answer.get_or_insert(at);
                }
            }
            What::TurnedAway => self.turned_away(device),
            What::GaveUp => self.ended(device, |wave| wave.gave_up += 1),
            What::InSession => self.came_in(device, at),
            What::Lost => self.lost(device, at),
        }
        let elapsed = at.saturating_duration_since(self.began);
        self.curve.set(elapsed, self.count_in, self.on_their_way);
        if was_open && self.open.is_none() { self.waves.last() } else { None }
    }

    /// How many are in session.
    #[must_use]
    pub(super) fn count_in(&self) -> usize {
        self.count_in
    }

    /// How many have a connection, or wait for one.
    #[must_use]
    pub(super) fn on_their_way(&self) -> usize {
        self.on_their_way
    }

    /// How many would be in if all were.
    #[must_use]
    pub(super) fn all(&self) -> usize {
        self.all
    }

    /// Over the whole run.
    #[must_use]
    pub(super) fn sums(&self) -> Sums {
        self.sums
    }

    /// How it went over time.
    #[must_use]
    pub(super) fn curve(&self) -> &Curve {
        &self.curve
    }

    /// Every wave, the last one perhaps unfinished.
    #[must_use]
    pub(super) fn waves(&self, now: Instant) -> Vec<Wave> {
        let unfinished = self.open.as_ref().map(|open| open.finish(&self.devices, now, false));
        self.waves.iter().cloned().chain(unfinished).collect()
    }

    fn sum(&mut self, what: What) {
        let sums = &mut self.sums;
        match what {
            What::Dialled => sums.dials += 1,
            What::Refused => sums.refused += 1,
            What::TurnedAway => sums.turned_away += 1,
            What::GaveUp => sums.gave_up += 1,
            What::InSession => sums.sessions += 1,
            What::Lost => sums.lost += 1,
            What::Connected => {}
        }
    }

    fn begin(&mut self, now: Instant) {
        self.devices.iter_mut().for_each(|device| device.turned_away = 0);
        let began_s = now.saturating_duration_since(self.began).as_secs_f64();
        self.open = Some(Open {
            began: now,
            first_answer: None,
            away: Vec::new(),
            since_answer: Vec::new(),
            handshakes: Vec::new(),
            wave: Wave {
                began_s,
                missing: self.all - self.count_in.min(self.all),
                ..Wave::default()
            },
        });
    }

    fn dialled(&mut self, number: u32, at: Instant) {
        let Some(device) = self.devices.get_mut(number as usize) else { return };
        device.dialled = Some(at);
        if !std::mem::replace(&mut device.is_on_its_way, true) {
            self.on_their_way += 1;
        }
        if let Some(open) = &mut self.open {
            open.wave.dials += 1;
        }
    }

    fn ended(&mut self, number: u32, count: impl FnOnce(&mut Wave)) {
        if let Some(device) = self.devices.get_mut(number as usize)
            && std::mem::take(&mut device.is_on_its_way)
        {
            self.on_their_way -= 1;
        }
        if let Some(open) = &mut self.open {
            count(&mut open.wave);
        }
    }

    /// Nobody is in yet and nobody listens: whoever was answered before was answered by a gateway that was about to die.
    fn refused(&mut self, number: u32) {
        self.ended(number, |wave| wave.refused += 1);
        if let Some(open) = &mut self.open
            && open.away.is_empty()
        {
            open.first_answer = None;
        }
    }

    fn turned_away(&mut self, number: u32) {
        if let Some(device) = self.devices.get_mut(number as usize) {
            device.turned_away += 1;
        }
        self.ended(number, |wave| wave.turned_away += 1);
    }

    fn came_in(&mut self, number: u32, at: Instant) {
        self.ended(number, |_| {});
        let Some(device) = self.devices.get_mut(number as usize) else { return };
        if std::mem::replace(&mut device.is_in, true) {
            return;
        }
        self.count_in += 1;
        let since = device.out_since.take().unwrap_or(at);
        let dialled = device.dialled.take().unwrap_or(at);
        let Some(open) = &mut self.open else { return };
        open.away.push(at.saturating_duration_since(since));
        open.handshakes.push(at.saturating_duration_since(dialled));
        let answer = open.first_answer.unwrap_or(at);
        open.since_answer.push(at.saturating_duration_since(answer));
        if self.count_in >= self.all {
            let wave = open.finish(&self.devices, at, true);
            self.open = None;
            if self.waves.len() < MOST_WAVES {
                self.waves.push(wave);
            }
        }
    }

    fn lost(&mut self, number: u32, at: Instant) {
        let Some(device) = self.devices.get_mut(number as usize) else { return };
        device.out_since = Some(at);
        if !std::mem::take(&mut device.is_in) {
            return;
        }
        self.count_in -= 1;
        if self.count_in >= self.all {
            return;
        }
        if self.open.is_none() {
            self.begin(at);
        }
        let missing = self.all - self.count_in;
        if let Some(open) = &mut self.open {
            open.wave.missing = open.wave.missing.max(missing);
        }
    }
}

impl Open {
    fn finish(&self, devices: &[Device], now: Instant, is_over: bool) -> Wave {
        let seconds = |from: Instant| now.saturating_duration_since(from).as_secs_f64();
        let refusals = || devices.iter().map(|device| device.turned_away);
        Wave {
            all_in_s: is_over.then(|| seconds(self.began)),
            unanswered_s: self
                .first_answer
                .map(|at| at.saturating_duration_since(self.began).as_secs_f64()),
            from_first_answer_s: self.first_answer.filter(|_| is_over).map(seconds),
            came_in: self.away.len(),
            away_s: quantiles(&self.away, 1.0),
            since_first_answer_s: quantiles(&self.since_answer, 1.0),
            handshake_ms: quantiles(&self.handshakes, 1e3),
            most_turned_away: refusals().max().unwrap_or(0),
            turned_away_twice: refusals().filter(|count| *count > 1).count(),
            ..self.wave.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct House {
        tally: Tally,
        begin: Instant,
    }

    impl House {
        fn new(devices: usize) -> Self {
            let begin = Instant::now();
            Self { tally: Tally::new(devices, devices, begin), begin }
        }

        fn happens(&mut self, millis: u64, device: u32, what: What) -> Option<Wave> {
            let at = self.begin + Duration::from_millis(millis);
            self.tally.handle(Happened { device, what, at }).cloned()
        }

        fn comes_in(&mut self, millis: u64, device: u32) -> Option<Wave> {
            self.happens(millis, device, What::Dialled);
            self.happens(millis + 5, device, What::Connected);
            self.happens(millis + 25, device, What::InSession)
        }
    }

    #[test]
    fn the_first_wave_ends_when_all_are_in() {
        let mut house = House::new(2);
        assert!(house.comes_in(100, 0).is_none());
        let wave = house.comes_in(200, 1).unwrap();
        assert_eq!((wave.missing, wave.came_in, wave.dials), (2, 2, 2));
        assert_eq!((wave.all_in_s, wave.from_first_answer_s), (Some(0.225), Some(0.12)));
        assert_eq!((wave.handshake_ms.p50, wave.handshake_ms.max), (25.0, 25.0));
    }

    #[test]
    fn a_gateway_that_dies_makes_a_wave_and_its_absence_is_told_apart() {
        let mut house = House::new(2);
        house.comes_in(0, 0);
        house.comes_in(0, 1);
        house.happens(10_000, 0, What::Lost);
        house.happens(10_001, 1, What::Lost);
        for device in 0..2 {
            house.happens(10_002, device, What::Dialled);
            house.happens(10_003, device, What::Refused);
        }
        assert_eq!((house.tally.count_in(), house.tally.on_their_way()), (0, 0));
        house.comes_in(25_000, 0);
        house.happens(25_000, 1, What::Dialled);
        house.happens(25_010, 1, What::Connected);
        house.happens(25_500, 1, What::TurnedAway);
        let wave = house.comes_in(40_000, 1).unwrap();
        assert_eq!((wave.began_s, wave.missing, wave.dials), (10.0, 2, 5));
        assert_eq!((wave.refused, wave.turned_away, wave.most_turned_away), (2, 1, 1));
        assert_eq!((wave.unanswered_s, wave.from_first_answer_s), (Some(15.005), Some(15.02)));
        assert_eq!(wave.turned_away_twice, 0);
        assert_eq!(house.tally.waves(house.begin).len(), 2);
    }

    #[test]
    fn the_last_answer_of_a_dying_gateway_does_not_count() {
        let mut house = House::new(2);
        house.comes_in(0, 0);
        house.comes_in(0, 1);
        for (millis, device, what) in [
            (10_000, 0, What::Lost),
            (10_000, 0, What::Dialled),
            (10_001, 0, What::Connected),
            (10_002, 0, What::TurnedAway),
            (10_003, 1, What::Lost),
            (10_003, 1, What::Dialled),
            (10_004, 1, What::Refused),
        ] {
            house.happens(millis, device, what);
        }
        house.comes_in(25_000, 0);
        let wave = house.comes_in(25_100, 1).unwrap();
        assert_eq!(wave.from_first_answer_s, Some(0.12), "{wave:?}");
    }

    #[test]
    fn who_is_turned_away_twice_is_counted_anew_in_each_wave() {
        let mut house = House::new(1);
        for millis in [0, 100] {
            house.happens(millis, 0, What::Dialled);
            house.happens(millis + 1, 0, What::TurnedAway);
        }
        assert_eq!(house.comes_in(200, 0).unwrap().turned_away_twice, 1);
        house.happens(300, 0, What::Lost);
        let wave = house.comes_in(400, 0).unwrap();
        assert_eq!((wave.turned_away_twice, wave.most_turned_away), (0, 0));
    }

    #[test]
    fn a_wave_that_goes_on_is_shown_as_unfinished() {
        let mut house = House::new(2);
        house.comes_in(0, 0);
        let waves = house.tally.waves(house.begin + Duration::from_secs(1));
        assert_eq!((waves.len(), waves[0].all_in_s, waves[0].came_in), (1, None, 1));
    }
}
