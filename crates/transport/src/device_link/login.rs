//! User authentication towards the device.
//!
//! A key is tried with the best RSA hash that the device takes. A password is tried as such and, where the device does not take that
//! (OpenSSH with PAM and `PasswordAuthentication no`), as the answer to a single prompt.
//!
//! Source: RFC 4252, RFC 4256, RFC 8308 section 3.1.

use std::sync::Arc;

use homing_proto::fault::Fault;
use homing_proto::host_key::{HostKey, Secret};
use russh::client::{AuthResult, Handle, KeyboardInteractiveAuthResponse as Prompted};
use russh::keys::{HashAlg, PrivateKeyWithHashAlg};
use russh::{MethodKind, MethodSet};
use tokio::time::Instant;

use super::handler::Handler;
use super::link::DeviceLink;
use super::{CutOnDrop, by};
use crate::closed::{Closed, Ending};
use crate::keys::PrivateKey;
use crate::watched::Pulse;

/// Questions answered in one keyboard-interactive login.
const MOST_QUESTIONS: usize = 4;

/// What to log in with.
#[derive(Debug, Clone)]
pub enum Credential {
    /// A key whose public half the device knows.
    Key(PrivateKey),
    /// A password.
    Password(Secret),
}

/// Why the login failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogInError {
    /// The device said no to everything tried.
    #[error("the device refused user {user} by {tried}; it offers {offered}", tried = tried.join(" and "), offered = offered_text(offered))]
    Refused {
        /// The user's name.
        user: String,
        /// The methods tried, by their SSH names.
        tried: Vec<&'static str>,
        /// The methods the device would go on with.
        offered: Vec<&'static str>,
    },
    /// What was tried was right but the device asks for a further factor.
    #[error("the device wants more than one proof of user {user}: then by {then}", then = offered_text(then))]
    MoreWanted {
        /// The user's name.
        user: String,
        /// The methods that are missing.
        then: Vec<&'static str>,
    },
    /// The device did not answer in time.
    #[error("the device did not answer the login in time")]
    Deadline,
    /// The connection ended.
    #[error("{0}")]
    Closed(Closed),
}

/// For a person.
fn offered_text(methods: &[&str]) -> String {
    if methods.is_empty() { "nothing more".into() } else { methods.join(", ") }
}

impl LogInError {
    /// Stable name for logs, metrics and the API.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "login-refused",
            Self::MoreWanted { .. } => "login-wants-more",
            Self::Deadline => "login-timeout",
            Self::Closed(closed) => closed.reason.code(),
        }
    }

    /// Who must act.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Refused { .. } | Self::MoreWanted { .. } => Fault::Operator,
            Self::Deadline => Fault::Network,
            Self::Closed(closed) => closed.reason.fault(),
        }
    }
}

/// A device whose host key was accepted and where nobody is logged in. Dropping it ends the connection.
pub struct Unauthenticated {
    /// The library's session.
    handle: Handle<Handler>,
    /// The proven key.
    host_key: HostKey,
    /// What was agreed on that only old devices need.
    old_algorithms: Option<String>,
    /// The stream's counters and cut.
    pulse: Arc<Pulse>,
    /// How it ended.
    ending: Arc<Ending>,
    /// Ends the connection unless the login succeeds.
    cut: CutOnDrop,
}

impl std::fmt::Debug for Unauthenticated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unauthenticated").field("host_key", &self.host_key).finish_non_exhaustive()
    }
}

/// What came of one method.
enum Tried {
    /// In.
    Accepted,
    /// Not in; the methods that may go on, and whether this one was right.
    Refused(MethodSet, bool),
}

impl From<AuthResult> for Tried {
    fn from(result: AuthResult) -> Self {
        match result {
            AuthResult::Success => Self::Accepted,
            AuthResult::Failure { remaining_methods, partial_success } => {
                Self::Refused(remaining_methods, partial_success)
            }
        }
    }
}

impl Unauthenticated {
    /// After the key exchange.
    pub(super) fn new(
        handle: Handle<Handler>,
        (host_key, old_algorithms): (HostKey, Option<String>),
        pulse: Arc<Pulse>,
        ending: Arc<Ending>,
    ) -> Self {
        let cut = CutOnDrop(Some(pulse.clone()));
        Self { handle, host_key, old_algorithms, pulse, ending, cut }
    }

    /// The proven host key.
    pub fn host_key(&self) -> &HostKey {
        &self.host_key
    }

    /// What was agreed on that only old devices need, if anything.
    #[must_use]
    pub fn old_algorithms(&self) -> Option<&str> {
        self.old_algorithms.as_deref()
    }

    /// Logs in with the first of `credentials` that the device takes.
    ///
    /// # Errors
    /// [`LogInError`]; the connection is closed.
    pub async fn log_in(
        mut self,
        user: &str,
        credentials: &[Credential],
        deadline: Instant,
    ) -> Result<DeviceLink, LogInError> {
        match by(deadline, self.try_all(user, credentials)).await {
            Some(Ok(())) => {}
            Some(Err(error)) => {
                self.say_goodbye().await;
                return Err(error);
            }
            None => return Err(LogInError::Deadline),
        }
        self.cut.disarm();
        Ok(DeviceLink::new(self.handle, self.host_key, self.pulse, self.ending))
    }

    /// Tells the device before the connection is cut.
    async fn say_goodbye(&self) {
        let goodbye = self.handle.disconnect(
            russh::Disconnect::NoMoreAuthMethodsAvailable,
            "login failed",
            "",
        );
        let deadline = Instant::now() + super::FAREWELL;
        if by(deadline, goodbye).await.is_some_and(|sent| sent.is_ok()) {
            by(deadline, self.ending.wait()).await;
        }
    }

    /// Tries one after the other.
    async fn try_all(&mut self, user: &str, credentials: &[Credential]) -> Result<(), LogInError> {
        let mut tried = Vec::new();
        let mut left = MethodSet::empty();
        for credential in credentials {
            let result = match credential {
                Credential::Key(key) => {
                    tried.push("publickey");
                    self.try_key(user, key).await
                }
                Credential::Password(password) => {
                    self.try_password(user, password, &mut tried).await
                }
            };
            match result {
                Ok(Tried::Accepted) => return Ok(()),
                Ok(Tried::Refused(then, true)) => {
                    return Err(LogInError::MoreWanted { user: user.into(), then: names(&then) });
                }
                Ok(Tried::Refused(then, false)) => left = then,
                Err(error) => return Err(self.lost(&error).await),
            }
            if left.is_empty() {
                break;
            }
        }
        Err(LogInError::Refused { user: user.into(), tried, offered: names(&left) })
    }

    /// How the connection ended, as the device tells it in preference to what the library noticed.
    async fn lost(&self, error: &russh::Error) -> LogInError {
        let told = by(Instant::now() + super::FAREWELL, self.ending.wait()).await;
        LogInError::Closed(told.unwrap_or_else(|| Closed::from_error(error)))
    }

    /// By key, with each hash that may do.
    async fn try_key(&mut self, user: &str, key: &PrivateKey) -> Result<Tried, russh::Error> {
        let mut last = Tried::Refused(MethodSet::empty(), false);
        for hash in self.hashes(key).await? {
            let key = PrivateKeyWithHashAlg::new(key.inner(), hash);
            let answer = self.handle.authenticate_publickey(user, key).await?;
            last = self.answered(answer)?;
            match &last {
                Tried::Refused(left, false) if left.contains(&MethodKind::PublicKey) => {}
                _ => break,
            }
        }
        Ok(last)
    }

    /// The RSA hashes to try: what the device says it takes, or SHA-512 and then SHA-1 for devices from before RFC 8308.
    async fn hashes(&self, key: &PrivateKey) -> Result<Vec<Option<HashAlg>>, russh::Error> {
        if !key.is_rsa() {
            return Ok(vec![None]);
        }
        Ok(match self.handle.best_supported_rsa_hash().await? {
            Some(best) => vec![best],
            None => vec![Some(HashAlg::Sha512), None],
        })
    }

    /// By password, then by a prompt for it where the device takes only that.
    async fn try_password(
        &mut self,
        user: &str,
        password: &Secret,
        tried: &mut Vec<&'static str>,
    ) -> Result<Tried, russh::Error> {
        let password = String::from_utf8_lossy(password.expose()).into_owned();
        tried.push("password");
        let answer = self.handle.authenticate_password(user, password.as_str()).await?;
        let first = self.answered(answer)?;
        let Tried::Refused(left, false) = &first else { return Ok(first) };
        if left.contains(&MethodKind::Password) || !left.contains(&MethodKind::KeyboardInteractive)
        {
            return Ok(first);
        }
        tried.push("keyboard-interactive");
        self.try_prompt(user, &password).await
    }

    /// Answers one prompt with the password, and none with anything else.
    async fn try_prompt(&mut self, user: &str, password: &str) -> Result<Tried, russh::Error> {
        let mut asked = 0;
        let start = self.handle.authenticate_keyboard_interactive_start(user, None);
        let mut reply = start.await?;
        for _ in 0..MOST_QUESTIONS {
            let answers = match reply {
                Prompted::Success => return Ok(Tried::Accepted),
                Prompted::Failure { remaining_methods, partial_success } => {
                    return Ok(Tried::Refused(remaining_methods, partial_success));
                }
                Prompted::InfoRequest { prompts, .. } => {
                    asked += prompts.len();
                    let known = if asked == 1 { password } else { "" };
                    prompts.iter().map(|_| known.to_owned()).collect()
                }
            };
            reply = self.handle.authenticate_keyboard_interactive_respond(answers).await?;
        }
        Ok(Tried::Refused(MethodSet::empty(), false))
    }

    /// The library reports a lost connection as a refusal without methods.
    fn answered(&self, result: AuthResult) -> Result<Tried, russh::Error> {
        let tried = Tried::from(result);
        match &tried {
            Tried::Refused(left, _) if left.is_empty() && self.handle.is_closed() => {
                Err(russh::Error::Disconnect)
            }
            _ => Ok(tried),
        }
    }
}

/// The methods' SSH names.
fn names(methods: &MethodSet) -> Vec<&'static str> {
    methods.iter().map(<&'static str>::from).collect()
}
