//! One `<rpc>` on its way to the device: read, checked and written anew.
//!
//! ```text
//!   <rpc message-id="7" …>          depth 1   attributes go into the reply
//!     <get-config>                  depth 2   the operation: exactly one
//!       <source><running/></source> depth 3, 4: the datastore
//! ```
//!
//! Source: RFC 6241, sections 3, 4.1 and 7.

use super::canon::{Canon, name_of};
use super::operation::Operation;
use crate::excerpt::Excerpt;
use crate::fault::Fault;
use crate::netconf::BASE_NAMESPACE;
use crate::netconf::error::{ErrorTag, ErrorType, RpcError};
use crate::netconf::framing::Framing;
use crate::netconf::scan::{Limits, Scanner, Tag, Token, XmlError};
use crate::netconf::text::unescape;

/// Why a message is not passed on to the device, whoever sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Not the XML that NETCONF allows.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// Another message than `<rpc>`.
    #[error("expected <rpc> but found <{0}>")]
    NotRpc(Excerpt),
    /// `<rpc>` holds no operation.
    #[error("expected an operation in <rpc>")]
    NoOperation,
    /// `<rpc>` holds text beside its operation.
    #[error("expected an operation in <rpc> but found text")]
    Text,
    /// `<rpc>` holds a second element.
    #[error("expected one operation in <rpc> but found <{0}> as well")]
    SecondOperation(Excerpt),
    /// `<rpc>` holds another `<rpc>`.
    #[error("expected an operation in <rpc>, not another <rpc>")]
    NestedRpc,
    /// What must be known of it to judge it did not come early enough.
    #[error("expected a message of at most {limit} bytes for this operation")]
    TooBig {
        /// The most bytes.
        limit: u64,
    },
}

impl Malformed {
    /// The stable name of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Xml(error) => error.code(),
            Self::NotRpc(_) => "netconf-not-rpc",
            Self::NoOperation => "rpc-no-operation",
            Self::Text => "rpc-text",
            Self::SecondOperation(_) => "rpc-second-operation",
            Self::NestedRpc => "rpc-in-rpc",
            Self::TooBig { .. } => "rpc-too-big",
        }
    }

    /// Who must act: whoever sent the message.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::Operator
    }

    /// What to answer; `malformed-message` is unknown to base:1.0.
    pub(super) fn answer(&self, framing: Framing) -> RpcError {
        let message = self.to_string();
        match self {
            Self::Xml(_) | Self::Text => {
                let tag = match framing {
                    Framing::Chunked => ErrorTag::MalformedMessage,
                    Framing::EndOfMessage => ErrorTag::OperationFailed,
                };
                RpcError::new(ErrorType::Rpc, tag, message)
            }
            Self::NotRpc(name) => {
                RpcError::new(ErrorType::Protocol, ErrorTag::OperationNotSupported, message)
                    .with_info("bad-element", name.as_str())
            }
            Self::NoOperation => RpcError::missing_element("operation"),
            Self::SecondOperation(name) => RpcError::bad_element(name.as_str(), message),
            Self::NestedRpc => RpcError::bad_element("rpc", message),
            Self::TooBig { .. } => RpcError::new(ErrorType::Rpc, ErrorTag::TooBig, message),
        }
    }
}

/// What the text of an open element is kept for.
#[derive(Debug, Clone, Copy)]
enum Kept {
    Operation,
    Datastore,
}

/// One `<rpc>`, as far as it was read.
#[derive(Debug, Default)]
pub(super) struct Request {
    scanner: Scanner,
    canon: Canon,
    /// What was written anew and not yet taken.
    written: Vec<u8>,
    bytes: u64,
    attributes: Vec<(String, String)>,
    operation: Operation,
    /// Whether anything but blanks has come.
    has_begun: bool,
    /// The name of the operation's child that is open.
    part: String,
    /// The element whose text is kept, and where in `written` it begins.
    kept: Option<(Kept, usize)>,
}

impl Request {
    /// A request that will be this message of its channel.
    pub(super) fn new(number: u64, limits: Limits) -> Self {
        let operation = Operation { number, ..Operation::default() };
        Self { scanner: Scanner::new(limits), operation, ..Self::default() }
    }

    /// Takes the next piece of the message.
    ///
    /// # Errors
    /// [`Malformed`]; final.
    pub(super) fn data(&mut self, mut input: &[u8]) -> Result<(), Malformed> {
        self.bytes = self.bytes.saturating_add(input.len() as u64);
        self.has_begun |= !input.trim_ascii().is_empty();
        loop {
            let depth = self.scanner.depth();
            let Some(token) = self.scanner.next(&mut input)? else {
                return Ok(());
            };
            match token {
                Token::Start(tag) => {
                    let facts = Start::of(&tag, depth)?;
                    self.canon.start(&tag, &mut self.written)?;
                    self.start(facts)?;
                }
                Token::End => {
                    self.keep_text(depth)?;
                    self.canon.end(&mut self.written)?;
                }
                Token::Text(text) if depth == 1 && !text.trim_ascii().is_empty() => {
                    return Err(Malformed::Text);
                }
                Token::CData(_) if depth == 1 => return Err(Malformed::Text),
                Token::Text(text) => self.canon.text(text, &mut self.written)?,
                Token::CData(text) => self.canon.cdata(text, &mut self.written)?,
            }
        }
    }

    fn start(&mut self, start: Start) -> Result<(), Malformed> {
        let kept_from = self.written.len();
        let operation = &mut self.operation;
        self.kept = None;
        match start {
            Start::Rpc { attributes } => {
                let id = attributes.iter().find(|(name, _)| name == "message-id");
                operation.message_id = id.map(|(_, value)| value.clone());
                self.attributes = attributes;
            }
            Start::Operation { name, .. } if !operation.name.is_empty() => {
                return Err(Malformed::SecondOperation(Excerpt::new(name)));
            }
            Start::Operation { name, .. } if name == "rpc" => return Err(Malformed::NestedRpc),
            Start::Operation { name, namespace, attributes } => {
                operation.name = name;
                operation.namespace = namespace;
                operation.attributes = attributes;
                self.kept = Some((Kept::Operation, kept_from));
            }
            Start::Part(name) => {
                if name == "datastore" {
                    self.kept = Some((Kept::Datastore, kept_from));
                }
                self.part = name;
            }
            Start::InPart(name) if matches!(self.part.as_str(), "source" | "target") => {
                operation.add_datastore(&self.part, &name);
            }
            Start::InPart(_) | Start::Deep => {}
        }
        Ok(())
    }

    /// An element ends at this depth: its text may be worth keeping.
    fn keep_text(&mut self, depth: usize) -> Result<(), XmlError> {
        let Some((kept, from)) = self.kept.take() else {
            return Ok(());
        };
        let text = unescape(self.written.get(from..).unwrap_or_default())?;
        let operation = &mut self.operation;
        match (kept, depth) {
            (Kept::Operation, 2) => operation.text = Some(text),
            (Kept::Datastore, 3) => {
                let name = text.trim();
                operation.add_datastore("datastore", name.rsplit(':').next().unwrap_or(name));
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether anything but blanks has come.
    pub(super) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Bytes of it so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The attributes that its reply carries.
    pub(super) fn attributes(&self) -> &[(String, String)] {
        &self.attributes
    }

    /// What it asks for, as far as that is known.
    pub(super) fn operation(&self) -> &Operation {
        &self.operation
    }

    /// The message is complete.
    ///
    /// # Errors
    /// [`Malformed`]: it must not be.
    pub(super) fn finish(&mut self) -> Result<(), Malformed> {
        self.scanner.finish()?;
        if self.operation.name.is_empty() {
            return Err(Malformed::NoOperation);
        }
        self.operation.is_whole = true;
        Ok(())
    }

    /// What was written anew since the last time.
    pub(super) fn take_written(&mut self) -> Vec<u8> {
        self.kept = None;
        std::mem::take(&mut self.written)
    }
}

/// What a start tag means at its depth.
enum Start {
    Rpc { attributes: Vec<(String, String)> },
    Operation { name: String, namespace: Option<String>, attributes: Vec<(String, String)> },
    Part(String),
    InPart(String),
    Deep,
}

impl Start {
    fn of(tag: &Tag<'_>, depth: usize) -> Result<Self, Malformed> {
        let name = || String::from_utf8_lossy(tag.local_name()).into_owned();
        Ok(match depth {
            0 if tag.is(BASE_NAMESPACE, "rpc") => {
                Self::Rpc { attributes: attributes_of(tag, false)? }
            }
            0 => return Err(Malformed::NotRpc(Excerpt::new(name_of(tag.body())))),
            1 => {
                let namespace = tag.namespace().map(unescape).transpose()?;
                Self::Operation { name: name(), namespace, attributes: attributes_of(tag, true)? }
            }
            2 => Self::Part(name()),
            3 => Self::InPart(name()),
            _ => Self::Deep,
        })
    }
}

/// The attributes of a tag, without the default namespace, and without any if `plain`.
fn attributes_of(tag: &Tag<'_>, plain: bool) -> Result<Vec<(String, String)>, XmlError> {
    let mut all = Vec::new();
    for attribute in tag.attributes() {
        let attribute = attribute?;
        match attribute.declared_prefix() {
            Some(b"") => {}
            Some(_) if plain => {}
            _ => {
                let name = String::from_utf8_lossy(attribute.name).into_owned();
                all.push((name, unescape(attribute.value)?));
            }
        }
    }
    Ok(all)
}

/// Reads one operation that is at hand as a whole, and writes it anew.
///
/// # Errors
/// [`Malformed`].
pub fn read_operation(text: &[u8], limits: Limits) -> Result<(Operation, Vec<u8>), Malformed> {
    const HEAD: &[u8] = b"<rpc>";
    const TAIL: &[u8] = b"</rpc>";
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text).trim_ascii();
    let mut request = Request::new(1, limits);
    request.data(HEAD)?;
    request.data(text)?;
    request.data(TAIL)?;
    request.finish()?;
    let mut written = request.take_written();
    written.truncate(written.len().saturating_sub(TAIL.len()));
    written.drain(..HEAD.len().min(written.len()));
    Ok((request.operation, written))
}
