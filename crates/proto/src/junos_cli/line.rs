//! A line that was typed, cut into words.
//!
//! ```text
//!   set system host-name "a b" | display set ## SECRET-DATA
//!   └word┘             └quoted┘ └bar      └ the rest is a comment
//! ```

/// One word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Without quotation marks.
    pub text: String,
    /// The byte at which it begins.
    pub start: usize,
    /// Whether it stood in quotation marks.
    pub quoted: bool,
}

impl Token {
    /// Whether it is the bar before a filter.
    pub fn is_bar(&self) -> bool {
        !self.quoted && self.text == "|"
    }
}

/// A line and what is still being typed at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The words that are complete.
    pub words: Vec<Token>,
    /// The last word, if nothing stands behind it; empty after a blank.
    pub partial: Token,
    /// Where a quotation mark was opened and not closed.
    pub open_quote: Option<usize>,
}

impl Line {
    /// Cuts `text`.
    pub fn new(text: &str) -> Self {
        let (mut words, open_quote, ended) = cut(text);
        let partial = match words.pop_if(|last| !ended && !last.is_bar()) {
            Some(last) => last,
            None => Token { text: String::new(), start: text.len(), quoted: false },
        };
        Self { words, partial, open_quote }
    }

    /// Every word, the last one included.
    pub fn all(text: &str) -> Vec<Token> {
        cut(text).0
    }
}

/// The words, an open quotation mark, and whether a blank or quotation mark ended the last word.
fn cut(text: &str) -> (Vec<Token>, Option<usize>, bool) {
    let mut words: Vec<Token> = Vec::new();
    let mut chars = text.char_indices().peekable();
    let mut ended = true;
    while let Some((start, first)) = chars.next() {
        if first.is_whitespace() {
            ended = true;
            continue;
        }
        if first == '#' && (ended || words.is_empty()) {
            return (words, None, true);
        }
        if first == '"' {
            let Some(word) = quoted(&mut chars) else { return (words, Some(start), false) };
            words.push(Token { text: word, start, quoted: true });
            ended = true;
            continue;
        }
        let mut word = String::from(first);
        if !is_mark(first) {
            let more = |(_, c): &(usize, char)| !c.is_whitespace() && !is_mark(*c);
            while let Some((_, c)) = chars.next_if(more) {
                word.push(c);
            }
        }
        ended = is_mark(first);
        words.push(Token { text: word, start, quoted: false });
    }
    (words, None, ended)
}

fn is_mark(c: char) -> bool {
    matches!(c, '|' | '[' | ']' | '"')
}

/// What stands before the closing mark; `\"` and `\\` stand for themselves.
fn quoted(chars: &mut impl Iterator<Item = (usize, char)>) -> Option<String> {
    let mut word = String::new();
    while let Some((_, c)) = chars.next() {
        match c {
            '"' => return Some(word),
            '\\' => match chars.next()?.1 {
                c @ ('"' | '\\') => word.push(c),
                c => word.extend(['\\', c]),
            },
            c => word.push(c),
        }
    }
    None
}

/// `word` as a line can carry it.
pub fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._/:@+*,=%~^<>$!&()'?\\".contains(c);
    if !word.is_empty() && word.chars().all(plain) && !word.contains('\\') {
        return word.to_owned();
    }
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The commands of a script on one line: `configure; set …; commit`.
pub fn commands(text: &str) -> Vec<&str> {
    let mut all = Vec::new();
    let (mut start, mut in_quotes, mut escaped) = (0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = in_quotes,
            '"' => in_quotes = !in_quotes,
            ';' | '\n' if !in_quotes => {
                all.extend(text.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    all.extend(text.get(start..));
    all.into_iter().map(str::trim).filter(|command| !command.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(line: &str) -> Vec<String> {
        Line::all(line).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn words_are_cut_at_blanks_and_marks() {
        assert_eq!(texts("set a [ b c] x"), ["set", "a", "[", "b", "c", "]", "x"]);
        assert_eq!(texts("show|match x"), ["show", "|", "match", "x"]);
        assert_eq!(texts(r#"set a "b \" c" d ## SECRET-DATA"#), ["set", "a", "b \" c", "d"]);
        assert_eq!(texts("  # only a remark"), Vec::<String>::new());
        assert_eq!(texts("set a#b"), ["set", "a#b"]);
    }

    #[test]
    fn what_is_being_typed_is_told_from_what_is_complete() {
        let line = Line::new("set sys");
        assert_eq!(
            (line.words.len(), line.partial.text.as_str(), line.partial.start),
            (1, "sys", 4)
        );
        assert_eq!(Line::new("set ").partial.text, "");
        assert_eq!(Line::new("show |").words.len(), 2);
        assert_eq!(Line::new("annotate x \"half").open_quote, Some(11));
    }

    #[test]
    fn a_word_is_quoted_where_it_must_be() {
        for word in ["", "a b", "a|b", "q\"uote", "back\\slash", "[", "x;y", "plain", "$9$abc/_"] {
            assert_eq!(texts(&quote(word)), [word], "{word}");
        }
        assert_eq!(quote("10.0.0.1"), "10.0.0.1");
    }

    #[test]
    fn commands_on_one_line_end_at_semicolons_outside_quotes() {
        assert_eq!(
            commands("configure; set a \"b;c\" ;\n;commit"),
            ["configure", "set a \"b;c\"", "commit"]
        );
    }
}
