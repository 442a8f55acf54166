//! `<rpc-reply>`, observed while it streams by: what it answers, and what went wrong.
//!
//! ```text
//!   bytes ─▶ Reader ─▶ the bytes of the root element, passed on as they come
//!               └────▶ Summary: message-id, <ok/>, every <rpc-error> (the first few kept)
//! ```
//!
//! Junos puts errors inside `<commit-results>` and the like, so `<rpc-error>` counts wherever it
//! stands, as long as it is in NETCONF's namespace.
//!
//! Source: RFC 6241, sections 4.2 and 4.3; Junos, *rpc-error* in commit and load replies.

mod errors;

use super::BASE_NAMESPACE;
use super::error::{RpcError, Severity};
use super::scan::{Limits, Scanner, Token, XmlError};
use super::text::unescape_lossy;

use self::errors::Collector;

/// What sort of message this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// `<rpc-reply>`.
    Reply,
    /// `<notification>` (RFC 5277).
    Notification,
    /// Anything else.
    Other,
}

/// What is known of a message once it has gone by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// What sort of message it was; `None` if it had no root element.
    pub root: Option<Root>,
    /// The request that it answers.
    pub message_id: Option<String>,
    /// Whether it says `<ok/>`.
    pub ok: bool,
    /// The first errors and warnings.
    pub errors: Vec<RpcError>,
    /// All errors, those not kept included.
    pub error_count: u64,
    /// All warnings, those not kept included.
    pub warning_count: u64,
    /// Bytes of the root element.
    pub bytes: u64,
    /// Why the rest could not be read; it was passed on all the same.
    pub malformed: Option<XmlError>,
}

impl Summary {
    fn add(&mut self, error: RpcError) {
        match error.severity {
            Severity::Error => self.error_count += 1,
            Severity::Warning => self.warning_count += 1,
        }
        if self.errors.len() < errors::MOST_KEPT {
            self.errors.push(error);
        }
    }
}

/// Where the root's start tag is.
enum Head {
    /// In [`Reader::head`]: it came in pieces.
    Gathered,
    /// In this piece, from this place on.
    From(usize),
}

/// Observes one message.
#[derive(Debug, Default)]
pub struct Reader {
    scanner: Scanner,
    /// The root's start tag, if the scanner got it in pieces.
    head: Vec<u8>,
    collector: Option<Box<Collector>>,
    summary: Summary,
}

impl Reader {
    /// Takes bytes off the front of `input` and hands out those that belong to the root element;
    /// `None` when `input` is used up.
    pub fn next<'s, 'i: 's>(&'s mut self, input: &mut &'i [u8]) -> Option<&'s [u8]> {
        let mut all = *input;
        if self.summary.root.is_some() {
            self.head = Vec::new();
        } else {
            match self.head(input)? {
                Head::Gathered => {
                    self.summary.bytes += self.head.len() as u64;
                    return Some(&self.head);
                }
                Head::From(place) => all = all.get(place..).unwrap_or_default(),
            }
        }
        loop {
            let outside = self.scanner.root_has_ended();
            if self.summary.malformed.is_some() {
                *input = &[];
            } else if let Err(error) = self.body(input) {
                self.summary.malformed = Some(error);
                *input = &[];
            }
            let used = all.len() - input.len();
            if !outside && used > 0 {
                self.summary.bytes += used as u64;
                return all.get(..used);
            }
            if input.is_empty() {
                return None;
            }
            all = *input;
        }
    }

    /// Reads to the end of the root's start tag; none if that is not here.
    fn head(&mut self, input: &mut &[u8]) -> Option<Head> {
        if self.summary.malformed.is_none() {
            match self.find_root(input) {
                Ok(Some(head)) => return Some(head),
                Ok(None) => {}
                Err(error) => self.summary.malformed = Some(error),
            }
        }
        *input = &[];
        None
    }

    /// Reads on to the root's start tag.
    fn find_root(&mut self, input: &mut &[u8]) -> Result<Option<Head>, XmlError> {
        let all = input.len();
        while let Some(token) = self.scanner.next(input)? {
            let Token::Start(tag) = token else {
                continue;
            };
            self.summary.root = Some(match tag.local_name() {
                _ if tag.is(BASE_NAMESPACE, "rpc-reply") => Root::Reply,
                b"notification" => Root::Notification,
                _ => Root::Other,
            });
            self.summary.message_id = tag.attribute("message-id").map(unescape_lossy);
            // Whether the whole tag, with `<` and `>`, is in this piece.
            let used = all - input.len();
            return Ok(Some(match used.checked_sub(tag.body().len() + 2) {
                Some(place) => Head::From(place),
                None => {
                    self.head = [b"<", tag.body(), b">"].concat();
                    Head::Gathered
                }
            }));
        }
        Ok(None)
    }

    /// Reads on to the root's end or the end of `input`; after the root, to the end of `input`.
    fn body(&mut self, input: &mut &[u8]) -> Result<(), XmlError> {
        loop {
            if self.collector.is_none() {
                self.scanner.pass_plain(input, |name| matches!(name, b"rpc-error" | b"ok"));
            }
            let Some(token) = self.scanner.next(input)? else { break };
            if let Some(collector) = &mut self.collector {
                if let Some(error) = collector.token(token) {
                    self.summary.add(error);
                    self.collector = None;
                }
                continue;
            }
            let ends = matches!(token, Token::End);
            match token {
                Token::Start(tag) if tag.is(BASE_NAMESPACE, "rpc-error") => {
                    self.collector = Some(Box::default());
                }
                Token::Start(tag) if tag.is(BASE_NAMESPACE, "ok") => self.summary.ok = true,
                _ => {}
            }
            if ends && self.scanner.root_has_ended() {
                break;
            }
        }
        Ok(())
    }

    /// What is known of the message so far.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// What is known of the message, all of it having been read.
    pub fn finish(mut self) -> Summary {
        if self.summary.malformed.is_none() {
            self.summary.malformed = self.scanner.finish().err();
        }
        self.summary
    }
}

/// A reader's limits are the scanner's.
impl From<Limits> for Reader {
    fn from(limits: Limits) -> Self {
        Self { scanner: Scanner::new(limits), ..Self::default() }
    }
}

#[cfg(test)]
mod tests;
