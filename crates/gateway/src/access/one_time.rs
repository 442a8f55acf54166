//! One-time passwords: a try is spent before it is looked at, and the password is gone before anybody is let in.
//!
//! ```text
//!   throttle ──▶ spend a try (synced) ──▶ compare ──▶ take it (synced) ──▶ Operator
//!      │              │ none left,           │ other      │ taken meanwhile
//!      ▼              ▼ expired              ▼            ▼
//!    wait          refused               refused       refused            all of them not before REFUSAL has passed
//! ```

use std::net::SocketAddr;
use std::time::Duration;

use homing_proto::access::{OneTimePassword, Operator, UserName, Via};
use homing_proto::excerpt::Excerpt;
use homing_proto::host_key::Secret;
use tokio::time::{Instant, sleep_until};

use super::{Access, PasswordRefused, operator};
use crate::store::{AccountChange, WriteError};

/// A refusal takes so long, whatever its cause, so that it tells nothing.
const REFUSAL: Duration = Duration::from_millis(500);

impl Access {
    /// Whoever logs in with a one-time password, which is used up by it.
    ///
    /// # Errors
    /// It is not the one that waits for this user, or no try is left; or this source or user failed too often.
    pub async fn by_one_time_password(
        &self,
        user: &str,
        password: &Secret,
        source: Option<SocketAddr>,
    ) -> Result<Operator, PasswordRefused> {
        self.check(source, Some(user))?;
        let not_before = Instant::now() + REFUSAL;
        let taken = self.take(user, password, source).await;
        match &taken {
            Ok(_) => self.note_success(source, Some(user)),
            Err(_) => {
                self.note_failure(source, Some(user));
                sleep_until(not_before).await;
            }
        }
        taken
    }

    async fn take(
        &self,
        user: &str,
        password: &Secret,
        source: Option<SocketAddr>,
    ) -> Result<Operator, PasswordRefused> {
        let none = || PasswordRefused::None(Excerpt::new(user));
        let refused = |error: WriteError| match error.is_outage() {
            true => PasswordRefused::Store(error.to_string()),
            false => none(),
        };
        let name = UserName::new(user).map_err(|_| none())?;
        let typed = std::str::from_utf8(password.expose()).unwrap_or_default();
        let digest = OneTimePassword::digest(typed, &name);
        self.write_one(AccountChange::SpendTry(name.clone())).await.map_err(refused)?;
        let record = self.0.store.user(&name).ok_or_else(none)?;
        let waiting = record.password.as_ref().ok_or_else(none)?;
        if waiting.digest != digest {
            let tries_left = waiting.tries_left;
            return Err(PasswordRefused::Wrong { user: name, tries_left });
        }
        self.write_one(AccountChange::TakePassword(name, digest)).await.map_err(refused)?;
        Ok(operator(&record, Via::Ssh, source, "one-time password".to_owned()))
    }
}
