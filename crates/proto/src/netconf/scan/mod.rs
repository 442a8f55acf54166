//! A scanner for XML that arrives in pieces: tags, text and names, of which it holds one tag at most.
//!
//! ```text
//!  Text ─<─▶ Lt ─!─▶ Bang ─ -- ──▶ Comment ─ --> ─▶ Text
//!   ▲         │       ├─ [CDATA[ ─▶ CData  ─ ]]> ─▶ Text
//!   │         │       └─ D ───────▶ refused (DOCTYPE)
//!   │         ├─ ? ─▶ Instruction ─ ?> ─▶ Text
//!   └── > ── Tag ◀─ anything else
//! ```
//!
//! It checks that tags nest and match, and knows the namespace of every element. It expands nothing:
//! entities and character references stay as they are, and a DOCTYPE is refused, so that the work is
//! in proportion to the bytes whatever they are. Comments and processing instructions are skipped.
//!
//! Source: XML 1.0, sections 2 and 3; Namespaces in XML 1.0; RFC 6241, section 3 (no DOCTYPE).

mod machine;
mod namespaces;
mod plain;
mod tag;
#[cfg(test)]
mod tests;

use crate::fault::Fault;

use self::machine::{Found, State};
use self::namespaces::Namespaces;
pub use self::tag::{Attribute, Attributes, Tag};

/// What a scanner accepts at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Elements inside each other.
    pub depth: usize,
    /// Bytes between `<` and `>` of one tag.
    pub tag: usize,
    /// Bytes of one element's or attribute's name.
    pub name: usize,
    /// Attributes of one element.
    pub attributes: usize,
    /// Namespace declarations in force at one place.
    pub namespaces: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 128, tag: 16 * 1024, name: 255, attributes: 64, namespaces: 256 }
    }
}

/// Why a message is not the XML that NETCONF allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// A document type declaration, which RFC 6241 forbids.
    #[error("a DOCTYPE is not allowed")]
    Doctype,
    /// `<!` is followed by something that may not stand there.
    #[error("expected a comment or CDATA after \"<!\"")]
    Markup,
    /// An element's or attribute's name is empty or holds what a name can't.
    #[error("expected a name")]
    Name,
    /// A name is longer than allowed.
    #[error("a name is longer than {limit} bytes")]
    NameLength {
        /// The most bytes allowed.
        limit: usize,
    },
    /// What follows an element's name is not `name="value"`.
    #[error("expected an attribute as name=\"value\"")]
    Attribute,
    /// One attribute stands twice.
    #[error("an attribute stands twice in one tag")]
    AttributeTwice,
    /// More attributes than allowed.
    #[error("a tag has more than {limit} attributes")]
    Attributes {
        /// The most attributes allowed.
        limit: usize,
    },
    /// A tag is longer than allowed.
    #[error("a tag is longer than {limit} bytes")]
    TagLength {
        /// The most bytes allowed.
        limit: usize,
    },
    /// Elements are nested deeper than allowed.
    #[error("elements are nested deeper than {limit}")]
    Depth {
        /// The most elements inside each other.
        limit: usize,
    },
    /// More namespace declarations in force than allowed.
    #[error("more than {limit} namespace declarations in force")]
    Namespaces {
        /// The most declarations allowed.
        limit: usize,
    },
    /// A prefix has no declaration.
    #[error("a namespace prefix is not declared")]
    Prefix,
    /// An end tag doesn't belong to the element that is open.
    #[error("an end tag does not match its start tag")]
    EndTag,
    /// Text or CDATA outside the root element.
    #[error("expected an element but found text outside the root element")]
    TextOutsideRoot,
    /// A control character or another that XML does not have.
    #[error("a character that XML does not allow")]
    Character,
    /// A second root element.
    #[error("expected the end of the message after the root element")]
    SecondRoot,
    /// The message ended before its root element did.
    #[error("message ends before its root element does")]
    Incomplete,
    /// Not UTF-8.
    #[error("text is not UTF-8")]
    Utf8,
    /// An entity that XML doesn't define itself, or a reference to no character.
    #[error("an entity or character reference is not known")]
    Entity,
    /// More elements than allowed.
    #[error("message has more than {limit} elements")]
    Elements {
        /// The most elements allowed.
        limit: usize,
    },
}

impl XmlError {
    /// The stable name of this error.
    pub fn code(self) -> &'static str {
        match self {
            Self::Doctype => "xml-doctype",
            Self::Markup => "xml-markup",
            Self::Name => "xml-name",
            Self::NameLength { .. } => "xml-name-length",
            Self::Attribute => "xml-attribute",
            Self::AttributeTwice => "xml-attribute-twice",
            Self::Attributes { .. } => "xml-attributes",
            Self::TagLength { .. } => "xml-tag-length",
            Self::Depth { .. } => "xml-depth",
            Self::Namespaces { .. } => "xml-namespaces",
            Self::Prefix => "xml-prefix",
            Self::EndTag => "xml-end-tag",
            Self::TextOutsideRoot => "xml-text-outside-root",
            Self::Character => "xml-character",
            Self::SecondRoot => "xml-second-root",
            Self::Incomplete => "xml-incomplete",
            Self::Utf8 => "xml-utf8",
            Self::Entity => "xml-entity",
            Self::Elements { .. } => "xml-elements",
        }
    }

    /// Who must act: whoever wrote the XML.
    pub fn fault(self) -> Fault {
        Fault::Peer
    }
}

/// What the scanner found next.
#[derive(Debug)]
pub enum Token<'a> {
    /// An element begins; `<a/>` gives this and then [`Token::End`].
    Start(Tag<'a>),
    /// The element opened last ends.
    End,
    /// A piece of text as it stands, references unresolved; a run of text may come in many pieces.
    Text(&'a [u8]),
    /// A piece of a CDATA section's content.
    CData(&'a [u8]),
}

/// Scans one XML document that arrives in pieces.
#[derive(Debug)]
pub struct Scanner {
    limits: Limits,
    state: State,
    /// The part of a tag that came in earlier pieces.
    buffer: Vec<u8>,
    /// The tag in `buffer` was handed out and may be forgotten.
    buffer_is_spent: bool,
    /// `<a/>` was handed out as a start; its end is due.
    end_is_due: bool,
    /// The names of the open elements, one after the other.
    names: Vec<u8>,
    /// Where in `names` each one begins.
    starts: Vec<usize>,
    namespaces: Namespaces,
    root_has_ended: bool,
}

impl Default for Scanner {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Scanner {
    /// A scanner at the start of a document.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            state: State::default(),
            buffer: Vec::new(),
            buffer_is_spent: false,
            end_is_due: false,
            names: Vec::new(),
            starts: Vec::new(),
            namespaces: Namespaces::default(),
            root_has_ended: false,
        }
    }

    /// Takes bytes off the front of `input` and says what they are; `None` when `input` is used up.
    ///
    /// # Errors
    /// An [`XmlError`] is final: the scanner must not be used after it.
    pub fn next<'s, 'i: 's>(
        &'s mut self,
        input: &mut &'i [u8],
    ) -> Result<Option<Token<'s>>, XmlError> {
        let Some(found) = self.advance(input)? else {
            return Ok(None);
        };
        Ok(Some(match found {
            Found::Start(body, name) => {
                let body = body.unwrap_or(&self.buffer);
                Token::Start(Tag::new(body, name, &self.namespaces))
            }
            Found::End => Token::End,
            Found::Text(text) => Token::Text(text),
            Found::CData(data) => Token::CData(data),
        }))
    }

    /// How many elements are open, the one that just began included.
    pub fn depth(&self) -> usize {
        self.starts.len()
    }

    /// Whether the root element has ended.
    pub fn root_has_ended(&self) -> bool {
        self.root_has_ended && !self.end_is_due
    }

    /// Checks that the document may end here.
    ///
    /// # Errors
    /// [`XmlError::Incomplete`] if it may not.
    pub fn finish(&self) -> Result<(), XmlError> {
        let complete = self.root_has_ended() && matches!(self.state, State::Text);
        if complete { Ok(()) } else { Err(XmlError::Incomplete) }
    }
}
