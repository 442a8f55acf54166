//! A device that is logged in to: channels, signs of life, the end.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use homing_proto::excerpt::Excerpt;
use homing_proto::fault::Fault;
use homing_proto::host_key::HostKey;
use russh::client::{Handle, Msg};
use russh::{Channel, ChannelOpenFailure, Disconnect};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::channel::DeviceChannel;
use super::handler::Handler;
use super::lingering::Lingering;
use super::renewal::Renewal;
use super::{FAREWELL, by};
use crate::closed::{Closed, Ending};
use crate::watched::Pulse;

/// How long a device may take to find room after channels that lingered were closed, attempt by attempt.
const MAKING_ROOM: [Duration; 3] =
    [Duration::from_millis(20), Duration::from_millis(200), Duration::from_secs(1)];
/// Longest reason sent with a disconnect.
const LONGEST_REASON: usize = 200;

/// What a channel is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A subsystem such as `netconf` or `sftp`.
    Subsystem(String),
    /// A command line.
    Exec(String),
    /// The user's login shell.
    Shell,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Subsystem(name) => write!(f, "subsystem {}", Excerpt::new(name)),
            Self::Exec(_) => f.write_str("a command"),
            Self::Shell => f.write_str("a shell"),
        }
    }
}

/// Where a bare channel leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening {
    /// To a shell, command or subsystem, asked for by requests.
    Session,
    /// To a TCP port, as the device sees it: `direct-tcpip`.
    Tcp {
        /// Host name or address.
        host: String,
        /// Port.
        port: u32,
        /// Whose connection it is, for the device's log: address and port.
        originator: (String, u32),
    },
    /// To a Unix socket of the device: `direct-streamlocal@openssh.com`.
    Unix {
        /// The socket.
        path: String,
    },
}

/// Why a channel did not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The device has as many open as it allows: OpenSSH ten (`MaxSessions`).
    #[error(
        "the device allows no further channel on this connection (OpenSSH: MaxSessions, 10 by default); close one or raise the limit"
    )]
    TooMany,
    /// The device does not allow channels, or no more of them.
    #[error("the device does not allow this channel, or has as many open as it allows")]
    Prohibited,
    /// The device could not reach the address that a forwarded connection is for.
    #[error("the device can't connect to that address")]
    Unreachable,
    /// The channel opened but the device does not offer what was asked for.
    #[error("the device refused {kind}")]
    Refused {
        /// What was asked for.
        kind: Kind,
    },
    /// The device did not answer in time.
    #[error("the device did not answer in time")]
    Deadline,
    /// The connection ended.
    #[error("{0}")]
    Closed(Closed),
}

impl OpenError {
    /// Stable name for logs, metrics and the API.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooMany => "too-many-channels",
            Self::Prohibited => "channel-prohibited",
            Self::Unreachable => "address-unreachable",
            Self::Refused { kind: Kind::Subsystem(_) } => "subsystem-refused",
            Self::Refused { kind: Kind::Exec(_) } => "exec-refused",
            Self::Refused { kind: Kind::Shell } => "shell-refused",
            Self::Deadline => "channel-timeout",
            Self::Closed(closed) => closed.reason.code(),
        }
    }

    /// Who must act.
    pub fn fault(&self) -> Fault {
        match self {
            Self::TooMany | Self::Prohibited | Self::Unreachable | Self::Refused { .. } => {
                Fault::Operator
            }
            Self::Deadline => Fault::Network,
            Self::Closed(closed) => closed.reason.fault(),
        }
    }

    /// OpenSSH answers `connect failed` beyond `MaxSessions`, others a shortage of resources.
    fn from_failure(failure: &ChannelOpenFailure, opening: &Opening) -> Self {
        match (failure, opening) {
            (ChannelOpenFailure::ResourceShortage, _)
            | (ChannelOpenFailure::ConnectFailed, Opening::Session) => Self::TooMany,
            (ChannelOpenFailure::ConnectFailed, _) => Self::Unreachable,
            _ => Self::Prohibited,
        }
    }
}

impl Opening {
    /// Asks the library for it.
    async fn ask(self, handle: &Handle<Handler>) -> Result<Channel<Msg>, russh::Error> {
        match self {
            Self::Session => handle.channel_open_session().await,
            Self::Tcp { host, port, originator: (address, from) } => {
                handle.channel_open_direct_tcpip(host, port, address, from).await
            }
            Self::Unix { path } => handle.channel_open_direct_streamlocal(path).await,
        }
    }
}

/// A logged-in device. Clones share the connection, which ends when the last of them and of its channels is gone.
#[derive(Clone)]
pub struct DeviceLink(Arc<Shared>);

/// What clones and channels share.
struct Shared {
    /// The library's session.
    handle: Handle<Handler>,
    /// The proven key.
    host_key: HostKey,
    /// The stream's counters and cut.
    pulse: Arc<Pulse>,
    /// How it ended.
    ending: Arc<Ending>,
    /// Open channels.
    channels: AtomicUsize,
    /// Channels that only the device is not done with.
    lingering: Lingering,
    /// How long the keys have served.
    renewal: Renewal,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.pulse.cut(); // a session that waits to write to a frozen device would not end by itself
    }
}

impl std::fmt::Debug for DeviceLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeviceLink").field("host_key", &self.0.host_key).finish_non_exhaustive()
    }
}

impl DeviceLink {
    /// After the login.
    pub(super) fn new(
        handle: Handle<Handler>,
        host_key: HostKey,
        pulse: Arc<Pulse>,
        ending: Arc<Ending>,
    ) -> Self {
        let (channels, renewal) = (AtomicUsize::new(0), Renewal::new(Instant::now()));
        let lingering = Lingering::default();
        Self(Arc::new(Shared { handle, host_key, pulse, ending, channels, lingering, renewal }))
    }

    /// The proven host key.
    pub fn host_key(&self) -> &HostKey {
        &self.0.host_key
    }

    /// Opens a channel for `kind`.
    ///
    /// # Errors
    /// [`OpenError`]; the link itself goes on unless it is `Closed`.
    pub async fn open(&self, kind: Kind, deadline: Instant) -> Result<DeviceChannel, OpenError> {
        let opening = async {
            let mut channel = self.open_channel(Opening::Session).await?;
            match channel.request(&kind).await? {
                true => Ok(channel),
                false => Err(OpenError::Refused { kind }),
            }
        };
        tokio::select! {
            opened = opening => opened,
            closed = self.0.ending.wait() => Err(OpenError::Closed(closed)),
            () = tokio::time::sleep_until(deadline) => Err(OpenError::Deadline),
        }
    }

    /// Opens a channel on which nothing is asked for yet: requests are passed on with [`DeviceChannel::requests`].
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_bare(
        &self,
        opening: Opening,
        deadline: Instant,
    ) -> Result<DeviceChannel, OpenError> {
        tokio::select! {
            opened = self.open_channel(opening) => opened,
            closed = self.0.ending.wait() => Err(OpenError::Closed(closed)),
            () = tokio::time::sleep_until(deadline) => Err(OpenError::Deadline),
        }
    }

    /// A channel on which nothing was asked for. Where the device has no room, the channels that linger there make some.
    async fn open_channel(&self, opening: Opening) -> Result<DeviceChannel, OpenError> {
        let is_full = |opened: &Result<_, OpenError>| {
            matches!(opened, Err(OpenError::TooMany | OpenError::Prohibited))
        };
        let mut opened = self.open_once(&opening).await;
        if is_full(&opened) && self.0.lingering.hurry(Instant::now()) {
            for pause in MAKING_ROOM {
                tokio::time::sleep(pause).await;
                opened = self.open_once(&opening).await;
                if !is_full(&opened) {
                    break;
                }
            }
        }
        opened
    }

    /// One attempt. One that is confirmed after the caller has given up is closed again, on whichever side
    /// of the hand-over it is then.
    async fn open_once(&self, opening: &Opening) -> Result<DeviceChannel, OpenError> {
        let (opened, wait) = oneshot::channel();
        let link = self.clone();
        let asked = opening.clone();
        tokio::spawn(async move {
            let result = asked.ask(&link.0.handle).await;
            let _ = opened.send(result.map(|channel| DeviceChannel::new(channel, link)));
        });
        match wait.await {
            Ok(Ok(channel)) => Ok(channel),
            Ok(Err(russh::Error::ChannelOpenFailure(failure))) => {
                Err(OpenError::from_failure(&failure, opening))
            }
            Ok(Err(error)) => Err(self.lost(&error).await),
            Err(_) => Err(self.lost(&russh::Error::Disconnect).await),
        }
    }

    /// How the connection ended, given what the library noticed.
    pub(super) async fn lost(&self, error: &russh::Error) -> OpenError {
        let told = by(Instant::now() + FAREWELL, self.closed()).await;
        OpenError::Closed(told.unwrap_or_else(|| Closed::from_error(error)))
    }

    /// Asks for a sign of life (`keepalive@openssh.com`; a refusal is one) and tells how long it took. `None`: none by `deadline`,
    /// or the connection ended.
    pub async fn ping(&self, deadline: Instant) -> Option<Duration> {
        let start = Instant::now();
        tokio::select! {
            answered = by(deadline, self.0.handle.send_ping()) => answered?.ok()?,
            _ = self.closed() => return None,
        }
        (!self.0.handle.is_closed()).then(|| start.elapsed())
    }

    /// What the channels' writers wait on.
    pub(super) fn pulse(&self) -> &Arc<Pulse> {
        &self.0.pulse
    }

    /// When bytes last came from the device.
    pub fn last_heard(&self) -> Instant {
        self.0.pulse.last_heard()
    }

    /// Bytes received and sent, SSH included.
    pub fn counters(&self) -> (u64, u64) {
        self.0.pulse.counters()
    }

    /// How many channels the device would have opened, and was refused.
    pub fn refused_channels(&self) -> u64 {
        self.0.pulse.refused()
    }

    /// Channels that the gateway is done with and the device is not.
    pub(super) fn lingering(&self) -> &Lingering {
        &self.0.lingering
    }

    /// How many channels linger: the gateway is done with them and waits for the device to close them.
    pub fn lingering_channels(&self) -> usize {
        self.0.lingering.count()
    }

    /// How many channels the gateway had to close before the device did. Each keeps some memory until the connection ends.
    pub fn channels_closed_first(&self) -> u64 {
        self.0.lingering.closed_first()
    }

    /// One more channel is open.
    pub(super) fn channel_opened(&self) {
        self.0.channels.fetch_add(1, Ordering::Relaxed);
    }

    /// One channel is gone.
    pub(super) fn channel_gone(&self) {
        self.0.channels.fetch_sub(1, Ordering::Relaxed);
    }

    /// Begins to exchange new session keys if they have served long and it does no harm; to be called from time to time.
    pub fn renew_keys(&self) {
        let channels = self.0.channels.load(Ordering::Relaxed);
        if self.0.renewal.is_due(self.counters(), channels, Instant::now()) {
            let link = self.clone();
            tokio::spawn(async move { link.rekey().await }); // a frozen device may not take it
        }
    }

    /// Exchanges new session keys soon; transfers go on.
    pub async fn rekey(&self) {
        // The only error is that the connection has ended, which `closed` tells.
        let _ = self.0.handle.rekey_soon().await;
    }

    /// Ends the connection: tells the device why, and does not wait long for it.
    pub async fn close(&self, reason: &str) {
        self.0.ending.set(Closed::by_us(reason));
        let said: String = reason.chars().take(LONGEST_REASON).collect();
        let deadline = Instant::now() + FAREWELL;
        let goodbye = self.0.handle.disconnect(Disconnect::ByApplication, &said, "");
        if by(deadline, goodbye).await.is_some_and(|sent| sent.is_ok()) {
            by(deadline, self.gone()).await;
        }
        self.0.pulse.cut();
    }

    /// Waits until the library's task has nothing more to write.
    async fn gone(&self) {
        while !self.0.handle.is_closed() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Resolves when the connection has ended, however it did.
    pub fn closed(&self) -> impl Future<Output = Closed> + Send + 'static {
        let ending = self.0.ending.clone();
        async move { ending.wait().await }
    }
}
