//! Reading the configuration as Junos's tools ask for it: `<get-configuration>`, rollbacks, the
//! rescue configuration and the history of commits.
//!
//! Source: Junos XML Management Protocol Developer Guide; the elements that PyEZ's `Config` reads.

use std::sync::Arc;

use homing_proto::datastore::compare;
use homing_proto::junos::{Configuration, Form};
use homing_proto::netconf::element::Element;
use homing_proto::netconf::error::{ErrorTag, ErrorType, RpcError};

use super::super::tree::{NAMESPACE, elements, selected, selected_text, visible};
use super::reply::bad_attribute;
use super::system::{counted, leaf, moment, root};
use super::{Answer, Context, Reply, only, refusal};

/// The namespace of Junos's answers about commits.
const COMMITS: &str = "http://xml.juniper.net/junos/*/junos";

/// The form that `format` names.
fn form(operation: &Element) -> Result<Form, RpcError> {
    let own = operation.attribute("format").or_else(|| operation.child_text("format"));
    match own {
        None | Some("xml") => Ok(Form::Xml),
        Some("text" | "ascii") => Ok(Form::Curly),
        Some("set") => Ok(Form::Set),
        Some("json" | "json-minified") => Ok(Form::Json),
        Some(other) => {
            Err(bad_attribute(&operation.name, "format", other, "expected xml, text, set or json"))
        }
    }
}

/// A whole number below 50.
fn number(name: &str, text: &str) -> Result<usize, RpcError> {
    text.trim().parse().ok().filter(|number| *number < 50).ok_or_else(|| {
        let message = format!("expected a number from 0 to 49 as {name}");
        RpcError::new(ErrorType::Protocol, ErrorTag::InvalidValue, message)
            .with_info("bad-element", name)
    })
}

async fn rollback(number: usize, context: &Context) -> Result<Arc<Configuration>, RpcError> {
    context.store.rollback(number).await.map_err(|error| refusal::store(&error))
}

/// The configuration in a form, wrapped as Junos wraps it.
async fn shown(
    configuration: &Arc<Configuration>,
    form: Form,
    filter: Option<&[Element]>,
    context: &Context,
) -> Answer {
    if form == Form::Xml {
        let none = || Element::new("configuration").in_namespace(NAMESPACE);
        let found = selected(configuration, context.class, filter).await?;
        return Ok(Reply::Element(found.unwrap_or_else(none)));
    }
    let text = selected_text(configuration, context.class, filter, form).await?;
    Ok(match form {
        Form::Json => Reply::Text(text),
        Form::Set => {
            Reply::Element(leaf("configuration-set", format!("\n{text}")).in_namespace(NAMESPACE))
        }
        _ => {
            Reply::Element(leaf("configuration-text", format!("\n{text}")).in_namespace(NAMESPACE))
        }
    })
}

/// `<configuration-information>` with a text.
fn information(text: &str) -> Element {
    Element::new("configuration-information")
        .with(leaf("configuration-output", format!("\n{text}")))
        .in_namespace(NAMESPACE)
}

pub(super) async fn get(operation: &Element, context: &Context) -> Answer {
    only(operation, &["configuration"])?;
    if let Some(url) = operation.attribute("url") {
        return Err(bad_attribute(&operation.name, "url", url, "expected a database"));
    }
    let form = form(operation)?;
    let database = operation.attribute("database").unwrap_or("candidate");
    let configuration = match database {
        "candidate" => context.store.candidate(context.session()).await,
        "committed" | "running" => context.configuration.clone(),
        other => {
            let message = format!("there is no database {other}; expected candidate or committed");
            return Err(RpcError::new(ErrorType::Protocol, ErrorTag::InvalidValue, message)
                .with_info("bad-element", other));
        }
    };
    match operation.attribute("compare") {
        None => {}
        Some("rollback") => {
            let text = operation.attribute("rollback").unwrap_or("0");
            let other = rollback(number("rollback", text)?, context).await?;
            return Ok(Reply::Element(information(&changes(&other, &configuration, context))));
        }
        Some("configuration") => {
            let given = operation.child("configuration");
            let given = given.ok_or_else(|| RpcError::missing_element("configuration"))?;
            let other = parse_elements(given)?;
            return Ok(Reply::Element(information(&changes(&other, &configuration, context))));
        }
        Some(other) => {
            return Err(bad_attribute(&operation.name, "compare", other, "expected rollback"));
        }
    }
    let filter = (!operation.children.is_empty()).then_some(operation.children.as_slice());
    shown(&configuration, form, filter, context).await
}

fn parse_elements(root: &Element) -> Result<Configuration, RpcError> {
    let mut xml = String::new();
    root.clone().without_namespace().write(&mut xml, None, 0);
    Configuration::parse_as("configuration", &xml, Form::Xml)
        .map_err(|found| refusal::edit(&homing_proto::datastore::EditError::Statements(found)))
}

/// What leads from one to the other, as this user may see it.
pub(super) fn changes(from: &Configuration, to: &Configuration, context: &Context) -> String {
    compare(&visible(from, context.class), &visible(to, context.class))
}

/// The texts of an earlier or another configuration, as `get-…-information` wrap them.
fn wrapped(name: &str, configuration: &Configuration, form: Form, context: &Context) -> Answer {
    let visible = visible(configuration, context.class);
    let inside = match form {
        Form::Xml => {
            let none = || Element::new("configuration").in_namespace(NAMESPACE);
            elements(&visible, None)?.unwrap_or_else(none)
        }
        other => information(&visible.print(other)),
    };
    Ok(Reply::Element(Element::new(name).with(inside)))
}

pub(super) async fn rollback_information(operation: &Element, context: &Context) -> Answer {
    only(operation, &["rollback", "compare", "format"])?;
    let own = number("rollback", operation.child_text("rollback").unwrap_or("0"))?;
    let configuration = rollback(own, context).await?;
    if let Some(other) = operation.child_text("compare") {
        let other = rollback(number("compare", other)?, context).await?;
        let text = changes(&other, &configuration, context);
        return Ok(Reply::Element(Element::new("rollback-information").with(information(&text))));
    }
    let has_form = operation.attribute("format").or(operation.child_text("format")).is_some();
    let form = if has_form { form(operation)? } else { Form::Curly };
    wrapped("rollback-information", &configuration, form, context)
}

pub(super) async fn rescue_information(operation: &Element, context: &Context) -> Answer {
    only(operation, &["format"])?;
    let configuration = context.store.rescue().await.map_err(|error| refusal::store(&error))?;
    let has_form = operation.attribute("format").or(operation.child_text("format")).is_some();
    let form = if has_form { form(operation)? } else { Form::Curly };
    wrapped("rescue-information", &configuration, form, context)
}

pub(super) async fn save_rescue(_: &Element, context: &Context) -> Answer {
    context.store.save_rescue().await.map_err(|error| refusal::store(&error))?;
    Ok(rescue_results())
}

pub(super) async fn delete_rescue(_: &Element, context: &Context) -> Answer {
    context.store.delete_rescue().await.map_err(|error| refusal::store(&error))?;
    Ok(rescue_results())
}

fn rescue_results() -> Reply {
    let engine =
        Element::new("routing-engine").with(leaf("name", "re0")).with(Element::new("success"));
    Reply::Element(Element::new("rescue-management-results").with(engine))
}

pub(super) async fn commits(_: &Element, context: &Context) -> Answer {
    let mut answer = root("commit-information", COMMITS);
    if let Some(scheduled) = context.store.scheduled().await {
        let at = scheduled.at;
        let pending = Element::new("commit-pending")
            .with(leaf("user", &scheduled.author.user))
            .with(leaf("client", scheduled.author.via))
            .with(counted("date-time", moment(at), "seconds", at.as_second()));
        answer.children.push(pending.in_namespace(COMMITS));
    }
    for (place, record) in context.store.history().await.iter().enumerate() {
        let mut commit = Element::new("commit-history")
            .with(leaf("sequence-number", place))
            .with(leaf("user", &record.author.user))
            .with(leaf("client", record.author.via))
            .with(counted("date-time", moment(record.at), "seconds", record.at.as_second()));
        if let Some(until) = record.confirmed_until {
            let seconds = until.as_second() - record.at.as_second();
            let text = format!("commit confirmed, rollback in {}mins", (seconds + 59) / 60);
            commit.children.push(leaf("comment", text));
        }
        commit.children.extend(record.comment.as_ref().map(|text| leaf("log", text)));
        answer.children.push(commit.in_namespace(COMMITS));
    }
    Ok(Reply::Element(answer))
}
