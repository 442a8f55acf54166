//! A message written anew from its tokens, so that every reader of it reads what was judged.
//!
//! ```text
//!   <a  x='1>2'><!-- c --><![CDATA[<b>]]>&#x41;</a >   ─▶   <a x="1&gt;2">&lt;b&gt;A</a>
//! ```
//!
//! What two XML readers might read in two ways does not come out of it: comments, processing
//! instructions, encoding declarations, CDATA sections, numeric references to what needs none, names
//! beyond ASCII, bytes that are not UTF-8. Nor can the end-of-message mark.

use crate::netconf::scan::{Tag, XmlError};
use crate::netconf::text::{is_character, unescape};

/// The longest reference between `&` and `;`.
const LONGEST_REFERENCE: usize = 10;

/// Writes tokens.
#[derive(Debug, Default)]
pub(super) struct Canon {
    /// The names of the open elements, prefixes included.
    open: Vec<Box<[u8]>>,
    /// The element begun last was written as `<a/>`; its end is written already.
    is_closed: bool,
    /// The beginning of a character that is cut.
    partial: Vec<u8>,
    /// What came of a reference after its `&`.
    reference: Option<String>,
}

impl Canon {
    /// Writes a start tag.
    pub(super) fn start(&mut self, tag: &Tag<'_>, out: &mut Vec<u8>) -> Result<(), XmlError> {
        self.end_of_text()?;
        let body = tag.body();
        let name = name_of(body);
        if !name.is_ascii() {
            return Err(XmlError::Name);
        }
        out.push(b'<');
        out.extend_from_slice(name);
        for attribute in tag.attributes() {
            let attribute = attribute?;
            if !attribute.name.is_ascii() {
                return Err(XmlError::Name);
            }
            if matches!(attribute.declared_prefix(), Some(b"xml" | b"xmlns")) {
                return Err(XmlError::Prefix);
            }
            out.push(b' ');
            out.extend_from_slice(attribute.name);
            out.extend_from_slice(b"=\"");
            write_value(attribute.value, out)?;
            out.push(b'"');
        }
        self.is_closed = body.ends_with(b"/");
        out.extend_from_slice(if self.is_closed { b"/>" } else { b">" });
        self.open.push(name.into());
        Ok(())
    }

    /// Writes an end tag.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) -> Result<(), XmlError> {
        self.end_of_text()?;
        let name = self.open.pop().unwrap_or_default();
        if !std::mem::take(&mut self.is_closed) {
            out.extend_from_slice(b"</");
            out.extend_from_slice(&name);
            out.push(b'>');
        }
        Ok(())
    }

    /// Writes a piece of text.
    pub(super) fn text(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), XmlError> {
        self.characters(piece, true, out)
    }

    /// Writes a piece of a CDATA section, as text.
    pub(super) fn cdata(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), XmlError> {
        self.characters(piece, false, out)
    }

    fn characters(
        &mut self,
        mut piece: &[u8],
        references: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), XmlError> {
        while !self.partial.is_empty() {
            let Some((&byte, rest)) = piece.split_first() else {
                return Ok(());
            };
            piece = rest;
            self.partial.push(byte);
            let partial = std::mem::take(&mut self.partial);
            match std::str::from_utf8(&partial) {
                Ok(whole) => self.valid(whole, references, out)?,
                Err(error) if error.error_len().is_some() => return Err(XmlError::Utf8),
                Err(_) => self.partial = partial,
            }
        }
        match std::str::from_utf8(piece) {
            Ok(whole) => self.valid(whole, references, out),
            Err(error) => {
                let (whole, rest) = piece.split_at(error.valid_up_to());
                self.valid(&String::from_utf8_lossy(whole), references, out)?;
                if error.error_len().is_some() {
                    return Err(XmlError::Utf8);
                }
                self.partial.extend_from_slice(rest);
                Ok(())
            }
        }
    }

    fn valid(
        &mut self,
        mut text: &str,
        references: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), XmlError> {
        loop {
            if self.reference.is_none() {
                let plain = text.find(is_special).unwrap_or(text.len());
                let (before, rest) = text.split_at(plain);
                out.extend_from_slice(before.as_bytes());
                text = rest;
            }
            let Some(character) = text.chars().next() else {
                return Ok(());
            };
            text = text.get(character.len_utf8()..).unwrap_or_default();
            self.special(character, references, out)?;
        }
    }

    fn special(
        &mut self,
        character: char,
        references: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), XmlError> {
        match (&mut self.reference, character) {
            (Some(_), _) if !references => Err(XmlError::Entity),
            (Some(reference), ';') => {
                let text = unescape(format!("&{reference};").as_bytes())?;
                self.reference = None;
                text.chars().for_each(|resolved| write_resolved(resolved, out));
                Ok(())
            }
            (Some(reference), _) => {
                if reference.len() == LONGEST_REFERENCE || !is_in_reference(character) {
                    return Err(XmlError::Entity);
                }
                reference.push(character);
                Ok(())
            }
            (None, '&') if references => {
                self.reference = Some(String::new());
                Ok(())
            }
            (None, _) if is_character(character) => {
                write(character, out);
                Ok(())
            }
            (None, _) => Err(XmlError::Character),
        }
    }

    /// Nothing may be half read where text ends.
    fn end_of_text(&self) -> Result<(), XmlError> {
        match (&self.reference, self.partial.is_empty()) {
            (Some(_), _) => Err(XmlError::Entity),
            (None, false) => Err(XmlError::Utf8),
            (None, true) => Ok(()),
        }
    }
}

/// The name at the start of a tag, prefix included.
pub(super) fn name_of(body: &[u8]) -> &[u8] {
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'/';
    let length = body.iter().position(is_end).unwrap_or(body.len());
    body.get(..length).unwrap_or_default()
}

/// Writes an attribute's value; blanks become what every reader makes of them.
fn write_value(value: &[u8], out: &mut Vec<u8>) -> Result<(), XmlError> {
    let mut rest = std::str::from_utf8(value).map_err(|_| XmlError::Utf8)?;
    while let Some(character) = rest.chars().next() {
        let mut used = character.len_utf8();
        match character {
            '&' => {
                used = rest.find(';').ok_or(XmlError::Entity)? + 1;
                let reference = rest.get(..used).unwrap_or_default();
                if used > LONGEST_REFERENCE + 2 {
                    return Err(XmlError::Entity);
                }
                let text = unescape(reference.as_bytes())?;
                text.chars().for_each(|resolved| write_resolved(resolved, out));
            }
            '\r' if rest.starts_with("\r\n") => {}
            '\r' | '\n' | '\t' => out.push(b' '),
            other if is_character(other) => write(other, out),
            _ => return Err(XmlError::Character),
        }
        rest = rest.get(used..).unwrap_or_default();
    }
    Ok(())
}

/// Writes a character that stood as a reference: a blank must stay one.
fn write_resolved(character: char, out: &mut Vec<u8>) {
    match character {
        '\t' => out.extend_from_slice(b"&#9;"),
        '\n' => out.extend_from_slice(b"&#10;"),
        '\r' => out.extend_from_slice(b"&#13;"),
        other => write(other, out),
    }
}

fn write(character: char, out: &mut Vec<u8>) {
    match character {
        '&' => out.extend_from_slice(b"&amp;"),
        '<' => out.extend_from_slice(b"&lt;"),
        '>' => out.extend_from_slice(b"&gt;"),
        '"' => out.extend_from_slice(b"&quot;"),
        other => out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

fn is_special(character: char) -> bool {
    matches!(character, '&' | '<' | '>' | '"') || !is_character(character)
}

fn is_in_reference(character: char) -> bool {
    character == '#' || character.is_ascii_alphanumeric()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::netconf::element::Element;
    use crate::netconf::scan::{Limits, Scanner, Token};

    fn write_anew(pieces: &[&[u8]]) -> Result<Vec<u8>, XmlError> {
        let (mut scanner, mut canon, mut out) = (Scanner::default(), Canon::default(), Vec::new());
        for piece in pieces {
            let mut input = *piece;
            while let Some(token) = scanner.next(&mut input)? {
                match token {
                    Token::Start(tag) => canon.start(&tag, &mut out)?,
                    Token::End => canon.end(&mut out)?,
                    Token::Text(text) => canon.text(text, &mut out)?,
                    Token::CData(text) => canon.cdata(text, &mut out)?,
                }
            }
        }
        scanner.finish()?;
        Ok(out)
    }

    fn one(text: &str) -> Result<String, XmlError> {
        write_anew(&[text.as_bytes()]).map(|out| String::from_utf8(out).unwrap())
    }

    #[test]
    fn one_meaning_has_one_form() {
        let form = "<a x=\"1&gt;2\">&lt;b&gt;A</a>";
        for text in [
            "<?xml version='1.0' encoding='UTF-16'?><a  x='1>2'><!-- c --><![CDATA[<b>]]>&#x41;</a >",
            "<a x = \"1&#62;2\" >&#60;b><?pi <c/> ?>A</a\n>",
            "<a\nx='1&gt;2'>&lt;<![CDATA[]]>b<![CDATA[>]]>&#65;</a>",
        ] {
            assert_eq!(one(text).as_deref(), Ok(form), "{text}");
        }
        assert_eq!(one("<p:a xmlns:p='u' />").as_deref(), Ok("<p:a xmlns:p=\"u\"/>"));
        let value = one("<a b='\t&#9;\r\n&quot;\"'/>");
        assert_eq!(value.as_deref(), Ok("<a b=\" &#9; &quot;&quot;\"/>"));
    }

    #[test]
    fn what_may_be_read_in_two_ways_is_refused() {
        for (text, error) in [
            ("<a>&nbsp;</a>", XmlError::Entity),
            ("<a>&amp</a>", XmlError::Entity),
            ("<a>&#0;</a>", XmlError::Entity),
            ("<a>&#00000000000065;</a>", XmlError::Entity),
            ("<a>&<![CDATA[amp;]]></a>", XmlError::Entity),
            ("<a b='&x;'/>", XmlError::Entity),
            ("<a b='&amp'/>", XmlError::Entity),
            ("<a>\u{1}</a>", XmlError::Character),
            ("<a b='\u{fffe}'/>", XmlError::Character),
            ("<caf\u{e9}/>", XmlError::Name),
            ("<a \u{e9}=''/>", XmlError::Name),
            ("<a xmlns:xml='u'/>", XmlError::Prefix),
            ("<a xmlns:xmlns='u'/>", XmlError::Prefix),
        ] {
            assert_eq!(one(text), Err(error), "{text}");
        }
        assert_eq!(write_anew(&[b"<a>\xff</a>"]), Err(XmlError::Utf8));
        assert_eq!(write_anew(&[b"<a>\xc3</a>"]), Err(XmlError::Utf8));
        assert_eq!(write_anew(&[b"<a b='\xc3'/>"]), Err(XmlError::Utf8));
    }

    proptest! {
        #[test]
        fn every_cut_gives_the_same_text(
            text in "(<b>|</b>|<c/>|&lt;|&#65;|&|;|]]>|\\PC|é|\u{1}|<!\\[CDATA\\[|<!--|-->){0,12}",
            cuts in prop::collection::vec(any::<usize>(), 0..6),
        ) {
            let text = format!("<a>{text}</a>");
            let mut places: Vec<_> = cuts.iter().map(|cut| cut % (text.len() + 1)).collect();
            places.extend([0, text.len()]);
            places.sort_unstable();
            let pieces: Vec<_> = places.windows(2).map(|two| &text.as_bytes()[two[0]..two[1]]).collect();
            prop_assert_eq!(write_anew(&pieces), write_anew(&[text.as_bytes()]));
        }

        #[test]
        fn what_is_written_reads_the_same_and_holds_no_mark(text in "(<b x='\\PC{0,3}'>|</b>|&lt;|&#65;|]]>|\\PC|é|<!\\[CDATA\\[|<!--|-->){0,12}") {
            let text = format!("<a>{text}</a>");
            let parse = |text: &[u8]| Element::parse(text, Limits::default(), 1000);
            if let Ok(anew) = one(&text) {
                prop_assert!(!anew.contains("]]>"));
                prop_assert_eq!(parse(anew.as_bytes()), parse(text.as_bytes()));
                prop_assert_eq!(one(&anew), Ok(anew));
            }
        }
    }
}
