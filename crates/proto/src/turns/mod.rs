//! Whose turn it is: which of the connections that wait may begin the SSH key exchange.
//!
//! ```text
//!   asked ─▶ waiting ─────────────▶ Begin ─▶ under way ─▶ done
//!              │  ▲                   ▲        (permits follow the lag)
//!              │  └ known, call home, unknown; each source network in its turn;
//!              │    oldest first, newest first once the oldest waits too long
//!              ▼
//!            parting (more wait than can be served in time) ─▶ Begin after all others, or
//!                                                              TurnAway after a random while
//! ```
//!
//! Taking in everybody at once lets a fleet that comes back collapse: every handshake gets slower
//! until the devices give up, and the work is lost. So only as many handshakes run as the event
//! loop bears, and those who would wait in vain are sent away early and at different times: they
//! come back when there is room, and not all on one beat.
//!
//! A second dial of a device from the same network takes the place of the first. A claim from
//! elsewhere does not: nobody may push a device out of the queue by using its name.

mod line;
mod pace;
mod permits;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::gate::block;
use crate::identity::{DeviceId, Epoch, ListenerName};

use line::{Line, Network};
use pace::Pace;
use permits::Permits;

/// Limits and habits of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Processor cores that handshakes may use: permits begin with ten for each.
    pub cores: u32,
    /// Handshakes under way at most, however little the event loop lags.
    pub max_under_way: u32,
    /// Connections that wait at most; one more is turned away at once.
    pub max_waiting: usize,
    /// How long a device is thought to wait for its session before it hangs up.
    pub patience: Duration,
    /// From this age of the oldest on, the newest is served first.
    pub stale: Duration,
    /// Within this time those who would wait in vain are turned away, each at its own moment.
    pub longest_parting: Duration,
}

impl Settings {
    /// Junos's beat: a device that is not in after 15 s tries again 15 s later.
    #[must_use]
    pub fn new(cores: u32) -> Self {
        Self {
            cores: cores.max(1),
            max_under_way: 16_384,
            max_waiting: 131_072,
            patience: Duration::from_secs(15),
            stale: Duration::from_secs(5),
            longest_parting: Duration::from_secs(15),
        }
    }
}

/// How well the gateway knows who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// It claims a device-id that is enrolled.
    Known,
    /// It calls home: only the key exchange says who it is. Half of the permits at most.
    CallHome,
    /// Nobody knows it. A twentieth of the permits at most, and one at least.
    Unknown,
}

/// A connection that asks for its turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The connection.
    pub id: Epoch,
    /// Who it says it is, and by which listener.
    pub claim: Option<(ListenerName, DeviceId)>,
    /// How well that is known.
    pub standing: Standing,
    /// Where it comes from.
    pub source: IpAddr,
}

/// What the shell must do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The key exchange of this connection may begin; [`Turns::handle_done`] must follow.
    Begin(Epoch),
    /// This connection is to be closed.
    TurnAway(Epoch, Why),
}

/// Why a connection that waited is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// The device dialled again: its newer connection waits instead.
    Replaced,
    /// It would have waited in vain.
    Overloaded,
}

type Claim = (ListenerName, DeviceId, Network);

#[derive(Debug)]
struct Waiting {
    standing: Standing,
    network: Network,
    claim: Option<Claim>,
    is_parting: bool,
}

/// The queue and the permits.
#[derive(Debug)]
pub struct Turns {
    settings: Settings,
    permits: Permits,
    pace: Pace,
    waiting: HashMap<Epoch, Waiting>,
    /// How many of them nobody knows.
    strangers: usize,
    claims: HashMap<Claim, Epoch>,
    /// Those who are served in their order, by standing.
    staying: [Line; 3],
    /// Those who are served when nobody else waits, by standing.
    parting: [Line; 3],
    /// In the order of arrival; some have gone.
    arrivals: VecDeque<(Instant, Epoch)>,
    parting_at: BinaryHeap<Reverse<(Instant, Epoch)>>,
    count_parting: usize,
    under_way: HashMap<Epoch, (Standing, Network)>,
    actions: VecDeque<Action>,
    random: u64,
}

impl Turns {
    /// An empty queue. `seed` decides when those are turned away who would wait in vain.
    #[must_use]
    pub fn new(settings: Settings, seed: u64) -> Self {
        Self {
            permits: Permits::new(settings.cores, settings.max_under_way),
            settings,
            pace: Pace::default(),
            waiting: HashMap::new(),
            strangers: 0,
            claims: HashMap::new(),
            staying: Default::default(),
            parting: Default::default(),
            arrivals: VecDeque::new(),
            parting_at: BinaryHeap::new(),
            count_parting: 0,
            under_way: HashMap::new(),
            actions: VecDeque::new(),
            random: seed,
        }
    }

    /// A connection waits for its turn.
    pub fn handle_asked(&mut self, caller: Caller, now: Instant) {
        let network = Network::of(caller.source);
        let claim = caller.claim.map(|(listener, device)| (listener, device, network));
        if let Some(first) = claim.as_ref().and_then(|claim| self.claims.get(claim)).copied() {
            self.turn_away(first, Why::Replaced);
        }
        if self.waiting.len() >= self.settings.max_waiting {
            self.actions.push_back(Action::TurnAway(caller.id, Why::Overloaded));
            return;
        }
        if let Some(claim) = &claim {
            self.claims.insert(claim.clone(), caller.id);
        }
        let waiting = Waiting { standing: caller.standing, network, claim, is_parting: false };
        self.strangers += usize::from(caller.standing == Standing::Unknown);
        let _ = self.waiting.insert(caller.id, waiting);
        line(&mut self.staying, caller.standing).push(network, caller.id);
        self.arrivals.push_back((now, caller.id));
        self.serve(now);
    }

    /// A connection that waited has gone, or was ended for another reason.
    pub fn handle_gone(&mut self, id: Epoch) {
        self.forget(id);
    }

    /// A handshake is over, whether the device is in session or not.
    pub fn handle_done(&mut self, id: Epoch, now: Instant) {
        let Some((standing, network)) = self.under_way.remove(&id) else { return };
        self.permits.give_back(standing, network);
        self.pace.count();
        self.serve(now);
    }

    /// How late the event loop ran a task that was to run at once; asked for every
    /// [`Turns::BEAT`].
    pub fn handle_lag(&mut self, lag: Duration, now: Instant) {
        self.permits.handle_lag(lag, self.waiting.len());
        self.pace.handle_beat(now);
        if self.permits.is_saturated() {
            self.part(now);
        }
        self.compact();
        self.serve(now);
    }

    /// The time of [`Turns::poll_timeout`] has come; harmless at any other time.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(Reverse((at, id))) = self.parting_at.peek().copied() {
            if at > now {
                return;
            }
            self.parting_at.pop();
            if self.waiting.get(&id).is_some_and(|waiting| waiting.is_parting) {
                self.turn_away(id, Why::Overloaded);
            }
        }
    }

    /// What the shell must do next.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When to call [`Turns::handle_timeout`].
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.parting_at.peek().map(|Reverse((at, _))| *at)
    }

    /// How often the shell reports the lag.
    pub const BEAT: Duration = Duration::from_millis(100);

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// How many handshakes run.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.under_way.len()
    }

    /// How many handshakes may run at once.
    #[must_use]
    pub fn permits(&self) -> u32 {
        self.permits.limit()
    }

    fn serve(&mut self, now: Instant) {
        while self.permits.is_free() {
            let Some(id) = self.next(now) else { break };
            let Some(waiting) = self.forget(id) else { continue };
            self.permits.take(waiting.standing, waiting.network);
            self.under_way.insert(id, (waiting.standing, waiting.network));
            self.actions.push_back(Action::Begin(id));
        }
        // Those who call home have half of the permits: a fleet of them is short while half are free. Strangers want no more.
        if self.waiting.len() > self.strangers {
            self.permits.note_short();
        }
    }

    /// Who is next. A connection that is gone may be named: it is skipped.
    fn next(&mut self, now: Instant) -> Option<Epoch> {
        let newest_first = self.is_stale(now);
        for is_parting in [false, true] {
            let lines = if is_parting { &mut self.parting } else { &mut self.staying };
            for standing in [Standing::Known, Standing::CallHome, Standing::Unknown] {
                if !self.permits.has_share(standing) {
                    continue;
                }
                let waiting = &self.waiting;
                let is_there = |id: &Epoch| {
                    waiting.get(id).is_some_and(|waiting| waiting.is_parting == is_parting)
                };
                let permits = &self.permits;
                let may = |network: &Network| permits.has_room_for(*network);
                if let Some(id) = line(lines, standing).take(newest_first, is_there, may) {
                    return Some(id);
                }
            }
        }
        None
    }

    /// Whether the oldest that stays waits for too long.
    fn is_stale(&mut self, now: Instant) -> bool {
        while let Some((since, id)) = self.arrivals.front().copied() {
            if self.stays(id) {
                return now.saturating_duration_since(since) > self.settings.stale;
            }
            self.arrivals.pop_front();
        }
        false
    }

    fn stays(&self, id: Epoch) -> bool {
        self.waiting.get(&id).is_some_and(|waiting| !waiting.is_parting)
    }

    /// Sets those parting who can't be served before they lose patience: the ones that would be
    /// served last.
    fn part(&mut self, now: Instant) {
        let Some(rate) = self.pace.per_second() else { return };
        let room = rate * self.settings.patience.as_secs_f64() * 0.8;
        let staying = self.waiting.len() - self.count_parting;
        let excess = staying.saturating_sub(room as usize);
        if excess == 0 {
            return;
        }
        let oldest_first = self.is_stale(now);
        let spread = Duration::from_secs_f64((excess as f64 / rate.max(1.0)).min(3_600.0))
            .min(self.settings.longest_parting);
        for _ in 0..excess {
            let Some(id) = self.last_in_turn(oldest_first) else { return };
            let at = now + spread.mul_f64(self.random());
            self.set_parting(id, at);
        }
    }

    fn last_in_turn(&mut self, oldest_first: bool) -> Option<Epoch> {
        loop {
            let taken =
                if oldest_first { self.arrivals.pop_front() } else { self.arrivals.pop_back() };
            let (_, id) = taken?;
            if self.stays(id) {
                return Some(id);
            }
        }
    }

    fn set_parting(&mut self, id: Epoch, at: Instant) {
        let Some(waiting) = self.waiting.get_mut(&id) else { return };
        waiting.is_parting = true;
        self.count_parting += 1;
        line(&mut self.staying, waiting.standing).lose(waiting.network);
        line(&mut self.parting, waiting.standing).push(waiting.network, id);
        self.parting_at.push(Reverse((at, id)));
    }

    fn turn_away(&mut self, id: Epoch, why: Why) {
        if self.forget(id).is_some() {
            self.actions.push_back(Action::TurnAway(id, why));
        }
    }

    fn forget(&mut self, id: Epoch) -> Option<Waiting> {
        let waiting = self.waiting.remove(&id)?;
        self.strangers -= usize::from(waiting.standing == Standing::Unknown);
        if let Some(claim) = &waiting.claim
            && self.claims.get(claim) == Some(&id)
        {
            self.claims.remove(claim);
        }
        let lines = if waiting.is_parting { &mut self.parting } else { &mut self.staying };
        self.count_parting -= usize::from(waiting.is_parting);
        line(lines, waiting.standing).lose(waiting.network);
        Some(waiting)
    }

    /// Drops what is left of those who have gone, once it is most of what is kept.
    fn compact(&mut self) {
        let kept = 2 * self.waiting.len() + 64;
        if self.arrivals.len() > kept {
            let mut arrivals = std::mem::take(&mut self.arrivals);
            arrivals.retain(|(_, id)| self.stays(*id));
            self.arrivals = arrivals;
        }
        if self.parting_at.len() > kept {
            let waiting = &self.waiting;
            self.parting_at.retain(|Reverse((_, id))| waiting.contains_key(id));
        }
        for (lines, is_parting) in [(&mut self.staying, false), (&mut self.parting, true)] {
            let waiting = &self.waiting;
            let is_there = |id: &Epoch| {
                waiting.get(id).is_some_and(|waiting| waiting.is_parting == is_parting)
            };
            lines.iter_mut().for_each(|line| line.compact(is_there));
        }
    }

    /// Between 0 and 1.
    fn random(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn line(lines: &mut [Line; 3], standing: Standing) -> &mut Line {
    let [known, call_home, unknown] = lines;
    match standing {
        Standing::Known => known,
        Standing::CallHome => call_home,
        Standing::Unknown => unknown,
    }
}
