//! `homing rpc`: one NETCONF RPC on a device, its reply on stdout as it comes.

use std::io::{IsTerminal, Read};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::reply::{self, View};
use super::{Context, suggest};
use crate::client::Target;
use crate::failure::Failure;
use crate::output::time::parse_duration;
use crate::xml::operation::{self, OperationError};

/// Largest operation; the gateway's limit is the same.
const LIMIT: u64 = 16 * 1024 * 1024;
/// What the gateway may take beyond the device's time.
const GRACE: Duration = Duration::from_secs(15);

const EXAMPLES: &str = "\
Examples:
  homing rpc mx1.fra get-system-information
  homing rpc mx1.fra get-interface-information \\
         --arg interface-name=ge-0/0/0 --arg terse
  homing rpc mx1.fra '<get-config><source><running/></source></get-config>'
  homing rpc mx1.fra - < operation.xml
  homing rpc mx1.fra --file operation.xml --timeout 10m > reply.xml

Exit status: 1 the device answered with an rpc-error, 6 it is offline, 7 it was
lost after the RPC was sent, 9 the RPC was not sent in time.";

/// Options of `homing rpc`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The device
    device: String,
    /// XML, the name of an RPC, or - for XML on stdin
    #[arg(value_name = "XML|NAME|-", required_unless_present = "file", conflicts_with = "file")]
    operation: Option<String>,
    /// An argument of the RPC called NAME; without =VALUE an empty element
    #[arg(long = "arg", value_name = "NAME[=VALUE]", requires = "operation")]
    arguments: Vec<String>,
    /// Read the XML from a file
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// How long the device may take
    #[arg(long, default_value = "60s", value_parser = parse_duration, value_name = "TIME")]
    timeout: Duration,
}

/// Runs the RPC.
pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let operation = operation_of(&arguments)?;
    ask(&arguments.device, operation, arguments.timeout, View::Xml, context).await
}

/// Sends an operation and shows the reply.
///
/// # Errors
/// The device's errors, or the gateway's problem.
pub(crate) async fn ask(
    device: &str,
    operation: String,
    timeout: Duration,
    view: View,
    context: &Context,
) -> Result<(), Failure> {
    let seconds = timeout.as_secs_f64().to_string();
    let target = Target::new(&["devices", device, "rpc"]).query("timeout", &seconds);
    match context.client.post_xml(&target, operation, timeout + GRACE).await {
        Ok(pieces) => reply::show(device, pieces, view, &context.output).await,
        Err(failure) => Err(suggest::device(failure, &context.client, device).await),
    }
}

fn operation_of(arguments: &Arguments) -> Result<String, Failure> {
    let is_xml = |text: &&str| text.trim_start().starts_with('<') || *text == "-";
    match (&arguments.file, arguments.operation.as_deref()) {
        (None, Some(name)) if !is_xml(&name) => {
            operation::from_name(name, &arguments.arguments).map_err(|e| misnamed(e, arguments))
        }
        _ if !arguments.arguments.is_empty() => {
            Err(Failure::usage("--arg goes with the name of an RPC, not with XML"))
        }
        (Some(file), _) => from_reader(file.display(), std::fs::File::open(file)),
        (None, Some("-")) => from_stdin(),
        (None, text) => operation::from_xml(text.unwrap_or_default()).map_err(malformed),
    }
}

fn from_stdin() -> Result<String, Failure> {
    if std::io::stdin().is_terminal() {
        eprintln!("the operation as XML, then Ctrl-D:");
    }
    from_reader("stdin", Ok(std::io::stdin()))
}

fn from_reader(
    what: impl std::fmt::Display,
    reader: std::io::Result<impl Read>,
) -> Result<String, Failure> {
    let unreadable = |error: std::io::Error| Failure::usage(format!("cannot read {what}: {error}"));
    let mut xml = String::new();
    let reader = reader.map_err(unreadable)?;
    let length = reader.take(LIMIT + 1).read_to_string(&mut xml).map_err(unreadable)?;
    if length as u64 > LIMIT {
        return Err(Failure::usage(format!("{what} is longer than {LIMIT} bytes")));
    }
    operation::from_xml(&xml).map_err(malformed)
}

/// Turns the refusal of an operation into a failure that says it was not sent.
pub(crate) fn malformed(error: OperationError) -> Failure {
    Failure::usage(format!("nothing was sent: {error}"))
}

fn misnamed(error: OperationError, arguments: &Arguments) -> Failure {
    let is_command = matches!(&error, OperationError::Name(name) if name.contains(' '));
    let failure = malformed(error);
    match (&arguments.operation, is_command) {
        (Some(command), true) => {
            failure.hint(format!("homing cli {} \"{command}\"", arguments.device))
        }
        _ => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(operation: &str, values: &[&str]) -> Arguments {
        Arguments {
            device: "mx1".into(),
            operation: Some(operation.into()),
            arguments: values.iter().map(|v| (*v).into()).collect(),
            file: None,
            timeout: Duration::from_secs(1),
        }
    }

    #[test]
    fn a_name_or_xml_becomes_the_operation() {
        assert_eq!(operation_of(&arguments("get-x", &["a=1"])).unwrap(), "<get-x><a>1</a></get-x>");
        assert_eq!(operation_of(&arguments(" <get/>", &[])).unwrap(), "<get/>");
    }

    #[test]
    fn a_command_typed_as_an_rpc_is_sent_to_the_right_verb() {
        let failure = operation_of(&arguments("show version", &[])).unwrap_err();
        assert_eq!(failure.hint.unwrap(), "homing cli mx1 \"show version\"");
    }

    #[test]
    fn arguments_do_not_go_with_xml() {
        assert!(operation_of(&arguments("<get/>", &["a=1"])).is_err());
    }
}
