//! `<rpc-error>`: what went wrong with a request, in the words of RFC 6241.
//!
//! ```text
//!   <rpc-error>
//!     <error-type>protocol</error-type>           transport │ rpc │ protocol │ application
//!     <error-tag>operation-not-supported</error-tag>
//!     <error-severity>error</error-severity>      error │ warning
//!     <error-app-tag/> <error-path/> <error-message/>
//!     <error-info><bad-element>foo</bad-element></error-info>
//!   </rpc-error>
//! ```
//!
//! Source: RFC 6241, section 4.3 and appendix A.

use std::fmt;

use super::text::escape;

/// The layer that an error belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorType {
    /// The secure transport.
    Transport,
    /// The message.
    Rpc,
    /// The operation.
    Protocol,
    /// The content.
    Application,
}

impl ErrorType {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transport => "transport",
            Self::Rpc => "rpc",
            Self::Protocol => "protocol",
            Self::Application => "application",
        }
    }

    /// Reads the word on the wire.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Transport, Self::Rpc, Self::Protocol, Self::Application]
            .into_iter()
            .find(|own| own.as_str() == word)
    }
}

/// Whether the request failed, or was only remarked upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Severity {
    /// It failed, in part at least.
    #[default]
    Error,
    /// It was carried out.
    Warning,
}

impl Severity {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

macro_rules! tags {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// The kind of error, from the list of RFC 6241, appendix A.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum ErrorTag {
            $($(#[$doc])* $name,)*
            /// A tag that is not on the list, as devices send now and then.
            Unlisted(Box<str>),
        }

        impl ErrorTag {
            /// Every tag of the list.
            #[cfg(test)]
            const LISTED: &[ErrorTag] = &[$(Self::$name,)*];

            /// The word on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$name => $word,)*
                    Self::Unlisted(word) => word,
                }
            }

            /// Reads the word on the wire.
            pub fn from_word(word: &str) -> Self {
                match word {
                    $($word => Self::$name,)*
                    other => Self::Unlisted(other.into()),
                }
            }
        }
    };
}

tags! {
    /// The request needs a resource that is in use.
    InUse = "in-use",
    /// A value is not acceptable.
    InvalidValue = "invalid-value",
    /// The request or its answer is too large.
    TooBig = "too-big",
    /// An attribute that must be there is not.
    MissingAttribute = "missing-attribute",
    /// An attribute has a wrong value.
    BadAttribute = "bad-attribute",
    /// An attribute that may not be there.
    UnknownAttribute = "unknown-attribute",
    /// An element that must be there is not.
    MissingElement = "missing-element",
    /// An element has a wrong value.
    BadElement = "bad-element",
    /// An element that may not be there.
    UnknownElement = "unknown-element",
    /// An element in a namespace that may not be there.
    UnknownNamespace = "unknown-namespace",
    /// This user may not do that.
    AccessDenied = "access-denied",
    /// Another session holds the lock; `session-id` says which.
    LockDenied = "lock-denied",
    /// Not enough memory, disk or the like.
    ResourceDenied = "resource-denied",
    /// The changes before the failure could not be taken back.
    RollbackFailed = "rollback-failed",
    /// What is to be created is there already.
    DataExists = "data-exists",
    /// What is to be deleted is not there.
    DataMissing = "data-missing",
    /// This operation is not known here.
    OperationNotSupported = "operation-not-supported",
    /// Failed for another reason.
    OperationFailed = "operation-failed",
    /// Some parts succeeded and some failed (obsolete).
    PartialOperation = "partial-operation",
    /// The message is not well-formed; only for base:1.1.
    MalformedMessage = "malformed-message",
}

/// One `<rpc-error>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RpcError {
    /// The layer.
    pub error_type: ErrorType,
    /// The kind.
    pub tag: ErrorTag,
    /// Error or warning.
    pub severity: Severity,
    /// A kind of the data model's or device's own.
    pub app_tag: Option<String>,
    /// Where in the request or the configuration.
    pub path: Option<String>,
    /// The sentence for a person.
    pub message: Option<String>,
    /// The names and texts inside `<error-info>`.
    pub info: Vec<(String, String)>,
}

impl RpcError {
    /// An error with a sentence.
    pub fn new(error_type: ErrorType, tag: ErrorTag, message: impl Into<String>) -> Self {
        Self {
            error_type,
            tag,
            severity: Severity::Error,
            app_tag: None,
            path: None,
            message: Some(message.into()),
            info: Vec::new(),
        }
    }

    /// The same with one more `<error-info>` element.
    #[must_use]
    pub fn with_info(mut self, name: &str, text: impl Into<String>) -> Self {
        self.info.push((name.to_owned(), text.into()));
        self
    }

    /// The same with an `<error-path>`.
    #[must_use]
    pub fn with_path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// The operation `name` is not known here.
    pub fn operation_not_supported(name: &str) -> Self {
        let message = format!("operation {name} is not supported");
        Self::new(ErrorType::Protocol, ErrorTag::OperationNotSupported, message)
            .with_info("bad-element", name)
    }

    /// `element` must be there and isn't.
    pub fn missing_element(element: &str) -> Self {
        let message = format!("expected an element {element}");
        Self::new(ErrorType::Protocol, ErrorTag::MissingElement, message)
            .with_info("bad-element", element)
    }

    /// `element` has a value that can't be used.
    pub fn bad_element(element: &str, message: impl Into<String>) -> Self {
        Self::new(ErrorType::Protocol, ErrorTag::BadElement, message)
            .with_info("bad-element", element)
    }

    /// The attribute of `element` must be there and isn't.
    pub fn missing_attribute(element: &str, attribute: &str) -> Self {
        let message = format!("expected an attribute {attribute} in {element}");
        Self::new(ErrorType::Rpc, ErrorTag::MissingAttribute, message)
            .with_info("bad-attribute", attribute)
            .with_info("bad-element", element)
    }

    /// This user may not do that.
    pub fn access_denied(message: impl Into<String>) -> Self {
        Self::new(ErrorType::Application, ErrorTag::AccessDenied, message)
    }

    /// It failed for a reason that has no tag.
    pub fn operation_failed(message: impl Into<String>) -> Self {
        Self::new(ErrorType::Application, ErrorTag::OperationFailed, message)
    }

    /// Appends the element.
    pub fn write(&self, out: &mut String) {
        out.push_str("<rpc-error>\n");
        write_field("error-type", self.error_type.as_str(), 1, out);
        write_field("error-tag", self.tag.as_str(), 1, out);
        write_field("error-severity", self.severity.as_str(), 1, out);
        for (name, text) in [
            ("error-app-tag", &self.app_tag),
            ("error-path", &self.path),
            ("error-message", &self.message),
        ] {
            if let Some(text) = text {
                write_field(name, text, 1, out);
            }
        }
        if !self.info.is_empty() {
            out.push_str("  <error-info>\n");
            self.info.iter().for_each(|(name, text)| write_field(name, text, 2, out));
            out.push_str("  </error-info>\n");
        }
        out.push_str("</rpc-error>\n");
    }
}

fn write_field(name: &str, text: &str, indent: usize, out: &mut String) {
    out.extend(std::iter::repeat_n("  ", indent));
    out.push_str(&format!("<{name}>"));
    escape(text, out);
    out.push_str(&format!("</{name}>\n"));
}

/// Tag, message and path on one line; what the peer wrote is escaped.
impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.severity.as_str())?;
        write!(f, " {}", self.tag.as_str().escape_debug())?;
        if let Some(message) = &self.message {
            write!(f, ": {}", message.trim().escape_debug())?;
        }
        if let Some(path) = &self.path {
            write!(f, " (at {})", path.trim().escape_debug())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tag_of_rfc_6241_reads_back() {
        assert_eq!(ErrorTag::LISTED.len(), 20);
        for tag in ErrorTag::LISTED {
            assert_eq!(&ErrorTag::from_word(tag.as_str()), tag);
        }
        assert_eq!(ErrorTag::from_word("odd").as_str(), "odd");
    }

    #[test]
    fn an_error_is_written_in_the_order_of_the_schema() {
        let error = RpcError::operation_not_supported("a<b").with_path("/rpc");
        let mut text = String::new();
        error.write(&mut text);
        let places: Vec<_> = [
            "error-type",
            "error-tag",
            "error-severity",
            "error-path",
            "error-message",
            "error-info",
        ]
        .iter()
        .map(|name| text.find(&format!("<{name}>")).unwrap())
        .collect();
        assert!(places.is_sorted());
        assert!(text.contains("<bad-element>a&lt;b</bad-element>"));
    }

    #[test]
    fn what_a_peer_wrote_is_shown_on_one_line() {
        let error = RpcError::operation_failed("bad\n\u{1b}[2Jthing");
        assert_eq!(error.to_string(), "error operation-failed: bad\\n\\u{1b}[2Jthing");
    }
}
