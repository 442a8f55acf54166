//! Junos's `<command>`: operational commands as a person would type them.
//!
//! ```text
//!   <command format="text">show version | match Model</command>  ─▶  <output>…</output>
//!   <command>show version</command>                              ─▶  <software-information>…
//! ```

use homing_proto::junos::Form;
use homing_proto::junos_command::{self, Display, Line, Pipe, json, pass, render};
use homing_proto::netconf::element::Element;
use homing_proto::netconf::error::{ErrorTag, ErrorType, RpcError};

use super::super::tree::{elements, visible};
use super::configuration::changes;
use super::reply::output;
use super::{Answer, Context, Format, Reply, carry_out, refusal};
use crate::report::ClientReport;
use crate::show;

pub(super) async fn run(operation: &Element, context: &Context) -> Answer {
    let format = Format::of(operation)?;
    let line = junos_command::parse(&operation.text).map_err(|error| {
        let bad = if error.word.is_empty() { operation.text.trim() } else { &error.word };
        RpcError::new(ErrorType::Protocol, ErrorTag::OperationFailed, error.to_string())
            .with_info("bad-element", bad)
    })?;
    if line.command.rpc_name() == "get-configuration" {
        return show_configuration(&line, format, context).await;
    }
    let rpc = line.command.rpc();
    let display = line.display();
    if display == Some(Display::XmlRpc) {
        return Ok(through(&line, written(&rpc)));
    }
    let reply = carry_out(&rpc, context).await?;
    let (element, text) = match reply {
        Reply::Element(element) => {
            let text = render::render(&element);
            (element, text)
        }
        Reply::Printed(element, text) => (element, text),
        other => return Ok(other),
    };
    let text = match line.command.rpc_name() {
        "get-outbound-ssh-service-information" => clients(&line, context),
        _ => text,
    };
    // Pipes that choose lines need lines.
    let is_plain = line.pipes.iter().all(|pipe| matches!(pipe, Pipe::Display(_) | Pipe::NoMore));
    Ok(match (display, format) {
        (Some(Display::Set), _) => return Err(no_set()),
        (Some(Display::Xml), _) | (None, Format::Xml) if is_plain => Reply::Element(element),
        (Some(Display::Json), _) | (None, Format::Json) if is_plain => Reply::Text(json(&element)),
        (Some(Display::Xml), _) => through(&line, written(&element)),
        (Some(Display::Json), _) => through(&line, json(&element)),
        _ => through(&line, text),
    })
}

/// The text behind all pipes, in `<output>`.
fn through(line: &Line, text: String) -> Reply {
    Reply::Element(output(&pass(&line.pipes, text)))
}

fn written(element: &Element) -> String {
    let mut out = String::new();
    element.write(&mut out, None, 0);
    out
}

fn no_set() -> RpcError {
    let message = "display set is for configurations";
    RpcError::new(ErrorType::Protocol, ErrorTag::OperationFailed, message)
        .with_info("bad-element", "set")
}

async fn show_configuration(line: &Line, format: Format, context: &Context) -> Answer {
    let path: Vec<&str> = line.command.path().iter().map(String::as_str).collect();
    let compare = line.pipes.iter().find_map(|pipe| match pipe {
        Pipe::Compare(number) => Some(number.unwrap_or(0)),
        _ => None,
    });
    if let Some(number) = compare {
        let other = context.store.rollback(usize::try_from(number).unwrap_or(usize::MAX)).await;
        let other = other.map_err(|error| refusal::store(&error))?;
        return Ok(through(line, changes(&other, &context.configuration, context)));
    }
    let visible = visible(&context.configuration, context.class);
    let narrowed = || if path.is_empty() { visible.clone() } else { visible.narrowed(&path) };
    let display = line.display();
    let wants_elements = match display {
        None => format == Format::Xml && line.pipes.is_empty(),
        Some(Display::Xml) => line.pipes.len() == 1,
        _ => false,
    };
    if wants_elements && let Some(root) = elements(&narrowed(), None)? {
        return Ok(Reply::Element(root));
    }
    let text = match (display, format) {
        (Some(Display::Xml), _) => narrowed().print(Form::Xml),
        (Some(Display::Set), _) => narrowed().print(Form::Set),
        (Some(Display::Json), _) | (None, Format::Json) => narrowed().print(Form::Json),
        _ if path.is_empty() => visible.print(Form::Curly),
        _ => visible.print_at(&path),
    };
    Ok(through(line, text))
}

/// The clients as `homing-agent show` prints them, which knows more than the elements do.
fn clients(line: &Line, context: &Context) -> String {
    let wanted = line.command.value("client-id");
    let is_wanted = |client: &&ClientReport| wanted.is_none_or(|wanted| client.client == wanted);
    let clients: Vec<_> = context.clients.iter().filter(is_wanted).cloned().collect();
    let in_detail = line.command.has("detail") || (wanted.is_some() && !line.command.has("brief"));
    if in_detail { show::detail(&clients) } else { show::brief(&clients) }
}
