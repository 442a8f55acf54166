//! A line walked along the grammar: what its words mean, and what may come next.

use super::choice::Choice;
use super::error::LineError;
use super::grammar::{Node, Paths, Slot};
use super::line::{Line, Token};
use super::statement::{Cursor, Misfit};
use crate::junos::Configuration;

/// A piece of a command, in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A word of the grammar.
    Word(&'static str),
    /// A name, number or text.
    Value(String),
    /// The words of a statement, from the level that is edited.
    Path(Vec<String>),
}

/// What the words are walked over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ground<'c> {
    /// The commands of the mode.
    pub(super) commands: &'static [Node],
    /// The level that is edited.
    pub(super) level: &'c [String],
    /// The configuration whose statements are named.
    pub(super) configuration: &'c Configuration,
}

/// Where a walk stands.
#[derive(Debug)]
enum Place<'c> {
    /// Before one of these.
    Nodes([&'static [Node]; 2]),
    /// In a statement, behind which these may follow.
    Statement(Box<Cursor<'c>>, &'static Node),
    /// In words that are taken as they stand.
    Free,
}

/// A walk along the grammar.
#[derive(Debug)]
struct Walk<'c> {
    ground: Ground<'c>,
    place: Place<'c>,
    ends: bool,
    pieces: Vec<Piece>,
    /// Where the last of the words that are taken as they stand ends.
    free_end: Option<usize>,
}

/// Reads a whole line; nothing if there is no word in it.
///
/// # Errors
/// It is no command.
pub(super) fn parse(text: &str, ground: Ground<'_>) -> Result<Vec<Piece>, LineError> {
    if let Some(at) = Line::new(text).open_quote {
        return Err(LineError::OpenQuote { at });
    }
    let words = Line::all(text);
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let mut walk = Walk::new(ground);
    words.iter().try_for_each(|word| walk.step(word))?;
    walk.finish(text.len())
}

/// What may stand at the end of `text`.
///
/// # Errors
/// What stands before is no beginning of a command.
pub(super) fn choices(text: &str, ground: Ground<'_>) -> Result<Vec<Choice>, LineError> {
    let line = Line::new(text);
    if let Some(at) = line.open_quote {
        return Err(LineError::OpenQuote { at });
    }
    let mut walk = Walk::new(ground);
    line.words.iter().try_for_each(|word| walk.step(word))?;
    let prefix = line.partial.text.as_str();
    let mut choices = walk.choices(prefix);
    if prefix.is_empty() && !walk.pieces.is_empty() && walk.may_end() {
        choices.insert(0, Choice::enter());
        if walk.pieces.contains(&Piece::Word("show")) {
            choices.push(Choice::slot("|", "Pass the output through something"));
        }
    }
    Ok(choices)
}

impl<'c> Walk<'c> {
    fn new(ground: Ground<'c>) -> Self {
        let place = Place::Nodes([ground.commands, &[]]);
        Self { ground, place, ends: false, pieces: Vec::new(), free_end: None }
    }

    /// A command behind which a statement may stand need not have one.
    fn may_end(&self) -> bool {
        match &self.place {
            Place::Statement(cursor, _) if cursor.typed().is_empty() => self.ends,
            Place::Statement(cursor, node) => node.ends && cursor.may_end(),
            _ => self.ends,
        }
    }

    /// Takes the next word.
    fn step(&mut self, token: &Token) -> Result<(), LineError> {
        if let Place::Statement(cursor, node) = &mut self.place {
            let follower =
                node.next.iter().find(|next| !token.quoted && is_word(next, &token.text));
            let text_follows = matches!(node.next, [Node { token: Slot::Text(_), .. }]);
            if follower.is_some() || (text_follows && token.quoted) {
                let next = node.next;
                self.close_path();
                self.place = Place::Nodes([next, &[]]);
                return self.step(token);
            }
            return cursor.step(&token.text, token.quoted).map_err(|misfit| told(misfit, token));
        }
        let Place::Nodes(lists) = self.place else {
            self.free(token);
            return Ok(());
        };
        let node = self.find(lists, token)?;
        self.take(node, token);
        Ok(())
    }

    /// The node that the word stands for.
    fn find(&self, lists: [&'static [Node]; 2], token: &Token) -> Result<&'static Node, LineError> {
        let nodes = || lists.into_iter().flatten();
        let text = token.text.as_str();
        if !token.quoted {
            if let Some(node) = nodes().find(|node| is_word(node, text)) {
                return Ok(node);
            }
            let short: Vec<&'static Node> = nodes()
                .filter(|node| matches!(node.token, Slot::Word(own) if own.starts_with(text)))
                .collect();
            match short.as_slice() {
                [] => {}
                [one] => return Ok(one),
                several => {
                    let choices = several.iter().map(|node| shown(node)).collect();
                    let word = text.to_owned();
                    return Err(LineError::Ambiguous { at: token.start, word, choices });
                }
            }
        }
        if let Some(node) = nodes().find(|node| takes(node, token)) {
            return Ok(node);
        }
        let at = token.start;
        let number = nodes().find_map(|node| match node.token {
            Slot::Number(_, least, most) => Some((least, most)),
            _ => None,
        });
        match number {
            _ if self.pieces.is_empty() => Err(LineError::Unknown { at }),
            Some((least, most)) => {
                let expected = format!("a number from {least} to {most}");
                Err(LineError::Value { at, expected })
            }
            None => Err(LineError::Syntax { at }),
        }
    }

    fn take(&mut self, node: &'static Node, token: &Token) {
        self.ends = node.ends;
        self.place = Place::Nodes([node.next, node.also]);
        match node.token {
            Slot::Word(word) => {
                self.pieces.push(Piece::Word(word));
                self.open_path(node);
            }
            Slot::Words(_) => {
                self.place = Place::Free;
                self.free(token);
            }
            _ => self.pieces.push(Piece::Value(token.text.clone())),
        }
    }

    /// Takes a word of those that go on to the end of the line; what adjoins the one before, as a
    /// bracket in a pattern, belongs to it.
    fn free(&mut self, token: &Token) {
        let adjoins = self.free_end == Some(token.start) && !token.quoted;
        match self.pieces.last_mut().filter(|_| adjoins) {
            Some(Piece::Value(value)) => value.push_str(&token.text),
            _ => self.pieces.push(Piece::Value(token.text.clone())),
        }
        self.free_end = (!token.quoted).then(|| token.start + token.text.len());
    }

    /// If a statement follows the node, begins it.
    fn open_path(&mut self, node: &'static Node) {
        let path = node.next.iter().find_map(|next| match next.token {
            Slot::Path(paths) => Some((paths, next)),
            _ => None,
        });
        let Some((paths, next)) = path else { return };
        // `top` and `up` before the command take away from the level.
        let level = super::level::after(&self.pieces, self.ground.level);
        let is_there = paths == Paths::Existing;
        let cursor = Cursor::new(self.ground.configuration, level, is_there);
        self.place = Place::Statement(Box::new(cursor), next);
    }

    fn close_path(&mut self) {
        let Place::Statement(cursor, _) = &self.place else { return };
        let typed = cursor.typed().to_vec();
        self.pieces.push(Piece::Path(typed));
    }

    fn finish(mut self, end: usize) -> Result<Vec<Piece>, LineError> {
        if !self.may_end() {
            return Err(LineError::Incomplete { at: end });
        }
        self.close_path();
        Ok(self.pieces)
    }

    fn choices(&self, prefix: &str) -> Vec<Choice> {
        match &self.place {
            Place::Nodes(lists) => of_nodes(*lists, prefix),
            Place::Statement(cursor, node) => {
                let mut all = cursor.choices(prefix);
                if !cursor.typed().is_empty() {
                    all.extend(of_nodes([node.next, &[]], prefix));
                }
                all
            }
            Place::Free => Vec::new(),
        }
    }
}

fn of_nodes(lists: [&'static [Node]; 2], prefix: &str) -> Vec<Choice> {
    let fits = |node: &&Node| match node.token {
        Slot::Word(word) => word.starts_with(prefix),
        Slot::Path(_) => false,
        _ => true,
    };
    let mut all: Vec<_> = lists.into_iter().flatten().filter(fits).map(shown).collect();
    super::choice::sort(&mut all);
    all
}

/// Whether the node is this very word.
fn is_word(node: &Node, text: &str) -> bool {
    matches!(node.token, Slot::Word(own) if own == text)
}

/// Whether a word that is none of the grammar may stand for the node.
fn takes(node: &Node, token: &Token) -> bool {
    match node.token {
        Slot::Word(_) | Slot::Path(_) => false,
        Slot::Number(_, least, most) => {
            let digits = token.text.bytes().all(|byte| byte.is_ascii_digit());
            digits && token.text.parse().is_ok_and(|number: u64| (least..=most).contains(&number))
        }
        Slot::Text(_) | Slot::Words(_) => true,
    }
}

fn shown(node: &Node) -> Choice {
    match node.token {
        Slot::Word(word) => Choice::word(word, node.help),
        Slot::Number(name, ..) | Slot::Text(name) | Slot::Words(name) => {
            Choice::slot(name, node.help)
        }
        Slot::Path(_) => Choice::slot("<statement>", node.help),
    }
}

fn told(misfit: Misfit, token: &Token) -> LineError {
    let at = token.start;
    match misfit {
        Misfit::Unknown => LineError::Syntax { at },
        Misfit::Ambiguous(choices) => {
            LineError::Ambiguous { at, word: token.text.clone(), choices }
        }
        Misfit::Value(expected) => LineError::Value { at, expected },
    }
}
