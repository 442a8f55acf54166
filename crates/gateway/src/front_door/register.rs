//! Every channel that operators have open, by number: counted, listed, killed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use homing_proto::access::{Operator, Right};
use homing_proto::api::{DeviceChannel, Timestamp};
use homing_proto::fault::Fault;
use homing_proto::identity::DeviceName;
use homing_proto::rate::{Rate, Rates};
use homing_transport::front_door::Traffic;
use homing_transport::spool::{Budget, BudgetLimits};
use tokio::sync::watch;

use crate::config;

/// Bytes in memory that wait for one operator, or of one device: the rest is in files.
const MEMORY: u64 = 64 << 20;
/// Bytes in memory that wait for everybody.
const TOTAL_MEMORY: u64 = 256 << 20;
/// Lines of the log about one operator's refused channels: a program that opens thousands fills no disk.
const TOLD: Rate = Rate { per_second: 1, burst: 10 };
/// Operators whose lines are counted.
const MOST_TOLD: usize = 1024;

/// All open channels.
#[derive(Debug)]
pub(crate) struct Register {
    limits: Limits,
    total: Budget,
    inner: Mutex<Inner>,
    told: Mutex<Rates<String>>,
}

#[derive(Debug, Clone, Copy)]
struct Limits {
    operator_connections: usize,
    operator_channels: usize,
    device_channels: usize,
    operator_spool: u64,
    device_spool: u64,
}

#[derive(Debug, Default)]
struct Inner {
    last: u64,
    channels: BTreeMap<u64, Arc<Place>>,
    /// Logins, by the operator's name.
    logins: BTreeMap<String, usize>,
}

/// One open channel.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) number: u64,
    pub(crate) operator: Operator,
    pub(crate) device: DeviceName,
    pub(crate) since: Timestamp,
    pub(crate) traffic: Arc<Traffic>,
    state: Mutex<State>,
    kill: watch::Sender<Option<String>>,
    of_operator: Budget,
    of_device: Budget,
    all: Budget,
}

#[derive(Debug)]
struct State {
    /// As operators are told: `shell`, `subsystem netconf`, `exec show version`, `tcp 10.0.0.1:22`.
    purpose: String,
    has_terminal: bool,
    /// What the operator must have to keep it.
    right: Right,
}

/// Why there is no place for one more channel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Full {
    /// The operator is logged in as often as may be.
    #[error(
        "{operator} is logged in {open} times, as often as one operator may; close one, or share one: ssh -o ControlMaster=auto"
    )]
    Logins {
        /// Who.
        operator: String,
        /// How often.
        open: usize,
    },
    /// The operator has as many as may be.
    #[error("{operator} has {open} channels open, as many as one operator may; close one")]
    Operator {
        /// Who.
        operator: String,
        /// How many.
        open: usize,
    },
    /// The device has as many as may be.
    #[error(
        "operators have {open} channels open on {device}, as many as may be; see: homing device sessions {device}"
    )]
    Device {
        /// Which.
        device: DeviceName,
        /// How many.
        open: usize,
    },
}

impl Full {
    /// Logs it, if the operator's share of the log has room for it.
    pub(crate) fn tell(&self, register: &Register, operator: &str) {
        let mut told = register.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.take(operator.to_owned(), Instant::now()).is_ok() {
            tracing::info!(code = self.code(), fault = ?self.fault(), "front door: {self}");
        }
    }

    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Logins { .. } => "operator-logins-full",
            Self::Operator { .. } => "operator-channels-full",
            Self::Device { .. } => "device-channels-full",
        }
    }

    /// Who must act.
    pub(crate) fn fault(&self) -> Fault {
        Fault::Operator
    }
}

impl Register {
    /// With nothing open.
    pub(crate) fn new(settings: &config::FrontDoor) -> Self {
        let limits = BudgetLimits {
            memory: settings.total_spool.min(TOTAL_MEMORY),
            disk: settings.total_spool,
        };
        Self {
            limits: Limits {
                operator_connections: settings.operator_connections,
                operator_channels: settings.operator_channels,
                device_channels: settings.device_channels,
                operator_spool: settings.operator_spool,
                device_spool: settings.device_spool,
            },
            total: Budget::new(limits),
            inner: Mutex::default(),
            told: Mutex::new(Rates::new(TOLD, MOST_TOLD)),
        }
    }

    /// Bytes that wait for operators: in memory, and in files.
    pub(crate) fn waiting(&self) -> (u64, u64) {
        (self.total.memory_used(), self.total.disk_used())
    }

    /// Counts one more login of an operator, until the [`Login`] is dropped.
    pub(crate) fn log_in(self: &Arc<Self>, operator: &str) -> Result<Login, Full> {
        let mut inner = self.lock();
        let open = inner.logins.get(operator).copied().unwrap_or(0);
        if open >= self.limits.operator_connections {
            return Err(Full::Logins { operator: operator.to_owned(), open });
        }
        inner.logins.insert(operator.to_owned(), open + 1);
        Ok(Login { register: Arc::clone(self), operator: operator.to_owned() })
    }

    /// A place for one more channel. It is left when the [`Entered`] is dropped.
    pub(crate) fn enter(
        self: &Arc<Self>,
        operator: &Operator,
        device: &DeviceName,
        purpose: String,
        right: Right,
    ) -> Result<Entered, Full> {
        let mut inner = self.lock();
        let (mut theirs, mut there) = (0, 0);
        let (mut of_operator, mut of_device) = (None, None);
        for place in inner.channels.values() {
            if place.operator.name() == operator.name() {
                theirs += 1;
                of_operator.get_or_insert_with(|| place.of_operator.clone());
            }
            if place.device == *device {
                there += 1;
                of_device.get_or_insert_with(|| place.of_device.clone());
            }
        }
        if theirs >= self.limits.operator_channels {
            return Err(Full::Operator { operator: operator.name().to_owned(), open: theirs });
        }
        if there >= self.limits.device_channels {
            return Err(Full::Device { device: device.clone(), open: there });
        }
        let budget =
            |limit: u64| Budget::new(BudgetLimits { memory: limit.min(MEMORY), disk: limit });
        inner.last += 1;
        let place = Arc::new(Place {
            number: inner.last,
            operator: operator.clone(),
            device: device.clone(),
            since: Timestamp::now(),
            traffic: Arc::default(),
            state: Mutex::new(State { purpose, has_terminal: false, right }),
            kill: watch::Sender::new(None),
            of_operator: of_operator.unwrap_or_else(|| budget(self.limits.operator_spool)),
            of_device: of_device.unwrap_or_else(|| budget(self.limits.device_spool)),
            all: self.total.clone(),
        });
        inner.channels.insert(place.number, Arc::clone(&place));
        Ok(Entered { register: Arc::clone(self), place })
    }

    /// The channels on one device, the oldest first.
    pub(crate) fn on(&self, device: &DeviceName) -> Vec<Arc<Place>> {
        let inner = self.lock();
        inner.channels.values().filter(|place| place.device == *device).cloned().collect()
    }

    /// Every channel.
    pub(crate) fn all(&self) -> Vec<Arc<Place>> {
        self.lock().channels.values().cloned().collect()
    }

    /// How many are open.
    pub(crate) fn len(&self) -> usize {
        self.lock().channels.len()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Closes the channel at once; the first reason stands.
    pub(crate) fn kill(&self, reason: impl Into<String>) {
        self.kill.send_if_modified(|killed| {
            let first = killed.is_none();
            killed.get_or_insert_with(|| reason.into());
            first
        });
    }

    /// Waits until somebody kills the channel.
    pub(crate) fn killed(&self) -> impl Future<Output = String> + Send + 'static {
        let mut kill = self.kill.subscribe();
        async move {
            let reason = kill.wait_for(Option::is_some).await.ok().and_then(|why| why.clone());
            match reason {
                Some(reason) => reason,
                None => std::future::pending().await,
            }
        }
    }

    /// What pays for what waits on it.
    pub(crate) fn budget(&self) -> Budget {
        self.of_operator.and(&self.of_device).and(&self.all)
    }

    /// It is for this, and needs this right.
    pub(crate) fn set_purpose(&self, purpose: String, has_terminal: bool, right: Right) {
        *self.state() = State { purpose, has_terminal, right };
    }

    /// What it is for.
    pub(crate) fn purpose(&self) -> String {
        self.state().purpose.clone()
    }

    /// What the operator must have to keep it.
    pub(crate) fn right(&self) -> Right {
        self.state().right
    }

    /// As the API shows it.
    pub(crate) fn shown(&self) -> DeviceChannel {
        let state = self.state();
        DeviceChannel {
            channel: self.number,
            operator: self.operator.name().to_owned(),
            via: self.operator.via().as_str().to_owned(),
            source: self.operator.source().map(|source| source.to_string()),
            purpose: state.purpose.clone(),
            terminal: state.has_terminal,
            since: self.since,
            bytes_in: self.traffic.to_device(),
            bytes_out: self.traffic.from_device(),
            waiting: self.traffic.waiting(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A login that is counted.
#[derive(Debug)]
pub(crate) struct Login {
    register: Arc<Register>,
    operator: String,
}

impl Drop for Login {
    fn drop(&mut self) {
        let mut inner = self.register.lock();
        let left = inner.logins.get(&self.operator).map_or(0, |open| open.saturating_sub(1));
        match left {
            0 => inner.logins.remove(&self.operator),
            left => inner.logins.insert(self.operator.clone(), left),
        };
    }
}

/// A place that is held.
#[derive(Debug)]
pub(crate) struct Entered {
    register: Arc<Register>,
    pub(crate) place: Arc<Place>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.register.lock().channels.remove(&self.place.number);
    }
}

#[cfg(test)]
mod tests {
    use homing_proto::access::Via;

    use super::*;

    fn register(operator_channels: usize, device_channels: usize) -> Arc<Register> {
        let settings = config::Configuration::merge(
            &config::Sources::default(),
            &config::Surroundings::default(),
        );
        let mut settings = settings.unwrap().settings.front_door;
        (settings.operator_channels, settings.device_channels) =
            (operator_channels, device_channels);
        Arc::new(Register::new(&settings))
    }

    fn ops(name: &str) -> Operator {
        Operator::new(name, vec![], Via::Ssh, None, "key")
    }

    fn enter(register: &Arc<Register>, who: &str, device: &str) -> Result<Entered, Full> {
        let device = DeviceName::new(device).unwrap();
        register.enter(&ops(who), &device, "shell".into(), Right::Configure)
    }

    #[test]
    fn an_operator_and_a_device_have_so_many_channels_and_no_more() {
        let register = register(2, 3);
        let one = enter(&register, "ada", "r1").unwrap();
        let _two = enter(&register, "ada", "r2").unwrap();
        let full = enter(&register, "ada", "r3").unwrap_err();
        assert_eq!((full.code(), full.fault()), ("operator-channels-full", Fault::Operator));
        let _others =
            [enter(&register, "bob", "r1").unwrap(), enter(&register, "bob", "r1").unwrap()];
        let full = enter(&register, "eve", "r1").unwrap_err();
        assert!(full.to_string().ends_with("homing device sessions r1"), "{full}");
        drop(one);
        enter(&register, "eve", "r1").unwrap();
    }

    #[test]
    fn an_operator_has_so_many_logins_and_no_more() {
        let register = register(9, 9);
        let most = register.limits.operator_connections;
        let mut logins: Vec<_> = (0..most).map(|_| register.log_in("ada").unwrap()).collect();
        assert_eq!(register.log_in("ada").unwrap_err().code(), "operator-logins-full");
        let _other = register.log_in("bob").unwrap();
        logins.pop();
        logins.push(register.log_in("ada").unwrap());
        drop(logins);
        assert_eq!(register.lock().logins.len(), 1);
    }

    #[tokio::test]
    async fn the_first_reason_to_kill_stands() {
        let register = register(9, 9);
        let entered = enter(&register, "ada", "r1").unwrap();
        entered.place.kill("one");
        entered.place.kill("two");
        assert_eq!(entered.place.killed().await, "one");
        assert_eq!(register.on(&DeviceName::new("r1").unwrap()).len(), 1);
        drop(entered);
        assert_eq!(register.len(), 0);
    }
}
