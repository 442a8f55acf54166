//! Users, their keys and grants, one-time passwords and tokens, as operators manage them.
//!
//! ```text
//!   admin on every device ──▶ users, keys, grants, one-time passwords, everybody's tokens
//!   a user ─────────────────▶ itself (looking), its own tokens
//! ```
//!
//! Each change is in the timeline and the audit trail, in the same transaction. What makes a token or password one is
//! in neither, nor in the log.

mod shown;
#[cfg(test)]
mod tests;
mod tokens;
mod users;

use homing_proto::access::{Operator, Right, UserName, Via};
use homing_proto::api::{self, Timestamp};

use super::{ControlError, allow};
use crate::access::Access;
use crate::store::{AccountChange, Change, Store};
use crate::{audit, timeline};

/// The users and tokens of a gateway. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Accounts {
    store: Store,
    access: Access,
}

impl Accounts {
    pub(crate) fn new(store: Store, access: Access) -> Self {
        Self { store, access }
    }

    /// Who asks, with what it may at this moment.
    #[must_use]
    pub fn whoami(&self, operator: &Operator) -> api::Whoami {
        let operator = self.access.renew(operator).unwrap_or_else(|| operator.clone());
        api::Whoami::of(&operator)
    }

    /// All roles.
    #[must_use]
    pub fn roles(&self) -> Vec<api::RoleDescription> {
        api::RoleDescription::all()
    }

    /// What concerns everybody needs the right on the gateway itself; who tried without it is told to the trail.
    fn administers(&self, operator: &Operator) -> Result<(), ControlError> {
        administer(operator).inspect_err(|denied| {
            let entry = audit::by(operator, "access-denied").with("right", Right::Administer);
            audit::note_in(&self.store, entry.saying(denied.to_string()).refused(denied.code()));
        })
    }

    /// Makes changes durable together with the record of who made them: its name, then `done`.
    async fn write(
        &self,
        changes: impl IntoIterator<Item = AccountChange>,
        code: &str,
        done: &str,
        operator: &Operator,
    ) -> Result<(), ControlError> {
        let event = timeline::by_operator(None, code, done, operator);
        let entry = audit::by(operator, code);
        let entry = homing_proto::audit::Entry { message: event.message.clone(), ..entry };
        let mut changes: Vec<_> = changes.into_iter().map(Change::Account).collect();
        changes.push(Change::Record(Box::new(event.clone())));
        changes.push(audit::change(entry));
        self.access.write(changes).await?;
        timeline::log(&event);
        Ok(())
    }
}

/// The same for looking, which leaves nothing behind.
fn administer(operator: &Operator) -> Result<(), ControlError> {
    Ok(allow::anywhere(operator, Right::Administer)?)
}

/// The user that the operator is; none for the owner of the socket and for programs.
fn user_of(operator: &Operator) -> Option<UserName> {
    match operator.via() {
        Via::Socket => None,
        Via::Web if operator.credential().ends_with(" by socket") => None,
        _ => UserName::new(operator.name()).ok(),
    }
}

fn check_expiry(expires_at: Option<Timestamp>) -> Result<(), ControlError> {
    match expires_at {
        Some(end) if end <= Timestamp::now() => Err(ControlError::Invalid {
            message: format!("expires_at is over: {end}"),
            hint: Some("expected a moment to come".to_owned()),
        }),
        _ => Ok(()),
    }
}
