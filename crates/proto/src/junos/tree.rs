//! The one tree behind all four forms: statements made of words, with children.
//!
//! ```text
//! curly   client mist { device-id sw1; inactive: 10.0.0.1 port 2200; }
//! tree    [client mist]
//!           ├─ [device-id sw1]
//!           └─ [10.0.0.1] inactive
//!                └─ [port 2200]
//! ```
//!
//! What the schema knows has one shape whatever it was read from: a container is one word, a list
//! entry its keyword and key (`servers` only the key, as Junos writes it), a leaf its keyword and
//! value, a leaf-list one statement per value. What the schema does not know keeps the words of
//! its line as they stood.

use std::fmt;
use std::hash::{Hash, Hasher};

use super::source::Span;

/// One word, unquoted. `Debug` hides secrets.
#[derive(Clone)]
pub struct Word {
    pub(crate) text: String,
    pub(crate) span: Span,
    pub(crate) secret: bool,
    pub(crate) kind: WordKind,
}

/// What a word was besides its text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum WordKind {
    /// An ordinary word or quoted string.
    #[default]
    Plain,
    /// `[` of an unknown statement.
    Open,
    /// `]` of an unknown statement.
    Close,
    /// A JSON number or truth value of an unknown statement.
    Literal,
}

impl Word {
    pub(crate) fn new(text: impl Into<String>, span: Span) -> Self {
        let text = text.into();
        let secret = looks_secret(&text);
        Self { text, span, secret, kind: WordKind::Plain }
    }

    /// The text, without quotes. It may be a secret: see [`Word::is_secret`].
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where it stands.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Whether it must not be shown.
    pub fn is_secret(&self) -> bool {
        self.secret
    }

    pub(crate) fn is_bracket(&self) -> bool {
        matches!(self.kind, WordKind::Open | WordKind::Close)
    }
}

/// Words in one of the forms in which Junos keeps passwords are secrets wherever they stand.
pub(crate) fn looks_secret(text: &str) -> bool {
    crate::secret_words::MARKS.iter().any(|mark| text.starts_with(mark))
}

impl PartialEq for Word {
    /// By text and kind; the position does not count.
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.text == other.text
    }
}

impl Eq for Word {}

impl Hash for Word {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kind.hash(state);
        self.text.hash(state);
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.secret { out.write_str("<secret>") } else { write!(out, "{:?}", self.text) }
    }
}

/// A comment with its marks: `/* … */`, or one line from `#`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment(String);

impl Comment {
    /// Any text as a comment; what is none gets the marks `/* … */`.
    pub fn new(text: &str) -> Self {
        let shown = |c: &char| !c.is_control() || *c == '\n' || *c == '\t';
        let text: String = text.trim().chars().filter(shown).collect();
        let text = text.trim();
        let block = text.strip_prefix("/*").and_then(|rest| rest.strip_suffix("*/"));
        let is_block = block.is_some_and(|inner| !inner.contains("*/"));
        let is_mark = text.strip_prefix("##").is_some_and(|rest| rest.trim() == "SECRET-DATA");
        let is_line = text.starts_with('#') && !text.contains('\n') && !is_mark;
        if is_block || is_line {
            return Self(text.to_owned());
        }
        let inner = block.unwrap_or(text).replace("*/", "* /");
        Self(format!("/* {} */", inner.trim()))
    }

    /// The comment with its marks.
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// How an unknown statement was written, so that its own form prints it back the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hints {
    /// XML and JSON: the second word stood in a `name` element.
    pub(crate) keyed: bool,
    /// JSON: it was a member of an array.
    pub(crate) listed: bool,
    /// Curly and JSON: it had braces with nothing in them.
    pub(crate) braced: bool,
}

/// What a statement does to the configuration that it is put into.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Operation {
    /// What the statement above does.
    #[default]
    Unsaid,
    /// `operation="merge"`
    Merge,
    /// `replace:`, `operation="replace"`
    Replace,
    /// `operation="create"`
    Create,
    /// `delete:`, `operation="delete"`
    Delete,
    /// `operation="remove"`
    Remove,
    /// `operation="none"`
    None,
    /// `active:`, `active="active"`
    Activate,
    /// `insert="after" name="…"`
    After(String),
    /// `insert="before" name="…"`
    Before(String),
    /// `rename="rename" name="…"`
    Rename(String),
}

impl Operation {
    /// Whether statements behind the one it is said of stand elsewhere then.
    pub(crate) fn moves_places(&self) -> bool {
        self.is_delete() || matches!(self, Self::After(_) | Self::Before(_) | Self::Rename(_))
    }

    /// Whether the statement shall be gone.
    pub(crate) fn is_delete(&self) -> bool {
        matches!(self, Self::Delete | Self::Remove)
    }
}

/// Whether a statement may be changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Guard {
    /// It may, as far as this mark goes.
    #[default]
    Open,
    /// `protect:`
    Protected,
    /// `unprotect:`, which only an edit says.
    Lifted,
}

/// A statement and everything in its braces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    pub(crate) words: Vec<Word>,
    pub(crate) children: Vec<Statement>,
    pub(crate) inactive: bool,
    pub(crate) guard: Guard,
    pub(crate) comments: Vec<Comment>,
    pub(crate) end_comments: Vec<Comment>,
    pub(crate) hints: Hints,
    /// Always [`Operation::Unsaid`] in a configuration.
    pub(crate) operation: Operation,
}

impl Statement {
    pub(crate) fn new(words: Vec<Word>) -> Self {
        Self { words, ..Self::default() }
    }

    /// Its words: keyword, then key or value.
    pub fn words(&self) -> &[Word] {
        &self.words
    }

    /// The first word's text.
    pub fn keyword(&self) -> &str {
        self.words.first().map_or("", |word| &word.text)
    }

    /// The second word: a leaf's value, a list entry's key.
    pub fn value(&self) -> Option<&Word> {
        self.words.get(1)
    }

    /// What stands in its braces.
    pub fn children(&self) -> &[Statement] {
        &self.children
    }

    /// Whether it is marked `protect:`, and so neither it nor what is in it may be changed.
    pub fn is_protected(&self) -> bool {
        self.guard == Guard::Protected
    }

    /// The comments in front of it.
    pub fn comments(&self) -> &[Comment] {
        &self.comments
    }

    /// From its first word to its last.
    pub fn span(&self) -> Span {
        let first = self.words.first().map(|word| word.span).unwrap_or_default();
        self.words.last().map_or(first, |last| first.to(last.span))
    }

    /// The first active child with this keyword.
    pub fn active(&self, keyword: &str) -> Option<&Statement> {
        self.children.iter().find(|each| !each.inactive && each.keyword() == keyword)
    }

    /// The active children with this keyword, in order.
    pub fn all_active<'t>(&'t self, keyword: &'t str) -> impl Iterator<Item = &'t Statement> {
        active(&self.children, keyword)
    }

    /// Everything but the words and the children.
    pub(crate) fn clone_shallow(&self) -> Self {
        Self {
            words: Vec::new(),
            children: Vec::new(),
            inactive: self.inactive,
            guard: self.guard,
            comments: self.comments.clone(),
            end_comments: self.end_comments.clone(),
            hints: self.hints,
            operation: Operation::Unsaid,
        }
    }

    /// Heeds a mark in front of the statement, if there is one.
    pub(crate) fn mark_guard(&mut self, mark: Guard) {
        if mark != Guard::Open {
            self.guard = mark;
        }
    }

    pub(crate) fn has_words(&self, words: &[Word]) -> bool {
        self.words == words
    }
}

pub(crate) fn active<'t>(
    statements: &'t [Statement],
    keyword: &'t str,
) -> impl Iterator<Item = &'t Statement> {
    statements.iter().filter(move |each| !each.inactive && each.keyword() == keyword)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_word_is_not_debugged() {
        let word = Word::new("$9$abc", Span::default());
        assert!(word.is_secret());
        assert_eq!(format!("{word:?}"), "<secret>");
    }

    #[test]
    fn text_that_would_end_a_comment_early_is_defused() {
        assert_eq!(Comment::new("a */ b").text(), "/* a * / b */");
        assert_eq!(Comment::new("/* a */ b */").text(), "/* a * / b */");
        assert_eq!(Comment::new("# one").text(), "# one");
        assert_eq!(Comment::new("# one\ntwo").text(), "/* # one\ntwo */");
        assert_eq!(Comment::new("/*/").text(), "/* /* / */");
    }
}
