//! `homing ansible-inventory`: the fleet as an inventory script of Ansible answers.
//!
//! ```text
//!   all ─┬─ homing_up      devices in session
//!        ├─ homing_down    all others that are enrolled
//!        └─ site_fra …     one group for each label
//! ```
//!
//! Source: Ansible, *Developing dynamic inventory*, "Developing inventory scripts".

use std::collections::{BTreeMap, BTreeSet};

use clap::{Args, ValueEnum};
use homing_proto::api::{Device, DeviceState};
use serde_json::{Map, Value, json};

use super::Login;
use super::door::Door;
use super::{known_hosts, ssh};
use crate::client::Target;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::write;
use crate::verbs::Context;

const EXAMPLES: &str = "\
Examples:
  printf '#!/bin/sh\\nexec homing ansible-inventory \"$@\"\\n' > homing.sh
  chmod +x homing.sh
  ansible-inventory -i homing.sh --graph
  ansible-playbook -i homing.sh -l homing_up,site_fra site.yml

HOMING_USER is your name at the door.";

/// Options of `homing ansible-inventory`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// All groups and hosts, as JSON
    #[arg(long, conflicts_with_all = ["host", "graph"])]
    list: bool,
    /// The variables of one host, as JSON
    #[arg(long, value_name = "NAME", conflicts_with = "graph")]
    host: Option<String>,
    /// The groups as a tree, for people
    #[arg(long)]
    graph: bool,
    /// How Ansible talks to the devices
    #[arg(
        long,
        value_enum,
        default_value_t,
        hide_possible_values = true,
        value_name = "netconf|ssh"
    )]
    connection: Connection,
    #[command(flatten)]
    login: Login,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Connection {
    #[default]
    Netconf,
    Ssh,
}

/// Prints what was asked for.
pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    if !arguments.list && !arguments.graph && arguments.host.is_none() {
        return Err(Failure::usage("expected --list, --host NAME or --graph"));
    }
    let door = Door::find(arguments.login.door.as_ref(), context).await?;
    let devices: Vec<Device> = context.client.list(&Target::new(&["devices"])).await?;
    let inventory = Inventory { fleet: Fleet::of(devices), door, arguments };
    let text = match (&inventory.arguments.host, inventory.arguments.graph) {
        (Some(name), _) => inventory.host(name)?.to_string(),
        (None, true) => return write(&inventory.fleet.graph()),
        (None, false) => inventory.list()?.to_string(),
    };
    write(&format!("{text}\n"))
}

/// The enrolled devices and their groups.
struct Fleet {
    devices: Vec<Device>,
    groups: BTreeMap<String, BTreeSet<String>>,
}

impl Fleet {
    fn of(mut devices: Vec<Device>) -> Fleet {
        devices.retain(|device| device.enrolled);
        let mut groups: BTreeMap<String, BTreeSet<String>> =
            ["homing_down", "homing_up"].map(|name| (name.to_owned(), BTreeSet::new())).into();
        for device in &devices {
            let standing =
                if device.state == DeviceState::Up { "homing_up" } else { "homing_down" };
            let labels = device.tags.iter().map(|(key, value)| word(&format!("{key}_{value}")));
            for group in labels.chain([standing.to_owned()]) {
                groups.entry(group).or_default().insert(device.name.clone());
            }
        }
        Fleet { devices, groups }
    }

    /// As `ansible-inventory --graph` draws it.
    fn graph(&self) -> String {
        let mut out = "@all:\n  |--@ungrouped:\n".to_owned();
        for (group, hosts) in &self.groups {
            out.push_str(&format!("  |--@{group}:\n"));
            out.extend(hosts.iter().map(|host| format!("  |  |--{host}\n")));
        }
        out
    }
}

/// Letters, digits and `_`: what a group may be called.
fn word(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let word: String = text.chars().map(plain).collect();
    match word.starts_with(|c: char| c.is_ascii_digit()) {
        true => format!("_{word}"),
        false => word,
    }
}

struct Inventory {
    fleet: Fleet,
    door: Door,
    arguments: Arguments,
}

impl Inventory {
    fn list(&self) -> Result<Value, Failure> {
        let mut hosts = Map::new();
        for device in &self.fleet.devices {
            hosts.insert(device.name.clone(), self.variables(device)?);
        }
        let mut list = Map::new();
        list.insert("_meta".to_owned(), json!({ "hostvars": hosts }));
        let children: Vec<&String> = self.fleet.groups.keys().collect();
        list.insert("all".to_owned(), json!({ "children": children }));
        for (group, hosts) in &self.fleet.groups {
            list.insert(group.clone(), json!({ "hosts": hosts }));
        }
        Ok(Value::Object(list))
    }

    fn host(&self, name: &str) -> Result<Value, Failure> {
        match self.fleet.devices.iter().find(|device| device.name == name) {
            Some(device) => self.variables(device),
            None => Err(Failure::new(
                Exit::NotFound,
                "unknown-device",
                format!("no device is called {name}"),
            )
            .hint("homing device ls")),
        }
    }

    fn variables(&self, device: &Device) -> Result<Value, Failure> {
        let mut variables = json!({
            "ansible_host": self.door.place.host,
            "ansible_port": self.door.place.port,
            "ansible_user": ssh::login(self.arguments.login.user.as_deref(), &device.name),
            "homing_state": device.state.as_str(),
            "homing_tags": device.tags,
        });
        let Some(object) = variables.as_object_mut() else { return Ok(variables) };
        match self.arguments.connection {
            Connection::Netconf => {
                object.insert("ansible_connection".into(), "ansible.netcommon.netconf".into());
                object.insert("ansible_network_os".into(), "junipernetworks.junos.junos".into());
            }
            Connection::Ssh => {
                object.insert("ansible_connection".into(), "ssh".into());
                // Ansible would take the login name at the door for a user of the device: `~ops:edge-7`.
                object.insert("ansible_remote_tmp".into(), "$HOME/.ansible/tmp".into());
            }
        }
        if let Some(key) = &self.door.key {
            let file = known_hosts::file(&self.door, key)?;
            let options = format!(
                "-o HostKeyAlias={} -o UserKnownHostsFile='{}' -o StrictHostKeyChecking=yes",
                self.door.alias(),
                file.display()
            );
            object.insert("ansible_ssh_common_args".into(), options.into());
        }
        Ok(variables)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(name: &str, state: &str, tags: Value) -> Device {
        serde_json::from_value(json!({
            "name": name, "state": state, "enrolled": true, "tags": tags,
            "addresses": [], "has_secret": false, "has_password": false, "keys": [],
        }))
        .unwrap()
    }

    fn fleet() -> Fleet {
        Fleet::of(vec![
            device("mx1", "up", json!({ "site": "fra", "role": "edge router" })),
            device("mx2", "down", json!({ "site": "fra" })),
            Device { enrolled: false, ..device("stranger", "pending", json!({})) },
        ])
    }

    #[test]
    fn devices_are_grouped_by_standing_and_label() {
        assert_eq!(
            fleet().graph(),
            "@all:\n  |--@ungrouped:\n  |--@homing_down:\n  |  |--mx2\n  |--@homing_up:\n  |  |--mx1\n  \
             |--@role_edge_router:\n  |  |--mx1\n  |--@site_fra:\n  |  |--mx1\n  |  |--mx2\n"
        );
    }

    #[test]
    fn a_group_is_called_by_a_plain_word() {
        assert_eq!(word("site_fra-1/a"), "site_fra_1_a");
        assert_eq!(word("7_x"), "_7_x");
    }
}
