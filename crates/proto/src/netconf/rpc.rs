//! `<rpc>`: one request, as the client composes it and the server reads it.
//!
//! ```text
//!   <rpc message-id="7" xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" …>
//!     <get-config>…</get-config>                       exactly one operation
//!   </rpc>
//! ```
//!
//! Source: RFC 6241, sections 4.1 and 4.2.

use super::BASE_NAMESPACE;
use super::element::Element;
use super::error::RpcError;
use super::scan::{Limits, Scanner, Token, XmlError};
use super::text::{escape, escaped};
use crate::fault::Fault;

/// What a client asks for: the one element inside `<rpc>`, checked and ready to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation<'a> {
    name: &'a str,
    body: &'a [u8],
}

/// Why some text is not an operation that may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OperationError {
    /// Not well-formed.
    #[error("operation: {0}")]
    Xml(#[from] XmlError),
    /// The text is a whole message.
    #[error("expected the element inside <rpc>, not <rpc> itself")]
    Rpc,
}

impl OperationError {
    /// The stable name of this error.
    pub fn code(self) -> &'static str {
        match self {
            Self::Xml(_) => "operation-malformed",
            Self::Rpc => "operation-is-rpc",
        }
    }

    /// Who must act.
    pub fn fault(self) -> Fault {
        Fault::Operator
    }
}

impl<'a> Operation<'a> {
    /// Checks that `text` is exactly one well-formed element, so that nothing else can be hidden in
    /// it; an XML declaration before it is taken off.
    ///
    /// # Errors
    /// [`OperationError`].
    pub fn new(text: &'a [u8]) -> Result<Self, OperationError> {
        let body = without_declaration(text);
        let mut scanner = Scanner::new(Limits::default());
        let mut input = body;
        let mut name = "";
        loop {
            let outside = scanner.depth() == 0;
            match scanner.next(&mut input)? {
                Some(Token::Start(tag)) if outside => {
                    let local = tag.local_name();
                    if local == b"rpc" {
                        return Err(OperationError::Rpc);
                    }
                    name = named(body, local)?;
                }
                Some(_) => {}
                None => break,
            }
        }
        scanner.finish()?;
        Ok(Self { name, body })
    }

    /// The element's name without prefix.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// The whole message.
    pub fn compose(&self, message_id: &str) -> Vec<u8> {
        let head =
            format!("<rpc xmlns=\"{BASE_NAMESPACE}\" message-id=\"{}\">", escaped(message_id));
        [head.as_bytes(), self.body, b"</rpc>"].concat()
    }
}

fn without_declaration(text: &[u8]) -> &[u8] {
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text).trim_ascii();
    let Some(rest) = text.strip_prefix(b"<?xml") else {
        return text;
    };
    match memchr::memmem::find(rest, b"?>") {
        Some(end) => rest.get(end + 2..).unwrap_or_default().trim_ascii_start(),
        None => text,
    }
}

/// The very slice of `body` that is `local`, which the scanner may have copied.
fn named<'a>(body: &'a [u8], local: &[u8]) -> Result<&'a str, XmlError> {
    let start = memchr::memmem::find(body, local).ok_or(XmlError::Name)?;
    let name = body.get(start..start + local.len()).unwrap_or_default();
    std::str::from_utf8(name).map_err(|_| XmlError::Utf8)
}

/// A request as the server read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rpc {
    /// The attributes of `<rpc>`, which its reply must carry too.
    pub attributes: Vec<(String, String)>,
    /// The operation.
    pub operation: Element,
}

/// A request that can't be carried out as a message, and what to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The attributes of `<rpc>`, as far as they are known.
    pub attributes: Vec<(String, String)>,
    /// The answer.
    pub error: RpcError,
}

impl Rpc {
    /// Reads the root element of a message.
    ///
    /// # Errors
    /// [`Refused`]: a message that is no `<rpc>`, has no message-id or not exactly one operation.
    pub fn from_element(mut root: Element) -> Result<Self, Box<Refused>> {
        let refused = |attributes, error| Err(Box::new(Refused { attributes, error }));
        let in_base = root.namespace.as_deref().is_none_or(|own| own == BASE_NAMESPACE);
        if root.name != "rpc" || !in_base {
            let error = RpcError::operation_not_supported(&root.name);
            return refused(Vec::new(), error);
        }
        let attributes = std::mem::take(&mut root.attributes);
        if !attributes.iter().any(|(name, _)| name == "message-id") {
            return refused(attributes, RpcError::missing_attribute("rpc", "message-id"));
        }
        let mut operations = root.children.into_iter();
        match (operations.next(), operations.next()) {
            (Some(operation), None) => Ok(Self { attributes, operation }),
            (None, _) => refused(attributes, RpcError::missing_element("operation")),
            (Some(_), Some(second)) => {
                let message = "expected exactly one operation in rpc";
                refused(attributes, RpcError::bad_element(&second.name, message))
            }
        }
    }
}

/// The start tag of the reply to a request with these attributes.
pub fn reply_start(attributes: &[(String, String)]) -> String {
    let mut out = format!("<rpc-reply xmlns=\"{BASE_NAMESPACE}\"");
    for (name, value) in attributes {
        out.push_str(&format!(" {name}=\""));
        escape(value, &mut out);
        out.push('"');
    }
    out.push_str(">\n");
    out
}

/// The end tag of every reply.
pub const REPLY_END: &str = "</rpc-reply>\n";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netconf::error::ErrorTag;

    fn read(text: &str) -> Result<Rpc, Box<Refused>> {
        Rpc::from_element(Element::parse(text.as_bytes(), Limits::default(), 100).unwrap())
    }

    #[test]
    fn an_operation_is_wrapped_without_its_declaration() {
        let operation =
            Operation::new(b"\n<?xml version='1.0'?>\n<!-- x --><a:get xmlns:a='u'/>\n").unwrap();
        assert_eq!(operation.name(), "get");
        let message = operation.compose("7\"");
        assert_eq!(
            String::from_utf8(message).unwrap(),
            format!(
                "<rpc xmlns=\"{BASE_NAMESPACE}\" message-id=\"7&quot;\"><!-- x --><a:get xmlns:a='u'/></rpc>"
            )
        );
    }

    #[test]
    fn nothing_can_be_smuggled_in_an_operation() {
        for text in [
            "<get/></rpc><rpc><kill-session/>",
            "<get/><get/>",
            "<get/></rpc>]]>]]><rpc message-id='1'><get/>",
            "<get><!--</get>-->",
            "",
            "text",
            "<!DOCTYPE x><get/>",
            "<get>",
        ] {
            assert!(
                matches!(Operation::new(text.as_bytes()), Err(OperationError::Xml(_))),
                "{text}"
            );
        }
        assert_eq!(Operation::new(b"<rpc><get/></rpc>"), Err(OperationError::Rpc));
    }

    #[test]
    fn a_request_keeps_its_attributes_for_the_reply() {
        let rpc = read(
            "<nc:rpc xmlns:nc='urn:ietf:params:xml:ns:netconf:base:1.0' message-id='urn:uuid:1' x='&lt;'>\
             <get-config/></nc:rpc>",
        )
        .unwrap();
        assert_eq!(rpc.operation.name, "get-config");
        let start = reply_start(&rpc.attributes);
        assert!(start.contains(" message-id=\"urn:uuid:1\" x=\"&lt;\">"), "{start}");
        assert!(start.contains(" xmlns:nc=\""), "{start}");
    }

    #[test]
    fn what_is_no_request_is_answered_with_the_right_tag() {
        let tag = |text| read(text).unwrap_err().error.tag;
        assert_eq!(tag("<rpc><get/></rpc>"), ErrorTag::MissingAttribute);
        assert_eq!(tag("<rpc message-id='1'/>"), ErrorTag::MissingElement);
        assert_eq!(tag("<rpc message-id='1'><a/><b/></rpc>"), ErrorTag::BadElement);
        assert_eq!(tag("<get/>"), ErrorTag::OperationNotSupported);
        assert_eq!(
            tag("<rpc xmlns='urn:x' message-id='1'><a/></rpc>"),
            ErrorTag::OperationNotSupported
        );
    }
}
