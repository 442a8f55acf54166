//! A TOML file as a list of keys, values and places; what is no key is named with the nearest one.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::Origin;
use super::keys::{self, Key};
use super::nearest::nearest;
use super::problem::{Excerpt, Problem, position};
use super::value::Given;

/// A file as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path, as shown.
    pub name: String,
    /// What is in it.
    pub text: String,
}

/// The longest file that is read.
pub const MAX_FILE: usize = 1 << 20;

impl SourceFile {
    /// Finds all keys and all problems.
    pub(super) fn read(&self) -> (Vec<(&'static Key, Given)>, Vec<Problem>) {
        if self.text.len() > MAX_FILE {
            let message = format!("the file is longer than {MAX_FILE} bytes");
            return (Vec::new(), vec![self.problem("configuration-too-long", 0..0, message, None)]);
        }
        let mut reading = Reading { file: self, found: Vec::new(), problems: Vec::new() };
        let (table, errors) = DeTable::parse_recoverable(&self.text);
        for error in &errors {
            let span = error.span().unwrap_or(0..0);
            let message = error.message().trim_end().replace('\n', ", ");
            reading.problems.push(self.problem("invalid-toml", span, message, None));
        }
        // What a broken file says beside its mistake may be misread.
        if errors.is_empty() {
            reading.table(table.get_ref(), "");
        }
        reading.problems.sort_by_key(|problem| problem.origin.clone());
        (reading.found, reading.problems)
    }

    pub(super) fn origin(&self, at: usize) -> Origin {
        let (line, column) = position(&self.text, at);
        Origin::File { name: self.name.clone(), line, column }
    }

    pub(super) fn problem(
        &self,
        code: &'static str,
        span: Range<usize>,
        message: String,
        hint: Option<String>,
    ) -> Problem {
        let excerpt = Some(Excerpt::new(&self.text, &span));
        Problem { code, origin: self.origin(span.start), message, hint, excerpt }
    }
}

struct Reading<'a> {
    file: &'a SourceFile,
    found: Vec<(&'static Key, Given)>,
    problems: Vec<Problem>,
}

impl Reading<'_> {
    /// `prefix` is the table's own name and a dot, or nothing. Tables of the configuration are one deep.
    fn table(&mut self, table: &DeTable<'_>, prefix: &str) {
        for (name, value) in table {
            let full = format!("{prefix}{}", name.get_ref());
            if let Some(key) = keys::find(&full) {
                self.found.push((key, Given::from_toml(value.get_ref(), value.span())));
            } else if !is_table(&full) {
                self.unknown(name, &full);
            } else if let DeValue::Table(inner) = value.get_ref() {
                self.table(inner, &format!("{full}."));
            } else {
                let message = format!("`{full}` is a table");
                let hint = table_hint(&full);
                self.problems.push(self.file.problem("wrong-value", value.span(), message, hint));
            }
        }
    }

    fn unknown(&mut self, name: &Spanned<DeString<'_>>, full: &str) {
        let shown: String = full.chars().take(64).flat_map(char::escape_debug).collect();
        let message = format!("there is no key `{shown}`");
        let problem = self.file.problem("unknown-key", name.span(), message, hint(full));
        self.problems.push(problem);
    }
}

fn is_table(name: &str) -> bool {
    keys::keys().any(|key| key.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
}

fn table_hint(name: &str) -> Option<String> {
    let within = |key: &&Key| key.name.strip_prefix(name).is_some_and(|r| r.starts_with('.'));
    let names: Vec<_> =
        keys::keys().filter(within).filter_map(|key| key.name.split('.').nth(1)).collect();
    Some(format!("expected {{ {} = … }}", names.join(" = …, ")))
}

fn hint(full: &str) -> Option<String> {
    let last = full.rsplit('.').next().unwrap_or(full);
    if ["secret", "password", "passphrase", "token"].iter().any(|word| last.contains(word)) {
        return Some("secrets are never configuration: they are sealed in the data folder".into());
    }
    nearest(full, keys::keys().map(|key| key.name)).map(|name| format!("did you mean `{name}`?"))
}
