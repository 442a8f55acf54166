//! The common ground of XML and JSON: named elements with a text or with children.
//!
//! ```text
//! XML  <client><name>mist</name><device-id>sw1</device-id></client>
//! JSON "client": [ { "name": "mist", "device-id": "sw1" } ]
//!        │                                        text of `device-id`
//!        └ element `client`, children `name` and `device-id`
//! ```
//!
//! For statements that the schema does not know these rules hold, the best that can be done
//! without it; another form may group such words differently, its own form keeps them:
//!
//! - an element with a text is a leaf; one whose first child is `name` is a list entry; any other
//!   a container;
//! - of a curly or `set` line of more than two words, a word that cannot be an element's name is
//!   the key of the one before; the others nest;
//! - the values of `[ a b ]` become an element each;
//! - a first word that cannot be an element's name becomes the `name` of an element `unnamed`.

use super::place::{Builder, Mark, follow, unknown};
use super::schema::{Area, Body, Found, Kind, Pair, Rule, Value};
use super::tree::{Comment, Guard, Hints, Operation, Statement, Word, WordKind};

/// The element that stands for a keyword which cannot be an element's name.
const UNNAMED: &str = "unnamed";

/// Words in front of `[ a b ]` up to which each value gets an element of its own.
pub(crate) const LONGEST_PREFIX: usize = 8;

/// An element of XML or a member of JSON.
#[derive(Clone, Debug)]
pub(crate) struct Element {
    pub(crate) name: Word,
    pub(crate) text: Option<Word>,
    pub(crate) children: Vec<Element>,
    pub(crate) inactive: bool,
    pub(crate) guard: Guard,
    pub(crate) comments: Vec<Comment>,
    pub(crate) end_comments: Vec<Comment>,
    /// JSON: one of an array.
    pub(crate) many: bool,
    /// JSON: an object with nothing in it.
    pub(crate) braced: bool,
    pub(crate) operation: Operation,
}

impl Element {
    pub(crate) fn new(name: Word) -> Self {
        Self {
            name,
            text: None,
            children: Vec::new(),
            inactive: false,
            guard: Guard::Open,
            comments: Vec::new(),
            end_comments: Vec::new(),
            many: false,
            braced: false,
            operation: Operation::Unsaid,
        }
    }

    fn named(name: &str) -> Self {
        Self::new(Word::new(name, super::Span::default()))
    }

    fn with_text(name: &str, text: &Word) -> Self {
        Self { text: Some(text.clone()), ..Self::named(name) }
    }
}

/// Puts elements where they belong in the tree; errors are noted in `builder`.
pub(crate) fn read(
    builder: &mut Builder<'_>,
    into: &mut Vec<Statement>,
    area: Area,
    elements: Vec<Element>,
) {
    for element in elements {
        if builder.is_done() {
            return;
        }
        let element = unpaired(area, element);
        match area.find_element(&element.name.text) {
            Found::Data => {
                if let Some(statement) = read_unknown(builder, element) {
                    into.push(statement);
                }
            }
            Found::Rule(rule) | Found::Key(rule) => read_known(builder, into, area, rule, element),
            Found::Refused => {
                let error = unknown(builder, area, &element.name);
                builder.report(error);
            }
        }
    }
}

/// The two list entries inside one another that an element with two keys stands for.
fn unpaired(area: Area, mut element: Element) -> Element {
    let Some((outer, pair)) = area.paired(&element.name.text) else { return element };
    let has = |name: &str| {
        let mut keys = element.children.iter().filter(|each| each.name.text == name);
        keys.any(|each| each.text.as_ref().is_some_and(|text| !text.text.is_empty()))
    };
    if element.text.is_some() || !has(pair.keys.0) || !has(pair.keys.1) {
        return element;
    }
    let span = element.name.span;
    let keys = (take_key(&mut element, pair.keys.0), take_key(&mut element, pair.keys.1));
    let name = Word::new(pair.inner, span);
    element.children.splice(..0, key_of("name", keys.1.as_ref()));
    let inner = Element { name, ..element };
    let mut children: Vec<Element> = key_of("name", keys.0.as_ref()).into_iter().collect();
    children.push(inner);
    Element { children, ..Element::new(Word::new(outer.name, span)) }
}

/// The elements with two keys that a list entry makes with each of those in it; what else is in it
/// stays in an element of its own.
fn write_paired(statement: &Statement, rule: &'static Rule, pair: &Pair) -> Vec<Element> {
    let mut elements = Vec::new();
    let mut others = statement.clone_shallow();
    others.words.clone_from(&statement.words);
    for each in &statement.children {
        if each.keyword() != pair.inner || rule.inside().rule_for(each).is_none() {
            others.children.push(each.clone());
            continue;
        }
        for mut element in write_statement(each, rule.inside()) {
            element.name.text = pair.element.to_owned();
            let keys = [(pair.keys.0, statement.value()), (pair.keys.1, each.value())];
            let keys = keys.into_iter().filter_map(|(name, key)| key_of(name, key));
            // In place of its own key.
            element.children.splice(..1, keys);
            elements.push(element);
        }
    }
    let is_said = statement.inactive
        || statement.guard != Guard::Open
        || !others.children.is_empty()
        || !others.comments.is_empty()
        || !others.end_comments.is_empty();
    if is_said || elements.is_empty() {
        let mut element = write_known(&others, rule);
        element.inactive = statement.inactive;
        element.guard = statement.guard;
        element.operation = statement.operation.clone();
        (element.comments, element.end_comments) = (others.comments, others.end_comments);
        elements.insert(0, element);
    }
    elements
}

fn read_known(
    builder: &mut Builder<'_>,
    into: &mut Vec<Statement>,
    area: Area,
    rule: &'static Rule,
    mut element: Element,
) {
    if let Some(key) = empty_key(rule, &element) {
        let message = format!("`{}` stands with an empty name", rule.name);
        let error = builder.at("missing-value", key.name.span, message);
        return builder.report(error.expected("a name"));
    }
    if !rule.acted && !is_of(rule, &element) && !deletes_all(rule, &element) {
        into.extend(read_unknown(builder, element));
        return;
    }
    let words = if deletes_all(rule, &element) {
        Some(vec![element.name.clone()])
    } else {
        words_of(builder, rule, &mut element)
    };
    let Some(words) = words else { return };
    let (inactive, comments) = (element.inactive, element.comments);
    let mark = Mark { inactive, guard: element.guard, comments, operation: element.operation };
    let Some(placed) = builder.place(into, area, &words, mark) else { return };
    if matches!(rule.inside(), Area::Nothing) {
        return;
    }
    let Some(statement) = follow(into, &placed.path) else { return };
    statement.end_comments.extend(element.end_comments);
    read(builder, &mut statement.children, placed.inside, element.children);
}

/// Whether an element deletes every statement of its name: it has neither key nor value.
fn deletes_all(rule: &Rule, element: &Element) -> bool {
    element.operation.is_delete()
        && element.text.is_none()
        && element.children.is_empty()
        && matches!(rule.kind, Kind::Leaf(_) | Kind::LeafList(_) | Kind::List(_))
}

/// The key of an entry that is there with nothing in it: it names no entry, least of all every one.
fn empty_key<'e>(rule: &Rule, element: &'e Element) -> Option<&'e Element> {
    if !matches!(rule.kind, Kind::List(_) | Kind::Nameless(_)) || element.text.is_some() {
        return None;
    }
    let name = rule.key_name()?;
    let key = element.children.iter().find(|each| each.name.text == name)?;
    let is_empty = key.text.as_ref().is_none_or(|text| text.text.is_empty());
    (is_empty && key.children.is_empty()).then_some(key)
}

/// Whether an element has the shape of a rule for what is kept.
fn is_of(rule: &Rule, element: &Element) -> bool {
    let has_key = || {
        let key = rule.key_name();
        let is_key = |each: &Element| Some(each.name.text.as_str()) == key;
        element.children.iter().any(|each| {
            is_key(each)
                && each.children.is_empty()
                && !each.inactive
                && each.text.as_ref().is_some_and(|text| !text.text.is_empty())
        })
    };
    let text = element.text.is_some();
    match rule.kind {
        Kind::Container(_) | Kind::Wrapped(_) | Kind::Line(..) => !text,
        Kind::Nameless(body) if body.key.is_empty() => {
            element.text.as_ref().is_some_and(|text| !text.text.is_empty())
                && element.children.is_empty()
        }
        Kind::List(_) | Kind::Nameless(_) => !text && has_key(),
        Kind::Leaf(_) | Kind::LeafList(_) => element.children.is_empty() && !element.braced,
        Kind::Empty => !text && element.children.is_empty() && !element.braced,
    }
}

/// The words of the statement that a known element is; takes a key out of its children.
fn words_of(builder: &mut Builder<'_>, rule: &Rule, element: &mut Element) -> Option<Vec<Word>> {
    let keyword = element.name.clone();
    if let (Kind::Nameless(Body { key: "", .. }), Some(text)) = (&rule.kind, &element.text) {
        return Some(vec![Word { kind: WordKind::Plain, ..text.clone() }]);
    }
    if let Some(text) = element.text.as_ref().filter(|_| !matches!(rule.inside(), Area::Nothing)) {
        let message = format!("`{}` holds statements, no text", rule.name);
        let error = builder.at("text-not-allowed", text.span, message);
        builder.report(error);
        return None;
    }
    let key = rule.key_name().and_then(|name| take_key(element, name));
    match (&rule.kind, key) {
        (Kind::Container(_) | Kind::Empty, _) => Some(vec![keyword]),
        (Kind::List(_) | Kind::Line(..) | Kind::Wrapped(_), Some(key)) => Some(vec![keyword, key]),
        (Kind::Line(..) | Kind::Wrapped(_), None) => Some(vec![keyword]),
        (Kind::Nameless(_), Some(key)) => Some(vec![key]),
        (Kind::List(_) | Kind::Nameless(_), None) => {
            let message = format!("`{}` stands without its name", rule.name);
            let error = builder.at("missing-value", keyword.span, message);
            builder.report(error.expected("`name` in it"));
            None
        }
        (Kind::Leaf(_) | Kind::LeafList(_), _) => Some(vec![keyword, value_of(element)]),
    }
}

/// A leaf's value: its text, or the name of its only child (`<services><netconf/></services>`).
fn value_of(element: &Element) -> Word {
    let value = match (&element.text, element.children.as_slice()) {
        (Some(text), _) => text.clone(),
        (None, [only]) if only.text.is_none() && only.children.is_empty() => only.name.clone(),
        _ => Word::new("", element.name.span),
    };
    Word { kind: WordKind::Plain, ..value }
}

fn take_key(element: &mut Element, name: &str) -> Option<Word> {
    let is_key = |each: &Element| each.name.text == name && each.children.is_empty();
    let at = element.children.iter().position(is_key)?;
    let key = element.children.remove(at);
    element.comments.extend(key.comments);
    key.text.map(|text| Word { kind: WordKind::Plain, ..text }).filter(|text| !text.text.is_empty())
}

fn read_unknown(builder: &mut Builder<'_>, mut element: Element) -> Option<Statement> {
    builder.count(element.name.span)?;
    let key = element
        .children
        .first()
        .filter(|first| first.name.text == "name" && first.children.is_empty() && !first.inactive);
    let key = key.and_then(|first| first.text.clone());
    let mut words = vec![element.name];
    if let Some(key) = &key {
        if words.iter().all(|name| name.text == UNNAMED) {
            words.clear();
        }
        words.push(key.clone());
        element.comments.extend(element.children.remove(0).comments);
    } else if element.children.is_empty() {
        words.extend(element.text);
    }
    let keyed = key.is_some() && words.len() > 1;
    let listed = element.many && !keyed;
    let hints = Hints { keyed, listed, braced: element.braced && element.children.is_empty() };
    let children = element.children.into_iter();
    Some(Statement {
        words,
        children: children.filter_map(|child| read_unknown(builder, child)).collect(),
        inactive: element.inactive,
        guard: element.guard,
        comments: element.comments,
        end_comments: element.end_comments,
        hints,
        operation: element.operation,
    })
}

/// The elements of statements.
pub(crate) fn write(statements: &[Statement], area: Area) -> Vec<Element> {
    statements.iter().flat_map(|each| write_statement(each, area)).collect()
}

fn write_statement(statement: &Statement, area: Area) -> Vec<Element> {
    let mut elements = match area.rule_for(statement) {
        Some(Rule { name, kind: Kind::Wrapped(body), .. }) => {
            return write_wrapped(statement, name, Area::Known(body));
        }
        Some(rule) => match rule.pair() {
            Some(pair) => return write_paired(statement, rule, pair),
            None => vec![write_known(statement, rule)],
        },
        None => write_unknown(statement),
    };
    if let Some(first) = elements.first_mut() {
        first.comments.clone_from(&statement.comments);
    }
    if let Some(last) = elements.last_mut() {
        last.end_comments.clone_from(&statement.end_comments);
    }
    for each in &mut elements {
        each.inactive = statement.inactive;
        each.guard = statement.guard;
        each.operation = statement.operation.clone();
    }
    elements
}

/// An element for each entry, and one without key for what is said about all of them.
fn write_wrapped(statement: &Statement, name: &str, inside: Area) -> Vec<Element> {
    let is_entry = |each: &&Statement| {
        let rule = inside.rule_for(each);
        rule.is_some_and(|rule| matches!(rule.kind, Kind::Nameless(_)))
    };
    let (entries, others): (Vec<&Statement>, Vec<&Statement>) =
        statement.children.iter().partition(is_entry);
    let mut all = Element::named(name);
    all.many = true;
    all.braced = true;
    all.inactive = statement.inactive;
    all.guard = statement.guard;
    all.comments.clone_from(&statement.comments);
    all.end_comments.clone_from(&statement.end_comments);
    all.children = others.into_iter().flat_map(|each| write_statement(each, inside)).collect();
    let says = all.inactive
        || all.guard != Guard::Open
        || !all.comments.is_empty()
        || !all.end_comments.is_empty()
        || !all.children.is_empty()
        || entries.is_empty();
    let entries = entries.into_iter().flat_map(|each| write_statement(each, inside));
    says.then_some(all).into_iter().chain(entries).collect()
}

fn write_known(statement: &Statement, rule: &'static Rule) -> Element {
    let mut element = Element::named(rule.name);
    element.many = matches!(rule.kind, Kind::List(_) | Kind::Nameless(_) | Kind::LeafList(_));
    let first = statement.words.first();
    match rule.kind {
        Kind::Leaf(kind) | Kind::LeafList(kind) => {
            element.text = statement.value().cloned();
            if let (Value::Number(..), Some(text)) = (kind, &mut element.text) {
                text.kind = WordKind::Literal;
            }
        }
        Kind::List(body) => element.children.extend(key_of(body.key, statement.value())),
        Kind::Nameless(Body { key: "", .. }) => {
            element.text = first.cloned();
            element.many = false;
        }
        Kind::Nameless(body) => element.children.extend(key_of(body.key, first)),
        Kind::Line(name, _) => element.children.extend(key_of(name, statement.value())),
        Kind::Container(_) | Kind::Wrapped(_) => element.braced = true,
        Kind::Empty => {}
    }
    element.children.extend(write(&statement.children, rule.inside()));
    element
}

fn key_of(name: &str, key: Option<&Word>) -> Option<Element> {
    key.map(|key| Element::with_text(name, key))
}

fn write_unknown(statement: &Statement) -> Vec<Element> {
    let is_open = |word: &Word| word.kind == WordKind::Open;
    let children = write(&statement.children, Area::Unknown);
    let open = statement.words.iter().position(is_open);
    let open = open.filter(|at| (1..=LONGEST_PREFIX).contains(at) && children.is_empty());
    let Some(open) = open else {
        return vec![nest(&statement.words, statement.hints, children)];
    };
    let (before, values) = statement.words.split_at_checked(open).unwrap_or((&[], &[]));
    let values = values.iter().filter(|word| !word.is_bracket());
    let lines = values.map(|value| [before, std::slice::from_ref(value)].concat());
    lines.map(|line| nest(&line, statement.hints, Vec::new())).collect()
}

/// The words of a line as elements inside one another, the innermost with `children`.
fn nest(words: &[Word], hints: Hints, children: Vec<Element>) -> Element {
    let mut steps: Vec<(Word, Option<Word>)> = Vec::new();
    let mut text = None;
    let mut rest = words;
    while let Some((first, after)) = rest.split_first() {
        if !is_name(&first.text) {
            steps.push((Word::new(UNNAMED, first.span), Some(first.clone())));
            rest = after;
            continue;
        }
        let mut key = None;
        rest = after;
        match after {
            [value] if children.is_empty() && !hints.keyed => {
                text = Some(value.clone());
                rest = &[];
            }
            [word, after @ ..] if after.is_empty() || !is_name(&word.text) => {
                key = Some(word.clone());
                rest = after;
            }
            _ => {}
        }
        steps.push((first.clone(), key));
    }
    let mut inner = children;
    for (depth, (name, key)) in steps.into_iter().rev().enumerate() {
        let mut element = Element::new(Word { kind: WordKind::Plain, ..name });
        element.many = key.is_some() || (depth == 0 && hints.listed);
        element.braced = depth == 0 && hints.braced;
        element.text = text.take();
        element.children.extend(key_of("name", key.as_ref()));
        element.children.append(&mut inner);
        inner = vec![element];
    }
    inner.pop().unwrap_or_else(|| Element::named(UNNAMED))
}

/// Whether a word can be an element's name and is not the one that stands for others.
fn is_name(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    begins && text.chars().all(plain) && text != UNNAMED
}
