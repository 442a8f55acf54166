//! `homing enroll`: the stanza that makes a device dial in; on stdout alone, to be piped or pasted.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use homing_proto::api::{Enroll, Enrolled, KeySource, StanzaForm};
use homing_proto::host_key::HostKey;
use homing_proto::identity::{DeviceId, DeviceName};
use hyper::Method;

use super::labels::{Label, by_key};
use super::{Context, known_hosts, password, watch};
use crate::client::Target;
use crate::failure::Failure;
use crate::output::Output;
use crate::output::time::parse_duration;

const EXAMPLES: &str = "\
Examples:
  homing enroll mx1.fra --tag site=fra --tag role=edge
  homing enroll mx1.fra --format curly --address gw.example.net:4334
  homing enroll mx1.fra --rotate-secret
  homing enroll sw1 --no-secret --host-key \"ssh-ed25519 AAAA…\"
  homing enroll watch mx1.fra                  each step of its dial-in, live

The stanza holds the secret in plain and is shown this once.";

const WATCH_EXAMPLES: &str = "\
Exit status: 0 in session; 1 refused, the last line names what to mend;
9 nothing conclusive before the time-out.";

/// Options of `homing enroll`.
#[derive(Debug, Args)]
#[command(
    after_help = EXAMPLES,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    enroll: EnrollArguments,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show each step of a device's dial-in until it is in session
    #[command(after_help = WATCH_EXAMPLES)]
    Watch(WatchArguments),
}

#[derive(Debug, Args)]
struct WatchArguments {
    /// The device
    name: String,
    /// How long to wait
    #[arg(long, default_value = "60s", value_parser = parse_duration, value_name = "TIME")]
    timeout: Duration,
}

#[derive(Debug, Args)]
struct EnrollArguments {
    /// The gateway's name for the device
    #[arg(required = true)]
    name: Option<DeviceName>,
    /// What the device sends as its device-id [default: NAME]
    #[arg(long, value_name = "ID")]
    device_id: Option<DeviceId>,
    /// The login on the device [default: the gateway's setting]
    #[arg(long)]
    user: Option<String>,
    /// Where the device dials, in this order [default: the gateway's addresses]
    #[arg(long = "address", value_name = "HOST[:PORT]")]
    addresses: Vec<String>,
    /// A label, such as site=fra
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    tags: Vec<Label>,
    /// Form of the stanza
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    format: Form,
    /// Make no secret: the host key is carried by hand
    #[arg(long)]
    no_secret: bool,
    /// Give an enrolled device a new secret
    #[arg(long, conflicts_with = "no_secret")]
    rotate_secret: bool,
    /// With --rotate-secret: the old secret counts no more. Else it does until the device came with the new one, at most 7 days
    #[arg(long, requires = "rotate_secret")]
    at_once: bool,
    /// A host key of the device, "TYPE BASE64"; may be given again
    #[arg(long = "host-key", value_name = "KEY")]
    host_keys: Vec<HostKey>,
    /// Take the device's host keys from a known_hosts file
    #[arg(long, value_name = "FILE")]
    known_hosts: Option<PathBuf>,
    #[command(flatten)]
    password: password::Arguments,
    /// The one listener the device may use
    #[arg(long, value_name = "NAME")]
    listener: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Form {
    #[default]
    Set,
    Curly,
    Xml,
    Json,
}

impl From<Form> for StanzaForm {
    fn from(form: Form) -> StanzaForm {
        match form {
            Form::Set => StanzaForm::Set,
            Form::Curly => StanzaForm::Curly,
            Form::Xml => StanzaForm::Xml,
            Form::Json => StanzaForm::Json,
        }
    }
}

/// Enrols a device, or watches one come in.
pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    match (arguments.verb, arguments.enroll.name.clone()) {
        (Some(Verb::Watch(watch)), _) => watch::run(&watch.name, watch.timeout, context).await,
        (None, Some(name)) => enroll_device(name, arguments.enroll, context).await,
        (None, None) => Err(Failure::usage("which device?").hint("homing enroll NAME")),
    }
}

async fn enroll_device(
    name: DeviceName,
    arguments: EnrollArguments,
    context: &Context,
) -> Result<(), Failure> {
    let request = request(name, arguments, &context.output).await?;
    let target = Target::new(&["devices"]);
    let enrolled: Enrolled = context.client.send(Method::POST, &target, &request).await?;
    let output = &context.output;
    let name = &enrolled.device.name;
    output.note(&format!("# paste into configuration mode on {name}, then commit"));
    if request.secret {
        output.note("# the secret is shown this once");
    }
    output.object(&enrolled, |_| with_line_end(&enrolled.stanza))?;
    output.note(&format!("# then: homing enroll watch {name}"));
    Ok(())
}

async fn request(
    name: DeviceName,
    arguments: EnrollArguments,
    output: &Output,
) -> Result<Enroll, Failure> {
    let (host_keys, key_source) = keys(&name, &arguments, output)?;
    let password = arguments.password.read(name.as_str()).await?;
    Ok(Enroll {
        name,
        device_id: arguments.device_id,
        user: arguments.user,
        addresses: arguments.addresses,
        tags: by_key(arguments.tags),
        secret: !arguments.no_secret,
        rotate_secret: arguments.rotate_secret,
        at_once: arguments.at_once,
        host_keys,
        key_source,
        password,
        listener: arguments.listener,
        format: arguments.format.into(),
    })
}

/// Keys of the command line and of the file.
fn keys(
    name: &DeviceName,
    arguments: &EnrollArguments,
    output: &Output,
) -> Result<(Vec<HostKey>, Option<KeySource>), Failure> {
    let mut keys = arguments.host_keys.clone();
    if let Some(file) = &arguments.known_hosts {
        let mut names = vec![name.as_str()];
        names.extend(arguments.device_id.as_ref().map(DeviceId::as_str));
        let read = known_hosts::read(file, &names, output)?;
        keys.extend(read.into_iter().filter(|key| !arguments.host_keys.contains(key)));
        return Ok((keys, Some(KeySource::Import)));
    }
    let source = (!keys.is_empty()).then_some(KeySource::Enrolled);
    Ok((keys, source))
}

/// The stanza as the gateway made it: its own text, printed as it is.
fn with_line_end(stanza: &str) -> String {
    match stanza.ends_with('\n') {
        true => stanza.to_owned(),
        false => format!("{stanza}\n"),
    }
}
