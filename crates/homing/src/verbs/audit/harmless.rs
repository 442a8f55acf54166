//! A session's output without what would act on the watcher's terminal rather than on its screen.
//!
//! ```text
//!   text, colours, cursor (CSI … final)            pass
//!   OSC, DCS, APC, PM, SOS … until ST or BEL       dropped: titles, clipboard, files
//!   CSI … c, n, q, t, x; ESC Z; ENQ                   dropped: the terminal would answer, as if somebody typed
//! ```
//!
//! Source: ECMA-48.

/// Passes output on, piece by piece.
#[derive(Debug, Default)]
pub(super) struct Harmless {
    state: State,
    /// A sequence whose end is not known yet.
    held: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// After ESC.
    Escape,
    /// After ESC [.
    Control,
    /// In a string that is dropped.
    Dropped,
    /// After ESC in such a string.
    DroppedEscape,
}

/// The longest sequence that passes.
const LONGEST: usize = 64;

impl Harmless {
    /// What may be shown of `text`, after what came before.
    pub(super) fn pass(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            self.step(c, &mut out);
        }
        out
    }

    fn step(&mut self, c: char, out: &mut String) {
        self.state = match (self.state, c) {
            (State::Dropped, '\x1b') => State::DroppedEscape,
            (State::Dropped, '\x07' | '\u{9c}') | (State::DroppedEscape, '\\') => State::Text,
            (State::Dropped | State::DroppedEscape, _) => State::Dropped,
            (_, '\x1b') => {
                self.held = "\x1b".to_owned();
                State::Escape
            }
            (State::Text, '\x05') => State::Text,
            (State::Text, '\u{9b}') => {
                self.held = "\x1b[".to_owned();
                State::Control
            }
            (State::Text, '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}') => State::Dropped,
            (State::Text, c) => {
                out.push(c);
                State::Text
            }
            (State::Escape, '[') => {
                self.held.push('[');
                State::Control
            }
            (State::Escape, 'P' | 'X' | ']' | '^' | '_') => State::Dropped,
            (State::Escape, 'Z') => State::Text,
            (State::Escape, ' '..='/') => {
                self.held.push(c);
                State::Escape
            }
            (State::Escape, c) => self.end(c, out),
            (State::Control, 'c' | 'n' | 'q' | 't' | 'x' | 'y') if !self.held.ends_with(' ') => {
                State::Text
            }
            (State::Control, '@'..='~') => self.end(c, out),
            (State::Control, c) => {
                self.held.push(c);
                State::Control
            }
        };
        if self.held.len() > LONGEST {
            self.held.clear();
            self.state = State::Text;
        }
    }

    fn end(&mut self, last: char, out: &mut String) -> State {
        out.push_str(&std::mem::take(&mut self.held));
        out.push(last);
        State::Text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pass(text: &str) -> String {
        Harmless::default().pass(text)
    }

    #[test]
    fn the_screen_is_as_it_was() {
        for text in
            ["ls\r\n", "\x1b[1;31mred\x1b[0m", "\x1b[2J\x1b[H", "\x1b(B\x1b7é", "\x1b[?25l\x1b[4 q"]
        {
            assert_eq!(pass(text), text);
        }
    }

    #[test]
    fn nothing_reaches_the_terminal_itself() {
        assert_eq!(pass("a\x1b]52;c;cm0gLXJm\x07b"), "ab");
        assert_eq!(pass("a\x1b]0;title\x1b\\b"), "ab");
        assert_eq!(pass("a\x1bP+q544e\x1b\\b"), "ab");
        assert_eq!(pass("a\x1b[c\x1b[6n\x1b[>0q\x1b[21t\x1bZ\x05b"), "ab");
        assert_eq!(pass("a\u{9d}0;x\u{9c}b"), "ab");
    }

    #[test]
    fn a_sequence_that_is_cut_is_put_together() {
        let mut harmless = Harmless::default();
        assert_eq!(harmless.pass("a\x1b[3"), "a");
        assert_eq!(harmless.pass("1mb\x1b]0;ti"), "\x1b[31mb");
        assert_eq!(harmless.pass("tle\x1b"), "");
        assert_eq!(harmless.pass("\\c"), "c");
    }

    #[test]
    fn an_endless_sequence_is_not_kept() {
        let mut harmless = Harmless::default();
        harmless.pass(&format!("\x1b[{}", "1;".repeat(100_000)));
        assert!(harmless.held.len() <= LONGEST);
    }
}
