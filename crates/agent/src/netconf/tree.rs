//! The configuration as a tree of elements: filtered, its secrets in the form that the user may see.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use homing_proto::junos::{Configuration, Form, type9};
use homing_proto::netconf::element::Element;
use homing_proto::netconf::error::RpcError;
use homing_proto::netconf::scan::Limits;
use homing_proto::netconf::subtree;

use super::access::Class;
use super::context::Context;

/// The namespace of Junos's configuration.
pub(super) const NAMESPACE: &str = "http://xml.juniper.net/xnm/1.1/xnm";

/// More elements than the parser's limits let any configuration have.
const MOST_ELEMENTS: usize = 4_000_000;

/// `<configuration>` in Junos's namespace, as this user may see it; `None` if the filter selects nothing.
pub(super) fn configuration(
    context: &Context,
    filter: Option<&[Element]>,
) -> Result<Option<Element>, RpcError> {
    let own = &context.configuration;
    let text = match context.class {
        Class::SuperUser => own.print(Form::Xml),
        _ => own.redacted().print(Form::Xml),
    };
    let root = Element::parse(text.as_bytes(), Limits::default(), MOST_ELEMENTS)
        .map_err(|error| RpcError::operation_failed(format!("configuration: {error}")))?;
    let mut root = root.in_namespace(NAMESPACE);
    hide_plain_secrets(&mut root);
    Ok(match filter {
        None => Some(root),
        Some(filter) => subtree::select(filter, &[root]).pop(),
    })
}

/// The same in one of the forms that are text.
pub(super) fn as_text(root: Option<Element>, form: Form) -> Result<String, RpcError> {
    let root = root.unwrap_or_else(|| Element::new("configuration"));
    let mut xml = String::new();
    root.without_namespace().write(&mut xml, None, 0);
    let failed = || RpcError::operation_failed("the configuration has no such form");
    let part = Configuration::parse_as("configuration", &xml, Form::Xml).map_err(|_| failed())?;
    Ok(part.print(form))
}

/// Secrets that stand in the file in plain are shown in the `$9$` form, as Junos does.
fn hide_plain_secrets(element: &mut Element) {
    let is_plain = element.name == "secret"
        && !element.text.is_empty()
        && element.text != homing_proto::junos::BLANK
        && !element.text.starts_with(type9::PREFIX);
    if is_plain {
        // The salt needs only to be the same at every reading, so that nothing seems to change.
        let mut hasher = DefaultHasher::new();
        element.text.hash(&mut hasher);
        element.text = type9::encode(element.text.as_bytes(), hasher.finish());
    }
    element.children.iter_mut().for_each(hide_plain_secrets);
}
