//! The rest of `[edit system]` that Homing reads: the host name, and which services run.
//!
//! Source: Junos, *host-name*, *ssh (System Services)*, *netconf*.

use super::Configuration;
use super::tree::{Statement, active};

/// `[edit system]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct System {
    /// `host-name`.
    pub host_name: Option<String>,
    /// `services`.
    pub services: Services,
}

/// `[edit system services]`, without `outbound-ssh`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Services {
    /// `ssh`, if it is there.
    pub ssh: Option<SshService>,
    /// Whether `netconf ssh` is there.
    pub netconf_ssh: bool,
}

/// `[edit system services ssh]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SshService {
    /// `root-login`.
    pub root_login: RootLogin,
    /// `no-passwords` or `no-password-authentication`.
    pub no_passwords: bool,
    /// `no-public-keys`.
    pub no_public_keys: bool,
}

/// `root-login`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RootLogin {
    /// With a key only: what holds if nothing is said.
    #[default]
    DenyPassword,
    /// Any way.
    Allow,
    /// Never.
    Deny,
}

impl Configuration {
    /// The host name and the services.
    pub fn system(&self) -> System {
        let mut read = System::default();
        for system in active(&self.tree.statements, "system") {
            let host_name = system.active("host-name").and_then(Statement::value);
            read.host_name = host_name.map(|word| word.text.clone()).or(read.host_name);
            for services in system.all_active("services") {
                let netconf = services.active("netconf");
                read.services.netconf_ssh |=
                    netconf.is_some_and(|each| each.active("ssh").is_some());
                read.services.ssh = services.active("ssh").map(ssh).or(read.services.ssh);
            }
        }
        read
    }
}

fn ssh(statement: &Statement) -> SshService {
    let has = |keyword: &str| statement.active(keyword).is_some();
    let root_login = statement.active("root-login").and_then(Statement::value);
    SshService {
        root_login: match root_login.map(|word| word.text.as_str()) {
            Some("allow") => RootLogin::Allow,
            Some("deny") => RootLogin::Deny,
            _ => RootLogin::DenyPassword,
        },
        no_passwords: has("no-passwords") || has("no-password-authentication"),
        no_public_keys: has("no-public-keys"),
    }
}
