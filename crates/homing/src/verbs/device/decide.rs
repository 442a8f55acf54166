//! `homing device accept` and `reject`: an operator's word about a pending key.

use clap::Args;
use homing_proto::api::{Decision, Device};
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
    #[command(flatten)]
    password: password::Arguments,
}

/// Options of `homing device reject`.
#[derive(Debug, Args)]
pub(crate) struct RejectArguments {
    /// The pending key's fingerprint, or a name that only one pending key has
    #[arg(value_name = "FINGERPRINT|NAME")]
    subject: String,
}

/// Lets the key in.
pub(crate) async fn accept(arguments: AcceptArguments, context: &Context) -> Result<(), Failure> {
    let password = arguments.password.read(&arguments.subject).await?;
    let decision = Decision {
        subject: arguments.subject,
        name: arguments.name,
        user: arguments.user,
        password,
    };
    decide("accept", &decision, context).await
}

/// Turns the key down.
pub(crate) async fn reject(arguments: RejectArguments, context: &Context) -> Result<(), Failure> {
    let decision = Decision { subject: arguments.subject, name: None, user: None, password: None };
    decide("reject", &decision, context).await
}

async fn decide(verb: &str, decision: &Decision, context: &Context) -> Result<(), Failure> {
    let target = Target::new(&[verb]);
    let device: Device = context.client.send(Method::POST, &target, decision).await?;
    context.output.note(&format!("{verb}ed {}", device.name));
    context.output.object(&device, |style| show::text(&device, style))
}
