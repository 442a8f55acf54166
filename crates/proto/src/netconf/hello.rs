//! The `<hello>` with which both ends of a session say what they can do.
//!
//! ```text
//!   <!-- No zombies were killed … -->                  Junos: comments may come first
//!   <hello xmlns="urn:ietf:params:xml:ns:netconf:base:1.0">
//!     <capabilities>
//!       <capability>urn:ietf:params:netconf:base:1.1</capability> …
//!     </capabilities>
//!     <session-id>4</session-id>                       from the server only
//!   </hello>]]>]]>
//! ```
//!
//! Source: RFC 6241, section 8.1; RFC 6242, section 4.1.

use super::capability::Capabilities;
use super::framing::Framing;
use super::scan::{Scanner, Token, XmlError};
use super::text::{escape, unescape};
use super::{BASE_NAMESPACE, capability};
use crate::fault::Fault;

/// The most bytes a `<hello>` may have: devices with hundreds of YANG modules stay well below.
pub const LIMIT: u64 = 1024 * 1024;

/// The most capabilities of one `<hello>`.
const MOST_CAPABILITIES: usize = 8192;

/// The most bytes of one capability.
const LONGEST_CAPABILITY: usize = 4096;

/// The most bytes of its XML: a character takes up to six, such as `&quot;`.
const LONGEST_TEXT: usize = 6 * LONGEST_CAPABILITY;

/// What one end says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hello {
    /// What it can do.
    pub capabilities: Capabilities,
    /// The session's number, from the server; some devices leave it away.
    pub session_id: Option<u32>,
}

/// Why a `<hello>` can't begin a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HelloError {
    /// Not the XML that NETCONF allows.
    #[error("hello: {0}")]
    Xml(#[from] XmlError),
    /// Another message came.
    #[error("expected <hello> as the first message")]
    NotHello,
    /// More or longer capabilities than we keep.
    #[error(
        "hello has more than {MOST_CAPABILITIES} capabilities or one over {LONGEST_CAPABILITY} bytes"
    )]
    Capabilities,
    /// The session-id is not a number above 0.
    #[error("hello: expected a number between 1 and 4294967295 as session-id")]
    SessionId,
    /// A client sent a session-id, which only a server may.
    #[error("hello: a client must not send a session-id")]
    SessionIdOfClient,
    /// No version in common.
    #[error("hello: expected the capability base:1.0 or base:1.1")]
    NoCommonBase,
}

impl HelloError {
    /// The stable name of this error.
    pub fn code(self) -> &'static str {
        match self {
            Self::Xml(_) => "netconf-hello-malformed",
            Self::NotHello => "netconf-hello-missing",
            Self::Capabilities => "netconf-hello-capabilities",
            Self::SessionId | Self::SessionIdOfClient => "netconf-hello-session-id",
            Self::NoCommonBase => "netconf-hello-no-common-base",
        }
    }

    /// Who must act.
    pub fn fault(self) -> Fault {
        Fault::Peer
    }
}

impl Hello {
    /// The message, without framing.
    pub fn compose(&self) -> String {
        let mut out = format!("<hello xmlns=\"{BASE_NAMESPACE}\">\n  <capabilities>\n");
        for capability in self.capabilities.iter() {
            out.push_str("    <capability>");
            escape(capability, &mut out);
            out.push_str("</capability>\n");
        }
        out.push_str("  </capabilities>\n");
        if let Some(session_id) = self.session_id {
            out.push_str(&format!("  <session-id>{session_id}</session-id>\n"));
        }
        out.push_str("</hello>\n");
        out
    }

    /// Parses a message that is at hand as a whole.
    ///
    /// # Errors
    /// [`HelloError`].
    pub fn parse(message: &[u8]) -> Result<Self, HelloError> {
        let mut reader = Reader::default();
        reader.data(message)?;
        reader.finish()
    }

    /// The framing of the messages that follow this and `other`: the newest that both know.
    ///
    /// # Errors
    /// [`HelloError::NoCommonBase`].
    pub fn framing_with(&self, other: &Self) -> Result<Framing, HelloError> {
        let both = |name| self.capabilities.has(name) && other.capabilities.has(name);
        match (both(capability::BASE_1_1), both(capability::BASE_1_0)) {
            (true, _) => Ok(Framing::Chunked),
            (_, true) => Ok(Framing::EndOfMessage),
            _ => Err(HelloError::NoCommonBase),
        }
    }
}

/// Reads a `<hello>` that arrives in pieces.
#[derive(Debug, Default)]
pub struct Reader {
    scanner: Scanner,
    hello: Hello,
    field: Option<Field>,
    text: Vec<u8>,
    /// Whether `<capabilities>` is open.
    in_capabilities: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Capability,
    SessionId,
}

impl Reader {
    /// Takes the next piece of the message.
    ///
    /// # Errors
    /// [`HelloError`]; final.
    pub fn data(&mut self, mut input: &[u8]) -> Result<(), HelloError> {
        loop {
            let depth = self.scanner.depth();
            match self.scanner.next(&mut input)? {
                None => return Ok(()),
                Some(Token::Start(tag)) => {
                    self.text.clear();
                    match depth {
                        0 if !tag.is(BASE_NAMESPACE, "hello") => return Err(HelloError::NotHello),
                        0 => {}
                        1 => {
                            self.in_capabilities = tag.is(BASE_NAMESPACE, "capabilities");
                            let session_id = tag.is(BASE_NAMESPACE, "session-id");
                            self.field = session_id.then_some(Field::SessionId);
                        }
                        2 if self.in_capabilities && tag.is(BASE_NAMESPACE, "capability") => {
                            self.field = Some(Field::Capability);
                        }
                        _ => self.field = None,
                    }
                }
                Some(Token::Text(piece) | Token::CData(piece)) if self.field.is_some() => {
                    if self.text.len() + piece.len() > LONGEST_TEXT {
                        return Err(HelloError::Capabilities);
                    }
                    self.text.extend_from_slice(piece);
                }
                Some(Token::Text(_) | Token::CData(_)) => {}
                Some(Token::End) => self.end()?,
            }
        }
    }

    fn end(&mut self) -> Result<(), HelloError> {
        let Some(field) = self.field.take() else {
            return Ok(());
        };
        let text = unescape(&std::mem::take(&mut self.text))?;
        let text = text.trim();
        match field {
            Field::Capability if text.is_empty() => {}
            Field::Capability => {
                let is_long = text.len() > LONGEST_CAPABILITY;
                if is_long || self.hello.capabilities.len() == MOST_CAPABILITIES {
                    return Err(HelloError::Capabilities);
                }
                self.hello.capabilities.add(text);
            }
            Field::SessionId => {
                let number = text.parse().ok().filter(|&number| number > 0);
                self.hello.session_id = Some(number.ok_or(HelloError::SessionId)?);
            }
        }
        Ok(())
    }

    /// What was said, if the message is complete.
    ///
    /// # Errors
    /// [`HelloError`].
    pub fn finish(self) -> Result<Hello, HelloError> {
        self.scanner.finish()?;
        Ok(self.hello)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const JUNOS: &[u8] = b"<!-- No zombies were killed during the creation of this user interface -->\n\
        <!-- user admin, class j-super-user -->\n<hello xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\">\n  \
        <capabilities>\n    <capability>urn:ietf:params:xml:ns:netconf:base:1.0</capability>\n    \
        <capability>urn:ietf:params:xml:ns:netconf:capability:candidate:1.0</capability>\n    \
        <capability>http://xml.juniper.net/netconf/junos/1.0</capability>\n  </capabilities>\n  \
        <session-id>27700</session-id>\n</hello>\n";

    fn with(capabilities: &[&str]) -> Hello {
        Hello { capabilities: capabilities.iter().copied().collect(), session_id: None }
    }

    #[test]
    fn a_junos_hello_with_comments_before_it_is_read() {
        let hello = Hello::parse(JUNOS).unwrap();
        assert_eq!(hello.session_id, Some(27700));
        assert!(hello.capabilities.has(capability::BASE_1_0));
        assert!(hello.capabilities.has(capability::CANDIDATE));
        assert!(!hello.capabilities.has(capability::BASE_1_1));
    }

    #[test]
    fn a_hello_without_session_id_or_namespace_or_with_a_prefix_is_read() {
        for text in [
            "<hello><capabilities><capability>urn:ietf:params:netconf:base:1.1</capability></capabilities></hello>",
            "<nc:hello xmlns:nc='urn:ietf:params:xml:ns:netconf:base:1.0'><nc:capabilities><nc:capability>\n\
             urn:ietf:params:netconf:base:1.1 </nc:capability></nc:capabilities></nc:hello>",
        ] {
            let hello = Hello::parse(text.as_bytes()).unwrap();
            assert!(hello.session_id.is_none() && hello.capabilities.has(capability::BASE_1_1));
        }
    }

    #[test]
    fn what_is_no_hello_is_refused() {
        let refusal = |text: &str| Hello::parse(text.as_bytes()).unwrap_err();
        assert_eq!(refusal("<rpc/>"), HelloError::NotHello);
        assert_eq!(refusal("<hello xmlns='urn:other'/>"), HelloError::NotHello);
        assert_eq!(refusal("<hello>"), HelloError::Xml(XmlError::Incomplete));
        assert_eq!(refusal("<hello><session-id>0</session-id></hello>"), HelloError::SessionId);
        assert_eq!(refusal("<hello><session-id>x</session-id></hello>"), HelloError::SessionId);
        let long = format!("<hello><capabilities><capability>{}", "x".repeat(30_000));
        assert_eq!(refusal(&long), HelloError::Capabilities);
        let long = format!("<hello><capabilities><capability>{}</capability>", "x".repeat(5000));
        assert_eq!(refusal(&long), HelloError::Capabilities);
        let many = format!("<hello><capabilities>{}", "<capability>a</capability>".repeat(8193));
        assert_eq!(refusal(&many), HelloError::Capabilities);
    }

    #[test]
    fn the_newest_common_version_chooses_the_framing() {
        let (old, new) = ("urn:ietf:params:netconf:base:1.0", "urn:ietf:params:netconf:base:1.1");
        let junos = "urn:ietf:params:xml:ns:netconf:base:1.0";
        let both = with(&[old, new]);
        assert_eq!(both.framing_with(&with(&[new, old])), Ok(Framing::Chunked));
        assert_eq!(both.framing_with(&with(&[new])), Ok(Framing::Chunked));
        assert_eq!(both.framing_with(&with(&[old])), Ok(Framing::EndOfMessage));
        assert_eq!(both.framing_with(&with(&[junos])), Ok(Framing::EndOfMessage));
        assert_eq!(with(&[old]).framing_with(&with(&[new])), Err(HelloError::NoCommonBase));
        assert_eq!(both.framing_with(&with(&[])), Err(HelloError::NoCommonBase));
    }

    proptest! {
        #[test]
        fn what_is_composed_reads_back_whatever_the_cuts(
            capabilities in prop::collection::vec("[a-z&<:/?=]{1,20}", 0..6),
            session_id in proptest::option::of(1u32..),
            cut in any::<usize>(),
        ) {
            let capabilities = capabilities.iter().map(String::as_str).collect();
            let hello = Hello { capabilities, session_id };
            let text = hello.compose();
            let (first, second) = text.as_bytes().split_at(cut % text.len());
            let mut reader = Reader::default();
            reader.data(first).unwrap();
            reader.data(second).unwrap();
            prop_assert_eq!(reader.finish().unwrap(), hello);
        }
    }
}
