//! A typed line as it was understood, in either mode.
//!
//! ```text
//!   operational    show …, ping …, request …   ──▶ Remote: the agent's `command` RPC
//!                  configure, exit, start      ──▶ Own
//!   configuration  run LINE                    ──▶ as in operational mode
//!                  set …, commit …, show … │ … ──▶ Own
//! ```

use super::choice::{Choice, sort};
use super::error::LineError;
use super::grammar::{CONFIGURATION, OPERATIONAL, Slot};
use super::line::{Line, Token};
use super::statement::Cursor;
use super::walk::{self, Ground, Piece};
use crate::junos::Configuration;
use crate::junos_command::{self, COMMANDS, Pipe};

/// A line and where it is typed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene<'c> {
    /// The level that is edited; none in operational mode.
    pub(super) level: Option<&'c [String]>,
    /// The configuration whose statements are named.
    pub(super) configuration: &'c Configuration,
}

/// What a line means.
#[derive(Clone, Debug)]
pub(super) enum Input {
    /// No word.
    Nothing,
    /// A command that is carried out here.
    Own(Own),
    /// One that the agent carries out.
    Remote(Remote),
}

/// A command that is carried out here.
#[derive(Clone, Debug)]
pub(super) struct Own {
    pub(super) pieces: Vec<Piece>,
    pub(super) pipes: Vec<Pipe>,
    /// Where the output goes instead of the terminal.
    pub(super) save: Option<String>,
}

/// A command that the agent carries out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Remote {
    /// The line with its filters.
    pub(super) line: String,
    /// Where the output goes instead of the terminal.
    pub(super) save: Option<String>,
}

impl Scene<'_> {
    fn ground(&self) -> Ground<'_> {
        match self.level {
            Some(level) => {
                Ground { commands: &CONFIGURATION, level, configuration: self.configuration }
            }
            None => {
                let configuration = self.configuration;
                Ground { commands: &OPERATIONAL, level: &[], configuration }
            }
        }
    }

    /// Reads a line.
    ///
    /// # Errors
    /// It is no command.
    pub(super) fn read(&self, text: &str) -> Result<Input, LineError> {
        let words = Line::all(text);
        let Some(first) = words.first() else {
            return match Line::new(text).open_quote {
                Some(at) => Err(LineError::OpenQuote { at }),
                None => Ok(Input::Nothing),
            };
        };
        if self.level.is_none() {
            return operational(text, 0, first, *self);
        }
        if let Some((from, first)) = after_run(&words) {
            return operational(text, from, first, Scene { level: None, ..*self });
        }
        self.own(text)
    }

    fn own(&self, text: &str) -> Result<Input, LineError> {
        if let Some(at) = Line::new(text).open_quote {
            return Err(LineError::OpenQuote { at });
        }
        let (text, save) = saved(text)?;
        let (command, pipes) = junos_command::parse_pipes(text)
            .map_err(|error| LineError::Command { from: 0, error })?;
        let indent = text.len() - text.trim_start().len();
        let command = text.get(..indent + command.len()).unwrap_or(text);
        let pieces = walk::parse(command, self.ground())?;
        let at = command.len();
        let shows = pieces.contains(&Piece::Word("show"));
        if !shows && (save.is_some() || !pipes.is_empty()) {
            return Err(LineError::Syntax { at });
        }
        Ok(Input::Own(Own { pieces, pipes, save }))
    }

    /// What may stand at the end of `text`, and the word that is being typed there.
    ///
    /// # Errors
    /// What stands before is no beginning of a command.
    pub(super) fn choices(&self, text: &str) -> Result<(Token, Vec<Choice>), LineError> {
        let line = Line::new(text);
        let partial = line.partial;
        if self.level.is_none() {
            return Ok((partial, self.operational_choices(text, 0)?));
        }
        if let Some(from) = run_rest(&line.words, text) {
            let scene = Scene { level: None, ..*self };
            return Ok((partial, scene.operational_choices(text, from)?));
        }
        if line.words.iter().any(Token::is_bar) {
            return Ok((partial, pipe_choices(text)));
        }
        Ok((partial, walk::choices(text, self.ground())?))
    }

    fn operational_choices(&self, text: &str, from: usize) -> Result<Vec<Choice>, LineError> {
        let text = text.get(from..).unwrap_or_default();
        let line = Line::new(text);
        if line.words.iter().any(Token::is_bar) {
            return Ok(pipe_choices(text));
        }
        let Some(first) = line.words.first() else {
            let mut all = walk::choices(text, self.ground())?;
            all.retain(Choice::is_literal);
            all.extend(remote_choices(text));
            sort(&mut all);
            return Ok(all);
        };
        if let First::Own = first_word(first) {
            return walk::choices(text, self.ground());
        }
        let mut all = remote_choices(text);
        if is_show_configuration(&line.words) {
            all.retain(|choice| choice.text != "<statement path>");
            all.extend(self.statements(&line)?);
        }
        if all.iter().any(|choice| choice.text == "<client-id>") {
            let path = ["system", "services", "outbound-ssh", "client"];
            let names = self.configuration.words_after(&path);
            let names = names.iter().map(|word| word.text());
            let fits = |name: &&str| name.starts_with(&line.partial.text);
            all.extend(names.filter(fits).map(Choice::name));
        }
        Ok(all)
    }

    /// The statements that may follow `show configuration …`.
    fn statements(&self, line: &Line) -> Result<Vec<Choice>, LineError> {
        let mut cursor = Cursor::new(self.configuration, &[], true);
        for word in line.words.iter().skip(2) {
            let at = word.start;
            cursor.step(&word.text, word.quoted).map_err(|_| LineError::Syntax { at })?;
        }
        Ok(cursor.choices(&line.partial.text))
    }
}

fn is_show_configuration(words: &[Token]) -> bool {
    let fits = |word: &Token, whole: &str, least: usize| {
        !word.quoted && word.text.len() >= least && whole.starts_with(&word.text)
    };
    matches!(words, [show, configuration, ..] if fits(show, "show", 1) && fits(configuration, "configuration", 2))
}

/// What the first word of an operational line is.
enum First {
    Own,
    Remote,
    Several(Vec<Choice>),
    None,
}

fn first_word(token: &Token) -> First {
    let fits = |own: &str| !token.quoted && own.starts_with(&token.text);
    let own: Vec<&str> = OPERATIONAL
        .iter()
        .filter_map(|node| match node.token {
            Slot::Word(word) if fits(word) => Some(word),
            _ => None,
        })
        .collect();
    let mut remote: Vec<&str> = COMMANDS
        .iter()
        .filter_map(|spec| spec.words.first().copied())
        .filter(|word| fits(word))
        .collect();
    remote.dedup();
    let is_whole = |word: &&str| *word == token.text;
    match (own.as_slice(), remote.as_slice()) {
        ([], []) => First::None,
        ([_], []) => First::Own,
        ([], [_]) => First::Remote,
        _ if own.iter().any(is_whole) => First::Own,
        _ if remote.iter().any(is_whole) => First::Remote,
        _ => First::Several(own.iter().chain(&remote).map(|word| Choice::word(word, "")).collect()),
    }
}

/// Reads what stands from `from` on as a line of operational mode.
fn operational(
    text: &str,
    from: usize,
    first: &Token,
    scene: Scene<'_>,
) -> Result<Input, LineError> {
    let line = text.get(from..).unwrap_or_default();
    match first_word(first) {
        First::Own if from == 0 => scene.own(text),
        First::Own => Err(LineError::Syntax { at: first.start }),
        First::None => Err(LineError::Unknown { at: first.start }),
        First::Several(choices) => {
            Err(LineError::Ambiguous { at: first.start, word: first.text.clone(), choices })
        }
        First::Remote => {
            let (line, save) = saved(line)?;
            let parsed = junos_command::parse(line);
            parsed.map_err(|error| LineError::Command { from, error })?;
            Ok(Input::Remote(Remote { line: line.trim().to_owned(), save }))
        }
    }
}

/// The words behind `run`, if that is the first word: where they begin, and the first.
fn after_run(words: &[Token]) -> Option<(usize, &Token)> {
    let first = words.first().filter(|word| is_run(word))?;
    let next = words.get(1)?;
    (next.start > first.start).then_some((next.start, next))
}

/// The same for a line that is being typed: where what follows `run` begins.
fn run_rest(words: &[Token], text: &str) -> Option<usize> {
    let first = words.first().filter(|word| is_run(word))?;
    let end = first.start + first.text.len();
    let rest = text.get(end..)?;
    Some(end + (rest.len() - rest.trim_start().len()))
}

fn is_run(word: &Token) -> bool {
    !word.quoted && word.text.len() > 1 && "run".starts_with(&word.text)
}

/// Takes `| save FILE` off the end.
fn saved(text: &str) -> Result<(&str, Option<String>), LineError> {
    let words = Line::all(text);
    let Some(bar) = words.iter().rposition(Token::is_bar) else { return Ok((text, None)) };
    let behind = words.get(bar + 1..).unwrap_or_default();
    let is_save =
        |word: &Token| !word.quoted && !word.text.is_empty() && "save".starts_with(&word.text);
    match behind {
        [first, file] if is_save(first) => {
            let end = words.get(bar).map_or(text.len(), |bar| bar.start);
            Ok((text.get(..end).unwrap_or(text), Some(file.text.clone())))
        }
        [first] if is_save(first) => Err(LineError::Incomplete { at: text.len() }),
        _ => Ok((text, None)),
    }
}

fn remote_choices(text: &str) -> Vec<Choice> {
    let all = junos_command::complete(text).into_iter();
    let mut all: Vec<Choice> = all
        .map(|each| match each.word {
            "<[Enter]>" => Choice::enter(),
            "|" => Choice::slot("|", "Pass the output through something"),
            word if each.is_placeholder => Choice::slot(word, &capital(each.help)),
            word => Choice::word(word, &capital(each.help)),
        })
        .collect();
    if let Some(enter) = all.iter().position(|choice| choice.kind == super::Kind::Enter) {
        let enter = all.remove(enter);
        all.insert(0, enter);
    }
    all
}

fn pipe_choices(text: &str) -> Vec<Choice> {
    let mut all = remote_choices(text);
    let line = Line::new(text);
    let behind_bar = line.words.last().is_some_and(Token::is_bar);
    if behind_bar && "save".starts_with(&line.partial.text) {
        all.push(Choice::word("save", "Write into a file"));
        sort(&mut all);
    }
    all
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_uppercase().collect::<String>());
    first.unwrap_or_default() + chars.as_str()
}
