//! The gateway's leg to operators: an SSH server whose channels are relayed to a device.
//!
//! ```text
//!   operator ──▶ key exchange ──▶ login ──▶ channel ──▶ Door::open ──▶ bare channel on the device
//!                                 │ Door::check_…        │ answered when the device has answered
//!                                 └ tries, time limited  ▼
//!            ◀── in the operator's window ── [ spool ] ◀── at once ── device
//!            ─── at once ──▶ [ spool ] ─── in the device's window ──▶ device
//! ```
//!
//! Both SSH legs acknowledge data when it arrives, so both directions have a [spool](crate::spool): an operator who does not read
//! never stalls a device, and a device that does not read never stalls the operator's other channels. Beyond its limits the one
//! channel is closed, with the reason on its error stream and exit status 255.
//!
//! Requests are passed on in their order. A terminal and what the channel is for are answered when the device has answered; a
//! variable of the environment is answered once it is passed on. What SSH libraries on both sides don't know is refused: `break`,
//! X11, agent forwarding, ports forwarded back.
//!
//! Source: RFC 4252 to 4254; OpenSSH's *PROTOCOL* and *PROTOCOL.certkeys*.

mod answers;
mod certificate;
mod channel;
mod chunks;
mod connection;
mod frames;
mod handler;
mod inspect;
mod outward;
mod relay;
mod terminal;
mod urgent;
mod window;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use homing_proto::host_key::{HostKey, Secret};

use crate::device_link::{DeviceChannel, Opening, PtyRequest, Start};
use crate::keys::PrivateKey;
use crate::spool::{Budget, SpoolLimits};

pub use certificate::Certificate;
pub use connection::serve;
pub use inspect::{Inspected, Inspector, Witness};
pub use terminal::{TerminalEnd, TerminalLimits, Typed, terminal};

/// How operators are served.
#[derive(Debug, Clone)]
pub struct DoorSettings {
    /// The door's own key.
    pub host_key: PrivateKey,
    /// Take key exchanges alone that a quantum computer would not break.
    pub post_quantum_only: bool,
    /// Time to log in.
    pub login_grace: Duration,
    /// Failed attempts to log in, keys that were offered in vain among them.
    pub max_tries: usize,
    /// Channels open at once on one connection.
    pub max_channels: usize,
    /// Ask for a sign of life after this long without data, and hang up when so many in a row were not answered.
    pub keep_alive: (Duration, u32),
    /// What may wait for a device that does not read, for each channel. When that is full the operator's connection waits, but a
    /// device that then takes nothing for [`stall`](Self::stall) loses the channel.
    pub input: SpoolLimits,
    /// See [`input`](Self::input).
    pub stall: Duration,
    /// How long an operator may read nothing.
    pub patience: Patience,
}

/// How long an operator may take to read anything of what waits, when no more comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Once the device has ended the channel.
    pub ended: Duration,
    /// Once the channel was cut because too much waited: what is left is not whole, and others need the room.
    pub cut: Duration,
}

/// What the door does for one connection: says who may enter, and leads them on.
pub trait Door: Send + Sync + 'static {
    /// Who has logged in, and where they want to go.
    type Guest: Send + Sync + 'static;

    /// Whether `key` would open the door for `login`. Nothing is proven yet.
    fn knows_key(&self, login: &str, key: &HostKey) -> impl Future<Output = bool> + Send;

    /// The guest, if `key` opens the door for `login`. That they hold its private half is proven.
    fn check_key(
        &self,
        login: &str,
        key: &HostKey,
    ) -> impl Future<Output = Option<Self::Guest>> + Send;

    /// The guest, if the certificate opens the door for `login`. That they hold its private half is proven.
    fn check_certificate(
        &self,
        login: &str,
        certificate: &Certificate,
    ) -> impl Future<Output = Option<Self::Guest>> + Send;

    /// The guest, if `password` opens the door for `login`. Must take as long for a login that does not exist.
    fn check_password(
        &self,
        login: &str,
        password: &Secret,
    ) -> impl Future<Output = Option<Self::Guest>> + Send;

    /// Whether certificates are of any use: a certificate can't be told from its key before it is proven.
    fn takes_certificates(&self) -> bool;

    /// Somebody proved a key or said a password, and was not let in.
    fn refused(&self, login: &str, method: &'static str);

    /// The guest is in.
    fn entered(&self, guest: &Arc<Self::Guest>);

    /// Opens a channel on the guest's device.
    fn open(
        &self,
        guest: &Arc<Self::Guest>,
        opening: Opening,
    ) -> impl Future<Output = Result<Opened, Refusal>> + Send;
}

/// A channel that the device has opened for an operator.
pub struct Opened {
    /// What reasons begin with: the device's name.
    pub device: String,
    /// The device's side.
    pub channel: DeviceChannel,
    /// Decides what the channel may be for.
    pub keeper: Box<dyn Keeper>,
    /// What may wait for the operator.
    pub output: SpoolLimits,
    /// Pays for what waits in both directions.
    pub budget: Budget,
    /// Counted for everybody to see.
    pub traffic: Arc<Traffic>,
    /// Resolves with a reason when the channel is to be closed at once.
    pub killed: Pin<Box<dyn Future<Output = String> + Send>>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").field("device", &self.device).finish_non_exhaustive()
    }
}

/// Why no channel opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Too many are open: told as SSH's own refusal of a channel.
    Full(String),
    /// The operator may not, or the device does not allow it.
    Prohibited(String),
    /// The device is not there, or can't reach the address. A session channel opens, says so on its error stream and ends with
    /// exit status 255, which people see without SSH's own words around it.
    Unreachable(String),
}

/// Decides about one channel, and is told how it went.
pub trait Keeper: Send {
    /// Whether the channel may be for `start`; the device is asked next. Of a session channel alone; asked again if the device
    /// refuses and the operator asks for something else.
    ///
    /// # Errors
    /// What the operator is told.
    fn start<'a>(
        &'a mut self,
        start: &'a Start,
        terminal: Option<&'a PtyRequest>,
    ) -> Pin<Box<dyn Future<Output = Result<Plan, String>> + Send + 'a>>;

    /// No more is taken from the device; what fitted still waits for the operator.
    fn cut(&mut self, why: &Why);

    /// The channel is closed.
    fn ended(self: Box<Self>, ended: Ended);
}

/// What goes along with a channel.
#[derive(Default)]
pub struct Plan {
    /// Stands between operator and device.
    pub inspector: Option<Box<dyn Inspector>>,
    /// Looks on.
    pub witness: Option<Box<dyn Witness>>,
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (inspector, witness) = (self.inspector.is_some(), self.witness.is_some());
        write!(f, "Plan {{ inspector: {inspector}, witness: {witness} }}")
    }
}

/// How a channel ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The exit status that the device told.
    pub exit_status: Option<u32>,
    /// The signal that the device told.
    pub exit_signal: Option<String>,
    /// Why it ended before its time, if it did.
    pub reason: Option<Why>,
}

/// Why a channel ended before its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The operator closed it, or their connection is gone.
    OperatorGone,
    /// The device's connection ended.
    DeviceLost(String),
    /// Somebody had it closed.
    Killed(String),
    /// The keeper or the inspector said no.
    Refused(String),
    /// More waits for the operator than may.
    OutputFull(String),
    /// The device took nothing for too long while as much waited for it as may.
    InputStalled,
    /// The operator read nothing for too long of what waited after the device's end.
    OperatorStalled,
    /// Nothing was asked for in time.
    Idle,
}

impl Why {
    /// Stable name for logs, metrics and the audit trail.
    pub fn code(&self) -> &'static str {
        match self {
            Self::OperatorGone => "operator-gone",
            Self::DeviceLost(_) => "device-lost",
            Self::Killed(_) => "killed",
            Self::Refused(_) => "refused",
            Self::OutputFull(_) => "spool-full",
            Self::InputStalled => "input-stalled",
            Self::OperatorStalled => "operator-stalled",
            Self::Idle => "nothing-asked-for",
        }
    }
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OperatorGone => f.write_str("the operator closed the channel or is gone"),
            Self::DeviceLost(why) => write!(f, "the device's connection ended: {why}"),
            Self::Killed(why) | Self::Refused(why) => f.write_str(why),
            Self::OutputFull(why) => write!(f, "channel closed: {why}"),
            Self::InputStalled => {
                f.write_str("channel closed: the device did not read its input for too long")
            }
            Self::OperatorStalled => f.write_str("channel closed: nothing was read for too long"),
            Self::Idle => f.write_str("channel closed: nothing was asked for"),
        }
    }
}

/// Bytes of one channel, counted as they pass.
#[derive(Debug, Default)]
pub struct Traffic {
    /// Taken by the device's connection.
    to_device: AtomicU64,
    /// Come from the device.
    from_device: AtomicU64,
    /// Waiting for the operator.
    waiting: AtomicU64,
}

impl Traffic {
    /// Bytes passed on to the device.
    pub fn to_device(&self) -> u64 {
        self.to_device.load(Ordering::Relaxed)
    }

    /// Bytes that came from the device.
    pub fn from_device(&self) -> u64 {
        self.from_device.load(Ordering::Relaxed)
    }

    /// Bytes that wait for the operator.
    pub fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }
}
