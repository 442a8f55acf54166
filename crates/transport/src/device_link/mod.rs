//! The gateway's leg to a device: SSH client on a connection that the device opened.
//!
//! ```text
//!   connect ──▶ key exchange ──▶ check(HostKey) ──accepted──▶ Unauthenticated ──log_in──▶ DeviceLink ──open──▶ DeviceChannel
//!                                   │ may take its time
//!                                   └─refused──▶ LinkError::KeyRefused
//! ```
//!
//! The key that `check` sees is proven: the signature over the exchange was verified with it. Nothing has been sent to the device
//! but the key exchange.
//!
//! **Always drain.** A channel that nobody reads stops the whole connection after a few packets, for every other channel and for
//! keep-alives. Read a [`ChannelReader`] at once and put what can't be passed on into a [`Spool`](crate::spool::Spool).
//!
//! Source: RFC 4252 to 4254; OpenSSH's *PROTOCOL*.

mod channel;
mod handler;
mod lingering;
mod link;
mod login;
mod renewal;
mod requests;
mod stream;

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use homing_proto::excerpt::Excerpt;
use homing_proto::fault::Fault;
use homing_proto::host_key::{HostKey, HostKeyError};
use russh::{Limits, SshId, client};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use crate::algorithms;
use crate::closed::{Closed, Ending};
use crate::watched::{Pulse, Watched};
use handler::{Answer, Handler};

pub(crate) use channel::signal_text;
pub use channel::{ChannelReader, ChannelWriter, DeviceChannel, Event, ExitSignal, WriteError};
pub use link::{DeviceLink, Kind, OpenError, Opening};
pub use login::{Credential, LogInError, Unauthenticated};
pub use requests::{ChannelRequests, PtyRequest, Start, WindowSize};
pub use stream::DeviceStream;

/// Bytes a device may send on a channel before we answer.
const WINDOW: u32 = 1024 * 1024;
/// The largest packet we take.
const PACKET: u32 = 32 * 1024;
/// The library never renews the keys by itself: see [`renewal`].
const NEVER: Limits = Limits {
    rekey_write_limit: usize::MAX,
    rekey_read_limit: usize::MAX,
    rekey_time_limit: Duration::from_secs(10 * 365 * 24 * 3600),
};
/// Packets kept for a channel while its reader is busy.
const CHANNEL_BUFFER: usize = 32;

/// What is the same for all devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkSettings {
    /// Offer a hybrid post-quantum key exchange first. It costs half as much again as the classical one alone.
    pub post_quantum: bool,
    /// Take SHA-1, CBC and small moduli too, if the device can do nothing better. Whoever sits between could read and change
    /// everything: for one device, and not for long.
    pub old_algorithms: bool,
}

impl Default for LinkSettings {
    fn default() -> Self {
        Self { post_quantum: true, old_algorithms: false }
    }
}

impl LinkSettings {
    /// For the SSH library.
    fn config(&self, offer: &HostKeyAlgorithms) -> Result<client::Config, LinkError> {
        let mut preferred = algorithms::preferred(self.post_quantum);
        if self.old_algorithms {
            preferred = algorithms::with_old(preferred);
        }
        if let HostKeyAlgorithms::Only(names) = offer {
            let known = algorithms::host_key_algorithms(names);
            if known.is_empty() {
                return Err(LinkError::NothingToOffer(Excerpt::new(names.join(", "))));
            }
            preferred.key = known.into();
        }
        Ok(client::Config {
            client_id: SshId::Standard(
                concat!("SSH-2.0-Homing_", env!("CARGO_PKG_VERSION")).into(),
            ),
            window_size: WINDOW,
            maximum_packet_size: PACKET,
            channel_buffer_size: CHANNEL_BUFFER,
            preferred,
            limits: NEVER,
            inactivity_timeout: None,
            keepalive_interval: None,
            ..client::Config::default()
        })
    }
}

/// The library's settings for one kind of link.
type Known = (LinkSettings, HostKeyAlgorithms, Arc<client::Config>);

/// The library's settings, once for all links that have the same: most of a fleet has.
fn shared_config(
    settings: &LinkSettings,
    offer: &HostKeyAlgorithms,
) -> Result<Arc<client::Config>, LinkError> {
    /// Kinds of links that are kept; a fleet has a few.
    const MOST: usize = 16;
    static KNOWN: Mutex<Vec<Known>> = Mutex::new(Vec::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, _, config)) = known.iter().find(|(s, o, _)| s == settings && o == offer) {
        return Ok(Arc::clone(config));
    }
    let config = Arc::new(settings.config(offer)?);
    if known.len() < MOST {
        known.push((*settings, offer.clone(), Arc::clone(&config)));
    }
    Ok(config)
}

/// Which host key algorithms to offer, so that a device with several keys uses the one expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostKeyAlgorithms {
    /// All: nothing is known yet (call home).
    Any,
    /// These signature algorithms, the preferred first.
    Only(Vec<&'static str>),
}

/// Why no link came about before login.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The device did not finish its part in time.
    #[error("the device did not finish the key exchange in time")]
    Deadline,
    /// The check did not accept the host key.
    #[error("the host key was not accepted")]
    KeyRefused,
    /// The device presented a key that can't be used at all.
    #[error("the device presented an unusable host key: {0}")]
    UnusableKey(HostKeyError),
    /// The device presented a certificate, which was not offered.
    #[error("the device presented a certificate instead of a host key")]
    Certificate,
    /// The device does not hold the key it presented.
    #[error("the device could not prove that it holds its host key")]
    WrongSignature,
    /// Both ends have no algorithm in common.
    #[error("no {kind} that both ends can use; the device offers {theirs}")]
    NoCommonAlgorithm {
        /// Which sort of algorithm.
        kind: &'static str,
        /// What the device offers.
        theirs: Excerpt,
    },
    /// None of the expected key's algorithms can be used here.
    #[error("host keys of this type can't be used for SSH here: {0}")]
    NothingToOffer(Excerpt),
    /// The connection ended.
    #[error("{0}")]
    Closed(Closed),
}

impl LinkError {
    /// Stable name for logs, metrics and the API.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Deadline => "key-exchange-timeout",
            Self::KeyRefused => "host-key-refused",
            Self::UnusableKey(_) => "host-key-unusable",
            Self::Certificate => "host-certificate-unsupported",
            Self::WrongSignature => "host-key-not-proven",
            Self::NoCommonAlgorithm { .. } => "no-common-algorithm",
            Self::NothingToOffer(_) => "host-key-type-unsupported",
            Self::Closed(closed) => closed.reason.code(),
        }
    }

    /// Who must act.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Deadline => Fault::Network,
            Self::KeyRefused | Self::NothingToOffer(_) => Fault::Operator,
            Self::Closed(closed) => closed.reason.fault(),
            _ => Fault::Peer,
        }
    }

    /// What the SSH library's error means here.
    fn from_error(error: &russh::Error) -> Self {
        match error {
            russh::Error::UnknownKey => Self::KeyRefused,
            russh::Error::WrongServerSig | russh::Error::Signature(_) => Self::WrongSignature,
            russh::Error::NoCommonAlgo { kind, theirs, .. } => Self::NoCommonAlgorithm {
                kind: algorithm_kind(kind),
                theirs: Excerpt::new(theirs.join(",")),
            },
            other => Self::Closed(Closed::from_error(other)),
        }
    }
}

/// What operators call it.
fn algorithm_kind(kind: &russh::AlgorithmKind) -> &'static str {
    match kind {
        russh::AlgorithmKind::Kex => "key exchange",
        russh::AlgorithmKind::Key => "host key",
        russh::AlgorithmKind::Cipher => "cipher",
        russh::AlgorithmKind::Compression => "compression",
        russh::AlgorithmKind::Mac => "MAC",
    }
}

/// Exchanges keys over `stream`, which must begin with the byte `SSH-` of the device's identification.
///
/// `check` gets the proven host key and answers whether to go on. It may take as long as it likes (an operator may be about to
/// approve the device): `deadline` is for the device's part alone. Dropping the future ends the connection.
///
/// # Errors
/// [`LinkError`]; the connection is closed.
pub async fn connect<S, C, F>(
    stream: S,
    settings: &LinkSettings,
    offer: &HostKeyAlgorithms,
    deadline: Instant,
    check: C,
) -> Result<Unauthenticated, LinkError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    C: FnOnce(HostKey) -> F + Send + 'static,
    F: Future<Output = bool> + Send + 'static,
{
    let config = shared_config(settings, offer)?;
    let answer = Answer::new();
    let ending = Arc::new(Ending::default());
    let pulse = Pulse::new();
    let cut = CutOnDrop(Some(pulse.clone()));
    let check = Box::new(move |key| -> handler::Checking { Box::pin(check(key)) });
    let handler = Handler::new(check, answer.clone(), ending.clone(), pulse.clone());
    let watched = Watched::new(stream, pulse.clone());
    let mut connecting = Box::pin(client::connect_stream(config, watched, handler));
    let connected = tokio::select! {
        connected = &mut connecting => connected,
        () = tokio::time::sleep_until(deadline) => {
            if !answer.is_asked() {
                return Err(LinkError::Deadline);
            }
            connecting.await
        }
    };
    let handle = match (connected, answer.take_problem()) {
        (Ok(handle), _) => handle,
        (Err(_), Some(problem)) => return Err(problem),
        (Err(error), None) => return Err(LinkError::from_error(&error)),
    };
    let host_key = answer.key().ok_or(LinkError::KeyRefused)?;
    cut.disarm();
    Ok(Unauthenticated::new(handle, (host_key, answer.old_algorithms()), pulse, ending))
}

/// Ends the session's task: without this it would wait for the peer for ever.
struct CutOnDrop(Option<Arc<Pulse>>);

impl CutOnDrop {
    /// Somebody else answers for the stream.
    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for CutOnDrop {
    fn drop(&mut self) {
        if let Some(pulse) = &self.0 {
            pulse.cut();
        }
    }
}

/// Waits for `future` at most until `deadline`.
async fn by<T>(deadline: Instant, future: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout_at(deadline, future).await.ok()
}

/// How long a parting word may take.
const FAREWELL: Duration = Duration::from_secs(1);
