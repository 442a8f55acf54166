//! Blanking secrets: in a line shown by an error, and in a whole tree.
//!
//! ```text
//! authentication-key 1 type md5 value X;       pre-shared-key { ascii-text X; }
//!  └ names a secret: the rest of its statement, and what is in its braces, is blank
//! ```

use super::identity::inside;
use super::schema::{Area, Kind};
use super::tree::{Statement, Word, WordKind, looks_secret};
use crate::secret_words::{names_secret, quoted_length, stands_between};

/// What stands where a secret stood.
pub const BLANK: &str = "<secret>";

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
    let word = token.trim_matches(is_mark).trim_matches('"');
    names_secret(word) || word == "community"
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
            '"' => quoted_length(rest, '"'),
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

/// The same statements, which stand in `area`, with every secret replaced by [`BLANK`].
pub(crate) fn redact(statements: &[Statement], area: Area) -> Vec<Statement> {
    redact_in(statements, area, Hiding::default())
}

/// The words of a statement and those it is in, from the top, with every secret replaced.
pub(crate) fn words_of_path<'t>(path: &[&'t Statement]) -> Vec<&'t str> {
    let mut hiding = Hiding::default();
    let mut area = Area::TOP;
    let mut words = Vec::new();
    for statement in path {
        let blank = hiding.enter(statement, area);
        let shown = statement.words.iter().zip(blank);
        words.extend(shown.map(|(word, blank)| if blank { BLANK } else { word.text.as_str() }));
        area = inside(area, statement);
    }
    words
}

fn redact_in(statements: &[Statement], area: Area, hiding: Hiding<'_>) -> Vec<Statement> {
    let redacted = statements.iter().map(|statement| {
        let mut hiding = hiding;
        let blank = hiding.enter(statement, area);
        let words = statement.words.iter().zip(blank).map(|(word, blank)| match blank {
            true => Word { secret: true, kind: WordKind::Plain, ..Word::new(BLANK, word.span) },
            false => word.clone(),
        });
        Statement {
            words: words.collect(),
            children: redact_in(&statement.children, inside(area, statement), hiding),
            ..statement.clone_shallow()
        }
    });
    redacted.collect()
}

/// What the words up to a place say of those that follow.
#[derive(Clone, Copy, Debug, Default)]
struct Hiding<'t> {
    /// A word that names a secret stands above or in front.
    is_on: bool,
    /// Communities are passwords here, not those of routes.
    is_snmp: bool,
    above: &'t str,
}

impl<'t> Hiding<'t> {
    /// Which words of a statement are blank; what is in its braces comes next.
    fn enter(&mut self, statement: &'t Statement, area: Area) -> Vec<bool> {
        // Of what has a rule the keyword says what the value is, and a name says nothing.
        let naming = match area.rule_for(statement).map(|rule| &rule.kind) {
            Some(Kind::Nameless(_)) => 0,
            Some(_) => 1,
            None => usize::MAX,
        };
        let mut is_community = false;
        let mut blank = Vec::with_capacity(statement.words.len());
        for (at, word) in statement.words.iter().enumerate() {
            let hides = self.is_on || is_community;
            let is_blank =
                !word.is_bracket() && (word.secret || (hides && !stands_between(&word.text)));
            blank.push(is_blank);
            if !is_blank && at < naming {
                // `login password { … }` says what passwords must be like.
                let is_policy = word.text == "password" && self.above == "login";
                self.is_on |= names_secret(&word.text) && !is_policy;
                is_community |= self.is_snmp && word.text == "community";
                self.is_snmp |= word.text == "snmp";
                self.above = &word.text;
            }
        }
        // What is said of a community is none, only its name.
        self.is_on |= is_community && statement.words.len() == 1;
        blank
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::junos::{Configuration, Form};

    const FORMS: [Form; 4] = [Form::Curly, Form::Set, Form::Xml, Form::Json];

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
    fn shown(text: &str) -> String {
        let configuration = Configuration::parse("x", text).unwrap();
        let shown = configuration.redacted();
        FORMS.map(|form| shown.print(form)).join("\n")
    }

    #[test]
    fn what_follows_a_word_that_names_a_secret_is_blank_in_line_and_braces() {
        for text in [
            "security { ike { policy p { pre-shared-key ascii-text hunter2; } } }",
            "security { ike { policy p { pre-shared-key { ascii-text hunter2; } } } }",
            "vendor { pre-shared-key { hexadecimal hunter2; } }",
            "snmp { v3 { usm { authentication-password hunter2; privacy-password hunter2; } } }",
            "snmp { community hunter2 { authorization read-only; } }",
            "snmp { community hunter2; }",
            "vendor { ppp { chap { chap-secret hunter2; } pap { pap-password hunter2; } } }",
            "vendor { authentication-key 1 { type md5; value hunter2; } }",
            "vendor simple-password hunter2 hunter2;",
            "vendor { wifi { passphrase [ hunter2 \"hunter2 b\" ]; } }",
            "system { foo secret hunter2; }",
        ] {
            let shown = shown(text);
            assert!(!shown.contains("hunter2") && shown.contains("secret>"), "{text}\n{shown}");
        }
    }

    #[test]
    fn names_and_policies_are_shown() {
        let text = "system { login { password { minimum-length 12; } user secretary { uid 7; } \
            class c { permissions [ secret view ]; } } authentication-order [ password radius ]; } \
            policy-options { community c members 65000:1; }";
        let shown = shown(text);
        assert!(!shown.contains(BLANK) && !shown.contains("&lt;secret"), "{shown}");
    }

    #[test]
    fn a_remark_shows_no_secret() {
        let text = "system { foo secret hunter2; vendor { password { a hunter2; } } }";
        let found = Configuration::parse("x", text).unwrap().not_acted_on();
        let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
        let text = lines.join("\n");
        assert!(!text.contains("hunter2") && text.contains("system foo secret <secret>"), "{text}");
    }
}
