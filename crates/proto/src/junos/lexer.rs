//! Words, marks and comments of the curly and `set` forms.
//!
//! ```text
//! client "my mist" { secret "$9$…"; ## SECRET-DATA      word word { word word ; mark
//! ```
//!
//! In quotes `\"` is a quotation mark and `\\` a backslash; any other backslash is itself. A
//! comment begins with `/*` anywhere between words or with `#` at the beginning of one. Only the
//! `set` form asks for line ends.

use super::limits::MAX_TOKEN;
use super::source::Span;
use super::tree::{Comment, Word, WordKind};

/// What the lexer found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// A word, quoted or not.
    Word(Word),
    /// `{`, `}`, `;`, `[` or `]`.
    Mark(char),
    /// A comment.
    Comment(Comment),
    /// `## SECRET-DATA`.
    SecretData,
    /// A line end; only if lines count.
    LineEnd,
    /// The end of the text.
    End,
}

/// Why a token is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadToken {
    /// A quotation mark without its partner; nothing can be read after it.
    OpenString,
    /// `/*` without `*/`; nothing can be read after it.
    OpenComment,
    /// Over [`MAX_TOKEN`].
    TooLong,
    /// A control character.
    Control,
    /// A typographic quotation mark.
    CurlyQuote,
}

/// Reads tokens one by one.
#[derive(Clone, Debug)]
pub(crate) struct Lexer<'t> {
    text: &'t str,
    at: usize,
    lines_count: bool,
}

impl<'t> Lexer<'t> {
    pub(crate) fn new(text: &'t str, lines_count: bool) -> Self {
        Self { text, at: 0, lines_count }
    }

    /// The next token and where it stands. After [`Token::End`] it stays there.
    pub(crate) fn next(&mut self) -> (Span, Result<Token, BadToken>) {
        self.skip_blanks();
        let start = self.at;
        let token = self.token();
        (Span::new(start, self.at), token)
    }

    /// Moves on to the end of the line.
    pub(crate) fn skip_line(&mut self) {
        let rest = self.rest();
        self.at += memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
    }

    /// The same, giving nothing: for a line that is given up.
    pub(crate) fn skip_line_to_none<T>(&mut self) -> Option<T> {
        self.skip_line();
        None
    }

    /// Whether the text ends inside quotation marks.
    pub(crate) fn ends_open(mut self) -> bool {
        loop {
            match self.next().1 {
                Ok(Token::End) => return false,
                Err(BadToken::OpenString) => return true,
                _ => {}
            }
        }
    }

    /// What has not been read.
    pub(crate) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// Where the lexer stands, in bytes.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Moves to byte `at`, which must be one it has been at or a character's beginning.
    pub(crate) fn seek(&mut self, at: usize) {
        self.at = at;
    }

    /// The first character of `span`.
    pub(crate) fn text_at(&self, span: Span) -> Option<char> {
        self.text.get(span.start as usize..)?.chars().next()
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        let blank = |c: char| c.is_whitespace() && !(self.lines_count && c == '\n');
        self.at += rest.find(|c| !blank(c)).unwrap_or(rest.len());
    }

    fn token(&mut self) -> Result<Token, BadToken> {
        let rest = self.rest();
        match rest.chars().next() {
            None => Ok(Token::End),
            Some('\n') => self.take(1, Token::LineEnd),
            Some(mark @ ('{' | '}' | ';' | '[' | ']')) => self.take(1, Token::Mark(mark)),
            Some('"') => self.string(),
            Some('#') => self.line_comment(),
            Some('/') if rest.starts_with("/*") => self.block_comment(),
            Some(_) => self.word(),
        }
    }

    fn take(&mut self, length: usize, token: Token) -> Result<Token, BadToken> {
        self.at += length;
        Ok(token)
    }

    fn word(&mut self) -> Result<Token, BadToken> {
        let rest = self.rest();
        let length = rest.find(is_delimiter).unwrap_or(rest.len());
        let start = self.at;
        self.at += length;
        let text = rest.get(..length).unwrap_or("");
        checked(text)?;
        if text.contains(['\u{201c}', '\u{201d}']) {
            return Err(BadToken::CurlyQuote);
        }
        Ok(Token::Word(Word::new(text, Span::new(start, self.at))))
    }

    fn string(&mut self) -> Result<Token, BadToken> {
        let start = self.at;
        let mut text = String::new();
        let mut chars = self.rest().char_indices().skip(1).peekable();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.at = start + at + 1;
                    checked(&text)?;
                    return Ok(Token::Word(Word::new(text, Span::new(start, self.at))));
                }
                '\\' if matches!(chars.peek(), Some((_, '"' | '\\'))) => {
                    text.extend(chars.next().map(|(_, next)| next));
                }
                c => text.push(c),
            }
        }
        self.at = self.text.len();
        Err(BadToken::OpenString)
    }

    fn line_comment(&mut self) -> Result<Token, BadToken> {
        let start = self.at;
        self.skip_line();
        let text = self.text.get(start..self.at).unwrap_or("");
        if text.len() > MAX_TOKEN {
            return Err(BadToken::TooLong);
        }
        // What the text is without its control characters decides, for so it is printed back.
        let printed: String = text.chars().filter(|c| !c.is_control() || *c == '\t').collect();
        let is_secret_data = printed.strip_prefix("##").is_some_and(|t| t.trim() == "SECRET-DATA");
        Ok(if is_secret_data { Token::SecretData } else { Token::Comment(Comment::new(text)) })
    }

    fn block_comment(&mut self) -> Result<Token, BadToken> {
        let rest = self.rest();
        let Some(length) = rest.get(2..).and_then(|inner| inner.find("*/")) else {
            self.at = self.text.len();
            return Err(BadToken::OpenComment);
        };
        self.at += length + 4;
        if length > MAX_TOKEN {
            return Err(BadToken::TooLong);
        }
        Ok(Token::Comment(Comment::new(rest.get(..length + 4).unwrap_or(""))))
    }
}

/// What ends an unquoted word.
pub(crate) fn is_delimiter(c: char) -> bool {
    c.is_whitespace() || matches!(c, '{' | '}' | ';' | '[' | ']' | '"')
}

/// Whether a word's text may be one: not too long, no control character but tab and line end.
pub(crate) fn checked(text: &str) -> Result<(), BadToken> {
    if text.len() > MAX_TOKEN {
        return Err(BadToken::TooLong);
    }
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(BadToken::Control);
    }
    Ok(())
}

impl BadToken {
    /// Whether nothing can be read after it: what was opened goes on to the end.
    pub(crate) fn is_last(self) -> bool {
        matches!(self, Self::OpenString | Self::OpenComment)
    }

    /// Stable code, sentence, advice.
    pub(crate) fn explain(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::OpenString => (
                "open-string",
                "this quotation mark has no partner",
                "close the string with `\"`, or write `\\\"` for a quotation mark inside one",
            ),
            Self::OpenComment => {
                ("open-comment", "this comment has no end", "close the comment with `*/`")
            }
            Self::TooLong => {
                ("token-too-long", "this word is too long", "a word has at most 64 KiB")
            }
            Self::Control => (
                "control-character",
                "there is a control character in this word",
                "remove it; copying the text again as plain text may help",
            ),
            Self::CurlyQuote => (
                "typographic-quote",
                "this is a typographic quotation mark",
                "use the plain one, `\"`",
            ),
        }
    }
}

/// A bracket as a word, for statements that the schema does not know.
pub(crate) fn bracket_word(mark: char, span: Span) -> Word {
    let kind = if mark == '[' { WordKind::Open } else { WordKind::Close };
    Word { kind, ..Word::new(mark, span) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut lexer = Lexer::new(text, false);
        let mut out = Vec::new();
        loop {
            match lexer.next().1 {
                Ok(Token::End) => return out,
                Ok(Token::Word(word)) => out.push(word.text),
                other => out.push(format!("{other:?}")),
            }
        }
    }

    #[test]
    fn a_string_keeps_blanks_marks_and_backslashes() {
        assert_eq!(words(r#""a {;} b" "\"\\\." c"#), ["a {;} b", r#""\\."#, "c"]);
    }

    #[test]
    fn a_hash_inside_a_word_is_no_comment() {
        assert_eq!(words("a#b"), ["a#b"]);
        assert_eq!(words("# a b"), ["Ok(Comment(Comment(\"# a b\")))"]);
    }

    #[test]
    fn secret_data_is_a_mark_of_its_own() {
        assert_eq!(words("##SECRET-DATA"), ["Ok(SecretData)"]);
        assert_eq!(words("## SECRET-DATA \r"), ["Ok(SecretData)"]);
        assert_eq!(words("## SECRET-DATA\u{8} \0"), ["Ok(SecretData)"]);
    }

    #[test]
    fn bad_tokens_are_named() {
        assert_eq!(words("\"a b"), ["Err(OpenString)"]);
        assert_eq!(words("/* a"), ["Err(OpenComment)"]);
        assert_eq!(words("a\u{1}b c"), ["Err(Control)", "c"]);
        assert_eq!(words("\u{201c}a\u{201d}"), ["Err(CurlyQuote)"]);
        assert_eq!(words(&"x".repeat(MAX_TOKEN + 1)), ["Err(TooLong)"]);
        assert_eq!(words(&format!("\"{}\"", "x".repeat(MAX_TOKEN + 1))), ["Err(TooLong)"]);
        assert_eq!(words(&format!("#{}", "x".repeat(MAX_TOKEN + 1))), ["Err(TooLong)"]);
        assert_eq!(words(&format!("/*{}*/", "x".repeat(MAX_TOKEN + 1))), ["Err(TooLong)"]);
    }

    #[test]
    fn no_break_spaces_of_a_web_page_are_blanks() {
        assert_eq!(words("a\u{a0}b"), ["a", "b"]);
    }
}
