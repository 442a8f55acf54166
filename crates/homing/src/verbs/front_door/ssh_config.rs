//! `homing ssh-config`: a block for every device, for the `ssh` of this machine and for what reads its configuration.
//!
//! ```text
//!   Host edge-7.homing          HostName, Port, User of each device
//!   Host *.homing               the door's key, once for all
//! ```

use clap::Args;
use homing_proto::api::Device;

use super::Login;
use super::door::Door;
use super::{known_hosts, ssh};
use crate::client::Target;
use crate::failure::Failure;
use crate::output::write;
use crate::verbs::Context;

const EXAMPLES: &str = "\
Examples:
  homing ssh-config --user ops > ~/.ssh/homing.conf
      and in ~/.ssh/config, above all `Host` lines:  Include homing.conf
  ssh mx1.fra.homing
  homing ssh-config --known-hosts >> ~/.ssh/known_hosts

Programs that don't read ~/.ssh/config reach the same by host, port and user.";

/// Options of `homing ssh-config`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    login: Login,
    /// Connect by `homing proxy`, which waits for devices that are away
    #[arg(long, conflicts_with = "known_hosts")]
    proxy: bool,
    /// Only the door's line for a known_hosts file
    #[arg(long)]
    known_hosts: bool,
}

/// Prints the configuration.
pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let door = Door::find(arguments.login.door.as_ref(), context).await?;
    let Some(key) = door.key.clone() else {
        return Err(Failure::usage("the gateway must be asked for its devices: homing status"));
    };
    if arguments.known_hosts {
        return write(&format!("{}\n", known_hosts::line_by_place(&door, &key)));
    }
    let devices: Vec<Device> = context.client.list(&Target::new(&["devices"])).await?;
    let mut out = format!("# {} behind {}, by homing ssh-config\n", counted(&devices), door.place);
    out.push_str(&format!("# host key of the front door: {}\n\n", key.fingerprint));
    for device in devices.iter().filter(|device| device.enrolled) {
        out.push_str(&block(&device.name, &door, &arguments));
    }
    let file = known_hosts::file(&door, &key)?;
    out.push_str(&format!(
        "Host *.homing\n    HostKeyAlias {}\n    UserKnownHostsFile ~/.ssh/known_hosts \"{}\"\n    StrictHostKeyChecking yes\n",
        door.alias(),
        file.display()
    ));
    write(&out)
}

fn counted(devices: &[Device]) -> String {
    match devices.iter().filter(|device| device.enrolled).count() {
        1 => "1 device".to_owned(),
        count => format!("{count} devices"),
    }
}

fn block(device: &str, door: &Door, arguments: &Arguments) -> String {
    let login = ssh::login(arguments.login.user.as_deref(), device);
    let (host, port) = (&door.place.host, door.place.port);
    let mut block =
        format!("Host {device}.homing\n    HostName {host}\n    Port {port}\n    User {login}\n");
    if arguments.proxy {
        block.push_str(&format!("    ProxyCommand homing proxy {device} --wait\n"));
    }
    block.push('\n');
    block
}

#[cfg(test)]
mod tests {
    use super::super::door::tests::door;
    use super::*;

    #[test]
    fn a_block_leads_to_the_door_as_the_device() {
        let login = Login { user: Some("ops".into()), door: None };
        let arguments = Arguments { login, proxy: true, known_hosts: false };
        assert_eq!(
            block("edge-7", &door(), &arguments),
            "Host edge-7.homing\n    HostName gw.example.net\n    Port 2022\n    User ops:edge-7\n    \
             ProxyCommand homing proxy edge-7 --wait\n\n"
        );
    }
}
