//! JSON with places: values that know where they stand.
//!
//! A reader of its own, because errors must point at the word. Source: RFC 8259.

use super::lexer::checked;
use super::limits::{MAX_DEPTH, MAX_STATEMENTS, MAX_TOKEN};
use super::source::Span;
use super::tree::{Word, WordKind};

/// A member of an object.
pub(crate) type Member = (Word, Json);

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Json {
    pub(crate) span: Span,
    pub(crate) value: JsonValue,
}

/// A value.
#[derive(Clone, Debug)]
pub(crate) enum JsonValue {
    /// `null`
    Null,
    /// A string; or a number, `true` or `false`, as a literal word.
    Text(Word),
    /// `[ … ]`
    Array(Vec<Json>),
    /// `{ … }`
    Object(Vec<Member>),
}

/// Why a text is no JSON.
#[derive(Clone, Debug)]
pub(crate) struct BadJson {
    pub(crate) code: &'static str,
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) expected: Option<&'static str>,
}

/// Reads one text.
pub(crate) struct JsonReader<'t> {
    text: &'t str,
    at: usize,
    values: usize,
}

impl<'t> JsonReader<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, at: 0, values: 0 }
    }

    /// The value that the text is.
    pub(crate) fn whole(mut self) -> Result<Json, BadJson> {
        let json = self.value(0)?;
        match self.peek() {
            None => Ok(json),
            Some(_) => Err(self.bad("there is something behind the end", "nothing more")),
        }
    }

    /// The next character that is no blank.
    fn peek(&mut self) -> Option<char> {
        let rest = self.rest();
        let blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r');
        self.at += rest.find(|c| !blank(c)).unwrap_or(rest.len());
        self.rest().chars().next()
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn value(&mut self, depth: usize) -> Result<Json, BadJson> {
        self.values += 1;
        if self.values > 4 * MAX_STATEMENTS {
            return Err(self.limit("too-many-statements", "there are too many values"));
        }
        if depth > 2 * MAX_DEPTH {
            return Err(self.limit("too-deep", "values are too deep in one another"));
        }
        let first = self.peek();
        let start = self.at;
        let value = match first {
            Some('{') => JsonValue::Object(self.object(depth)?),
            Some('[') => JsonValue::Array(self.array(depth)?),
            Some('"') => JsonValue::Text(self.string()?),
            Some(c) if c.is_ascii_alphanumeric() || c == '-' => self.literal()?,
            _ => return Err(self.bad("this is no value", "a value")),
        };
        Ok(Json { span: Span::new(start, self.at), value })
    }

    fn object(&mut self, depth: usize) -> Result<Vec<Member>, BadJson> {
        self.at += 1;
        let mut members = Vec::new();
        if self.peek() == Some('}') {
            self.at += 1;
            return Ok(members);
        }
        loop {
            if self.peek() != Some('"') {
                return Err(self.bad("a member has no name", "a name in quotation marks"));
            }
            let name = self.string()?;
            if self.peek() != Some(':') {
                return Err(self.bad("a member has no value", "`:`"));
            }
            self.at += 1;
            members.push((name, self.value(depth + 1)?));
            match self.peek() {
                Some(',') => self.at += 1,
                Some('}') => {
                    self.at += 1;
                    return Ok(members);
                }
                _ => return Err(self.bad("the object does not go on", "`,` or `}`")),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Vec<Json>, BadJson> {
        self.at += 1;
        let mut items = Vec::new();
        if self.peek() == Some(']') {
            self.at += 1;
            return Ok(items);
        }
        loop {
            items.push(self.value(depth + 1)?);
            match self.peek() {
                Some(',') => self.at += 1,
                Some(']') => {
                    self.at += 1;
                    return Ok(items);
                }
                _ => return Err(self.bad("the array does not go on", "`,` or `]`")),
            }
        }
    }

    fn string(&mut self) -> Result<Word, BadJson> {
        let start = self.at;
        let length = quoted_length(self.rest());
        let Some(raw) = length.and_then(|length| self.rest().get(..length)) else {
            let span = Span::new(start, start + 1);
            return Err(broken(span, "open-string", "this quotation mark has no partner"));
        };
        self.at += raw.len();
        let span = Span::new(start, self.at);
        let text: String = serde_json::from_str(raw).map_err(|_| {
            broken(span, "malformed-json", "this string has an escape or character JSON has not")
        })?;
        match checked(&text) {
            Ok(()) => Ok(Word::new(text, span)),
            Err(bad) => {
                let (code, message, _) = bad.explain();
                Err(broken(span, code, message))
            }
        }
    }

    /// `null`, `true`, `false` or a number.
    fn literal(&mut self) -> Result<JsonValue, BadJson> {
        let rest = self.rest();
        let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.');
        let length = rest.find(|c| !part(c)).unwrap_or(rest.len());
        let raw = rest.get(..length).unwrap_or("");
        let span = Span::new(self.at, self.at + length);
        let known =
            raw.len() <= MAX_TOKEN && serde_json::from_str::<serde_json::Value>(raw).is_ok();
        if !known {
            return Err(broken(span, "malformed-json", "this word is no value"));
        }
        self.at += length;
        Ok(match raw {
            "null" => JsonValue::Null,
            raw => JsonValue::Text(Word { kind: WordKind::Literal, ..Word::new(raw, span) }),
        })
    }

    fn bad(&self, message: &str, expected: &'static str) -> BadJson {
        let span = Span::new(self.at, self.at + 1);
        BadJson { expected: Some(expected), ..broken(span, "malformed-json", message) }
    }

    fn limit(&self, code: &'static str, message: &str) -> BadJson {
        broken(Span::new(self.at, self.at + 1), code, message)
    }
}

fn broken(span: Span, code: &'static str, message: &str) -> BadJson {
    BadJson { code, span, message: message.to_owned(), expected: None }
}

/// The length of the string at the beginning of `text`, with its marks, if it ends.
fn quoted_length(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            b'"' if !escaped => return Some(at + 1),
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    None
}
