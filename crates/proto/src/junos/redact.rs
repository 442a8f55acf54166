//! Blanking secrets: in a line shown by an error, and in a whole tree.

use super::tree::{Statement, Word, looks_secret};

/// What stands where a secret stood.
pub const BLANK: &str = "<secret>";

/// Keywords whose value is never shown, in any form.
const SECRET_KEYWORDS: [&str; 7] = [
    "secret",
    "password",
    "encrypted-password",
    "plain-text-password",
    "plain-text-password-value",
    "pre-shared-key",
    "authentication-key",
];

/// Words that may follow an unquoted secret on its line and are safe to show.
const NEIGHBOURS: [&str; 10] = [
    "device-id",
    "keep-alive",
    "reconnect-strategy",
    "services",
    "port",
    "retry",
    "timeout",
    "proxy-server",
    "user",
    "set",
];

/// `line`, which begins at byte `start` of `text`, with every secret replaced by as many `•`
/// as it had characters, so that columns stay what they were.
///
/// It does not trust the parser, which may have just failed: after a secret's keyword everything
/// is blanked up to the end of the value or, unquoted, to the next known word.
pub(crate) fn redact_line(text: &str, start: usize, line: &str) -> String {
    let mut hiding = text.get(..start).and_then(last_token).is_some_and(is_secret_keyword)
        || inside_quotes(text.get(..start).unwrap_or(""));
    let mut hidden_one = false;
    let mut closes = false;
    let mut out = String::with_capacity(line.len());
    for piece in pieces(line) {
        let token = piece.trim_matches('"');
        if piece.chars().all(is_mark) || piece.trim().is_empty() {
            let ends = piece.contains(';') || piece.contains('{') || piece.contains("</");
            hiding &= !(hidden_one && (ends || piece.contains(',')));
            closes = piece.ends_with("</");
            out.push_str(piece);
        } else if looks_secret(token) || (hiding && !(hidden_one && NEIGHBOURS.contains(&token))) {
            hidden_one = true;
            out.extend(piece.chars().map(|_| '•'));
        } else {
            hiding = is_secret_keyword(token) && !closes;
            hidden_one = false;
            out.push_str(piece);
        }
    }
    out
}

fn is_secret_keyword(token: &str) -> bool {
    SECRET_KEYWORDS.contains(&token.trim_matches(is_mark).trim_matches('"'))
}

/// Marks that stand between words in one of the forms.
fn is_mark(c: char) -> bool {
    matches!(c, ';' | '{' | '}' | '<' | '>' | ':' | ',' | '[' | ']' | '/') || c.is_whitespace()
}

fn last_token(text: &str) -> Option<&str> {
    let from = text.len().saturating_sub(200);
    let from = (from..=text.len()).find(|&at| text.is_char_boundary(at))?;
    text.get(from..)?.split(|c: char| is_mark(c)).rfind(|token| !token.is_empty())
}

/// Whether the text ends inside a quoted string that began on an earlier line.
///
/// A quotation mark in a comment can make this say yes wrongly: then a line is blanked too much.
fn inside_quotes(text: &str) -> bool {
    let mut inside = false;
    let mut escaped = false;
    for byte in text.bytes() {
        match byte {
            b'\\' if inside => escaped = !escaped,
            b'"' if !escaped => inside = !inside,
            _ => escaped = false,
        }
    }
    inside
}

/// Cuts a line into runs of marks, quoted strings, and words.
fn pieces(line: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => quoted_length(rest),
            c if is_mark(c) => rest.find(|c| !is_mark(c)).unwrap_or(rest.len()),
            _ => rest.find(is_word_end).unwrap_or(rest.len()),
        };
        let (piece, after) = rest.split_at(length);
        out.push(piece);
        rest = after;
    }
    out
}

/// A word may hold `/` and `:`; everything else that separates ends it.
fn is_word_end(c: char) -> bool {
    c == '"' || (is_mark(c) && c != '/' && c != ':')
}

fn quoted_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '\\' => escaped = !escaped,
            '"' if !escaped => return at + 1,
            _ => escaped = false,
        }
    }
    text.len()
}

/// The same statements with every secret replaced by [`BLANK`].
pub(crate) fn redact(statements: &[Statement]) -> Vec<Statement> {
    statements.iter().map(redact_statement).collect()
}

fn redact_statement(statement: &Statement) -> Statement {
    let mut after_keyword = false;
    let words = statement.words.iter().map(|word| {
        let blank = word.secret || after_keyword;
        after_keyword = SECRET_KEYWORDS.contains(&word.text.as_str());
        if blank {
            Word { text: BLANK.to_owned(), secret: true, ..word.clone() }
        } else {
            word.clone()
        }
    });
    Statement {
        words: words.collect(),
        children: redact(&statement.children),
        ..statement.clone_shallow()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> String {
        redact_line(text, 0, text)
    }

    #[test]
    fn secrets_are_blanked_in_every_form_and_columns_stay() {
        let blank = "•".repeat(7);
        assert_eq!(line("secret hunter2; x"), format!("secret {blank}; x"));
        assert_eq!(line("secret hunter2 bogus"), format!("secret {blank} •••••"));
        assert_eq!(line("secret hunter2 services x"), format!("secret {blank} services x"));
        assert_eq!(line(r#"secret "a b c"; x"#), "secret •••••••; x");
        assert_eq!(line(r#"{"secret": "hunter2", "x": 1}"#), r#"{"secret": •••••••••, "x": 1}"#);
        assert_eq!(line("<secret>hunter2</secret><x/>"), format!("<secret>{blank}</secret><x/>"));
        assert_eq!(line("x \"$9$abc\" y"), "x •••••••• y");
    }

    #[test]
    fn a_secret_on_the_line_after_its_keyword_is_blanked() {
        let text = "secret\n  hunter2;\n";
        assert_eq!(redact_line(text, 7, "  hunter2;"), "  •••••••;");
        let text = "secret \"one\ntwo\" bogus;";
        assert!(!redact_line(text, 12, "two\" bogus;").contains("two"));
    }
}
