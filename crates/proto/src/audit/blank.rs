//! Blanking secrets in text that is kept: commands, pieces of configuration in any of its forms, XML.
//!
//! ```text
//!   set system login user x authentication encrypted-password "$6$ab$cd"  ──▶  … encrypted-password (secret)
//!   <password>hunter2</password>                                          ──▶  <password>(secret)</password>
//! ```
//!
//! It trusts no parser and rather blanks a word too many. Blanked is what follows a word that names a secret, every
//! hashed or obfuscated password wherever it stands (`$9$…`, `$6$…`), passwords in URLs, private keys, and what looks
//! like a key.

use crate::secret_words::{MARKS, names_secret, quoted_length, stands_between};

/// What stands where a secret stood.
pub const BLANK: &str = "(secret)";

/// A word of so many Base64 digits is taken for a key.
const LONG: usize = 40;

const PRIVATE: &str = "PRIVATE KEY-----";

/// The text with every secret replaced by [`BLANK`].
#[must_use]
pub fn blank(text: &str) -> String {
    run(text, true)
}

/// The same of a sentence, in which words like *password* are only words: what is hashed or obfuscated, and keys.
#[must_use]
pub fn blank_sentence(text: &str) -> String {
    run(text, false)
}

fn run(text: &str, by_name: bool) -> String {
    let out = String::with_capacity(text.len());
    let mut blanked = Blanked { out, awaited: false, inside: None, is_snmp: false, by_name };
    let mut rest = text;
    while !rest.is_empty() {
        rest = blanked.take(rest);
    }
    blanked.out
}

struct Blanked {
    out: String,
    /// The next word is a secret.
    awaited: bool,
    /// The element whose name is that of a secret: all text up to its end is one.
    inside: Option<String>,
    /// The text is about SNMP, whose communities are passwords.
    is_snmp: bool,
    /// What follows a word that names a secret is one.
    by_name: bool,
}

impl Blanked {
    /// Takes what stands first, and gives back what follows it.
    fn take<'a>(&mut self, text: &'a str) -> &'a str {
        if let Some(rest) = private_key(text) {
            self.out.push_str(BLANK);
            return rest;
        }
        if let Some((tag, rest)) = open_tag(text) {
            return self.element(tag, rest);
        }
        if let Some((tag, rest)) = text.starts_with("</").then(|| text.split_once('>')).flatten() {
            if self.inside.as_deref() == tag.get(2..).map(str::trim_end) {
                self.inside = None;
            }
            self.awaited = self.inside.is_some();
            self.out.push_str(tag);
            self.out.push('>');
            return rest;
        }
        if let Some(rest) = self.url(text) {
            return rest;
        }
        let Some(first) = text.chars().next() else { return "" };
        if first == '"' || first == '\'' {
            let (quote, rest) = text.split_at(quoted_length(text, first));
            self.quoted(quote);
            return rest;
        }
        let end = match is_word(first) {
            true if self.awaited => text.find(ends_value).unwrap_or(text.len()),
            true => text.find(|c| !is_word(c)).unwrap_or(text.len()),
            false => first.len_utf8(),
        };
        let (piece, rest) = text.split_at(end);
        match is_word(first) {
            true => self.word(piece, piece),
            false => {
                // The end of a statement, or of an element.
                self.awaited &= !matches!(first, ';' | '}' | '<');
                self.out.push_str(piece);
            }
        }
        rest
    }

    /// An element: if its name is that of a secret, all text in it is one.
    fn element<'a>(&mut self, tag: &str, rest: &'a str) -> &'a str {
        let inside = tag.trim_start_matches('<').trim_end_matches('>');
        let name = inside.split([' ', '\t', '\r', '\n', '/']).next().unwrap_or_default();
        self.out.push('<');
        self.out.push_str(name);
        self.out.push_str(&run(inside.get(name.len()..).unwrap_or_default(), self.by_name));
        self.out.push('>');
        self.awaited = self.inside.is_some();
        let is_secret = self.inside.is_some() || self.names_secret(name);
        if !self.by_name || !is_secret || inside.ends_with('/') {
            return rest;
        }
        if open_tag(rest.trim_start()).is_some() {
            self.inside.get_or_insert_with(|| name.to_owned());
            return rest;
        }
        let (value, rest) = rest.split_at(rest.find("</").unwrap_or(rest.len()));
        if !value.trim().is_empty() {
            self.out.push_str(BLANK);
        }
        rest
    }

    /// Whether what follows this word is a secret, here.
    fn names_secret(&mut self, word: &str) -> bool {
        self.is_snmp |= word.eq_ignore_ascii_case("snmp");
        names_secret(word) || (self.is_snmp && word.eq_ignore_ascii_case("community"))
    }

    /// Its words are looked at as well: it may be a command.
    fn quoted(&mut self, piece: &str) {
        let text = piece.trim_matches(['"', '\'']);
        if self.awaited || !text.contains(char::is_whitespace) {
            return self.word(piece, text);
        }
        let begin = piece.len() - piece.trim_start_matches(['"', '\'']).len();
        let end = begin + text.len();
        self.out.push_str(piece.get(..begin).unwrap_or_default());
        self.out.push_str(&run(text, self.by_name));
        self.out.push_str(piece.get(end..).unwrap_or_default());
    }

    /// `://user:password@`, and what follows it.
    fn url<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        let authority = text.strip_prefix("://")?;
        let end = authority.find(|c: char| c == '/' || ends_value(c)).unwrap_or(authority.len());
        let (authority, rest) = authority.split_at(end);
        let (user, host) = authority.rsplit_once('@')?;
        let (user, _) = user.split_once(':')?;
        self.out.push_str(&format!("://{user}:{BLANK}@{host}"));
        Some(rest)
    }

    fn word(&mut self, piece: &str, word: &str) {
        let is_key = looks_like_key(word) && !self.out.ends_with("SHA256:");
        if word == BLANK {
            self.awaited = false;
            self.out.push_str(piece);
        } else if is_key || MARKS.iter().any(|mark| word.contains(mark)) {
            self.awaited = false;
            self.out.push_str(BLANK);
        } else if self.by_name && self.names_secret(word) {
            self.awaited = true;
            self.out.push_str(piece);
        } else if self.awaited && !stands_between(word) {
            // Some vendors have a number between: `password 7 0822455D0A16`.
            self.awaited = word.len() == 1 && word.starts_with(|c: char| c.is_ascii_digit());
            self.out.push_str(BLANK);
        } else {
            self.out.push_str(piece);
        }
    }
}

fn looks_like_key(word: &str) -> bool {
    let word = word.trim_end_matches('=');
    let any = |is: fn(&u8) -> bool| word.as_bytes().iter().any(is);
    word.len() >= LONG
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
        && any(u8::is_ascii_digit)
        && any(u8::is_ascii_uppercase)
        && any(u8::is_ascii_lowercase)
}

/// What a secret without quotes ends with.
fn ends_value(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '<' | ';' | '}')
}

/// What a word is made of. `$`, `.`, `/`, `+` and such are part of passwords.
fn is_word(c: char) -> bool {
    let is_mark =
        matches!(c, '"' | '\'' | '<' | '>' | ';' | '{' | '}' | '[' | ']' | '=' | ':' | ',');
    !is_mark && !c.is_whitespace()
}

/// `<name …>`, and what follows it.
fn open_tag(text: &str) -> Option<(&str, &str)> {
    let begins = text.strip_prefix('<')?.starts_with(|c: char| c.is_alphabetic() || c == '_');
    begins.then(|| text.find('>').map(|end| text.split_at(end + 1)))?
}

/// What follows a PEM block of a private key, if one begins here.
fn private_key(text: &str) -> Option<&str> {
    let head = text.strip_prefix("-----BEGIN ")?;
    let name = head.split('\n').next().unwrap_or_default();
    name.contains(PRIVATE.trim_end_matches('-')).then_some(())?;
    let after = text.split_once("-----END ").and_then(|(_, end)| end.split_once(PRIVATE));
    Some(after.map_or("", |(_, after)| after))
}
