//! Reading the configuration: `<get>`, `<get-config>` (RFC 6241, sections 7.1 and 7.7) and Junos's
//! `<get-configuration>`.
//!
//! There is one datastore, running; the others are refused by name.

use homing_proto::junos::Form;
use homing_proto::netconf::element::Element;
use homing_proto::netconf::error::{ErrorTag, ErrorType, RpcError};

use super::super::tree::{NAMESPACE, as_text, configuration};
use super::{Context, Reply, only};

pub(super) fn get(operation: &Element, context: &Context) -> Result<Reply, RpcError> {
    only(operation, &["filter"])?;
    data(operation, context)
}

pub(super) fn get_config(operation: &Element, context: &Context) -> Result<Reply, RpcError> {
    only(operation, &["source", "filter"])?;
    let source = operation.child("source").ok_or_else(|| RpcError::missing_element("source"))?;
    match source.children.first().map(|store| store.name.as_str()) {
        Some("running") => data(operation, context),
        Some(other) => Err(no_datastore(other)),
        None => Err(RpcError::missing_element("running")),
    }
}

fn no_datastore(name: &str) -> RpcError {
    let message = format!("there is no datastore {name}; expected running");
    RpcError::new(ErrorType::Protocol, ErrorTag::InvalidValue, message)
        .with_info("bad-element", name)
}

/// `<data>` with what the `<filter>` selects.
fn data(operation: &Element, context: &Context) -> Result<Reply, RpcError> {
    let filter = operation.child("filter");
    if let Some(other) = filter.and_then(|filter| filter.attribute("type"))
        && other != "subtree"
    {
        let message = format!("filter type {other} is not supported; expected subtree");
        return Err(RpcError::new(ErrorType::Protocol, ErrorTag::BadAttribute, message)
            .with_info("bad-attribute", "type")
            .with_info("bad-element", "filter"));
    }
    let part = configuration(context, filter.map(|filter| filter.children.as_slice()))?;
    let mut data = Element::new("data").in_namespace(homing_proto::netconf::BASE_NAMESPACE);
    data.children.extend(part);
    Ok(Reply::Element(data))
}

pub(super) fn get_configuration(operation: &Element, context: &Context) -> Result<Reply, RpcError> {
    only(operation, &["configuration"])?;
    let unsupported = |name: &str, value: &str| {
        let message = format!("{name}=\"{value}\" is not supported");
        Err(RpcError::new(ErrorType::Protocol, ErrorTag::BadAttribute, message)
            .with_info("bad-attribute", name)
            .with_info("bad-element", &operation.name))
    };
    for name in ["compare", "rollback", "url"] {
        if let Some(value) = operation.attribute(name) {
            return unsupported(name, value);
        }
    }
    if let Some(database) = operation.attribute("database")
        && database != "committed"
    {
        return Err(no_datastore(database));
    }
    let filter = (!operation.children.is_empty()).then_some(operation.children.as_slice());
    let format = operation.attribute("format").unwrap_or("xml");
    if !["xml", "text", "set", "json"].contains(&format) {
        return unsupported("format", format);
    }
    let part = configuration(context, filter)?;
    let wrapped = |name, form| {
        let text = as_text(part.clone(), form)?;
        Ok(Reply::Element(Element::with_text(name, text).in_namespace(NAMESPACE)))
    };
    match format {
        "text" => wrapped("configuration-text", Form::Curly),
        "set" => wrapped("configuration-set", Form::Set),
        "json" => Ok(Reply::Text(as_text(part, Form::Json)?)),
        _ => {
            let none = || Element::new("configuration").in_namespace(NAMESPACE);
            Ok(Reply::Element(part.unwrap_or_else(none)))
        }
    }
}
