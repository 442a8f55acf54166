//! A role on some devices, perhaps for some time.

use serde::{Deserialize, Serialize};

use super::{Right, Role, Selector, Tags};
use crate::api::Timestamp;
use crate::identity::DeviceName;

/// A role on the devices of a selector, until a moment or for good.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// What it trusts with.
    pub role: Role,
    /// On which devices.
    #[serde(default)]
    pub selector: Selector,
    /// From this moment on it gives nothing; none: it stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

impl Grant {
    /// A role on every device, for good.
    #[must_use]
    pub fn of(role: Role) -> Self {
        Self { role, selector: Selector::every(), expires_at: None }
    }

    /// Whether it gives anything at this moment.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }

    /// The role that it gives on a device at this moment.
    #[must_use]
    pub fn role_on(&self, device: &DeviceName, tags: &Tags, now: Timestamp) -> Option<Role> {
        (self.is_in_force(now) && self.selector.matches(device, tags)).then_some(self.role)
    }

    /// The role that it gives on the gateway itself: only a grant on every device gives one.
    #[must_use]
    pub fn role_anywhere(&self, now: Timestamp) -> Option<Role> {
        (self.is_in_force(now) && self.selector.is_every()).then_some(self.role)
    }

    /// Whether it gives `right` on a device at this moment.
    #[must_use]
    pub fn gives(&self, right: Right, device: &DeviceName, tags: &Tags, now: Timestamp) -> bool {
        self.role_on(device, tags, now).is_some_and(|role| role.allows(right))
    }
}
