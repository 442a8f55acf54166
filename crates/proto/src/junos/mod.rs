//! Junos configuration: four forms in, one tree, four forms out, and what Homing reads in it.
//!
//! ```text
//! curly ─┐                                      ┌─▶ OutboundSsh, Login, System, Services
//! set  ──┤                                      │
//! XML  ──┼─▶ Configuration (statements, places) ┼─▶ curly, set, XML, JSON
//! JSON ──┘                                      └─▶ Diagnostics: file:line:column, the word
//! ```
//!
//! Statements that the schema does not know are data: kept, and printed back the same in the form
//! they came in. What another form cannot know about them is told in [`Form`].
//!
//! Source: Junos, *outbound-ssh* and *login* statement pages; shared notes on the `$9$` form.

pub mod build;
pub(crate) mod curly;
pub(crate) mod diagnostics;
pub(crate) mod edit;
pub(crate) mod element;
pub(crate) mod identity;
mod json;
mod json_text;
pub(crate) mod lexer;
mod limits;
mod line;
mod login;
mod narrow;
mod near;
mod outbound_ssh;
pub(crate) mod place;
pub(crate) mod print;
pub(crate) mod print_elements;
mod redact;
mod remarks;
pub(crate) mod schema;
pub(crate) mod set;
pub(crate) mod source;
mod statements;
mod system;
pub(crate) mod tree;
pub mod type9;
mod veil;
mod view;
pub(crate) mod xml;

pub use diagnostics::{Diagnostic, Diagnostics};
pub use limits::*;
pub use login::*;
pub use near::nearest;
pub use outbound_ssh::*;
pub use redact::BLANK;
pub use remarks::{NotActedOn, Weight};
pub use source::{Place, Source, Span};
pub use system::{RootLogin, Services, SshService, System};
pub use tree::{Comment, Statement, Word};

#[cfg(test)]
pub(crate) mod laws;
#[cfg(test)]
mod tests;

/// How a configuration is written.
///
/// What a form has no place for is not printed in it: `set` has no comments but those of single
/// lines, JSON none behind the last statement of a block. Of statements that the schema does not
/// know only words are known in curly and `set` form, and only elements in XML and JSON; between
/// the two kinds they are converted by the rules in this module's source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// Statements in braces, as `show configuration` prints them.
    Curly,
    /// `set` lines.
    Set,
    /// Elements in `<configuration>`, as NETCONF carries them.
    Xml,
    /// The same as JSON.
    Json,
}

/// Statements and the comments behind the last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tree {
    pub(crate) statements: Vec<Statement>,
    pub(crate) end_comments: Vec<Comment>,
    /// What the whole does to another configuration.
    pub(crate) operation: tree::Operation,
}

/// A configuration that was read, with the text it was read from.
///
/// Two are equal if their statements are; the text and the places in it do not count.
#[derive(Clone, Debug)]
pub struct Configuration {
    tree: Tree,
    source: Source,
    form: Form,
}

impl PartialEq for Configuration {
    fn eq(&self, other: &Self) -> bool {
        self.tree == other.tree
    }
}

impl Configuration {
    /// Reads `text`, whose form is seen from its beginning; `name` is what errors call it.
    ///
    /// # Errors
    /// Everything that is wrong, at most [`MAX_DIAGNOSTICS`] errors, each with its place.
    pub fn parse(name: &str, text: &str) -> Result<Self, Diagnostics> {
        Self::parse_as(name, text, detect(text))
    }

    /// As [`Configuration::parse`], for bytes that may not be UTF-8.
    ///
    /// # Errors
    /// As [`Configuration::parse`].
    pub fn parse_bytes(name: &str, bytes: &[u8]) -> Result<Self, Diagnostics> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::parse(name, text),
            Err(error) => Err(not_utf8(name, bytes, error.valid_up_to())),
        }
    }

    /// As [`Configuration::parse`], in a form that is known.
    ///
    /// # Errors
    /// As [`Configuration::parse`].
    pub fn parse_as(name: &str, text: &str, form: Form) -> Result<Self, Diagnostics> {
        Self::parse_with(name, text, form, false)
    }

    /// As [`Configuration::parse_as`], for what changes another configuration: statements may say
    /// `replace:`, `delete:` or, as elements, an `operation`.
    pub(crate) fn parse_edit(name: &str, text: &str, form: Form) -> Result<Self, Diagnostics> {
        Self::parse_with(name, text, form, true)
    }

    fn parse_with(name: &str, text: &str, form: Form, is_edit: bool) -> Result<Self, Diagnostics> {
        if text.len() > MAX_BYTES {
            return Err(too_big(name));
        }
        let source = Source::new(name, text);
        let tree = match form {
            Form::Curly => curly::parse(&source, is_edit)?,
            Form::Set => set::parse(&source)?,
            Form::Xml => xml::parse(&source, is_edit)?,
            Form::Json => json::parse(&source, is_edit)?,
        };
        Ok(Self { tree, source, form })
    }

    /// What the whole does to another configuration.
    pub(crate) fn operation(&self) -> &tree::Operation {
        &self.tree.operation
    }

    /// The statements, to be changed.
    pub(crate) fn statements_mut(&mut self) -> &mut Vec<Statement> {
        &mut self.tree.statements
    }

    /// The form it was read from.
    pub fn form(&self) -> Form {
        self.form
    }

    /// The top-level statements.
    pub fn statements(&self) -> &[Statement] {
        &self.tree.statements
    }

    /// Where a word or statement stands.
    pub fn place(&self, span: Span) -> Place {
        self.source.place(span)
    }

    /// The configuration in `form`. Secrets are printed as they stand: see
    /// [`Configuration::redacted`].
    pub fn print(&self, form: Form) -> String {
        match form {
            Form::Curly => print::curly(&self.tree),
            Form::Set => print::set(&self.tree),
            Form::Xml => print_elements::xml(&self.tree),
            Form::Json => print_elements::json(&self.tree),
        }
    }

    /// A copy without secrets, for people and logs.
    pub fn redacted(&self) -> Self {
        let statements = redact::redact(&self.tree.statements, schema::Area::TOP);
        let end_comments = self.tree.end_comments.clone();
        let source = Source::new(self.source.name(), "");
        Self { tree: Tree { statements, end_comments, ..Tree::default() }, source, form: self.form }
    }
}

/// The form of a text, from its beginning, comments aside.
pub fn detect(text: &str) -> Form {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lexer = lexer::Lexer::new(text, false);
    let start = loop {
        match lexer.next() {
            (_, Ok(lexer::Token::Comment(_) | lexer::Token::SecretData)) => {}
            (span, _) => break span.start as usize,
        }
    };
    let text = text.get(start..).unwrap_or("");
    if text.starts_with('<') {
        return Form::Xml;
    }
    let inner = text.strip_prefix('{').map(str::trim_start);
    if inner.is_some_and(|inner| inner.starts_with(['"', '}'])) {
        return Form::Json;
    }
    if is_set(text) { Form::Set } else { Form::Curly }
}

/// Whether the first line, after a prompt, is one of the `set` form.
fn is_set(text: &str) -> bool {
    let first = text.lines().take(2).find_map(|line| {
        let line = line.get(set::prompt_length(line)..)?.trim_start();
        Some((line, line.split_whitespace().next()?))
    });
    first.is_some_and(|(line, word)| line.starts_with("[edit") || set::COMMANDS.contains(&word))
}

fn too_big(name: &str) -> Diagnostics {
    let source = Source::new(name, "");
    let message = format!("the configuration is over {} MiB", MAX_BYTES / 1024 / 1024);
    one(Diagnostic::new(&source, "too-big", Span::default(), message))
}

fn not_utf8(name: &str, bytes: &[u8], at: usize) -> Diagnostics {
    let bytes = bytes.get(..bytes.len().min(MAX_BYTES)).unwrap_or(bytes);
    let source = Source::new(name, &String::from_utf8_lossy(bytes).replace('\r', " "));
    let message = "the text is not UTF-8";
    let error = Diagnostic::new(&source, "not-utf8", Span::new(at, at + 3), message);
    one(error.help("save the file as UTF-8"))
}

fn one(diagnostic: Diagnostic) -> Diagnostics {
    let mut all = Diagnostics::default();
    all.push(diagnostic);
    all
}
