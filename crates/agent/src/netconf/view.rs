//! What the server sees of the agent and of the machine.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use homing_proto::junos::Configuration;

use crate::datastore::Store;
use crate::handle::AgentHandle;
use crate::report::ClientReport;

/// The agent, as NETCONF reads it.
pub trait AgentView: Send + Sync {
    /// The configuration in force.
    fn configuration(&self) -> Arc<Configuration>;

    /// Where every client stands; empty when the agent is stopping.
    fn clients(&self) -> impl Future<Output = Vec<ClientReport>> + Send;

    /// What machine this is.
    fn system(&self) -> SystemInformation;

    /// Candidates, commits and history.
    fn store(&self) -> Store;

    /// The folder that the agent keeps things in.
    fn state_dir(&self) -> PathBuf;
}

/// What machine this is, in the words of `<get-system-information>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemInformation {
    /// The machine's own name.
    pub host_name: String,
    /// What the firmware calls it.
    pub hardware_model: String,
    /// This program.
    pub os_name: String,
    /// Its version.
    pub os_version: String,
    /// The firmware's serial number, or else the machine-id.
    pub serial_number: String,
}

/// Asks the system what machine this is.
pub fn system_information() -> SystemInformation {
    let read = |path: &str| {
        let text = std::fs::read_to_string(path).ok()?;
        let text = text.trim().to_owned();
        (!text.is_empty()).then_some(text)
    };
    let dmi = |name: &str| read(&format!("/sys/class/dmi/id/{name}"));
    let model = dmi("product_name").or_else(|| read("/proc/device-tree/model"));
    let serial = dmi("product_serial").or_else(|| read("/etc/machine-id"));
    let host_name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    SystemInformation {
        host_name: host_name.unwrap_or_default(),
        hardware_model: model.unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
        os_name: "homing-agent".to_owned(),
        os_version: env!("CARGO_PKG_VERSION").to_owned(),
        serial_number: serial.unwrap_or_default(),
    }
}

impl AgentView for AgentHandle {
    fn configuration(&self) -> Arc<Configuration> {
        self.shared.configuration.borrow().clone()
    }

    async fn clients(&self) -> Vec<ClientReport> {
        self.show().await.unwrap_or_default()
    }

    fn system(&self) -> SystemInformation {
        system_information()
    }

    fn store(&self) -> Store {
        self.shared.store.clone()
    }

    fn state_dir(&self) -> PathBuf {
        self.shared.options.state_dir.clone()
    }
}
