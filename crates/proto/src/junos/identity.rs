//! Which statement of another configuration is the same one.
//!
//! ```text
//! container, leaf, empty    its keyword               host-name a;  =  host-name b;
//! list entry                its keyword and key       unit 0 { … }  =  unit 0 { … }
//! value of a leaf-list      its keyword and value     permissions view;
//! value without keyword     that it is there          as-path a "65000 .*";
//! no rule                   all its words             foo bar 1;
//! ```

use std::collections::HashMap;

use super::schema::{Area, Kind};
use super::tree::{Operation, Statement, Word};

/// Statements up to which a level is searched from its beginning rather than by an index.
const FEW: usize = 12;

/// What makes a statement the same one among its siblings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Identity<'t> {
    /// There is one of the name.
    One(&'t str),
    /// Name and key.
    Key(&'t str, &'t str),
    /// Every word.
    Words(&'t [Word]),
}

/// The identity of a statement that stands in `area`.
pub(crate) fn identity(area: Area, statement: &Statement) -> Identity<'_> {
    let keyword = statement.keyword();
    match area.rule_for(statement).map(|rule| &rule.kind) {
        Some(
            Kind::Container(_) | Kind::Wrapped(_) | Kind::Leaf(_) | Kind::Empty | Kind::Line(..),
        ) => Identity::One(keyword),
        Some(Kind::List(_) | Kind::LeafList(_)) => {
            Identity::Key(keyword, statement.value().map_or("", Word::text))
        }
        Some(Kind::Nameless(body)) if body.key.is_empty() => Identity::One(""),
        Some(Kind::Nameless(_)) => Identity::Key("", keyword),
        None => Identity::Words(&statement.words),
    }
}

/// What may stand inside a statement that stands in `area`.
pub(crate) fn inside(area: Area, statement: &Statement) -> Area {
    area.rule_for(statement).map_or(Area::Unknown, |rule| rule.inside())
}

/// Where in `level` the statement with this identity stands.
pub(crate) fn position(level: &[Statement], area: Area, id: Identity<'_>) -> Option<usize> {
    level.iter().position(|each| identity(area, each) == id)
}

/// Finds statements of one level by their identity.
#[derive(Debug)]
pub(crate) struct Index<'t> {
    level: &'t [Statement],
    area: Area,
    by_identity: HashMap<Identity<'t>, usize>,
}

impl<'t> Index<'t> {
    pub(crate) fn new(level: &'t [Statement], area: Area) -> Self {
        let mut by_identity = HashMap::new();
        if level.len() > FEW {
            by_identity.reserve(level.len());
            for (at, each) in level.iter().enumerate() {
                by_identity.entry(identity(area, each)).or_insert(at);
            }
        }
        Self { level, area, by_identity }
    }

    /// Where the first statement with this identity stands.
    pub(crate) fn find(&self, id: Identity<'_>) -> Option<usize> {
        if self.level.len() > FEW {
            return self.by_identity.get(&id).copied();
        }
        position(self.level, self.area, id)
    }
}

/// Joins statements that are the same one: what stands later is put into what stands first.
///
/// Readers make them of texts that name a thing twice.
pub(crate) fn settle(level: &mut Vec<Statement>, area: Area) {
    join(level, area, false);
}

/// As [`settle`], for what the schema knows alone: other statements stay as they were written.
pub(crate) fn settle_known(level: &mut Vec<Statement>, area: Area) {
    join(level, area, true);
}

fn join(level: &mut Vec<Statement>, area: Area, known_alone: bool) {
    if known_alone && matches!(area, Area::Unknown) {
        return;
    }
    let twins = twins(level, area, known_alone);
    if !twins.is_empty() {
        let mut all: Vec<Option<Statement>> = level.drain(..).map(Some).collect();
        for (first, second) in twins {
            let twin = all.get_mut(second).and_then(Option::take);
            if let (Some(Some(into)), Some(twin)) = (all.get_mut(first), twin) {
                into.take_in(twin);
            }
        }
        level.extend(all.into_iter().flatten());
    }
    for each in level {
        let inside = inside(area, each);
        join(&mut each.children, inside, known_alone);
    }
}

/// Pairs of the first and a later statement that are the same one.
fn twins(level: &[Statement], area: Area, known_alone: bool) -> Vec<(usize, usize)> {
    let index = Index::new(level, area);
    let pairs = level.iter().enumerate().filter_map(|(at, each)| {
        let id = identity(area, each);
        if known_alone && matches!(id, Identity::Words(_)) {
            return None;
        }
        index.find(id).filter(|first| *first != at).map(|first| (first, at))
    });
    pairs.collect()
}

impl Statement {
    /// Adds what a later mention of the same statement says.
    fn take_in(&mut self, twin: Statement) {
        if twin.words.len() >= self.words.len() {
            self.words = twin.words;
        }
        self.inactive |= twin.inactive;
        self.mark_guard(twin.guard);
        if twin.operation != Operation::Unsaid {
            self.operation = twin.operation;
        }
        self.comments.extend(twin.comments);
        self.children.extend(twin.children);
        self.end_comments.extend(twin.end_comments);
    }
}
