//! Reading a query, with the place of what does not fit.

use std::time::Duration;

use super::rows::{RowFilter, RowTerm, RowTest};
use super::{Age, Field, Filter, MAX_BYTES, MAX_TERMS, Term, Test, Thing};
use crate::api::DeviceState;
use crate::excerpt::{Excerpt, is_deceptive};
use crate::fault::Fault;

/// Text that is no query, and where it is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("character {at}: {problem}")]
pub struct InvalidFilter {
    at: usize,
    problem: String,
}

impl InvalidFilter {
    /// A stable word for logs, metrics and the API.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "invalid-filter"
    }

    /// Who must act.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::Operator
    }

    /// The first character that does not fit, counted from 1.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }
}

const STATES: [DeviceState; 6] = [
    DeviceState::Up,
    DeviceState::Down,
    DeviceState::New,
    DeviceState::Refused,
    DeviceState::Pending,
    DeviceState::Blocked,
];

/// Whether a key means something else than a label.
pub(super) fn is_taken(key: &str) -> bool {
    ["state", "has", "seen", "tag"].contains(&key)
        || Field::ALL.iter().any(|field| field.as_str() == key)
}

/// Text as a value of a query.
pub(super) fn quote(text: &str) -> String {
    let is_plain = |c: char| !c.is_whitespace() && !"\",:".contains(c);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

pub(super) fn parse(text: &str) -> Result<Filter, InvalidFilter> {
    terms(text, Reading::term).map(Filter)
}

/// A query over rows whose fields have these names.
pub(super) fn parse_rows(text: &str, keys: &[&str]) -> Result<RowFilter, InvalidFilter> {
    terms(text, |reading| reading.row_term(keys)).map(RowFilter)
}

fn terms<T>(
    text: &str,
    term: impl Fn(&mut Reading) -> Result<T, InvalidFilter>,
) -> Result<Vec<T>, InvalidFilter> {
    if text.len() > MAX_BYTES {
        let problem = format!("a query has at most {MAX_BYTES} bytes");
        return Err(InvalidFilter { at: 1, problem });
    }
    let mut reading = Reading { rest: text.chars().collect(), at: 0 };
    let mut terms = Vec::new();
    loop {
        while reading.peek().is_some_and(char::is_whitespace) {
            reading.at += 1;
        }
        if reading.peek().is_none() {
            return Ok(terms);
        }
        if terms.len() == MAX_TERMS {
            return Err(reading.wrong(format!("a query has at most {MAX_TERMS} terms")));
        }
        terms.push(term(&mut reading)?);
    }
}

struct Reading {
    rest: Vec<char>,
    at: usize,
}

/// A word, and where it began.
struct Value {
    text: String,
    at: usize,
}

impl Reading {
    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    fn take(&mut self, wanted: char) -> bool {
        let is_there = self.peek() == Some(wanted);
        self.at += usize::from(is_there);
        is_there
    }

    fn wrong(&self, problem: impl Into<String>) -> InvalidFilter {
        wrong(self.at, problem)
    }

    fn term(&mut self) -> Result<Term, InvalidFilter> {
        let is_negated = self.take('-');
        let is_quoted = self.peek() == Some('"');
        let first = self.value()?;
        if is_quoted || !self.take(':') {
            return Ok(Term { is_negated, test: Test::Word(first.text) });
        }
        let test = self.test(first)?;
        Ok(Term { is_negated, test })
    }

    fn row_term(&mut self, keys: &[&str]) -> Result<RowTerm, InvalidFilter> {
        let is_negated = self.take('-');
        let is_quoted = self.peek() == Some('"');
        let first = self.value()?;
        if is_quoted || !self.take(':') {
            return Ok(RowTerm { is_negated, test: RowTest::Word(first.text) });
        }
        if !keys.contains(&first.text.as_str()) {
            let known = keys.join(", ");
            return Err(wrong(first.at, format!("expected one of {known} before `:`")));
        }
        let test = match self.peek() {
            Some('>' | '<') => {
                let (age, duration) = self.age()?;
                RowTest::Ago(first.text, age, duration)
            }
            _ => RowTest::Text(first.text, self.texts()?),
        };
        Ok(RowTerm { is_negated, test })
    }

    fn test(&mut self, key: Value) -> Result<Test, InvalidFilter> {
        let field = Field::ALL.into_iter().find(|field| field.as_str() == key.text);
        match (key.text.as_str(), field) {
            (_, Some(field)) => Ok(Test::Text(field, self.texts()?)),
            ("state", _) => {
                let states = self.words(&STATES, DeviceState::as_str)?;
                Ok(Test::State(states))
            }
            ("has", _) => Ok(Test::Has(self.words(&Thing::ALL, Thing::as_str)?)),
            ("seen", _) => self.seen(),
            ("tag", _) => {
                let key = self.value()?;
                match self.take(':') {
                    true => self.label(key),
                    false => Err(self.wrong("expected `:` and the label's value")),
                }
            }
            _ => self.label(key),
        }
    }

    fn label(&mut self, key: Value) -> Result<Test, InvalidFilter> {
        let of_key = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
        if !key.text.chars().all(of_key) {
            let key_shown = Excerpt::new(&key.text);
            return Err(wrong(key.at, format!("`{key_shown}` can't be the key of a label")));
        }
        Ok(Test::Label(key.text, self.texts()?))
    }

    fn texts(&mut self) -> Result<Vec<String>, InvalidFilter> {
        Ok(self.values()?.into_iter().map(|value| value.text).collect())
    }

    fn words<T: Copy>(
        &mut self,
        known: &[T],
        word: fn(T) -> &'static str,
    ) -> Result<Vec<T>, InvalidFilter> {
        let find = |value: Value| {
            known.iter().copied().find(|one| word(*one) == value.text).ok_or_else(|| {
                let words: Vec<_> = known.iter().map(|one| word(*one)).collect();
                wrong(value.at, format!("expected one of {}", words.join(", ")))
            })
        };
        self.values()?.into_iter().map(find).collect()
    }

    fn seen(&mut self) -> Result<Test, InvalidFilter> {
        let (age, duration) = self.age()?;
        Ok(Test::Seen(age, duration))
    }

    fn age(&mut self) -> Result<(Age, Duration), InvalidFilter> {
        let age = match self.peek() {
            Some('>') => Age::LongerAgo,
            Some('<') => Age::NotLongerAgo,
            _ => return Err(self.wrong("expected > or < and a duration, as in seen:>1h")),
        };
        self.at += 1;
        let value = self.value()?;
        match duration(&value.text) {
            Some(duration) => Ok((age, duration)),
            None => Err(wrong(value.at, "expected a duration such as 30s, 5m, 1h or 7d")),
        }
    }

    fn values(&mut self) -> Result<Vec<Value>, InvalidFilter> {
        let mut values = vec![self.value()?];
        while self.take(',') {
            values.push(self.value()?);
        }
        Ok(values)
    }

    fn value(&mut self) -> Result<Value, InvalidFilter> {
        let at = self.at;
        let text = match self.take('"') {
            true => self.quoted(at)?,
            false => self.bare(),
        };
        match text.chars().position(is_deceptive) {
            Some(_) => Err(wrong(at, "invisible and control characters can't be looked for")),
            None if text.is_empty() => Err(wrong(at, "expected a value")),
            None => Ok(Value { text, at }),
        }
    }

    fn bare(&mut self) -> String {
        let mut text = String::new();
        while let Some(c) = self.peek().filter(|c| !c.is_whitespace() && !"\",:".contains(*c)) {
            text.push(c);
            self.at += 1;
        }
        text
    }

    fn quoted(&mut self, from: usize) -> Result<String, InvalidFilter> {
        let mut text = String::new();
        loop {
            let c = self.peek().ok_or_else(|| wrong(from, "the quotation has no end"))?;
            self.at += 1;
            match c {
                '"' => return Ok(text),
                '\\' => {
                    let escaped = self.peek().filter(|c| ['"', '\\'].contains(c));
                    text.push(escaped.ok_or_else(|| self.wrong("expected \\\" or \\\\"))?);
                    self.at += 1;
                }
                c => text.push(c),
            }
        }
    }
}

fn wrong(at: usize, problem: impl Into<String>) -> InvalidFilter {
    InvalidFilter { at: at + 1, problem: problem.into() }
}

fn duration(text: &str) -> Option<Duration> {
    const UNITS: [(char, u64); 5] =
        [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400), ('w', 604_800)];
    const LONGEST: u64 = 100 * 366 * 86_400;
    let unit = text.chars().next_back()?;
    let (_, factor) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
    let number = text.strip_suffix(unit)?;
    if !number.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let seconds = number.parse::<u64>().ok()?.checked_mul(factor)?;
    (seconds <= LONGEST).then(|| Duration::from_secs(seconds))
}
