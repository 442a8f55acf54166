//! What an operation answers, and the form that the request wants it in.
//!
//! ```text
//!   format="xml"   <interface-information>…        format="text"  <output>Interface   Admin …</output>
//!   format="json"  {"interface-information": […]}
//! ```

use homing_proto::junos_command::{json, render};
use homing_proto::netconf::BASE_NAMESPACE;
use homing_proto::netconf::element::Element;
use homing_proto::netconf::error::{ErrorTag, ErrorType, RpcError};
use homing_proto::netconf::notification::Subscription;
use homing_proto::netconf::text::escaped;

/// What an operation answers.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::netconf) enum Reply {
    /// `<ok/>`.
    Ok,
    /// One element.
    Element(Element),
    /// One element whose text is not made of it alone.
    Printed(Element, String),
    /// Text inside `<rpc-reply>` itself.
    Text(String),
    /// Warnings and what goes with them, or other markup that is ready.
    Body(String),
    /// `<ok/>`, and then the end of the session.
    Bye,
    /// `<ok/>`, and then notifications.
    Subscribe(Subscription),
}

/// A form that a request may want.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::netconf) enum Format {
    Xml,
    Text,
    Json,
}

impl Format {
    /// The `format` attribute of an operation.
    ///
    /// # Errors
    /// It has another value.
    pub(in crate::netconf) fn of(operation: &Element) -> Result<Self, RpcError> {
        match operation.attribute("format") {
            None | Some("xml") => Ok(Self::Xml),
            Some("text" | "ascii") => Ok(Self::Text),
            Some("json") => Ok(Self::Json),
            Some(other) => {
                let expected = "expected xml, text or json";
                Err(bad_attribute(&operation.name, "format", other, expected))
            }
        }
    }
}

/// An attribute with a value that can't be used.
pub(super) fn bad_attribute(element: &str, name: &str, value: &str, expected: &str) -> RpcError {
    let message = format!("{name}=\"{value}\" is not supported; {expected}");
    RpcError::new(ErrorType::Protocol, ErrorTag::BadAttribute, message)
        .with_info("bad-attribute", name)
        .with_info("bad-element", element)
}

/// `<output>` with this text.
pub(super) fn output(text: &str) -> Element {
    Element::with_text("output", format!("\n{text}")).in_namespace(BASE_NAMESPACE)
}

impl Reply {
    /// The same in the form that was asked for.
    #[must_use]
    pub(super) fn in_format(self, format: Format) -> Self {
        match (self, format) {
            (Self::Printed(element, _), Format::Xml) => Self::Element(element),
            (Self::Printed(_, text), Format::Text) => Self::Element(output(&text)),
            (Self::Element(element), Format::Text) => {
                Self::Element(output(&render::render(&element)))
            }
            (Self::Element(element) | Self::Printed(element, _), Format::Json) => {
                Self::Text(json(&element))
            }
            (other, _) => other,
        }
    }

    /// What goes inside `<rpc-reply>`.
    pub(in crate::netconf) fn body(&self) -> String {
        match self {
            Self::Ok | Self::Bye | Self::Subscribe(_) => "<ok/>\n".to_owned(),
            Self::Element(element) | Self::Printed(element, _) => {
                let mut body = String::new();
                element.write(&mut body, Some(BASE_NAMESPACE), 0);
                body
            }
            Self::Text(text) => escaped(text),
            Self::Body(body) => body.clone(),
        }
    }
}
