//! Peer text made fit to be shown: escaped, so that it cannot drive a terminal, and cut.
//!
//! ```text
//!   b"GET / HTTP/1.1\r\nHost: …"  ──▶  GET / HTTP/1.1\r\nHost…
//! ```

use std::fmt;

/// A short, printable piece of what a peer sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Excerpt(String);

impl Excerpt {
    /// The longest excerpt, counted in characters as shown.
    pub const MAX: usize = 64;

    /// Escapes and cuts `bytes`; UTF-8 text that is safe to show stays as it is.
    pub fn new(bytes: impl AsRef<[u8]>) -> Self {
        let mut shown = String::new();
        let mut length = 0;
        for chunk in bytes.as_ref().utf8_chunks() {
            let invalid = chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}"));
            for piece in chunk.valid().chars().map(escape).chain(invalid) {
                length += piece.chars().count();
                if length > Self::MAX {
                    shown.push('…');
                    return Self(shown);
                }
                shown.push_str(&piece);
            }
        }
        Self(shown)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn escape(character: char) -> String {
    match character {
        '\r' => "\\r".to_owned(),
        '\n' => "\\n".to_owned(),
        '\t' => "\\t".to_owned(),
        '\\' => "\\\\".to_owned(),
        c if c.is_ascii_control() => format!("\\x{:02x}", c as u32),
        c if is_deceptive(c) => format!("\\u{{{:x}}}", c as u32),
        c => c.to_string(),
    }
}

/// Whether a character would change how the text around it looks: controls, line separators,
/// invisible characters and marks of writing direction.
pub(crate) fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn controls_and_broken_utf_8_are_escaped() {
        assert_eq!(Excerpt::new(b"a\r\n\x1b[2J\0\xff").as_str(), "a\\r\\n\\x1b[2J\\x00\\xff");
        assert_eq!(Excerpt::new("Zürich \u{202e}").as_str(), "Zürich \\u{202e}");
    }

    #[test]
    fn long_text_is_cut() {
        let shown = Excerpt::new("x".repeat(1000));
        assert_eq!(shown.as_str().chars().count(), Excerpt::MAX + 1);
        assert!(shown.as_str().ends_with('…'));
    }

    proptest! {
        #[test]
        fn whatever_comes_is_short_and_printable(bytes: Vec<u8>) {
            let shown = Excerpt::new(bytes);
            prop_assert!(shown.as_str().chars().count() <= Excerpt::MAX + 1);
            prop_assert!(!shown.as_str().chars().any(is_deceptive));
        }
    }
}
