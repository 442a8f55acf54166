//! One line on its way down the tree: making what it names, going on with what is there.

use super::schema::{Area, Rule};
use super::tree::{Comment, Guard, Operation, Statement, Word};

/// How far back a statement with the same words is looked for. One further back is joined with its
/// twin when all is read: see [`super::identity::settle_known`].
const NEAR: usize = 16;

/// What stood in front of a line.
#[derive(Debug, Default)]
pub(crate) struct Mark {
    /// `inactive:`
    pub(crate) inactive: bool,
    /// `protect:` or `unprotect:`
    pub(crate) guard: Guard,
    /// Comments.
    pub(crate) comments: Vec<Comment>,
    /// What it does to another configuration.
    pub(crate) operation: Operation,
}

/// Where a line ended: the indices from the siblings down, and what may stand in its braces.
#[derive(Debug)]
pub(crate) struct Placed {
    pub(crate) path: Vec<usize>,
    pub(crate) inside: Area,
    /// The leaf it ended with, below `path`.
    leaf: Option<usize>,
    /// Whether it ended with what is not acted on.
    pub(crate) is_data: bool,
}

impl Placed {
    /// The indices down to the last statement, leaves too.
    pub(crate) fn last(&self) -> Vec<usize> {
        self.path.iter().copied().chain(self.leaf).collect()
    }
}

/// A line on its way down the tree.
pub(super) struct Line<'t> {
    level: &'t mut Vec<Statement>,
    pub(super) area: Area,
    path: Vec<usize>,
    leaf: Option<usize>,
    mark: Mark,
    pub(super) after_secret: bool,
}

impl<'t> Line<'t> {
    /// A line that begins among `siblings`.
    pub(super) fn new(siblings: &'t mut Vec<Statement>, area: Area, mark: Mark) -> Self {
        Self { level: siblings, area, path: Vec::new(), leaf: None, mark, after_secret: false }
    }

    /// Where it ended.
    pub(super) fn end(self, inside: Area, is_data: bool) -> Placed {
        Placed { path: self.path, inside, leaf: self.leaf, is_data }
    }

    /// As [`Line::descend`], but what stood in front of the line is for a statement inside.
    pub(super) fn pass(mut self, words: Vec<Word>, rule: &'static Rule) -> Option<Line<'t>> {
        let mark = std::mem::take(&mut self.mark);
        let mut line = self.descend(words, rule)?;
        line.mark = mark;
        Some(line)
    }

    /// Goes on inside the statement with these words, made if it is not there.
    pub(super) fn descend(mut self, words: Vec<Word>, rule: &'static Rule) -> Option<Line<'t>> {
        let index = self.add(words);
        let mut path = self.path;
        path.push(index);
        let level = &mut self.level.get_mut(index)?.children;
        let area = rule.inside();
        Some(Line { level, area, path, leaf: None, mark: self.mark, after_secret: false })
    }

    /// As [`Line::descend`] for a statement of which there is one: a new value replaces the old.
    pub(super) fn descend_to_line(
        self,
        mut words: Vec<Word>,
        rule: &'static Rule,
    ) -> Option<Line<'t>> {
        if let Some(there) = self.level.iter_mut().find(|each| each.keyword() == rule.name) {
            if words.len() > 1 {
                there.words = words;
            }
            words = there.words.clone();
        }
        self.descend(words, rule)
    }

    /// The index of the statement with these words, made if it is not there; takes the mark.
    pub(super) fn add(&mut self, words: Vec<Word>) -> usize {
        let mark = std::mem::take(&mut self.mark);
        self.after_secret = false;
        let from = self.level.len().saturating_sub(NEAR);
        let near = self.level.get(from..).unwrap_or(&[]);
        let there = near.iter().rposition(|each| each.has_words(&words)).map(|at| from + at);
        let index = there.unwrap_or(self.level.len());
        if there.is_none() {
            self.level.push(Statement::new(words));
        }
        if let Some(statement) = self.level.get_mut(index) {
            statement.inactive |= mark.inactive;
            statement.mark_guard(mark.guard);
            statement.comments.extend(mark.comments);
            if mark.operation != Operation::Unsaid {
                statement.operation = mark.operation;
            }
        }
        self.leaf = Some(index);
        index
    }

    /// Gives a leaf its value, the last one being the one that counts.
    pub(super) fn set_leaf(&mut self, keyword: &Word, value: &Word, rule: &Rule) {
        let mut value = value.clone();
        value.secret |= rule.is_secret();
        let words = vec![keyword.clone(), value];
        if let Some(old) = self.level.iter_mut().find(|each| each.keyword() == rule.name) {
            old.words.clone_from(&words);
        }
        self.add(words);
        self.after_secret = rule.is_secret();
    }

    /// Whether the line takes away what it names.
    pub(super) fn is_delete(&self) -> bool {
        self.mark.operation.is_delete()
    }

    pub(super) fn add_values(&mut self, keyword: &Word, values: &[Word]) {
        let Mark { inactive, guard, mut comments, operation } = std::mem::take(&mut self.mark);
        for value in values {
            let comments = std::mem::take(&mut comments);
            self.mark = Mark { inactive, guard, comments, operation: operation.clone() };
            self.add(vec![keyword.clone(), value.clone()]);
        }
        self.mark = Mark::default();
    }

    /// Keeps the rest of the line as it stands.
    pub(super) fn keep(mut self, words: &[Word]) -> Placed {
        self.path.push(self.level.len());
        self.level.push(Statement {
            inactive: self.mark.inactive,
            guard: self.mark.guard,
            comments: self.mark.comments,
            operation: self.mark.operation,
            ..Statement::new(words.to_vec())
        });
        Placed { path: self.path, inside: Area::Unknown, leaf: None, is_data: true }
    }
}
