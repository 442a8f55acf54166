//! The road that most bytes of a reply take: elements that are no more than a name, and the text between them.
//!
//! ```text
//!   <name>fxp0</name><up/>     passed over, nested and checked as ever
//!   <name junos:style="…">     stopped in front of: an attribute, a prefix, a comment, CDATA, a tag that is cut,
//!   <ok/>                      what the caller looks for, and the root's end
//! ```
//!
//! What it stops in front of, [`Scanner::next`] reads. It never does otherwise than that would.

use memchr::memchr;

use super::Scanner;
use super::machine::State;
use super::tag::Name;

/// A tag that is no more than a name.
struct Plain<'a> {
    name: &'a [u8],
    /// `<a/>`.
    is_empty: bool,
    /// What stands behind it.
    rest: &'a [u8],
}

impl Scanner {
    /// Takes elements that are no more than a name, and text, off the front of `input`, up to the first that `is_wanted` names, or
    /// that is something else; the root's end is. Their tokens are not handed out.
    pub fn pass_plain(&mut self, input: &mut &[u8], is_wanted: impl Fn(&[u8]) -> bool) {
        if !matches!(self.state, State::Text) || self.end_is_due || self.starts.is_empty() {
            return;
        }
        if std::mem::take(&mut self.buffer_is_spent) {
            self.buffer.clear();
        }
        loop {
            let Some(text) = memchr(b'<', input) else {
                *input = &[];
                return;
            };
            *input = input.get(text..).unwrap_or_default();
            let rest = match input {
                [_, b'/', tag @ ..] => self.plain_end(tag),
                [_, tag @ ..] => self.plain_start(tag, &is_wanted),
                [] => None,
            };
            match rest {
                Some(rest) => *input = rest,
                None => return,
            }
        }
    }

    /// Closes the element that is open, unless it is the root, if the tag behind `</` does; what follows then.
    fn plain_end<'a>(&mut self, tag: &'a [u8]) -> Option<&'a [u8]> {
        let [_, .., start] = *self.starts else { return None };
        let rest = tag.strip_prefix(self.names.get(start..)?)?.strip_prefix(b">")?;
        self.namespaces.forget(self.starts.len());
        self.starts.pop();
        self.names.truncate(start);
        Some(rest)
    }

    /// Opens the element whose tag stands behind `<`, if it is plain and not wanted; what follows then.
    fn plain_start<'a>(
        &mut self,
        tag: &'a [u8],
        is_wanted: impl Fn(&[u8]) -> bool,
    ) -> Option<&'a [u8]> {
        let Plain { name, is_empty, rest } = plain(tag)?;
        let limits = &self.limits;
        let fits = name.len() <= limits.name && name.len() < limits.tag;
        if !fits || self.starts.len() >= limits.depth || is_wanted(name) {
            return None;
        }
        if !is_empty {
            self.starts.push(self.names.len());
            self.names.extend_from_slice(name);
        }
        Some(rest)
    }
}

fn plain(tag: &[u8]) -> Option<Plain<'_>> {
    let (name, behind) = Name::plain_at_start_of(tag)?;
    match behind {
        [b'>', rest @ ..] => Some(Plain { name, is_empty: false, rest }),
        [b'/', b'>', rest @ ..] => Some(Plain { name, is_empty: true, rest }),
        _ => None,
    }
}
