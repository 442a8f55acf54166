//! Reading the `set` form: the lines of `show configuration | display set`, or a pasted session.
//!
//! ```text
//! [edit system services]                         the level of the lines that follow
//! admin@sw1# set outbound-ssh client mist …      a prompt is skipped
//! delete | deactivate | activate | protect | unprotect PATH
//! edit PATH, up [N], top, exit                   change the level
//! configure, commit …, quit                      ignored
//! ```

use super::edit::{self, Switch};
use super::identity;
use super::lexer::{Lexer, Token, bracket_word};
use super::limits::{MAX_DEPTH, MAX_WORDS};
use super::near::nearest;
use super::place::{Builder, Mark, follow};
use super::schema::{Area, Kind};
use super::source::Source;
use super::tree::{Comment, Guard, Statement, Word};
use super::{Diagnostics, Tree, diagnostics::shown};

/// What a line of this form may begin with.
pub(crate) const COMMANDS: [&str; 13] = [
    "set",
    "delete",
    "deactivate",
    "activate",
    "edit",
    "top",
    "up",
    "exit",
    "quit",
    "configure",
    "commit",
    "protect",
    "unprotect",
];

/// Reads a whole text.
pub(crate) fn parse(source: &Source) -> Result<Tree, Diagnostics> {
    let mut lines = Lines::new(source, &COMMANDS);
    let mut tree = Tree::default();
    while let Some(line) = lines.next() {
        command(&mut lines, &mut tree, line);
    }
    tree.end_comments = lines.comments;
    settle_comments(&mut tree.statements);
    identity::settle_known(&mut tree.statements, Area::TOP);
    lines.builder.diagnostics.or(tree)
}

/// Gives the comments of a statement that got something inside later to the first line of it: in this form comments
/// stand above lines.
fn settle_comments(statements: &mut [Statement]) {
    for statement in statements {
        if let Some(first) = statement.children.first_mut() {
            first.comments.splice(..0, statement.comments.drain(..));
        }
        settle_comments(&mut statement.children);
    }
}

fn command(lines: &mut Lines<'_>, tree: &mut Tree, line: CommandLine) {
    match line.verb.text.as_str() {
        "set" => lines.set(&mut tree.statements, line),
        "delete" => {
            edit::delete(&mut tree.statements, &line.path);
        }
        "deactivate" => switch(lines, tree, &line, Switch::Inactive(true)),
        "activate" => switch(lines, tree, &line, Switch::Inactive(false)),
        "protect" => switch(lines, tree, &line, Switch::Guard(Guard::Protected)),
        "unprotect" => switch(lines, tree, &line, Switch::Guard(Guard::Open)),
        _ => {}
    }
}

fn switch(lines: &mut Lines<'_>, tree: &mut Tree, line: &CommandLine, mark: Switch) {
    let CommandLine { verb, path, .. } = line;
    if path.is_empty() {
        let message = format!("there is nothing to {}", verb.text);
        lines.builder.error("missing-statement", verb.span, message);
    } else if !edit::switch(&mut tree.statements, Area::TOP, path, mark) {
        let span = path.first().zip(path.last()).map(|(first, last)| first.span.to(last.span));
        let message = format!("there is no such statement to {}", verb.text);
        let error = lines.builder.at("no-such-statement", span.unwrap_or(verb.span), message);
        let error = error.expected("a statement that a line above has set");
        lines.builder.report(error);
    }
}

/// A line that changes something, with its whole path.
#[derive(Clone, Debug)]
pub(crate) struct CommandLine {
    pub(crate) verb: Word,
    pub(crate) path: Vec<Word>,
    /// Whether `## SECRET-DATA` stood behind it.
    pub(crate) is_secret: bool,
}

/// Reads lines one by one, keeping the level that `edit`, `up`, `top` and banners choose.
#[derive(Debug)]
pub(crate) struct Lines<'s> {
    lexer: Lexer<'s>,
    pub(crate) builder: Builder<'s>,
    commands: &'static [&'static str],
    level: Vec<Word>,
    former: Vec<Vec<Word>>,
    /// Comments above the next `set`.
    pub(crate) comments: Vec<Comment>,
}

impl<'s> Lines<'s> {
    /// Reads lines that begin with one of `commands`.
    pub(crate) fn new(source: &'s Source, commands: &'static [&'static str]) -> Self {
        Self {
            lexer: Lexer::new(source.text(), true),
            builder: Builder::new(source).joins_lines(),
            commands,
            level: Vec::new(),
            former: Vec::new(),
            comments: Vec::new(),
        }
    }

    /// The next line that changes something; `None` at the end or when going on is of no use.
    pub(crate) fn next(&mut self) -> Option<CommandLine> {
        while !self.builder.is_done() && !self.lexer.rest().is_empty() {
            if let Some(line) = self.line() {
                return Some(line);
            }
        }
        None
    }

    fn line(&mut self) -> Option<CommandLine> {
        self.lexer.seek(self.lexer.at() + prompt_length(self.lexer.rest()));
        let is_banner = self.lexer.rest().trim_start().starts_with("[edit");
        let (words, is_secret) = self.words()?;
        if is_banner {
            self.level = words.into_iter().skip(2).filter(|word| !word.is_bracket()).collect();
            self.former.clear();
            return None;
        }
        self.command(&words, is_secret)
    }

    /// The words up to the line's end, and whether `## SECRET-DATA` stood there.
    fn words(&mut self) -> Option<(Vec<Word>, bool)> {
        let mut words = Vec::new();
        let mut is_secret = false;
        loop {
            let (span, token) = self.lexer.next();
            match token {
                Ok(Token::Word(word)) => words.push(word),
                Ok(Token::Mark(mark @ ('[' | ']'))) => words.push(bracket_word(mark, span)),
                Ok(Token::Mark(';')) => {}
                Ok(Token::Comment(comment)) => self.comments.push(comment),
                Ok(Token::SecretData) => is_secret = true,
                Ok(Token::LineEnd | Token::End) => return Some((words, is_secret)),
                Ok(Token::Mark(_)) => {
                    let error = self.builder.at("brace-in-set", span, "a brace in the `set` form");
                    let help = "give the `set` lines and the statements in braces in two files";
                    self.builder.report(error.help(help));
                    return self.lexer.skip_line_to_none();
                }
                Err(bad) => {
                    self.builder.bad_token(bad, span);
                    return self.lexer.skip_line_to_none();
                }
            }
            if words.len() > MAX_WORDS {
                let message = format!("a line has more than {MAX_WORDS} words");
                self.builder.error("too-many-words", span, message);
                return self.lexer.skip_line_to_none();
            }
        }
    }

    fn command(&mut self, words: &[Word], is_secret: bool) -> Option<CommandLine> {
        let (verb, path) = words.split_first()?;
        self.builder.count(verb.span)?;
        match verb.text.as_str() {
            "edit" => self.edit(verb, path),
            "top" => {
                self.level.clear();
                return self.command(path, is_secret);
            }
            "up" => self.up(path),
            "exit" | "quit" => self.level = self.former.pop().unwrap_or_default(),
            "configure" | "commit" => {}
            word if self.commands.contains(&word) => {
                let path = self.level.iter().chain(path).cloned().collect();
                return Some(CommandLine { verb: verb.clone(), path, is_secret });
            }
            _ => self.unknown(verb),
        }
        None
    }

    /// Puts what a `set` line says into `statements`, with the comments above it.
    pub(crate) fn set(&mut self, statements: &mut Vec<Statement>, line: CommandLine) {
        let CommandLine { verb, path, is_secret } = line;
        if path.is_empty() {
            self.builder.error("missing-statement", verb.span, "there is nothing to set");
            return;
        }
        let comments = std::mem::take(&mut self.comments);
        let placed = self.builder.place(statements, Area::TOP, &path, Mark::default());
        let Some(statement) = placed.and_then(|placed| follow(statements, &placed.last())) else {
            return;
        };
        statement.comments.extend(comments);
        if let Some(word) = statement.words.last_mut().filter(|_| is_secret) {
            word.secret = true;
        }
    }

    fn edit(&mut self, verb: &Word, path: &[Word]) {
        let next: Vec<Word> = self.level.iter().chain(path).cloned().collect();
        if self.former.len() == MAX_DEPTH || next.len() > MAX_WORDS {
            self.builder.error("too-deep", verb.span, "this level is too deep");
        } else {
            self.former.push(std::mem::replace(&mut self.level, next));
        }
    }

    fn up(&mut self, path: &[Word]) {
        let count = path.first().and_then(|word| word.text.parse::<usize>().ok()).unwrap_or(1);
        let ends = level_ends(&self.level);
        let kept = ends.len().checked_sub(count + 1).and_then(|at| ends.get(at)).copied();
        self.level.truncate(kept.unwrap_or(0));
    }

    fn unknown(&mut self, verb: &Word) {
        let message = format!("unknown command `{}`", shown(&verb.text));
        let error = self.builder.at("unknown-command", verb.span, message);
        let error = error.expected("set, delete, deactivate, activate or edit");
        self.builder.report(match nearest(&verb.text, self.commands.iter().copied()) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error,
        });
    }
}

/// Behind which words of a level each of its statements ends: `client a` is one of two words.
fn level_ends(level: &[Word]) -> Vec<usize> {
    let mut area = Area::TOP;
    let mut ends = Vec::new();
    let mut at = 0;
    while let Some(word) = level.get(at) {
        let rule = area.rule_of(&word.text);
        let has_key = rule.is_some_and(|rule| matches!(rule.kind, Kind::List(_) | Kind::Line(..)));
        area = rule.map_or(Area::Unknown, |rule| rule.inside());
        at = (at + 1 + usize::from(has_key)).min(level.len());
        ends.push(at);
    }
    ends
}

/// How much of a line is a prompt: `admin@sw1# `, or `{master:0}` in front of `[edit]`.
pub(crate) fn prompt_length(text: &str) -> usize {
    let line = text.split('\n').next().unwrap_or("");
    let trimmed = line.trim_start();
    let indent = line.len() - trimmed.len();
    if trimmed.starts_with('{') && trimmed.contains([':', '}']) {
        let end = trimmed.find('}').map_or(0, |at| at + 1);
        let role = trimmed.get(1..end.saturating_sub(1)).unwrap_or("");
        let is_role =
            !role.is_empty() && role.bytes().all(|b| b.is_ascii_alphanumeric() || b == b':');
        return if is_role { indent + end } else { 0 };
    }
    let first = trimmed.split_whitespace().next().unwrap_or("");
    let is_prompt = first.contains('@') && first.ends_with(['#', '>', '%']);
    if is_prompt { indent + first.len() } else { 0 }
}
