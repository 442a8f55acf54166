//! `homing device accept` and `reject`: an operator's word about a pending key.

use clap::Args;
use homing_proto::api::{Decision, Device};
use homing_proto::host_key::Fingerprint;
use homing_proto::identity::DeviceName;
use hyper::Method;

use super::{Context, show};
use crate::client::Target;
use crate::failure::Failure;
use crate::verbs::password;

/// Options of `homing device accept`.
#[derive(Debug, Args)]
pub(crate) struct AcceptArguments {
    /// The pending key's fingerprint, or a name that only one pending key has
    #[arg(value_name = "FINGERPRINT|NAME")]
    subject: String,
    /// The name for an unknown device [default: its device-id]
    #[arg(long)]
    name: Option<DeviceName>,
    /// The login on the device [default: the gateway's setting]
    #[arg(long)]
    user: Option<String>,
    /// Trust all keys of the device that were trusted before, too
    #[arg(long, conflicts_with = "replaces")]
    keep: bool,
    /// The key to trust no longer [default: the one of the same type]
    #[arg(long, value_name = "FINGERPRINT")]
    replaces: Vec<Fingerprint>,
    #[command(flatten)]
    password: password::Arguments,
}

/// Options of `homing device reject`.
#[derive(Debug, Args)]
pub(crate) struct RejectArguments {
    /// The pending key's fingerprint, or a name that only one pending key has
    #[arg(value_name = "FINGERPRINT|NAME")]
    subject: String,
    /// Block the stranger's address too, or the enrolled device
    #[arg(long)]
    block: bool,
}

/// Lets the key in.
pub(crate) async fn accept(arguments: AcceptArguments, context: &Context) -> Result<(), Failure> {
    let password = arguments.password.read(&arguments.subject).await?;
    let decision = Decision {
        subject: arguments.subject,
        name: arguments.name,
        user: arguments.user,
        password,
        replaces: arguments.replaces,
        keep: arguments.keep,
        block: false,
    };
    decide("accept", &decision, context).await
}

/// Turns the key down.
pub(crate) async fn reject(arguments: RejectArguments, context: &Context) -> Result<(), Failure> {
    let decision = Decision {
        subject: arguments.subject,
        name: None,
        user: None,
        password: None,
        replaces: Vec::new(),
        keep: false,
        block: arguments.block,
    };
    decide("reject", &decision, context).await
}

async fn decide(verb: &str, decision: &Decision, context: &Context) -> Result<(), Failure> {
    let target = Target::new(&[verb]);
    let device: Device = context.client.send(Method::POST, &target, decision).await?;
    let said = device.last_event.as_ref().map(|event| event.message.as_str());
    let said = said.filter(|said| said.contains("host key"));
    context.output.note(&match said {
        Some(said) => format!("{verb}ed {}: {said}", device.name),
        None => format!("{verb}ed {}", device.name),
    });
    context.output.object(&device, |style| show::text(&device, style))
}
