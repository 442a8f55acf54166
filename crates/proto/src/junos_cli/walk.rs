//! A line walked along the grammar: what its words mean, and what may come next.

use super::choice::{Choice, list};
use super::grammar::{CONFIGURATION, Node, PIPES, Paths, Slot};
use super::line::{Line, Token};
use super::statement::{Cursor, Misfit};
use crate::junos::Configuration;

/// A piece of a command, in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A word of the grammar.
    Word(&'static str),
    /// A name, number or text.
    Value(String),
    /// The words of a statement, from the level that is edited.
    Path(Vec<String>),
}

/// What the words are walked over.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'c> {
    /// The commands of the mode.
    pub commands: &'static [Node],
    /// The level that is edited.
    pub level: &'c [String],
    /// The configuration whose statements are named.
    pub configuration: &'c Configuration,
}

/// A whole command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// The command.
    pub pieces: Vec<Piece>,
    /// Its filters, in order.
    pub pipes: Vec<Vec<Piece>>,
}

/// Why a line is no command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// A word that can't stand there.
    #[error("unknown command.")]
    Unknown {
        /// The byte at which it begins.
        at: usize,
    },
    /// The same, inside a command.
    #[error("syntax error.")]
    Syntax {
        /// The byte at which it begins.
        at: usize,
    },
    /// A word that begins several others.
    #[error("'{word}' is ambiguous.\n{}", list(choices))]
    Ambiguous {
        /// The byte at which it begins.
        at: usize,
        /// The word.
        word: String,
        /// What it may stand for.
        choices: Vec<Choice>,
    },
    /// A value of the wrong kind.
    #[error("expected {expected}.")]
    Value {
        /// The byte at which it begins.
        at: usize,
        /// What would do.
        expected: String,
    },
    /// Something is missing at the end.
    #[error("syntax error, expecting <command>.")]
    Incomplete {
        /// The end of the line.
        at: usize,
    },
    /// A quotation mark without its fellow.
    #[error("this quotation mark is not closed")]
    OpenQuote {
        /// Where it stands.
        at: usize,
    },
}

impl LineError {
    /// The stable name of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "unknown-command",
            Self::Syntax { .. } => "syntax-error",
            Self::Ambiguous { .. } => "ambiguous-command",
            Self::Value { .. } => "wrong-value",
            Self::Incomplete { .. } => "incomplete-command",
            Self::OpenQuote { .. } => "open-quote",
        }
    }

    /// Who must act.
    pub fn fault(&self) -> crate::fault::Fault {
        crate::fault::Fault::Operator
    }

    /// Where in the line it is.
    pub fn at(&self) -> usize {
        match self {
            Self::Unknown { at } | Self::Syntax { at } | Self::Ambiguous { at, .. } => *at,
            Self::Value { at, .. } | Self::Incomplete { at } | Self::OpenQuote { at } => *at,
        }
    }
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
    parsed: Parsed,
    in_pipe: bool,
}

/// Reads a whole line; `None` if there is no word in it.
///
/// # Errors
/// It is no command.
pub fn parse(text: &str, ground: Ground<'_>) -> Result<Option<Parsed>, LineError> {
    if let Some(at) = Line::new(text).open_quote {
        return Err(LineError::OpenQuote { at });
    }
    let words = Line::all(text);
    if words.is_empty() {
        return Ok(None);
    }
    let mut walk = Walk::new(ground);
    words.iter().try_for_each(|word| walk.step(word))?;
    walk.finish(text.len()).map(Some)
}

/// What may stand at the end of `text`, and the word that is being typed there.
///
/// # Errors
/// What stands before is no beginning of a command.
pub fn choices(text: &str, ground: Ground<'_>) -> Result<(Token, Vec<Choice>), LineError> {
    let line = Line::new(text);
    if let Some(at) = line.open_quote {
        return Err(LineError::OpenQuote { at });
    }
    let mut walk = Walk::new(ground);
    line.words.iter().try_for_each(|word| walk.step(word))?;
    let prefix = line.partial.text.as_str();
    let mut choices = walk.choices(prefix);
    if prefix.is_empty() && walk.may_end() && !walk.parsed.pieces.is_empty() | walk.has_path() {
        choices.insert(0, Choice::enter());
    }
    Ok((line.partial, choices))
}

impl<'c> Walk<'c> {
    fn new(ground: Ground<'c>) -> Self {
        let place = Place::Nodes([ground.commands, &[]]);
        Self { ground, place, ends: false, parsed: Parsed::default(), in_pipe: false }
    }

    fn push(&mut self, piece: Piece) {
        match self.parsed.pipes.last_mut().filter(|_| self.in_pipe) {
            Some(pipe) => pipe.push(piece),
            None => self.parsed.pieces.push(piece),
        }
    }

    fn has_path(&self) -> bool {
        matches!(self.place, Place::Statement(..))
    }

    fn may_end(&self) -> bool {
        match &self.place {
            Place::Statement(cursor, node) => node.ends && cursor.may_end(),
            _ => self.ends,
        }
    }

    /// Takes the next word.
    fn step(&mut self, token: &Token) -> Result<(), LineError> {
        if token.is_bar() {
            return self.bar(token.start);
        }
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
            self.push(Piece::Value(token.text.clone()));
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
            _ if self.parsed.pieces.is_empty() => Err(LineError::Unknown { at }),
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
                self.push(Piece::Word(word));
                self.open_path(node);
            }
            Slot::Words(_) => {
                self.push(Piece::Value(token.text.clone()));
                self.place = Place::Free;
            }
            _ => self.push(Piece::Value(token.text.clone())),
        }
    }

    /// If a statement follows the node, begins it.
    fn open_path(&mut self, node: &'static Node) {
        let path = node.next.iter().find_map(|next| match next.token {
            Slot::Path(paths) => Some((paths, next)),
            _ => None,
        });
        let Some((paths, next)) = path else { return };
        let level = match paths {
            Paths::Committed => &[][..],
            Paths::Any | Paths::Existing => self.level(),
        };
        let is_there = paths != Paths::Any;
        let cursor = Cursor::new(self.ground.configuration, level, is_there);
        self.place = Place::Statement(Box::new(cursor), next);
    }

    /// The level, of which `top` and `up` before the command take away.
    fn level(&self) -> &'c [String] {
        super::level::after(&self.parsed.pieces, self.ground.level)
    }

    fn close_path(&mut self) {
        let Place::Statement(cursor, _) = &self.place else { return };
        let typed = cursor.typed().to_vec();
        self.push(Piece::Path(typed));
    }

    fn bar(&mut self, at: usize) -> Result<(), LineError> {
        if !self.may_end_or_path_is_empty() {
            return Err(LineError::Syntax { at });
        }
        self.close_path();
        self.in_pipe = true;
        self.parsed.pipes.push(Vec::new());
        self.place = Place::Nodes([&PIPES, &[]]);
        self.ends = false;
        Ok(())
    }

    /// A command behind which a statement may stand need not have one.
    fn may_end_or_path_is_empty(&self) -> bool {
        match &self.place {
            Place::Statement(cursor, _) if cursor.typed().is_empty() => self.ends,
            _ => self.may_end(),
        }
    }

    fn finish(mut self, end: usize) -> Result<Parsed, LineError> {
        if !self.may_end_or_path_is_empty() {
            return Err(LineError::Incomplete { at: end });
        }
        self.close_path();
        Ok(self.parsed)
    }

    fn choices(&self, prefix: &str) -> Vec<Choice> {
        let mut all = match &self.place {
            Place::Nodes(lists) => self.of_nodes(*lists, prefix),
            Place::Statement(cursor, node) => {
                let mut all = cursor.choices(prefix);
                if !cursor.typed().is_empty() {
                    all.extend(self.of_nodes([node.next, &[]], prefix));
                }
                all
            }
            Place::Free => Vec::new(),
        };
        if prefix.is_empty() && self.may_end_or_path_is_empty() && !self.in_configuration_edit() {
            all.push(Choice::slot("|", "Pipe through a command"));
        }
        all
    }

    /// Commands that change something have nothing to filter.
    fn in_configuration_edit(&self) -> bool {
        let first = self.parsed.pieces.first();
        let shows = [Piece::Word("show"), Piece::Word("run")];
        self.ground.commands.as_ptr() == CONFIGURATION.as_ptr()
            && !first.is_some_and(|first| shows.contains(first))
            || first.is_none()
    }

    fn of_nodes(&self, lists: [&'static [Node]; 2], prefix: &str) -> Vec<Choice> {
        let mut all = Vec::new();
        for node in lists.into_iter().flatten() {
            match node.token {
                Slot::Word(word) if !word.starts_with(prefix) => {}
                Slot::Client => all.extend(self.clients(prefix)),
                Slot::Path(_) => {}
                _ => all.push(shown(node)),
            }
        }
        all.sort_by(|one, other| {
            (!one.is_literal(), &one.text).cmp(&(!other.is_literal(), &other.text))
        });
        all
    }

    fn clients(&self, prefix: &str) -> Vec<Choice> {
        let path = ["system", "services", "outbound-ssh", "client"];
        let names = self.ground.configuration.words_after(&path);
        let names = names.into_iter().map(|word| word.text());
        names.filter(|name| name.starts_with(prefix)).map(Choice::name).collect()
    }
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
        Slot::Text(_) | Slot::Words(_) | Slot::Client => true,
    }
}

fn shown(node: &Node) -> Choice {
    match node.token {
        Slot::Word(word) => Choice::word(word, node.help),
        Slot::Number(name, ..) | Slot::Text(name) | Slot::Words(name) => {
            Choice::slot(name, node.help)
        }
        Slot::Client => Choice::slot("<client>", node.help),
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
