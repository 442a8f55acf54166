//! Lines of configuration mode that change a candidate.
//!
//! ```text
//! set PATH                            delete PATH
//! activate PATH                       deactivate PATH
//! protect PATH                        unprotect PATH
//! rename PATH to NAME                 copy PATH to NAME
//! insert PATH before|after NAME       annotate PATH "TEXT"
//! wildcard delete PATH PATTERN        the pattern fits whole words that follow the path
//! ```
//!
//! `edit`, `up`, `top` and `[edit …]` choose the level of the lines that follow. Consecutive `set`
//! lines are read into one tree and merged at once, and consecutive lines of `delete`, `activate` or
//! `deactivate` are one walk.

use regex_lite::{Regex, RegexBuilder};

use super::edit::Outcome;
use super::error::EditError;
use super::merge::{add, merge};
use super::path::{find, level_of};
use super::{CANDIDATE, delete, protect, switch};
use crate::junos::edit::Switch;
use crate::junos::identity::{identity, position};
use crate::junos::place::follow;
use crate::junos::schema::{Area, Found, Kind};
use crate::junos::set::{CommandLine, Lines};
use crate::junos::source::Source;
use crate::junos::tree::{Comment, Guard, Statement, Word};
use crate::junos::{edit, print};

/// Bytes that a compiled pattern may take.
const PATTERN_SIZE: usize = 256 * 1024;

/// What a line may begin with.
const COMMANDS: [&str; 20] = [
    "set",
    "delete",
    "deactivate",
    "activate",
    "rename",
    "copy",
    "insert",
    "annotate",
    "wildcard",
    "edit",
    "top",
    "up",
    "exit",
    "quit",
    "configure",
    "commit",
    "protect",
    "unprotect",
    "run",
    "show",
];

/// Carries out one line.
pub(super) fn apply(statements: &mut Vec<Statement>, line: &str) -> Result<Outcome, EditError> {
    if line.contains('\n') {
        return Err(EditError::Syntax("expected one line".to_owned()));
    }
    apply_all(statements, line)
}

/// Carries out every line; an error leaves a part of them done.
pub(super) fn apply_all(top: &mut Vec<Statement>, text: &str) -> Result<Outcome, EditError> {
    if text.len() > crate::junos::MAX_BYTES {
        return Err(super::Refused::TooBig.into());
    }
    let source = Source::new(CANDIDATE, text);
    let mut lines = Lines::new(&source, &COMMANDS);
    let mut run = Run { top, gathered: Vec::new(), verb: String::new(), paths: Vec::new() };
    let mut warnings = Vec::new();
    while let Some(line) = lines.next() {
        let verb = line.verb.text();
        let is_one_of_many = MANY.contains(&verb) && !line.path.is_empty();
        if verb != run.verb {
            warnings.extend(run.end()?);
        }
        match verb {
            "set" => {
                verb.clone_into(&mut run.verb);
                lines.set(&mut run.gathered, line);
            }
            _ if is_one_of_many => {
                verb.clone_into(&mut run.verb);
                run.paths.push(line.path);
            }
            _ => warnings.extend(command(run.top, line)?),
        }
    }
    lines.builder.diagnostics.or(()).map_err(EditError::Statements)?;
    warnings.extend(run.end()?);
    Ok(Outcome { warnings, errors: Vec::new() })
}

/// Consecutive lines of these are carried out together, as those of `set` are.
const MANY: [&str; 3] = ["delete", "activate", "deactivate"];

/// Lines of one verb that wait to be carried out together.
struct Run<'t> {
    top: &'t mut Vec<Statement>,
    /// What lines of `set` say.
    gathered: Vec<Statement>,
    verb: String,
    paths: Vec<Vec<Word>>,
}

impl Run<'_> {
    /// Carries them out; gives warnings.
    fn end(&mut self) -> Result<Vec<String>, EditError> {
        let paths = std::mem::take(&mut self.paths);
        let verb = std::mem::take(&mut self.verb);
        match verb.as_str() {
            "set" => merge(self.top, std::mem::take(&mut self.gathered), Area::TOP)?,
            "delete" => return delete::delete(self.top, &paths),
            "activate" => switch::switch(self.top, &paths, false)?,
            "deactivate" => switch::switch(self.top, &paths, true)?,
            _ => {}
        }
        Ok(Vec::new())
    }
}

fn command(top: &mut Vec<Statement>, line: CommandLine) -> Result<Vec<String>, EditError> {
    let CommandLine { verb, path, .. } = line;
    if path.is_empty() {
        return Err(EditError::Syntax(format!("`{}` stands without a statement", verb.text())));
    }
    match verb.text() {
        "protect" => return guard(top, &path, Guard::Protected),
        "unprotect" => return guard(top, &path, Guard::Open),
        "rename" => rename(top, &path, false)?,
        "copy" => rename(top, &path, true)?,
        "insert" => insert(top, &path)?,
        "annotate" => annotate(top, &path)?,
        "wildcard" => return wildcard(top, &path),
        other => {
            return Err(EditError::Syntax(format!("`{other}` does not change a configuration")));
        }
    }
    Ok(Vec::new())
}

fn not_there(path: &[Word]) -> EditError {
    EditError::NotThere(print::words(path))
}

/// Deletes every statement at `path` whose next word the pattern fits as a whole.
fn wildcard(top: &mut Vec<Statement>, path: &[Word]) -> Result<Vec<String>, EditError> {
    /// Counts what the pattern fits; what is protected stays and is told by `kept`.
    fn delete(
        level: &mut Vec<Statement>,
        (above, path): (&[Word], &[Word]),
        pattern: &Regex,
        kept: &mut Vec<String>,
    ) -> usize {
        let mut count = 0;
        level.retain_mut(|each| {
            let next = each.words.strip_prefix(path).and_then(<[Word]>::first);
            let fits = next.is_some_and(|word| pattern.is_match(word.text()));
            count += usize::from(fits);
            !fits || protect::strip(each, above, kept)
        });
        for each in level.iter_mut().filter(|each| !each.words.is_empty()) {
            if let Some(rest) = path.strip_prefix(each.words.as_slice()) {
                let above = [above, &each.words].concat();
                count += delete(&mut each.children, (&above, rest), pattern, kept);
            }
        }
        count
    }
    let wanted =
        || EditError::Syntax("expected `wildcard delete`, a path and a pattern".to_owned());
    let (verb, path) = path.split_first().ok_or_else(wanted)?;
    let (text, path) = path.split_last().filter(|_| verb.text() == "delete").ok_or_else(wanted)?;
    let pattern = RegexBuilder::new(&format!("^(?:{})$", text.text()))
        .size_limit(PATTERN_SIZE)
        .build()
        .map_err(|error| EditError::Syntax(format!("`{}`: {error}", text.text())))?;
    protect::check(top, &[path, std::slice::from_ref(text)].concat(), false)?;
    let mut kept = Vec::new();
    let count = delete(top, (&[], path), &pattern, &mut kept);
    prune(top, path);
    let none =
        (count == 0).then(|| format!("no statement fits: {} {}", print::words(path), text.text()));
    Ok(none.into_iter().chain(kept.iter().map(|path| protect::stays(path))).collect())
}

/// Whether a container says nothing.
pub(super) fn is_nothing(statement: &Statement) -> bool {
    !statement.inactive
        && !statement.is_protected()
        && statement.children.is_empty()
        && statement.comments.is_empty()
        && statement.end_comments.is_empty()
}

/// Removes containers along `path` that are left with nothing in them.
pub(super) fn prune(level: &mut Vec<Statement>, path: &[Word]) {
    fn prune_in(level: &mut Vec<Statement>, area: Area, path: &[Word]) {
        let Some(first) = path.first() else { return };
        let Found::Rule(rule) = area.find(first.text()) else {
            if let Some((each, rest)) = entry(level, path) {
                let inside = area.rule_of(first.text()).map_or(Area::Unknown, |rule| rule.inside());
                prune_in(&mut each.children, inside, rest);
            }
            return;
        };
        let is_structure = matches!(rule.kind, Kind::Container(body) if body.is_structure);
        if let Some((each, rest)) = entry(level, path) {
            prune_in(&mut each.children, rule.inside(), rest);
        }
        if is_structure {
            level.retain(|each| each.keyword() != rule.name || !is_nothing(each));
        }
    }
    fn entry<'t, 'w>(
        level: &'t mut [Statement],
        path: &'w [Word],
    ) -> Option<(&'t mut Statement, &'w [Word])> {
        level.iter_mut().find_map(|each| {
            let rest = path.strip_prefix(each.words.as_slice())?;
            Some((each, rest))
        })
    }
    prune_in(level, Area::TOP, path);
}

/// Protects or unprotects what is at `path`; as on Junos it is no error if there is nothing.
fn guard(top: &mut Vec<Statement>, path: &[Word], guard: Guard) -> Result<Vec<String>, EditError> {
    protect::check(top, path, false)?;
    let is_there = edit::switch(top, Area::TOP, path, Switch::Guard(guard));
    let missing = || format!("statement not found: {}", print::words(path));
    Ok((!is_there).then(missing).into_iter().collect())
}

/// The words before the last `to`, `before` or `after`, that word, and what follows it.
fn split_at_word<'w>(
    path: &'w [Word],
    marks: &[&str],
) -> Result<(&'w [Word], &'w str, &'w [Word]), EditError> {
    let at = path.iter().rposition(|word| marks.contains(&word.text()));
    let parts = at.and_then(|at| Some((path.get(..at)?, path.get(at)?, path.get(at + 1..)?)));
    match parts {
        Some((before, mark, after)) if !before.is_empty() && !after.is_empty() => {
            Ok((before, mark.text(), after))
        }
        _ => Err(EditError::Syntax(format!("expected `{}` and a name", marks.join("` or `")))),
    }
}

/// The words of a sibling of `statement` that `name` names: whole, or its key alone.
fn sibling_words(statement: &Statement, name: &[Word]) -> Vec<Word> {
    let words = statement.words();
    if name.len() >= words.len() {
        return name.to_vec();
    }
    words.iter().take(words.len() - name.len()).chain(name).cloned().collect()
}

/// The area in which the statement at `place` stands.
fn area_at(top: &[Statement], place: &[usize]) -> Area {
    let mut area = Area::TOP;
    let mut level = top;
    for at in place.split_last().map_or(&[][..], |(_, above)| above) {
        let Some(each) = level.get(*at) else { return area };
        area = crate::junos::identity::inside(area, each);
        level = &each.children;
    }
    area
}

fn rename(top: &mut Vec<Statement>, path: &[Word], is_copy: bool) -> Result<(), EditError> {
    let (path, _, name) = split_at_word(path, &["to"])?;
    protect::check(top, path, !is_copy)?;
    let place = find(top, path).ok_or_else(|| not_there(path))?;
    let area = area_at(top, &place);
    let (last, level) =
        place.last().copied().zip(level_of(top, &place)).ok_or_else(|| not_there(path))?;
    let mut statement = level.get(last).cloned().ok_or_else(|| not_there(path))?;
    statement.words = sibling_words(&statement, name);
    if position(level, area, identity(area, &statement)).is_some() {
        return Err(EditError::There(print::words(&statement.words)));
    }
    if is_copy {
        add(level, statement, area);
    } else if let Some(old) = level.get_mut(last) {
        *old = statement;
    }
    Ok(())
}

fn insert(top: &mut Vec<Statement>, path: &[Word]) -> Result<(), EditError> {
    let (path, mark, name) = split_at_word(path, &["before", "after"])?;
    protect::check(top, path, true)?;
    let place = find(top, path).ok_or_else(|| not_there(path))?;
    let (last, level) =
        place.last().copied().zip(level_of(top, &place)).ok_or_else(|| not_there(path))?;
    let statement = level.get(last).cloned().ok_or_else(|| not_there(path))?;
    let other = sibling_words(&statement, name);
    if other == statement.words {
        return Ok(());
    }
    if !level.iter().any(|each| each.words == other) {
        return Err(not_there(&other));
    }
    level.remove(last);
    let at = level.iter().position(|each| each.words == other).unwrap_or(level.len());
    level.insert(at + usize::from(mark == "after"), statement);
    Ok(())
}

/// The last word is the comment; an empty one takes it away.
fn annotate(top: &mut Vec<Statement>, path: &[Word]) -> Result<(), EditError> {
    let Some((text, path)) = path.split_last().filter(|(_, path)| !path.is_empty()) else {
        return Err(EditError::Syntax("expected a statement and a comment".to_owned()));
    };
    protect::check(top, path, true)?;
    let place = find(top, path).ok_or_else(|| not_there(path))?;
    let statement = follow(top, &place).ok_or_else(|| not_there(path))?;
    statement.comments.clear();
    if !text.text().is_empty() {
        statement.comments.push(Comment::new(text.text()));
    }
    Ok(())
}
