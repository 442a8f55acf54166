//! The events of a storm, one after the other.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::{Duration, Instant};

use homing_proto::identity::{DeviceId, Epoch, ListenerName};
use homing_proto::turns::{Action, Caller, Settings, Standing, Turns};

use super::cores::{Cores, Slice};
use super::faults::Faults;
use super::{Passed, Storm};

/// Junos's pause between two attempts.
pub(super) const PAUSE: Duration = Duration::from_secs(15);
/// Within which all devices dial.
pub(super) const BURST: Duration = Duration::from_millis(500);
/// What a lost packet costs.
pub(super) const AGAIN: Duration = Duration::from_secs(1);
/// Accept, read and look up an initiation sequence.
const TAKE_IN: Duration = Duration::from_micros(40);
/// Close a connection.
const CLOSE: Duration = Duration::from_micros(10);
/// After which the gateway gives a handshake up.
const DEADLINE: Duration = Duration::from_secs(30);
/// Slices of a handshake, a round trip between each.
pub(super) const SLICES: u8 = 4;

type Connection = u64;
type Device = usize;

/// What a core does.
#[derive(Debug, Clone, Copy)]
enum Work {
    TakeIn(Connection),
    Handshake(Connection, u8),
    Close(Connection),
    Probe(Duration),
}

/// What happens in the world.
#[derive(Debug, Clone, Copy)]
enum Happening {
    Dial(Device),
    Reaches(Connection),
    GivesUp(Connection),
    Noticed(Connection),
    Worked(Work),
    Answered(Connection, u8),
    Deadline(Connection),
    Beat,
    Timeout,
}

/// An attempt of a device.
#[derive(Debug)]
struct Attempt {
    device: Device,
    /// Which of the device's, counted from nought.
    number: u32,
    /// The device has given up, was turned away, or is in session.
    is_over: bool,
    /// No packet of the device arrives any more.
    is_half_open: bool,
    is_under_way: bool,
}

struct World {
    storm: Storm,
    faults: Faults,
    turns: Turns,
    cores: Cores<Work>,
    agenda: BinaryHeap<Reverse<(Duration, u64)>>,
    happenings: HashMap<u64, Happening>,
    happened: u64,
    now: Duration,
    begin: Instant,
    attempts: HashMap<Connection, Attempt>,
    in_session: Vec<bool>,
    /// Dials of each device.
    dials: Vec<u32>,
    listener: ListenerName,
    next_timeout: Option<Instant>,
    count: usize,
    passed: Passed,
}

/// Lets the storm pass, for at most `at_most` of its own time.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "a virtual clock starts somewhere")]
pub fn run(storm: Storm, at_most: Duration) -> Passed {
    let Ok(listener) = ListenerName::new("4334") else { return nothing() };
    let mut world = World {
        faults: Faults::new(storm),
        turns: Turns::new(settings(&storm), storm.seed),
        cores: Cores::new(storm.cores),
        agenda: BinaryHeap::new(),
        happenings: HashMap::new(),
        happened: 0,
        now: Duration::ZERO,
        begin: Instant::now(),
        attempts: HashMap::new(),
        in_session: vec![false; storm.devices],
        dials: vec![0; storm.devices],
        listener,
        next_timeout: None,
        count: 0,
        passed: nothing(),
        storm,
    };
    for device in 0..storm.devices {
        let at = world.faults.first_dial(device);
        world.at(at, Happening::Dial(device));
    }
    world.at(Duration::ZERO, Happening::Beat);
    while world.count < storm.devices {
        let Some(Reverse((at, number))) = world.agenda.pop() else { break };
        if at > at_most {
            break;
        }
        world.now = at;
        if let Some(happening) = world.happenings.remove(&number) {
            world.happen(happening);
            world.settle();
        }
    }
    Passed { in_session: world.count, ..world.passed }
}

fn settings(storm: &Storm) -> Settings {
    let settings = Settings::new(u32::try_from(storm.cores).unwrap_or(u32::MAX));
    if storm.takes_everybody {
        let cores = u32::MAX / 16;
        return Settings { cores, max_under_way: u32::MAX, ..settings };
    }
    settings
}

fn nothing() -> Passed {
    Passed {
        in_session: 0,
        half: None,
        most: None,
        all: None,
        dials: 0,
        turned_away: 0,
        wasted: 0,
        most_under_way: 0,
    }
}

impl World {
    fn at(&mut self, at: Duration, happening: Happening) {
        self.happened += 1;
        self.happenings.insert(self.happened, happening);
        self.agenda.push(Reverse((at, self.happened)));
    }

    fn later(&mut self, delay: Duration, happening: Happening) {
        self.at(self.now + delay, happening);
    }

    fn instant(&self) -> Instant {
        self.begin + self.now
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Dial(device) => self.dial(device),
            Happening::Reaches(connection) => self.cores.add(Work::TakeIn(connection), TAKE_IN),
            Happening::GivesUp(connection) => self.gives_up(connection),
            Happening::Noticed(connection) => self.noticed(connection),
            Happening::Worked(work) => self.worked(work),
            Happening::Answered(connection, slice) => self.answered(connection, slice),
            Happening::Deadline(connection) => self.out_of_time(connection),
            Happening::Beat => {
                self.cores.add(Work::Probe(self.now), Duration::ZERO);
            }
            Happening::Timeout => {
                self.next_timeout = None;
                self.turns.handle_timeout(self.instant());
            }
        }
    }

    /// Gives the cores their work and carries out what the queue decided.
    fn settle(&mut self) {
        while let Some(action) = self.turns.poll_action() {
            match action {
                Action::Begin(id) => self.begin(id.0),
                Action::TurnAway(id, _) => {
                    self.passed.turned_away += 1;
                    self.cores.add(Work::Close(id.0), CLOSE);
                }
            }
        }
        while let Some(Slice { work, cost }) = self.cores.start() {
            self.later(cost, Happening::Worked(work));
        }
        if self.next_timeout != self.turns.poll_timeout() {
            self.next_timeout = self.turns.poll_timeout();
            if let Some(at) = self.next_timeout {
                let at = at.saturating_duration_since(self.begin).max(self.now);
                self.at(at, Happening::Timeout);
            }
        }
    }

    fn dial(&mut self, device: Device) {
        if self.in_session.get(device) != Some(&false) {
            return;
        }
        self.passed.dials += 1;
        let connection = self.passed.dials;
        let Some(dials) = self.dials.get_mut(device) else { return };
        let number = *dials;
        *dials += 1;
        let is_half_open = self.faults.is_half_open(device, number);
        let attempt = Attempt { device, number, is_over: false, is_half_open, is_under_way: false };
        self.attempts.insert(connection, attempt);
        let delay = self.faults.round_trip(device, number, 0);
        self.later(delay, Happening::Reaches(connection));
        self.later(self.storm.patience, Happening::GivesUp(connection));
    }

    fn gives_up(&mut self, connection: Connection) {
        let Some(attempt) = self.attempts.get_mut(&connection) else { return };
        if attempt.is_over {
            return;
        }
        attempt.is_over = true;
        let (device, is_half_open) = (attempt.device, attempt.is_half_open);
        self.later(PAUSE, Happening::Dial(device));
        if !is_half_open {
            self.later(self.storm.round_trip / 2, Happening::Noticed(connection));
        }
    }

    /// The gateway learns that the device has gone.
    fn noticed(&mut self, connection: Connection) {
        let Some(attempt) = self.attempts.get(&connection) else { return };
        if attempt.is_under_way {
            self.end(connection);
        } else {
            self.turns.handle_gone(Epoch(connection));
            self.attempts.remove(&connection);
        }
    }

    fn worked(&mut self, work: Work) {
        self.cores.finish();
        match work {
            Work::TakeIn(connection) => self.take_in(connection),
            Work::Handshake(connection, slice) => self.sliced(connection, slice),
            Work::Close(connection) => self.close(connection),
            Work::Probe(since) => {
                let lag = self.now.saturating_sub(since);
                self.turns.handle_lag(lag, self.instant());
                self.later(Turns::BEAT, Happening::Beat);
            }
        }
    }

    fn take_in(&mut self, connection: Connection) {
        let Some(attempt) = self.attempts.get(&connection) else { return };
        let device = attempt.device;
        let claim = DeviceId::new(format!("d{device}")).ok().map(|it| (self.listener.clone(), it));
        let [_, high, middle, low] = u32::try_from(device).unwrap_or(0).to_be_bytes();
        let source = [10, high, middle, low].into();
        let (claim, standing) = match self.storm.calls_home {
            true => (None, Standing::CallHome),
            false => (claim, Standing::Known),
        };
        let caller = Caller { id: Epoch(connection), claim, standing, source };
        self.turns.handle_asked(caller, self.instant());
    }

    fn begin(&mut self, connection: Connection) {
        let Some(attempt) = self.attempts.get_mut(&connection) else {
            return self.turns.handle_done(Epoch(connection), self.instant());
        };
        attempt.is_under_way = true;
        self.passed.most_under_way = self.passed.most_under_way.max(self.turns.under_way());
        self.later(DEADLINE, Happening::Deadline(connection));
        self.slice(connection, 0);
    }

    fn slice(&mut self, connection: Connection, slice: u8) {
        let cost = self.storm.handshake / u32::from(SLICES);
        self.cores.add(Work::Handshake(connection, slice), cost);
    }

    fn sliced(&mut self, connection: Connection, slice: u8) {
        let Some(attempt) = self.attempts.get(&connection) else { return };
        if attempt.is_half_open {
            return;
        }
        if slice + 1 < SLICES {
            let delay = self.faults.round_trip(attempt.device, attempt.number, slice + 1);
            self.later(delay, Happening::Answered(connection, slice + 1));
        } else {
            self.end(connection);
        }
    }

    fn answered(&mut self, connection: Connection, slice: u8) {
        if self.attempts.contains_key(&connection) {
            self.slice(connection, slice);
        }
    }

    /// The handshake is done, or the gateway has learnt that the device is gone: in session if it is still there.
    fn end(&mut self, connection: Connection) {
        let Some(attempt) = self.attempts.remove(&connection) else { return };
        self.turns.handle_done(Epoch(connection), self.instant());
        if attempt.is_over {
            self.passed.wasted += 1;
            return;
        }
        if let Some(is_in) = self.in_session.get_mut(attempt.device) {
            *is_in = true;
        }
        self.count += 1;
        self.mark();
    }

    /// The gateway gives the handshake up.
    fn out_of_time(&mut self, connection: Connection) {
        let Some(attempt) = self.attempts.get_mut(&connection) else { return };
        attempt.is_under_way = false;
        self.passed.wasted += 1;
        self.turns.handle_done(Epoch(connection), self.begin + self.now);
        self.close(connection);
    }

    fn close(&mut self, connection: Connection) {
        let Some(attempt) = self.attempts.remove(&connection) else { return };
        if !attempt.is_over && !attempt.is_half_open {
            let delay = self.storm.round_trip / 2 + PAUSE;
            self.later(delay, Happening::Dial(attempt.device));
        } else if !attempt.is_over {
            // The device does not hear of it: it gives up by itself.
            self.attempts.insert(connection, attempt);
        }
    }

    fn mark(&mut self) {
        let (count, devices) = (self.count, self.storm.devices);
        let now = Some(self.now);
        if count >= devices / 2 {
            self.passed.half = self.passed.half.or(now);
        }
        if count * 100 >= devices * 99 {
            self.passed.most = self.passed.most.or(now);
        }
        if count == devices {
            self.passed.all = now;
        }
    }
}
