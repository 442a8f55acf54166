//! Text of a stranger on its way to a terminal: nothing in it may move the cursor, hide or turn letters.
//!
//! ```text
//!   "mx1\x1b[2J"  ──▶  mx1\x1b[2J          "abc\u{202e}fed"  ──▶  abc\u{202e}fed   (as visible letters)
//! ```

use std::borrow::Cow;
use std::fmt::Write as _;

/// One line of text with control, bidirectional and invisible characters written out.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        push_escaped(&mut out, c);
    }
    Cow::Owned(out)
}

/// Like [`escape`], for text of many lines: line feed, carriage return before it and tab pass.
pub(crate) fn escape_lines(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '\n' | '\t' | '\r' => out.push(c),
            c => push_escaped(out, c),
        }
    }
}

fn push_escaped(out: &mut String, c: char) {
    // Writing to a String cannot fail.
    let _ = match c {
        '\n' => out.write_str("\\n"),
        '\r' => out.write_str("\\r"),
        '\t' => out.write_str("\\t"),
        c if is_unsafe(c) && u32::from(c) < 0x100 => write!(out, "\\x{:02x}", u32::from(c)),
        c if is_unsafe(c) => write!(out, "\\u{{{:x}}}", u32::from(c)),
        c => out.write_char(c),
    };
}

/// Control characters (C0, DEL, C1), line separators, bidirectional controls, invisible marks and tags.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{180e}' | '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{00ad}')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// A stream of a device's bytes made safe for a terminal; characters cut between pieces are joined.
#[derive(Debug, Default)]
pub(crate) struct TerminalFilter {
    /// The beginning of a character whose rest is still to come; at most three bytes.
    partial: Vec<u8>,
}

impl TerminalFilter {
    /// The safe form of the next piece.
    pub(crate) fn filter(&mut self, bytes: &[u8]) -> String {
        let mut input = std::mem::take(&mut self.partial);
        input.extend_from_slice(bytes);
        let mut out = String::with_capacity(input.len());
        for chunk in input.utf8_chunks() {
            escape_lines(chunk.valid(), &mut out);
            self.handle_invalid(chunk.invalid(), &mut out);
        }
        out
    }

    /// The safe form of what was left at the end of the stream.
    pub(crate) fn finish(&mut self) -> String {
        let mut out = String::new();
        push_bytes(&std::mem::take(&mut self.partial), &mut out);
        out
    }

    /// Keeps a cut character for later: `utf8_chunks` reports one only at the very end of the input.
    fn handle_invalid(&mut self, invalid: &[u8], out: &mut String) {
        push_bytes(&std::mem::take(&mut self.partial), out);
        if is_cut_character(invalid) {
            self.partial = invalid.to_vec();
        } else {
            push_bytes(invalid, out);
        }
    }
}

/// True for a valid but unfinished beginning of a UTF-8 character.
fn is_cut_character(bytes: &[u8]) -> bool {
    matches!(std::str::from_utf8(bytes), Err(e) if e.valid_up_to() == 0 && e.error_len().is_none())
}

fn push_bytes(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        let _ = write!(out, "\\x{byte:02x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_is_not_copied() {
        assert!(matches!(escape("mx1.fra Zürich 東京"), Cow::Borrowed(_)));
    }

    #[test]
    fn nothing_that_moves_a_cursor_passes() {
        assert_eq!(escape("a\u{1b}[31mb\x07\r\n\t\u{9b}c"), "a\\x1b[31mb\\x07\\r\\n\\t\\x9bc");
    }

    #[test]
    fn letters_cannot_be_turned_or_hidden() {
        assert_eq!(escape("a\u{202e}b\u{200b}c"), "a\\u{202e}b\\u{200b}c");
        assert_eq!(escape("\u{feff}\u{e0041}"), "\\u{feff}\\u{e0041}");
    }

    #[test]
    fn every_cut_of_the_stream_gives_the_same_text() {
        let bytes = "line 1 é\n東 \u{1b}[2J\u{1F600}".as_bytes();
        let bytes = [bytes, &[0xff, b'x', 0xe6, 0x9d]].concat();
        let mut whole = TerminalFilter::default();
        let expected = whole.filter(&bytes) + &whole.finish();
        for first in 0..bytes.len() {
            for second in first..bytes.len() {
                let mut filter = TerminalFilter::default();
                let mut text = filter.filter(&bytes[..first]);
                text += &filter.filter(&bytes[first..second]);
                text += &filter.filter(&bytes[second..]);
                text += &filter.finish();
                assert_eq!(text, expected, "cut at {first} and {second}");
            }
        }
        assert_eq!(expected, "line 1 é\n東 \\x1b[2J\u{1F600}\\xffx\\xe6\\x9d");
    }
}
