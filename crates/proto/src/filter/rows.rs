//! The same query over the rows of any list: `user:jane role:admin,operator last_used:<7d -ci`.
//!
//! ```text
//!   term  = ["-"] (key ":" values / word)      as in the query of devices
//!   key   a field of the row, at whatever depth; its values are texts, numbers, true and false, * and ? standing for others
//!   at:>1h, at:<7d                             of a field that is a time: longer ago than, not longer ago than
//!   word  is looked for in every value, whatever its case
//! ```

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::parse::{self, InvalidFilter};
use super::{Age, signed};
use crate::access::fits;
use crate::api::Timestamp;

/// A set of rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowFilter(pub(super) Vec<RowTerm>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RowTerm {
    pub(super) is_negated: bool,
    pub(super) test: RowTest,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RowTest {
    Text(String, Vec<String>),
    Ago(String, Age, Duration),
    Word(String),
}

impl RowFilter {
    /// Reads a query over rows with these keys.
    ///
    /// # Errors
    /// What was expected, and where.
    pub fn parse(text: &str, keys: &[&str]) -> Result<Self, InvalidFilter> {
        parse::parse_rows(text, keys)
    }

    /// Whether every row fits.
    #[must_use]
    pub fn is_every(&self) -> bool {
        self.0.is_empty()
    }

    /// The same of what becomes a row.
    #[must_use]
    pub fn takes(&self, row: &impl Serialize, now: Timestamp) -> bool {
        self.is_every() || serde_json::to_value(row).is_ok_and(|row| self.matches(&row, now))
    }

    /// Whether a row fits at this moment.
    #[must_use]
    pub fn matches(&self, row: &Value, now: Timestamp) -> bool {
        self.0.iter().all(|term| term.test.holds(row, now) != term.is_negated)
    }
}

impl RowTest {
    fn holds(&self, row: &Value, now: Timestamp) -> bool {
        match self {
            Self::Text(key, patterns) => {
                let is_meant = |text: &str| patterns.iter().any(|pattern| fits(pattern, text));
                any(row, Some(key), &is_meant)
            }
            Self::Ago(key, age, limit) => {
                let is_recent = |text: &str| {
                    let then = text.parse::<Timestamp>().ok();
                    then.is_some_and(|then| now.duration_since(then) <= signed(*limit))
                };
                any(row, Some(key), &is_recent) == (*age == Age::NotLongerAgo)
            }
            Self::Word(word) => {
                let word = word.to_lowercase();
                any(row, None, &|text: &str| text.to_lowercase().contains(&word))
            }
        }
    }
}

/// Whether a value, of fields of that name if one is given, fits.
fn any(row: &Value, key: Option<&str>, is_meant: &dyn Fn(&str) -> bool) -> bool {
    match row {
        Value::Object(fields) => fields.iter().any(|(name, value)| match key {
            Some(key) if name == key => any(value, None, is_meant),
            _ => any(value, key, is_meant),
        }),
        Value::Array(items) => items.iter().any(|item| any(item, key, is_meant)),
        _ if key.is_some() => false,
        Value::String(text) => is_meant(text),
        Value::Null => false,
        other => is_meant(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fits_row(query: &str) -> bool {
        let row = json!({
            "name": "jane", "keys": [{ "comment": "Laptop", "last_used": "2026-11-23T12:00:00Z" }],
            "grants": [{ "role": "viewer", "in_force": true, "number": 7 }], "until": null,
        });
        let keys = ["name", "comment", "role", "last_used", "number", "in_force", "until"];
        let filter = RowFilter::parse(query, &keys).unwrap();
        filter.matches(&row, "2026-11-23T13:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_field_is_found_at_any_depth() {
        for query in [
            "",
            "name:jane",
            "name:j*,x role:viewer",
            "laptop",
            "\"LAP\" -role:admin",
            "number:7 in_force:true",
            "last_used:<2h -last_used:>2h",
            "until:>1h",
            "last_used:>59m",
        ] {
            assert!(fits_row(query), "{query}");
        }
        for query in
            ["name:eve", "role:admin", "-laptop", "last_used:<30m", "comment:jane", "until:<1h"]
        {
            assert!(!fits_row(query), "{query}");
        }
    }

    #[test]
    fn an_unknown_key_is_named_with_those_that_are_known() {
        let error = RowFilter::parse("name:x rolle:y", &["name", "role"]).unwrap_err();
        assert_eq!(error.to_string(), "character 8: expected one of name, role before `:`");
        assert!(RowFilter::parse("name:", &["name"]).is_err());
    }
}
