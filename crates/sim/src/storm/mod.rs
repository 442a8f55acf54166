//! A fleet that comes back all at once, in virtual time: the gateway's [`Turns`] against a model of cores, network and
//! devices.
//!
//! ```text
//!   device   dial ─▶ … in session, or gives up after `patience` ─▶ pause 15 s ─▶ dial
//!   gateway  accept, initiation (one slice) ─▶ Turns ─▶ four slices of the handshake, a round trip between each
//!   cores    one queue of slices, first come, first served; its delay is the lag
//! ```
//!
//! What attempts meet with on the network is drawn apart from what the gateway does, so that the same storm can be held against
//! the least that it would take any gateway.
//!
//! What it shows is the queue's decisions. The cost of a handshake is an input, not a result.
//!
//! [`Turns`]: homing_proto::turns::Turns

mod cores;
mod faults;
mod model;

use std::time::Duration;

pub use model::run;

/// One storm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Storm {
    /// Devices, all of which dial within half a second.
    pub devices: usize,
    /// Cores of the gateway.
    pub cores: usize,
    /// What a handshake costs one core.
    pub handshake: Duration,
    /// How long a device waits for its session before it hangs up.
    pub patience: Duration,
    /// A round trip.
    pub round_trip: Duration,
    /// How likely a round trip loses a packet, which costs a second.
    pub loss: f64,
    /// How likely a dial leaves a connection of which only the gateway's half is there: the first of a device, and each after one
    /// that did. So it has nothing to do with the gateway how often it happens.
    pub half_open: f64,
    /// It may happen to any other dial as well, so that the devices that are turned away pay for it.
    pub half_open_later: bool,
    /// The devices call home: who they are is known only after the key exchange.
    pub calls_home: bool,
    /// Whether the gateway takes in everybody at once, as without a queue.
    pub takes_everybody: bool,
    /// Decides everything that is left to chance.
    pub seed: u64,
}

impl Storm {
    /// 50,000 devices against two cores and 1 ms.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            devices: 50_000,
            cores: 2,
            handshake: Duration::from_millis(1),
            patience: Duration::from_secs(15),
            round_trip: Duration::from_millis(100),
            loss: 0.0,
            half_open: 0.0,
            half_open_later: false,
            calls_home: false,
            takes_everybody: false,
            seed,
        }
    }

    /// The least time in which the cores can do the handshakes of all devices.
    #[must_use]
    pub fn floor(&self) -> Duration {
        self.handshake.mul_f64(self.devices as f64 / self.cores as f64)
    }

    /// The least time in which any gateway with as many cores could have this part of the devices in session, in this very storm: it
    /// wastes nothing, and knows beforehand what each attempt of each device will meet with.
    #[must_use]
    pub fn least(&self, part: f64) -> Duration {
        faults::Faults::new(*self).least(part)
    }
}

/// How a storm passed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Passed {
    /// Devices in session at the end.
    pub in_session: usize,
    /// Until half of the devices were in session.
    pub half: Option<Duration>,
    /// Until 99 of 100 were.
    pub most: Option<Duration>,
    /// Until all were.
    pub all: Option<Duration>,
    /// Dials in all.
    pub dials: u64,
    /// Connections that the gateway turned away.
    pub turned_away: u64,
    /// Handshakes that ended without a session.
    pub wasted: u64,
    /// Most handshakes under way at once.
    pub most_under_way: usize,
}
