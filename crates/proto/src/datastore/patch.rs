//! Reading what a comparison printed, to make the same changes.
//!
//! ```text
//! [edit system login]        the level
//! -    user a { class x; }   Removed
//!      user b { ... }        what follows stands behind it, or what stands above before it;
//!                            behind comments: Commented
//! +    user c { class x; }   Added
//! !    user d { ... }        Moved
//! !     inactive: user e { ... }
//! ```
//!
//! As many blanks behind the marks are taken off as the first line of a hunk has, so that strings of
//! several lines come back the same.

use std::collections::HashMap;

use super::CANDIDATE;
use super::compare::ordered_list;
use super::error::EditError;
use super::hunk::{Beside, Change, Hunk, descend, head};
use crate::junos::curly;
use crate::junos::edit::Switch;
use crate::junos::lexer::{Lexer, Token, bracket_word};
use crate::junos::place::{Builder, Mark};
use crate::junos::schema::Area;
use crate::junos::source::Source;
use crate::junos::tree::{Comment, Guard, Statement, Word};

/// Bytes of an `[edit …]` line at most.
const LONGEST_HEADER: usize = 16 * 1024;

/// Reads a patch for `top`, in which levels that it names and that are not there are made.
pub(super) fn read(top: &mut Vec<Statement>, text: &str) -> Result<Vec<Hunk>, EditError> {
    if text.len() > crate::junos::MAX_BYTES {
        return Err(super::Refused::TooBig.into());
    }
    let text = text.replace("\r\n", "\n");
    let mut hunks = Vec::new();
    let mut open: Option<Reader> = None;
    let mut header = String::new();
    for (number, line) in text.lines().enumerate() {
        if line.starts_with("[edit") || !header.is_empty() {
            header.push_str(line);
            // A name of several lines is in quotes.
            if header.len() > LONGEST_HEADER {
                return Err(EditError::Syntax(format!("line {}: expected `]`", number + 1)));
            }
            if Lexer::new(&header, false).ends_open() {
                header.push('\n');
                continue;
            }
            hunks.extend(open.take().map(Reader::finish).transpose()?);
            open = Some(Reader::new(top, &std::mem::take(&mut header))?);
            continue;
        }
        let is_in_run = open.as_ref().is_some_and(Reader::is_in_run);
        match &mut open {
            _ if line.trim().is_empty() && !is_in_run => {}
            Some(reader) => reader.line(line, number + 1)?,
            None => {
                return Err(EditError::Syntax(format!("line {}: expected `[edit …]`", number + 1)));
            }
        }
    }
    if !header.is_empty() {
        return Err(EditError::Syntax("the last `[edit …]` has no end; expected `]`".to_owned()));
    }
    hunks.extend(open.map(Reader::finish).transpose()?);
    Ok(hunks)
}

/// One hunk being read.
struct Reader {
    path: Vec<Word>,
    area: Area,
    /// Blanks behind the mark, once there was a line.
    depth: Option<usize>,
    mark: char,
    /// Lines of the same mark, without it.
    run: String,
    pieces: Vec<Piece>,
}

/// What a run of lines says.
enum Piece {
    Removed(Statement),
    Added(Statement),
    Context(Statement),
    Marked(Option<Switch>, Statement),
    /// Comments with nothing behind them; those that are there now.
    Comments(Vec<Comment>),
}

impl Reader {
    fn new(top: &mut Vec<Statement>, line: &str) -> Result<Self, EditError> {
        let words = words_of(line.strip_prefix("[edit").unwrap_or(""))?;
        let path = match words.split_last() {
            Some((last, path)) if last.is_bracket() => path.to_vec(),
            _ => return Err(EditError::Syntax(format!("expected `]` at the end of `{line}`"))),
        };
        if descend(top, Area::TOP, &path).is_none() {
            let source = Source::new(CANDIDATE, "");
            let mut builder = Builder::new(&source);
            builder.place(top, Area::TOP, &path, Mark::default());
            builder.diagnostics.or(()).map_err(EditError::Statements)?;
        }
        let found = descend(top, Area::TOP, &path).map(|(_, area)| area);
        let area = found.ok_or_else(|| EditError::NotThere(crate::junos::print::words(&path)))?;
        Ok(Self { path, area, depth: None, mark: ' ', run: String::new(), pieces: Vec::new() })
    }

    fn is_in_run(&self) -> bool {
        !self.run.is_empty()
    }

    fn line(&mut self, line: &str, number: usize) -> Result<(), EditError> {
        let mut chars = line.chars();
        let mark = chars.next().unwrap_or(' ');
        if !matches!(mark, '+' | '-' | '!' | ' ') {
            return Err(EditError::Syntax(format!(
                "line {number}: expected `+`, `-`, `!` or a blank"
            )));
        }
        if mark != self.mark {
            self.end_run()?;
            self.mark = mark;
        }
        let rest = chars.as_str();
        let blanks = |most| rest.bytes().take(most).take_while(|byte| *byte == b' ').count();
        let blanks = blanks(*self.depth.get_or_insert_with(|| blanks(usize::MAX)));
        self.run.push_str(rest.get(blanks..).unwrap_or(""));
        self.run.push('\n');
        Ok(())
    }

    fn end_run(&mut self) -> Result<(), EditError> {
        let text = std::mem::take(&mut self.run);
        match self.mark {
            '+' | '-' => {
                let source = Source::new(CANDIDATE, &text);
                let tree = curly::parse_in(&source, self.area).map_err(EditError::Statements)?;
                let is_added = self.mark == '+';
                let piece = if is_added { Piece::Added } else { Piece::Removed };
                self.pieces.extend(tree.statements.into_iter().map(piece));
                if !tree.end_comments.is_empty() {
                    let comments = if is_added { tree.end_comments } else { Vec::new() };
                    self.pieces.push(Piece::Comments(comments));
                }
            }
            mark => {
                for (tag, statement) in heads(&text)? {
                    self.pieces.push(match mark {
                        '!' => Piece::Marked(tag, statement),
                        _ => Piece::Context(statement),
                    });
                }
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Hunk, EditError> {
        self.end_run()?;
        let Self { path, area, pieces, .. } = self;
        let mut changes = Vec::new();
        let mut anchors: HashMap<String, Statement> = HashMap::new();
        let mut comments = None;
        for (at, piece) in pieces.iter().enumerate() {
            let beside = |statement: &Statement| {
                let rest = pieces.get(at + 1..).unwrap_or(&[]);
                beside(area, statement, &anchors, rest)
            };
            let (anchor, change) = match piece {
                Piece::Comments(new) => {
                    comments = Some(new.clone());
                    continue;
                }
                Piece::Context(statement) => match comments.take() {
                    Some(comments) => (None, Some(commented(statement, comments))),
                    None => (Some(statement), None),
                },
                Piece::Removed(statement) => (None, Some(Change::Removed(statement.clone()))),
                Piece::Added(statement) => {
                    (Some(statement), Some(Change::Added(statement.clone(), beside(statement))))
                }
                Piece::Marked(Some(tag), statement) => (None, Some(tagged(*tag, statement))),
                Piece::Marked(None, statement) => match comments.take() {
                    Some(comments) => (None, Some(commented(statement, comments))),
                    None => {
                        (Some(statement), Some(Change::Moved(statement.clone(), beside(statement))))
                    }
                },
            };
            changes.extend(change);
            if let Some(anchor) = anchor
                && let Some(list) = ordered_list(area, anchor)
            {
                anchors.insert(list.to_owned(), head(anchor));
            }
        }
        Ok(Hunk { path, area, leaves_empty: false, changes })
    }
}

fn tagged(tag: Switch, statement: &Statement) -> Change {
    let statement = statement.clone();
    match tag {
        Switch::Inactive(inactive) => Change::Switched(Statement { inactive, ..statement }),
        Switch::Guard(guard) => Change::Guarded(Statement { guard, ..statement }),
    }
}

/// The tag that a word in front of a statement is.
fn tag_of(word: &str) -> Option<Switch> {
    match word {
        "inactive:" => Some(Switch::Inactive(true)),
        "active:" => Some(Switch::Inactive(false)),
        "protect:" => Some(Switch::Guard(Guard::Protected)),
        "unprotect:" => Some(Switch::Guard(Guard::Open)),
        _ => None,
    }
}

fn commented(statement: &Statement, comments: Vec<Comment>) -> Change {
    Change::Commented(Statement { comments, ..statement.clone() }, Vec::new())
}

/// Behind the entry of its list that was seen last, else before the one that comes next.
fn beside(
    area: Area,
    statement: &Statement,
    anchors: &HashMap<String, Statement>,
    rest: &[Piece],
) -> Beside {
    let Some(list) = ordered_list(area, statement) else { return Beside::End };
    if let Some(anchor) = anchors.get(list) {
        return Beside::After(anchor.clone());
    }
    let next = rest.iter().find_map(|piece| match piece {
        Piece::Context(other) if ordered_list(area, other) == Some(list) => Some(other),
        _ => None,
    });
    next.map_or(Beside::End, |other| Beside::Before(head(other)))
}

/// Words and brackets of one line.
fn words_of(text: &str) -> Result<Vec<Word>, EditError> {
    let mut lexer = Lexer::new(text, false);
    let mut words = Vec::new();
    loop {
        match lexer.next() {
            (_, Ok(Token::End)) => return Ok(words),
            (_, Ok(Token::Word(word))) => words.push(word),
            (span, Ok(Token::Mark(mark @ ('[' | ']')))) => words.push(bracket_word(mark, span)),
            _ => return Err(EditError::Syntax("expected the words of a level".to_owned())),
        }
    }
}

/// Statements whose braces hold three dots, each with its tag.
fn heads(text: &str) -> Result<Vec<(Option<Switch>, Statement)>, EditError> {
    let wrong = || EditError::Syntax("expected `STATEMENT { ... }`".to_owned());
    let mut lexer = Lexer::new(text, false);
    let mut heads = Vec::new();
    let mut tag = None;
    let mut words = Vec::new();
    loop {
        let (span, token) = lexer.next();
        match token.map_err(|_| wrong())? {
            Token::End if words.is_empty() => return Ok(heads),
            Token::Word(word) => {
                let is_plain = span.end - span.start == word.text().len() as u32;
                match tag_of(word.text()).filter(|_| words.is_empty() && is_plain) {
                    Some(said) => tag = Some(said),
                    None => words.push(word),
                }
            }
            Token::Mark(mark @ ('[' | ']')) => words.push(bracket_word(mark, span)),
            Token::Mark(mark @ ('{' | ';')) if !words.is_empty() => {
                heads.push((tag.take(), Statement::new(std::mem::take(&mut words))));
                if mark == '{' {
                    let dots =
                        matches!(lexer.next().1, Ok(Token::Word(dots)) if dots.text() == "...");
                    let closes = matches!(lexer.next().1, Ok(Token::Mark('}')));
                    if !dots || !closes {
                        return Err(wrong());
                    }
                }
            }
            Token::SecretData | Token::Comment(_) => {}
            _ => return Err(wrong()),
        }
    }
}
