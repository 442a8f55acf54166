//! What stands above every tab of a device.

use homing_proto::access::{Operator, Right, Role};
use homing_proto::api::{Device, DeviceState, KeyState, Timestamp};
use homing_proto::identity::DeviceName;

use crate::web::when::When;

/// Junos's own RPCs are understood by whoever says this.
const JUNOS: &str = "http://xml.juniper.net/netconf/junos/1.0";

/// Where one stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Device,
    Run,
    Terminal,
    Configuration,
}

/// What stands above every tab.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) device: Device,
    pub(super) tab: Tab,
    pub(super) since: Option<When>,
    pub(super) created: Option<When>,
    pub(super) secret_issued: Option<When>,
    /// The key that the session proved, or the newest in force, and since when it is known.
    pub(super) key: Option<(String, When)>,
    /// The visitor's role on the device.
    pub(super) role: &'static str,
    pub(super) may_operate: bool,
    pub(super) may_configure: bool,
    pub(super) may_administer: bool,
    pub(super) is_junos: bool,
}

impl Head {
    pub(super) fn new(device: Device, operator: &Operator, tab: Tab) -> Self {
        let now = Timestamp::now();
        let name = DeviceName::new(&*device.name).ok();
        let role = match &name {
            Some(name) => operator.role_on(name, &device.tags, now),
            None => operator.role_anywhere(now),
        };
        let may = |right| match &name {
            Some(name) => operator.on(name, &device.tags, right, now).is_ok(),
            None => operator.anywhere(right, now).is_ok(),
        };
        let session = device.session.as_ref();
        let proven = session.and_then(|session| {
            device.keys.iter().find(|key| key.fingerprint == session.fingerprint)
        });
        let pinned = device.keys.iter().find(|key| key.state == KeyState::Pinned);
        let key = proven.or(pinned);
        let key = key.map(|key| (key.fingerprint.to_string(), When::new(key.first_seen, now)));
        let is_junos = session
            .is_some_and(|session| session.capabilities.iter().any(|one| one.starts_with(JUNOS)));
        Self {
            tab,
            since: device.since.map(|at| When::new(at, now)),
            created: device.created_at.map(|at| When::new(at, now)),
            secret_issued: device.secret_issued_at.map(|at| When::new(at, now)),
            key,
            role: role.map_or("no role", Role::as_str),
            may_operate: may(Right::Operate),
            may_configure: may(Right::Configure),
            may_administer: may(Right::Administer),
            is_junos,
            device,
        }
    }

    pub(super) fn is_at(&self, tab: &str) -> bool {
        match self.tab {
            Tab::Device => tab == "device",
            Tab::Run => tab == "run",
            Tab::Terminal => tab == "terminal",
            Tab::Configuration => tab == "configuration",
        }
    }

    pub(super) fn is_up(&self) -> bool {
        self.device.state == DeviceState::Up
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.device.state == DeviceState::Blocked
    }
}
