//! What a person would see at the device's prompt, out of an `<rpc-reply>`, as it streams in.
//!
//! ```text
//!   <rpc-reply …><output>\nHostname: mx1\n</output></rpc-reply>       ──▶  Hostname: mx1
//!   <rpc-reply …><configuration>…</configuration></rpc-reply>         ──▶  the XML as it is  (| display xml)
//!   <rpc-reply …><rpc-error>…</rpc-error></rpc-reply>                 ──▶  nothing: the outcome tells it
//! ```
//!
//! Source: Junos XML Protocol, `<command>` with `format="text"`, `<output>`, `<configuration-output>`,
//! `<multi-routing-engine-results>`.

use crate::xml::scan::{Scanner, Token, local_name};

/// Elements whose text is what the device would have printed.
const PRINTED: [&[u8]; 3] = [b"output", b"configuration-text", b"configuration-output"];
/// Elements that only hold printed ones.
const WRAPPERS: [&[u8]; 2] = [b"multi-routing-engine-results", b"configuration-information"];
/// The rule Junos prints under a routing engine's name.
const RULE: &[u8] =
    b":\n--------------------------------------------------------------------------\n";

/// What is done with the child of `<rpc-reply>` that is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Child {
    #[default]
    Skip,
    Printed,
    Raw,
}

/// Turns the pieces of a reply into text.
#[derive(Debug, Default)]
pub(crate) struct ReplyText {
    scanner: Scanner,
    out: Writer,
}

#[derive(Debug, Default)]
struct Writer {
    depth: usize,
    child: Child,
    /// Inside an element whose text is printed.
    printing: bool,
    /// The next printed byte is the first of its element: Junos begins with a line feed.
    at_start: bool,
    last: Option<u8>,
    out: Vec<u8>,
}

impl ReplyText {
    /// The text of the next piece.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        let writer = &mut self.out;
        self.scanner.push(bytes, &mut |token| writer.token(token));
        std::mem::take(&mut writer.out)
    }

    /// A line feed, if the text did not end with one.
    pub(crate) fn finish(&mut self) -> Vec<u8> {
        self.out.end_line();
        std::mem::take(&mut self.out.out)
    }
}

impl Writer {
    fn token(&mut self, token: Token<'_>) {
        match token {
            Token::Tag(tag) if tag.starts_with(b"/") => self.close(tag),
            Token::Tag(tag) => self.open(tag),
            _ if self.child == Child::Raw => self.raw(token),
            Token::Text(text) | Token::Literal(text) => self.print(text),
            Token::Entity(name) => self.print(&decoded(name)),
        }
    }

    fn open(&mut self, tag: &[u8]) {
        let name = local_name(tag);
        if self.depth == 1 {
            self.child = child_of(name);
        }
        if self.child == Child::Raw {
            self.put_tag(tag);
        } else if self.child == Child::Printed && (PRINTED.contains(&name) || name == b"re-name") {
            self.printing = true;
            self.at_start = true;
        }
        match tag.ends_with(b"/") {
            true => self.printing = false,
            false => self.depth += 1,
        }
    }

    fn close(&mut self, tag: &[u8]) {
        self.depth = self.depth.saturating_sub(1);
        if self.child == Child::Raw && self.depth > 0 {
            self.put_tag(tag);
        }
        if self.printing && local_name(tag) == b"re-name" {
            self.put(RULE);
        }
        self.printing = false;
        if self.depth <= 1 {
            self.end_line();
        }
    }

    fn raw(&mut self, token: Token<'_>) {
        match token {
            Token::Entity(name) => {
                self.put(b"&");
                self.put(name);
                self.put(b";");
            }
            Token::Text(text) if self.depth > 1 => self.put(text),
            Token::Literal(text) => {
                let text = String::from_utf8_lossy(text);
                self.put(quick_xml::escape::escape(text).as_bytes());
            }
            _ => {}
        }
    }

    fn print(&mut self, text: &[u8]) {
        if !self.printing || text.is_empty() {
            return;
        }
        let text = match std::mem::take(&mut self.at_start) {
            true => text.strip_prefix(b"\n").unwrap_or(text),
            false => text,
        };
        self.put(text);
    }

    fn put_tag(&mut self, tag: &[u8]) {
        self.put(b"<");
        self.put(tag);
        self.put(b">");
    }

    fn end_line(&mut self) {
        if self.last.is_some_and(|last| last != b'\n') {
            self.put(b"\n");
        }
    }

    fn put(&mut self, text: &[u8]) {
        self.out.extend_from_slice(text);
        self.last = text.last().copied().or(self.last);
    }
}

fn child_of(name: &[u8]) -> Child {
    match name {
        b"rpc-error" | b"ok" => Child::Skip,
        name if PRINTED.contains(&name) || WRAPPERS.contains(&name) => Child::Printed,
        _ => Child::Raw,
    }
}

/// The character an entity stands for; an unknown one stays as it was sent.
fn decoded(name: &[u8]) -> Vec<u8> {
    let raw = || [b"&", name, b";"].concat();
    let Ok(name) = std::str::from_utf8(name) else { return raw() };
    let named = quick_xml::escape::resolve_predefined_entity(name).map(str::to_owned);
    let number = name.strip_prefix('#').and_then(|digits| {
        match digits.strip_prefix('x') {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => digits.parse(),
        }
        .ok()
    });
    let decoded = named.or_else(|| number.and_then(char::from_u32).map(String::from));
    decoded.map_or_else(raw, String::into_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(pieces: &[&[u8]]) -> String {
        let mut reply = ReplyText::default();
        let mut out: Vec<u8> = Vec::new();
        for piece in pieces {
            out.extend(reply.push(piece));
        }
        out.extend(reply.finish());
        String::from_utf8(out).unwrap()
    }

    const OUTPUT: &str = "<rpc-reply xmlns=\"urn:x\" message-id=\"1\">\n<output>\nge-0/0/0 &lt;up&gt;\n  a&#45;b &amp; &unknown;\n</output>\n</rpc-reply>";

    #[test]
    fn the_output_is_printed_decoded() {
        assert_eq!(text(&[OUTPUT.as_bytes()]), "ge-0/0/0 <up>\n  a-b & &unknown;\n");
    }

    #[test]
    fn every_cut_of_the_reply_gives_the_same_text() {
        let raw = "<rpc-reply><configuration a='b'><x>1 &lt; <![CDATA[<2>]]></x><y/></configuration></rpc-reply>";
        for reply in [OUTPUT, raw] {
            let whole = text(&[reply.as_bytes()]);
            for at in 0..reply.len() {
                let (a, b) = reply.as_bytes().split_at(at);
                assert_eq!(text(&[a, b]), whole, "cut at {at}");
            }
            assert_eq!(text(&reply.as_bytes().chunks(1).collect::<Vec<_>>()), whole);
        }
    }

    #[test]
    fn xml_asked_for_is_xml_shown() {
        let reply = b"<rpc-reply><configuration><x>1 &lt; 2</x><y/></configuration></rpc-reply>";
        assert_eq!(text(&[reply]), "<configuration><x>1 &lt; 2</x><y/></configuration>\n");
    }

    #[test]
    fn errors_are_left_to_the_outcome() {
        let reply =
            b"<rpc-reply><rpc-error><error-message>no</error-message></rpc-error></rpc-reply>";
        assert_eq!(text(&[reply]), "");
        assert_eq!(text(&[b"<rpc-reply><ok/></rpc-reply>"]), "");
    }

    #[test]
    fn each_routing_engine_is_named() {
        let reply = b"<rpc-reply><multi-routing-engine-results><multi-routing-engine-item>\n<re-name>fpc0</re-name>\n<output>\nup\n</output></multi-routing-engine-item></multi-routing-engine-results></rpc-reply>";
        let shown = text(&[reply]);
        assert!(shown.starts_with("fpc0:\n-----"), "{shown}");
        assert!(shown.ends_with("-\nup\n"), "{shown}");
    }

    #[test]
    fn text_without_a_last_line_feed_gets_one() {
        assert_eq!(text(&[b"<rpc-reply><output>a</output></rpc-reply>"]), "a\n");
        assert_eq!(text(&[b"<rpc-reply><output/></rpc-reply>"]), "");
    }
}
