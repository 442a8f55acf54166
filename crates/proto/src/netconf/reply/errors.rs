//! Collecting one `<rpc-error>`, with limits on all that is kept of it.

use crate::netconf::error::{ErrorTag, ErrorType, RpcError, Severity};
use crate::netconf::scan::Token;
use crate::netconf::text::unescape_lossy;

/// How many errors of one reply are kept.
pub(super) const MOST_KEPT: usize = 16;

/// The most bytes kept of one field.
const LONGEST_TEXT: usize = 2048;

/// The most fields kept of one `<error-info>`.
const MOST_INFO: usize = 8;

/// An `<rpc-error>` that is being read.
#[derive(Debug)]
pub(super) struct Collector {
    error: RpcError,
    /// The elements open inside `<rpc-error>`.
    depth: usize,
    /// The name of the field that is open, at depth 1 or, in `<error-info>`, at depth 2.
    field: Option<String>,
    in_info: bool,
    text: Vec<u8>,
}

impl Default for Collector {
    fn default() -> Self {
        let tag = ErrorTag::Unlisted("".into());
        let mut error = RpcError::new(ErrorType::Application, tag, "");
        error.message = None;
        Self { error, depth: 0, field: None, in_info: false, text: Vec::new() }
    }
}

impl Collector {
    /// Takes the next token; gives the error when it is complete.
    pub(super) fn token(&mut self, token: Token<'_>) -> Option<RpcError> {
        match token {
            Token::Start(tag) => {
                self.depth += 1;
                let name = String::from_utf8_lossy(tag.local_name());
                let is_field = self.depth == 1 || (self.depth == 2 && self.in_info);
                if self.depth == 1 {
                    self.in_info = name == "error-info";
                }
                if is_field {
                    self.field = Some(name.into_owned());
                    self.text.clear();
                }
                None
            }
            Token::Text(piece) | Token::CData(piece) => {
                if self.field.is_some() {
                    let room = LONGEST_TEXT.saturating_sub(self.text.len());
                    self.text.extend_from_slice(piece.get(..room).unwrap_or(piece));
                }
                None
            }
            Token::End if self.depth == 0 => Some(self.error.clone()),
            Token::End => {
                self.depth -= 1;
                if self.depth < 2
                    && let Some(name) = self.field.take()
                {
                    let text = unescape_lossy(&std::mem::take(&mut self.text)).trim().to_owned();
                    self.keep(name, text);
                }
                None
            }
        }
    }

    fn keep(&mut self, name: String, text: String) {
        if self.in_info {
            if self.depth == 1 && self.error.info.len() < MOST_INFO {
                self.error.info.push((name, text));
            }
            return;
        }
        let error = &mut self.error;
        match name.as_str() {
            "error-type" => {
                error.error_type = ErrorType::from_word(&text).unwrap_or(ErrorType::Application);
            }
            "error-tag" => error.tag = ErrorTag::from_word(&text),
            "error-severity" if text == "warning" => error.severity = Severity::Warning,
            "error-app-tag" => error.app_tag = Some(text),
            "error-path" => error.path = Some(text),
            "error-message" => error.message = Some(text),
            _ => {}
        }
    }
}
