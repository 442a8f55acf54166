//! `homing device set`: changes what is given and leaves the rest.

use clap::Args;
use homing_proto::api::{Change, Device, Password};
use homing_proto::host_key::{Fingerprint, HostKey};
use hyper::Method;

use super::{Context, show};
use crate::client::Target;
use crate::failure::Failure;
use crate::verbs::labels::{Label, by_key};
use crate::verbs::{password, suggest};

/// Options of `homing device set`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The device
    name: String,
    /// The login on the device
    #[arg(long)]
    user: Option<String>,
    /// Where the device dials, instead of all addresses so far
    #[arg(long = "address", value_name = "HOST[:PORT]")]
    addresses: Vec<String>,
    /// The one listener that the device may dial
    #[arg(long, value_name = "NAME", conflicts_with = "any_listener")]
    listener: Option<String>,
    /// Let the device dial any listener again
    #[arg(long)]
    any_listener: bool,
    /// Set a label; KEY= takes it away
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    tags: Vec<Label>,
    /// Pin one more host key, "TYPE BASE64"
    #[arg(long = "host-key", value_name = "KEY")]
    host_keys: Vec<HostKey>,
    /// Trust a host key no longer
    #[arg(long = "retire-key", value_name = "FINGERPRINT")]
    retire_keys: Vec<Fingerprint>,
    #[command(flatten)]
    password: password::Arguments,
    /// Log in with the gateway's key again
    #[arg(long, conflicts_with_all = ["password_file", "ask_password"])]
    no_password: bool,
    /// Shut the device out
    #[arg(long, conflicts_with = "unblock")]
    block: bool,
    /// Let a blocked device in again
    #[arg(long)]
    unblock: bool,
}

/// Changes the device.
pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let name = arguments.name.clone();
    let change = change(arguments).await?;
    if change == Change::default() {
        return Err(Failure::usage("nothing to change").hint("homing device set --help"));
    }
    let target = Target::new(&["devices", &name]);
    let device: Device = match context.client.send(Method::PATCH, &target, &change).await {
        Ok(device) => device,
        Err(failure) => return Err(suggest::device(failure, &context.client, &name).await),
    };
    context.output.note(&format!("changed {}", device.name));
    context.output.object(&device, |style| show::text(&device, style))
}

async fn change(arguments: Arguments) -> Result<Change, Failure> {
    let password = match arguments.no_password {
        true => Some(Password::new(String::new())),
        false => arguments.password.read(&arguments.name).await?,
    };
    let blocked = match (arguments.block, arguments.unblock) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    };
    let listener = match arguments.any_listener {
        true => Some(String::new()),
        false => arguments.listener,
    };
    Ok(Change {
        user: arguments.user,
        addresses: Some(arguments.addresses).filter(|addresses| !addresses.is_empty()),
        tags: by_key(arguments.tags),
        add_keys: arguments.host_keys,
        retire_keys: arguments.retire_keys,
        listener,
        password,
        blocked,
    })
}
