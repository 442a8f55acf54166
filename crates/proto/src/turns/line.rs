//! One line of waiting connections, in which every source network has its turn.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr};

use super::block;
use crate::identity::Epoch;

/// What counts as one network: a /24 of IPv4, a /64 of IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Network(IpAddr);

impl Network {
    pub(super) fn of(source: IpAddr) -> Self {
        Self(match block(source) {
            IpAddr::V4(address) => IpAddr::V4(Ipv4Addr::from(u32::from(address) >> 8 << 8)),
            v6 => v6,
        })
    }
}

/// The connections of one network, in the order of arrival; some have gone.
#[derive(Debug, Default)]
struct Queue {
    ids: VecDeque<Epoch>,
    /// How many of them are there.
    live: usize,
}

/// Everybody who waits in one line.
#[derive(Debug, Default)]
pub(super) struct Line {
    queues: HashMap<Network, Queue>,
    /// Whose turn it is: the front.
    round: VecDeque<Network>,
}

impl Line {
    pub(super) fn push(&mut self, network: Network, id: Epoch) {
        let queue = self.queues.entry(network).or_insert_with(|| {
            self.round.push_back(network);
            Queue::default()
        });
        queue.ids.push_back(id);
        queue.live += 1;
    }

    /// One of this network has gone.
    pub(super) fn lose(&mut self, network: Network) {
        if let Some(queue) = self.queues.get_mut(&network) {
            queue.live = queue.live.saturating_sub(1);
        }
    }

    /// The next one who is there, of the next network that may. A network that waits alone always may.
    pub(super) fn take(
        &mut self,
        newest_first: bool,
        is_there: impl Fn(&Epoch) -> bool,
        may: impl Fn(&Network) -> bool,
    ) -> Option<Epoch> {
        for _ in 0..self.round.len() {
            let network = self.round.pop_front()?;
            if !self.round.is_empty() && !may(&network) {
                self.round.push_back(network);
                continue;
            }
            match self.queues.get_mut(&network).and_then(|it| it.take(newest_first, &is_there)) {
                Some(id) => {
                    self.round.push_back(network);
                    return Some(id);
                }
                None => drop(self.queues.remove(&network)),
            }
        }
        None
    }

    /// Drops those who have gone, where they are most.
    pub(super) fn compact(&mut self, is_there: impl Fn(&Epoch) -> bool) {
        let queues = &mut self.queues;
        self.round.retain(|network| {
            let Some(queue) = queues.get_mut(network) else { return false };
            if queue.ids.len() > 2 * queue.live + 16 {
                queue.ids.retain(&is_there);
            }
            let is_empty = queue.live == 0;
            if is_empty {
                queues.remove(network);
            }
            !is_empty
        });
    }
}

impl Queue {
    fn take(&mut self, newest_first: bool, is_there: impl Fn(&Epoch) -> bool) -> Option<Epoch> {
        loop {
            let id = if newest_first { self.ids.pop_back() } else { self.ids.pop_front() }?;
            if is_there(&id) {
                return Some(id);
            }
        }
    }
}
