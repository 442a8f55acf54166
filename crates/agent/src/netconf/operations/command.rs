//! Junos's `<command>`: a few of the operational commands, for `homing cli` and for habit.
//!
//! ```text
//!   <command format="text">show version</command>  ─▶  <output>…</output>
//!   <command>show version</command>                ─▶  <software-information>…
//! ```

use homing_proto::junos::Form;
use homing_proto::netconf::element::Element;
use homing_proto::netconf::error::{ErrorTag, ErrorType, RpcError};

use super::super::tree::{as_text, configuration};
use super::outbound_ssh::{named, service_information};
use super::system::{software_information, version};
use super::{Context, Reply};
use crate::report::ClientReport;
use crate::show;

/// What a command prints: always text, and elements where it has them.
struct Output {
    text: String,
    element: Option<Element>,
}

pub(super) fn run(operation: &Element, context: &Context) -> Result<Reply, RpcError> {
    let format = operation.attribute("format").unwrap_or("xml");
    if !["xml", "text", "ascii"].contains(&format) {
        let message = format!("format {format} is not supported; expected text or xml");
        return Err(RpcError::new(ErrorType::Protocol, ErrorTag::BadAttribute, message)
            .with_info("bad-attribute", "format")
            .with_info("bad-element", "command"));
    }
    let (command, pipes) = split(&operation.text);
    let words: Vec<&str> = command.split_whitespace().collect();
    let output = match words.as_slice() {
        ["show", "version", rest @ ..] if rest.iter().all(|word| is_level(word)) => {
            Output { text: version(context), element: Some(software_information(context)) }
        }
        ["show", "configuration"] => show_configuration(context, &pipes)?,
        ["show", "system", "services", "outbound-ssh", "clients", rest @ ..] => {
            clients(context, rest)?
        }
        _ => return Err(unknown(command)),
    };
    let wants_elements = match pipes.as_slice() {
        [] => format == "xml",
        [pipe] if pipe == "display xml" => true,
        _ => false,
    };
    Ok(match output.element {
        Some(element) if wants_elements => Reply::element(&element),
        _ => Reply::element(
            &Element::with_text("output", format!("\n{}", output.text))
                .in_namespace(homing_proto::netconf::BASE_NAMESPACE),
        ),
    })
}

/// The command and what stands behind its `|`s, `no-more` left away.
fn split(text: &str) -> (&str, Vec<String>) {
    let mut parts = text.split('|');
    let command = parts.next().unwrap_or_default().trim();
    let pipes = parts.map(|pipe| pipe.split_whitespace().collect::<Vec<_>>().join(" "));
    (command, pipes.filter(|pipe| pipe != "no-more").collect())
}

fn is_level(word: &str) -> bool {
    ["brief", "detail", "extensive"].contains(&word)
}

fn show_configuration(context: &Context, pipes: &[String]) -> Result<Output, RpcError> {
    let form = match pipes {
        [] => Form::Curly,
        [pipe] => match pipe.as_str() {
            "display xml" => Form::Xml,
            "display set" => Form::Set,
            "display json" => Form::Json,
            other => return Err(unknown(&format!("| {other}"))),
        },
        _ => return Err(unknown("more than one |")),
    };
    let root = configuration(context, None)?;
    Ok(Output { text: as_text(root.clone(), form)?, element: root })
}

fn clients(context: &Context, rest: &[&str]) -> Result<Output, RpcError> {
    let (wanted, level) = match rest {
        [] => (None, "brief"),
        [word] if is_level(word) => (None, *word),
        [name] => (Some(*name), "detail"),
        [name, word] if is_level(word) => (Some(*name), *word),
        _ => return Err(unknown(&rest.join(" "))),
    };
    let clients = named(context, wanted)?;
    let owned: Vec<ClientReport> = clients.iter().map(|client| (*client).clone()).collect();
    let text = if level == "brief" { show::brief(&owned) } else { show::detail(&owned) };
    Ok(Output { text, element: Some(service_information(&clients)) })
}

fn unknown(what: &str) -> RpcError {
    let message = format!(
        "unknown command: {what}; expected show version, show configuration [| display set|xml|json] or \
         show system services outbound-ssh clients [NAME] [brief|detail]"
    );
    RpcError::new(ErrorType::Protocol, ErrorTag::OperationFailed, message)
        .with_info("bad-element", what)
}
