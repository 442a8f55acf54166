//! How many handshakes may run at once: more while the event loop keeps up, half when it lags.
//!
//! ```text
//!   start ──lag under 20 ms, somebody waits: twice──▶ … ──first lag──▶ an eighth more, while under 20 ms
//!                                                                  half, when over 100 ms
//! ```

use std::collections::HashMap;
use std::time::Duration;

use super::Standing;
use super::line::Network;

/// Below it there is time for more.
const LOW: Duration = Duration::from_millis(20);
/// Above it there is too much.
const HIGH: Duration = Duration::from_millis(100);
/// Permits for each core that a lag never takes: so few handshakes can't be what makes the event loop late.
const LEAST: u32 = 4;
/// Beats to wait after a cut, until its effect is seen.
const REST: u32 = 5;
/// Beats after a lag for which the cores count as full.
const MEMORY: u32 = 10;
/// Beats for which the cores must have been full before their pace is believed.
const TRUST: u32 = 11;

/// Permits in use, and how many there are.
#[derive(Debug)]
pub(super) struct Permits {
    limit: u32,
    least: u32,
    most: u32,
    in_use: u32,
    of_standing: [u32; 3],
    of_network: HashMap<Network, u32>,
    /// No lag was seen yet.
    is_starting: bool,
    /// Somebody who is no stranger had to wait since the last beat.
    was_short: bool,
    /// Beats until the next cut.
    rest: u32,
    /// Beats for which the cores still count as full.
    saturated: u32,
    /// Beats for which they have been full.
    full_for: u32,
}

impl Permits {
    pub(super) fn new(cores: u32, most: u32) -> Self {
        let most = most.max(1);
        let least = cores.saturating_mul(LEAST).clamp(1, most);
        Self {
            limit: cores.saturating_mul(10).clamp(least, most),
            least,
            most,
            in_use: 0,
            of_standing: [0; 3],
            of_network: HashMap::new(),
            is_starting: true,
            was_short: false,
            rest: 0,
            saturated: 0,
            full_for: 0,
        }
    }

    pub(super) fn limit(&self) -> u32 {
        self.limit
    }

    pub(super) fn is_free(&self) -> bool {
        self.in_use < self.limit
    }

    /// Whether one more of this standing may begin.
    pub(super) fn has_share(&self, standing: Standing) -> bool {
        let share = match standing {
            Standing::Known => self.limit,
            Standing::CallHome => self.limit / 2,
            Standing::Unknown => self.limit / 20,
        };
        self.count(standing) < share.max(1)
    }

    /// Whether one more of this network may begin while others wait too.
    pub(super) fn has_room_for(&self, network: Network) -> bool {
        let own = self.of_network.get(&network).copied().unwrap_or(0);
        own < (self.limit / 2).max(1)
    }

    pub(super) fn take(&mut self, standing: Standing, network: Network) {
        self.in_use += 1;
        *self.count_mut(standing) += 1;
        *self.of_network.entry(network).or_default() += 1;
    }

    /// Somebody who is no stranger has to wait.
    pub(super) fn note_short(&mut self) {
        self.was_short = true;
    }

    pub(super) fn give_back(&mut self, standing: Standing, network: Network) {
        self.in_use = self.in_use.saturating_sub(1);
        let count = self.count_mut(standing);
        *count = count.saturating_sub(1);
        match self.of_network.get_mut(&network) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(self.of_network.remove(&network)),
        }
    }

    pub(super) fn handle_lag(&mut self, lag: Duration, waiting: usize) {
        self.rest = self.rest.saturating_sub(1);
        self.saturated = self.saturated.saturating_sub(1);
        let is_short = std::mem::take(&mut self.was_short) && waiting > 0;
        if lag >= LOW {
            self.is_starting = false;
            self.saturated = MEMORY;
        } else if is_short {
            let more = if self.is_starting { self.limit } else { (self.limit / 8).max(1) };
            self.limit = self.limit.saturating_add(more).min(self.most);
        }
        if lag > HIGH && self.rest == 0 {
            self.limit = (self.limit / 2).max(self.least);
            self.rest = REST;
        }
        let is_full = self.saturated > 0 || (is_short && self.limit == self.most);
        self.full_for = if is_full { self.full_for.saturating_add(1) } else { 0 };
    }

    /// Whether the cores have had no time left for so long that their pace can be believed.
    pub(super) fn is_saturated(&self) -> bool {
        self.full_for >= TRUST
    }

    fn count(&self, standing: Standing) -> u32 {
        let [known, call_home, unknown] = self.of_standing;
        match standing {
            Standing::Known => known,
            Standing::CallHome => call_home,
            Standing::Unknown => unknown,
        }
    }

    fn count_mut(&mut self, standing: Standing) -> &mut u32 {
        let [known, call_home, unknown] = &mut self.of_standing;
        match standing {
            Standing::Known => known,
            Standing::CallHome => call_home,
            Standing::Unknown => unknown,
        }
    }
}
