//! Reading values out of the tree, collecting what is wrong with them.

use std::time::Duration;

use super::diagnostics::{Diagnostic, Diagnostics, shown};
use super::source::{Place, Source, Span};
use super::tree::{Statement, Word};
use super::type9;
use crate::host_key::Secret;

/// A view being read.
#[derive(Debug)]
pub(crate) struct View<'c> {
    source: &'c Source,
    pub(crate) diagnostics: Diagnostics,
}

impl<'c> View<'c> {
    pub(crate) fn new(source: &'c Source) -> Self {
        Self { source, diagnostics: Diagnostics::default() }
    }

    pub(crate) fn place(&self, span: Span) -> Place {
        self.source.place(span)
    }

    pub(crate) fn at(&self, code: &'static str, span: Span, message: String) -> Diagnostic {
        Diagnostic::new(self.source, code, span, message)
    }

    /// The value of the active leaf `keyword` in `statement`.
    pub(crate) fn word<'t>(&self, statement: &'t Statement, keyword: &str) -> Option<&'t Word> {
        statement.children.iter().find_map(|each| {
            (!each.inactive && each.keyword() == keyword).then(|| each.value()).flatten()
        })
    }

    pub(crate) fn text(&self, statement: &Statement, keyword: &str) -> Option<String> {
        self.word(statement, keyword).map(|word| word.text.clone())
    }

    /// A leaf's number; its range was checked by the parser.
    pub(crate) fn number<N: TryFrom<u64>>(
        &self,
        statement: &Statement,
        keyword: &str,
    ) -> Option<N> {
        let number: u64 = self.word(statement, keyword)?.text.parse().ok()?;
        N::try_from(number).ok()
    }

    pub(crate) fn seconds(&self, statement: &Statement, keyword: &str) -> Option<Duration> {
        self.number(statement, keyword).map(Duration::from_secs)
    }

    pub(crate) fn has(&self, statement: &Statement, keyword: &str) -> bool {
        statement.active(keyword).is_some()
    }

    /// A word as one of our types; what is wrong is noted.
    pub(crate) fn parsed<T, E: std::fmt::Display>(
        &mut self,
        code: &'static str,
        word: &Word,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        parse(&word.text)
            .map_err(|error| {
                let what = shown(&error.to_string());
                self.diagnostics.push(self.at(code, word.span, what));
            })
            .ok()
    }

    /// The secret of a leaf, decoded if it is in the `$9$` form.
    pub(crate) fn secret(&mut self, statement: &Statement, keyword: &str) -> Option<Secret> {
        let word = self.word(statement, keyword)?.clone();
        if word.text.is_empty() {
            let message = "the secret is empty".to_owned();
            self.diagnostics.push(self.at("empty-secret", word.span, message));
            return None;
        }
        if !word.text.starts_with(type9::PREFIX) {
            return Some(Secret::new(word.text.as_bytes()));
        }
        match type9::decode(&word.text) {
            Ok(secret) => Some(secret),
            Err(error) => {
                let bad = self.at(error.code(), word.span, error.to_string());
                self.diagnostics.push(bad.help("copy the secret again, or write it in plain text"));
                None
            }
        }
    }

    /// Notes that `statement` lacks something.
    pub(crate) fn missing(
        &mut self,
        code: &'static str,
        statement: &Statement,
        what: String,
        expected: &str,
    ) {
        let error = self.at(code, statement.span(), what);
        self.diagnostics.push(error.expected(expected));
    }
}
