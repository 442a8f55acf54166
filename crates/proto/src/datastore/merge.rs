//! Putting the statements of one tree into another.
//!
//! ```text
//! target  host-name a; login { user u }     source  host-name b; login { user v }
//!         └─────────────── host-name b; login { user u  user v } ──────────────┘
//! ```
//!
//! A statement of the source may say what else it does: take the place of what is there, be new,
//! delete, stand beside another, have another name. One that says nothing does what the statement
//! above it does.
//!
//! Source: RFC 6241 section 7.2; Junos, *load*, *Junos XML Protocol operations*.

use super::error::EditError;
use super::protect;
use crate::junos::edit::gather;
use crate::junos::identity::{Identity, Index, identity, inside, position, settle};
use crate::junos::print;
use crate::junos::schema::{Area, Kind};
use crate::junos::tree::{Guard, Operation, Statement, Word};

/// Words of a line that are looked at for braces that begin with them.
const LONGEST_PREFIX: usize = 8;

/// What a merge does beside joining.
#[derive(Debug)]
pub(super) struct Merging {
    /// What statements do that say nothing: [`Operation::Merge`] or [`Operation::None`].
    pub(super) default: Operation,
    /// Whether `replace` is heeded; a plain merge takes it for a merge.
    pub(super) replaces: bool,
    /// Whether deleting what is not there is an error; else it is a warning.
    pub(super) is_strict: bool,
    pub(super) warnings: Vec<String>,
    pub(super) errors: Vec<EditError>,
    pub(super) path: Vec<Word>,
}

impl Default for Merging {
    fn default() -> Self {
        Self {
            default: Operation::Merge,
            replaces: false,
            is_strict: false,
            warnings: Vec::new(),
            errors: Vec::new(),
            path: Vec::new(),
        }
    }
}

/// Merges `source`, which says nothing else, into `target`: a leaf has the new value, everything
/// else is joined.
///
/// # Errors
/// It would change what is protected.
pub(super) fn merge(
    target: &mut Vec<Statement>,
    source: Vec<Statement>,
    area: Area,
) -> Result<(), EditError> {
    let mut merging = Merging::default();
    merging.merge(target, source, area);
    merging.errors.into_iter().next().map_or(Ok(()), Err)
}

/// Adds a statement that is not there, behind others of its kind if it is one of several.
pub(super) fn add(level: &mut Vec<Statement>, statement: Statement, area: Area) {
    let at = match identity(area, &statement) {
        Identity::Key(name, _) => level.iter().rposition(
            |each| matches!(identity(area, each), Identity::Key(other, _) if other == name),
        ),
        Identity::One(_) | Identity::Words(_) => None,
    };
    let at = at.map_or(level.len(), |at| at + 1);
    level.insert(at, statement);
}

impl Merging {
    /// Merges `source` into `target`.
    pub(super) fn merge(
        &mut self,
        target: &mut Vec<Statement>,
        mut source: Vec<Statement>,
        area: Area,
    ) {
        settle(&mut source, area);
        let default = self.default.clone();
        self.level(target, source, area, &default);
    }

    fn level(
        &mut self,
        target: &mut Vec<Statement>,
        source: Vec<Statement>,
        area: Area,
        above: &Operation,
    ) {
        let mut source = source;
        for each in source.iter().filter(|each| !each.children.is_empty()) {
            if area.rule_for(each).is_none() {
                gather(target, area, &each.words);
            }
        }
        let places: Vec<Option<usize>> = {
            let index = Index::new(target, area);
            for each in &mut source {
                put_into_block(each, target, area, &index);
            }
            source.iter().map(|each| index.find(identity(area, each))).collect()
        };
        let mut others = Vec::new();
        for (statement, place) in source.into_iter().zip(places) {
            let operation = self.operation(&statement, above);
            let there = place.and_then(|at| target.get_mut(at));
            match there.filter(|_| !operation.moves_places()) {
                Some(there) => self.change(there, statement, area, (operation, above)),
                None => others.push((statement, operation)),
            }
        }
        // What makes places move comes when none is needed any more.
        for (statement, operation) in others {
            self.other(target, statement, area, operation);
        }
    }

    /// What a statement does, from what it and the one above say.
    fn operation(&self, statement: &Statement, above: &Operation) -> Operation {
        match &statement.operation {
            Operation::Unsaid => above.clone(),
            Operation::Replace if !self.replaces => Operation::Merge,
            said => said.clone(),
        }
    }

    /// Does what is said to a statement that is there, unless that changes what is protected.
    fn change(
        &mut self,
        there: &mut Statement,
        statement: Statement,
        area: Area,
        how: (Operation, &Operation),
    ) {
        if statement.guard == Guard::Lifted {
            there.guard = Guard::Open;
        }
        let is_held = match how.0 {
            Operation::Replace => protect::is_held(std::slice::from_ref(there)),
            _ => there.is_protected(),
        };
        if !is_held {
            return self.change_freely(there, statement, area, how);
        }
        let (before, errors) = (there.clone(), self.errors.len());
        self.change_freely(there, statement, area, how);
        let (one, other) = (std::slice::from_ref(&before), std::slice::from_ref(there));
        if let Err(error) = protect::check_kept_in(one, other, area, &self.path) {
            *there = before;
            self.errors.truncate(errors);
            self.errors.push(error);
        }
    }

    fn change_freely(
        &mut self,
        there: &mut Statement,
        statement: Statement,
        area: Area,
        (operation, above): (Operation, &Operation),
    ) {
        let guard = statement.guard;
        match operation {
            Operation::Activate => {
                there.inactive = false;
                self.join(there, statement, area, above);
            }
            Operation::Replace => *there = self.grown(statement, area),
            Operation::None => self.inside(there, statement, area, &Operation::None),
            Operation::Create => {
                let path = self.path_of(&statement);
                self.errors.push(EditError::There(path));
            }
            _ => self.join(there, statement, area, above),
        }
        if guard == Guard::Protected {
            there.guard = guard;
        }
    }

    fn other(
        &mut self,
        level: &mut Vec<Statement>,
        statement: Statement,
        area: Area,
        operation: Operation,
    ) {
        let there = position(level, area, identity(area, &statement));
        if let Some(there) = there.and_then(|at| level.get_mut(at)) {
            if statement.guard == Guard::Lifted {
                there.guard = Guard::Open;
            }
            if there.is_protected() {
                let path = self.path_of(&statement);
                return self.errors.push(EditError::Protected(path));
            }
        }
        match operation {
            Operation::Delete | Operation::Remove => {
                let is_strict = operation == Operation::Delete;
                self.delete(level, &statement, is_strict);
            }
            Operation::None => {
                let path = self.path_of(&statement);
                self.errors.push(EditError::NotThere(path));
            }
            Operation::Rename(name) => self.rename(level, &statement, area, &name),
            Operation::After(name) => self.beside(level, statement, area, &name, true),
            Operation::Before(name) => self.beside(level, statement, area, &name, false),
            _ => {
                let grown = self.grown(statement, area);
                add(level, grown, area);
            }
        }
    }

    /// Deletes what is named, and what is inside what is named without key or value.
    fn delete(&mut self, level: &mut Vec<Statement>, statement: &Statement, is_strict: bool) {
        let before = level.len();
        let is_bare_leaf = statement.words.last().is_some_and(|word| word.text().is_empty());
        let words = match statement.words.split_last() {
            Some((_, words)) if is_bare_leaf && !words.is_empty() => words,
            _ => statement.words.as_slice(),
        };
        let (mut kept, mut is_refused) = (Vec::new(), false);
        level.retain_mut(|each| {
            if !each.words.starts_with(words) {
                return true;
            }
            is_refused |= each.is_protected();
            protect::strip(each, &self.path, &mut kept)
        });
        if is_refused {
            let path = kept.into_iter().next().unwrap_or_default();
            return self.errors.push(EditError::Protected(path));
        }
        let is_missing = level.len() == before && kept.is_empty();
        self.warnings.extend(kept.iter().map(|path| protect::stays(path)));
        if is_missing && is_strict {
            let path = self.path_of(statement);
            if self.is_strict {
                self.errors.push(EditError::NotThere(path));
            } else {
                self.warnings.push(format!("statement not found: {path}"));
            }
        }
    }

    fn rename(&mut self, level: &mut [Statement], statement: &Statement, area: Area, name: &str) {
        let path = self.path_of(statement);
        let Some(at) = position(level, area, identity(area, statement)) else {
            return self.errors.push(EditError::NotThere(path));
        };
        let mut renamed = statement.clone();
        let span = statement.span();
        renamed.words.pop();
        renamed.words.push(Word::new(name, span));
        if position(level, area, identity(area, &renamed)).is_some() {
            return self.errors.push(EditError::There(self.path_of(&renamed)));
        }
        level.get_mut(at).into_iter().for_each(|each| each.words = renamed.words.clone());
    }

    /// Puts an entry before or after the one of its list with this key; at the beginning if it is
    /// empty.
    fn beside(
        &mut self,
        level: &mut Vec<Statement>,
        statement: Statement,
        area: Area,
        name: &str,
        is_after: bool,
    ) {
        let moved = match position(level, area, identity(area, &statement)) {
            Some(at) => {
                let mut there = level.remove(at);
                self.join(&mut there, statement, area, &Operation::Merge);
                there
            }
            None => self.grown(statement, area),
        };
        let mut other = moved.words.clone();
        other.pop();
        other.push(Word::new(name, moved.span()));
        let keyword = moved.keyword().to_owned();
        let is_nameless = moved.words.len() == 1;
        let at = level.iter().position(|each| match name {
            "" => is_nameless || each.keyword() == keyword,
            _ => each.words == other,
        });
        match at {
            Some(at) => level.insert(at + usize::from(is_after), moved),
            None if name.is_empty() => level.push(moved),
            None => {
                self.path.extend_from_slice(&other);
                let path = print::words(&self.path);
                self.path.truncate(self.path.len() - other.len());
                self.errors.push(EditError::NotThere(path));
                add(level, moved, area);
            }
        }
    }

    /// Joins a statement with the same one that is there.
    fn join(&mut self, there: &mut Statement, statement: Statement, area: Area, above: &Operation) {
        let rule = area.rule_for(there);
        let is_line = rule.is_some_and(|rule| matches!(rule.kind, Kind::Line(..)));
        if !is_line || statement.words.len() > 1 {
            there.words.clone_from(&statement.words);
        }
        there.inactive |= statement.inactive;
        if !statement.comments.is_empty() {
            there.comments.clone_from(&statement.comments);
        }
        there.hints.braced &= statement.children.is_empty();
        let below = match self.operation(&statement, above) {
            Operation::Merge => Operation::Merge,
            _ => above.clone(),
        };
        self.inside(there, statement, area, &below);
    }

    fn inside(
        &mut self,
        there: &mut Statement,
        statement: Statement,
        area: Area,
        above: &Operation,
    ) {
        let inside = inside(area, there);
        let length = self.path.len();
        self.path.extend_from_slice(&there.words);
        self.level(&mut there.children, statement.children, inside, above);
        self.path.truncate(length);
    }

    /// A statement that is new, without what its own statements say they do.
    fn grown(&mut self, statement: Statement, area: Area) -> Statement {
        let guard = match statement.guard {
            Guard::Lifted => Guard::Open,
            guard => guard,
        };
        let mut grown = Statement { operation: Operation::Unsaid, guard, ..statement };
        if !grown.children.iter().any(says) {
            return grown;
        }
        let children = std::mem::take(&mut grown.children);
        let source = Statement { children, ..Statement::new(grown.words.clone()) };
        self.inside(&mut grown, source, area, &Operation::Merge);
        grown
    }

    fn path_of(&self, statement: &Statement) -> String {
        let words: Vec<Word> = self.path.iter().chain(&statement.words).cloned().collect();
        print::words(&words)
    }
}

/// A line that no rule knows goes into the braces that begin with the same words.
///
/// ```text
/// bogus { a 1; }   and   bogus b 2;   ──▶   bogus { b 2; }
/// ```
fn put_into_block(statement: &mut Statement, target: &[Statement], area: Area, index: &Index<'_>) {
    if area.rule_for(statement).is_some() || index.find(identity(area, statement)).is_some() {
        return;
    }
    let lengths = 1..statement.words.len().min(LONGEST_PREFIX);
    let block = lengths.into_iter().find(|length| {
        let words = statement.words.get(..*length).unwrap_or(&[]);
        let there = index.find(Identity::Words(words)).and_then(|at| target.get(at));
        there.is_some_and(|there| !there.children.is_empty() || there.hints.braced)
    });
    if let Some(length) = block {
        let rest = statement.words.split_off(length);
        let above = std::mem::take(&mut statement.words);
        let inner = Statement { words: rest, ..std::mem::take(statement) };
        *statement = Statement { children: vec![inner], ..Statement::new(above) };
    }
}

/// Whether a statement or one in it says what it does.
fn says(statement: &Statement) -> bool {
    statement.operation != Operation::Unsaid
        || statement.guard == Guard::Lifted
        || statement.children.iter().any(says)
}
