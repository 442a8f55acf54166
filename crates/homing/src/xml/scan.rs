//! A push scanner: pieces of XML in, tags and text out, whatever way the stream is cut.
//!
//! ```text
//!   … text ──'<'──▶ markup ──'>'──▶ text …          comments and processing instructions are dropped
//!        └──'&'──▶ entity ──';'──▶ text
//! ```
//!
//! It does not judge: the gateway has already framed the reply; a device that sends nonsense is shown as it is.

/// Longest tag that is kept; of a longer one the beginning is.
const TAG_LIMIT: usize = 64 * 1024;
/// Longest entity name; a longer one is text.
const ENTITY_LIMIT: usize = 16;

/// One thing of the stream; text may come in any number of pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token<'x> {
    /// What stands between `<` and `>`.
    Tag(&'x [u8]),
    /// Text as sent.
    Text(&'x [u8]),
    /// What stands between `&` and `;`.
    Entity(&'x [u8]),
    /// Text of a CDATA section.
    Literal(&'x [u8]),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    Entity,
    /// Inside `<…>`; the quote that is open, if any.
    Markup(Option<u8>),
    /// After `<!--`, `<![CDATA[`, `<?`: until its end mark.
    Until(&'static [u8]),
}

/// Cuts a stream of XML into tokens.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    state: State,
    buffer: Vec<u8>,
}

impl Scanner {
    /// Takes the next piece and hands each token to `each`.
    pub(crate) fn push(&mut self, mut bytes: &[u8], each: &mut impl FnMut(Token<'_>)) {
        while !bytes.is_empty() {
            bytes = match self.state {
                State::Text => self.text(bytes, each),
                _ => self.inside(bytes, each),
            };
        }
    }

    /// Passes text on up to the next `<` or `&`.
    fn text<'b>(&mut self, bytes: &'b [u8], each: &mut impl FnMut(Token<'_>)) -> &'b [u8] {
        let end = bytes.iter().position(|b| matches!(b, b'<' | b'&')).unwrap_or(bytes.len());
        let (text, rest) = bytes.split_at(end);
        if !text.is_empty() {
            each(Token::Text(text));
        }
        let Some((mark, rest)) = rest.split_first() else { return rest };
        self.buffer.clear();
        self.state = if *mark == b'<' { State::Markup(None) } else { State::Entity };
        rest
    }

    /// Takes one byte of markup or of an entity.
    fn inside<'b>(&mut self, bytes: &'b [u8], each: &mut impl FnMut(Token<'_>)) -> &'b [u8] {
        let Some((byte, rest)) = bytes.split_first() else { return bytes };
        match self.state {
            State::Entity => self.entity(*byte, each),
            State::Markup(quote) => self.markup(*byte, quote, each),
            State::Until(end) => self.until(*byte, end, each),
            State::Text => {}
        }
        rest
    }

    fn entity(&mut self, byte: u8, each: &mut impl FnMut(Token<'_>)) {
        if byte == b';' {
            each(Token::Entity(&self.buffer));
            self.state = State::Text;
            return;
        }
        self.buffer.push(byte);
        if self.buffer.len() > ENTITY_LIMIT || byte == b'<' {
            self.not_an_entity(byte, each);
        }
    }

    /// An `&` that begins no entity was text; a `<` after it begins a tag.
    fn not_an_entity(&mut self, last: u8, each: &mut impl FnMut(Token<'_>)) {
        each(Token::Text(b"&"));
        self.state = State::Text;
        if last == b'<' {
            self.buffer.pop();
            self.state = State::Markup(None);
        }
        if !self.buffer.is_empty() {
            each(Token::Text(&self.buffer));
        }
        self.buffer.clear();
    }

    fn markup(&mut self, byte: u8, quote: Option<u8>, each: &mut impl FnMut(Token<'_>)) {
        match (byte, quote) {
            (b'>', None) => {
                each(Token::Tag(&self.buffer));
                self.state = State::Text;
                return;
            }
            (b'"' | b'\'', None) => self.state = State::Markup(Some(byte)),
            (byte, Some(open)) if byte == open => self.state = State::Markup(None),
            _ => {}
        }
        if self.buffer.len() < TAG_LIMIT {
            self.buffer.push(byte);
        }
        let end: &[u8] = match self.buffer.as_slice() {
            b"?" => b"?>",
            b"!--" => b"-->",
            b"![CDATA[" => b"]]>",
            _ => return,
        };
        self.buffer.clear();
        self.state = State::Until(end);
    }

    /// Keeps no more than an end mark; what cannot belong to it goes out, if it is CDATA.
    fn until(&mut self, byte: u8, end: &'static [u8], each: &mut impl FnMut(Token<'_>)) {
        self.buffer.push(byte);
        if self.buffer == end {
            self.buffer.clear();
            self.state = State::Text;
        } else if self.buffer.len() == end.len() {
            let first = self.buffer.remove(0);
            if end == b"]]>" {
                each(Token::Literal(&[first]));
            }
        }
    }
}

/// The local name of a tag, without prefix and attributes.
pub(crate) fn local_name(tag: &[u8]) -> &[u8] {
    let tag = tag.strip_prefix(b"/").unwrap_or(tag);
    let name = tag.split(|b| b.is_ascii_whitespace() || *b == b'/').next().unwrap_or_default();
    name.rsplit(|b| *b == b':').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(pieces: &[&[u8]]) -> Vec<(char, String)> {
        let mut out: Vec<(char, String)> = Vec::new();
        let mut scanner = Scanner::default();
        for piece in pieces {
            scanner.push(piece, &mut |token| {
                let (kind, bytes) = match token {
                    Token::Tag(b) => ('t', b),
                    Token::Text(b) | Token::Literal(b) => ('x', b),
                    Token::Entity(b) => ('e', b),
                };
                let text = String::from_utf8_lossy(bytes).into_owned();
                match out.last_mut() {
                    Some(('x', last)) if kind == 'x' => *last += &text,
                    _ => out.push((kind, text)),
                }
            });
        }
        out
    }

    const SAMPLE: &[u8] =
        b"<a b='>'>x &amp; y<!-- <c> - -- --><?pi <d>?><![CDATA[<e>]] ]>]]>&longer-than-any-entity <f/> & <g>&#x1b;</g></a>";

    #[test]
    fn tags_text_and_entities_come_out_and_comments_do_not() {
        let tokens: Vec<String> =
            scan(&[SAMPLE]).into_iter().map(|(k, t)| format!("{k}:{t}")).collect();
        assert_eq!(
            tokens,
            [
                "t:a b='>'",
                "x:x ",
                "e:amp",
                "x: y<e>]] ]>&longer-than-any-entity ",
                "t:f/",
                "x: & ",
                "t:g",
                "e:#x1b",
                "t:/g",
                "t:/a"
            ]
        );
    }

    #[test]
    fn every_cut_of_the_stream_gives_the_same_tokens() {
        let whole = scan(&[SAMPLE]);
        for at in 0..SAMPLE.len() {
            let (a, b) = SAMPLE.split_at(at);
            assert_eq!(scan(&[a, b]), whole, "cut at {at}");
        }
        let bytes: Vec<&[u8]> = SAMPLE.chunks(1).collect();
        assert_eq!(scan(&bytes), whole);
    }

    #[test]
    fn a_tag_without_end_does_not_grow_for_ever() {
        let mut scanner = Scanner::default();
        for _ in 0..100 {
            scanner.push(&[b'<'; 4096], &mut |_| {});
        }
        assert!(scanner.buffer.len() <= TAG_LIMIT);
    }

    #[test]
    fn a_local_name_has_neither_prefix_nor_attributes() {
        for tag in ["output", "/output", "nc:output", "output a='b'", "output/", "/j:output "] {
            assert_eq!(local_name(tag.as_bytes()), b"output", "{tag}");
        }
    }
}
