//! An authenticated person or program, and why an action is refused to it.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Grant, Right, Role, Tags};
use crate::api::Timestamp;
use crate::fault::Fault;
use crate::identity::DeviceName;

/// Which door somebody came in by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// The gateway's Unix socket.
    Socket,
    /// The SSH front door.
    Ssh,
    /// HTTP over TCP.
    Api,
    /// The web pages.
    Web,
}

impl Via {
    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Socket => "socket",
            Self::Ssh => "ssh",
            Self::Api => "api",
            Self::Web => "web",
        }
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Somebody who was authenticated, as of the moment of the login. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator(Arc<Parts>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Parts {
    name: String,
    grants: Vec<Grant>,
    scope: Option<Grant>,
    via: Via,
    source: Option<SocketAddr>,
    credential: String,
}

impl Operator {
    /// Whoever a gateway has authenticated. `credential` says by what, never with what: `key SHA256:…`, `uid 0`.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        grants: Vec<Grant>,
        via: Via,
        source: Option<SocketAddr>,
        credential: impl Into<String>,
    ) -> Self {
        let (name, credential) = (name.into(), credential.into());
        Self(Arc::new(Parts { name, grants, scope: None, via, source, credential }))
    }

    /// The owner of the gateway's Unix socket: admin of everything.
    #[must_use]
    pub fn local(name: &str) -> Self {
        Self::new(name, vec![Grant::of(Role::Admin)], Via::Socket, None, "socket")
    }

    /// The same with no more rights than `scope` gives.
    #[must_use]
    pub fn within(self, scope: Grant) -> Self {
        let mut parts = Arc::unwrap_or_clone(self.0);
        parts.scope = Some(scope);
        Self(Arc::new(parts))
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// What was granted to it, in force or not.
    #[must_use]
    pub fn grants(&self) -> &[Grant] {
        &self.0.grants
    }

    /// What its credential is limited to.
    #[must_use]
    pub fn scope(&self) -> Option<&Grant> {
        self.0.scope.as_ref()
    }

    /// The door it came in by.
    #[must_use]
    pub fn via(&self) -> Via {
        self.0.via
    }

    /// Where it came from.
    #[must_use]
    pub fn source(&self) -> Option<SocketAddr> {
        self.0.source
    }

    /// By what it was authenticated: `key SHA256:…`, `token hmt_abc…`, `uid 0`.
    #[must_use]
    pub fn credential(&self) -> &str {
        &self.0.credential
    }

    /// The greatest role that it has on a device.
    #[must_use]
    pub fn role_on(&self, device: &DeviceName, tags: &Tags, now: Timestamp) -> Option<Role> {
        self.greatest(|grant| grant.role_on(device, tags, now))
    }

    /// The greatest role that it has on the gateway itself.
    #[must_use]
    pub fn role_anywhere(&self, now: Timestamp) -> Option<Role> {
        self.greatest(|grant| grant.role_anywhere(now))
    }

    /// Asks whether it may do on a device what needs `right`.
    ///
    /// # Errors
    /// No grant in force gives that right on that device.
    pub fn on(
        &self,
        device: &DeviceName,
        tags: &Tags,
        right: Right,
        now: Timestamp,
    ) -> Result<(), Denied> {
        self.judge(self.role_on(device, tags, now), right, Some(device))
    }

    /// Asks whether it may do on the gateway itself what needs `right`.
    ///
    /// # Errors
    /// No grant in force gives that right on every device.
    pub fn anywhere(&self, right: Right, now: Timestamp) -> Result<(), Denied> {
        self.judge(self.role_anywhere(now), right, None)
    }

    /// Whether a device is shown to it.
    #[must_use]
    pub fn sees(&self, device: &DeviceName, tags: &Tags, now: Timestamp) -> bool {
        self.role_on(device, tags, now).is_some()
    }

    fn greatest(&self, role_of: impl Fn(&Grant) -> Option<Role>) -> Option<Role> {
        let granted = self.0.grants.iter().filter_map(&role_of).max()?;
        match &self.0.scope {
            Some(scope) => role_of(scope).map(|role| role.min(granted)),
            None => Some(granted),
        }
    }

    fn judge(
        &self,
        held: Option<Role>,
        right: Right,
        device: Option<&DeviceName>,
    ) -> Result<(), Denied> {
        if held.is_some_and(|role| role.allows(right)) {
            return Ok(());
        }
        let (operator, device) = (self.name().to_owned(), device.cloned());
        Err(Denied { operator, device, right, held })
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// An action that the one who asked has no right to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    operator: String,
    device: Option<DeviceName>,
    right: Right,
    held: Option<Role>,
}

impl Denied {
    /// A stable word for logs, metrics and the API.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "access-denied"
    }

    /// Who must act.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::Operator
    }

    /// The right that is missing.
    #[must_use]
    pub fn right(&self) -> Right {
        self.right
    }

    /// The least role that would do.
    #[must_use]
    pub fn needs(&self) -> Role {
        self.right.role()
    }

    /// The device; none: the gateway itself.
    #[must_use]
    pub fn device(&self) -> Option<&DeviceName> {
        self.device.as_ref()
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (operator, right, needs) = (&self.operator, self.right, self.needs());
        let object = self.device.as_ref().map_or("the gateway", DeviceName::as_str);
        match self.held {
            Some(held) => {
                write!(f, "{operator} may {} {object}, not {right} it", held.right())?;
            }
            None => write!(f, "{operator} may not {right} {object}")?,
        }
        match self.device {
            Some(_) => write!(f, ": needs role {needs} on it"),
            None => write!(f, ": needs role {needs} on every device"),
        }
    }
}

impl std::error::Error for Denied {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::access::Selector;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn grant(role: Role, selector: &str, expires_at: Option<i64>) -> Grant {
        let selector = Selector::parse(selector).unwrap();
        Grant { role, selector, expires_at: expires_at.map(at) }
    }

    fn ops(grants: Vec<Grant>) -> Operator {
        Operator::new("ops", grants, Via::Ssh, None, "key SHA256:x")
    }

    fn edge() -> (DeviceName, Tags) {
        let name = DeviceName::new("edge-7").unwrap();
        (name, [("site".to_owned(), "fra".to_owned())].into())
    }

    #[test]
    fn a_refusal_says_what_is_held_and_what_is_needed() {
        let (name, tags) = edge();
        let viewer = ops(vec![grant(Role::Viewer, "site=fra", None)]);
        assert_eq!(viewer.on(&name, &tags, Right::View, at(0)), Ok(()));
        let denied = viewer.on(&name, &tags, Right::Configure, at(0)).unwrap_err();
        assert_eq!(
            denied.to_string(),
            "ops may view edge-7, not configure it: needs role configurator on it"
        );
        assert_eq!((denied.code(), denied.fault()), ("access-denied", Fault::Operator));
        let denied = viewer.anywhere(Right::Administer, at(0)).unwrap_err();
        assert_eq!(
            denied.to_string(),
            "ops may not administer the gateway: needs role admin on every device"
        );
        let denied = ops(vec![]).on(&name, &tags, Right::View, at(0)).unwrap_err();
        assert_eq!(denied.to_string(), "ops may not view edge-7: needs role viewer on it");
    }

    #[test]
    fn an_expired_grant_gives_nothing() {
        let (name, tags) = edge();
        let ops = ops(vec![grant(Role::Admin, "*", Some(100))]);
        assert!(ops.sees(&name, &tags, at(99)));
        assert!(!ops.sees(&name, &tags, at(100)));
        assert!(ops.anywhere(Right::View, at(100)).is_err());
    }

    #[test]
    fn the_owner_of_the_socket_may_everything() {
        let (name, tags) = edge();
        let local = Operator::local("root");
        for right in Right::ALL {
            assert_eq!(local.on(&name, &tags, right, at(0)), Ok(()));
            assert_eq!(local.anywhere(right, at(0)), Ok(()));
        }
    }

    #[test]
    fn a_scope_gives_no_more_than_itself_and_no_more_than_the_user_has() {
        let (name, tags) = edge();
        let user = ops(vec![grant(Role::Configurator, "site=fra", None)]);
        let narrow = user.clone().within(grant(Role::Viewer, "*", None));
        assert_eq!(narrow.role_on(&name, &tags, at(0)), Some(Role::Viewer));
        let wide = user.clone().within(grant(Role::Admin, "*", None));
        assert_eq!(wide.role_on(&name, &tags, at(0)), Some(Role::Configurator));
        assert_eq!(wide.role_anywhere(at(0)), None);
        let elsewhere = user.within(grant(Role::Admin, "site=lon", None));
        assert_eq!(elsewhere.role_on(&name, &tags, at(0)), None);
    }

    fn any_grant() -> impl Strategy<Value = Grant> {
        let role = prop::sample::select(Role::ALL.to_vec());
        let selector = prop::sample::select(vec!["*", "site=fra", "site=lon", "name=edge-*"]);
        let expires = prop::option::of(0i64..200);
        (role, selector, expires).prop_map(|(role, selector, end)| grant(role, selector, end))
    }

    proptest! {
        #[test]
        fn an_operator_has_the_union_of_what_each_grant_gives(
            grants in prop::collection::vec(any_grant(), 0..6), now in 0i64..200,
        ) {
            let (name, tags) = edge();
            let all = ops(grants.clone());
            for right in Right::ALL {
                let one_gives = grants.iter().any(|grant| grant.gives(right, &name, &tags, at(now)));
                prop_assert_eq!(all.on(&name, &tags, right, at(now)).is_ok(), one_gives);
                let alone = grants.iter().any(|one| ops(vec![one.clone()]).anywhere(right, at(now)).is_ok());
                prop_assert_eq!(all.anywhere(right, at(now)).is_ok(), alone);
            }
        }

        #[test]
        fn a_greater_right_includes_the_lesser(
            grants in prop::collection::vec(any_grant(), 0..6), scope in any_grant(),
            is_scoped: bool, now in 0i64..200,
        ) {
            let (name, tags) = edge();
            let mut one = ops(grants);
            if is_scoped {
                one = one.within(scope);
            }
            let given = Right::ALL.map(|right| one.on(&name, &tags, right, at(now)).is_ok());
            prop_assert!(given.is_sorted_by(|lesser, greater| lesser >= greater));
            prop_assert_eq!(one.sees(&name, &tags, at(now)), one.on(&name, &tags, Right::View, at(now)).is_ok());
        }

        #[test]
        fn a_scope_never_adds(
            grants in prop::collection::vec(any_grant(), 0..6), scope in any_grant(), now in 0i64..200,
        ) {
            let (name, tags) = edge();
            let free = ops(grants);
            let bound = free.clone().within(scope);
            prop_assert!(bound.role_on(&name, &tags, at(now)) <= free.role_on(&name, &tags, at(now)));
            prop_assert!(bound.role_anywhere(at(now)) <= free.role_anywhere(at(now)));
        }
    }
}
