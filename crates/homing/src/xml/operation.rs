//! The operation inside an `<rpc>`: built from a name and arguments, or checked as typed.
//!
//! ```text
//!   get-interface-information --arg interface-name=ge-0/0/0 --arg terse
//!     ──▶  <get-interface-information><interface-name>ge-0/0/0</interface-name><terse/></get-interface-information>
//!   <rpc message-id="7"><get/></rpc>  ──▶  <get/>       (the gateway adds the envelope)
//! ```
//!
//! Source: RFC 6241 §4.1; Junos, *Mapping Commands to Junos XML Request Tags* (`<command>`).

use quick_xml::Reader;
use quick_xml::escape::escape;
use quick_xml::events::{BytesStart, Event};
use thiserror::Error;

/// The namespace of NETCONF's own elements.
const BASE: &str = "urn:ietf:params:xml:ns:netconf:base:1.0";

/// Why a text is not an operation that a device could be asked.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum OperationError {
    /// Nothing there.
    #[error("the operation is empty: expected an XML element or the name of an RPC")]
    Empty,
    /// The XML parser's words.
    #[error("not well-formed XML at byte {at}: {reason}")]
    Malformed {
        /// Offset of the error.
        at: u64,
        /// What is wrong there.
        reason: String,
    },
    /// Ended inside an element.
    #[error("the XML ends inside <{0}>: expected </{0}>")]
    Unfinished(String),
    /// Text, a second element or anything else outside the one element.
    #[error("expected exactly one element, found {0} outside it")]
    NotOneElement(&'static str),
    /// An envelope with attributes of its own.
    #[error(
        "the <rpc> has the attribute {0}, which Homing would lose: leave out the <rpc> around it"
    )]
    Envelope(String),
    /// Not a name XML allows.
    #[error("{0:?} is not the name of an RPC or argument: expected letters, digits, '-', '.', '_'")]
    Name(String),
    /// A control character XML 1.0 cannot carry.
    #[error("XML cannot carry the control character {0:?}")]
    Character(char),
}

/// `<name><argument>value</argument><flag/></name>`, each value escaped.
///
/// # Errors
/// When a name is none, or a value holds what XML cannot carry.
pub(crate) fn from_name(name: &str, arguments: &[String]) -> Result<String, OperationError> {
    check_name(name)?;
    let mut inside = String::new();
    for argument in arguments {
        inside += &match argument.split_once('=') {
            Some((argument, value)) => element(argument, &text(value)?)?,
            None => element(argument, "")?,
        };
    }
    element(name, &inside)
}

/// Junos's `<command>`: what one would type at its prompt, answered as text.
///
/// # Errors
/// When the command holds what XML cannot carry.
pub(crate) fn command(command: &str) -> Result<String, OperationError> {
    Ok(format!("<command format=\"text\">{}</command>", text(command)?))
}

/// `<get-config>` of a datastore, with a subtree filter.
///
/// # Errors
/// When the filter is not well-formed.
pub(crate) fn get_config(source: &str, filter: Option<&str>) -> Result<String, OperationError> {
    let source = element(source, "")?;
    let filter = match filter {
        Some(filter) => format!("<filter type=\"subtree\">{}</filter>", check(filter)?.inner()),
        None => String::new(),
    };
    Ok(format!("<get-config><source>{source}</source>{filter}</get-config>"))
}

/// An operation as typed or read from a file, without XML declaration and `<rpc>` envelope.
///
/// # Errors
/// When it is not exactly one well-formed element.
pub(crate) fn from_xml(xml: &str) -> Result<String, OperationError> {
    let found = check(xml)?;
    if !found.is_envelope {
        return Ok(found.inner().to_owned());
    }
    match check(found.content)?.inner() {
        "" => Err(OperationError::Empty),
        operation => Ok(operation.to_owned()),
    }
}

/// The one element of a checked text.
struct Checked<'x> {
    /// From its `<` to its `>`.
    element: &'x str,
    /// What is between its tags.
    content: &'x str,
    /// It is `<rpc>` and carries nothing that would be lost without it.
    is_envelope: bool,
}

impl<'x> Checked<'x> {
    fn inner(&self) -> &'x str {
        self.element
    }
}

/// Where the one element and its content begin and end.
#[derive(Default)]
struct Bounds {
    element: Option<(u64, u64)>,
    content: (u64, u64),
    is_envelope: bool,
}

/// Reads the whole text: well-formed, one element, no DTD.
fn check(xml: &str) -> Result<Checked<'_>, OperationError> {
    let mut reader = Reader::from_str(xml);
    let mut open: Vec<String> = Vec::new();
    let mut bounds = Bounds::default();
    loop {
        let from = reader.buffer_position();
        let event = reader.read_event().map_err(|e| malformed(reader.error_position(), &e))?;
        let to = reader.buffer_position();
        match event {
            Event::Eof => break,
            Event::Start(tag) => {
                if open.is_empty() {
                    bounds.begin(&tag, from, to)?;
                }
                check_attributes(&tag, from)?;
                open.push(name_of(&tag));
            }
            Event::Empty(tag) => {
                if open.is_empty() {
                    bounds.begin(&tag, from, to)?;
                    bounds.end(to, to);
                }
                check_attributes(&tag, from)?;
            }
            Event::End(_) => {
                open.pop();
                if open.is_empty() {
                    bounds.end(from, to);
                }
            }
            other => check_other(&other, !open.is_empty(), from)?,
        }
    }
    match open.pop() {
        Some(name) => Err(OperationError::Unfinished(name)),
        None => bounds.cut(xml),
    }
}

impl Bounds {
    fn begin(&mut self, tag: &BytesStart<'_>, from: u64, to: u64) -> Result<(), OperationError> {
        if self.element.is_some() {
            return Err(OperationError::NotOneElement("a second element"));
        }
        self.is_envelope = is_envelope(tag)?;
        self.element = Some((from, to));
        self.content = (to, to);
        Ok(())
    }

    fn end(&mut self, from: u64, to: u64) {
        self.content.1 = from;
        if let Some((_, end)) = &mut self.element {
            *end = to;
        }
    }

    fn cut(self, xml: &str) -> Result<Checked<'_>, OperationError> {
        let cut = |(from, to): (u64, u64)| {
            xml.get(usize::try_from(from).ok()?..usize::try_from(to).ok()?)
        };
        let element = self.element.and_then(cut).ok_or(OperationError::Empty)?;
        let content = cut(self.content).unwrap_or_default();
        Ok(Checked { element, content, is_envelope: self.is_envelope })
    }
}

/// Everything that is not a tag.
fn check_other(event: &Event<'_>, inside: bool, at: u64) -> Result<(), OperationError> {
    let refused = |reason: &str| OperationError::Malformed { at, reason: reason.to_owned() };
    match event {
        Event::DocType(_) => Err(refused("a DOCTYPE is not allowed in NETCONF")),
        Event::GeneralRef(entity) => {
            let name: &str = entity;
            let known = matches!(name, "amp" | "lt" | "gt" | "quot" | "apos");
            match (known || entity.is_char_ref(), inside) {
                (false, _) => Err(refused("an entity that XML does not define")),
                (true, false) => Err(OperationError::NotOneElement("text")),
                (true, true) => Ok(()),
            }
        }
        Event::Text(text) if !inside && !text.trim().is_empty() => {
            Err(OperationError::NotOneElement("text"))
        }
        Event::CData(_) if !inside => Err(OperationError::NotOneElement("text")),
        _ => Ok(()),
    }
}

/// Quoted, and each only once.
fn check_attributes(tag: &BytesStart<'_>, at: u64) -> Result<(), OperationError> {
    match tag.attributes().find_map(Result::err) {
        Some(error) => Err(malformed(at, &error)),
        None => Ok(()),
    }
}

/// An `<rpc>` of NETCONF; one with foreign attributes cannot be unwrapped without loss.
fn is_envelope(tag: &BytesStart<'_>) -> Result<bool, OperationError> {
    if tag.local_name().as_ref() != "rpc" {
        return Ok(false);
    }
    for attribute in tag.attributes().flatten() {
        let is_lost = match attribute.key.as_ref() {
            "message-id" => false,
            "xmlns" => attribute.value.as_ref() != BASE,
            _ => true,
        };
        if is_lost {
            return Err(OperationError::Envelope(attribute.key.as_ref().to_owned()));
        }
    }
    Ok(true)
}

fn name_of(tag: &BytesStart<'_>) -> String {
    tag.name().as_ref().to_owned()
}

fn malformed(at: u64, reason: &dyn std::fmt::Display) -> OperationError {
    OperationError::Malformed { at, reason: reason.to_string() }
}

fn element(name: &str, inside: &str) -> Result<String, OperationError> {
    check_name(name)?;
    Ok(match inside {
        "" => format!("<{name}/>"),
        inside => format!("<{name}>{inside}</{name}>"),
    })
}

fn text(value: &str) -> Result<String, OperationError> {
    let forbidden =
        |c: &char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{7f}'..='\u{9f}');
    match value.chars().find(forbidden) {
        Some(c) => Err(OperationError::Character(c)),
        None => Ok(escape(value).into_owned()),
    }
}

fn check_name(name: &str) -> Result<(), OperationError> {
    let mut chars = name.chars();
    let starts = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    let goes_on = chars.all(|c| c.is_alphanumeric() || matches!(c, '-' | '.' | '_' | ':'));
    match starts && goes_on {
        true => Ok(()),
        false => Err(OperationError::Name(name.to_owned())),
    }
}

#[cfg(test)]
mod tests;
