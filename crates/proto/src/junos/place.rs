//! Putting the words of one line where they belong in the tree.
//!
//! ```text
//! client mist services netconf keep-alive retry 12 timeout 5
//! └ entry ─┘  └ leaf, same  ┘  └container┘└ leaf ┘└ leaf  ┘
//!                level goes on           inside keep-alive
//! ```
//!
//! Curly lines and `set` lines go the same way, so a server on one line and one in braces give
//! the same tree. Containers and list entries that are there already are gone on with, a leaf
//! given twice has its last value, and a line that the schema does not know keeps its words.

use super::diagnostics::{Diagnostic, Diagnostics, shown};
use super::lexer::BadToken;
use super::limits::{MAX_ALL_WORDS, MAX_STATEMENTS};
use super::line::Line;
pub(crate) use super::line::{Mark, Placed};
use super::near::nearest;
use super::schema::{Area, Found, Kind, Rule, Value};
use super::source::{Source, Span};
use super::tree::{Statement, Word, WordKind};

/// Builds the tree, counting and complaining.
#[derive(Debug)]
pub(crate) struct Builder<'s> {
    pub(crate) source: &'s Source,
    pub(crate) diagnostics: Diagnostics,
    statements: usize,
    words: usize,
    is_broken: bool,
    /// Whether statements may say what they do to another configuration.
    pub(crate) is_edit: bool,
    /// Whether the words of a statement may come from several lines.
    joins_lines: bool,
}

impl<'s> Builder<'s> {
    pub(crate) fn new(source: &'s Source) -> Self {
        Self {
            source,
            diagnostics: Diagnostics::default(),
            statements: 0,
            words: 0,
            is_broken: false,
            is_edit: false,
            joins_lines: false,
        }
    }

    /// Lets statements say what they do to another configuration.
    pub(crate) fn edits(self, is_edit: bool) -> Self {
        Self { is_edit, ..self }
    }

    /// Notes an error at `span`.
    pub(crate) fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.report(self.at(code, span, message));
    }

    /// A diagnostic to be completed and reported.
    pub(crate) fn at(
        &self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic::new(self.source, code, span, message)
    }

    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Counts one more statement; `None` when there are too many.
    pub(crate) fn count(&mut self, span: Span) -> Option<()> {
        self.statements += 1;
        if self.statements == MAX_STATEMENTS + 1 {
            let message = format!("there are more than {MAX_STATEMENTS} statements");
            self.error("too-many-statements", span, message);
        }
        (self.statements <= MAX_STATEMENTS).then_some(())
    }

    /// Counts the words of a line; `None` when there are too many in all, which `edit` can make
    /// of a short text.
    fn count_words(&mut self, words: &[Word]) -> Option<()> {
        self.words += words.len();
        if self.words > MAX_ALL_WORDS && !self.is_broken {
            self.is_broken = true;
            let span = words.first().map(|word| word.span).unwrap_or_default();
            let message = format!("there are more than {MAX_ALL_WORDS} words");
            self.error("too-many-words", span, message);
        }
        (self.words <= MAX_ALL_WORDS).then_some(())
    }

    /// Notes a token that is none.
    pub(crate) fn bad_token(&mut self, bad: BadToken, span: Span) {
        let (code, message, help) = bad.explain();
        self.report(self.at(code, span, message).help(help));
        self.is_broken |= bad.is_last();
    }

    /// Whether reading on is of no use.
    pub(crate) fn is_done(&self) -> bool {
        self.is_broken || self.statements > MAX_STATEMENTS || self.diagnostics.is_full()
    }

    /// Places a line among `siblings`; `None` after an error, which has been noted.
    pub(crate) fn place(
        &mut self,
        siblings: &mut Vec<Statement>,
        area: Area,
        words: &[Word],
        mark: Mark,
    ) -> Option<Placed> {
        self.count_words(words)?;
        let mut line = Line::new(siblings, area, mark);
        let mut rest = words;
        let mut inside = Area::Nothing;
        let mut before: Option<&Word> = None;
        let mut is_data = false;
        while let Some((first, after)) = rest.split_first() {
            if let Some(before) = before {
                self.check_line_end(before, first);
            }
            let rule = match line.area.find(&first.text) {
                Found::Key(_) if first.text.is_empty() => return self.nameless(first),
                Found::Rule(rule) if after.is_empty() && deletes_all(&line, rule) => {
                    return self.keep(line, rest);
                }
                Found::Rule(rule) | Found::Key(rule) if !takes(&line, rule, first, after) => {
                    return self.keep(line, rest);
                }
                Found::Data => return self.keep(line, rest),
                Found::Rule(rule) if first.kind == WordKind::Plain => rule,
                Found::Key(rule) if begins_entry(&line, first, after, rule) => rule,
                _ => {
                    self.refuse(&line, first);
                    return None;
                }
            };
            is_data = !rule.acted;
            (line, rest) = self.step(line, rule, first, after)?;
            inside = rule.inside();
            let is_leaf = matches!(inside, Area::Nothing);
            let last = words.len().checked_sub(rest.len() + 1).and_then(|at| words.get(at));
            before = last.filter(|_| is_leaf);
        }
        Some(line.end(inside, is_data))
    }

    /// Notes that an entry has an empty name, which not every form can carry.
    fn nameless<T>(&mut self, key: &Word) -> Option<T> {
        let error = self.at("missing-value", key.span, "this name is empty");
        self.report(error.expected("a name"));
        None
    }

    /// Keeps the rest of a line as data.
    fn keep(&mut self, line: Line<'_>, rest: &[Word]) -> Option<Placed> {
        self.count(rest.first().map(|word| word.span).unwrap_or_default())?;
        self.check_line_ends(rest);
        Some(line.keep(rest))
    }

    /// One statement of the line; gives the line and the words after it.
    fn step<'t, 'w>(
        &mut self,
        mut line: Line<'t>,
        rule: &'static Rule,
        first: &Word,
        after: &'w [Word],
    ) -> Option<(Line<'t>, &'w [Word])> {
        self.count(first.span)?;
        match rule.kind {
            Kind::Container(_) | Kind::Nameless(_) | Kind::Wrapped(_) => {
                Some((into(line, vec![first.clone()], rule, after)?, after))
            }
            Kind::List(_) => {
                let (key, rest) = self.value(first, after, "a name")?;
                if key.text.is_empty() {
                    return self.nameless(key);
                }
                Some((into(line, vec![first.clone(), key.clone()], rule, rest)?, rest))
            }
            Kind::Line(..) => {
                let key = after.first().filter(|word| rule.inside().rule_of(&word.text).is_none());
                let words: Vec<Word> = std::iter::once(first).chain(key).cloned().collect();
                let rest = after.get(usize::from(key.is_some())..).unwrap_or(&[]);
                Some((line.descend_to_line(words, rule)?, rest))
            }
            Kind::Leaf(kind) => {
                let (value, rest) = self.value(first, after, &value_name(kind))?;
                self.check(kind, first, value)?;
                line.set_leaf(first, value, rule);
                Some((line, rest))
            }
            Kind::LeafList(kind) => {
                let (values, rest) = self.values(first, after, kind)?;
                line.add_values(first, values);
                Some((line, rest))
            }
            Kind::Empty => {
                line.add(vec![first.clone()]);
                Some((line, after))
            }
        }
    }

    /// Lets the words of a statement come from several lines, as the level of `edit` and a `set` line do.
    pub(crate) fn joins_lines(self) -> Self {
        Self { joins_lines: true, ..self }
    }

    /// A complete leaf and a new line, yet no `;`: one was forgotten.
    fn check_line_end(&mut self, before: &Word, next: &Word) {
        if self.joins_lines {
            return;
        }
        let between = self.source.text().get(before.span.end as usize..next.span.start as usize);
        if between.is_some_and(|text| text.contains('\n')) {
            let error = self.at("missing-semicolon", before.span, "this statement has no end");
            self.report(error.expected("`;` after it"));
        }
    }

    /// The same for statements of which only the words are known.
    fn check_line_ends(&mut self, words: &[Word]) {
        let mut brackets = 0_usize;
        for (word, next) in words.iter().zip(words.iter().skip(1)) {
            match word.kind {
                WordKind::Open => brackets += 1,
                WordKind::Close => brackets = brackets.saturating_sub(1),
                _ => {}
            }
            if brackets == 0 {
                self.check_line_end(word, next);
            }
        }
    }

    /// The word after `keyword`, which must be there.
    fn value<'w>(
        &mut self,
        keyword: &Word,
        after: &'w [Word],
        what: &str,
    ) -> Option<(&'w Word, &'w [Word])> {
        match after.split_first() {
            Some((value, rest))
                if value.kind != WordKind::Open && value.kind != WordKind::Close =>
            {
                Some((value, rest))
            }
            Some((bracket, _)) => {
                let message = format!("`{}` takes one value", keyword.text);
                self.report(self.at("list-not-allowed", bracket.span, message).expected(what));
                None
            }
            None => {
                let message = format!("`{}` stands without its value", keyword.text);
                let error = self.at("missing-value", keyword.span, message);
                self.report(error.expected(format!("{what} after it")));
                None
            }
        }
    }

    /// One value, or several in brackets.
    fn values<'w>(
        &mut self,
        keyword: &Word,
        after: &'w [Word],
        kind: Value,
    ) -> Option<(&'w [Word], &'w [Word])> {
        let opens = after.first().is_some_and(|word| word.kind == WordKind::Open);
        let (values, rest) = if opens {
            let next = after.iter().enumerate().skip(1).find(|(_, word)| word.is_bracket());
            let close = match next {
                Some((close, word)) if word.kind == WordKind::Close => close,
                Some((_, inner)) => {
                    self.error("list-in-list", inner.span, "a bracket stands inside brackets");
                    return None;
                }
                None => {
                    let span = after.first().map_or(keyword.span, |word| word.span);
                    self.error("open-bracket", span, "this bracket is not closed");
                    return None;
                }
            };
            (after.get(1..close).unwrap_or(&[]), after.get(close + 1..).unwrap_or(&[]))
        } else {
            self.value(keyword, after, &value_name(kind))?;
            after.split_at_checked(1)?
        };
        for value in values {
            self.check(kind, keyword, value)?;
        }
        Some((values, rest))
    }

    pub(crate) fn check(&mut self, kind: Value, keyword: &Word, value: &Word) -> Option<()> {
        let Err(expected) = kind.check(&value.text) else { return Some(()) };
        let message = format!("`{}` is no value for `{}`", shown(&value.text), keyword.text);
        let mut error = self.at("wrong-value", value.span, message).expected(expected);
        if let Value::OneOf(words) = kind
            && let Some(near) = nearest(&value.text, words.iter().copied())
        {
            error = error.help(format!("did you mean `{near}`?"));
        }
        self.report(error);
        None
    }

    /// Says that `word` may not stand here, and what may.
    fn refuse(&mut self, line: &Line<'_>, word: &Word) {
        if line.after_secret {
            let error = self.at("secret-not-quoted", word.span, "the secret ends before this word");
            self.report(
                error.expected("`;`").help("put quotation marks around a secret with blanks"),
            );
            return;
        }
        if matches!(line.area, Area::Nothing) {
            self.error("nothing-inside", word.span, "there can be nothing inside this statement");
            return;
        }
        let error = unknown(self, line.area, word);
        self.report(error);
    }
}

/// Whether a line takes away every statement of a name.
fn deletes_all(line: &Line<'_>, rule: &Rule) -> bool {
    line.is_delete() && matches!(rule.kind, Kind::Leaf(_) | Kind::LeafList(_) | Kind::List(_))
}

/// Goes on inside a statement; what stood in front of the line may be for one further in.
fn into<'t>(
    line: Line<'t>,
    words: Vec<Word>,
    rule: &'static Rule,
    rest: &[Word],
) -> Option<Line<'t>> {
    if rule.passes_mark() && !rest.is_empty() {
        return line.pass(words, rule);
    }
    line.descend(words, rule)
}

/// Whether a line is of the shape of a rule for what is kept; what is acted on must be.
fn takes(line: &Line<'_>, rule: &Rule, first: &Word, after: &[Word]) -> bool {
    if rule.acted {
        return true;
    }
    let goes_on = |rest: &[Word]| {
        let known = |word: &Word| {
            word.kind == WordKind::Plain && !matches!(line.area.find(&word.text), Found::Data)
        };
        rest.first().is_none_or(known)
    };
    let plain = after.first().is_some_and(|word| !word.is_bracket());
    first.kind == WordKind::Plain
        && match rule.kind {
            Kind::Container(_) | Kind::Wrapped(_) => {
                after.first().is_none_or(|word| !word.is_bracket())
            }
            Kind::Nameless(_) => {
                !first.text.is_empty() && after.first().is_none_or(|word| !word.is_bracket())
            }
            Kind::Line(..) => after.first().is_none_or(|word| !word.is_bracket()),
            Kind::List(_) => plain,
            Kind::Leaf(_) => plain && goes_on(after.get(1..).unwrap_or(&[])),
            Kind::LeafList(_) => match after.iter().position(Word::is_bracket) {
                Some(0) => {
                    let close = after.iter().skip(1).position(Word::is_bracket);
                    let rest = close.and_then(|at| after.get(at + 2..));
                    let closes = close
                        .and_then(|at| after.get(at + 1))
                        .is_some_and(|word| word.kind == WordKind::Close);
                    closes && close != Some(0) && rest.is_some_and(goes_on)
                }
                _ => plain && goes_on(after.get(1..).unwrap_or(&[])),
            },
            Kind::Empty => goes_on(after),
        }
}

/// Whether `first` begins an entry of a list without keyword: what follows must fit it.
fn begins_entry(line: &Line<'_>, first: &Word, after: &[Word], rule: &Rule) -> bool {
    if !rule.acted {
        return true;
    }
    let inside = rule.inside();
    let fits = |word: &Word| word.kind == WordKind::Plain && inside.rule_of(&word.text).is_some();
    let follows = after.first().map_or(!line.after_secret, fits);
    first.kind == WordKind::Plain && !first.text.is_empty() && follows
}

/// The error for a word that no rule knows, with its nearest neighbour.
pub(crate) fn unknown(builder: &Builder<'_>, area: Area, word: &Word) -> Diagnostic {
    let message = format!("unknown statement `{}`", shown(&word.text));
    let error = builder.at("unknown-statement", word.span, message);
    let mut known: Vec<&str> = area.keywords().collect();
    let near = nearest(&word.text, known.iter().copied());
    if area.takes_keys() {
        known.push("an address with its port");
    }
    let error = if known.is_empty() { error } else { error.expected(known.join(", ")) };
    match near {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error,
    }
}

fn value_name(kind: Value) -> String {
    match kind {
        Value::Text => "a value".to_owned(),
        Value::Secret => "a secret".to_owned(),
        kind => kind.check("").err().unwrap_or_default().into_owned(),
    }
}

/// The statement at `path` below `siblings`.
pub(crate) fn follow<'t>(
    siblings: &'t mut Vec<Statement>,
    path: &[usize],
) -> Option<&'t mut Statement> {
    let (last, above) = path.split_last()?;
    let mut level = siblings;
    for index in above {
        level = &mut level.get_mut(*index)?.children;
    }
    level.get_mut(*last)
}
