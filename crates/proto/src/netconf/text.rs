//! Text between XML's marks: escaping what we write, resolving what we read.
//!
//! Source: XML 1.0, sections 2.2 (characters), 4.1 and 4.6 (references).

use super::scan::XmlError;

/// Appends `text` so that it may stand in an element or a quoted value.
///
/// `>` is escaped too, so that no text can hold the end-of-message mark; characters that XML can't
/// carry at all become U+FFFD.
pub fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            other if is_character(other) => out.push(other),
            _ => out.push(char::REPLACEMENT_CHARACTER),
        }
    }
}

/// [`escape`] as a value.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape(text, &mut out);
    out
}

/// Resolves the five entities that XML defines and character references; expands nothing else.
///
/// # Errors
/// [`XmlError::Utf8`], [`XmlError::Entity`], [`XmlError::Character`].
pub fn unescape(raw: &[u8]) -> Result<String, XmlError> {
    let mut rest = std::str::from_utf8(raw).map_err(|_| XmlError::Utf8)?;
    if !rest.chars().all(is_character) {
        return Err(XmlError::Character);
    }
    let mut out = String::with_capacity(rest.len());
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let (name, after) = after.split_once(';').ok_or(XmlError::Entity)?;
        out.push(resolve(name).ok_or(XmlError::Entity)?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// [`unescape`] for text that is only shown: what can't be resolved stays as it stands.
pub fn unescape_lossy(raw: &[u8]) -> String {
    unescape(raw).unwrap_or_else(|_| String::from_utf8_lossy(raw).into_owned())
}

fn resolve(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let digits = name.strip_prefix('#')?;
            let number = match digits.strip_prefix('x') {
                Some(digits) => hex(digits),
                None => digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?,
            };
            char::from_u32(number?).filter(|&character| is_character(character))
        }
    }
}

fn hex(digits: &str) -> Option<u32> {
    let all_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    all_hex.then(|| u32::from_str_radix(digits, 16).ok())?
}

/// Whether XML can carry it.
pub(super) fn is_character(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_five_entities_and_character_references_are_resolved() {
        let text = unescape(b"&lt;&gt;&amp;&quot;&apos;&#65;&#x1F600;").unwrap();
        assert_eq!(text, "<>&\"'A\u{1F600}");
    }

    #[test]
    fn other_references_are_refused() {
        for text in
            ["&nbsp;", "&", "&amp", "&#;", "&#x;", "&#0;", "&#xD800;", "&#+5;", "&#x110000;"]
        {
            assert_eq!(unescape(text.as_bytes()), Err(XmlError::Entity), "{text}");
            assert_eq!(unescape_lossy(text.as_bytes()), text);
        }
        assert_eq!(unescape(b"\xff"), Err(XmlError::Utf8));
    }

    #[test]
    fn characters_that_xml_does_not_have_are_refused() {
        for text in ["a\u{1c}b", "\0", "\u{fffe}"] {
            assert_eq!(unescape(text.as_bytes()), Err(XmlError::Character), "{text:?}");
            assert_eq!(unescape_lossy(text.as_bytes()), text);
        }
    }

    proptest! {
        #[test]
        fn what_is_escaped_reads_back(text in "[\\PC\t\n\r&<>\"']{0,40}") {
            prop_assert_eq!(unescape(escaped(&text).as_bytes()).unwrap(), text);
        }

        #[test]
        fn escaped_text_holds_no_mark(text in "[\\]>]{0,20}") {
            prop_assert!(!escaped(&text).contains("]]>"));
        }
    }
}
